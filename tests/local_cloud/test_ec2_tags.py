"""The tags of many instances are listed in a time that grows as their number does."""

from collections.abc import Callable
from typing import Any

import pytest
from moto.ec2.models.tags import TagBackend

from local_cloud.testing.shop import run_instances

Client = Callable[..., Any]


def test_each_has_its_own_without_a_look_at_all_others(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    ec2 = client("ec2")
    for name in ("one", "two"):
        run_instances(client, 2, Name=name, Kind="*")
    run_instances(client, 1)
    told = {(tag["ResourceId"], tag["Key"], tag["Value"]) for tag in ec2.describe_tags()["Tags"]}

    def all_tags(*_: object, **__: object) -> None:
        pytest.fail("looked through the tags of all resources")

    monkeypatch.setattr(TagBackend, "describe_tags", all_tags)
    instances = [each for r in ec2.describe_instances()["Reservations"] for each in r["Instances"]]

    assert len(instances) == 5
    listed = {
        (each["InstanceId"], tag["Key"], tag["Value"]) for each in instances for tag in each.get("Tags", [])
    }
    assert listed == told
    assert len(listed) == 8
