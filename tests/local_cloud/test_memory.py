"""What a local cloud does not keep in memory."""

import gc
import gzip
import json
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.loaders import Loader
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends

from local_cloud.aws.codedeploy.runs.mailboxes import HostCommand
from local_cloud.aws.codedeploy.runs.run import DeploymentRun
from local_cloud.aws.moto.service_models import ServiceModels
from local_cloud.testing.agents import agents_on
from local_cloud.testing.clouds import LocalCloud
from local_cloud.testing.shop import Shop, run_instances, wait_for


def test_a_call_makes_iam_in_its_own_partition_alone(client: Callable[..., Any]) -> None:
    account = client("sts").get_caller_identity()["Account"]
    client("ec2").describe_instances()
    client("ec2", region="eu-central-1").describe_instances()
    assert list(iam_backends[account]) == ["aws"]


def test_a_reset_leaves_nothing_of_ec2(client: Callable[..., Any], local_cloud: LocalCloud) -> None:
    account = client("sts").get_caller_identity()["Account"]
    left = []
    for _ in range(2):
        run_instances(client)
        left.append(weakref.ref(ec2_backends[account]["us-east-1"]))
        local_cloud.reset()
    gc.collect()
    assert [backend() for backend in left] == [None, None]


def test_what_was_deleted_is_not_kept(client: Callable[..., Any]) -> None:
    ec2 = client("ec2")
    group = ec2.create_security_group(GroupName="web", Description="Web")["GroupId"]
    account = client("sts").get_caller_identity()["Account"]
    kept = weakref.ref(ec2_backends[account]["us-east-1"].get_security_group_from_id(group))
    assert kept()
    ec2.delete_security_group(GroupId=group)
    gc.collect()
    assert kept() is None


def test_a_deployment_that_has_ended_leaves_nothing_of_its_run(
    client: Callable[..., Any], local_cloud: LocalCloud
) -> None:
    shop = Shop.open(client)
    with agents_on(local_cloud.endpoint_url, shop.instances):
        assert shop.finish(shop.deploy())["status"] == "Succeeded"
        wait_for(lambda: not living(DeploymentRun) and not living(HostCommand))


def living(kind: type) -> list[Any]:
    gc.collect()
    return [each for each in gc.get_objects() if isinstance(each, kind)]


def test_models_are_read_without_what_only_people_read(tmp_path: Path) -> None:
    model = {"documentation": "Words", "members": {"documentation": {"shape": "Text"}, "name": {}}}
    (tmp_path / "plain.json").write_text(json.dumps(model))
    (tmp_path / "packed.json.gz").write_bytes(gzip.compress(json.dumps(model).encode()))
    for name in ("plain", "packed"):
        read = ServiceModels().load_file(str(tmp_path / name))
        assert read == model | {"documentation": ""}
    assert ServiceModels().load_file(str(tmp_path / "missing")) is None


def test_moto_reads_models_so(client: Callable[..., Any]) -> None:
    client("ec2").describe_instances()
    model = Loader().load_service_model("ec2", "service-2")
    assert model["operations"]["DescribeInstances"]["output"]
    assert model["documentation"] == ""
