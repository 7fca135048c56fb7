#!/usr/bin/env python3
"""Follows a CodeDeploy deployment to its end: prints what happens on the hosts, and writes a summary.

Usage: follow_deployment.py DEPLOYMENT_ID [--summary FILE]
Needs the AWS CLI with credentials and region. Exit status 0 only for Succeeded.
"""

import argparse
import html
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

FINAL = ("Succeeded", "Failed", "Stopped")
POLL_SECONDS = 2
BATCH = 25

Json = dict[str, Any]


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description="Follows a CodeDeploy deployment to its end.")
    parser.add_argument("deployment")
    parser.add_argument("--summary", type=Path, metavar="FILE", help="Markdown is appended to it")
    options = parser.parse_args()
    seen: set[tuple[str, str, str]] = set()
    while True:
        deployment = aws("get-deployment", "--deployment-id", options.deployment)["deploymentInfo"]
        hosts = targets(options.deployment)
        for line in news(hosts, seen):
            say(line)
        if deployment["status"] in FINAL:
            break
        time.sleep(POLL_SECONDS)
    if options.summary:
        with options.summary.open("a") as file:
            file.write(summary(deployment, hosts))
    say(f"{options.deployment}: {deployment['status']} {reason(deployment)}")
    return 0 if deployment["status"] == "Succeeded" else 1


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


def summary(deployment: Json, hosts: list[Json]) -> str:
    """Markdown: the outcome, a table of hosts and events, and the log of what failed."""
    identifier = deployment["deploymentId"]
    lines = [
        f"### Deployment [{identifier}]({console(identifier)}): {deployment['status']}",
        "",
        *filter(None, [reason(deployment)]),
        "",
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
