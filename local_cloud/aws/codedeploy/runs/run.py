"""Runs one deployment to its end, in a thread of its own that waits for events and never polls hosts.

Everything here happens under the backend's lock, but for telling SNS and calling other services.
"""

import logging
import time
from threading import Condition, Thread
from typing import Protocol

from local_cloud.aws.codedeploy.options import options
from local_cloud.aws.codedeploy.records.applications import DeploymentGroup
from local_cloud.aws.codedeploy.records.deployments import (
    Deployment,
    DeploymentStatus,
    Status,
)
from local_cloud.aws.codedeploy.records.place import CodeDeployBase
from local_cloud.aws.codedeploy.runs import (
    alarms,
    endings,
    lifecycle,
    permissions,
    targets,
)
from local_cloud.aws.codedeploy.runs.blue_green import BlueGreen, TrafficReturn
from local_cloud.aws.codedeploy.runs.events import TargetEvents
from local_cloud.aws.codedeploy.runs.in_place import InPlace
from local_cloud.aws.codedeploy.runs.mailboxes import Mailboxes
from local_cloud.aws.codedeploy.runs.service import Errand, Service, ServiceError
from local_cloud.aws.codedeploy.runs.strategy import Outcome, StopReason, Strategy, Task
from local_cloud.aws.codedeploy.runs.telling import Telling
from local_cloud.aws.codedeploy.runs.waits import Steps, Waits

NOT_BEGUN = (Status.PENDING, Status.READY)
"""Of targets that wait for their turn, or for traffic."""

log = logging.getLogger(__name__)


class Owner(Protocol):
    """Whoever starts runs."""

    def alive(self) -> None:
        """Called now and then while a run goes on."""

    def rolls_back(self, run: "DeploymentRun") -> bool:
        """Will a rollback follow, where the deployment does not succeed?"""

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
        self.group = group
        self._owner = owner
        self._stop_error: dict[str, str] | None = None
        self._abandoned = False
        self._changed = Condition(backend.lock)
        self._woken = True
        self._telling = Telling(backend, deployment, group)
        self._errands: list[Errand] = []
        self._service = Service(group.service_role_arn, backend.region_name)
        self._waits = Waits(self._errands.append)
        self._events = TargetEvents(
            backend,
            deployment,
            mailboxes,
            changed=self._signal,
            stopped=lambda: self.stop_reason is not None and not self._finishing,
            tell=self._telling.instance,
            ask=self._errands.append,
        )
        self._strategy = self._choose_strategy()
        self._steps = self._course()
        self._finishing = False
        self._recheck_at = 0.0
        self._refusal: dict[str, str] | None = None
        self._refusal_at = time.monotonic() + options.creation_time
        self._overdue_at = time.monotonic() + options.deployment_timeout
        self._thread = Thread(target=self._run, name=f"deployment {deployment.deployment_id}", daemon=True)

    def _choose_strategy(self) -> Strategy:
        tell = self._telling.deployment
        task = Task(self._backend, self.deployment, self.group, self._events, self._waits, tell)
        if self.deployment.rolled_back is not None:
            return TrafficReturn(task)
        return BlueGreen(task) if self.deployment.is_blue_green else InPlace(task)

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
            working = self.deployment.with_status(Status.IN_PROGRESS)
            events = [target.current_event for target in working]
            return not any(event is not None and event.status is Status.IN_PROGRESS for event in events)

    @property
    def waits_for(self) -> str | None:
        """The wait of a blue/green deployment, in the words of ContinueDeployment."""
        return self._strategy.waits_for

    def proceed(self) -> None:
        """End the wait."""
        with self._changed:
            self._strategy.proceed()
            self._signal()

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
                    collected = self._telling.take()
                self._telling.publish(collected)
                self._run_errands()
        except Exception:
            log.exception("deployment %s broke", self.deployment.deployment_id)
            with self._changed:
                self._end(DeploymentStatus.FAILED, endings.INTERNAL_ERROR)

    def _run_errands(self) -> None:
        errands, self._errands[:] = list(self._errands), []
        for errand in errands:
            answer, refused = None, None
            with options.calling:
                if self._abandoned:
                    return
                try:
                    answer = errand.call(self._service)
                except ServiceError as error:
                    refused = error
            with self._changed:
                errand.done(answer, refused)
                self._signal()

    def _signal(self) -> None:
        self._woken = True
        self._changed.notify_all()

    def _patience(self) -> float:
        if self.deployment.status is DeploymentStatus.CREATED:
            return max(self._refusal_at - time.monotonic(), 0.0)
        moments = [target.deadline for target in self.deployment.with_status(Status.IN_PROGRESS)]
        moments += [self._recheck_at, self._overdue_at, self._events.look_at]
        seconds = [moment - time.monotonic() for moment in moments if moment is not None]
        waiting = self._waits.seconds
        return max(min(seconds if waiting is None else [*seconds, waiting]), 0.0)

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
        if self.stop_reason and not self._finishing and not self._strategy.is_final:
            self._stop_targets()
            if self.deployment.with_status(Status.IN_PROGRESS):
                return
            self._leave_for((DeploymentStatus.STOPPED, self._stop_error))
        next(self._steps, None)
        self._events.look_at_traffic()

    # Its course.

    def _course(self) -> Steps[None]:
        try:
            outcome = yield from self._strategy.steps()
        except ServiceError as error:
            log.warning("%s: %s", self.deployment.deployment_id, error)
            refused = endings.refused_by(error.service, str(error), is_denied=error.is_denied)
            outcome = DeploymentStatus.FAILED, refused
        yield from self._finish(outcome)

    def _leave_for(self, outcome: Outcome) -> None:
        """Whatever was to come does not."""
        self._steps.close()
        self._steps = self._finish(outcome)

    def _finish(self, outcome: Outcome) -> Steps[None]:
        status, error = outcome
        self._finishing = True
        if status is not DeploymentStatus.SUCCEEDED:
            for target in self.deployment.with_status(*NOT_BEGUN):
                self._events.skip(target)
            yield from self._strategy.retreat(rolls_back=self._owner.rolls_back(self))
        self._end(status, error)

    # Beginning.

    def _begin(self) -> None:
        """What cannot begin stays Created for a while, as everything does with AWS."""
        if self._refusal is None:
            self._refusal = self._look_for_targets()
        if self._refusal and time.monotonic() < self._refusal_at:
            return
        self.deployment.begin()
        self._telling.deployment()
        if self._refusal:
            self._leave_for((DeploymentStatus.FAILED, self._refusal))

    def _look_for_targets(self) -> dict[str, str] | None:
        """Why the deployment cannot begin."""
        return (
            permissions.refused(self._backend, self.group)
            or alarms.refused(self._backend, self.deployment, self.group)
            or self._strategy.look()
        )

    # While it runs.

    def _recheck(self) -> None:
        """What nobody tells about: alarms, instances that are gone, the deployment's own time."""
        if time.monotonic() < self._recheck_at:
            return
        self._recheck_at = time.monotonic() + options.recheck_interval
        if self._waits.until is not None:
            # A wait that was asked for is no part of the time in which a deployment has to come to its end.
            self._overdue_at = time.monotonic() + options.deployment_timeout
        if time.monotonic() >= self._overdue_at and not self._finishing:
            self._time_out()
        error = alarms.stop(self._backend, self.deployment, self.group)
        if error:
            self.stop(StopReason.ALARM, error)
        self._owner.alive()
        living = targets.living_hosts(self._backend)
        for target in self.deployment.with_status(Status.IN_PROGRESS):
            if target.host not in living:
                self._events.give_up_on_agent(target, lifecycle.INSTANCE_GONE)

    def _time_out(self) -> None:
        for target in self.deployment.with_status(Status.IN_PROGRESS):
            self._events.give_up_on_agent(target, endings.TIMEOUT["message"])
        self._leave_for((DeploymentStatus.FAILED, endings.TIMEOUT))

    def _fail_overdue_targets(self) -> None:
        for target in self.deployment.with_status(Status.IN_PROGRESS):
            if target.deadline is not None and time.monotonic() >= target.deadline:
                self._events.give_up_on_agent(target, lifecycle.overdue(target.current_event))

    def _stop_targets(self) -> None:
        """Take back what no agent has yet; what is at work may finish its event."""
        for target in self.deployment.with_status(*NOT_BEGUN):
            self._events.skip(target)
        for target in self.deployment.with_status(Status.IN_PROGRESS):
            event = target.current_event
            if event is None or event.status is Status.PENDING:
                self._events.withdraw(target)
                self._events.skip(target)
            else:
                self._events.interrupt(target)

    def _end(self, status: DeploymentStatus, error: dict[str, str] | None = None) -> None:
        if not self.deployment.finished:
            self.deployment.end(status, error)
            self._telling.deployment()
            self._owner.ended(self)
