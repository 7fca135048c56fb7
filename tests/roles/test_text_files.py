"""Several files in one task, as Ansible runs it."""

import json
import os
import subprocess
import sys
from grp import getgrgid
from pathlib import Path
from pwd import getpwuid
from typing import Any

import pytest

MODULE = Path(__file__).parents[2] / "library" / "text_files.py"
OWNER = {"owner": getpwuid(os.getuid()).pw_name, "group": getgrgid(os.getgid()).gr_name}


def run(*files: dict[str, str], check: bool = False, **more: str) -> dict[str, Any]:
    """What the module returns."""
    how = {"_ansible_check_mode": check, "_ansible_diff": True}
    told = {"ANSIBLE_MODULE_ARGS": {"files": files} | how | OWNER | more}
    ended = subprocess.run(
        [sys.executable, MODULE], input=json.dumps(told), capture_output=True, text=True, check=False
    )
    returned: dict[str, Any] = json.loads(ended.stdout)
    return returned


def mode(path: Path) -> str:
    return f"{path.stat().st_mode & 0o7777:04o}"


@pytest.fixture
def files(tmp_path: Path) -> list[dict[str, str]]:
    """Two of them, which are there."""
    given = [
        {"path": str(tmp_path / "program"), "content": "#!/bin/sh\n", "mode": "0755"},
        {"path": str(tmp_path / "settings"), "content": '{"Grüße": "1\r\n"}'},
    ]
    assert run(*given)["changed_files"] == [file["path"] for file in given]
    return given


def test_they_are_written_once_as_they_were_given(files: list[dict[str, str]]) -> None:
    for file in files:
        path = Path(file["path"])
        assert path.read_bytes() == file["content"].encode()
        assert mode(path) == file.get("mode", "0644")
    assert run(*files)["changed"] is False


def test_a_dry_run_shows_both_sides_and_writes_neither(tmp_path: Path, files: list[dict[str, str]]) -> None:
    new = {"path": str(tmp_path / "new" / "file"), "content": "new"}
    returned = run(files[0] | {"content": "#!/bin/bash\n"}, files[1], new, check=True)
    assert returned["changed_files"] == [files[0]["path"], new["path"]]
    assert [(each["before"], each["after"]) for each in returned["diff"]] == [
        ("#!/bin/sh\n", "#!/bin/bash\n"),
        ("", "new"),
    ]
    assert Path(files[0]["path"]).read_text() == "#!/bin/sh\n"
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("check", [True, False])
def test_drift_of_the_mode_is_seen(files: list[dict[str, str]], check: bool) -> None:
    path = Path(files[0]["path"])
    path.chmod(0o777)
    returned = run(*files, check=check)
    assert returned["changed_files"] == [str(path)]
    assert [(each["before"]["mode"], each["after"]["mode"]) for each in returned["diff"]] == [
        ("0777", "0755")
    ]
    assert mode(path) == ("0777" if check else "0755")


def test_bytes_that_are_no_text_are_overwritten(files: list[dict[str, str]]) -> None:
    Path(files[0]["path"]).write_bytes(b"\xff\xfe")
    assert run(*files)["changed_files"] == [files[0]["path"]]
    assert Path(files[0]["path"]).read_text() == files[0]["content"]


def test_directories_that_are_missing_are_made_for_all_to_read(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "too" / "file"
    before = os.umask(0o077)
    try:
        assert run({"path": str(path), "content": ""})["changed_files"] == [str(path)]
    finally:
        os.umask(before)
    assert [mode(each) for each in (path, path.parent, path.parent.parent)] == ["0644", "0755", "0755"]


def test_a_file_where_a_directory_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "file"
    assert (
        run({"path": str(path), "content": ""})["msg"] == f"{path} cannot be read or written: Not a directory"
    )


def test_a_directory_in_the_place_of_a_file_is_named(tmp_path: Path) -> None:
    returned = run({"path": str(tmp_path), "content": "x"})
    assert returned["msg"] == f"{tmp_path} cannot be read or written: Is a directory"


def test_a_new_host_gets_the_file_and_no_folder_of_ansibles(tmp_path: Path) -> None:
    home = tmp_path / "home"
    path = tmp_path / "etc" / "file"
    returned = run({"path": str(path), "content": "x"}, _ansible_remote_tmp=str(home / ".ansible" / "tmp"))
    assert returned["changed_files"] == [str(path)]
    assert "warnings" not in returned
    assert not home.exists()
    assert list(path.parent.iterdir()) == [path]
