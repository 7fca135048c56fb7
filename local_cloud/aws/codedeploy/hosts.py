"""Commands on their way to the agents.

Every host has a mailbox. An agent polls it; a command is handed out once, and the next one only after
the former is complete: agents run at once whatever they are given.
"""

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition

from moto.core.base_backend import backend_lock

from .deployments.records import Diagnostics
from .options import options


@dataclass(kw_only=True, eq=False)
class HostCommand:
    """A lifecycle event that one agent shall run."""

    identifier: str
    host: str
    execution_id: str
    name: str
    nonce: int
    on_hand_out: Callable[[], None]
    on_complete: Callable[[Diagnostics | None, bool], None]
    """Called once, with the agent's diagnostics and whether it succeeded."""
    status: str = "Pending"
    handed_out_at: float | None = None
    seen: bool = False
    """Whether the agent came back with a question about it, so that it surely has it."""

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
        if self.current.seen or self.current.handed_out_at is None:
            return None
        return max(self.current.handed_out_at + options.redelivery_delay - time.monotonic(), 0.0)

    def deliver(self) -> HostCommand:
        command = self.current or self.waiting.popleft()
        self.current = command
        command.handed_out_at = time.monotonic()
        return command


class Hosts:
    """All mailboxes of one account and region, under the backends' lock."""

    def __init__(self) -> None:
        self._mailboxes: dict[str, _Mailbox] = {}
        self._commands: dict[str, HostCommand] = {}
        self._closed = False

    def send(self, command: HostCommand) -> None:
        with backend_lock:
            self._commands[command.identifier] = command
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
                    return self._hand_out(mailbox)
                patience = deadline - time.monotonic()
                if patience <= 0:
                    return None
                mailbox.changed.wait(patience if delay is None else min(patience, delay))
            return None

    def find(self, identifier: str) -> HostCommand | None:
        with backend_lock:
            return self._commands.get(identifier)

    def mark_seen(self, host: str) -> None:
        """The host's agent has got its current command."""
        with backend_lock:
            current = self._mailbox(host).current
            if current:
                current.seen = True

    def acknowledge(self, command: HostCommand) -> str:
        """The command's status, which tells the agent whether to run it."""
        with backend_lock:
            command.seen = True
            if not command.complete:
                command.status = "InProgress"
            return command.status

    def complete(self, command: HostCommand, diagnostics: Diagnostics | None, *, succeeded: bool) -> None:
        """The agent's result. Agents may send a second one, less telling: the first one counts."""
        with backend_lock:
            if command.complete:
                return
            self._close(command, "Succeeded" if succeeded else "Failed")
            command.on_complete(diagnostics, succeeded)

    def withdraw(self, host: str, execution_id: str, *, handed_out: bool) -> bool:
        """Take a deployment's command back; one that the agent has already, only if `handed_out`."""
        with backend_lock:
            mailbox = self._mailbox(host)
            candidates = [*mailbox.waiting, *([mailbox.current] if handed_out and mailbox.current else [])]
            withdrawn = [command for command in candidates if command.execution_id == execution_id]
            for command in withdrawn:
                self._close(command, "Failed")
            return bool(withdrawn)

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

    def _hand_out(self, mailbox: _Mailbox) -> HostCommand:
        command = mailbox.deliver()
        command.on_hand_out()
        return command

    def _close(self, command: HostCommand, status: str) -> None:
        command.status = status
        mailbox = self._mailbox(command.host)
        if mailbox.current is command:
            mailbox.current = None
        elif command in mailbox.waiting:
            mailbox.waiting.remove(command)
        mailbox.changed.notify_all()
