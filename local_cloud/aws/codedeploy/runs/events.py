"""The targets of one deployment, each on its way through its lifecycle events."""

import time
from collections import deque
from collections.abc import Callable
from functools import partial

from local_cloud.aws.codedeploy.options import options
from local_cloud.aws.codedeploy.records.deployments import (
    Deployment,
    Diagnostics,
    LifecycleEvent,
    Status,
    Target,
)
from local_cloud.aws.codedeploy.records.place import CodeDeployBase
from local_cloud.aws.codedeploy.runs import lifecycle, traffic
from local_cloud.aws.codedeploy.runs.mailboxes import HostCommand, Mailboxes, identifier
from local_cloud.aws.codedeploy.runs.service import Errand, Service, ServiceError


class TargetEvents:
    """`changed` is called when an agent has shown something, `tell` when a target's status is another;
    `stopped` says whether no more commands may be sent; `ask` takes calls of other services."""

    def __init__(
        self,
        backend: CodeDeployBase,
        deployment: Deployment,
        mailboxes: Mailboxes,
        *,
        changed: Callable[[], None],
        stopped: Callable[[], bool],
        tell: Callable[[Target], None],
        ask: Callable[[Errand], None],
    ) -> None:
        self._backend = backend
        self._deployment = deployment
        self._mailboxes = mailboxes
        self._changed = changed
        self._stopped = stopped
        self._tell = tell
        self._ask = ask
        self._switched: list[Target] = []
        """Whose load balancers were told, and have not done it yet."""
        self.look_at: float | None = None
        """When these are asked again, on the monotonic clock."""
        self._results: deque[tuple[Target, Diagnostics | None, bool]] = deque()

    def start(self, target: Target) -> None:
        is_new = target.status is Status.PENDING
        target.update(Status.IN_PROGRESS)
        if is_new:
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
            elif event.lifecycle_event_name == target.waits_before:
                target.deadline = None
                target.update(Status.READY)
                self._tell(target)
            elif event.lifecycle_event_name in lifecycle.SERVICE_EVENTS:
                self._begin_service_event(target, event)
                return
            else:
                self._send(target, event)
                return

    def _send(self, target: Target, event: LifecycleEvent) -> None:
        target.deadline = time.monotonic() + options.agent_timeout
        execution_id, name = self._backend.execution_id(self._deployment), event.lifecycle_event_name
        position = target.lifecycle_events.index(event) + 1
        self._mailboxes.send(
            HostCommand(
                identifier=identifier(execution_id, target.target_arn, name, position),
                host=target.host,
                execution_id=execution_id,
                name=name,
                on_taken=partial(self._taken, target, event),
                on_complete=partial(self._completed, target, event),
            )
        )

    def _taken(self, target: Target, event: LifecycleEvent) -> None:
        event.begin()
        self._deployment.note_start()
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

    def _begin_service_event(self, target: Target, event: LifecycleEvent) -> None:
        event.begin()
        self._deployment.note_start()
        target.deadline = time.monotonic() + options.event_timeout
        switch = traffic.allow if event.lifecycle_event_name == lifecycle.ALLOW_TRAFFIC else traffic.block
        info = self._deployment.balancers

        def call(service: Service) -> None:
            switch(service, info, target.target_id)

        def done(_answer: None, error: ServiceError | None) -> None:
            if event is not target.current_event or target.status is not Status.IN_PROGRESS:
                return
            if error:
                self._fail_event(target, event, str(error))
            else:
                self._switched.append(target)
                self.look_at = time.monotonic()

        self._ask(Errand(call, done))

    def look_at_traffic(self) -> None:
        """Ask load balancers what has become of those that they were told to let in, or out."""
        self._switched = [t for t in self._switched if self._switching(t)]
        if not self._switched:
            self.look_at = None
        elif self.look_at is not None and time.monotonic() >= self.look_at:
            self.look_at = time.monotonic() + options.traffic_interval
            info = self._deployment.balancers
            self._ask(Errand(lambda service: traffic.states(service, info), self._seen))

    def _switching(self, target: Target) -> LifecycleEvent | None:
        """The event of the service's that the target is in."""
        event = target.current_event if target.status is Status.IN_PROGRESS else None
        return event if event and event.lifecycle_event_name in lifecycle.SERVICE_EVENTS else None

    def _seen(self, said: traffic.States | None, error: ServiceError | None) -> None:
        switching = [(target, event) for target in self._switched if (event := self._switching(target))]
        for target, event in switching:
            allows = event.lifecycle_event_name == lifecycle.ALLOW_TRAFFIC
            states = (said or {}).get(target.target_id, [])
            if error:
                self._fail_event(target, event, str(error))
            elif traffic.is_in(states) if allows else traffic.is_out(states):
                self._results.append((target, Diagnostics(error_code="Success", message="Succeeded"), True))
        if self._results:
            self._changed()

    def _fail_event(self, target: Target, event: LifecycleEvent, message: str) -> None:
        event.end(Status.FAILED, Diagnostics(error_code="UnknownError", message=message))
        self._end_target(target, Status.FAILED)
        self._changed()

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
        if lifecycle.installs(target):
            key = (self._deployment.deployment_group_id, target.target_id)
            self._backend.last_results[key] = (self._deployment.revision, target.status)
        self._tell(target)

    def interrupt(self, target: Target) -> None:
        """Expect nothing more of load balancers, whatever they were told."""
        event = self._switching(target)
        if event:
            event.end(Status.FAILED, Diagnostics(error_code="UnknownError", message=lifecycle.INTERRUPTED))
            self.skip(target)

    def skip(self, target: Target) -> None:
        target.deadline = None
        target.skip_remaining()
        target.update(Status.SKIPPED)
