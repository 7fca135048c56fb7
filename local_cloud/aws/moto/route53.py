# ruff: noqa: ANN401 - moto's objects are duck-typed
"""What Route 53 refuses of a batch of changes; moto keeps everything.

The words are Route 53's, as its users report them, but where marked.
"""

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from moto.route53.exceptions import InvalidInput, Route53ClientError
from moto.route53.models import Route53Backend

Change = Mapping[str, Any]
Key = tuple[str, str, str]
"""Name, type and set identifier."""

LONGEST_TTL = 2**31 - 1
LONGEST_LABEL = 63
_original = Route53Backend.change_resource_record_sets
_original_create = Route53Backend.create_hosted_zone


def change_resource_record_sets(backend: Any, zoneid: str, change_list: list[dict[str, Any]]) -> None:
    """All of the batch, or nothing of it."""
    zone = backend.get_hosted_zone(zoneid)
    check(zone, change_list)
    for change in change_list:
        if change["Action"] == "DELETE":
            # moto looks for what it deletes in the requests of before, letter by letter.
            zone.rr_changes.append({**change, "Action": "UPSERT"})
    _original(backend, zoneid, change_list)


def check(zone: Any, changes: Iterable[Change]) -> None:
    """Raises what Route 53 says of all changes that can't be made."""
    sets: dict[Key, Any] = {
        (_plain(each.name), each.type, each.set_identifier or ""): (
            {"TTL": each.ttl, "ResourceRecords": _values(each.records), "AliasTarget": each.alias_target}
        )
        for each in zone.rrsets
    }
    changed: list[Key] = []
    problems: list[str] = []
    for change in changes:
        record_set = change["ResourceRecordSet"]
        key = (_plain(record_set["Name"]), record_set["Type"], record_set.get("SetIdentifier") or "")
        _check_form(change, key)
        problems += _set_problems(key, record_set, zone.name) + _existence_problems(change, key, sets)
        if change["Action"] == "DELETE":
            sets.pop(key, None)
        else:
            sets[key] = {**record_set, "ResourceRecords": _values(record_set.get("ResourceRecords", []))}
            changed.append(key)
    problems += [problem for key in changed for problem in _conflicts(key, sets, zone.name)]
    problems += _apex_problems(sets, _plain(zone.name))
    if problems:
        raise Route53ClientError("InvalidChangeBatch", f"[{', '.join(dict.fromkeys(problems))}]")


def _apex_problems(sets: Mapping[Key, Any], zone: str) -> list[str]:
    """What a zone is nothing without."""
    return [
        f"A HostedZone must contain {number} {kind} record for the zone itself."
        for kind, number in (("NS", "at least one"), ("SOA", "exactly one"))
        if (zone, kind, "") not in sets
    ]


def _plain(name: str) -> str:
    return name.lower().rstrip(".") + "."


def _values(records: Iterable[Any]) -> list[str]:
    """moto has them in both ways."""
    return [each["Value"] if isinstance(each, Mapping) else str(each) for each in records or []]


def _check_form(change: Change, key: Key) -> None:
    record_set = change["ResourceRecordSet"]
    ways = [bool(record_set.get("AliasTarget")), bool(record_set.get("TrafficPolicyInstanceId"))]
    ways.append(bool(record_set.get("ResourceRecords")) and record_set.get("TTL") is not None)
    if sum(ways) != 1:
        found = "none" if not any(ways) else "more than one"
        raise InvalidInput(
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords],"
            f" or TrafficPolicyInstanceId], but found {found} in Change with [Action={change['Action']},"
            f" Name={key[0]}, Type={key[1]}, SetIdentifier={key[2] or 'null'}]"
        )
    if int(record_set.get("TTL") or 0) > LONGEST_TTL:
        # Inferred.
        raise InvalidInput(
            f"Invalid XML ; cvc-maxInclusive-valid: Value '{record_set['TTL']}' is not facet-valid"
        )


def _set_problems(key: Key, record_set: Mapping[str, Any], zone: str) -> list[str]:
    """What is wrong with a record set by itself."""
    name, kind, _ = key
    values = _values(record_set.get("ResourceRecords", []))
    problems = [
        f"Invalid Resource Record: 'FATAL problem: {text} encountered with '{name}''"
        for text in _name_problems(name)
    ]
    problems += [
        f"Duplicate Resource Record: '{value}'" for value, times in Counter(values).items() if times > 1
    ]
    problems += [
        f"Invalid Resource Record: 'FATAL problem: {text}'" for text in _value_problems(kind, values)
    ]
    if not f".{name}".endswith(f".{_plain(zone)}"):
        problems.append(f"RRSet with DNS name {name} is not permitted in zone {zone}")
    if kind == "CNAME" and len(values) > 1:
        # Inferred.
        problems.append(f"RRSet of type CNAME with DNS name {name} has more than one value")
    return problems


def _name_problems(name: str) -> Iterator[str]:
    labels = name.rstrip(".").split(".")
    if "" in labels:
        yield "DomainLabelEmpty (Domain label is empty)"
    if max(map(len, labels)) > LONGEST_LABEL:
        yield "DomainLabelTooLong (Domain label is too long)"


def _value_problems(kind: str, values: Iterable[str]) -> Iterator[str]:
    for value in values:
        match kind:
            case "A" if not _is_address(value, ipaddress.IPv4Address):
                yield (
                    "ARRDATAIllegalIPv4Address (Value is not a valid IPv4 address)"
                    f" encountered with '{value}'"
                )
            case "AAAA" if not _is_address(value, ipaddress.IPv6Address):
                yield (
                    "AAAARRDATAIllegalIPv6Address (Value is not a valid IPv6 address)"
                    f" encountered with '{value}'"
                )
            case "TXT" if not value.startswith('"') or not value.endswith('"'):
                yield (
                    "InvalidCharacterString (Value should be enclosed in quotation marks)"
                    f" encountered with '{value}'"
                )


def _is_address(value: str, family: type[ipaddress.IPv4Address] | type[ipaddress.IPv6Address]) -> bool:
    try:
        family(value)
    except ValueError:
        return False
    return True


def _existence_problems(change: Change, key: Key, sets: Mapping[Key, Any]) -> list[str]:
    """What is there to be created, and not there to be deleted."""
    named = f"resource record set [name='{key[0]}', type='{key[1]}']"
    match change["Action"]:
        case "CREATE" if key in sets:
            return [f"Tried to create {named} but it already exists"]
        case "DELETE" if key not in sets:
            return [f"Tried to delete {named} but it was not found"]
        case "DELETE" if not _same(change["ResourceRecordSet"], sets[key]):
            return [f"Tried to delete {named} but the values provided do not match the current values"]
    return []


def _same(given: Mapping[str, Any], kept: Mapping[str, Any]) -> bool:
    if given.get("AliasTarget") or kept.get("AliasTarget"):
        return bool(given.get("AliasTarget")) == bool(kept.get("AliasTarget"))
    same_ttl = str(given.get("TTL")) == str(kept.get("TTL"))
    return same_ttl and sorted(_values(given["ResourceRecords"])) == sorted(kept["ResourceRecords"])


def _conflicts(key: Key, sets: Mapping[Key, Any], zone: str) -> list[str]:
    """A CNAME is alone at its name, and never at the zone's own."""
    name, kind, _ = key
    if key not in sets:
        return []
    others = {each for at, each, _ in sets if at == name and each != kind}
    named = f"RRSet of type {kind} with DNS name {name} is not permitted"
    if kind == "CNAME" and name == _plain(zone):
        return [f"{named} at apex in zone {zone}"]
    if kind == "CNAME" and others:
        return [f"{named} as it conflicts with other records with the same DNS name in zone {zone}"]
    if "CNAME" in others:
        conflict = "because a conflicting RRSet of type CNAME with the same DNS name already exists"
        return [f"{named} {conflict} in zone {zone}"]
    return []


def create_hosted_zone(backend: Any, *arguments: Any, **named: Any) -> Any:
    """moto's SOA record has its value inside of a mapping, and shows that as text."""
    zone = _original_create(backend, *arguments, **named)
    for record_set in zone.rrsets:
        record_set.records = _values(record_set.records)
    return zone


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (Route53Backend, "change_resource_record_sets", change_resource_record_sets),
    (Route53Backend, "create_hosted_zone", create_hosted_zone),
)
