"""A directory as an archive."""

import io
import os
import shutil
import zipfile
from pathlib import Path

import pytest
from ansible.module_utils.codedeploy import bundles
from ansible.module_utils.codedeploy.errors import CodeDeployError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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


class TestRefused:
    def test_without_appspec(self, tmp_path: Path) -> None:
        with pytest.raises(CodeDeployError, match=r"holds no appspec\.yml"):
            bundles.collect(tmp_path)

    def test_what_is_no_directory(self, tmp_path: Path) -> None:
        with pytest.raises(CodeDeployError, match="is no directory"):
            bundles.collect(tmp_path / "missing")

    def test_what_is_no_file(self, tree: Path) -> None:
        os.mkfifo(tree / "pipe")
        with pytest.raises(CodeDeployError, match="pipe is neither a file"):
            bundles.collect(tree)
