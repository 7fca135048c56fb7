# ruff: noqa: ANN401 - moto's objects are duck-typed
"""What EC2 refuses of security groups and their rules, and moto keeps."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from moto.core.responses import ActionResult
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.security_groups import SecurityGroupBackend, SecurityGroupRule
from moto.ec2.models.vpcs import VPCBackend
from moto.ec2.responses.security_groups import SecurityGroups

from local_cloud.aws.moto.ec2.errors import invalid

Parameters = dict[str, Any]

DESCRIBING = (
    "update_security_group_rule_descriptions_egress",
    "update_security_group_rule_descriptions_ingress",
)
"""Operations that answer whether they succeeded, which moto leaves out."""
LONGEST_NAME = 255
LARGEST_PORT = 65535
DESCRIPTION = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}")
PROTOCOLS = {"tcp", "udp", "icmp", "icmpv6", "-1", "all"}
ALL = "-1"
NAMES = {"6": "tcp", "17": "udp", "1": "icmp", "all": ALL}
KINDS = {
    "CidrIpv4": "IPv4 CIDR",
    "CidrIpv6": "IPv6 CIDR",
    "ReferencedGroupId": "referenced group",
    "PrefixListId": "prefix list",
}
WITH_PORTS = {"tcp", "udp", "6", "17"}


def check_group(given: Parameters) -> None:
    name, description = given.get("GroupName") or "", given.get("Description") or ""
    if name.startswith("sg-"):
        raise invalid(
            f"Value ({name}) for parameter GroupName is invalid. Group names may not be in the format sg-*."
        )
    if len(name) > LONGEST_NAME or not DESCRIPTION.fullmatch(name):
        raise invalid(
            f"Value ({name}) for parameter GroupName is invalid."
            " Character sets beyond ASCII are not supported."
        )
    if not DESCRIPTION.fullmatch(description):
        raise invalid(
            f"Value ({description}) for parameter GroupDescription is invalid. Valid descriptions are strings"
            " less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
        )


def check_rules(given: Parameters) -> None:
    permissions = given.get("IpPermissions") or ([given] if given.get("IpProtocol") else [])
    for permission in permissions:
        _check_rule(permission)


def _check_rule(permission: Mapping[str, Any]) -> None:
    protocol = str(permission.get("IpProtocol", "")).lower()
    if protocol not in PROTOCOLS and not (protocol.isascii() and protocol.isdigit() and int(protocol) <= 255):  # noqa: PLR2004 - a byte
        raise EC2ClientError(
            "InvalidPermission.Malformed", f'Unsupported IP protocol "{permission.get("IpProtocol")}"'
        )
    if protocol not in WITH_PORTS:
        return
    first, last = (int(permission.get(name, -1)) for name in ("FromPort", "ToPort"))
    for port in (first, last):
        if not 0 <= port <= LARGEST_PORT:
            raise invalid(f"TCP/UDP port ({port}) out of range")
    if first > last:
        raise invalid(f"Invalid TCP/UDP port range ({first}:{last})")
    for each in permission.get("IpRanges", []):
        text = each.get("Description") or ""
        if not DESCRIPTION.fullmatch(text):
            raise invalid(
                "Invalid rule description. Valid descriptions are strings less than 256 characters from the"
                " following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
            )


def _succeeding(name: str) -> Callable[[SecurityGroups], ActionResult]:
    original: Callable[[SecurityGroups], object] = getattr(SecurityGroups, name)

    def respond(response: SecurityGroups) -> ActionResult:
        original(response)
        return ActionResult({"Return": True})

    return respond


_original_delete = SecurityGroupBackend.delete_security_group
_original_delete_vpc = VPCBackend.delete_vpc


def delete_group(backend: Any, name: str | None = None, group_id: str | None = None) -> None:
    """A VPC's own group stays, and so does one that an instance or an interface has."""
    group = backend.get_security_group_by_name_or_id(group_id or name)
    if group and group.name == "default":
        raise EC2ClientError(
            "CannotDelete", f'the specified group: "{group.id}" name: "default" cannot be deleted by a user'
        )
    if group and group.id in _used(backend):
        raise EC2ClientError("DependencyViolation", f"resource {group.id} has a dependent object")
    _original_delete(backend, name, group_id)


def delete_vpc(backend: Any, vpc_id: str) -> Any:
    """A VPC's own group ends with it, though nobody may delete it."""
    groups = backend.groups.get(vpc_id, {})
    own = {group.id: group for group in list(groups.values()) if group.name == "default"}
    for group_id in own:
        del groups[group_id]
    try:
        return _original_delete_vpc(backend, vpc_id)
    except EC2ClientError:
        groups.update(own)
        raise


def _used(backend: Any) -> set[str]:
    """The groups of interfaces, but for those of instances that have ended."""
    interfaces = (
        each for each in backend.enis.values() if each.instance is None or each.instance.state != "terminated"
    )
    return {group.id for each in interfaces for group in each.group_set}


_original_create = SecurityGroupBackend.create_security_group
_original_modify = SecurityGroupBackend.modify_security_group_rules


def create_group(backend: Any, *arguments: Any, **named: Any) -> Any:
    """A VPC's own group lets its members reach one another."""
    group = _original_create(backend, *arguments, **named)
    if group.is_default:
        itself = {"GroupId": group.id, "UserId": backend.account_id, "OwnerId": backend.account_id}
        group.add_ingress_rule(
            SecurityGroupRule(backend, ALL, group.id, None, None, None, itself, is_egress=False)
        )
    return group


def modify_rules(backend: Any, group_id: str, rules: dict[str, Parameters]) -> None:
    """Also to another group or prefix list, and to a protocol without ports: moto leaves both out."""
    group = backend.get_security_group_by_name_or_id(group_id)
    for rule_id, wanted in rules.items():
        rule = group.get_rule(rule_id) if group else None
        if rule is not None:
            _check_kind(rule, wanted)
        if str(wanted.get("IpProtocol", "")).lower() not in WITH_PORTS:
            wanted.setdefault("FromPort", -1)
            wanted.setdefault("ToPort", -1)
        _check_rule(wanted)
    _original_modify(backend, group_id, rules)
    for rule_id, wanted in rules.items():
        rule = group.get_rule(rule_id)
        rule.ip_protocol = NAMES.get(str(rule.ip_protocol).lower(), rule.ip_protocol)
        if rule.ip_protocol == ALL:
            rule.from_port = rule.to_port = None
        if "ReferencedGroupId" in wanted:
            rule.source_group = rule.source_group | {"GroupId": wanted["ReferencedGroupId"]}
        if "PrefixListId" in wanted:
            rule.prefix_list_id = wanted["PrefixListId"]


def _check_kind(rule: Any, wanted: Parameters) -> None:
    """A rule stays of its kind. The words are moto's for two of the kinds; for the others inferred from
    them."""
    has = {
        "CidrIpv4": "CidrIp" in rule.ip_range,
        "CidrIpv6": "CidrIpv6" in rule.ip_range,
        "ReferencedGroupId": bool(rule.source_group),
        "PrefixListId": bool(rule.prefix_list_id),
    }
    for name, is_there in has.items():
        if name in wanted and not is_there:
            [kind] = [KINDS[each] for each, it_is in has.items() if it_is]
            raise invalid(
                f"Invalid rule type for security group rule '{rule.id}'. You may not specify {name} for an"
                f" existing {kind} rule."
            )


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    *((SecurityGroups, name, _succeeding(name)) for name in DESCRIBING),
    (SecurityGroupBackend, "create_security_group", create_group),
    (SecurityGroupBackend, "delete_security_group", delete_group),
    (VPCBackend, "delete_vpc", delete_vpc),
    (SecurityGroupBackend, "modify_security_group_rules", modify_rules),
)
