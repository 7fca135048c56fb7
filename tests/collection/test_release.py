"""What a release is made of: one version everywhere, its part of the changelog, and both archives."""

import tarfile
import zipfile
from pathlib import Path

import pytest

from scripts import release

VERSION = release.versions()["galaxy.yml"]
CHANGELOG = """# Changelog

## Unreleased

- Not yet.

## 1.2.0 - 2026-11-28

### Added

- A thing.

## 1.1.0 - 2026-11-01

- Another.
"""


def test_all_files_say_one_version() -> None:
    assert release.problems(f"v{VERSION}", release.versions()) == []


@pytest.mark.parametrize(
    ("tag", "said"),
    [
        ("1.2.0", "1.2.0 is no version: a release is vX.Y.Z."),
        ("v1.2.0", "galaxy.yml says 1.3.0, the tag v1.2.0."),
    ],
)
def test_a_tag_that_does_not_fit_is_named(tag: str, said: str) -> None:
    assert release.problems(tag, {"galaxy.yml": "1.3.0"}) == [said]


def test_the_notes_are_the_versions_own_part_of_the_changelog() -> None:
    assert release.notes(CHANGELOG, "1.2.0") == "### Added\n\n- A thing.\n"
    assert release.notes(CHANGELOG, "1.1.0") == "- Another.\n"
    with pytest.raises(ValueError, match=r"no section '## 1\.3\.0 - DATE'"):
        release.notes(CHANGELOG, "1.3.0")


def test_a_release_is_the_collection_the_local_cloud_and_notes(tmp_path: Path) -> None:
    made = {path.suffix: path for path in release.build(f"v{VERSION}", tmp_path / "release")}
    assert set(made) == {".gz", ".md", ".whl"}
    with tarfile.open(made[".gz"]) as archive:
        assert "MANIFEST.json" in archive.getnames()
    with zipfile.ZipFile(made[".whl"]) as wheel:
        assert "local_cloud/__main__.py" in wheel.namelist()
