# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The hosts one by one: what EC2 says, what each says itself, what a visitor sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .states import worst

if TYPE_CHECKING:
    from collections.abc import Mapping

    Facts = Mapping[str, Any]
    Record = Mapping[str, Any]

UNREACHABLE = {"state": "bad", "words": "not reachable"}
OK = 200
HEADINGS = {
    "ec2": "EC2",
    "agent": "CodeDeploy agent",
    "nginx": "nginx",
    "certificate": "Certificate",
    "page": "Page",
}
"""What is known of a host, by the headings of the columns."""


def running(facts: Facts) -> list[Record]:
    """The instances that are not gone, by id."""
    there = [
        item for item in facts["instances"] if item["state"]["name"] not in {"terminated", "shutting-down"}
    ]
    return sorted(there, key=lambda item: str(item["instance_id"]))


def host(instance: Record, facts: Facts) -> dict[str, Any]:
    """One instance: what EC2 says, what it says itself, what a visitor sees."""
    name = instance["instance_id"]
    at = facts["hosts"].index(name) if name in facts["hosts"] else None
    address = instance.get("public_ip_address") or ""
    page = next((item for item in facts["pages"] if item["item"] == address), None)
    ec2 = instance["state"]["name"]
    nobody = {"state": "none", "words": "not in this inventory" if ec2 == "running" else f"{ec2} by EC2"}
    shown = {
        "ec2": {"state": "good" if ec2 == "running" else "busy", "words": ec2},
        "agent": nobody if at is None else _agent(facts["agents"][at]),
        "nginx": nobody if at is None else _nginx(facts["nginxes"][at]),
        "certificate": _certificate(facts, at, nobody),
        "page": _page(page),
    }
    return shown | {
        "id": name,
        "type": instance["instance_type"],
        "zone": instance.get("placement", {}).get("availability_zone", ""),
        "address": instance.get("public_ip_address") or instance.get("private_ip_address") or "",
        "worst": worst(item["state"] for item in shown.values()),
    }


def _agent(found: Record) -> dict[str, str]:
    if "polling" not in found:
        return UNREACHABLE
    if found["polling"]:
        return {"state": "good", "words": f"{found['installed_version']} polls"}
    return {"state": "bad", "words": found["problem"] or "does not poll"}


def _nginx(found: Record) -> dict[str, str]:
    if "active" not in found:
        return UNREACHABLE
    missing = [word for word in ("installed", "active", "enabled", "listening") if not found[word]]
    if missing:
        return {"state": "bad", "words": f"not {', not '.join(missing)}"}
    return {"state": "good", "words": "active, enabled, listening"}


def _certificate(facts: Facts, at: int | None, nobody: dict[str, str]) -> dict[str, str]:
    """Without HTTPS there is nothing to be good or bad."""
    if facts["settings"]["https"] == "none":
        return {"state": "good", "words": "none, by HTTP alone"}
    if at is None:
        return nobody
    found = facts["certificates"][at]
    if "problem" not in found:
        return UNREACHABLE
    if found["problem"] or not found["installed"]:
        return {"state": "bad", "words": found["problem"] or "not there yet"}
    return {"state": "good", "words": f"valid until {found['ends']}"}


def _page(found: Record | None) -> dict[str, str]:
    if found is None:
        return {"state": "none", "words": "not asked"}
    visit = found["visit"]
    if visit["unanswered"]:
        return {"state": "bad", "words": "no answer"}
    if visit["status"] != OK or visit["problem"]:
        return {"state": "bad", "words": f"{visit['status']}, not the site"}
    return {"state": "good", "words": f"{visit['status']}, the site"}
