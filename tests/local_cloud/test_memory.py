"""What a local cloud does not keep in memory."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.loaders import Loader
from moto.iam.models import iam_backends

from local_cloud.aws.moto.service_models import ServiceModels


def test_a_call_makes_iam_in_its_own_partition_alone(client: Callable[..., Any]) -> None:
    account = client("sts").get_caller_identity()["Account"]
    client("ec2").describe_instances()
    client("ec2", region="eu-central-1").describe_instances()
    assert list(iam_backends[account]) == ["aws"]


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
