"""What the connection does when the warm interpreter refuses, is lost, or hangs, at each step."""

import os
import shlex
import socket
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from ansible.constants import DEFAULT_EXECUTABLE

from tests.plugins import load

warm: Any = load("connection_plugins/warm.py")
REQUEST = b'{"size": 1000000}\n' + 1_000_000 * b"x"


def answer(serve: Callable[[socket.socket], None]) -> int:
    """Begin a module with another side that does this with the channel it is sent; how that said it ended."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)

    def accept() -> None:
        with its:
            _, [channel, *pipes], _, _ = socket.recv_fds(its, 1, 3)
            with (
                socket.socket(fileno=channel) as job,
                os.fdopen(pipes[0], "wb", 0),
                os.fdopen(pipes[1], "wb", 0),
            ):
                serve(job)

    other = threading.Thread(target=accept)
    other.start()
    mine, theirs = socket.socketpair()
    try:
        with ours, mine:
            pipes: tuple[int, int] = warm.begin(ours, mine, theirs, REQUEST)
            assert warm.read_both(*pipes) == (b"", b"")
            return int(warm.ended(mine))
    finally:
        other.join()


def read(job: socket.socket) -> None:
    left = len(REQUEST)
    while left:
        left -= len(job.recv(left))


@pytest.mark.parametrize(
    ("steps", "reason"),
    [
        ((), "does not answer|has ended"),
        ((read,), "the warm interpreter has ended"),
        ((read, lambda job: job.sendall(b"nbecause")), "because"),
        ((read, lambda job: job.recv(1)), "does not answer: TimeoutError"),
    ],
    ids=["lost before it has read", "lost before it is ready", "refuses", "hangs"],
)
def test_what_has_not_begun_goes_the_ordinary_way(
    monkeypatch: pytest.MonkeyPatch, steps: tuple[Callable[[Any], None], ...], reason: str
) -> None:
    monkeypatch.setattr(warm, "PATIENCE", 0.5)

    def serve(job: socket.socket) -> None:
        for step in steps:
            step(job)

    with pytest.raises(warm.OrdinaryWayError, match=reason):
        answer(serve)


def test_what_may_have_begun_failed() -> None:
    def begin(job: socket.socket) -> None:
        read(job)
        job.sendall(b"r")
        assert job.recv(1) == b"g"

    assert answer(begin) == warm.KILLED


@pytest.mark.parametrize(
    "script",
    [
        "{python} -c 1 && sleep 0",
        "{python} && sleep 1",
        "A=$HOME {python} && sleep 0",
        "A=`id` {python} && sleep 0",
        "bad-name=1 {python} && sleep 0",
        "/usr/bin/python3 && sleep 0",
        "cd /tmp && {python} && sleep 0",
        "A=1 A=2; {python} && sleep 0",
        "'unfinished",
    ],
)
def test_only_plain_commands_are_understood(script: str) -> None:
    command = f"{DEFAULT_EXECUTABLE} -c {shlex.quote(script.format(python=sys.executable))}"
    with pytest.raises(warm.OrdinaryWayError):
        warm.assignments(command)


@pytest.mark.parametrize("more", ["", " && sleep 0"])
def test_variables_are_read_as_a_shell_reads_them(more: str) -> None:
    given = {"A": "it's $HOME `id`", "B": "", "C": "a\nb=c ü"}
    script = " ".join(f"{name}={shlex.quote(value)}" for name, value in given.items())
    command = f"{DEFAULT_EXECUTABLE} -c {shlex.quote(f'{script} {sys.executable}{more}')}"
    assert warm.assignments(command) == (given, more == " && sleep 0")
