"""A container engine, podman or docker, driven by its command line.

Podman gets storage, state and configuration of its own inside the checkout, so a
user's own podman neither sees nor is seen. Docker is a daemon of the machine:
there, what is the local cloud's is told by its label.
"""

import os
import shutil

from local_cloud.hosts.engines import docker, podman
from local_cloud.hosts.engines.engine import Engine, EngineError
from local_cloud.hosts.engines.leftovers import end_orphans, leave_nothing
from local_cloud.settings import Settings

__all__ = ["Engine", "EngineError", "end_orphans", "find", "leave_nothing"]


def find(settings: Settings) -> Engine:
    """An engine that answers. Raises `EngineError` that says what to do where there is none."""
    if os.geteuid() != 0:
        raise EngineError("hosts need root (routes and network namespaces of this machine): run this as root")
    if podman.can_run():
        engine = podman.engine(settings)
        if _answers(engine):
            return engine
    engine = docker.engine(settings)
    if shutil.which("docker") and _answers(engine):
        return engine
    raise EngineError(
        "no usable container engine: run scripts/install_engine.sh, or install podman and runc, or start "
        "docker, or do without hosts (--no-hosts)"
    )


def _answers(engine: Engine) -> bool:
    try:
        engine.call("info", "--format={{.Host.Arch}}" if "podman" in engine.program else "--format={{.ID}}")
    except EngineError:
        return False
    return True
