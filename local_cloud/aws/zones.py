"""The records of the account's hosted zones, as the resolver wants them."""

import logging
from typing import Any

from dnslib import QTYPE, RR, A, DNSError
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.route53.models import route53_backends

from local_cloud.aws.moto.elbv2.balancers import addresses_of_name

LOG = logging.getLogger(__name__)
DEFAULT_TTL = 60
BALANCER_TTL = 60


def records(name: str) -> list[RR] | None:
    """All records of a name (lower case, no final dot); None where no hosted zone holds it.

    The longest zone wins, and a wildcard stands in for a name that does not exist. A load balancer's name
    is in a zone of AWS's own.
    """
    addresses = addresses_of_name(name)
    if addresses is not None:
        return [RR(f"{name}.", QTYPE.A, rdata=A(each), ttl=BALANCER_TTL) for each in addresses]
    zones = list(route53_backends[DEFAULT_ACCOUNT_ID]["aws"].zones.values())
    holding = [zone for zone in zones if f".{name}.".endswith(f".{zone.name.lower()}")]
    if not holding:
        return None
    zone = max(holding, key=lambda zone: len(zone.name))
    sets = list(zone.rrsets)
    _, _, parent = name.partition(".")
    found = [each for each in sets if _plain(each.name) == name]
    found = found or [each for each in sets if _plain(each.name) == f"*.{parent}"]
    return [record for each in found for record in _resource_records(name, each)]


def _alias(name: str, record_set: Any) -> list[RR]:  # noqa: ANN401 - moto has no types
    """The target's records under the alias' own name: a load balancer's, or others of a hosted zone."""
    target = _plain(record_set.alias_target["DNSName"])
    found = records(target) or [] if target != name else []
    kind = getattr(QTYPE, record_set.type)
    return [
        RR(f"{name}.", each.rtype, rdata=each.rdata, ttl=each.ttl) for each in found if each.rtype == kind
    ]


def _plain(name: str) -> str:
    return name.rstrip(".").lower().replace("\\052", "*")


def _resource_records(name: str, record_set: Any) -> list[RR]:  # noqa: ANN401 - moto has no types
    if record_set.alias_target:
        return _alias(name, record_set)
    # moto wraps the value of the SOA record that it makes itself.
    values = [value["Value"] if isinstance(value, dict) else value for value in record_set.records]
    lines = [f"{name}. {record_set.ttl or DEFAULT_TTL} IN {record_set.type} {value}" for value in values]
    try:
        return [record for line in lines for record in RR.fromZone(line)]
    except (DNSError, ValueError, KeyError):
        LOG.warning("a record of %s cannot be served: %s", name, lines)
        return []
