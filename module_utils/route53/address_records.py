# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The A records of the hosted zones that hold certain names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..aws.errors import Record, explained

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@explained("list the hosted zones")
def list_zones(client: Any, _request: Record) -> list[Record]:  # noqa: ANN401 - boto3-stubs[route53] is no dependency
    pages = client.get_paginator("list_hosted_zones").paginate()
    return [zone for page in pages for zone in page["HostedZones"]]


@explained("list the records of {HostedZoneId}")
def list_records(client: Any, request: Record) -> list[Record]:  # noqa: ANN401 - boto3-stubs[route53] is no dependency
    pages = client.get_paginator("list_resource_record_sets").paginate(**request)
    return [each for page in pages for each in page["ResourceRecordSets"]]


def plain(name: str) -> str:
    """As people write it: without the last dot, and with the asterisk that Route 53 writes as \\052."""
    return name.rstrip(".").lower().replace("\\052", "*")


def holding(zones: Iterable[Mapping[str, Any]], names: Iterable[str]) -> list[Mapping[str, Any]]:
    """The public zones that hold one of the names, each once: the longest one holds it."""
    public = [zone for zone in zones if not zone.get("Config", {}).get("PrivateZone")]
    found: dict[str, Mapping[str, Any]] = {}
    for name in names:
        around = [zone for zone in public if f".{plain(name)}".endswith(f".{plain(zone['Name'])}")]
        if around:
            longest = max(around, key=lambda zone: len(zone["Name"]))
            found[longest["Id"]] = longest
    return list(found.values())


def address_records(client: Any, names: Iterable[str]) -> list[dict[str, Any]]:  # noqa: ANN401 - as above
    """Every A record of the zones around the names; an alias has its target instead of values."""
    return [
        {
            "name": plain(each["Name"]),
            "zone": plain(zone["Name"]),
            "ttl": each.get("TTL"),
            "alias": plain(each.get("AliasTarget", {}).get("DNSName", "")).removeprefix("dualstack."),
            "values": [value["Value"] for value in each.get("ResourceRecords", [])],
        }
        for zone in holding(list_zones(client, {}), names)
        for each in list_records(client, {"HostedZoneId": zone["Id"]})
        if each["Type"] == "A"
    ]
