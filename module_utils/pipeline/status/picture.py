# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The way of a change and the way of a visitor, one box each with its state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..changes import SHORT, commit
from .hosts import running
from .states import worst

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Facts = Mapping[str, Any]
    Record = Mapping[str, Any]


def github(facts: Facts) -> dict[str, Any]:
    """The repository, and whether its newest commit is live."""
    settings, head = facts["settings"], facts.get("head", "")
    live = live_commit(facts)
    if not head:
        found = {"state": "none", "words": "GitHub did not say"}
    elif head == live:
        found = {"state": "good", "words": f"{head[:SHORT]} is live"}
    else:
        found = {"state": "busy", "words": f"{head[:SHORT]} is not live"}
    return {
        "kind": "GitHub",
        "name": settings["repository"],
        "more": f"environment {settings['github_environment']}",
    } | found


def group(facts: Facts) -> Record:
    """The deployment group; nothing where there is none."""
    found: Record = facts["groups"][0] if facts["groups"] else {}
    return found


def live_commit(facts: Facts) -> str:
    """What the group's last good deployment brought; "" where it brought no commit, or there is none."""
    return commit(group(facts).get("target_revision") or {})


def identity(facts: Facts) -> dict[str, Any]:
    """The trust in GitHub's tokens, and the role that they are traded for."""
    role = facts["settings"]["github_role"]
    there = [
        name for name, yes in (("no provider", facts["provider"]), ("no role", facts["role"])) if not yes
    ]
    words = ", ".join(there) or "trusted, no stored keys"
    return {
        "kind": "OIDC",
        "name": role,
        "more": "sts:AssumeRoleWithWebIdentity",
        "state": "bad" if there else "good",
        "words": words,
    }


def codedeploy(facts: Facts, deployments: Sequence[Record]) -> dict[str, Any]:
    """The application and its group, and how the newest deployment went."""
    settings = facts["settings"]
    names = {"kind": "CodeDeploy", "name": settings["application"], "more": settings["deployment_group"]}
    if not facts["groups"]:
        return names | {"state": "bad", "words": "no deployment group"}
    if not deployments:
        return names | {"state": "none", "words": "nothing deployed yet"}
    newest = deployments[0]
    return names | {"state": newest["state"], "words": f"{newest['id']} {newest['status']}"}


def fleet(facts: Facts, hosts: Sequence[Record]) -> dict[str, Any]:
    """The instances, and what runs on them; `itself` is what EC2 alone says."""
    there, wanted = running(facts), int(facts["settings"]["instance_count"])
    up = sum(1 for item in there if item["state"]["name"] == "running")
    types = ", ".join(sorted({item["instance_type"] for item in there}))
    itself = {
        "state": "good" if up == len(there) == wanted else "bad" if not up else "busy",
        "words": f"{up} of {wanted} running",
    }
    inside = [worst(item[part]["state"] for part in ("ec2", "agent", "nginx")) for item in hosts]
    ill = sum(1 for state in inside if state == "bad")
    return {
        "kind": "EC2",
        "name": facts["settings"]["instance_name"],
        "more": f"{types}, newer image" if images(facts) else types or "no instance",
        "state": worst([itself["state"], *inside]),
        "words": f"{itself['words']}, {ill} broken" if ill else itself["words"],
        "itself": itself,
    }


def visitors(facts: Facts, hosts: Sequence[Record]) -> dict[str, Any]:
    """What is seen from outside: the page of each host, and its certificate."""
    seen = [item["page"]["state"] for item in hosts]
    warned = sum(1 for item in hosts if item["certificate"]["state"] == "bad")
    words = f"{seen.count('good')} of {len(seen)} show the site" if seen else "nothing to visit"
    return {
        "kind": "Visitors",
        "name": address(facts),
        "more": "without a certificate" if facts["settings"]["https"] == "none" else "by HTTPS",
        "state": worst([*seen, *(item["certificate"]["state"] for item in hosts)]) if seen else "none",
        "words": f"{words}, {warned} with a bad certificate" if warned else words,
    }


def address(facts: Facts) -> str:
    """Where visitors go."""
    settings = facts["settings"]
    return f"{'http' if settings['https'] == 'none' else 'https'}://{settings['record']}"


def images(facts: Facts) -> list[str]:
    """A line where instances run another image than would be launched: a decision, and no drift."""
    newest = facts["settings"].get("image", "")
    old = sorted({item["image_id"] for item in running(facts) if item.get("image_id", newest) != newest})
    words = f"instances run image {', '.join(old)}, newest is {newest}: -e pipeline_instance_replace=true"
    return [words] if newest and old else []


def addresses(facts: Facts) -> dict[str, Any]:
    """The Elastic IPs."""
    ips = elastic_ips(facts)
    used = sum(1 for item in facts["addresses"] if item.get("instance_id"))
    return {
        "kind": "Elastic IP",
        "name": ", ".join(ips[:2]) + (f" and {len(ips) - 2} more" if ips[2:] else "") or "none",
        "more": f"{used} of {len(ips)} in use",
        "state": "bad" if not ips else "good" if used == len(ips) else "busy",
        "words": "no address" if not ips else "all in use" if used == len(ips) else "paid for, not used",
    }


def dns(facts: Facts) -> dict[str, Any]:
    """The A record, and whether it leads to the instances."""
    record, ips = sorted(facts["record"]), elastic_ips(facts)
    if not record:
        found = {"state": "bad", "words": "no A record"}
    elif record == ips:
        found = {"state": "good", "words": "points to the instances"}
    else:
        found = {"state": "bad", "words": f"points to {', '.join(record)}"}
    return {
        "kind": "Route 53",
        "name": facts["settings"]["record"],
        "more": facts["settings"]["zone"],
    } | found


def elastic_ips(facts: Facts) -> list[str]:
    """Addresses in the order in which a record holds them."""
    return sorted(item["public_ip"] for item in facts["addresses"])
