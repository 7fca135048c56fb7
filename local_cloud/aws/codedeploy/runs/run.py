"""Runs one deployment to its end, in a thread of its own that waits for events and never polls hosts.

Everything here happens under the backend's lock, but for telling SNS.
"""

import logging
import time
from enum import StrEnum
from threading import Condition, Thread
from typing import Protocol

from moto.moto_api._internal import mock_random

from local_cloud.aws.codedeploy.options import options
from local_cloud.aws.codedeploy.records.applications import DeploymentGroup
from local_cloud.aws.codedeploy.records.deployments import (
    Deployment,
    DeploymentStatus,
    LifecycleEvent,
    Status,
    Target,
)
from local_cloud.aws.codedeploy.records.place import CodeDeployBase
from local_cloud.aws.codedeploy.runs import (
    alarms,
    endings,
    health,
    lifecycle,
    notifications,
    permissions,
    targets,
)
from local_cloud.aws.codedeploy.runs.events import TargetEvents
from local_cloud.aws.codedeploy.runs.mailboxes import Mailboxes

log = logging.getLogger(__name__)


class StopReason(StrEnum):
    """The values are the events of an automatic rollback configuration."""

    REQUEST = "DEPLOYMENT_STOP_ON_REQUEST"
    ALARM = "DEPLOYMENT_STOP_ON_ALARM"


class Owner(Protocol):
    """Whoever starts runs."""

    def alive(self) -> None:
        """Called now and then while a run goes on."""

    def ended(self, run: "DeploymentRun") -> None:
        """Called once, when its deployment has ended."""


class DeploymentRun:
    """One deployment on its way."""

    def __init__(
        self,
        backend: CodeDeployBase,
        deployment: Deployment,
        group: DeploymentGroup,
        mailboxes: Mailboxes,
        owner: "Owner",
    ) -> None:
        self.deployment = deployment
        self.stop_reason: StopReason | None = None
        self._backend = backend
        self._group = group
        self._owner = owner
        self._minimum_healthy = 0
        self._stop_error: dict[str, str] | None = None
        self._abandoned = False
        self._changed = Condition(backend.lock)
        self._woken = True
        self._notifications: list[notifications.Notification] = []
        self._events = TargetEvents(
            backend,
            deployment,
            group,
            mailboxes,
            changed=self._signal,
            stopped=lambda: self.stop_reason is not None,
            tell=self._tell_instance,
        )
        self._recheck_at = 0.0
        self._refusal: dict[str, str] | None = None
        self._refusal_at = time.monotonic() + options.creation_time
        self._overdue_at = time.monotonic() + options.deployment_timeout
        self._thread = Thread(target=self._run, name=f"deployment {deployment.deployment_id}", daemon=True)

    # What others may do.

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Something changed that matters: look again at alarms and instances."""
        with self._changed:
            self._recheck_at = 0.0
            self._signal()

    def stop(self, reason: StopReason, error: dict[str, str]) -> bool:
        """Send out no more commands. True when no agent is at work, so that the deployment ends at once."""
        with self._changed:
            self.stop_reason = self.stop_reason or reason
            self._stop_error = self._stop_error or error
            self._signal()
            return not any(event.status is Status.IN_PROGRESS for event in self._current_events())

    def abandon(self) -> None:
        """The backend is reset: end without a trace."""
        with self._changed:
            self._abandoned = True
            self._signal()

    # The thread.

    def _run(self) -> None:
        try:
            while not self.deployment.finished and not self._abandoned:
                with self._changed:
                    self._changed.wait_for(lambda: self._woken, timeout=self._patience())
                    self._woken = False
                    self._advance()
                    collected, self._notifications = self._notifications, []
                notifications.publish(self._backend, self._group, collected)
        except Exception:
            log.exception("deployment %s broke", self.deployment.deployment_id)
            with self._changed:
                self._end(DeploymentStatus.FAILED, endings.INTERNAL_ERROR)

    def _signal(self) -> None:
        self._woken = True
        self._changed.notify_all()

    def _patience(self) -> float:
        if self.deployment.status is DeploymentStatus.CREATED:
            return max(self._refusal_at - time.monotonic(), 0.0)
        deadlines = [target.deadline for target in self._in_progress() if target.deadline is not None]
        return max(min([*deadlines, self._recheck_at, self._overdue_at]) - time.monotonic(), 0.0)

    def _advance(self) -> None:
        if self._abandoned:
            return
        if self.deployment.status is DeploymentStatus.CREATED:
            self._begin()
        if self.deployment.finished or self.deployment.status is DeploymentStatus.CREATED:
            return
        self._recheck()
        self._events.take_results()
        self._fail_overdue_targets()
        if self.stop_reason:
            self._stop_targets()
        else:
            self._start_targets()
        self._settle()

    # Beginning.

    def _begin(self) -> None:
        """What cannot begin stays Created for a while, as everything does with AWS."""
        if self._refusal is None:
            self._refusal = self._look_for_targets()
        if self._refusal and time.monotonic() < self._refusal_at:
            return
        self.deployment.begin()
        self._tell_deployment()
        if self._refusal:
            self._end(DeploymentStatus.FAILED, self._refusal)

    def _look_for_targets(self) -> dict[str, str] | None:
        """Why the deployment cannot begin."""
        alarms_to_watch = alarms.configuration(self.deployment, self._group.alarm_configuration)
        refusal = permissions.refused(self._backend, self._group) or permissions.refused_alarms(
            self._backend, self._group, alarms_to_watch
        )
        if refusal:
            return refusal
        candidates = targets.candidates(self._backend, self.deployment, self._group)
        self._add_targets(candidates)
        config = self._backend.deployment_configs[self.deployment.deployment_config_name]
        total = len(candidates)
        self._minimum_healthy = health.minimum_healthy(config.minimum_healthy_hosts or {}, total)
        if not total:
            return endings.NO_INSTANCES
        return (
            None if health.is_possible(total, self._minimum_healthy) else endings.HEALTH_CONSTRAINTS_INVALID
        )

    def _add_targets(self, candidates: list[targets.Candidate]) -> None:
        if options.shuffles_targets:
            mock_random.shuffle(candidates)
        for candidate in candidates:
            self.deployment.targets[candidate.target_id] = Target(
                deployment_id=self.deployment.deployment_id,
                target_id=candidate.target_id,
                target_arn=candidate.target_arn,
                host=candidate.host,
                lifecycle_events=lifecycle.events(self.deployment),
            )

    # While it runs.

    def _recheck(self) -> None:
        """What nobody tells about: alarms, instances that are gone, the deployment's own time."""
        if time.monotonic() < self._recheck_at:
            return
        self._recheck_at = time.monotonic() + options.recheck_interval
        if time.monotonic() >= self._overdue_at:
            self._time_out()
        self._stop_on_alarm()
        self._owner.alive()
        living = targets.living_hosts(self._backend)
        for target in self._in_progress():
            if target.host not in living:
                self._events.give_up_on_agent(target, lifecycle.INSTANCE_GONE)

    def _stop_on_alarm(self) -> None:
        configuration = alarms.configuration(self.deployment, self._group.alarm_configuration)
        refusal = permissions.refused_alarms(self._backend, self._group, configuration)
        if refusal:
            self.stop(StopReason.ALARM, refusal)
        active = alarms.active(self._backend, configuration)
        if active:
            names = " ".join(f"<{name}>" for name in active)
            self.stop(StopReason.ALARM, {"code": "ALARM_ACTIVE", "message": endings.ALARM_ACTIVE + names})

    def _time_out(self) -> None:
        for target in self._in_progress():
            self._events.give_up_on_agent(target, endings.TIMEOUT["message"])
        for target in self._pending():
            self._events.skip(target)
        self._end(DeploymentStatus.FAILED, endings.TIMEOUT)

    def _fail_overdue_targets(self) -> None:
        for target in self._in_progress():
            if target.deadline is not None and time.monotonic() >= target.deadline:
                event = target.current_event
                had_begun = event is not None and event.status is Status.IN_PROGRESS
                reason = lifecycle.NO_STATUS_CALLBACK if had_begun else lifecycle.AGENT_SILENT
                self._events.give_up_on_agent(target, reason)

    def _start_targets(self) -> None:
        counts = self.deployment.count_targets()
        room = health.may_start(counts, len(self.deployment.targets), self._minimum_healthy)
        for target in self._pending()[:room]:
            self._events.start(target)

    def _stop_targets(self) -> None:
        """Take back what no agent has yet; what is at work may finish its event."""
        for target in self._pending():
            self._events.skip(target)
        for target in self._in_progress():
            event = target.current_event
            if event is None or event.status is Status.PENDING:
                self._events.withdraw(target)
                self._events.skip(target)

    def _settle(self) -> None:
        """End the deployment when nothing is at work and nothing more can be started."""
        if self.deployment.finished or self._in_progress():
            return
        if self.stop_reason:
            self._end(DeploymentStatus.STOPPED, self._stop_error)
            return
        pending = self._pending()
        for target in pending:
            self._events.skip(target)
        if not pending and health.succeeded(self.deployment.count_targets(), self._minimum_healthy):
            self._end(DeploymentStatus.SUCCEEDED)
        else:
            self._end(DeploymentStatus.FAILED, endings.HEALTH_CONSTRAINTS)

    def _end(self, status: DeploymentStatus, error: dict[str, str] | None = None) -> None:
        if not self.deployment.finished:
            self.deployment.end(status, error)
            self._tell_deployment()
            self._owner.ended(self)

    # Looking around.

    def _in_progress(self) -> list[Target]:
        return [t for t in self.deployment.targets.values() if t.status is Status.IN_PROGRESS]

    def _pending(self) -> list[Target]:
        return [t for t in self.deployment.targets.values() if t.status is Status.PENDING]

    def _current_events(self) -> list[LifecycleEvent]:
        return [event for target in self._in_progress() if (event := target.current_event)]

    def _tell_deployment(self) -> None:
        triggers = self._group.trigger_configurations
        self._notifications += notifications.for_deployment(self._backend, self.deployment, triggers)

    def _tell_instance(self, target: Target) -> None:
        triggers = self._group.trigger_configurations
        self._notifications += notifications.for_instance(self._backend, self.deployment, target, triggers)
