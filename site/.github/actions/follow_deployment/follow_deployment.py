#!/usr/bin/env python3
"""Follows a CodeDeploy deployment to its end: prints what happens on the hosts, and writes a summary.

Usage: follow_deployment.py DEPLOYMENT_ID [--summary FILE] [--outputs FILE]
Needs the AWS CLI with credentials and region. Exit status 0 only for Succeeded.
"""

import argparse
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True  # nothing is left in the repository

import progress  # noqa: E402 - after what it depends on
import report  # noqa: E402

FINAL = ("Succeeded", "Failed", "Stopped")
POLL_SECONDS = 2
QUIET_SECONDS = 15
"""After so long without news one line says that there is still somebody at work."""
ROLLBACK_SECONDS = 20
"""Until CodeDeploy has named the rollback of a deployment that did not succeed."""
ROLLBACK_EVENTS = {
    "Failed": {"DEPLOYMENT_FAILURE"},
    "Stopped": {"DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"},
}
BATCH = 25

Json = dict[str, Any]


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description="Follows a CodeDeploy deployment to its end.")
    parser.add_argument("deployment")
    parser.add_argument("--summary", type=Path, metavar="FILE", help="Markdown is appended to it")
    parser.add_argument("--outputs", type=Path, metavar="FILE", help="status=... and rollback-id=... are")
    options = parser.parse_args()
    change = report.change()
    deployment = follow(options.deployment, options.summary, change)
    told = rollback(deployment)
    back = told.get("rollbackDeploymentId", "")
    if told:
        say(told["rollbackMessage"])
    if back:
        # Until it has ended, CodeDeploy would refuse the deployment of the next push.
        follow(back, options.summary, report.Change(f"This rolls back {options.deployment}."))
    if options.outputs:
        with options.outputs.open("a") as stream:
            stream.write(f"status={deployment['status']}\nrollback-id={back}\n")
    return 0 if deployment["status"] == "Succeeded" else 1


def follow(name: str, file: Path | None, change: report.Change) -> Json:
    """Waits for the end of a deployment, and appends its summary to the file; the deployment as it ended."""
    started = told = time.monotonic()
    watch = progress.Watch()
    deployment: Json = {}
    while deployment.get("status") not in FINAL:
        if deployment:
            time.sleep(POLL_SECONDS)
        else:
            say(*report.heading(get(name), change))
        deployment = get(name)
        hosts = targets(name)
        seconds = time.monotonic() - started
        lines = list(watch.news(hosts))
        if not lines and time.monotonic() - told >= QUIET_SECONDS:
            lines = [watch.sign_of_life(deployment, hosts)]
        if lines:
            told = time.monotonic()
            say(*(f"{seconds:6.0f} s  {line}" for line in lines))
    say(*progress.failures(hosts), report.ending(deployment, hosts, time.monotonic() - started))
    if file:
        with file.open("a") as stream:
            stream.write(report.summary(deployment, hosts, change, time.monotonic() - started))
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
        told = get(name).get("rollbackInfo") or {}
    return told


def say(*lines: str) -> None:
    """The job's log shows lines as soon as they are flushed."""
    sys.stdout.write("".join(f"{line}\n" for line in lines))
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


def get(name: str) -> Json:
    """A deployment."""
    found: Json = aws("get-deployment", "--deployment-id", name)["deploymentInfo"]
    return found


def targets(deployment: str) -> list[Json]:
    """Every target of the deployment (an instance, a function, a service) with its lifecycle events."""
    ids = aws("list-deployment-targets", "--deployment-id", deployment).get("targetIds", [])
    found: list[Json] = []
    for start in range(0, len(ids), BATCH):
        batch = ids[start : start + BATCH]
        answer = aws("batch-get-deployment-targets", "--deployment-id", deployment, "--target-ids", *batch)
        found += [
            part
            for target in answer["deploymentTargets"]
            for part in target.values()
            if isinstance(part, dict)
        ]
    return found


if __name__ == "__main__":
    sys.exit(main())
