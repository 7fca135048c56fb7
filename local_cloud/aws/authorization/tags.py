# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is asked of them is private
"""The tags of resources, in whichever of moto's ways they are kept. Whoever asks has moto for itself."""

from collections.abc import Mapping
from typing import Any

from moto.acm.models import acm_backends
from moto.autoscaling.models import autoscaling_backends
from moto.ec2.models import ec2_backends
from moto.elbv2.models import elbv2_backends
from moto.iam.models import iam_backends

from local_cloud.aws.codedeploy.models import codedeploy_backends


def of(arn: str, *, region: str, account: str, partition: str) -> dict[str, str]:
    """Those of one resource; {} where it has none, or is of a service whose tags are not asked."""
    service, _, _, resource = arn.split(":", 5)[2:] if arn.count(":") >= 5 else ("", "", "", "")  # noqa: PLR2004 - an ARN's parts
    if service == "ec2":
        return _of_ec2(ec2_backends[account][region], *resource.split("/", 1))
    if service == "iam":
        return _of_iam(iam_backends[account][partition], arn)
    if service == "codedeploy":
        backend = codedeploy_backends[account][region]
        with backend.lock:
            return dict(backend.tagger.get_tag_dict_for_resource(arn))
    if service == "elasticloadbalancing":
        return dict(elbv2_backends[account][region].tagging_service.get_tag_dict_for_resource(arn))
    owner: Any = None
    if service == "autoscaling":
        owner = autoscaling_backends[account][region].autoscaling_groups.get(resource.rpartition("/")[2])
    elif service == "acm":
        owner = acm_backends[account][region]._certificates.get(arn)
    return pairs(owner.tags) if owner else {}


def pairs(tags: Any) -> dict[str, str]:
    """Tags as a mapping, whether they are one or a list of keys and values."""
    if isinstance(tags, Mapping):
        tags = [
            each if isinstance(each, Mapping) else {"Key": key, "Value": each} for key, each in tags.items()
        ]
    return {str(tag["Key"]): str(tag.get("Value") or "") for tag in tags or []}


def _of_ec2(backend: Any, kind: str, name: str = "") -> dict[str, str]:
    if kind == "key-pair" and name in backend.key_pairs:
        name = backend.key_pairs[name].id
    return {str(key): str(value) for key, value in backend.tags.get(name, {}).items()}


def _of_iam(backend: Any, arn: str) -> dict[str, str]:
    owners = [
        *backend.roles.values(),
        *backend.instance_profiles.values(),
        *backend.open_id_providers.values(),
        *backend.managed_policies.values(),
    ]
    owner = next((each for each in owners if each.arn == arn), None)
    return pairs(owner.tags) if owner else dict(backend.tagger.get_tag_dict_for_resource(arn))
