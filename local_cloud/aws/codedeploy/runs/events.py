"""The targets of one deployment, each on its way through its lifecycle events."""

import time
from collections import deque
from collections.abc import Callable
from functools import partial

from moto.moto_api._internal import mock_random

from local_cloud.aws.codedeploy.options import options
from local_cloud.aws.codedeploy.records.applications import DeploymentGroup
from local_cloud.aws.codedeploy.records.deployments import (
    Deployment,
    Diagnostics,
    LifecycleEvent,
    Status,
    Target,
)
from local_cloud.aws.codedeploy.records.place import CodeDeployBase
from local_cloud.aws.codedeploy.runs import lifecycle, traffic
from local_cloud.aws.codedeploy.runs.mailboxes import HostCommand, Mailboxes


class TargetEvents:
    """`changed` is called when an agent has shown something, `tell` when a target's status is another;
    `stopped` says whether no more commands may be sent."""

    def __init__(
        self,
        backend: CodeDeployBase,
        deployment: Deployment,
        group: DeploymentGroup,
        mailboxes: Mailboxes,
        *,
        changed: Callable[[], None],
        stopped: Callable[[], bool],
        tell: Callable[[Target], None],
    ) -> None:
        self._backend = backend
        self._deployment = deployment
        self._group = group
        self._mailboxes = mailboxes
        self._changed = changed
        self._stopped = stopped
        self._tell = tell
        self._results: deque[tuple[Target, Diagnostics | None, bool]] = deque()

    def start(self, target: Target) -> None:
        target.update(Status.IN_PROGRESS)
        self._tell(target)
        self._begin_next_event(target)

    def take_results(self) -> None:
        """Go on where agents have completed their commands."""
        while self._results:
            target, diagnostics, succeeded = self._results.popleft()
            self._finish_event(target, diagnostics, succeeded=succeeded)

    def _begin_next_event(self, target: Target) -> None:
        """Go on with a target until its agent has something to do, or it is done."""
        while target.status is Status.IN_PROGRESS:
            event = target.current_event
            if event is None:
                self._end_target(target, Status.SUCCEEDED)
            elif self._stopped():
                self.skip(target)
            elif event.lifecycle_event_name in lifecycle.SERVICE_EVENTS:
                self._perform_service_event(target, event)
            else:
                self._send(target, event)
                return

    def _send(self, target: Target, event: LifecycleEvent) -> None:
        target.deadline = time.monotonic() + options.agent_timeout
        identifier = f"{self._backend.account_id}/{self._backend.region_name}/{mock_random.uuid4().hex}"
        self._mailboxes.send(
            HostCommand(
                identifier=identifier,
                host=target.host,
                execution_id=self._backend.execution_id(self._deployment),
                name=event.lifecycle_event_name,
                on_taken=partial(self._taken, target, event),
                on_complete=partial(self._completed, target, event),
            )
        )

    def _taken(self, target: Target, event: LifecycleEvent) -> None:
        event.begin()
        target.touch()
        target.deadline = time.monotonic() + options.event_timeout
        self._changed()

    def _completed(
        self, target: Target, event: LifecycleEvent, diagnostics: Diagnostics | None, succeeded: bool
    ) -> None:
        if event is target.current_event and target.status is Status.IN_PROGRESS:
            self._results.append((target, diagnostics, succeeded))
            self._changed()

    def _finish_event(self, target: Target, diagnostics: Diagnostics | None, *, succeeded: bool) -> None:
        event = target.current_event
        if event is None or target.status is not Status.IN_PROGRESS:
            return
        code = "Success" if succeeded else "UnknownError"
        event.end(
            Status.SUCCEEDED if succeeded else Status.FAILED, diagnostics or Diagnostics(error_code=code)
        )
        target.deadline = None
        target.touch()
        if succeeded or lifecycle.failure_is_ignored(self._deployment, event):
            self._begin_next_event(target)
        else:
            self._end_target(target, Status.FAILED)

    def _perform_service_event(self, target: Target, event: LifecycleEvent) -> None:
        event.begin()
        try:
            traffic.check(self._backend, self._group, self._deployment, event.lifecycle_event_name)
            traffic.perform(self._backend, self._deployment, target, event.lifecycle_event_name)
        except traffic.TrafficError as error:
            event.end(Status.FAILED, Diagnostics(error_code="UnknownError", message=str(error)))
            self._end_target(target, Status.FAILED)
        else:
            event.end(Status.SUCCEEDED, Diagnostics(error_code="Success", message="Succeeded"))

    def give_up_on_agent(self, target: Target, reason: str) -> None:
        self.withdraw(target)
        event = target.current_event
        if event:
            event.end(Status.FAILED, Diagnostics(error_code="UnknownError", message=reason))
        self._end_target(target, Status.FAILED)

    def withdraw(self, target: Target) -> None:
        self._mailboxes.withdraw(target.host, self._backend.execution_id(self._deployment))

    def _end_target(self, target: Target, status: Status) -> None:
        target.deadline = None
        target.skip_remaining()
        target.update(status)
        key = (self._deployment.deployment_group_id, target.target_id)
        self._backend.last_results[key] = (self._deployment.revision, target.status)
        self._tell(target)

    def skip(self, target: Target) -> None:
        target.deadline = None
        target.skip_remaining()
        target.update(Status.SKIPPED)
