# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a user is told when a deployment does not succeed: every failed target, and the rollback."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..aws.errors import ModuleError
from ..aws.transformations import to_snake
from .revisions import label
from .targets import current_event, explain, failures
from .watch import Watch, until_over

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..aws.connection import Connection
    from ..aws.errors import Record

# AWS names the rollback of a failed deployment some moments after the failure.
ROLLBACK_SECONDS = 10
SHOWN = 10  # targets that a late deployment names
# The events of an automatic rollback that the end of a deployment can be.
ROLLBACK_EVENTS = {
    "Failed": {"DEPLOYMENT_FAILURE"},
    "Stopped": {"DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"},
}
# What to do next, by the error code of a deployment.
NEXT_STEPS = {
    "AGENT_ISSUE": "Look at the CodeDeploy agent's log on the hosts.",
    "ALARM_ACTIVE": "Look at the alarms of the deployment group.",
    "HEALTH_CONSTRAINTS_INVALID": "The deployment configuration asks for more healthy hosts than there are.",
    "IAM_ROLE_MISSING": "The deployment group's service role does not exist.",
    "IAM_ROLE_PERMISSIONS": "The service role lacks permissions: attach AWSCodeDeployRole.",
    "NO_INSTANCES": "No running instance matches the deployment group: compare its tags with the instances'.",
    "REVISION_MISSING": "The revision is not where it was said to be.",
}
SILENT_AGENTS = (
    " CodeDeploy gives up on an agent that does not report after an hour. See whether the instances run, and"
    " whether their agents reach CodeDeploy and the instance metadata: each agent's log says what stops it."
)
UNLINKED = (
    "There is no API to connect an application to GitHub. Once for each application: "
    'open {url}, choose "Create deployment", then GitHub, and connect. '
    "Or deploy from S3 (s3_location, source_dir)."
)


def late(watch: Watch, *, seconds: float) -> ModuleError:
    """It is not over yet, though we waited long enough."""
    waiting = [f"{name} ({current_event(watch.targets[name])})" for name in watch.unfinished]
    shown = ", ".join(waiting[:SHOWN]) + (f" and {len(waiting) - SHOWN} more" if waiting[SHOWN:] else "")
    status = watch.deployment["status"]
    message = (
        f"The deployment {_what(watch)} is still {status} after {seconds:g} s "
        f"(wait_timeout); it goes on without us. Not done: {shown or 'no target has begun'}."
    )
    if any(watch.targets[name].get("targetType") == "InstanceTarget" for name in watch.unfinished):
        message += SILENT_AGENTS
    return ModuleError(message, code="WaitTimeout", result=_result(watch))


def failed(
    connection: Connection, watch: Watch, tell: Callable[[Record], None], *, deadline: float
) -> ModuleError:
    """It ended badly: say for every failed target why, and what became of the rollback."""
    error = watch.deployment.get("errorInformation") or {}
    code = error.get("code", "")
    found = failures(watch.targets.values())
    ending = {"Failed": "failed", "Stopped": "was stopped"}[watch.deployment["status"]]
    counted = f": {len(found)} of {len(watch.targets)} targets" if found else ""
    lines = [f"The deployment {_what(watch)} {ending}{counted}{f' ({code})' if code else ''}."]
    lines += explain(found)
    if not found:
        lines += [
            words for words in (error.get("message"), _next_step(connection, watch.deployment, code)) if words
        ]
    rollback = _rollback(connection, watch, tell, deadline=deadline)
    if rollback:
        lines.append(_rollback_line(rollback))
    # All targets would bury the failed ones: Ansible prints the whole result of a failed task.
    result = {
        "deployment": to_snake(watch.deployment),
        "failed_targets": found,
        "rollback": to_snake(rollback or {}),
    }
    return ModuleError("\n".join(lines), code=code, result=result)


def _what(watch: Watch) -> str:
    told = watch.deployment
    place = f"{told.get('applicationName')}/{told.get('deploymentGroupName')}"
    return f"{told['deploymentId']} of {label(told.get('revision'))} to {place}"


def _result(watch: Watch) -> dict[str, Any]:
    targets = [watch.targets[name] for name in sorted(watch.targets)]
    return {"deployment": to_snake(watch.deployment), "targets": to_snake(targets)}


def _next_step(connection: Connection, deployment: Record, code: str) -> str:
    if code == "MISSING_GITHUB_TOKEN":
        return unlinked(connection, deployment["applicationName"])
    return NEXT_STEPS.get(code, "")


def unlinked(connection: Connection, application_name: str) -> str:
    """What to do where an application is not connected to GitHub."""
    path = f"codesuite/codedeploy/applications/{application_name}"
    return UNLINKED.format(url=connection.console_url(path))


def _rollback(
    connection: Connection, watch: Watch, tell: Callable[[Record], None], *, deadline: float
) -> Record | None:
    """The automatic rollback at its end, or as far as it is at the deadline; None where there is none."""
    settings = watch.deployment.get("autoRollbackConfiguration") or {}
    expected = ROLLBACK_EVENTS[watch.deployment["status"]] & set(settings.get("events", []))
    limit = time.monotonic() + ROLLBACK_SECONDS
    while expected and settings.get("enabled") and not _rollback_info(watch) and time.monotonic() < limit:
        time.sleep(0.5)
        watch.look()
    name = _rollback_info(watch).get("rollbackDeploymentId")
    if not name:
        return _rollback_info(watch) or None
    rollback = Watch(connection.codedeploy, name, tell)
    until_over(rollback, deadline=deadline)
    return rollback.deployment


def _rollback_info(watch: Watch) -> Record:
    info: Record = watch.deployment.get("rollbackInfo") or {}
    return info


def _rollback_line(rollback: Record) -> str:
    if "deploymentId" not in rollback:
        return f"No rollback: {rollback.get('rollbackMessage')}"
    return (
        f"The automatic rollback {rollback['deploymentId']} to {label(rollback.get('revision'))}: "
        f"{rollback['status']}."
    )
