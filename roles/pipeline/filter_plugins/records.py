# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which A records lead to the pipeline's Elastic IPs, and which of these are its own.

Records carry no tags in Route 53. So each Elastic IP has the tag Records, the names that the pipeline gave
it, written before the record is. What else leads to one was made by somebody else, and stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Address = Mapping[str, Any]
    Record = Mapping[str, Any]

TAG = "Records"
ALIAS_TTL = 60
"""Seconds for which resolvers may know where an alias of a load balancer leads, which Route 53 has set."""


def record_names(addresses: Iterable[Address]) -> list[str]:
    """The names that the pipeline gave to its Elastic IPs, by their tags."""
    return sorted({name for each in addresses for name in each["tags"].get(TAG, "").split()})


def own_records(
    records: Iterable[Record], addresses: Iterable[Address], names: Iterable[str]
) -> list[Record]:
    """The records of these names that lead to the pipeline's Elastic IPs and nowhere else."""
    named, ours = {_plain(name) for name in names}, {each["public_ip"] for each in addresses}
    return [
        each for each in records if each["name"] in named and each["values"] and ours >= {*each["values"]}
    ]


def former_records(records: Iterable[Record], addresses: Iterable[Address], name: str) -> list[Record]:
    """The records that the pipeline made under other names than the wanted one."""
    addresses = list(addresses)
    return own_records(records, addresses, set(record_names(addresses)) - {_plain(name)})


def records_tags(
    addresses: Iterable[Address], names: Iterable[str], values: Iterable[str]
) -> list[dict[str, str]]:
    """The Elastic IPs whose tag has to change, each with its new value.

    Those are to have it that a record leads to, by `values`, or that had it before. One that never had a
    record can be released at once.
    """
    led, text = set(values), " ".join(sorted({_plain(name) for name in names}))
    return [
        {"allocation_id": each["allocation_id"], "value": text}
        for each in addresses
        if each["tags"].get(TAG, text if each["public_ip"] not in led else "") != text
    ]


def seconds_known(records: Iterable[Record]) -> int:
    """For how long resolvers may know the records: the longest of their times to live."""
    return max((ALIAS_TTL if each.get("alias") else int(each["ttl"] or 0) for each in records), default=0)


def unused_addresses(
    addresses: Iterable[Address], retired: Iterable[str], records: Iterable[Record]
) -> dict[str, Any]:
    """`release`: Elastic IPs without an instance that stays; `kept`: why some of them are not released.

    An address that a record leads to is kept, whoever made it: whoever gets it next would get the visitors.
    `named` says whether one of those to release has had a record of the pipeline.
    """
    ending, led = set(retired), {value: each["name"] for each in records for value in each["values"]}
    unused = [
        each for each in addresses if not each.get("association_id") or each.get("instance_id") in ending
    ]
    release = [each for each in unused if each["public_ip"] not in led]
    return {
        "release": sorted(each["public_ip"] for each in release),
        "kept": sorted(
            f"{each['public_ip']}, to which {led[each['public_ip']]} leads"
            for each in unused
            if each["public_ip"] in led
        ),
        "named": any(each["tags"].get(TAG) for each in release),
    }


def zone_of(name: str, zones: Iterable[Mapping[str, Any]]) -> str:
    """The id of the public zone that holds a name, of several the longest one; empty where none does."""
    holding = [
        zone
        for zone in zones
        if f".{_plain(name)}".endswith(f".{_plain(zone['name'])}") and not zone["config"]["private_zone"]
    ]
    longest = max(holding, key=lambda zone: len(zone["name"]), default=None)
    return str(longest["id"]).rpartition("/")[2] if longest else ""


def _plain(name: str) -> str:
    return name.rstrip(".").lower()


class FilterModule:
    """How Ansible finds them."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "former_records": former_records,
            "own_records": own_records,
            "record_names": record_names,
            "records_tags": records_tags,
            "seconds_known": seconds_known,
            "unused_addresses": unused_addresses,
            "zone_of": zone_of,
        }
