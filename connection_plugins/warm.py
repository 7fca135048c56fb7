# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs Python modules on localhost in forks of a process that has imported what they import."""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: warm
short_description: Run modules on localhost in a warm interpreter
description:
  - As P(ansible.builtin.local#connection), but a Python module is run by a fork of a process of this run that
    has imported its libraries already (warm_interpreter/server.py), with the environment, the directory and
    the standard streams that the ordinary way would give it.
  - What is not plainly such a module, or would not run there as it runs elsewhere, goes the ordinary way,
    as everything does where no such process was started. C(-vvv) says which way each module went.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
extends_documentation_fragment:
  - connection_pipelining
options:
  become_success_timeout:
    description: As of P(ansible.builtin.local#connection).
    type: int
    default: 10
    vars:
      - name: ansible_local_become_success_timeout
  become_strip_preamble:
    description: As of P(ansible.builtin.local#connection).
    type: bool
    default: true
    vars:
      - name: ansible_local_become_strip_preamble
"""

import json
import os
import re
import selectors
import shlex
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from ansible import constants as C  # noqa: N812 - as everywhere in Ansible
from ansible.plugins.connection.local import Connection as Local
from ansible.utils.display import Display

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

CHECKOUT = Path(__file__).resolve().parent.parent
SERVER = CHECKOUT / "warm_interpreter" / "server.py"
PATIENCE = 20  # seconds until it must have begun; it imports for two on a slow machine
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
READY, GO, REFUSED = b"r", b"g", b"n"  # as in SERVER
KILLED = -signal.SIGKILL
Result = tuple[int, bytes, bytes]
display = Display()


class OrdinaryWayError(Exception):
    """Why a module is not run in the warm interpreter. Nothing of it has run."""


class Connection(Local):  # type: ignore[misc] # Ansible has no types
    """What Ansible loads."""

    server: ClassVar[socket.socket | None] = None
    """Set before workers are forked; none is left in a process that a worker starts."""

    @classmethod
    def start(cls, collection: str) -> None:
        """Start the warm interpreter of this run. Raises OSError or AttributeError where it can't be here."""
        mine, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        options = {
            "descriptor": theirs.fileno(),
            "parent": os.getpid(),
            "given": dict(os.environ),
            "utilities": str(CHECKOUT / "module_utils"),
            "collection": collection,
        }
        shell = C.DEFAULT_EXECUTABLE.split()[0]
        with theirs:
            # As Ansible starts a module, so that all that a shell and an interpreter set is set the same.
            process = subprocess.Popen(  # noqa: S602 - as Ansible does
                f"{shell} -c {shlex.quote(shlex.quote(sys.executable))}",
                shell=True,
                executable=shell,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
            with process.stdin as program:  # type: ignore[union-attr]
                program.write(f"{SERVER.read_text()}\nserve(**{options!r})\n".encode())
        cls.server = mine

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> Result:
        """Run a module in the warm interpreter, anything else and what it refuses the ordinary way."""
        if not in_data:
            return self.go_ordinary_way(cmd, in_data, sudoable)
        try:
            result = self._warm(cmd, in_data)
        except OrdinaryWayError as why:
            return self.go_ordinary_way(cmd, in_data, sudoable, str(why))
        display.vvv("WARM: run in the warm interpreter", host=self._play_context.remote_addr)
        return result

    def go_ordinary_way(self, cmd: str, in_data: bytes | None, sudoable: bool, why: str = "") -> Result:
        """As the base does."""
        if why:
            display.vvv(f"WARM: run the ordinary way: {why}", host=self._play_context.remote_addr)
        result: Result = super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        return result

    def _warm(self, cmd: str, in_data: bytes) -> Result:
        if self.server is None:
            raise OrdinaryWayError("there is no warm interpreter")
        if self.become:
            raise OrdinaryWayError("it becomes another user")
        assigned, more = assignments(cmd)
        asked = {
            "assigned": assigned,
            "more": more,
            "environment": dict(os.environ),
            "directory": os.fsdecode(self.cwd or os.getcwd()),  # noqa: PTH109 - bytes are in it
            "size": len(in_data),
        }
        self._connect()
        mine, theirs = socket.socketpair()
        with mine, signals_passed_on(mine):
            out, error = begin(self.server, mine, theirs, json.dumps(asked).encode() + b"\n" + in_data)
            output = read_both(out, error)
            return ended(mine), *output


def assignments(cmd: str) -> tuple[Mapping[str, str], bool]:
    """The variables of a command that is `sh -c 'NAME=value... python'`, and whether `&& sleep 0` follows.

    Ansible 2.19 appends that, 2.21 does not.
    """
    try:
        shell, flag, script = shlex.split(cmd)
        words = shlex.split(script)
    except ValueError:
        raise OrdinaryWayError("it is not one command of a shell") from None
    more = words[-3:] == ["&&", "sleep", "0"]
    *names, python = words[:-3] if more else words or [""]
    if flag != "-c" or shell != C.DEFAULT_EXECUTABLE or python != sys.executable:
        raise OrdinaryWayError("it is not run by the Python that runs Ansible, or not by that alone")
    pairs = [word.partition("=") for word in names]
    assigned = [f"{name}={shlex.quote(value)}" for name, _, value in pairs]
    written = " ".join([*assigned, shlex.quote(python)]) + (" && sleep 0" if more else "")
    if written != script or not all(NAME.fullmatch(name) for name, _, _ in pairs):
        raise OrdinaryWayError("its environment is more than names and values")
    return {name: value for name, _, value in pairs}, more


def begin(
    server: socket.socket, mine: socket.socket, theirs: socket.socket, request: bytes
) -> tuple[int, int]:
    """Have a module run; the pipes it writes to. Raises OrdinaryWayError while it is sure that it never will.

    The other side runs nothing before it is told to go, and it is told after it has said that it is ready. A
    process that is lost later may have changed something: its module failed, and is not run a second time.
    """
    with ExitStack() as unless_begun:
        (out, its_out), (error, its_error) = os.pipe(), os.pipe()
        unless_begun.callback(os.close, out)
        unless_begun.callback(os.close, error)
        try:
            with theirs, os.fdopen(its_out, "wb", 0), os.fdopen(its_error, "wb", 0):
                socket.send_fds(server, [b"m"], [theirs.fileno(), its_out, its_error])
            mine.settimeout(PATIENCE)
            mine.sendall(request)
            refused = refusal(mine)
            mine.settimeout(None)
            if not refused:
                mine.sendall(GO)
        except OSError as why:
            raise OrdinaryWayError(f"the warm interpreter does not answer: {type(why).__name__}") from None
        if refused:
            raise OrdinaryWayError(refused)
        unless_begun.pop_all()
    return out, error


def refusal(channel: socket.socket) -> str:
    """Why it won't run, empty where it is ready."""
    answer = channel.recv(1)
    if answer == READY:
        return ""
    return (
        channel.recv(1000).decode(errors="replace") if answer == REFUSED else "the warm interpreter has ended"
    )


@contextmanager
def signals_passed_on(channel: socket.socket) -> Iterator[None]:
    """Whatever ends this worker ends the module, which is not in its process group."""

    def pass_on(number: int, frame: Any) -> None:  # noqa: ANN401 - as Python calls it
        with suppress(OSError):  # it has ended
            channel.send(bytes([number]))
        handler = before[signal.Signals(number)] or signal.SIG_DFL
        signal.signal(number, handler)
        if callable(handler):
            handler(number, frame)
        else:
            os.kill(os.getpid(), number)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in before:
        signal.signal(number, pass_on)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


def read_both(out: int, error: int) -> tuple[bytes, bytes]:
    """All that comes through two pipes; they are closed."""
    read: dict[int, list[bytes]] = {out: [], error: []}
    with selectors.DefaultSelector() as selector, os.fdopen(out, "rb", 0), os.fdopen(error, "rb", 0):
        for pipe in read:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                data = os.read(key.fd, 1 << 16)
                read[key.fd].append(data)
                if not data:
                    selector.unregister(key.fd)
    return b"".join(read[out]), b"".join(read[error])


def ended(channel: socket.socket) -> int:
    """The exit status, that of a shell which was killed where none is told."""
    try:
        told = channel.recv(2)
    except ConnectionResetError:
        told = b""
    return int.from_bytes(told, "big", signed=True) if told else KILLED
