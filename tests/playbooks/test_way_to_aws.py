"""Playbooks, the inventory and lookups over a bad line: what only the line made fail is tried again."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local_cloud.testing.clouds import LocalCloud
from tests.faults.proxy import Call, Fault, Proxy, at_random, every_answer_lost_once

CHECKOUT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
KEYS = {"access_key": "AKIALOCALCLOUDTESTS0", "secret_key": "a-long-and-random-looking-secret"}
TRIES = {"AWS_MAX_ATTEMPTS": "8", "AWS_RETRY_MODE": "standard"}


@pytest.fixture
def aws(cloud: LocalCloud) -> Iterator[Proxy]:
    with Proxy(cloud.endpoint_url).running() as proxy:
        yield proxy


@pytest.fixture
def github(cloud: LocalCloud) -> Iterator[Proxy]:
    with Proxy(cloud.github_url, github=True).running() as proxy:
        yield proxy


@pytest.fixture
def over_the_line(addresses: dict[str, Any], aws: Proxy, github: Proxy) -> dict[str, Any]:
    """The settings that lead a playbook to the account through the proxies."""
    environment = addresses["pipeline_aws_environment"] | TRIES | {"AWS_ENDPOINT_URL": aws.endpoint}
    return addresses | {
        "pipeline_aws_environment": environment,
        "pipeline_aws_connection": addresses["pipeline_aws_connection"] | {"endpoint_url": aws.endpoint},
        "pipeline_github_api_url": f"{github.endpoint}/api/v3",
    }


@pytest.mark.long
def test_roles_are_whole_though_every_answer_to_a_change_is_lost_once(
    ansible_playbook: Callable[..., Any], over_the_line: dict[str, Any], aws: Proxy, iam: Any
) -> None:
    aws.begin(every_answer_lost_once())

    made = ansible_playbook("provision-iam.yml", **over_the_line)

    assert made.returncode == 0, made.stdout
    lost = {call.action for call, _ in aws.struck}
    assert {"CreateOpenIDConnectProvider", "CreateRole", "AddRoleToInstanceProfile", "PutRolePolicy"} <= lost
    assert len(iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]) == 1
    roles = {role["RoleName"].split("-")[1]: role["RoleName"] for role in iam.list_roles()["Roles"]}
    assert set(roles) == {"EC2AccessCodeDeployRole", "DepolyEC2Role", "GitAssumeRoleWithAction"}
    [profile] = iam.list_instance_profiles()["InstanceProfiles"]
    assert [role["RoleName"] for role in profile["Roles"]] == [roles["EC2AccessCodeDeployRole"]]
    for name in (roles["DepolyEC2Role"], roles["GitAssumeRoleWithAction"]):
        assert iam.list_role_policies(RoleName=name)["PolicyNames"]


def test_the_environment_of_the_repository_is_set_over_a_bad_line(
    ansible_playbook: Callable[..., Any], over_the_line: dict[str, Any], aws: Proxy, github: Proxy
) -> None:
    aws.begin(at_random(0.2, seed=7))
    github.begin(every_answer_lost_once())

    done = ansible_playbook("configure-github.yml", **over_the_line)

    assert done.returncode == 0, done.stdout
    assert any("variables" in call.action for call, _ in github.struck)


def first(faults: list[Fault]) -> Callable[[Call], Fault | None]:
    """The first calls meet these, in order, the next ones none."""
    left = list(faults)
    return lambda _call: left.pop(0) if left else None


@pytest.fixture
def inventory(aws: Proxy, tmp_path: Path) -> str:
    source = (CHECKOUT / "inventory" / "local" / "aws_ec2.yml").read_text()
    (tmp_path / "aws_ec2.yml").write_text(source.replace("http://127.0.0.1:4580", aws.endpoint))
    return f"--inventory={tmp_path}"


@pytest.mark.parametrize("cache", ["false", "true"])
def test_the_inventory_asks_once_where_all_is_well(
    aws: Proxy, inventory: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: str
) -> None:
    monkeypatch.setenv("ANSIBLE_INVENTORY_CACHE", cache)
    monkeypatch.setenv("ANSIBLE_INVENTORY_CACHE_PLUGIN", "ansible.builtin.jsonfile")
    monkeypatch.setenv("ANSIBLE_INVENTORY_CACHE_CONNECTION", str(tmp_path / "cache"))

    listed = ansible("ansible-inventory", inventory, "--list", "-vvv")

    assert listed.returncode == 0, listed.stderr
    assert "aws_ec2.yml inventory source with patient_aws_ec2 plugin" in listed.stdout
    assert aws.calls == 1
    assert len(list(tmp_path.glob("cache/*"))) == (cache == "true")


@pytest.mark.parametrize(
    "fault",
    [
        Fault.THROTTLED,
        *(pytest.param(each, marks=pytest.mark.long) for each in Fault if each is not Fault.THROTTLED),
    ],
    ids=lambda fault: fault.name.lower(),
)
def test_the_inventory_asks_again(aws: Proxy, inventory: str, fault: Fault) -> None:
    # More than botocore's own tries.
    aws.begin(first([fault] * 4))

    listed = ansible("ansible-inventory", inventory, "--list")

    assert listed.returncode == 0, listed.stderr
    assert json.loads(listed.stdout)["_meta"]
    assert len(aws.struck) == 4 or fault is Fault.DELAYED


@pytest.mark.parametrize(
    "fault",
    [
        Fault.CUT,
        *(pytest.param(each, marks=pytest.mark.long) for each in (Fault.THROTTLED, Fault.RESET_AFTER)),
    ],
    ids=lambda fault: fault.name.lower(),
)
def test_the_lookup_of_the_image_asks_again(aws: Proxy, fault: Fault) -> None:
    aws.begin(first([fault] * 3))
    settings = {"parameter": IMAGE, "way": KEYS | {"region": "us-east-1", "endpoint_url": aws.endpoint}}

    looked = ansible(
        "ansible",
        "--inventory=localhost,",
        f"--extra-vars={json.dumps(settings)}",
        "--module-name=ansible.builtin.debug",
        "--args=msg={{ lookup('patient_ssm_parameter', parameter, **way) }}",
        "localhost",
        ANSIBLE_LOOKUP_PLUGINS=str(CHECKOUT / "roles" / "pipeline" / "lookup_plugins"),
    )

    assert "ami-" in looked.stdout, looked.stdout + looked.stderr
    assert len(aws.struck) == 3


def ansible(program: str, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return subprocess.run(
        [BIN / program, *arguments],
        cwd=CHECKOUT,
        env=kept | variables,
        capture_output=True,
        text=True,
        check=False,
    )
