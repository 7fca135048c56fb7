"""What the agent copies, what it removes, and when it refuses; on real files."""

import json
import os
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from local_cloud.agent.codedeploy_agent import appspec, installer, plan
from local_cloud.agent.codedeploy_agent.errors import AgentError

Install = Callable[..., None]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where the revisions are installed."""
    path = tmp_path / "web"
    path.mkdir()
    return path


@pytest.fixture
def install(tmp_path: Path, target: Path) -> Install:
    """`install({"a.html": "text"}, behavior="OVERWRITE", permissions="...")`: one revision after another."""
    instructions = tmp_path / "deployment-instructions"
    instructions.mkdir()
    numbers = iter(range(100))

    def one(
        files: dict[str, str],
        *,
        behavior: str = "DISALLOW",
        extra: str = "",
        source: str = "/site",
        prepare: Callable[[Path], None] = lambda _archive: None,
    ) -> None:
        archive = tmp_path / f"revision{next(numbers)}"
        for name, text in files.items():
            path = archive / "site" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        archive.mkdir(exist_ok=True)
        prepare(archive / "site")
        text = f"version: 0.0\nos: linux\nfiles:\n- {{source: {source}, destination: {target}}}\n{extra}"
        installer.install(appspec.parse(text), archive, instructions, "group", behavior)

    return one


def tree(path: Path) -> dict[str, str]:
    return {str(file.relative_to(path)): file.read_text() for file in path.rglob("*") if file.is_file()}


class TestCopy:
    @pytest.mark.parametrize(
        ("kind", "words"), [(stat.S_IFIFO, "a named pipe"), (stat.S_IFCHR, "a character device")]
    )
    def test_what_may_be_read_without_end_is_refused(
        self, install: Install, target: Path, kind: int, words: str
    ) -> None:
        zero = os.makedev(1, 5)

        def endless(site: Path) -> None:
            os.mknod(site / "endless", kind | 0o644, zero)

        with pytest.raises(AgentError, match=rf"site/endless is {words}, which may be read without end"):
            install({"index.html": "1"}, prepare=endless)
        assert not (target / "endless").exists()

    def test_a_directory_is_copied_with_what_it_holds(self, install: Install, target: Path) -> None:
        install({"index.html": "1", "icons/a.svg": "2"})
        assert tree(target) == {"index.html": "1", "icons/a.svg": "2"}

    def test_a_file_goes_into_the_destination(self, install: Install, target: Path) -> None:
        install({"index.html": "1"}, source="site/index.html")
        assert tree(target) == {"index.html": "1"}

    def test_mode_and_times_are_kept(self, install: Install, target: Path) -> None:
        def prepare(site: Path) -> None:
            (site / "run").chmod(0o751)
            os.utime(site / "run", (1_000_000, 1_000_000))

        install({"run": "x"}, prepare=prepare)
        made = (target / "run").stat()
        assert (made.st_mode & 0o7777, made.st_mtime) == (0o751, 1_000_000)

    def test_links_to_files_and_to_nothing_stay_links(self, install: Install, target: Path) -> None:
        def prepare(site: Path) -> None:
            (site / "current").symlink_to("a")
            (site / "nowhere").symlink_to("missing")

        install({"a": "1"}, prepare=prepare)
        assert (target / "current").readlink() == Path("a")
        assert (target / "nowhere").readlink() == Path("missing")

    def test_a_link_to_a_directory_becomes_a_directory(self, install: Install, target: Path) -> None:
        install({"real/a": "1"}, prepare=lambda site: (site / "link").symlink_to("real"))
        assert not (target / "link").is_symlink()
        assert (target / "link/a").read_text() == "1"

    def test_a_missing_source_fails_when_it_is_copied(self, install: Install, target: Path) -> None:
        with pytest.raises(AgentError) as raised:
            install({"a": "1"}, source="site/missing")
        missing = target.parent / "revision0/site/missing"
        assert str(raised.value) == f"No such file or directory @ rb_sysopen - {missing}"
        assert tree(target) == {}

    def test_a_source_that_is_a_link_to_a_directory_is_its_content(
        self, install: Install, target: Path
    ) -> None:
        install(
            {"build/a": "1"},
            source="public",
            prepare=lambda site: (site.parent / "public").symlink_to("site/build"),
        )
        assert tree(target) == {"a": "1"}
        assert not (target / "public").exists()

    def test_a_destination_that_is_a_file_is_named(self, install: Install, target: Path) -> None:
        (target / "docs").write_text("stranger")
        with pytest.raises(AgentError) as raised:
            install({"docs/a": "1"})
        assert str(raised.value) == f"File exists @ dir_s_mkdir - {target}/docs"

    def test_a_tilde_is_the_home_directory_which_is_not_made(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.chdir(tmp_path)
        (tmp_path / "archive").mkdir()
        (tmp_path / "archive/a").write_text("1")
        text = "version: 0.0\nos: linux\nfiles:\n- {source: a, destination: ~/site}\n"
        with pytest.raises(AgentError) as raised:
            installer.install(appspec.parse(text), tmp_path / "archive", tmp_path, "group", "DISALLOW")
        assert str(raised.value) == f"File exists @ dir_s_mkdir - {tmp_path}"
        assert not (tmp_path / "~").exists()

    def test_a_name_that_is_not_utf_8_cannot_be_written_down(self, install: Install, target: Path) -> None:
        name = os.fsdecode(b"caf\xe9")
        with pytest.raises(AgentError, match="partial character in source"):
            install({name: "1"})
        assert tree(target) == {}

    def test_a_slash_after_a_files_name_asks_for_a_folder(self, install: Install, target: Path) -> None:
        with pytest.raises(AgentError, match=r"^Not a directory @ rb_sysopen - .*/site/a/$"):
            install({"a": ""}, source="/site/a/")
        assert tree(target) == {}

    def test_a_blank_destination_is_the_root(self, tmp_path: Path) -> None:
        (tmp_path / "a").touch()
        planned = plan.Plan(tmp_path, "DISALLOW")
        planned.add("a", "")
        assert [each["destination"] for each in planned.instructions] == ["/a"]

    def test_two_sources_for_one_destination_are_refused(self, install: Install, target: Path) -> None:
        with pytest.raises(AgentError, match="two source files named"):
            install({"a": "1"}, extra=f"- {{source: site/a, destination: {target}}}\n")

    def test_the_plan_is_left_on_disk(self, install: Install, tmp_path: Path, target: Path) -> None:
        install({"a": "1"})
        plan = json.loads((tmp_path / "deployment-instructions/group-install.json").read_text())
        assert plan == {
            "instructions": [
                {
                    "type": "copy",
                    "source": str(tmp_path / "revision0/site/a"),
                    "destination": str(target / "a"),
                }
            ]
        }


class TestCleanup:
    def test_the_next_revision_takes_away_what_the_last_one_brought(
        self, install: Install, target: Path
    ) -> None:
        install({"old.html": "1", "icons/a": "2"})
        install({"new.html": "3"})
        assert tree(target) == {"new.html": "3"}
        assert not (target / "icons").exists()

    def test_files_go_even_when_they_were_edited(self, install: Install, target: Path) -> None:
        install({"a": "1"})
        (target / "a").write_text("edited")
        install({"a": "2"})
        assert tree(target) == {"a": "2"}

    @pytest.mark.parametrize("separator", ["\u2028", "\u0085", "\v", "\f", "\x1c"])
    def test_only_a_newline_ends_a_path(self, install: Install, target: Path, separator: str) -> None:
        install({f"a{separator}b": "1"})
        install({f"a{separator}b": "2"})
        assert tree(target) == {f"a{separator}b": "2"}

    def test_strangers_stay_and_so_do_their_directories(self, install: Install, target: Path) -> None:
        install({"icons/a": "1"})
        (target / "icons/stranger").write_text("mine")
        install({"b": "2"})
        assert tree(target) == {"icons/stranger": "mine", "b": "2"}

    def test_a_half_written_last_line_is_not_followed(self, tmp_path: Path) -> None:
        kept, gone = tmp_path / "ab", tmp_path / "abc"
        kept.touch()
        gone.touch()
        installer.remove_installed(f"{gone}\n{kept}")
        assert kept.exists()
        assert not gone.exists()

    def test_a_refused_revision_leaves_the_old_files_gone(self, install: Install, target: Path) -> None:
        install({"a": "1"})
        (target / "b").write_text("stranger")
        with pytest.raises(AgentError, match="already exists"):
            install({"b": "2"})
        assert tree(target) == {"b": "stranger"}


class TestFileExistsBehavior:
    def test_disallow_names_the_file(self, install: Install, target: Path) -> None:
        (target / "a").write_text("stranger")
        with pytest.raises(AgentError) as raised:
            install({"a": "1"})
        assert str(raised.value) == (
            f"The deployment failed because a specified file already exists at this location: {target}/a"
        )

    def test_overwrite_replaces_it_and_the_next_deployment_removes_it(
        self, install: Install, target: Path
    ) -> None:
        (target / "a").write_text("stranger")
        install({"a": "1"}, behavior="OVERWRITE")
        assert tree(target) == {"a": "1"}
        install({"b": "2"}, behavior="OVERWRITE")
        assert tree(target) == {"b": "2"}

    def test_retain_leaves_it_alone_for_good(self, install: Install, target: Path) -> None:
        (target / "a").write_text("stranger")
        install({"a": "1", "b": "2"}, behavior="RETAIN")
        assert tree(target) == {"a": "stranger", "b": "2"}
        install({"c": "3"})
        assert tree(target) == {"a": "stranger", "c": "3"}

    def test_the_appspec_wins_over_the_deployment(self, install: Install, target: Path) -> None:
        (target / "a").write_text("stranger")
        install({"a": "1"}, behavior="DISALLOW", extra="file_exists_behavior: OVERWRITE\n")
        assert tree(target) == {"a": "1"}

    def test_a_file_for_a_directory_goes_into_it_and_leaves_it_as_it_is(
        self, install: Install, target: Path
    ) -> None:
        (target / "docs").mkdir(mode=0o755)
        install({"docs": "1"}, behavior="OVERWRITE", prepare=lambda site: (site / "docs").chmod(0o644))
        assert (target / "docs").stat().st_mode & 0o7777 == 0o755
        made = target / "docs/docs"
        assert (made.read_text(), made.stat().st_mode & 0o7777) == ("1", 0o644)

    def test_a_link_for_a_directory_is_named_as_what_it_leads_to(
        self, install: Install, target: Path
    ) -> None:
        (target / "docs").mkdir()
        install(
            {"page": "1"},
            behavior="OVERWRITE",
            prepare=lambda site: (site / "docs").symlink_to("page"),
        )
        assert (target / "docs/page").readlink() == Path("page")

    def test_directories_never_conflict(self, install: Install, target: Path) -> None:
        (target / "icons").mkdir()
        install({"icons/a": "1"})
        assert tree(target) == {"icons/a": "1"}


class TestPermissions:
    def modes(self, target: Path) -> dict[str, str]:
        return {str(p.relative_to(target)): f"{p.stat().st_mode & 0o7777:o}" for p in target.rglob("*")}

    def test_everything_below_the_object(self, install: Install, target: Path) -> None:
        install(
            {"a": "1", "sub/b": "2"},
            extra=(
                f"permissions:\n- {{object: {target}, type: [file], mode: 600}}\n"
                f"- {{object: {target}, type: [directory], mode: 711}}\n"
            ),
        )
        assert self.modes(target) == {"a": "600", "sub": "711", "sub/b": "600"}

    def test_a_simple_pattern_reaches_one_level_and_except_takes_back(
        self, install: Install, target: Path
    ) -> None:
        install(
            {"a.sh": "", "b.sh": "", "c": "", "sub/d.sh": ""},
            extra=(
                f"permissions:\n- {{object: {target}, pattern: '*.sh', except: [b*], type: [file],"
                " mode: 700}\n"
            ),
        )
        assert {name for name, mode in self.modes(target).items() if mode == "700"} == {"a.sh"}

    def test_what_was_there_before_is_not_touched(self, install: Install, target: Path) -> None:
        (target / "stranger").write_text("")
        (target / "stranger").chmod(0o640)
        install({"a": ""}, extra=f"permissions:\n- {{object: {target}, mode: 600}}\n")
        assert self.modes(target) == {"stranger": "640", "a": "600"}

    def test_one_file_alone(self, install: Install, target: Path) -> None:
        install({"a": "", "b": ""}, extra=f"permissions:\n- {{object: {target}/a, mode: 600}}\n")
        assert self.modes(target)["a"] == "600"
        assert self.modes(target)["b"] != "600"

    def test_a_file_takes_no_pattern(self, install: Install, target: Path) -> None:
        with pytest.raises(AgentError, match="invalid pattern"):
            install({"a": ""}, extra=f"permissions:\n- {{object: {target}/a, pattern: '*', mode: 600}}\n")

    def test_the_same_object_twice_is_refused(self, install: Install, target: Path) -> None:
        entry = f"- {{object: {target}/a, mode: 600}}\n"
        with pytest.raises(AgentError, match="specified more than once"):
            install({"a": ""}, extra=f"permissions:\n{entry}{entry}")

    def test_an_unknown_owner_is_an_error(self, install: Install, target: Path) -> None:
        with pytest.raises(AgentError, match=r"^can't find user for nobody-of-that-name$"):
            install({"a": ""}, extra=f"permissions:\n- {{object: {target}/a, owner: nobody-of-that-name}}\n")

    def test_so_is_an_unknown_group(self, install: Install, target: Path) -> None:
        with pytest.raises(AgentError, match=r"^can't find group for nobody-of-that-name$"):
            install({"a": ""}, extra=f"permissions:\n- {{object: {target}/a, group: nobody-of-that-name}}\n")

    @pytest.mark.parametrize(
        ("owner", "kind"),
        [
            ("!ruby/sym root", "Symbol"),
            ("{5: a}", "Hash"),
            ("[root]", "Array"),
            ("0", "Integer"),
            ("true", "true"),
        ],
    )
    def test_so_is_an_owner_that_is_no_text(
        self, install: Install, target: Path, owner: str, kind: str
    ) -> None:
        with pytest.raises(AgentError, match=f"^no implicit conversion of {kind} into String$"):
            install({"a": ""}, extra=f"permissions:\n- {{object: {target}/a, owner: {owner}}}\n")

    @pytest.mark.parametrize("reach", ["type: []", "type: {}", "pattern: ''"])
    def test_what_reaches_nothing(self, install: Install, target: Path, reach: str) -> None:
        install({"a": ""}, extra=f"permissions:\n- {{object: {target}, mode: 600, {reach}}}\n")
        assert self.modes(target)["a"] != "600"

    def test_many_wildcards_take_no_time(self, install: Install, target: Path) -> None:
        name, pattern = "a" * 200, "*a" * 60 + "b"
        began = time.monotonic()
        install({name: ""}, extra=f"permissions:\n- {{object: {target}, pattern: '{pattern}', mode: 600}}\n")
        assert self.modes(target)[name] != "600"
        assert time.monotonic() - began < 5

    def test_a_context_without_a_range_fails_before_anything_is_copied(
        self, install: Install, target: Path
    ) -> None:
        with pytest.raises(AgentError, match="undefined method `get_range' for nil:NilClass"):
            install({"a": ""}, extra=f"permissions:\n- {{object: {target}/a, context: {{type: t}}}}\n")
        assert tree(target) == {}
