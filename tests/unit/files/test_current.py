"""What is said of a file on a host, so that a task that would write the same is not run."""

import os
from hashlib import sha1
from pathlib import Path

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args

from plugins.module_utils.files.current import root_checksum, root_checksums

CONTENT = b"worker_processes auto;\n"


@pytest.fixture
def module() -> AnsibleModule:
    with patch_module_args({}):
        return AnsibleModule(argument_spec={})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """As a task writes one."""
    path = tmp_path / "nginx.conf"
    path.write_bytes(CONTENT)
    path.chmod(0o644)
    os.chown(path, 0, 0)
    return path


def test_a_file_of_roots_that_all_may_read_has_one(module: AnsibleModule, file: Path) -> None:
    assert root_checksum(module, str(file)) == sha1(CONTENT, usedforsecurity=False).hexdigest()
    assert not module.check_mode


def test_no_other_file_has_one_and_none_is_changed(module: AnsibleModule, file: Path) -> None:
    link = file.with_name("link")
    link.symlink_to(file)
    others = [link, file.parent, file.with_name("missing")]
    assert [root_checksum(module, str(other)) for other in others] == ["", "", ""]

    file.chmod(0o600)
    assert root_checksum(module, str(file)) == ""
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o644)
    os.chown(file, 0, 7)
    assert root_checksum(module, str(file)) == ""
    assert file.stat().st_gid == 7


def test_several_files_are_each_compared_with_the_mode_that_they_are_to_have(
    module: AnsibleModule, file: Path
) -> None:
    program = file.with_name("nginx-tls")
    program.write_bytes(CONTENT)
    program.chmod(0o755)
    paths = [str(file), str(program), str(file.with_name("missing"))]
    expected = sha1(CONTENT, usedforsecurity=False).hexdigest()

    assert root_checksums(module, dict.fromkeys(paths, "0755")) == dict(
        zip(paths, ["", expected, ""], strict=True)
    )
