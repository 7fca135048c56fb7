"""What is said of a whole deployment: above its progress, below it, and in the job's summary."""

import html
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from progress import took

Json = dict[str, Any]

PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
"""What Markdown may take for a sign of its own."""
CONSOLES = {"cn-": "console.amazonaws.cn", "us-gov-": "console.amazonaws-us-gov.com"}


@dataclass(frozen=True)
class Change:
    """What is deployed, whose it is and who started it; empty where it is not known."""

    words: str = ""
    commit: str = ""
    page: str = ""
    actor: str = ""
    run: str = ""

    def markdown(self) -> list[str]:
        """For the summary."""
        commit = f"[{self.commit[:12]}]({self.page}) " if self.commit else ""
        lines = [f"{commit}{plain(self.words)}".strip()]
        if self.actor and self.run:
            number = self.run.rpartition("/")[2]
            lines.append(f"Deployed by {plain(self.actor)} in [run {number}]({self.run}).")
        return ["  \n".join(filter(None, lines))] if any(lines) else []


def change() -> Change:
    """From what GitHub tells a job, and from the clone."""
    known = {
        name: os.environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "SHA", "RUN_ID")
    }
    repository, sha = f"{known['SERVER_URL']}/{known['REPOSITORY']}", known["SHA"]
    told = subprocess.run(
        ["git", "log", "-1", "--format=%s%n%an", sha], check=False, capture_output=True, text=True
    )
    return Change(
        words=", by ".join(told.stdout.splitlines()) if sha else "",
        commit=sha,
        page=f"{repository}/commit/{sha}" if sha else "",
        actor=os.environ.get("GITHUB_TRIGGERING_ACTOR") or os.environ.get("GITHUB_ACTOR", ""),
        run=f"{repository}/actions/runs/{known['RUN_ID']}" if known["RUN_ID"] else "",
    )


def heading(deployment: Json, about: Change) -> Iterator[str]:
    """What is on its way where, in lines for a terminal."""
    yield f"Deploying {about.commit[:12]} {about.words}".rstrip()
    rows = {
        "as": deployment["deploymentId"],
        "to": " ".join(
            deployment.get(f"{kind}Name", "") for kind in ("application", "deploymentGroup")
        ).strip(),
        "by": about.actor,
        "commit": about.page,
        "run": about.run,
        "console": console(deployment["deploymentId"]),
    }
    yield from (f"  {name:<8}{value}" for name, value in rows.items() if value)


def ending(deployment: Json, hosts: list[Json], seconds: float) -> str:
    """The last line."""
    good = sum(1 for host in hosts if host.get("status") == "Succeeded")
    why = (deployment.get("errorInformation") or {}).get("message", "")
    ended = f"{deployment['deploymentId']}: {deployment['status']} after {seconds:.0f} s"
    return f"{ended}, {good} of {len(hosts)} succeeded" + (f": {why}" if why else "")


def plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return PUNCTUATION.sub(r"\\\1", text)


def summary(deployment: Json, hosts: list[Json], about: Change, seconds: float) -> str:
    """Markdown: the outcome, what it is about, a table of hosts and events, and the log of what failed."""
    identifier = deployment["deploymentId"]
    why = html.escape((deployment.get("errorInformation") or {}).get("message", ""), quote=False)
    lines = [
        f"### Deployment [{identifier}]({console(identifier)}): {deployment['status']} after {seconds:.0f} s",
        "",
        *(line for text in [*about.markdown(), why] if text for line in (text, "")),
        "| Host | Event | Status | Took |",
        "| --- | --- | --- | ---: |",
    ]
    failures = []
    for host in hosts:
        for event in host.get("lifecycleEvents", []):
            name = event["lifecycleEventName"]
            lines.append(f"| {host['targetId']} | {name} | {event['status']} | {took(event)} |")
            if event["status"] == "Failed":
                failures += failure(host, event)
    return "\n".join([*lines, "", *failures, ""])


def failure(host: Json, event: Json) -> list[str]:
    """What a failed event said, safe to show whatever a script has printed."""
    told = event.get("diagnostics", {})
    title = f"{host['targetId']}: {event['lifecycleEventName']}, {told.get('scriptName') or 'no script'}"
    lines = f"{told.get('errorCode')}: {told.get('message')}\n{told.get('logTail') or ''}"
    return [f"#### {html.escape(title)}", "", f"<pre>{html.escape(lines)}</pre>", ""]


def console(deployment: str) -> str:
    """The deployment's page in the AWS console."""
    region = os.environ.get("AWS_REGION", "us-east-1")
    host = next(
        (host for start, host in CONSOLES.items() if region.startswith(start)), "console.aws.amazon.com"
    )
    return f"https://{region}.{host}/codesuite/codedeploy/deployments/{deployment}?region={region}"
