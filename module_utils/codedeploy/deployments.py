# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# Longer than 300 lines: one action from its request to its end, whose steps share what they know.
"""The action: bring a revision to a deployment group, stop that, or go back."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..aws.errors import ModuleError
from ..aws.transformations import to_snake, without_empty
from ..aws.waiters import until_usable
from . import api, fleet, reports, revisions
from .deployment_groups import normalise
from .targets import BATCH
from .watch import ACTIVE, Watch, until_over

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..aws.connection import Connection
    from ..aws.errors import Record

# A role may have been made a moment ago, by the task before.
SETTLING = ("InvalidRoleException",)
SETTLING_SECONDS = 60
# Codes with which AWS says that the application is not connected to GitHub.
UNLINKED = ("GitHubAccountTokenDoesNotExistException", "InvalidGitHubAccountTokenException")
CONFLICT = "DeploymentLimitExceededException"
LONGEST_DESCRIPTION = 256
BREATH = 1  # seconds between two tries where AWS refuses a deployment because of another
# How the description of a deployment made by `rolled_back` begins: by it the next run knows that it is done.
ROLLBACK_MARK = "Rollback of "
# Of a deployment that is repeated, what makes the same revision work the same way.
REPEATED = ("fileExistsBehavior", "ignoreApplicationStopFailures")
# Codes with which EC2 and IAM say "you may not look".
FORBIDDEN = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


@dataclass(frozen=True)
class Action:
    """What a user asks of one deployment group."""

    connection: Connection
    application_name: str
    group_name: str
    settings: Record = field(default_factory=dict)  # members of CreateDeployment, less names and revision
    on_conflict: str = "wait"
    wait: bool = True
    wait_timeout: float = 1800
    force: bool = False
    dry_run: bool = False
    tell: Callable[[Record], None] = lambda _news: None
    warn: Callable[[str], None] = lambda _words: None

    def deploy(self, revision: Record | None, upload: Callable[[], None] = lambda: None) -> dict[str, Any]:
        """Bring the revision to every target of the group, unless it is there; `upload` provides it first.

        None is the revision that is there, for deploymentMode RESTART.
        """
        return self._until_free(
            lambda group, deadline: self._deploy(group, revision, upload, deadline), revision
        )

    def roll_back(self) -> dict[str, Any]:
        """Bring back the revision that was good before the newest deployment, unless that is done."""
        return self._until_free(self._roll_back, None)

    def stop(self, deployment_id: str | None, *, auto_rollback: bool | None) -> dict[str, Any]:
        """Stop a deployment, or whichever is active in the group."""
        client = self.connection.codedeploy
        wanted = deployment_id or _active(self._group() or {})
        found = api.get_deployment(client, {"deploymentId": wanted}) if wanted else None
        if not wanted or not found or found["status"] not in ACTIVE:
            return _result(changed=False, deployment=found or {}, before={}, after={})
        statuses = {"before": {"status": found["status"]}, "after": {"status": "Stopped"}}
        if self.dry_run:
            return _result(changed=True, deployment={**found, "status": "Stopped"}, **statuses)
        request = without_empty({"deploymentId": wanted, "autoRollbackEnabled": auto_rollback})
        stopped = api.stop_deployment(client, request) is not None
        watch = Watch(client, wanted, self.tell)
        if not self.wait:
            watch.look()
        elif not until_over(watch, deadline=time.monotonic() + self.wait_timeout):
            raise reports.late(watch, seconds=self.wait_timeout)
        return _result(changed=stopped, deployment=watch.deployment, targets=watch.targets, **statuses)

    # How a run goes

    def _until_free(
        self, act: Callable[[Record, float], dict[str, Any]], revision: Record | None
    ) -> dict[str, Any]:
        """Act on the group, once nothing else is deployed to it; `on_conflict` says what to do until then."""
        client = self.connection.codedeploy
        deadline = time.monotonic() + self.wait_timeout
        busy: str | None = None
        while True:
            group = self._group()
            if group is None:
                return self._planned(normalise({}), revision)
            busy = busy or _active(group)
            running = api.get_deployment(client, {"deploymentId": busy}) if busy else None
            if running and running["status"] in ACTIVE:
                if revision and not self.force and revisions.same(revision, running.get("revision")):
                    return self._join(running, deadline)
                self._make_way(running, deadline)
                busy = None
                if not self.dry_run:
                    continue
            try:
                return act(group, deadline)
            except ModuleError as error:
                # Somebody's deployment began between our look and ours.
                busy = _deployment_in(error.message) if error.code == CONFLICT else None
                if not busy or time.monotonic() > deadline:
                    raise
                time.sleep(BREATH)

    def _make_way(self, running: Record, deadline: float) -> None:
        """Wait for another deployment to end, or stop it, or refuse."""
        name, client = running["deploymentId"], self.connection.codedeploy
        what = f"{name} of {revisions.label(running.get('revision'))} to {self._place} is {running['status']}"
        if self.on_conflict == "fail":
            raise ModuleError(f"The deployment {what}. Wait for it, or set on_conflict to wait or stop.")
        if self.dry_run:
            return
        if self.on_conflict == "stop":
            api.stop_deployment(client, {"deploymentId": name, "autoRollbackEnabled": False})
        watch = Watch(client, name, self.tell)
        if not until_over(watch, deadline=deadline):
            raise ModuleError(
                f"The deployment {what}, and still is after {self.wait_timeout:g} s (wait_timeout). "
                "Wait longer, or set on_conflict to stop.",
                result=_result(changed=False, deployment=watch.deployment, targets=watch.targets),
            )

    def _join(self, running: Record, deadline: float) -> dict[str, Any]:
        """The revision is on its way already, by somebody else's deployment: that one is ours to wait for."""
        told = {"revision": running.get("revision")}
        if self.dry_run or not self.wait:
            return _result(changed=False, deployment=running, before=told, after=told)
        watch = Watch(self.connection.codedeploy, running["deploymentId"], self.tell)
        self._wait(watch, deadline)
        return _result(
            changed=False, deployment=watch.deployment, targets=watch.targets, before=told, after=told
        )

    def _deploy(
        self, group: Record, revision: Record | None, upload: Callable[[], None], deadline: float
    ) -> dict[str, Any]:
        if revision and not self.force and self._is_there(group, revision):
            told = {"revision": group["targetRevision"]}
            return _result(changed=False, deployment=_last_good(group), before=told, after=told)
        if self.dry_run:
            return self._planned(group, revision or group.get("targetRevision"))
        upload()
        return self._start(group, revision, self.settings, deadline)

    def _roll_back(self, group: Record, deadline: float) -> dict[str, Any]:
        last, good = group.get("lastAttemptedDeployment"), group.get("lastSuccessfulDeployment")
        if not last or not good:
            raise ModuleError(
                f"No deployment to {self._place} has succeeded: there is nothing to go back to."
            )
        if last["deploymentId"] == good["deploymentId"]:
            newest, *older = self._history(group)
            told = {"revision": group.get("targetRevision")}
            if _is_rollback(newest) and not self.force:
                return _result(changed=False, deployment=newest, before=told, after=told)
            wanted = next((item for item in older if not _same_revision(item, newest)), None)
            if wanted is None:
                raise ModuleError(
                    f"No other revision than {revisions.label(newest.get('revision'))} has succeeded in "
                    f"{self._place}: there is nothing to go back to."
                )
        else:
            wanted = api.get_deployment(self.connection.codedeploy, {"deploymentId": good["deploymentId"]})
        if self.dry_run:
            return self._planned(group, wanted["revision"])
        repeated = without_empty({name: wanted.get(name) for name in REPEATED})
        words = f"{ROLLBACK_MARK}{last['deploymentId']} {self.settings.get('description') or ''}".strip()
        description = {"description": words[:LONGEST_DESCRIPTION]}
        settings = repeated | dict(self.settings) | description
        return self._start(group, wanted["revision"], settings, deadline)

    def _start(
        self, group: Record, revision: Record | None, settings: Record, deadline: float
    ) -> dict[str, Any]:
        """Create the deployment and, where asked, wait for its end."""
        client = self.connection.codedeploy
        request = without_empty({**self._names, **settings, "revision": revision})
        deployment_id = until_usable(
            lambda: self._create(request), codes=SETTLING, timeout=min(SETTLING_SECONDS, self.wait_timeout)
        )
        watch = Watch(client, deployment_id, self.tell)
        if self.wait:
            self._wait(watch, deadline)
        else:
            watch.look()
        return _result(
            changed=True,
            deployment=watch.deployment,
            targets=watch.targets,
            before={"revision": group.get("targetRevision")},
            after={"revision": watch.deployment.get("revision"), "targets": sorted(watch.targets)},
        )

    def _create(self, request: Record) -> str:
        try:
            return api.create_deployment(self.connection.codedeploy, request)
        except ModuleError as error:
            if error.code in UNLINKED:
                words = reports.unlinked(self.connection, self.application_name)
                raise ModuleError(f"{error.message} {words}", code=error.code) from error
            raise

    def _wait(self, watch: Watch, deadline: float) -> None:
        """Until the deployment is over. Raises ModuleError where it is not, or is no success."""
        in_time = until_over(watch, deadline=deadline)
        if in_time and watch.deployment["status"] in {"Succeeded", "Ready"}:
            return
        if in_time:
            raise reports.failed(self.connection, watch, self.tell, deadline=deadline)
        raise reports.late(watch, seconds=self.wait_timeout)

    def _planned(self, group: Record, revision: Record | None) -> dict[str, Any]:
        """Check mode: what would be deployed, where, replacing what."""
        hosts = sorted(self._fleet(group) or ())
        deployment = {**self._names, "deploymentId": None, "revision": revision, "status": "Planned"}
        return _result(
            changed=True,
            deployment=deployment,
            targets={name: {"targetId": name, "status": "Planned"} for name in hosts},
            before={"revision": group.get("targetRevision"), "targets": hosts},
            after={"revision": revision, "targets": hosts},
        )

    # What is there

    @property
    def _names(self) -> dict[str, str]:
        return {"applicationName": self.application_name, "deploymentGroupName": self.group_name}

    @property
    def _place(self) -> str:
        return f"{self.application_name}/{self.group_name}"

    def _group(self) -> Record | None:
        """The deployment group; None only in check mode, where the task before would have made it."""
        info = api.get_deployment_group(self.connection.codedeploy, self._names)
        if info is None and not self.dry_run:
            raise ModuleError(
                f"There is no deployment group {self.group_name} of an application {self.application_name}. "
                "Create it first, with the modules codedeploy_application and codedeploy_deployment_group."
            )
        return None if info is None else normalise(info)

    def _is_there(self, group: Record, revision: Record) -> bool:
        """Whether the newest deployment brought this revision, and to every instance there is now."""
        last, good = group.get("lastAttemptedDeployment"), group.get("lastSuccessfulDeployment")
        if not last or not good or last["deploymentId"] != good["deploymentId"]:
            return False
        if not revisions.same(revision, group.get("targetRevision")):
            return False
        hosts = self._fleet(group)
        missing = set(hosts or ()) - self._reached(good["deploymentId"])
        if missing:
            # Earlier deployments of the same revision may have reached the others (new instances only).
            for item in self._history(group)[1:]:
                if not missing or not revisions.same(revision, item.get("revision")):
                    break
                missing -= self._reached(item["deploymentId"])
        return not missing

    def _fleet(self, group: Record) -> set[str] | None:
        """The instances that the group's tags choose now; None where we may not look."""
        try:
            return fleet.instances(self.connection, group)
        except ModuleError as error:
            if error.code not in FORBIDDEN:
                raise
            self.warn(
                "Without the permission ec2:DescribeInstances, instances that are new since the last "
                "deployment are not noticed."
            )
            return None

    def _reached(self, deployment_id: str) -> set[str]:
        request = {"deploymentId": deployment_id, "targetFilters": {"TargetStatus": ["Succeeded"]}}
        return set(api.list_deployment_targets(self.connection.codedeploy, request) or [])

    def _history(self, group: Record) -> list[Record]:
        """The newest successful deployments to the group, at most 25, newest first."""
        client = self.connection.codedeploy
        request = {**self._names, "includeOnlyStatuses": ["Succeeded"]}
        ids = (api.list_deployments(client, request) or {}).get("deployments", [])[:BATCH]
        found = api.batch_get_deployments(client, {"deploymentIds": ids}) if ids else []
        good = group["lastSuccessfulDeployment"]["deploymentId"]
        newest_first = sorted(found, key=lambda item: item["createTime"], reverse=True)
        return sorted(newest_first, key=lambda item: item["deploymentId"] != good)


def _active(group: Record) -> str | None:
    """The id of the group's unfinished deployment."""
    last = group.get("lastAttemptedDeployment") or {}
    return last.get("deploymentId") if last.get("status") in ACTIVE else None


def _deployment_in(message: str) -> str | None:
    """The id of a deployment that AWS names in a sentence whose wording has changed before."""
    found = re.search(r"\bd-[A-Z0-9]+\b", message)
    return found.group() if found else None


def _is_rollback(deployment: Record) -> bool:
    description = deployment.get("description") or ""
    return deployment.get("creator") == "codeDeployRollback" or description.startswith(ROLLBACK_MARK)


def _same_revision(one: Record, other: Record) -> bool:
    return revisions.same(one["revision"], other.get("revision"))


def _last_good(group: Record) -> dict[str, Any]:
    """The group's newest successful deployment, as far as the group tells it."""
    good = group["lastSuccessfulDeployment"]
    return {
        "applicationName": group["applicationName"],
        "deploymentGroupName": group["deploymentGroupName"],
        "deploymentId": good["deploymentId"],
        "status": good["status"],
        "createTime": good.get("createTime"),
        "completeTime": good.get("endTime"),
        "revision": group["targetRevision"],
    }


def _result(
    *,
    changed: bool,
    deployment: Record,
    targets: Record | None = None,
    before: Record | None = None,
    after: Record | None = None,
) -> dict[str, Any]:
    """The module's result, in snake_case; targets by id."""
    return {
        "changed": changed,
        "deployment": to_snake(deployment),
        "targets": to_snake([target for _, target in sorted((targets or {}).items())]),
        "diff": {
            "before": to_snake(without_empty(before or {})),
            "after": to_snake(without_empty(after or {})),
        },
    }
