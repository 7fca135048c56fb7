# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What of a running instance can be made right again: metadata options, protection, profile, tags."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..aws.errors import Record, explained
from ..aws.transformations import from_tag_list, snake_name, tag_changes, to_tag_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from mypy_boto3_ec2 import EC2Client

State = dict[str, dict[str, Any]]
"""By the id of an instance or a volume: the parts of Hardening that are asked for."""


@explained("describe the instances")
def describe_instances(client: EC2Client, request: Record) -> list[Record]:
    pages = client.get_paginator("describe_instances").paginate(**request)
    return [each for page in pages for found in page["Reservations"] for each in found["Instances"]]


@explained("describe the volumes")
def describe_volumes(client: EC2Client, request: Record) -> list[Record]:
    pages = client.get_paginator("describe_volumes").paginate(**request)
    return [volume for page in pages for volume in page["Volumes"]]


@explained("read the termination protection of {InstanceId}")
def termination_protection(client: EC2Client, request: Record) -> bool:
    answer = client.describe_instance_attribute(Attribute="disableApiTermination", **request)
    return bool(answer["DisableApiTermination"].get("Value"))


@explained("change the metadata options of {InstanceId}")
def modify_metadata_options(client: EC2Client, request: Record) -> None:
    client.modify_instance_metadata_options(**request)


@explained("change the termination protection of {InstanceId}")
def modify_attribute(client: EC2Client, request: Record) -> None:
    client.modify_instance_attribute(**request)


@explained("find the instance profile of {InstanceId}")
def profile_association(client: EC2Client, request: Record) -> str:
    """The id of the association; "" where the instance has no profile."""
    answer = client.describe_iam_instance_profile_associations(
        Filters=[
            {"Name": "instance-id", "Values": [request["InstanceId"]]},
            {"Name": "state", "Values": ["associating", "associated"]},
        ]
    )
    associations = answer["IamInstanceProfileAssociations"]
    return associations[0]["AssociationId"] if associations else ""


@explained("give {InstanceId} its instance profile")
def associate_profile(client: EC2Client, request: Record) -> None:
    client.associate_iam_instance_profile(**request)


@explained("change the instance profile {AssociationId}")
def replace_profile(client: EC2Client, request: Record) -> None:
    client.replace_iam_instance_profile_association(**request)


@explained("tag {Resources}")
def create_tags(client: EC2Client, request: Record) -> None:
    client.create_tags(**request)


@dataclass(frozen=True)
class Hardening:
    """What is asked of every instance; None is "not asked for"."""

    metadata_options: Mapping[str, Any] | None  # as ModifyInstanceMetadataOptions names them
    termination_protection: bool | None
    tags: Mapping[str, str] | None  # of the instance and its volumes; others stay
    instance_profile: str | None = None  # its ARN


def read(client: EC2Client, filters: Mapping[str, Any], wanted: Hardening) -> tuple[State, list[str]]:
    """What is there of what is asked, and the ids of volumes that are not encrypted."""
    instances = describe_instances(client, {"Filters": _filters(filters)})
    ids = [instance["InstanceId"] for instance in instances]
    volumes: Sequence[Record] = []
    if ids:
        volumes = describe_volumes(client, {"Filters": _filters({"attachment.instance-id": ids})})
    state: State = {}
    for instance in instances:
        held: dict[str, Any] = {}
        state[instance["InstanceId"]] = held
        if wanted.metadata_options is not None:
            there = instance.get("MetadataOptions", {})
            held["metadata_options"] = {name: there.get(name) for name in wanted.metadata_options}
        if wanted.termination_protection is not None:
            request = {"InstanceId": instance["InstanceId"]}
            held["termination_protection"] = termination_protection(client, request)
        if wanted.instance_profile is not None:
            held["instance_profile"] = instance.get("IamInstanceProfile", {}).get("Arn", "")
    if wanted.tags is not None:
        for thing in (*instances, *volumes):
            name = thing.get("VolumeId") or thing["InstanceId"]
            state.setdefault(name, {})["tags"] = from_tag_list(thing.get("Tags", []))
    return state, [volume["VolumeId"] for volume in volumes if not volume["Encrypted"]]


def desired(current: State, wanted: Hardening) -> State:
    """What should be there: pure."""
    asked = {
        "metadata_options": wanted.metadata_options,
        "termination_protection": wanted.termination_protection,
        "instance_profile": wanted.instance_profile,
    }
    return {
        name: {
            part: {**value, **(wanted.tags or {})} if part == "tags" else asked[part]
            for part, value in held.items()
        }
        for name, held in current.items()
    }


def differences(current: State, after: State) -> tuple[State, State]:
    """Both sides, of what differs alone: a diff that names the drift and nothing else."""
    changed: tuple[State, State] = ({}, {})
    for name, held in current.items():
        parts = [part for part in held if held[part] != after[name][part]]
        if parts:
            for side, shown in zip((current, after), changed, strict=True):
                shown[name] = {part: _shown(side[name][part]) for part in parts}
    return changed


def apply(client: EC2Client, current: State, after: State) -> None:
    for name, wanted in after.items():
        held = current[name]
        if wanted.get("metadata_options") != held.get("metadata_options"):
            modify_metadata_options(client, {"InstanceId": name, **wanted["metadata_options"]})
        if wanted.get("termination_protection") != held.get("termination_protection"):
            value = {"Value": wanted["termination_protection"]}
            modify_attribute(client, {"InstanceId": name, "DisableApiTermination": value})
        if wanted.get("instance_profile") != held.get("instance_profile"):
            set_profile(client, name, wanted["instance_profile"])
        # Those of others stay.
        fresh, _ = tag_changes(held.get("tags", {}), wanted.get("tags", {}))
        if fresh:
            create_tags(client, {"Resources": [name], "Tags": to_tag_list(fresh)})


def set_profile(client: EC2Client, instance: str, arn: str) -> None:
    """In place: the credentials of the metadata service follow, and nothing is stopped."""
    profile = {"IamInstanceProfile": {"Arn": arn}}
    association = profile_association(client, {"InstanceId": instance})
    if association:
        replace_profile(client, {"AssociationId": association, **profile})
    else:
        associate_profile(client, {"InstanceId": instance, **profile})


def _filters(filters: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"Name": name, "Values": _values(value)} for name, value in filters.items()]


def _values(value: Any) -> list[str]:  # noqa: ANN401 - a string, or a list of them
    several: Iterable[Any] = value if isinstance(value, list) else [value]
    return [str(each) for each in several]


def _shown(part: Any) -> Any:  # noqa: ANN401 - a part of State
    if not isinstance(part, dict) or "HttpTokens" not in part:
        return part
    return {snake_name(name): value for name, value in part.items()}
