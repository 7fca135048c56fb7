"""haproxy's processes: the one that listens, and those before it, until their last connection has ended.

A new configuration is another process, which is handed the listening sockets; the one before accepts nothing
from then on and ends when it has served its clients. Each is tied to the thread that starts it.
"""

import asyncio
import logging
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from local_cloud.hosts.load_balancers.configuration import MAIN
from local_cloud.hosts.programs import TIED

LOG = logging.getLogger(__name__)
PROGRAM = "haproxy"
STARTS_WITHIN = 15.0
ENDS_WITHIN = 5.0
AT_ONCE = 40
"""Commands that a process is told with one connection; its buffer has 16 KiB."""
PRIVATE = 0o600


class HaproxyError(Exception):
    """Why the load balancers are not as they are asked to be, in haproxy's words."""


class Haproxy:
    """Its methods are called in one thread, whose network namespace it listens in."""

    def __init__(self, folder: Path, noted: int) -> None:
        self._folder = folder
        self._noted = noted
        self._number = 0
        self._living: dict[int, subprocess.Popen[bytes]] = {}
        """By number; the last one listens."""
        self._descriptor: int | None = None

    @property
    def is_running(self) -> bool:
        current = self._living.get(self._number)
        return current is not None and current.poll() is None

    @property
    def processes(self) -> list[int]:
        """The ids of those that live, the oldest first."""
        return [each.pid for each in self._living.values() if each.poll() is None]

    def next_socket(self) -> str:
        """Where the next process will be asked things."""
        return f"{self._number + 1}.sock"

    async def put(self, files: Mapping[str, str]) -> None:
        """Serves by this configuration from now on. Raises `HaproxyError`, and goes on as before."""
        self._write(files)
        number = self._number + 1
        takes_over = ["-x", f"{self._number}.sock"] if self.is_running else []
        with (self._folder / "haproxy.log").open("wb") as log:
            process = subprocess.Popen(  # noqa: ASYNC220 - it dies with this thread, and no other one
                [*TIED, PROGRAM, "-db", "-f", MAIN, *takes_over],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=log,
                pass_fds=(self._noted,),
            )
        await self._ready(number, process)
        for each in self._living.values():
            if each.poll() is None:
                each.send_signal(signal.SIGUSR1)
        self._number = number
        self._living = {old: each for old, each in self._living.items() if each.poll() is None}
        self._living[number] = process

    async def tell(self, commands: Iterable[str]) -> None:
        """What every process is to do; those before the last one may not know some of it."""
        told = list(commands)
        for start in range(0, len(told), AT_ONCE):
            for number, process in list(self._living.items()):
                if process.poll() is None:
                    with suppress(OSError):
                        await self._ask(number, "; ".join(told[start : start + AT_ONCE]))

    def stop(self) -> None:
        """Ends all of them, at once."""
        for process in self._living.values():
            process.terminate()
        for process in self._living.values():
            try:
                process.wait(ENDS_WITHIN)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._living.clear()
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    async def _ready(self, number: int, process: "subprocess.Popen[bytes]") -> None:
        """Until it answers; it has been listening before."""
        end = time.monotonic() + STARTS_WITHIN
        while process.poll() is None and time.monotonic() < end:
            with suppress(OSError):
                await self._ask(number, "show version")
                return
            await asyncio.sleep(0.01)
        process.kill()
        process.wait()
        lines = (self._folder / "haproxy.log").read_text(errors="replace").splitlines()
        told = [each.partition(" : ")[2] for each in lines if each.startswith("[ALERT]")]
        raise HaproxyError(f"{PROGRAM}: {told[0] if told else 'it did not start'}")

    async def _ask(self, number: int, commands: str) -> str:
        """What a process answers. The socket's own path may be too long for its address."""
        if self._descriptor is None:
            self._descriptor = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
        reader, writer = await asyncio.open_unix_connection(f"/proc/self/fd/{self._descriptor}/{number}.sock")
        try:
            writer.write(f"{commands}\n".encode())
            await writer.drain()
            return (await reader.read()).decode(errors="replace")
        finally:
            writer.close()

    def _write(self, files: Mapping[str, str]) -> None:
        """Private keys are among them."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            path = self._folder / name
            path.touch(mode=PRIVATE)
            path.write_text(content)
