# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An SNS topic with those who subscribe to it; one that others made is neither changed nor deleted."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from ansible_collections.amazon.aws.plugins.module_utils.policy import compare_policies

from ..aws.errors import ModuleError, Record, explained, none_if, refuse
from ..aws.transformations import from_tag_list, merged_tags, tag_changes, to_tag_list

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ..aws.connection import Connection

ARN = r"arn:aws[a-z-]*:sns:[a-z0-9-]+:\d{12}:[A-Za-z0-9_-]{1,256}"
ENDPOINT = r"[^\s@:/]+@[^\s@:/]+|https?://\S+"
UNCONFIRMED, DELETED = "PendingConfirmation", "Deleted"
Client = Any  # boto3-stubs[sns] is not among the dependencies


@explained("read the topic {TopicArn}")
@none_if("NotFound", "NotFoundException")
def get_attributes(client: Client, request: Record) -> Record:
    attributes: Record = client.get_topic_attributes(**request)["Attributes"]
    return attributes


@explained("list the tags of the topic {ResourceArn}")
def list_tags(client: Client, request: Record) -> dict[str, str]:
    return from_tag_list(client.list_tags_for_resource(**request)["Tags"])


@explained("list the subscriptions of the topic {TopicArn}")
def list_subscriptions(client: Client, request: Record) -> list[Record]:
    pages = client.get_paginator("list_subscriptions_by_topic").paginate(**request)
    found = [each for page in pages for each in page["Subscriptions"]]
    return [each for each in found if each["SubscriptionArn"] != DELETED]


@explained("create the topic {Name}")
def create_topic(client: Client, request: Record) -> None:
    client.create_topic(**request)


@explained("set {AttributeName} of the topic {TopicArn}")
def set_attribute(client: Client, request: Record) -> None:
    client.set_topic_attributes(**request)


@explained("tag the topic {ResourceArn}")
def tag(client: Client, request: Record) -> None:
    client.tag_resource(**request)


@explained("remove tags from the topic {ResourceArn}")
def untag(client: Client, request: Record) -> None:
    client.untag_resource(**request)


@explained("subscribe to the topic {TopicArn}")
def subscribe(client: Client, request: Record) -> None:
    client.subscribe(**request)


@explained("remove the subscription {SubscriptionArn}")
@none_if("NotFound", "NotFoundException")
def unsubscribe(client: Client, request: Record) -> None:
    client.unsubscribe(**request)


@explained("delete the topic {TopicArn}")
@none_if("NotFound", "NotFoundException")
def delete_topic(client: Client, request: Record) -> None:
    client.delete_topic(**request)


def protocol(endpoint: str) -> str:
    """SNS's name of the way to an endpoint."""
    return endpoint.partition("://")[0] if "://" in endpoint else "email"


def label(endpoint: str) -> str:
    """What may be shown of it: whoever has the whole address of an HTTPS endpoint may post there."""
    if "://" not in endpoint:
        return endpoint
    digest = hashlib.sha256(endpoint.encode()).hexdigest()[:8]
    return f"{protocol(endpoint)}://{urlsplit(endpoint).hostname}/ ({digest})"


@dataclass(frozen=True)
class Topic:
    """What a user asks of one topic."""

    connection: Connection
    arn: str
    owned_tags: Mapping[str, str]
    state: str = "present"
    kms_key: str = "alias/aws/sns"
    policy: Mapping[str, Any] = field(default_factory=dict)
    endpoints: Sequence[str] = ()
    tags: Mapping[str, str] = field(default_factory=dict)

    already_exists = "none, CreateTopic returns a topic that is there"
    managed = ("kmsKey", "policy", "subscriptions", "tags")

    def check(self) -> None:
        """Refuse what AWS would refuse, before any call. Raises ModuleError."""
        refuse(self._problems())

    def _problems(self) -> Iterator[str]:
        if not re.fullmatch(ARN, self.arn):
            yield f"arn: {self.arn!r} is no topic. Allowed: arn:aws:sns:REGION:ACCOUNT:NAME"
        for endpoint in self.endpoints:
            if not re.fullmatch(ENDPOINT, endpoint):
                yield f"endpoints: {endpoint!r} is none. Allowed: an e-mail address or https://HOST/PATH"

    def describe(self) -> Record | None:
        """None too where somebody else's topic is not to be there: it stays."""
        client, topic = self.connection.sns, {"TopicArn": self.arn}
        attributes = get_attributes(client, topic)
        if attributes is None:
            return None
        tags = list_tags(client, {"ResourceArn": self.arn})
        if not self.owned_tags.items() <= tags.items():
            if self.state == "absent":
                return None
            needed = ", ".join(f"{key}={value}" for key, value in sorted(self.owned_tags.items()))
            raise ModuleError(
                f"The topic {self.arn} is there and somebody else's, for it has not the tags {needed}: "
                "give it these where it is to be taken over, or delete it."
            )
        return normalise(self.arn, attributes, list_subscriptions(client, topic), tags)

    def desired(self, current: Record | None) -> Record | None:
        if self.state == "absent":
            return None
        held: Record = current or {"tags": {}, "policy": {}, "unconfirmed": []}
        same = bool(held["policy"]) and not compare_policies(dict(self.policy), held["policy"])
        # SNS removes an unconfirmed subscription by itself, and nobody else can.
        labels = {*map(label, self.endpoints), *held["unconfirmed"]}
        return {
            "arn": self.arn,
            "kmsKey": self.kms_key,
            "policy": held["policy"] if same else dict(self.policy),
            "subscriptions": sorted(labels),
            "tags": merged_tags(held["tags"], {**self.tags, **self.owned_tags}, purge=True),
            "unconfirmed": held["unconfirmed"],
        }

    def apply(self, current: Record | None, wanted: Record | None) -> Record:
        client, topic = self.connection.sns, {"TopicArn": self.arn}
        if wanted is None:
            delete_topic(client, topic)
            return {}
        if current is None:
            attributes = {"KmsMasterKeyId": wanted["kmsKey"], "Policy": json.dumps(wanted["policy"])}
            name = self.arn.rpartition(":")[2]
            create_topic(
                client, {"Name": name, "Attributes": attributes, "Tags": to_tag_list(wanted["tags"])}
            )
        else:
            self._update(current, wanted)
        held = set(current["subscriptions"]) if current else set()
        for endpoint in self.endpoints:
            if label(endpoint) not in held:
                subscribe(client, {**topic, "Protocol": protocol(endpoint), "Endpoint": endpoint})
        if held - set(wanted["subscriptions"]):
            self._unsubscribe(held - set(wanted["subscriptions"]))
        return {}

    def _update(self, current: Record, wanted: Record) -> None:
        client = self.connection.sns
        if current["kmsKey"] != wanted["kmsKey"]:
            self._set("KmsMasterKeyId", wanted["kmsKey"])
        if current["policy"] != wanted["policy"]:
            self._set("Policy", json.dumps(wanted["policy"]))
        fresh, obsolete = tag_changes(current["tags"], wanted["tags"])
        if fresh:
            tag(client, {"ResourceArn": self.arn, "Tags": to_tag_list(fresh)})
        if obsolete:
            untag(client, {"ResourceArn": self.arn, "TagKeys": obsolete})

    def _set(self, name: str, value: str) -> None:
        request = {"TopicArn": self.arn, "AttributeName": name, "AttributeValue": value}
        set_attribute(self.connection.sns, request)

    def _unsubscribe(self, labels: set[str]) -> None:
        client = self.connection.sns
        for each in list_subscriptions(client, {"TopicArn": self.arn}):
            if label(each["Endpoint"]) in labels and each["SubscriptionArn"] != UNCONFIRMED:
                unsubscribe(client, {"SubscriptionArn": each["SubscriptionArn"]})


def normalise(
    arn: str, attributes: Record, subscriptions: Sequence[Record], tags: Mapping[str, str]
) -> dict[str, Any]:
    """SNS's answers as one record; endpoints by what may be shown of them."""
    pending = [each["Endpoint"] for each in subscriptions if each["SubscriptionArn"] == UNCONFIRMED]
    return {
        "arn": arn,
        "kmsKey": attributes.get("KmsMasterKeyId", ""),
        "policy": json.loads(attributes["Policy"]),
        "subscriptions": sorted({label(each["Endpoint"]) for each in subscriptions}),
        "tags": dict(tags),
        "unconfirmed": sorted(set(map(label, pending))),
    }
