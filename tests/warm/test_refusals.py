"""What the warm interpreter refuses: payloads it does not know, tasks that need another interpreter."""

import base64
import os
import sys
import zlib
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zipfile import ZipFile

import pytest

from tests.plugins import load

server: Any = load("warm_interpreter/server.py")
MEMBER = "ansible/module_utils/basic.py"


def payload(text: str = "as imported", extensions: str = "{}") -> bytes:
    packed = BytesIO()
    with ZipFile(packed, "w") as archive:
        archive.writestr(MEMBER, text)
        archive.writestr("ansible/__init__.py", "written for it")
        archive.writestr("ansible/modules/ping.py", "the module")
    zipped = base64.b64encode(packed.getvalue()).decode()
    return f"_ansiballz_main(\nextensions={extensions},\nzip_data={zipped!r},\n)\n".encode()


WARNINGS = "ansible.module_utils.common.warnings"


@pytest.fixture
def warmth(monkeypatch: pytest.MonkeyPatch) -> Any:
    # What other tests have imported here may have warned.
    monkeypatch.delitem(sys.modules, WARNINGS, raising=False)
    sources = {MEMBER: b"as imported", "ansible/__init__.py": b"a file", "ansible/release.py": b"not packed"}
    told = {member: (len(content), zlib.crc32(content)) for member, content in sources.items()}
    return server.Warmth("", "", sources=told)


def test_a_payload_of_what_was_imported_is_taken(warmth: Any) -> None:
    assert warmth.check(payload()) == {MEMBER, "ansible/__init__.py"}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (b"another_main(data='...')", "not packed as expected"),
        (payload(extensions="{'_debugpy': {}}"), "not packed as expected"),
        (payload("as edited since"), f"{MEMBER} is not what was imported"),
    ],
    ids=["of an unknown Ansible", "with a debugger", "with an edited utility"],
)
def test_another_payload_is_refused(warmth: Any, given: bytes, reason: str) -> None:
    with pytest.raises(server.RefusedError, match=reason):
        warmth.check(given)


def test_it_is_not_used_where_it_could_not_import(warmth: Any) -> None:
    warmth.unusable = "it could not import: AttributeError"
    with pytest.raises(server.RefusedError, match="AttributeError"):
        warmth.check(payload())


def test_it_is_not_used_where_an_import_warned(warmth: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each module would seem to have warned."""
    warnings = SimpleNamespace(get_warning_messages=lambda: ("old",), get_deprecation_messages=tuple)
    monkeypatch.setitem(sys.modules, WARNINGS, warnings)
    with pytest.raises(server.RefusedError, match="an import warned"):
        warmth.check(payload())


def test_an_environment_is_what_the_shell_makes_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """This one drops names it can't have, counts its levels, and follows where it is."""
    monkeypatch.chdir(tmp_path)
    start = {"A": "1", "not.a.name": "2", "LANG": "C.UTF-8", "PWD": "/"}
    shell = server.Shell(start, {"A": "1", "SHLVL": "2", "LANG": "C.UTF-8", "PWD": "/"}, becomes=True)
    given = {**start, "LATER": "3"}
    made = {"A": "changed", "LATER": "3", "LANG": "C.UTF-8", "SHLVL": "2", "PWD": str(tmp_path)}
    assert shell.environment(given, {"A": "changed"}) == made
    for name in ("PYTHONPATH", "LC_ALL", "LANG", "HOME", "LD_PRELOAD"):
        with pytest.raises(server.RefusedError, match=f"it has another {name}"):
            shell.environment(given, {name: "a-secret"})


def test_a_folder_keeps_the_name_it_was_called_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "place").mkdir()
    (tmp_path / "link").symlink_to("place")
    monkeypatch.chdir(tmp_path / "link")
    assert server.working_directory({"PWD": str(tmp_path / "link")}) == {"PWD": str(tmp_path / "link")}
    assert server.working_directory({"PWD": "/elsewhere"}) == {"PWD": os.path.realpath(tmp_path / "place")}
    assert server.working_directory({}) == {"PWD": os.path.realpath(tmp_path / "place")}
