# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What most readers come for: what is live, since when and by whom, until when, and for how much."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

from ..changes import SHORT
from .deployments import NO_CHANGE, revision
from .links import deployment_page
from .picture import group, live_commit
from .states import WORST_FIRST
from .times import ago, moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    Facts = Mapping[str, Any]
    Record = Mapping[str, Any]

TEXTS = {"environment", "application", "account", "region", "subject", "page", "now"}
ALARM_STATES = {"OK": "good", "ALARM": "bad", "INSUFFICIENT_DATA": "none"}


def live(facts: Facts, deployments: Sequence[Record], now: datetime) -> dict[str, Any]:
    """What the group's last good deployment brought; by whom only where it is among those shown."""
    last = group(facts).get("last_successful_deployment") or {}
    name = last.get("deployment_id", "")
    shown: Record = next((item for item in deployments if item["id"] == name), {})
    since = moment(last.get("end_time") or last.get("create_time"))
    return {
        "commit": live_commit(facts)[:SHORT] or revision(group(facts).get("target_revision") or {}),
        "change": shown.get("change", NO_CHANGE),
        "deployment": name,
        "page": deployment_page(facts["settings"], name) if name else "",
        "who": _short(shown.get("who", "")),
        "run": shown.get("run", ""),
        "ago": ago(now - since) if since else "",
    }


def _short(who: str) -> str:
    """Of a caller's ARN the user, or the role and the session."""
    return re.sub(r"arn:[\w-]+:(?:sts|iam)::\d*:(?:assumed-role/|user/)?", "", who)


def alarms(facts: Facts) -> dict[str, str]:
    """The alarms that stop a deployment of the group."""
    named = [item["name"] for item in _alarm_configuration(facts).get("alarms") or []]
    if not named:
        return {"state": "good", "words": "none is watched"}
    if not _alarm_configuration(facts).get("enabled"):
        return {"state": "busy", "words": f"{', '.join(named)}: switched off in the deployment group"}
    if facts["alarms"] is None:
        return {"state": "none", "words": f"{', '.join(named)}: CloudWatch did not say"}
    states = {item["alarm_name"]: item["state_value"] for item in facts["alarms"]}
    for wanted, words in (("ALARM", "in alarm"), ("INSUFFICIENT_DATA", "without data")):
        if there := [name for name in named if states.get(name) == wanted]:
            return {"state": ALARM_STATES[wanted], "words": f"{', '.join(there)}: {words}"}
    if unknown := [name for name in named if name not in states]:
        return {"state": "none", "words": f"{', '.join(unknown)}: no metric alarm of this name"}
    return {"state": "good", "words": f"{len(named)} watched, none in alarm"}


def _alarm_configuration(facts: Facts) -> Record:
    found: Record = group(facts).get("alarm_configuration") or {}
    return found


def certificate(facts: Facts, hosts: Sequence[Record]) -> dict[str, str]:
    """The worst certificate, or the first that ends."""
    if facts["settings"]["https"] == "none":
        return {"state": "good", "words": "none, by HTTP alone"}
    shown: list[dict[str, str]] = [item["certificate"] for item in hosts]
    amiss = [item for item in shown if item["state"] != "good"]
    # ISO dates: the first that ends is the smallest.
    return min(amiss or shown, key=lambda item: item["words"], default={"state": "none", "words": "no host"})


def cost(facts: Facts) -> dict[str, str]:
    """A month of this pipeline, or why its price is not known."""
    found = facts["cost"]
    if not found or found.get("problem"):
        return {"words": "not known", "source": found.get("problem", "") if found else ""}
    return {
        "words": f"{found['monthly']} USD a month",
        "source": f"prices of {found['date']}, without data transfer",
    }


def row(shown: Record) -> dict[str, Any]:
    """This environment as others show it beside theirs."""
    settings = shown["settings"]
    return {
        **{name: settings[name] for name in ("environment", "application", "account", "region")},
        "verdict": {name: shown["verdict"][name] for name in ("state", "words")},
        "live": {name: shown["live"][name] for name in ("commit", "who")},
        "subject": shown["live"]["change"].get("subject", ""),
        "page": shown["address"],
        "now": shown["moment"],
    }


def is_row(look: object) -> bool:
    """Whether something that was read is what `row` makes."""
    if (
        not isinstance(look, dict)
        or {name for name, value in look.items() if isinstance(value, str)} & TEXTS != TEXTS
    ):
        return False
    parts = {"verdict": {"state", "words"}, "live": {"commit", "who"}}
    if any(
        not isinstance(look.get(name), dict) or set(look[name]) & keys != keys for name, keys in parts.items()
    ):
        return False
    try:
        return (
            datetime.fromisoformat(look["now"]).tzinfo is not None and look["verdict"]["state"] in WORST_FIRST
        )
    except ValueError:
        return False


def beside(own: Record, others: Sequence[Record], now: datetime) -> list[dict[str, Any]]:
    """This environment and others, each as it was when somebody looked last; one alone is no comparison."""
    rows = [dict(own), *(dict(item) for item in others if item["environment"] != own["environment"])]
    if len(rows) == 1:
        return []
    for item in rows:
        age = now - (moment(item["now"]) or now)
        item["ago"] = "now" if item["environment"] == own["environment"] else ago(age)
        item["same"] = item["live"]["commit"] == own["live"]["commit"] != ""
    return sorted(rows, key=lambda item: (item["environment"] != "production", item["environment"]))
