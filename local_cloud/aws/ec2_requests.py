# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is replaced or asked of them is private
"""What EC2 refuses of a request, and what it makes of a client token or a launch template; moto does not.

`moto_changes` puts it there. Words that are not quoted from AWS's documentation or from public reports of
its users are marked as inferred.
"""

import base64
import binascii
import ipaddress
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import moto.ec2.models.key_pairs
from cryptography.exceptions import UnsupportedAlgorithm
from moto.core.responses import ActionResult, BaseResponse
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import ec2_backends
from moto.ec2.models.instances import Instance
from moto.ec2.models.subnets import Subnet
from moto.ec2.responses._base_response import EC2BaseResponse
from moto.ec2.utils import public_key_parse

Parameters = dict[str, Any]

ID_KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "ami": ("InvalidAMIID.Malformed", ("ImageId", "ImageIds")),
    "i": ("InvalidInstanceID.Malformed", ("InstanceId", "InstanceIds")),
    "sg": ("InvalidGroupId.Malformed", ("GroupId", "GroupIds", "SecurityGroupIds")),
    "vol": ("InvalidVolumeID.Malformed", ("VolumeId", "VolumeIds")),
}
"""Prefix of an id -> the error where one has another form, and the parameters that are such."""
RESERVED_HEAD = 4
"""Addresses at a subnet's start that AWS keeps: the network's own, router, DNS, one for later."""
MOST_TAGS, LONGEST_KEY, LONGEST_VALUE = 50, 128, 256
LARGEST_PORT = 65535
LARGEST_USER_DATA = 16384
DESCRIPTION = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}")
PROTOCOLS = {"tcp", "udp", "icmp", "icmpv6", "-1", "all"}
WITH_PORTS = {"tcp", "udp", "6", "17"}


def public_key(material: bytes) -> Any:
    """An SSH public key of a kind that EC2 takes: RSA or ED25519, one line of OpenSSH or RFC 4716."""
    try:
        return public_key_parse(material)
    except (ValueError, UnsupportedAlgorithm):
        raise EC2ClientError("InvalidKey.Format", "Key is not in valid OpenSSH public key format") from None


# Before the operation.


def check(action: str, given: Parameters) -> None:
    """Raises what EC2 says of parameters that it need not look up."""
    for prefix, (code, names) in ID_KINDS.items():
        for identifier in _named(given, names):
            _check_id(prefix, identifier, code)
    for specification in given.get("TagSpecifications", []):
        _check_tags(specification.get("Tags", []))
    if action in CHECKS:
        CHECKS[action](given)


def _named(given: Parameters, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        value = given.get(name)
        yield from value if isinstance(value, list) else [value] if isinstance(value, str) else []


def _check_id(prefix: str, identifier: str, code: str) -> None:
    if re.fullmatch(rf"{prefix}-([0-9a-f]{{8}}|[0-9a-f]{{17}})|resolve:ssm:.+", identifier):
        return
    expecting = "" if identifier.startswith(f"{prefix}-") else f' (expecting "{prefix}-...")'
    raise EC2ClientError(code, f'Invalid id: "{identifier}"{expecting}')


def _check_tags(tags: list[Mapping[str, str]]) -> None:
    keys = Counter(tag.get("Key", "") for tag in tags)
    if len(keys) > MOST_TAGS:
        raise EC2ClientError(
            "TagLimitExceeded", "The maximum number of Tags for a resource has been reached."
        )
    for key, times in keys.items():
        if key.lower().startswith("aws:"):
            raise _invalid("Tag keys starting with 'aws:' are reserved for internal use")
        if times > 1:
            raise _invalid(f"Duplicate tag key '{key}' specified.")
        if not 0 < len(key) <= LONGEST_KEY:
            # Inferred.
            raise _invalid(f"Tag keys have between 1 and {LONGEST_KEY} characters: '{key}'")
    for tag in tags:
        if len(tag.get("Value") or "") > LONGEST_VALUE:
            # Inferred.
            raise _invalid(f"Tag values have at most {LONGEST_VALUE} characters: the one of '{tag['Key']}'")


def _check_create_tags(given: Parameters) -> None:
    _check_tags(given.get("Tags", []))


def _check_run_instances(given: Parameters) -> None:
    most, least = int(given.get("MaxCount", 1)), int(given.get("MinCount", 1))
    if least < 1 or most < 1 or least > most:
        # Inferred.
        raise _invalid(f"Value ({most}) for parameter maxCount is invalid: minCount is {least}.")
    data = given.get("UserData") or ""
    try:
        size = len(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        raise _invalid("Invalid BASE64 encoding of user data.") from None
    if size > LARGEST_USER_DATA:
        raise _invalid(f"User data is limited to {LARGEST_USER_DATA} bytes")


def _check_security_group(given: Parameters) -> None:
    name, description = given.get("GroupName") or "", given.get("Description") or ""
    if name.startswith("sg-"):
        raise _invalid(
            f"Value ({name}) for parameter GroupName is invalid. Group names may not be in the format sg-*."
        )
    if len(name) > LONGEST_VALUE - 1 or not DESCRIPTION.fullmatch(name):
        raise _invalid(
            f"Value ({name}) for parameter GroupName is invalid."
            " Character sets beyond ASCII are not supported."
        )
    if not DESCRIPTION.fullmatch(description):
        raise _invalid(
            f"Value ({description}) for parameter GroupDescription is invalid. Valid descriptions are strings"
            " less than 256 characters from the following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
        )


def _check_rules(given: Parameters) -> None:
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
            raise _invalid(f"TCP/UDP port ({port}) out of range")
    if first > last:
        raise _invalid(f"Invalid TCP/UDP port range ({first}:{last})")
    for each in permission.get("IpRanges", []):
        text = each.get("Description") or ""
        if not DESCRIPTION.fullmatch(text):
            raise _invalid(
                "Invalid rule description. Valid descriptions are strings less than 256 characters from the"
                " following set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
            )


CHECKS: dict[str, Callable[[Parameters], None]] = {
    "RunInstances": _check_run_instances,
    "CreateTags": _check_create_tags,
    "CreateSecurityGroup": _check_security_group,
    "AuthorizeSecurityGroupIngress": _check_rules,
    "AuthorizeSecurityGroupEgress": _check_rules,
}


def _invalid(message: str) -> EC2ClientError:
    return EC2ClientError("InvalidParameterValue", message)


# Client tokens.


class Tokens:
    """What each operation has answered to each client token, in one account and region."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], tuple[str, ActionResult]] = {}

    def answer(self, action: str, token: str, given: str) -> ActionResult | None:
        """The first answer again; None where there was none. Raises EC2's error for other parameters."""
        if (action, token) not in self._kept:
            return None
        before, result = self._kept[action, token]
        if before != given:
            raise EC2ClientError(
                "IdempotentParameterMismatch",
                "Arguments on this idempotent request are inconsistent with arguments used in previous"
                " request(s).",
            )
        instances = getattr(result.result, "instances", [])
        if action == "RunInstances" and all(each.state == "terminated" for each in instances):
            raise EC2ClientError(
                "IdempotentInstanceTerminated",
                "The client token you have provided is associated with a terminated instance."
                " Please use a different client token.",
            )
        return result

    def keep(self, action: str, token: str, given: str, result: ActionResult) -> None:
        self._kept[action, token] = (given, result)


def _tokens(backend: Any) -> Tokens:
    """They live as long as the account does: a reset leaves nothing of a backend."""
    found: Tokens = backend.__dict__.setdefault("_local_cloud_tokens", Tokens())
    return found


def call_action(response: Any) -> Any:
    """moto's way to an operation, behind EC2's checks and its memory of client tokens."""
    action = response._get_action()
    given = dict(response.params)
    token = given.get("ClientToken")
    try:
        check(action, given)
        asked = json.dumps(given, default=str, sort_keys=True)
        known = _tokens(response.ec2_backend).answer(action, token, asked) if token else None
    except EC2ClientError as refused:
        known = ActionResult(refused)
    if known is not None:
        return response.serialized(known)
    response.asked_with_token = (action, token, asked) if token else None
    return BaseResponse.call_action(response)


def serialized(response: Any, result: ActionResult) -> Any:
    """As moto does it; the answer to a client token is kept."""
    asked = getattr(response, "asked_with_token", None)
    if asked and not isinstance(result.result, Exception):
        action, token, given = asked
        _tokens(response.ec2_backend).keep(action, token, given, result)
    return BaseResponse.serialized(response, result)


# Launches.


def with_launch_template(backend: Any, given: Parameters) -> Parameters:
    """RunInstances' parameters, those of its launch template among them; what is given itself wins.

    Tags are put together, key by key.
    """
    template = given.get("LaunchTemplate")
    if not template:
        return given
    data = dict(backend._get_template_from_args(template).data)
    # moto takes it from the template itself.
    data.pop("UserData", None)
    merged = {**data, **given}
    if "NetworkInterfaces" in data and "SubnetId" in given and "NetworkInterfaces" not in given:
        # Inferred: EC2 takes the interface of the template, in the subnet of the request.
        merged["NetworkInterfaces"] = [
            {**each, "SubnetId": merged.pop("SubnetId", given["SubnetId"])}
            for each in data["NetworkInterfaces"]
        ]
    tags = _tags_by_type(data)
    for kind, own in _tags_by_type(given).items():
        tags[kind] = tags.get(kind, {}) | own
    if tags:
        merged["TagSpecifications"] = [
            {"ResourceType": kind, "Tags": [{"Key": key, "Value": value} for key, value in pairs.items()]}
            for kind, pairs in tags.items()
        ]
    return merged


def _tags_by_type(given: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    return {
        each["ResourceType"]: {tag["Key"]: tag.get("Value") or "" for tag in each.get("Tags", [])}
        for each in given.get("TagSpecifications", [])
    }


def check_addresses(backend: Any, count: int, given: Mapping[str, Any]) -> None:
    """Each private address that a launch names is in its subnet, and nobody's. `given`: as moto has them."""
    wanted = [(given.get("subnet_id"), given["private_ip"])] if given.get("private_ip") else []
    for interface in given.get("nics") or []:
        subnet_id = interface.get("SubnetId") or given.get("subnet_id")
        named = [interface.get("PrivateIpAddress")]
        named += [each.get("PrivateIpAddress") for each in interface.get("PrivateIpAddresses", [])]
        wanted += [(subnet_id, address) for address in named if address]
    if wanted and count > 1:
        # Inferred.
        raise EC2ClientError(
            "InvalidParameterCombination", "A private IP address can be given to one instance only."
        )
    for subnet_id, address in wanted:
        if subnet_id:
            check_address(backend.get_subnet(subnet_id), address)
    if given.get("subnet_id"):
        _check_room(backend.get_subnet(given["subnet_id"]), count)


def check_address(subnet: Any, address: str) -> None:
    """Raises what EC2 says of an address that can't be an interface's in this subnet."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        raise _invalid(
            f"Value ({address}) for parameter privateIpAddress is invalid. Invalid IPv4 address."
        ) from None
    if parsed not in subnet.cidr:
        raise _invalid(f"Address {address} does not fall within the subnet's address range")
    place = int(parsed) - int(subnet.cidr.network_address)
    if place < RESERVED_HEAD or parsed == subnet.cidr.broadcast_address:
        raise _invalid(f"Address {address} is in subnet's reserved address range")
    # All regions' hosts are on one network here.
    if any(
        interface.private_ip_address == address and not _has_ended(interface.instance)
        for regions in ec2_backends.values()
        for backend in regions.values()
        for interface in backend.enis.values()
    ):
        raise EC2ClientError("InvalidIPAddress.InUse", f"Address {address} is in use.")


def _has_ended(instance: Any) -> bool:
    """moto keeps the interfaces of a terminated instance."""
    return instance is not None and instance.state == "terminated"


def _check_room(subnet: Any, count: int) -> None:
    if count > subnet.available_ip_address_count:
        raise EC2ClientError(
            "InsufficientFreeAddressesInSubnet",
            f"There are not enough free addresses in subnet '{subnet.id}' to satisfy the requested number of"
            " instances.",
        )


def request_ip(subnet: Any, address: str, instance: Instance) -> None:
    """An address that was asked for becomes an interface's."""
    check_address(subnet, address)
    subnet._unused_ips.discard(address)
    subnet._subnet_ips[address] = instance


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (moto.ec2.models.key_pairs, "public_key_parse", public_key),
    (EC2BaseResponse, "call_action", call_action),
    (EC2BaseResponse, "serialized", serialized),
    (Subnet, "request_ip", request_ip),
)
