"""`python -m local_cloud check-appspec`: the agent's verdict before anything is pushed."""

from pathlib import Path

import pytest

from local_cloud.__main__ import main

HEAD = "version: 0.0\nos: linux\n"
SITE = Path(__file__).resolve().parents[2] / "site"


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A folder with a page and a script that can be run."""
    (tmp_path / "index.html").write_text("hello")
    (tmp_path / "stop.sh").write_text("#!/bin/sh\n")
    (tmp_path / "stop.sh").chmod(0o755)
    (tmp_path / "link.sh").symlink_to("index.html")
    return tmp_path


def verdict(
    capsys: pytest.CaptureFixture[str], path: Path, appspec: str | None = None
) -> tuple[int, list[str]]:
    """Exit status, and what is printed without the path."""
    if appspec is not None:
        (path / "appspec.yml").write_text(HEAD + appspec)
    status = main(["check-appspec", str(path)])
    lines = capsys.readouterr().out.splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    return status, [line.removeprefix(f"{path}: ") for line in lines]


def test_the_site_is_valid(capsys: pytest.CaptureFixture[str]) -> None:
    assert verdict(capsys, SITE) == (0, ["valid: 3 files, 2 permissions, 5 scripts"])


def test_one_that_is_refused_fails_all_and_each_has_its_line(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = bundle / "good.yml", bundle / "bad.yml"
    good.write_text(HEAD)
    bad.write_text('version: "0.0"\nos: linux\n')

    status = main(["check-appspec", str(bad), str(good), str(bundle / "none.yml")])

    lines = capsys.readouterr().out.splitlines()
    assert status == 1
    assert lines[0].startswith(f"{bad}: refused: ")
    assert "invalid version value (0.0)" in lines[0]
    assert lines[1:] == [
        f"{good}: valid: 0 files, 0 permissions, 0 scripts",
        f"{bundle / 'none.yml'}: refused: No such file or directory",
    ]


def test_hooks_do_not_find_another_name(bundle: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bundle / "appspec.yaml").write_text(HEAD)
    status, lines = verdict(capsys, bundle)
    assert status == 1
    assert "did not find an AppSpec file" in lines[0]


@pytest.mark.parametrize(
    ("appspec", "words"),
    [
        (
            "hooks:\n  BeforeInstall:\n  - location: none.sh\n",
            "BeforeInstall: Script does not exist at specified location: none.sh",
        ),
        (
            "hooks:\n  BeforeInstall:\n  - location: stop.sh/\n",
            "BeforeInstall: Script does not exist at specified location: stop.sh/",
        ),
        (
            'hooks:\n  BeforeInstall:\n  - location: "a\\0b"\n',
            "BeforeInstall: string contains null byte",
        ),
        (
            "hooks:\n  BeforeInstall:\n  - location: link.sh\n",
            "BeforeInstall: Permission denied: link.sh is a link to what is not executable",
        ),
        ("files:\n- {source: index.html/, destination: /x}\n", "No such file or directory: index.html/"),
        (
            "file_exists_behavior: overwrite\n",
            "file specifies one of DISALLOW,OVERWRITE,RETAIN as the file_exists_behavior",
        ),
        ("files:\n- {source: 5, destination: /srv}\n", "no implicit conversion of Integer into String"),
        ("files:\n- {source: index.html, destination: ~}\n", "only a source file (index.html)"),
        (
            (
                "files: [{source: /, destination: /x}]\n"
                "permissions: [{object: /x/stop.sh, context: {type: t}}]\n"
            ),
            "undefined method `get_range' for nil:NilClass",
        ),
        ("files:\n- source: none.html\n  destination: /srv\n", "No such file or directory: none.html"),
        (
            "files:\n- {source: index.html, destination: /x}\n- {source: index.html, destination: /x}\n",
            "two source files",
        ),
        (
            "files:\n- {source: index.html, destination: /x}\npermissions: [{object: /x}, {object: /x}]\n",
            "more than once",
        ),
    ],
)
def test_what_the_bundle_lacks_or_says_twice(
    bundle: Path, capsys: pytest.CaptureFixture[str], appspec: str, words: str
) -> None:
    status, lines = verdict(capsys, bundle, appspec)
    assert status == 1
    assert words in lines[0]


@pytest.mark.parametrize(
    ("appspec", "words"),
    [
        ("hooks:\n  AfterInstal:\n  - location: stop.sh\n", "never runs the hook AfterInstal"),
        ("hooks:\n  ApplicationStop:\n  - location: index.html\n", "index.html is not executable"),
        ("permissions:\n- {object: /srv, context: {type: t}}\n", "/srv: a context without a range fails"),
        ("permissions:\n- object: /srv\n  mode: 0644\n", "mode: 0644 is the number 420 in YAML"),
    ],
)
def test_what_surprises_is_valid_with_a_note(
    bundle: Path, capsys: pytest.CaptureFixture[str], appspec: str, words: str
) -> None:
    status, (valid, note) = verdict(capsys, bundle, appspec)
    assert status == 0
    assert valid.startswith("valid: ")
    assert words in note


def test_nothing_is_installed_and_no_local_cloud_is_needed(
    bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = bundle / "target"
    status, _ = verdict(capsys, bundle, f"files:\n- {{source: index.html, destination: {target}}}\n")
    assert status == 0
    assert not target.exists()
