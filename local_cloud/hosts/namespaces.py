"""Network namespaces of other processes, and of a thread of this one."""

import ctypes
import os
import subprocess
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")

CLONE_NEWNET = 0x40000000
_LIBC = ctypes.CDLL(None, use_errno=True)


def of_process(process: int) -> Path:
    """Where the network namespace of a process is entered."""
    return Path("/proc") / str(process) / "ns/net"


def inside(namespace: Path, work: Callable[[], T]) -> T:
    """The result of `work`, done in a network namespace.

    A thread of its own enters the namespace and ends with the work; sockets and child
    processes that it makes stay there. Raises what `work` raises, or OSError.
    """
    outcome: list[T] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            enter(namespace)
            outcome.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            errors.append(error)

    thread = threading.Thread(target=run, name=f"namespace-{namespace}")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return outcome[0]


def leave_namespace() -> None:
    """Puts the calling thread, and what it starts, into a new network namespace, which ends with them."""
    if _LIBC.unshare(CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def new_namespace() -> int:
    """A descriptor of a new network namespace, which ends when it is closed and nobody is inside."""
    descriptors: list[int] = []

    def make() -> None:
        leave_namespace()
        descriptors.append(os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC))

    inside(Path("/proc/thread-self/ns/net"), make)
    return descriptors[0]


def ip(commands: Iterable[str], *, tolerant: bool = False) -> None:
    """Runs lines of `ip -batch` where the calling thread is. `tolerant`: go on after a line that fails."""
    options = ["-force"] if tolerant else []
    result = subprocess.run(
        ["ip", *options, "-batch", "-"],
        input="\n".join(commands) + "\n",
        text=True,
        capture_output=True,
        check=False,
    )
    if result.returncode and not tolerant:
        raise OSError(f"ip: {result.stderr.strip()}")


def enter(namespace: Path) -> None:
    """Puts the calling thread, and what it starts, into a network namespace."""
    descriptor = os.open(namespace, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if _LIBC.setns(descriptor, CLONE_NEWNET):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(descriptor)
