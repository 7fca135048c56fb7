"""What an instance's metadata says, as a tree of folders."""

import base64
import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

VERSION = re.compile(r"latest|\d{4}-\d{2}-\d{2}")

Node = str | Callable[[], str] | Mapping[str, Any]
"""A value, how to make one, or a folder of nodes. In a folder's listing, a folder ends with `/`."""


def read(tree: Node, path: str) -> tuple[HTTPStatus, str]:
    parts = [part for part in path.split("?", 1)[0].split("/") if part]
    if not parts:
        return HTTPStatus.OK, "latest"
    if not VERSION.fullmatch(parts[0]):
        return HTTPStatus.NOT_FOUND, ""
    node = tree
    for part in parts[1:]:
        if not isinstance(node, Mapping) or part not in node:
            return HTTPStatus.NOT_FOUND, ""
        node = node[part]
    if isinstance(node, Mapping):
        return HTTPStatus.OK, "\n".join(_listed(name, child) for name, child in sorted(node.items()))
    return HTTPStatus.OK, node if isinstance(node, str) else node()


def _listed(name: str, child: Node) -> str:
    if isinstance(child, _NamedFolder):
        return f"{name}={child.label}"
    return f"{name}/" if isinstance(child, Mapping) else name


class _NamedFolder(dict[str, Node]):
    """A folder that is listed with a label: `0=name-of-the-key-pair`."""

    def __init__(self, label: str, **nodes: Node) -> None:
        super().__init__({name.replace("_", "-"): node for name, node in nodes.items()})
        self.label = label


def metadata(instance: Any, public_key: str | None) -> dict[str, Node]:  # noqa: ANN401 - moto's Instance
    interface = instance.nics[0]
    groups = [group.group_name for group in interface.group_set]
    nodes: dict[str, Node] = {
        "ami-id": instance.image_id,
        "ami-launch-index": str(instance.ami_launch_index),
        "ami-manifest-path": "(unknown)",
        "block-device-mapping": {"ami": "/dev/xvda", "root": "/dev/xvda"},
        "hostname": instance.private_dns_name,
        "instance-action": "none",
        "instance-id": instance.id,
        "instance-life-cycle": instance.lifecycle or "on-demand",
        "instance-type": instance.instance_type,
        "local-hostname": instance.private_dns_name,
        "local-ipv4": interface.private_ip_address,
        "mac": interface.mac_address,
        "network": {"interfaces": {"macs": {interface.mac_address: _interface(instance, groups)}}},
        "placement": _placement(instance),
        "profile": "default-hvm",
        "reservation-id": _reservation_id(instance),
        "security-groups": "\n".join(groups),
        "services": {"domain": _domain(instance), "partition": instance.ec2_backend.partition},
        "system": "nitro",
    }
    if interface.public_ip:
        nodes["public-ipv4"] = interface.public_ip
        nodes["public-hostname"] = instance.public_dns_name or ""
    if public_key:
        nodes["public-keys"] = {"0": _NamedFolder(instance.key_name, openssh_key=f"{public_key}\n")}
    if instance.metadata_options.instance_metadata_tags == "enabled":
        nodes["tags"] = {"instance": {tag["key"]: tag["value"] for tag in instance.get_tags()}}
    return nodes


def _interface(instance: Any, groups: list[str]) -> Node:  # noqa: ANN401 - moto's Instance
    interface = instance.nics[0]
    nodes: dict[str, Node] = {
        "device-number": "0",
        "interface-id": interface.id,
        "local-hostname": instance.private_dns_name,
        "local-ipv4s": interface.private_ip_address,
        "mac": interface.mac_address,
        "owner-id": instance.owner_id,
        "security-group-ids": "\n".join(group.id for group in interface.group_set),
        "security-groups": "\n".join(groups),
        "subnet-id": interface.subnet.id,
        "subnet-ipv4-cidr-block": interface.subnet.cidr_block,
        "vpc-id": interface.subnet.vpc_id,
    }
    if interface.public_ip:
        nodes["public-hostname"] = instance.public_dns_name or ""
        nodes["public-ipv4s"] = interface.public_ip
        nodes["ipv4-associations"] = {interface.public_ip: interface.private_ip_address}
    return nodes


def _placement(instance: Any) -> Node:  # noqa: ANN401 - moto's Instance
    subnet = instance.nics[0].subnet
    return {
        "availability-zone": instance.availability_zone,
        "availability-zone-id": getattr(subnet, "availability_zone_id", None) or "",
        "region": instance.ec2_backend.region_name,
    }


def identity_document(instance: Any) -> Mapping[str, Any]:  # noqa: ANN401 - moto's Instance
    return {
        "accountId": instance.owner_id,
        "architecture": instance.architecture,
        "availabilityZone": instance.availability_zone,
        "billingProducts": None,
        "devpayProductCodes": None,
        "marketplaceProductCodes": None,
        "imageId": instance.image_id,
        "instanceId": instance.id,
        "instanceType": instance.instance_type,
        "kernelId": None,
        "pendingTime": stamp(aware(instance.launch_time)),
        "privateIp": instance.private_ip_address,
        "ramdiskId": None,
        "region": instance.ec2_backend.region_name,
        "version": "2017-09-30",
    }


def _reservation_id(instance: Any) -> str:  # noqa: ANN401 - moto's Instance
    for reservation in list(instance.ec2_backend.reservations.values()):
        if instance in reservation.instances:
            return str(reservation.id)
    return ""


def _domain(instance: Any) -> str:  # noqa: ANN401 - moto's Instance
    return "amazonaws.com.cn" if instance.ec2_backend.partition == "aws-cn" else "amazonaws.com"


def user_data(instance: Any) -> str:  # noqa: ANN401 - moto's Instance
    """The bytes that were given, as text that `_answer` turns into the same bytes."""
    return base64.b64decode(str(instance.user_data)).decode(errors="surrogateescape")


def aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def as_json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2)
