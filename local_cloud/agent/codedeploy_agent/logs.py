"""The agent's two logs, in the places and the form of the real one's."""

from __future__ import annotations

import logging
import logging.handlers
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .config import Config

_SIZE = 64 * 1024 * 1024
_KEPT = 8


def start(config: Config, *, second: bool = False) -> None:
    """Sends the agent's own log, and what hooks print, to their files.

    The second generation notes UTC, and of its requests only what fails.
    """
    agent = _file(Path(config.log_dir) / f"{config.program_name}.log")
    if second:
        form = logging.Formatter("%(asctime)s %(levelname)5s %(message)s", "%Y-%m-%d %H:%M:%S")
        form.converter = time.gmtime
        agent.addFilter(lambda record: config.verbose or not record.name.endswith(".protocol"))
    else:
        form = logging.Formatter(
            f"%(asctime)s %(levelname)-5s [{config.program_name}(%(process)d)]: %(message)s",
            "%Y-%m-%dT%H:%M:%S",
        )
    agent.setFormatter(form)
    logging.addLevelName(logging.WARNING, "WARN")
    root = logging.getLogger()
    root.addHandler(agent)
    root.setLevel(logging.DEBUG if config.verbose else logging.INFO)
    deployments = logging.getLogger("deployments")
    deployments.propagate = False
    if config.enable_deployments_log:
        file = _file(Path(config.root_dir) / "deployment-logs" / f"{config.program_name}-deployments.log")
        file.setFormatter(logging.Formatter("[%(asctime)s.%(msecs)03d] %(message)s", "%Y-%m-%d %H:%M:%S"))
        deployments.addHandler(file)
    else:
        deployments.addHandler(logging.NullHandler())


def _file(path: Path) -> logging.Handler:
    path.parent.mkdir(parents=True, exist_ok=True)
    return logging.handlers.RotatingFileHandler(
        path, maxBytes=_SIZE, backupCount=_KEPT, encoding="utf-8", errors="surrogateescape"
    )
