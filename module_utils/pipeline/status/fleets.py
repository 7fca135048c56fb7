# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A fleet: its Auto Scaling group, its load balancer, and its hosts, in which nobody looks.

`facts["fleet"]` is empty for single hosts. Else it has `groups`, `balancers`, `targets` and `refreshes` as
amazon.aws's modules tell of them, the latest first; `alias`, where the record leads; `newest`, the number of
the launch template's latest version, 0 where there is none; `certificate` as acm_public_certificate has it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from .states import worst

if TYPE_CHECKING:
    from collections.abc import Mapping

    Facts = Mapping[str, Any]
    Record = Mapping[str, Any]

HEADINGS = {"ec2": "EC2", "scaling": "Auto Scaling", "target": "Load balancer"}
"""What is known of a host, by the headings of the columns."""
IN_SERVICE = "InService"
TARGETS = {"healthy": "good", "unhealthy": "bad"}
"""States of targets; the others are on their way."""
OK = 200
UNDER_WAY = {"Pending", "InProgress", "Baking", "Cancelling", "RollbackInProgress"}


def group(facts: Facts) -> dict[str, Any]:
    """The Auto Scaling group that is deployed to: the latest, beside which a former may stay for a while."""
    name = facts["settings"]["instance_name"]
    if not facts["fleet"]["groups"]:
        return {
            "kind": "Auto Scaling",
            "name": name,
            "more": "no host",
            "state": "bad",
            "words": "no Auto Scaling group",
        }
    latest = facts["fleet"]["groups"][0]
    wanted = int(latest["desired_capacity"])
    serving = sum(_serves(each) for each in latest["instances"])
    state = "good" if serving == wanted == len(latest["instances"]) else "busy" if serving else "bad"
    words = f"{serving} of {wanted} in service"
    types = ", ".join(sorted({each["instance_type"] for each in latest["instances"]}))
    if moving := [each for each in facts["fleet"]["refreshes"] if each["status"] in UNDER_WAY]:
        words += f", instance refresh {moving[0]['status']} at {moving[0].get('percentage_complete', 0)} %"
        state = worst([state, "busy"])
    return {
        "kind": "Auto Scaling",
        "name": latest["auto_scaling_group_name"],
        "more": f"{types or 'no host'}, {latest['min_size']} to {latest['max_size']}",
        "state": state,
        "words": words,
    }


def _serves(member: Record) -> bool:
    return bool(member["lifecycle_state"] == IN_SERVICE and member["health_status"] == "Healthy")


def balancer(facts: Facts) -> dict[str, Any]:
    """The load balancer, and how many of its targets it finds healthy."""
    found = {"kind": "Load balancer", "name": "none", "more": "no target"}
    if not facts["fleet"]["balancers"]:
        return found | {"state": "bad", "words": "no load balancer"}
    states = Counter(each["target_health"]["state"] for each in facts["fleet"]["targets"])
    total = sum(states.values())
    healthy = states["healthy"]
    return found | {
        "name": facts["fleet"]["balancers"][0]["dns_name"],
        "more": ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "no target",
        "state": "good" if total and healthy == total else "busy" if healthy else "bad",
        "words": f"{healthy} of {total} healthy",
    }


def dns(facts: Facts) -> dict[str, Any]:
    """The alias record, and whether it leads to the load balancer."""
    alias = facts["fleet"]["alias"].rstrip(".").lower().removeprefix("dualstack.")
    names = [each["dns_name"].lower() for each in facts["fleet"]["balancers"]]
    if alias and alias in names:
        found = {"state": "good", "words": "leads to the load balancer"}
    elif alias or facts["record"]:
        found = {"state": "bad", "words": f"leads to {alias or ', '.join(sorted(facts['record']))}"}
    else:
        found = {"state": "bad", "words": "no A record"}
    return {
        "kind": "Route 53",
        "name": facts["settings"]["record"],
        "more": facts["settings"]["zone"],
    } | found


def visitors(facts: Facts, address: str) -> dict[str, Any]:
    """What is seen at the load balancer's addresses."""
    https = facts["settings"]["https"]
    good = sum(each["visit"]["status"] == OK and not each["visit"]["problem"] for each in facts["pages"])
    total = len(facts["pages"])
    return {
        "kind": "Visitors",
        "name": address,
        "more": "without a certificate" if https == "none" else "by HTTPS",
        "state": "good" if total and good == total else "bad",
        "words": f"{good} of {total} addresses show the site" if total else "nothing to visit",
    }


def certificate(facts: Facts) -> dict[str, str]:
    """The load balancer's. ACM renews what it has issued for as long as its record is there."""
    if facts["settings"]["https"] == "none":
        return {"state": "good", "words": "none, by HTTP alone"}
    found = facts["fleet"]["certificate"]
    if not found:
        return {"state": "bad", "words": "not there yet"}
    if found["status"] != "ISSUED":
        return {"state": "bad", "words": f"{found['status']}: its record proves nothing yet"}
    return {"state": "good", "words": "issued and renewed by ACM"}


def host(instance: Record, facts: Facts) -> dict[str, Any]:
    """One host: what EC2, Auto Scaling and the load balancer say of it."""
    name = instance["instance_id"]
    ec2 = instance["state"]["name"]
    members = [each for found in facts["fleet"]["groups"] for each in found["instances"]]
    member: Record = next((each for each in members if each["instance_id"] == name), {})
    target: Record = next((each for each in facts["fleet"]["targets"] if each["target"]["id"] == name), {})
    shown = {
        "ec2": {"state": "good" if ec2 == "running" else "busy", "words": ec2},
        "scaling": _scaling(member),
        "target": _target(target),
    }
    return shown | {
        "id": name,
        "type": instance["instance_type"],
        "zone": instance.get("placement", {}).get("availability_zone", ""),
        "address": instance.get("private_ip_address") or "",
        "worst": worst(each["state"] for each in shown.values()),
    }


def _scaling(member: Record) -> dict[str, str]:
    if not member:
        return {"state": "busy", "words": "in no group"}
    words = member["lifecycle_state"]
    if member["health_status"] != "Healthy":
        return {"state": "bad", "words": f"{words}, {member['health_status']}"}
    return {"state": "good" if words == IN_SERVICE else "busy", "words": words}


def _target(told: Record) -> dict[str, str]:
    if not told:
        return {"state": "busy", "words": "not registered"}
    health = told["target_health"]
    words = f"{health['state']}: {health['description']}" if health.get("description") else health["state"]
    return {"state": TARGETS.get(health["state"], "busy"), "words": words}


def images(facts: Facts) -> list[str]:
    """A line where hosts are of another version than the launch template's latest: to decide, no drift."""
    newest = str(facts["fleet"]["newest"] or "")
    members = [each for found in facts["fleet"]["groups"] for each in found["instances"]]
    versions = {str((each.get("launch_template") or {}).get("version", "")) for each in members}
    versions -= {newest, ""}
    words = (
        f"hosts are of version {', '.join(sorted(versions))} of the launch template, newest is {newest}:"
        " playbooks/roll-image.yml"
    )
    return [words] if versions and newest else []
