"""Which image is baked anew, which ones are kept, and which snapshots go."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.plugins import load

IMAGES: Any = load("roles/pipeline/filter_plugins/images.py")
VERSIONS: Any = load("roles/pipeline/lookup_plugins/content_version.py")


def image(number: int, *snapshots: str) -> dict[str, Any]:
    disks: list[dict[str, Any]] = [
        {"device_name": f"/dev/{each}", "ebs": {"snapshot_id": each}} for each in snapshots
    ]
    return {
        "image_id": f"ami-{number}",
        "creation_date": f"2026-11-{number:02}T00:00:00.000Z",
        "block_device_mappings": [*disks, {"device_name": "/dev/sdb", "virtual_name": "ephemeral0"}],
    }


class TestOldImages:
    def test_are_all_but_the_newest_and_the_used(self) -> None:
        images = [image(number) for number in (2, 5, 1, 4, 3)]
        assert IMAGES.old_images(images, 2, ["ami-1"]) == ["ami-3", "ami-2"]

    def test_are_all_that_nobody_uses_where_none_is_kept(self) -> None:
        assert IMAGES.old_images([image(1), image(2)], 0, ["ami-2"]) == ["ami-1"]

    def test_are_none_among_few(self) -> None:
        assert IMAGES.old_images([image(1), image(2)], "3", []) == []


def test_snapshots_of_no_image() -> None:
    snapshots = [{"snapshot_id": each} for each in ("snap-2", "snap-1", "snap-0")]
    assert IMAGES.unused_snapshots(snapshots, [image(1, "snap-1")]) == ["snap-0", "snap-2"]


def test_images_in_use() -> None:
    versions = [
        {"version_number": number, "launch_template_data": {"image_id": f"ami-{number}"}}
        for number in (1, 2, 3, 4)
    ]
    templates = [
        {
            "launch_template_id": "lt-0",
            "latest_version_number": 4,
            "default_version_number": 1,
            "versions": versions,
        },
        {
            "launch_template_id": "lt-1",
            "latest_version_number": 1,
            "default_version_number": 1,
            "versions": [{"version_number": 1, "launch_template_data": {}}],
        },
    ]
    instances = [{"image_id": "ami-9"}]
    assert IMAGES.launched_images(templates, instances, []) == ["ami-1", "ami-4", "ami-9"]
    # A newer version is there, and not rolled through the group yet.
    groups = [
        {"launch_template": {"launch_template_id": "lt-0", "version": "3"}},
        {"launch_template": {"launch_template_id": "lt-2", "version": "2"}},
        {"launch_template": {"launch_template_id": "lt-0", "version": "$Latest"}},
        {},
    ]
    assert IMAGES.launched_images(templates, instances, groups) == ["ami-1", "ami-3", "ami-4", "ami-9"]


class TestVersion:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        role = tmp_path / "one" / "nginx"
        (role / "tasks").mkdir(parents=True)
        (role / "tasks" / "main.yml").write_text("- name: Install nginx")
        return role

    def test_is_the_same_for_the_same_content_elsewhere(self, folder: Path, tmp_path: Path) -> None:
        other = tmp_path / "two" / "nginx"
        shutil.copytree(folder, other)
        assert VERSIONS.version([other], {"a": 1, "b": 2}) == VERSIONS.version([folder], {"b": 2, "a": 1})

    def test_is_another_one_for_another_file_name_or_value(self, folder: Path) -> None:
        found = {VERSIONS.version([folder], {}), VERSIONS.version([folder], {"image": "ami-1"})}
        (folder / "tasks" / "main.yml").write_text("- name: Install nginx now")
        found.add(VERSIONS.version([folder], {}))
        (folder / "tasks" / "main.yml").rename(folder / "tasks" / "other.yml")
        found.add(VERSIONS.version([folder], {}))
        assert len(found) == 4

    def test_is_not_of_what_people_read_and_python_compiled(self, folder: Path) -> None:
        before = VERSIONS.version([folder], {})
        (folder / "README.md").write_text("What it is for.")
        (folder / "tasks" / "main.pyc").write_text("compiled")
        assert VERSIONS.version([folder], {}) == before

    def test_of_nothing_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            VERSIONS.version([tmp_path / "nowhere"], {})
