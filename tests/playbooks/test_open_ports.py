"""Which ports are open to everybody is a setting: what it names stays open, what it does not is closed."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.playbooks.said import changes_of_tasks

PORTS = "Create the security group"


def opened(client: Callable[[str], Any]) -> dict[int, list[str]]:
    """From where each port of the instances' security group is reached."""
    [group] = client("ec2").describe_security_groups(GroupNames=["ec2.cheaper.001"])["SecurityGroups"]
    return {
        rule["FromPort"]: [each["CidrIp"] for each in rule["IpRanges"]] for rule in group["IpPermissions"]
    }


@pytest.mark.long
def test_443_is_open_with_https_and_where_it_is_named(
    ansible_playbook: Callable[..., Any], addresses: dict[str, Any], client: Callable[[str], Any]
) -> None:
    def run(*options: str, **settings: Any) -> str:
        result = ansible_playbook("provision-ec2.yml", *options, **(addresses | settings))
        assert result.returncode == 0, result.stdout + result.stderr
        return str(result.stdout)

    assert ansible_playbook("provision-iam.yml", **addresses).returncode == 0
    run()
    ssh = {22: ["198.19.255.254/32"]}
    assert opened(client) == ssh | {80: ["0.0.0.0/0"]}

    tls = {"pipeline_https": "acme"}
    assert "443" in changes_of_tasks(run("--check", "--diff", **tls))[PORTS]
    assert PORTS in changes_of_tasks(run(**tls))
    assert opened(client) == ssh | {80: ["0.0.0.0/0"], 443: ["0.0.0.0/0"]}
    assert changes_of_tasks(run(**tls)) == {}
    assert 443 in opened(client)
    # Beside HTTPS that is not the pipeline's.
    assert changes_of_tasks(run(pipeline_open_ports=[80, 443])) == {}
    assert PORTS in changes_of_tasks(run())
    assert 443 not in opened(client)
