"""What programs are started with, which every user of a machine can read."""

import threading
from pathlib import Path
from typing import Self


class Watch:
    """As a context: what the command lines of all processes here said, hosts' too, looked at all the time."""

    def __init__(self) -> None:
        self.seen: set[str] = set()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.02):
            for process in Path("/proc").iterdir():
                try:
                    content = (process / "cmdline").read_bytes() if process.name.isdigit() else b""
                except OSError:
                    # A process may end while it is looked at.
                    continue
                self.seen.add(content.replace(b"\0", b" ").decode(errors="replace"))
