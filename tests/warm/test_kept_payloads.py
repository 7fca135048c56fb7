"""What is kept of packed modules is taken only where it is what would be packed."""

import os
import shutil
import stat
import subprocess
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zipfile import ZipFile

import pytest
from ansible.executor import module_common

from tests.plugins import load
from tests.warm.runs import CHECKOUT, command, environment, misbehave, play, run

kept: Any = load("callback_plugins/kept_payloads.py")
PLACE = CHECKOUT / ".cache" / "ansible" / "payloads"
SECRET = "a-secret-argument-that-is-not-kept"
MODULE = """from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.of_this_test import WORDS
AnsibleModule(argument_spec={}).exit_json(words=WORDS)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A playbook's folder with a module and a utility of its own."""
    for name, text in (("library/say.py", MODULE), ("module_utils/of_this_test.py", "WORDS = 'first'\n")):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(text)
    return tmp_path


def say(folder: Path) -> tuple[str, bool]:
    """What the module said, and whether its payload was a kept one."""
    done = run(folder, play([{"name": "say", "say": None}]), options=["-vvv"])
    return done.of("say")["words"], "KEPT: ansible.legacy.say was packed" in done.output


def test_each_edit_is_seen(folder: Path) -> None:
    utility, module = folder / "module_utils/of_this_test.py", folder / "library/say.py"
    assert say(folder) == ("first", False)
    assert say(folder) == ("first", True)
    before = utility.stat()
    utility.write_text("WORDS = 'other'\n")
    os.utime(utility, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert say(folder) == ("other", False)
    utility.unlink()
    utility.with_suffix("").mkdir()
    (utility.with_suffix("") / "__init__.py").write_text("WORDS = 'a package'\n")
    assert say(folder) == ("a package", False)
    module.write_text(MODULE.replace("words=WORDS", "words=WORDS.upper()"))
    assert say(folder) == ("A PACKAGE", False)


def test_a_utility_of_the_same_name_is_not_the_imported_one(folder: Path) -> None:
    """A playbook's own `urls` beats Ansible's, in the warm interpreter too."""
    (folder / "module_utils/urls.py").write_text("WORDS = 'of the playbook'\n")
    (folder / "library/say.py").write_text(MODULE.replace("of_this_test", "urls"))
    done = run(folder, play([{"name": "say", "say": None}]), options=["-vvv"])
    assert done.of("say")["words"] == "of the playbook"
    assert done.ways == ["ansible/module_utils/urls.py is not what was imported"]


def test_no_argument_and_no_result_is_kept(tmp_path: Path) -> None:
    shutil.rmtree(PLACE, ignore_errors=True)
    secret = {"do": "fail", "value": SECRET, "secret": SECRET}
    tasks = ({"name": "hide", "misbehave": secret, "environment": {"SECRET": SECRET}}, misbehave("differ"))
    run(tmp_path / "run", play(tasks), options=["-vvvvv"])
    run(tmp_path / "run", play(tasks))
    assert list(PLACE.iterdir())
    for path in PLACE.iterdir():
        head, _, archive = path.read_bytes().partition(b"\n")
        texts = [head]
        with ZipFile(BytesIO(archive)) as packed:
            texts += [packed.read(member) for member in packed.namelist()]
        assert not any(SECRET.encode() in text for text in texts)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(PLACE.stat().st_mode) == 0o700


@pytest.mark.long
def test_runs_at_once_share_it(tmp_path: Path) -> None:
    shutil.rmtree(PLACE, ignore_errors=True)
    started = []
    for number in range(3):
        place = tmp_path / str(number)
        place.mkdir()
        tasks = [misbehave("differ"), {"name": "look", "ansible.builtin.stat": {"path": "/"}}]
        started.append(
            subprocess.Popen(
                command(place, play(tasks)),
                cwd=CHECKOUT,
                env=environment(place),
                stdout=subprocess.DEVNULL,
            )
        )
    assert [each.wait() for each in started] == [0, 0, 0]
    assert not list(PLACE.glob("part-*"))


class Packing:
    """Ansible's finder, counted, with a place of its own."""

    def __init__(self, place: Path) -> None:
        self.searched = 0
        self.place = place
        self._finder = module_common.recursive_finder

    def _find(self, *asked: Any) -> Any:
        self.searched += 1
        return self._finder(*asked)

    def __call__(self, module: bytes = b"from ansible.module_utils import basic\n") -> list[str]:
        """The members of a payload, as Ansible packs it."""
        find = kept.keeping(self._find, self.place, kept.Files())
        written = BytesIO()
        with ZipFile(written, "w") as packed:
            extensions = SimpleNamespace(extension_names=(), module_names=(), debugger_enabled=False)
            metadata = find("m", "ansible.legacy.m", module, packed, datetime.now(UTC), extensions)
            assert metadata.serialization_profile == "legacy"
            packed.writestr("ansible/legacy/m.py", module)
        with ZipFile(BytesIO(written.getvalue())) as packed:
            assert packed.testzip() is None
            return packed.namelist()


@pytest.fixture
def packing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Packing:
    # Ansible's own routes are found only where a whole run has begun.
    monkeypatch.setattr(module_common, "_get_collection_metadata", lambda _: {})
    kept.make_place(tmp_path / "place")
    return Packing(tmp_path / "place")


def test_what_is_taken_is_what_was_found(packing: Packing) -> None:
    assert packing() == packing()
    assert packing.searched == 1
    packing(b"from ansible.module_utils import urls\n")
    assert packing.searched == 2


@pytest.mark.parametrize(
    "harm",
    [
        lambda whole: whole[: len(whole) // 2],
        lambda whole: whole[:-100] + 100 * b"\0",
        lambda _: b"",
        lambda whole: b"[]" + whole[whole.index(b"\n") :],
        lambda whole: b"{}" + whole[whole.index(b"\n") :],
    ],
    ids=["cut", "overwritten", "empty", "another head", "a head without names"],
)
def test_what_is_not_whole_is_packed_again(packing: Packing, harm: Any) -> None:
    members = packing()
    [path] = packing.place.iterdir()
    path.write_bytes(harm(path.read_bytes()))
    assert packing() == members
    assert packing() == members
    assert packing.searched == 2


def test_what_was_not_taken_for_longest_goes(packing: Packing, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kept, "MOST", 3)
    for number in range(5):
        packing(f"from ansible.module_utils import basic, urls  # {number}\n".encode())
        for age, path in enumerate(sorted(packing.place.iterdir(), key=lambda each: -each.stat().st_mtime)):
            os.utime(path, (1_000_000 - age, 1_000_000 - age))
    assert len(list(packing.place.iterdir())) == 3


def test_a_place_that_cannot_be_written_fails_nothing(packing: Packing) -> None:
    packing.place.rmdir()
    assert packing() == packing()
    assert packing.searched == 2


def test_a_redirected_utility_is_searched_each_time(
    packing: Packing, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ansible may say that it is deprecated."""
    routes = {"plugin_routing": {"module_utils": {"of_old": {"redirect": "ansible.builtin.urls"}}}}
    monkeypatch.setattr(module_common, "_get_collection_metadata", lambda _: routes)
    monkeypatch.setattr(
        module_common.ModuleUtilLocatorBase,
        "_generate_redirect_shim_source",
        lambda _self, old, _new: (
            f"\nimport sys\nimport ansible.module_utils.urls as mod\nsys.modules['{old}'] = mod\n"
        ),
    )
    packing(b"from ansible.module_utils import of_old\n")
    packing(b"from ansible.module_utils import of_old\n")
    assert packing.searched == 2


def test_an_ansible_that_packs_otherwise_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def other(module: str) -> str:
        return module

    monkeypatch.setattr(module_common, "recursive_finder", other)
    callback = kept.CallbackModule()
    monkeypatch.setattr(callback, "get_option", lambda _: True)
    callback.v2_playbook_on_start(None)
    assert module_common.recursive_finder is other
