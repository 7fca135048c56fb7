"""What a local cloud writes down about itself, for those that come later."""

import json
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from local_cloud.processes import Process
from local_cloud.settings import Settings

FAILED, READY = "failed ", "ready "
"""How the lines begin by which a process in the background reports to the one that started it."""


def pid_file(settings: Settings) -> Path:
    return settings.state_dir / "process.json"


def status_file(settings: Settings) -> Path:
    return settings.state_dir / "status.json"


def log_file(settings: Settings) -> Path:
    return settings.state_dir / "server.log"


@dataclass(frozen=True, kw_only=True)
class Record:
    """What a local cloud writes down about itself, and removes when it has ended in order."""

    process: Process
    hosts: bool

    @classmethod
    def read(cls, settings: Settings) -> "Record | None":
        with suppress(OSError, ValueError, TypeError, KeyError):
            content = json.loads(pid_file(settings).read_text())
            return cls(process=Process(**content["process"]), hosts=content["hosts"])
        return None


def running(settings: Settings) -> Process | None:
    """The process of this checkout's local cloud, ready or not."""
    record = Record.read(settings)
    return record.process if record and record.process.lives() else None
