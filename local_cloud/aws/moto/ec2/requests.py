# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is asked of them is private
"""What EC2 refuses of a request, and what it makes of a client token; moto does not.

Words that are not quoted from AWS's documentation or from public reports of
its users are marked as inferred.
"""

import base64
import binascii
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import moto.ec2.models.key_pairs
from cryptography.exceptions import UnsupportedAlgorithm
from moto.core.responses import ActionResult, BaseResponse
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.responses._base_response import EC2BaseResponse
from moto.ec2.utils import public_key_parse

from local_cloud.aws.moto.ec2.errors import invalid
from local_cloud.aws.moto.ec2.security_groups import check_group, check_rules

Parameters = dict[str, Any]

ID_KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "ami": ("InvalidAMIID.Malformed", ("ImageId", "ImageIds")),
    "i": ("InvalidInstanceID.Malformed", ("InstanceId", "InstanceIds")),
    "sg": ("InvalidGroupId.Malformed", ("GroupId", "GroupIds", "SecurityGroupIds")),
    "vol": ("InvalidVolumeID.Malformed", ("VolumeId", "VolumeIds")),
}
"""Prefix of an id -> the error where one has another form, and the parameters that are such."""
MOST_TAGS, LONGEST_KEY, LONGEST_VALUE = 50, 128, 256
LARGEST_USER_DATA = 16384


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
            raise invalid("Tag keys starting with 'aws:' are reserved for internal use")
        if times > 1:
            raise invalid(f"Duplicate tag key '{key}' specified.")
        if not 0 < len(key) <= LONGEST_KEY:
            # Inferred.
            raise invalid(f"Tag keys have between 1 and {LONGEST_KEY} characters: '{key}'")
    for tag in tags:
        if len(tag.get("Value") or "") > LONGEST_VALUE:
            # Inferred.
            raise invalid(f"Tag values have at most {LONGEST_VALUE} characters: the one of '{tag['Key']}'")


def _check_create_tags(given: Parameters) -> None:
    _check_tags(given.get("Tags", []))


def _check_run_instances(given: Parameters) -> None:
    most, least = int(given.get("MaxCount", 1)), int(given.get("MinCount", 1))
    if least < 1 or most < 1 or least > most:
        # Inferred.
        raise invalid(f"Value ({most}) for parameter maxCount is invalid: minCount is {least}.")
    data = given.get("UserData") or ""
    try:
        size = len(base64.b64decode(data, validate=True))
    except (binascii.Error, ValueError):
        raise invalid("Invalid BASE64 encoding of user data.") from None
    if size > LARGEST_USER_DATA:
        raise invalid(f"User data is limited to {LARGEST_USER_DATA} bytes")


CHECKS: dict[str, Callable[[Parameters], None]] = {
    "RunInstances": _check_run_instances,
    "CreateTags": _check_create_tags,
    "CreateSecurityGroup": check_group,
    "AuthorizeSecurityGroupIngress": check_rules,
    "AuthorizeSecurityGroupEgress": check_rules,
}


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


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (moto.ec2.models.key_pairs, "public_key_parse", public_key),
    (EC2BaseResponse, "call_action", call_action),
    (EC2BaseResponse, "serialized", serialized),
)
