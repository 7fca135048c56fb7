"""A directory as an archive."""

import io
import os
import shutil
import subprocess
import time
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from plugins.module_utils.aws.errors import ModuleError
from plugins.module_utils.codedeploy import bundles

PARTS = st.text(
    st.characters(codec="utf-8", exclude_characters="/\0", exclude_categories=("Cs", "Cc")), min_size=1
)
NAMES = PARTS.filter(
    lambda name: name not in {".", "..", ".git", ".gitattributes", "appspec.yml"} and len(name) < 20
)
TREES = st.dictionaries(NAMES, st.tuples(st.binary(max_size=50), st.booleans()), max_size=5)


def archive(root: Path, *exclude: str) -> bytes:
    stream = io.BytesIO()
    bundles.write(bundles.collect(root, exclude), stream)
    return stream.getvalue()


def names(root: Path, *exclude: str) -> list[str]:
    return [entry.name for entry in bundles.collect(root, exclude)]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "appspec.yml").write_text("version: 0.0\n")
    return tmp_path


def put(root: Path, *files: str) -> None:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)


class TestSameTree:
    @settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(TREES)
    def test_makes_the_same_bytes(self, tmp_path: Path, files: dict[str, tuple[bytes, bool]]) -> None:
        made = []
        for turn, order in enumerate((list(files), list(files)[::-1])):
            root = tmp_path / str(turn)
            shutil.rmtree(root, ignore_errors=True)
            root.mkdir()
            (root / "appspec.yml").write_text("version: 0.0\n")
            for number, name in enumerate(order):
                content, executable = files[name]
                (root / name).write_bytes(content)
                (root / name).chmod((0o700, 0o755)[turn] if executable else (0o600, 0o664)[turn])
                os.utime(root / name, (turn * 1000 + number, turn * 1000))
            made.append((archive(root), bundles.digest(bundles.collect(root))))
        assert made[0] == made[1]

    @pytest.mark.parametrize("change", ["content", "name", "mode"])
    def test_another_tree_has_another_digest(self, tree: Path, change: str) -> None:
        put(tree, "index.html")
        before = bundles.digest(bundles.collect(tree))
        if change == "content":
            (tree / "index.html").write_text("new")
        elif change == "name":
            (tree / "index.html").rename(tree / "home.html")
        else:
            (tree / "index.html").chmod(0o755)
        assert bundles.digest(bundles.collect(tree)) != before


class TestArchive:
    def test_holds_contents_modes_and_links(self, tree: Path) -> None:
        put(tree, "scripts/start.sh")
        (tree / "scripts/start.sh").chmod(0o700)
        (tree / "current").symlink_to("scripts")
        (tree / "empty").mkdir()
        with zipfile.ZipFile(io.BytesIO(archive(tree))) as bundle:
            modes = {item.filename: oct(item.external_attr >> 16) for item in bundle.infolist()}
            assert bundle.read("scripts/start.sh") == b"scripts/start.sh"
            assert bundle.read("current") == b"scripts"
        assert modes == {
            "appspec.yml": "0o100644",
            "current": "0o120777",
            "empty/": "0o40755",
            "scripts/start.sh": "0o100755",
        }


class TestLeftOut:
    def test_git(self, tree: Path) -> None:
        put(tree, ".git/HEAD", "sub/.git/HEAD", ".github/workflows/main.yml")
        assert names(tree) == [".github/workflows/main.yml", "appspec.yml"]

    @pytest.mark.parametrize(
        ("pattern", "left"),
        [
            ("*.md", ["appspec.yml", "docs/a.txt", "tests/b.txt"]),
            ("docs", ["README.md", "appspec.yml", "tests/b.txt", "tests/docs.md"]),
            ("docs/", ["README.md", "appspec.yml", "tests/b.txt", "tests/docs.md"]),
            ("/tests", ["README.md", "appspec.yml", "docs/a.txt", "docs/b.md"]),
            ("tests/*.md", ["README.md", "appspec.yml", "docs/a.txt", "docs/b.md", "tests/b.txt"]),
            ("**/b.*", ["README.md", "appspec.yml", "docs/a.txt", "tests/docs.md"]),
            ("docs/**", ["README.md", "appspec.yml", "tests/b.txt", "tests/docs.md"]),
            ("[a-r]*.md", ["README.md", "appspec.yml", "docs/a.txt", "tests/b.txt"]),
            ("[!a-r]*.md", ["appspec.yml", "docs/a.txt", "docs/b.md", "tests/b.txt", "tests/docs.md"]),
            ("?.txt", ["README.md", "appspec.yml", "docs/b.md", "tests/docs.md"]),
            ("docs/**/b.md", ["README.md", "appspec.yml", "docs/a.txt", "tests/b.txt", "tests/docs.md"]),
            ("**/docs/**", ["README.md", "appspec.yml", "tests/b.txt", "tests/docs.md"]),
            (
                "d*c*/[[:alpha:]].t*t",
                ["README.md", "appspec.yml", "docs/b.md", "tests/b.txt", "tests/docs.md"],
            ),
            (
                "docs[/]a.txt",
                ["README.md", "appspec.yml", "docs/a.txt", "docs/b.md", "tests/b.txt", "tests/docs.md"],
            ),
            (r"\README.md", ["appspec.yml", "docs/a.txt", "docs/b.md", "tests/b.txt", "tests/docs.md"]),
        ],
    )
    def test_patterns_read_as_git_reads_them(self, tree: Path, pattern: str, left: list[str]) -> None:
        put(tree, "README.md", "docs/a.txt", "docs/b.md", "tests/b.txt", "tests/docs.md")
        assert names(tree, pattern) == left

    def test_what_gitattributes_marks(self, tree: Path) -> None:
        put(tree, "README.md", "KEEP.md", "tests/a")
        (tree / ".gitattributes").write_text(
            "# comment\n\n*.md export-ignore\nKEEP.md -export-ignore\n/tests export-ignore\n"
            "*.png binary\n.gitattributes export-ignore\n"
        )
        assert names(tree) == ["KEEP.md", "appspec.yml"]

    def test_as_git_itself_leaves_out(self, tree: Path) -> None:
        put(
            tree,
            "a/b/c.md",
            "a/c.md",
            "a/x/y/c.md",
            "b/a/c.md",
            "x-1.min.js",
            "x.js",
            "café/à.md",
            "[z]/q",
            "ab/q",
        )
        patterns = [
            "a/**/c.md",
            "**/b/**",
            "*.min.*",
            "caf*/*",
            r"\[z]/q",
            "[a-b][!a]/q",
            "x*.j?",
            "a*c*.md",
            "**/c.md",
        ]
        git = ["git", "-c", "core.quotePath=false"]
        subprocess.run([*git, "init", "-q"], cwd=tree, check=True)
        for pattern in patterns:
            (tree / ".gitattributes").write_text(f"{pattern} export-ignore\n")
            asked = "\0".join(
                str(file.relative_to(tree)) for file in tree.rglob("*") if ".git" not in file.parts
            )
            told = subprocess.run(
                [*git, "check-attr", "-z", "--stdin", "export-ignore"],
                cwd=tree, input=asked, capture_output=True, text=True, check=True,
            ).stdout.split("\0")  # fmt: skip
            ignored = {
                path
                for path, _, value in zip(told[::3], told[1::3], told[2::3], strict=False)
                if value == "set"
            }
            left = {
                str(file.relative_to(tree))
                for file in tree.rglob("*")
                if file.is_file() and ".git" not in file.relative_to(tree).parts
                and not ignored & {str(file.relative_to(tree)), *map(str, file.relative_to(tree).parents)}
            }  # fmt: skip
            assert set(names(tree)) == left, pattern

    def test_many_wildcards_take_no_longer_than_the_name_is_long(self, tree: Path) -> None:
        put(tree, "a" * 200, "deep/" * 40 + "a" * 200)
        started = time.process_time()
        names(tree, "*a" * 60 + "b", "**/" + "*a*/" * 30 + "b", "**/a/" * 30 + "b", "[a-z]*" * 60 + "9")
        (tree / ".gitattributes").write_text("*a" * 60 + "b export-ignore\n")
        names(tree)
        assert time.process_time() - started < 1

    def test_gitattributes_that_is_not_utf_8(self, tree: Path) -> None:
        put(tree, "a.md")
        (tree / ".gitattributes").write_bytes(b"# caf\xe9\n*.md export-ignore\ncaf\xe9 export-ignore\n")
        (tree / os.fsdecode(b"caf\xe9")).write_text("")
        assert names(tree) == [".gitattributes", "appspec.yml"]

    def test_a_tree_deeper_than_the_stack(self, tree: Path) -> None:
        directory = os.open(tree, os.O_RDONLY)
        for _ in range(1100):
            os.mkdir("d", dir_fd=directory)
            directory, above = os.open("d", os.O_RDONLY, dir_fd=directory), directory
            os.close(above)
        os.close(directory)
        assert names(tree) == ["appspec.yml", "d/" * 1099 + "d"]
        archive(tree)
        # pytest removes it by recursion.
        subprocess.run(["rm", "-r", tree / "d"], check=True)


class TestRefused:
    @pytest.mark.parametrize("pattern", ["[z-a]", "docs/[b-a9-0].md"])
    def test_a_range_that_goes_backwards(self, tree: Path, pattern: str) -> None:
        with pytest.raises(ModuleError, match=r"exclude: .* matches nothing"):
            bundles.collect(tree, [pattern])
        (tree / ".gitattributes").write_text(f"{pattern} export-ignore\n")
        with pytest.raises(ModuleError, match=r"gitattributes.* matches nothing"):
            bundles.collect(tree)

    def test_a_name_that_is_not_utf_8(self, tree: Path) -> None:
        (tree / "sub").mkdir()
        (tree / "sub" / os.fsdecode(b"caf\xe9.html")).write_text("")
        with pytest.raises(
            ModuleError, match=r"the name 'sub/caf\\\\xe9.html' is not UTF-8: rename it"
        ) as told:
            bundles.collect(tree)
        told.value.message.encode()
        assert names(tree, "sub/*.html") == ["appspec.yml"]

    def test_a_link_to_such_a_name(self, tree: Path) -> None:
        (tree / "current").symlink_to(os.fsdecode(b"caf\xe9"))
        with pytest.raises(ModuleError, match=r"current is a link to 'caf\\\\xe9'"):
            bundles.collect(tree)

    def test_a_folder_whose_paths_are_too_long(self, tree: Path) -> None:
        directory = os.open(tree, os.O_RDONLY)
        for _ in range(20):
            os.mkdir("d" * 250, dir_fd=directory)
            directory, above = os.open("d" * 250, os.O_RDONLY, dir_fd=directory), directory
            os.close(above)
        os.close(directory)
        with pytest.raises(ModuleError, match="cannot be read: File name too long"):
            bundles.collect(tree)
        subprocess.run(["rm", "-r", tree / ("d" * 250)], check=True)

    def test_without_appspec(self, tmp_path: Path) -> None:
        with pytest.raises(ModuleError, match=r"holds no appspec\.yml"):
            bundles.collect(tmp_path)

    def test_what_is_no_directory(self, tmp_path: Path) -> None:
        with pytest.raises(ModuleError, match="is no directory"):
            bundles.collect(tmp_path / "missing")

    def test_what_is_no_file(self, tree: Path) -> None:
        os.mkfifo(tree / "pipe")
        with pytest.raises(ModuleError, match="pipe is neither a file"):
            bundles.collect(tree)
