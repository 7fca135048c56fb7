"""What must not be installed is told from what may, before the host is touched."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args

DEB = "releases/codedeploy-agent_1.8.1-1_all.deb"


@pytest.fixture
def refusal(codedeploy_agent_package: ModuleType, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """`refusal(url, checksum="...")`: what the module says of a package that it does not install."""

    def run(url: str, version: str = "1.8.1-1", checksum: str = "") -> str:
        given = {"url": url, "version": version, "package_type": "deb", "checksum": checksum}
        with patch_module_args(given), pytest.raises(SystemExit):
            codedeploy_agent_package.main()
        result = json.loads(capsys.readouterr().out)
        assert result["failed"]
        assert result["msg"].startswith(f"{url} is not installed: ")
        return str(result["msg"])

    return run


def test_a_package_that_is_not_there(bucket: Any, refusal: Callable[..., str]) -> None:
    assert "404" in refusal(f"{bucket.url}/releases/codedeploy-agent_1.0.0-1_all.deb")


def test_a_connection_that_breaks(interrupted: str, refusal: Callable[..., str]) -> None:
    assert refusal(f"{interrupted}/{DEB}").endswith("400 of 1000 bytes arrived")


def test_a_file_that_ends_too_early(bucket: Any, refusal: Callable[..., str]) -> None:
    whole = bucket.get(DEB)
    assert "no whole package" in refusal(bucket.put("broken/agent.deb", whole[: len(whole) // 2]))


def test_bytes_that_were_altered_on_the_way(
    codedeploy_agent_package: ModuleType, bucket: Any, tmp_path: Path
) -> None:
    download = codedeploy_agent_package.fetch(f"{bucket.url}/{DEB}", tmp_path / "agent.deb")
    altered = codedeploy_agent_package.Download(**{**vars(download), "md5": "0" * 32})
    codedeploy_agent_package.verify(download, "")
    with pytest.raises(codedeploy_agent_package.PackageError, match="MD5 sum is 000"):
        codedeploy_agent_package.verify(altered, "")


def test_a_checksum_that_is_not_the_users(bucket: Any, refusal: Callable[..., str]) -> None:
    found = hashlib.sha256(bucket.get(DEB)).hexdigest()
    assert refusal(f"{bucket.url}/{DEB}", checksum="0" * 64).endswith(
        f"its SHA-256 sum is {found}, and codedeploy_agent_checksum says {'0' * 64}"
    )


def test_another_package_under_its_name(bucket: Any, refusal: Callable[..., str]) -> None:
    assert refusal(f"{bucket.url}/{DEB}", version="1.8.2-1").endswith(
        "it is codedeploy-agent 1.8.1-1, and codedeploy-agent 1.8.2-1 is wanted"
    )


def test_a_whole_one_passes(codedeploy_agent_package: ModuleType, bucket: Any, tmp_path: Path) -> None:
    path = tmp_path / "agent.deb"
    download = codedeploy_agent_package.fetch(f"{bucket.url}/{DEB}", path)
    codedeploy_agent_package.verify(download, hashlib.sha256(bucket.get(DEB)).hexdigest().upper())
    with patch_module_args({}):
        module = AnsibleModule(argument_spec={})
    codedeploy_agent_package.inspect(module, path, "deb", "1.8.1-1")


@pytest.mark.parametrize(
    ("version", "installed", "older"),
    [("1.8.1-1", "2.1.0-1", True), ("1.10.0-1", "1.9.0-3", False), ("1.8.1-1", "1.8.1-1", False)],
)
def test_versions_are_compared_as_numbers(
    codedeploy_agent_package: ModuleType,
    version: str,
    installed: str,
    older: bool,
) -> None:
    assert codedeploy_agent_package.is_older(version, installed) is older
