# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Of Route 53: the hosted zone and the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...aws.connection import account_in
from .sight import Note, missing, ours, there

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .wanted import Seen, Wanted


def zone(wanted: Wanted, seen: Seen) -> Iterator[str]:
    if missing(seen, "zone"):
        account = account_in(seen["identity"]["Arn"]).id
        yield (
            f"Zone {wanted.domain_zone.rstrip('.')}. does not exist in Route53 ({wanted.domain_zone}, "
            f"pipeline_domain_zone): the account {account} needs the public hosted zone; register the domain "
            "or create "
            "the zone in Route 53, or name another."
        )
        return
    held, delegated = there(seen, "zone"), there(seen, "delegation")
    if held and held.get("private"):
        yield (
            f"pipeline_domain_zone is '{wanted.domain_zone}', in Route 53 a private zone, which no "
            "visitor's resolver "
            "asks: create the public hosted zone of this name, or name another."
        )
        return
    servers = sorted(server.lower() for server in (held or {}).get("NameServers", []))
    if servers and delegated is not None and not set(servers) & set(delegated):
        how = f"is delegated to {', '.join(delegated)}" if delegated else "is not delegated"
        yield Note(
            f"{wanted.domain_zone} (pipeline_domain_zone) {how}: set these name servers at the registrar: "
            f"{', '.join(servers)}."
        )


def record(wanted: Wanted, seen: Seen) -> Iterator[str]:
    held = {each["Type"]: each for each in (there(seen, "zone") or {}).get("records", [])}
    if "CNAME" in held:
        yield (
            f"{wanted.domain_record} (pipeline_domain_record) is a CNAME record, beside which no A record "
            "can be: "
            "delete it, or name another record."
        )
    things = there(seen, "addresses")
    if "AliasTarget" in held.get("A", {}):
        # A fleet has no addresses of its own. Whose load balancer it is provision-dns.yml looks at.
        things = [{"Tags": there(seen, "application_tags")}]
    if "A" in held and things is not None and not ours(wanted, things):
        values = [each["Value"] for each in held["A"].get("ResourceRecords", [])] or ["an AWS resource"]
        yield (
            f"{wanted.domain_record} (pipeline_domain_record) points to {', '.join(values)}, and nothing of "
            "this pipeline "
            "is there yet: delete the record where nobody needs it, or name another."
        )
