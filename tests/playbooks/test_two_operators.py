"""Of two who change a pipeline at once, the second is told who holds the pipeline lock and since when."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from local_cloud.testing.clouds import LocalCloud

APPLICATION = "test.codeDeploy.001"
PARAMETER = f"/pipeline/{APPLICATION}/run"
COLLEAGUE = {
    "holder": "arn:aws:sts::123456789012:assumed-role/operators/anna",
    "host": "build-7",
    "space": "pid:[4026531836]",
    "process": 4711,
    "started": "123",
    "since": "2999-01-01T09:00:00+00:00",
}


def own_parameters(client: Callable[[str], Any]) -> list[str]:
    """moto shows AWS's public parameters among the account's own, once one was read."""
    pages = client("ssm").get_paginator("describe_parameters").paginate()
    names = [parameter["Name"] for page in pages for parameter in page["Parameters"]]
    return [name for name in names if not name.startswith("/aws/")]


def test_the_second_is_told_who_has_the_run_and_can_take_its_place(
    ansible_playbook: Callable[..., Any],
    cloud: LocalCloud,
    addresses: dict[str, Any],
    client: Callable[[str], Any],
) -> None:
    ssm = client("ssm")
    ssm.put_parameter(Name=PARAMETER, Value=json.dumps(COLLEAGUE), Type="String")
    cloud.log.clear()

    refused = ansible_playbook("destroy.yml", **addresses, confirm=APPLICATION)
    assert refused.returncode != 0
    said = " ".join(refused.stdout.split())
    assert "operators/anna, on build-7, process 4711, since 2999-01-01T09:00:00+00:00" in said
    assert "-e take_over=true" in said
    assert {entry.action for entry in cloud.log.entries(mutating=True)} == {"PutParameter"}
    assert json.loads(ssm.get_parameter(Name=PARAMETER)["Parameter"]["Value"]) == COLLEAGUE

    taken = ansible_playbook("destroy.yml", **addresses, confirm=APPLICATION, take_over=True)
    assert taken.returncode == 0, taken.stdout
    assert own_parameters(client) == []


@pytest.mark.long
def test_two_who_launch_at_once_launch_once(
    ansible_playbook: Callable[..., Any], addresses: dict[str, Any], client: Callable[[str], Any]
) -> None:
    made = ansible_playbook("provision-iam.yml", **addresses)
    assert made.returncode == 0, made.stdout

    with ThreadPoolExecutor(2) as both:
        runs = list(both.map(lambda name: ansible_playbook(name, **addresses), ["provision-ec2.yml"] * 2))

    for run in runs:
        # The slower one may come when the other has ended.
        assert run.returncode == 0 or "is held by" in run.stdout, run.stdout
    ec2 = client("ec2")
    instances = [i for r in ec2.describe_instances()["Reservations"] for i in r["Instances"]]
    assert (len(instances), len(ec2.describe_addresses()["Addresses"])) == (1, 1)
    assert own_parameters(client) == []
