# ruff: noqa: ANN401 - JSON
"""One call in CloudTrail's words: "CloudTrail record contents for management events"."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from botocore.model import ListShape, MapShape, Shape, StructureShape
from moto.core.models import DEFAULT_ACCOUNT_ID

from local_cloud.aws.trail import resources
from local_cloud.request_log import READING

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
LONGEST = 2048
"""Characters of one value; longer ones are cut. CloudTrail leaves out whole members beyond 100 KB."""
VERSION = "1.11"
BY_SERVICE = ".amazonaws.com"


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """What LookupEvents tells of a call."""

    event_id: str
    event_name: str
    event_source: str
    event_time: datetime
    read_only: bool
    username: str
    access_key_id: str
    region: str
    resources: list[dict[str, str]]
    event: bytes
    """The whole record as compressed JSON: thousands are kept, and hardly any is read."""

    def told(self) -> dict[str, Any]:
        """As LookupEvents' answer has it."""
        return {
            "EventId": self.event_id,
            "EventName": self.event_name,
            "EventSource": self.event_source,
            "EventTime": self.event_time,
            "ReadOnly": str(self.read_only).lower(),
            "Username": self.username,
            "AccessKeyId": self.access_key_id,
            "Resources": self.resources,
            "CloudTrailEvent": zlib.decompress(self.event).decode(),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Circumstances:
    """Which call it was, of whom, when, and from where."""

    service: str
    """As endpoints have it: `ec2`."""
    action: str
    region: str
    time: datetime
    who: dict[str, Any]
    """CloudTrail's `userIdentity`."""
    source: str
    """An address, or the service of AWS that called."""
    agent: str


def made(call: Circumstances, outcome: Mapping[str, Any]) -> Record:
    """The record of a call. `outcome` has `requestParameters`, `responseElements`, and a refusal's error."""
    source = f"{call.service}{BY_SERVICE}"
    is_read_only = bool(READING.match(call.action))
    event = {
        "eventVersion": VERSION,
        "userIdentity": call.who,
        "eventTime": moment(call.time),
        "eventSource": source,
        "eventName": call.action,
        "awsRegion": call.region,
        "sourceIPAddress": call.source,
        "userAgent": call.agent,
        "requestID": str(uuid4()),
        **outcome,
        "eventID": str(uuid4()),
        "readOnly": is_read_only,
        "eventType": "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": DEFAULT_ACCOUNT_ID,
        "eventCategory": "Management",
    }
    return Record(
        event_id=event["eventID"],
        event_name=call.action,
        event_source=source,
        event_time=call.time,
        read_only=is_read_only,
        username=username(call.who),
        access_key_id=call.who["accessKeyId"],
        region=call.region,
        resources=resources.named(call.service, outcome["requestParameters"], outcome["responseElements"]),
        event=zlib.compress(json.dumps(event).encode()),
    )


def readable(value: Any, shape: Shape | None) -> Any:
    """Parameters or an answer, in CloudTrail's names, without what the service's model calls sensitive."""
    if value is None or shape is None:
        return None
    if shape.metadata.get("sensitive"):
        return HIDDEN
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        return {
            camel(name): readable(value[name], member)
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [readable(each, shape.member) for each in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {str(key): readable(each, shape.value) for key, each in value.items()}
    return HIDDEN if shape.type_name == "blob" else _plain(value)


def _plain(value: Any) -> str | float:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value if isinstance(value, bool | int | float) else str(value)[:LONGEST]


def camel(name: str) -> str:
    """A member's name as records have it: DBName -> dBName, InstanceId -> instanceId."""
    return name[:1].lower() + name[1:]


def identity(arn: str, account: str, access_key: str, service: str | None) -> dict[str, Any]:
    """Who called, by ARN; `service` is the one that called as that role."""
    kind, _, rest = arn.rpartition(":")[2].partition("/")
    common = {"arn": arn, "accountId": account, "accessKeyId": access_key}
    if kind == "assumed-role":
        role, _, session = rest.partition("/")
        partition = arn.split(":")[1]
        issuer = {
            "type": "Role",
            "arn": f"arn:{partition}:iam::{account}:role/{role}",
            "accountId": account,
            "userName": role,
        }
        invoked = {"invokedBy": service} if service else {}
        return {
            "type": "AssumedRole",
            "principalId": f"{role}:{session}",
            **common,
            "sessionContext": {"sessionIssuer": issuer},
            **invoked,
        }
    if kind == "user":
        name = rest.rpartition("/")[2]
        return {"type": "IAMUser", "principalId": name, **common, "userName": name}
    if kind == "root":
        return {"type": "Root", "principalId": account, **common}
    return {"type": "Unknown", "principalId": access_key, "accountId": account, "accessKeyId": access_key}


def username(who: Mapping[str, Any]) -> str:
    """As LookupEvents has it: a user's name, or that of a session."""
    if who["type"] == "Root":
        return "root"
    return str(who.get("userName") or str(who["principalId"]).rpartition(":")[2])


def moment(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
