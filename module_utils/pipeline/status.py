# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# Longer than 300 lines: one page from facts to words; its parts have no other reader.
"""What is known of a pipeline, made ready to be looked at: a summary in lines, and a page.

`Facts` is what the playbook has gathered, one key a question, each as the module that was asked answers.
`view` is pure: it turns them into words, states and places on a time axis. The template only lays out.

A state is one of `good`, `bad`, `busy` (under way, or worth a look) and `none` (not there, or not known).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined, TemplateError

from .changes import SHORT, commit, known, starter

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    Facts = Mapping[str, Any]
    Record = Mapping[str, Any]

UNSHOWN = (LookupError, TypeError, AttributeError, ValueError, TemplateError)
"""What facts of another shape end in."""

STATES = {
    "Succeeded": "good",
    "Failed": "bad",
    "Stopped": "bad",
    "Skipped": "none",
    "Pending": "none",
    "Unknown": "none",
}
TICKS = 6  # marks on a time axis, about
NOBODY = {"state": "none", "words": "not in this inventory"}
UNREACHABLE = {"state": "bad", "words": "not reachable"}
NO_CHANGE = {"subject": "", "author": "", "url": ""}
OK = 200


def render(template: str, shown: Record) -> str:
    """The page. Everything is escaped: a hook's log is a stranger's text."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["shortened"] = shortened
    return environment.from_string(template).render(shown)


def shortened(words: str, room: int) -> str:
    """At most `room` characters; the middle goes."""
    return words if len(words) <= room else f"{words[: room // 2]}…{words[-(room // 2 - 1) :]}"


def view(facts: Facts, now: datetime) -> dict[str, Any]:
    """All that the page shows."""
    commits = known(facts["commits"])
    deployments = [deployment(item, now, commits) for item in facts["deployments"]]
    return {
        "settings": facts["settings"],
        "now": now.strftime("%Y-%m-%d %H:%M:%S UTC"),
        "nodes": [
            github(facts),
            identity(facts),
            codedeploy(facts, deployments),
            fleet(facts),
            addresses(facts),
            dns(facts),
        ],
        "hosts": [host(item, facts) for item in running(facts)],
        "deployments": deployments,
        "images": images(facts),
        "drift": drift(facts),
    }


def summary(shown: Record) -> list[str]:
    """The same in lines for a terminal."""
    lines = [f"{node['kind']:<12}{node['words']:<30}  {node['name']}" for node in shown["nodes"]]
    lines += [
        f"{'host':<12}{item['id']}  agent {item['agent']['words']}, nginx {item['nginx']['words']}, "
        f"certificate {item['certificate']['words']}, page {item['page']['words']}"
        for item in shown["hosts"]
    ]
    for item in shown["deployments"]:
        lines.append(
            f"{'deployment':<12}{item['id']}  {item['status']:<10}  {item['created']}  {item['took']:<8}"
            f"  {item['revision']}"
        )
        lines.append(f"{'':<12}{', '.join(filter(None, _story(item)))}")
        lines += [
            f"{'':<12}{', '.join(failure['targets'])}: {failure['event']} {failure['script']}".rstrip()
            for failure in item["failures"]
        ]
    return [
        *lines,
        *(f"{'image':<12}{line}" for line in shown["images"]),
        f"{'drift':<12}{shown['drift']['words']}",
        *(f"{'':<12}{c}" for c in shown["drift"]["changes"]),
    ]


def _story(item: Record) -> Iterator[str]:
    """What a deployment brought, and who started it from where."""
    yield item["change"]["subject"]
    yield item["change"]["author"] and f"by {item['change']['author']}"
    yield item["who"] and f"deployed by {item['who']}"
    yield item["run"]


# The picture


def github(facts: Facts) -> dict[str, Any]:
    """The repository, and whether its newest commit is live."""
    settings, head = facts["settings"], facts.get("head", "")
    good = (d.get("revision") or {} for d in facts["deployments"] if d["status"] == "Succeeded")
    live = commit(next(good, {}))
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


def running(facts: Facts) -> list[Record]:
    """The instances that are not gone, by id."""
    there = [
        item for item in facts["instances"] if item["state"]["name"] not in {"terminated", "shutting-down"}
    ]
    return sorted(there, key=lambda item: str(item["instance_id"]))


def fleet(facts: Facts) -> dict[str, Any]:
    """The instances."""
    there, wanted = running(facts), int(facts["settings"]["instance_count"])
    up = sum(1 for item in there if item["state"]["name"] == "running")
    types = ", ".join(sorted({item["instance_type"] for item in there}))
    return {
        "kind": "EC2",
        "name": facts["settings"]["instance_name"],
        "more": f"{types}, newer image" if images(facts) else types or "no instance",
        "state": "good" if up == len(there) == wanted else "bad" if not up else "busy",
        "words": f"{up} of {wanted} running",
    }


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


# The hosts


def host(instance: Record, facts: Facts) -> dict[str, Any]:
    """One instance: what EC2 says, what it says itself, what a visitor sees."""
    name = instance["instance_id"]
    at = facts["hosts"].index(name) if name in facts["hosts"] else None
    address = instance.get("public_ip_address") or ""
    page = next((item for item in facts["pages"] if item["item"] == address), None)
    ec2 = instance["state"]["name"]
    shown = {
        "ec2": {"state": "good" if ec2 == "running" else "busy", "words": ec2},
        "agent": NOBODY if at is None else _agent(facts["agents"][at]),
        "nginx": NOBODY if at is None else _nginx(facts["nginxes"][at]),
        "certificate": _certificate(facts, at),
        "page": _page(page),
    }
    found = {item["state"] for item in shown.values()}
    return shown | {
        "id": name,
        "type": instance["instance_type"],
        "zone": instance.get("placement", {}).get("availability_zone", ""),
        "address": instance.get("public_ip_address") or instance.get("private_ip_address") or "",
        "worst": next((state for state in ("bad", "busy", "none") if state in found), "good"),
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


def _certificate(facts: Facts, at: int | None) -> dict[str, str]:
    """Without HTTPS there is nothing to be good or bad."""
    if facts["settings"]["https"] == "none":
        return {"state": "good", "words": "none, by HTTP alone"}
    if at is None:
        return NOBODY
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


# The deployments


@dataclass(frozen=True)
class Axis:
    """A stretch of time; places on it are per cent of its length."""

    start: datetime
    end: datetime

    @property
    def seconds(self) -> float:
        return max((self.end - self.start).total_seconds(), 0.001)

    def place(self, moment: datetime) -> float:
        return round(100 * min(max((moment - self.start).total_seconds() / self.seconds, 0), 1), 2)

    def ticks(self) -> Iterator[dict[str, Any]]:
        """Round numbers of seconds, about TICKS of them."""
        rough = self.seconds / TICKS
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
        for number in range(math.floor(self.seconds / step + 1e-9) + 1):
            at = number * step
            yield {"place": self.place(self.start + timedelta(seconds=at)), "label": f"{at:g} s"}


def deployment(told: Record, now: datetime, commits: Mapping[str, Record]) -> dict[str, Any]:
    """One deployment with its hosts on a time axis, and why it failed."""
    created = moment(told["create_time"]) or now
    ended = moment(told.get("complete_time"))
    axis = Axis(created, ended or now)
    targets = sorted(told.get("targets", []), key=lambda item: str(item["target_id"]))
    events = list(
        dict.fromkeys(e["lifecycle_event_name"] for t in targets for e in t.get("lifecycle_events", []))
    )
    return {
        "id": told["deployment_id"],
        "status": told["status"],
        "state": STATES.get(told["status"], "busy"),
        "revision": revision(told.get("revision") or {}),
        "change": commits.get(commit(told.get("revision") or {}), NO_CHANGE),
        "created": created.strftime("%Y-%m-%d %H:%M:%S UTC"),
        "took": duration(axis.seconds) if ended else "under way",
        **starter(told),
        "reason": (told.get("error_information") or {}).get("message", ""),
        "events": [{"number": number, "name": name} for number, name in enumerate(events, 1)],
        "targets": [_target(item, events, axis) for item in targets],
        "ticks": list(axis.ticks()),
        "failures": failures(targets),
    }


def _target(told: Record, events: Sequence[str], axis: Axis) -> dict[str, Any]:
    bars = [
        _bar(event, events.index(event["lifecycle_event_name"]) + 1, axis)
        for event in told.get("lifecycle_events", [])
    ]
    return {
        "id": told["target_id"],
        "status": told["status"],
        "state": STATES.get(told["status"], "busy"),
        "bars": bars,
    }


def _bar(event: Record, number: int, axis: Axis) -> dict[str, Any]:
    start, end = moment(event.get("start_time")), moment(event.get("end_time"))
    status = event.get("status", "Pending")
    took = duration((end - start).total_seconds()) if start and end else ""
    shown: dict[str, Any] = {
        "number": number,
        "name": event["lifecycle_event_name"],
        "status": status,
        "state": STATES.get(status, "busy"),
        "took": took,
        "place": None,
    }
    if start is None or status in {"Pending", "Skipped"}:
        return shown
    left = axis.place(start)
    return shown | {"place": left, "width": round(axis.place(end or axis.end) - left, 2)}


def failures(targets: Iterable[Record]) -> list[dict[str, Any]]:
    """What failed where, with the end of the log; hosts that failed in the same way together."""
    together: dict[tuple[str, ...], list[str]] = {}
    for target in targets:
        for event in target.get("lifecycle_events", []):
            if event.get("status") == "Failed":
                told = event.get("diagnostics") or {}
                words = tuple(
                    told.get(key) or "" for key in ("script_name", "error_code", "message", "log_tail")
                )
                together.setdefault((event["lifecycle_event_name"], *words), []).append(target["target_id"])
    return [
        {
            "event": event,
            "script": script,
            "code": code,
            "message": message,
            "log": log,
            "targets": names,
        }
        for (event, script, code, message, log), names in together.items()
    ]


def revision(told: Record) -> str:
    """A revision in a few words."""
    if github_location := told.get("github_location"):
        return f"{github_location['repository']}@{github_location['commit_id'][:SHORT]}"
    if s3_location := told.get("s3_location"):
        return f"s3://{s3_location['bucket']}/{s3_location['key']}"
    return str(told.get("revision_type", ""))


# What a run would change


def drift(facts: Facts) -> dict[str, Any]:
    """What a dry run of the whole found, as pipeline_drift_info returns it."""
    found = facts["drift"]
    if not found:
        return {"state": "none", "words": "not looked for", "changes": []}
    problems, changes = list(found["problems"]), list(found["changes"])
    if not found["began"]:
        return {"state": "bad", "words": f"the dry run did not begin: {', '.join(problems)}", "changes": []}
    if problems:
        return {"state": "bad", "words": "the dry run broke off", "changes": problems + changes}
    if changes:
        return {"state": "busy", "words": f"a run would change {len(changes)}", "changes": changes}
    return {"state": "good", "words": "none: a run would change nothing", "changes": []}


# Times


def moment(told: str | None) -> datetime | None:
    """A time as modules return it, ISO 8601."""
    return datetime.fromisoformat(told) if told else None


def duration(seconds: float) -> str:
    """Seconds in words: `0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`, `3 d`."""
    if seconds < 10:  # noqa: PLR2004 - tenths matter up to there
        return f"{seconds:.1f} s"
    whole = round(seconds)
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if days:
        return f"{days} d"
    if hours:
        return f"{hours} h {minutes % 60} min"
    return f"{minutes} min {whole % 60} s" if minutes else f"{whole} s"
