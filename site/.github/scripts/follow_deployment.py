#!/usr/bin/env python3
"""Follows a CodeDeploy deployment to its end: prints what happens on the hosts, and writes a summary.

Usage: follow_deployment.py DEPLOYMENT_ID [--summary FILE]
Needs the AWS CLI with credentials and region. Exit status 0 only for Succeeded.
"""

import argparse
import html
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

FINAL = ("Succeeded", "Failed", "Stopped")
POLL_SECONDS = 2
ROLLBACK_SECONDS = 20
"""Until CodeDeploy has named the rollback of a deployment that did not succeed."""
ROLLBACK_EVENTS = {
    "Failed": {"DEPLOYMENT_FAILURE"},
    "Stopped": {"DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"},
}
PUNCTUATION = re.compile(r"([!-/:-@\[-`{-~])")
"""What Markdown may take for a sign of its own."""
BATCH = 25

Json = dict[str, Any]


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description="Follows a CodeDeploy deployment to its end.")
    parser.add_argument("deployment")
    parser.add_argument("--summary", type=Path, metavar="FILE", help="Markdown is appended to it")
    options = parser.parse_args()
    deployment = follow(options.deployment, options.summary, change())
    told = rollback(deployment)
    if told:
        say(told["rollbackMessage"])
    if "rollbackDeploymentId" in told:
        # Until it has ended, CodeDeploy would refuse the deployment of the next push.
        follow(told["rollbackDeploymentId"], options.summary, [f"This rolls back {options.deployment}."])
    return 0 if deployment["status"] == "Succeeded" else 1


def follow(name: str, file: Path | None, about: list[str]) -> Json:
    """Waits for the end of a deployment, and appends its summary to the file; the deployment as it ended."""
    seen: set[tuple[str, str, str]] = set()
    while True:
        deployment: Json = aws("get-deployment", "--deployment-id", name)["deploymentInfo"]
        hosts = targets(name)
        for line in news(hosts, seen):
            say(line)
        if deployment["status"] in FINAL:
            break
        time.sleep(POLL_SECONDS)
    if file:
        with file.open("a") as stream:
            stream.write(summary(deployment, hosts, about))
    say(f"{name}: {deployment['status']} {reason(deployment)}")
    return deployment


def rollback(deployment: Json) -> Json:
    """What CodeDeploy says of the rollback of a deployment that has ended; nothing where there is none."""
    settings = deployment.get("autoRollbackConfiguration") or {}
    events = ROLLBACK_EVENTS.get(deployment["status"], set()) & set(settings.get("events", []))
    name = deployment["deploymentId"]
    told: Json = deployment.get("rollbackInfo") or {}
    limit = time.monotonic() + ROLLBACK_SECONDS
    while settings.get("enabled") and events and not told and time.monotonic() < limit:
        time.sleep(POLL_SECONDS)
        told = aws("get-deployment", "--deployment-id", name)["deploymentInfo"].get("rollbackInfo") or {}
    return told


def change() -> list[str]:
    """What is deployed, whose it is and who started it, in Markdown; what is not known is left out."""
    known = os.environ.get
    repository = f"{known('GITHUB_SERVER_URL')}/{known('GITHUB_REPOSITORY')}"
    lines = []
    sha = known("GITHUB_SHA")
    if sha:
        told = subprocess.run(
            ["git", "log", "-1", "--format=%s%n%an", sha], check=False, capture_output=True, text=True
        )
        words = [plain(line) for line in told.stdout.splitlines()]
        lines.append(f"[{sha[:12]}]({repository}/commit/{sha}) {', by '.join(words)}".strip())
    run, actor = known("GITHUB_RUN_ID"), known("GITHUB_TRIGGERING_ACTOR") or known("GITHUB_ACTOR")
    if run and actor:
        lines.append(f"Deployed by {plain(actor)} in [run {run}]({repository}/actions/runs/{run}).")
    return ["  \n".join(lines)] if lines else []


def plain(text: str) -> str:
    """Text that Markdown shows as it is."""
    return PUNCTUATION.sub(r"\\\1", text)


def say(line: str) -> None:
    """The job's log shows a line as soon as it is flushed."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def aws(operation: str, *arguments: str) -> Json:
    """Calls CodeDeploy through the AWS CLI; nothing comes back for what has not begun yet."""
    command = ["aws", "deploy", operation, *arguments, "--output", "json"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if "DeploymentNotStartedException" in done.stderr:
        return {}
    if done.returncode:
        sys.exit(done.stderr.strip())
    answer: Json = json.loads(done.stdout)
    return answer


def targets(deployment: str) -> list[Json]:
    """Every host of the deployment, with its lifecycle events."""
    ids = aws("list-deployment-targets", "--deployment-id", deployment).get("targetIds", [])
    found: list[Json] = []
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        answer = aws("batch-get-deployment-targets", "--deployment-id", deployment, "--target-ids", *batch)
        found += [target["instanceTarget"] for target in answer["deploymentTargets"]]
    return found


def news(hosts: list[Json], seen: set[tuple[str, str, str]]) -> list[str]:
    """One line for each lifecycle event that got a new state since the last look."""
    lines = []
    for host in hosts:
        for event in host.get("lifecycleEvents", []):
            state = (host["targetId"], event["lifecycleEventName"], event["status"])
            if state not in seen and event["status"] != "Pending":
                seen.add(state)
                lines.append(" ".join(state))
    return lines


def summary(deployment: Json, hosts: list[Json], about: list[str]) -> str:
    """Markdown: the outcome, what it is about, a table of hosts and events, and the log of what failed."""
    identifier = deployment["deploymentId"]
    lines = [
        f"### Deployment [{identifier}]({console(identifier)}): {deployment['status']}",
        "",
        *(line for text in [*about, reason(deployment)] if text for line in (text, "")),
        "| Host | Event | Status |",
        "| --- | --- | --- |",
    ]
    failures = []
    for host in hosts:
        for event in host.get("lifecycleEvents", []):
            lines.append(f"| {host['targetId']} | {event['lifecycleEventName']} | {event['status']} |")
            if event["status"] == "Failed":
                failures += failure(host, event)
    return "\n".join([*lines, "", *failures, ""])


def failure(host: Json, event: Json) -> list[str]:
    """What a failed event said, safe to show whatever a script has printed."""
    told = event.get("diagnostics", {})
    title = f"{host['targetId']}: {event['lifecycleEventName']}, {told.get('scriptName') or 'no script'}"
    lines = f"{told.get('errorCode')}: {told.get('message')}\n{told.get('logTail') or ''}"
    return [f"#### {html.escape(title)}", "", f"<pre>{html.escape(lines)}</pre>", ""]


def reason(deployment: Json) -> str:
    """Why a deployment did not succeed; empty where it did."""
    return html.escape(deployment.get("errorInformation", {}).get("message", ""), quote=False)


def console(deployment: str) -> str:
    """The deployment's page in the AWS console."""
    region = os.environ.get("AWS_REGION", "us-east-1")
    hosts = {"cn-": "console.amazonaws.cn", "us-gov-": "console.amazonaws-us-gov.com"}
    host = next((host for start, host in hosts.items() if region.startswith(start)), "console.aws.amazon.com")
    return f"https://{region}.{host}/codesuite/codedeploy/deployments/{deployment}?region={region}"


if __name__ == "__main__":
    sys.exit(main())
