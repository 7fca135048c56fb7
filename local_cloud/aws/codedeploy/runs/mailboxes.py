"""Commands on their way to the agents.

Every host has a mailbox. An agent polls it; a command is handed out once, and the next one only after
the former is complete: agents run at once whatever they are given.
"""

import base64
import json
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition

from moto.core.base_backend import backend_lock

from local_cloud.aws.codedeploy.options import options
from local_cloud.aws.codedeploy.records.deployments import Diagnostics

_CLASS = "com.amazon.apollo.deploycontrol.domain.HostCommandIdentifier"


def identifier(execution_id: str, host: str, name: str, position: int) -> str:
    """A command's name, by which agents come back to it. Recorded: agents' logs, 2017."""
    pair = [
        _CLASS,
        {
            "deploymentId": execution_id,
            "hostId": host,
            "commandName": name,
            "commandPosition": position,
            "commandAttempt": 1,
        },
    ]
    return base64.b64encode(json.dumps(pair, separators=(",", ":")).encode()).decode()


@dataclass(kw_only=True, eq=False, slots=True)
class HostCommand:
    """A lifecycle event that one agent shall run."""

    identifier: str
    host: str
    execution_id: str
    name: str
    on_taken: Callable[[], None]
    """Called once, when the agent has shown that it has the command."""
    on_complete: Callable[[Diagnostics | None, bool], None]
    """Called once, with the agent's diagnostics and whether it succeeded."""
    status: str = "Pending"
    nonce: int = 0
    """Given when it is sent: the number of the command."""
    handed_out_at: float | None = None
    taken: bool = False
    """Whether the agent came back about it. Before, its poll may have gone to a dead connection."""

    @property
    def complete(self) -> bool:
        return self.status in {"Succeeded", "Failed"}


@dataclass(eq=False)
class _Mailbox:
    changed: Condition
    waiting: deque[HostCommand] = field(default_factory=deque)
    current: HostCommand | None = None
    poll: int = 0
    """Number of the latest poll. An agent has one poll at a time: an older one has lost its agent."""

    def seconds_to_delivery(self) -> float | None:
        """Until there is something to hand out; None when nothing is in sight."""
        if self.current is None:
            return 0.0 if self.waiting else None
        if self.current.taken or self.current.handed_out_at is None:
            return None
        return max(self.current.handed_out_at + options.redelivery_delay - time.monotonic(), 0.0)

    def deliver(self) -> HostCommand:
        command = self.current or self.waiting.popleft()
        self.current = command
        command.handed_out_at = time.monotonic()
        return command


class Mailboxes:
    """All of one account and region, under the backends' lock."""

    def __init__(self) -> None:
        self._mailboxes: dict[str, _Mailbox] = {}
        self._commands: dict[str, dict[str, HostCommand]] = defaultdict(dict)
        """By execution id and identifier."""
        self._closed = False
        self._nonce = 0

    def send(self, command: HostCommand) -> None:
        with backend_lock:
            self._nonce += 1
            command.nonce = self._nonce
            self._commands[command.execution_id][command.identifier] = command
            mailbox = self._mailbox(command.host)
            mailbox.waiting.append(command)
            mailbox.changed.notify_all()

    def poll(self, host: str, seconds: float) -> HostCommand | None:
        """The host's next command; waits up to `seconds` for one."""
        deadline = time.monotonic() + seconds
        with backend_lock:
            mailbox = self._mailbox(host)
            mailbox.poll += 1
            poll = mailbox.poll
            mailbox.changed.notify_all()
            while not self._closed and mailbox.poll == poll:
                delay = mailbox.seconds_to_delivery()
                if delay == 0:
                    return mailbox.deliver()
                patience = deadline - time.monotonic()
                if patience <= 0:
                    return None
                mailbox.changed.wait(patience if delay is None else min(patience, delay))
            return None

    def find(self, execution_id: str, identifier: str) -> HostCommand | None:
        with backend_lock:
            return self._commands.get(execution_id, {}).get(identifier)

    def forget(self, execution_id: str) -> None:
        """A deployment has ended, as its targets' lifecycle events tell. No agent has to come back to it, not
        even where it ended by an error of this service."""
        with backend_lock:
            for command in self._commands.pop(execution_id, {}).values():
                if not command.complete:
                    self._close(command, "Failed")

    def take(self, host: str, execution_id: str) -> None:
        """The host's agent asks about a deployment, so it has got that one's command."""
        with backend_lock:
            current = self._mailbox(host).current
            if current and current.execution_id == execution_id:
                self._take(current)

    def acknowledge(self, command: HostCommand) -> str:
        """The command's status, which tells the agent whether to run it."""
        with backend_lock:
            if not command.complete:
                self._take(command)
                command.status = "InProgress"
            return command.status

    def complete(self, command: HostCommand, diagnostics: Diagnostics | None, *, succeeded: bool) -> None:
        """The agent's result. Agents may send a second one, less telling: the first one counts."""
        with backend_lock:
            if command.complete:
                return
            self._take(command)
            self._close(command, "Succeeded" if succeeded else "Failed")
            command.on_complete(diagnostics, succeeded)

    def withdraw(self, host: str, execution_id: str) -> None:
        """Expect nothing more of a deployment's command, whoever has it."""
        with backend_lock:
            mailbox = self._mailbox(host)
            for command in (*mailbox.waiting, mailbox.current):
                if command and command.execution_id == execution_id:
                    self._close(command, "Failed")

    def close(self) -> None:
        """End every poll; nothing is handed out any more."""
        with backend_lock:
            self._closed = True
            for mailbox in self._mailboxes.values():
                mailbox.changed.notify_all()

    def _mailbox(self, host: str) -> _Mailbox:
        if host not in self._mailboxes:
            self._mailboxes[host] = _Mailbox(Condition(backend_lock))
        return self._mailboxes[host]

    def _take(self, command: HostCommand) -> None:
        if not command.taken:
            command.taken = True
            command.on_taken()

    def _close(self, command: HostCommand, status: str) -> None:
        command.status = status
        mailbox = self._mailbox(command.host)
        if mailbox.current is command:
            mailbox.current = None
        elif command in mailbox.waiting:
            mailbox.waiting.remove(command)
        mailbox.changed.notify_all()
