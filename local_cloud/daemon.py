"""The local cloud in the background: started once, found again, ended without a trace."""

import json
import os
import select
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from local_cloud.errors import RefusalError
from local_cloud.owners import describe_owner, is_free, network_owner
from local_cloud.processes import STOP_SECONDS, Process
from local_cloud.record import FAILED, READY, Record, log_file, pid_file, running, status_file
from local_cloud.settings import Settings

MINIMUM_FREE = 2 * 2**30
"""Bytes that an image and its hosts may take below the cache folder."""
NETWORK_TAKEN = (
    "the hosts' network of this machine is in use by {}: stop that first, or start with --no-hosts"
)

# Loopback is never behind a proxy.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def start(settings: Settings, arguments: list[str], say: Callable[[str], None]) -> dict[str, Any]:
    """Start in the background and return the status when it is ready; at once when it already is.

    `arguments` are given to `python -m local_cloud` for the process in the
    background. Raises `RefusalError`.
    """
    if process := running(settings):
        say(f"already running ({process})")
        return wait_until_ready(settings, process)
    if record := Record.read(settings):
        say("an earlier local cloud ended without cleaning up; removing what it left")
        record.process.wait_until_gone()
        remove_leftovers(settings, hosts=record.hosts)
    check_prerequisites(settings)
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    settings.state_dir.chmod(0o700)
    reading, writing = os.pipe()
    with log_file(settings).open("ab") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", "local_cloud", *arguments, f"--report-to={writing}"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=settings.root,
            start_new_session=True,
            pass_fds=[writing],
        )
    os.close(writing)
    try:
        with os.fdopen(reading) as reports:
            return _follow(reports, say, log_file(settings))
    except BaseException:
        with suppress(ProcessLookupError):
            child.terminate()
        child.wait()
        raise


def _follow(reports: Iterator[str], say: Callable[[str], None], log: Path) -> dict[str, Any]:
    for line in reports:
        if line.startswith(READY):
            status: dict[str, Any] = json.loads(line.removeprefix(READY))
            return status
        if line.startswith(FAILED):
            raise RefusalError(line.removeprefix(FAILED).strip())
        say(line.strip())
    raise RefusalError(f"the local cloud ended before it was ready: see {log}")


def wait_until_ready(settings: Settings, process: Process) -> dict[str, Any]:
    """The status of a local cloud that is running, or still starting."""
    descriptor = os.pidfd_open(process.pid)
    try:
        while process.lives():
            with suppress(OSError, ValueError):
                return fetch_status(settings)
            # Ends at once when the process does.
            select.select([descriptor], [], [], 0.2)
    finally:
        os.close(descriptor)
    raise RefusalError(f"the local cloud ended before it was ready: see {log_file(settings)}")


def fetch_status(settings: Settings) -> dict[str, Any]:
    """The live status. Raises OSError where nothing answers."""
    status: dict[str, Any] = ask(settings, "status")
    return status


def ask(settings: Settings, path: str, **query: str) -> Any:  # noqa: ANN401 - JSON
    """What a running local cloud says below `/_local_cloud/`. Raises `RefusalError`, or OSError."""
    endpoint = json.loads(status_file(settings).read_text())["endpoint"]
    try:
        with _opener.open(f"{endpoint}/_local_cloud/{path}?{urlencode(query)}", timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        raise RefusalError(json.load(error)["error"]) from error


def reset(settings: Settings) -> None:
    """Empty the account. Raises `RefusalError` where no local cloud runs."""
    if not running(settings):
        raise RefusalError("no local cloud is running: python -m local_cloud start")
    endpoint = json.loads(status_file(settings).read_text())["endpoint"]
    request = urllib.request.Request(f"{endpoint}/_local_cloud/reset", method="POST")  # noqa: S310 - loopback
    try:
        _opener.open(request, timeout=120).close()
    except OSError as error:
        raise RefusalError(f"the local cloud did not reset ({error}): see {log_file(settings)}") from error


def stop(settings: Settings, say: Callable[[str], None]) -> None:
    """End the local cloud of this checkout and remove what it left, however it ended."""
    record = Record.read(settings)
    process = running(settings)
    if process:
        _end(process, say)
    elif record:
        say("it had ended without cleaning up; removing what it left")
        record.process.wait_until_gone()
    # A process that ends in order removes its hosts and its record itself.
    remove_leftovers(settings, hosts=record is not None and record.hosts and pid_file(settings).exists())
    say("stopped" if process else "not running")


def _end(process: Process, say: Callable[[str], None]) -> None:
    with suppress(ProcessLookupError):
        descriptor = os.pidfd_open(process.pid)
        try:
            signal.pidfd_send_signal(descriptor, signal.SIGTERM)
            if not select.select([descriptor], [], [], STOP_SECONDS)[0]:
                say(f"{process} does not end by itself; ending it")
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                select.select([descriptor], [], [], STOP_SECONDS)
        finally:
            os.close(descriptor)


def remove_leftovers(settings: Settings, *, hosts: bool) -> None:
    """Files, and where it had `hosts` also containers and network, of a local cloud that no longer runs."""
    # Another checkout's local cloud, if one has taken the network since, has cleaned it.
    if hosts and not network_owner():
        from local_cloud.hosts.controller import HostController  # noqa: PLC0415 - needs moto, which takes a second

        HostController(settings).stop()
    shutil.rmtree(settings.state_dir, ignore_errors=True)


def check_prerequisites(settings: Settings) -> None:
    """Raise `RefusalError` for what would make a start fail halfway."""
    for port in (settings.aws_port, settings.github_port):
        if port and not is_free(settings.address, port):
            raise RefusalError(
                f"port {port} of {settings.address} is taken by {describe_owner(port)}: "
                "stop that, or choose another with --aws-port or --github-port"
            )
    if settings.hosts and (owner := network_owner()):
        raise RefusalError(NETWORK_TAKEN.format(owner))
    packages = settings.agent_packages
    if packages and not any(packages.glob("latest*/install")):
        raise RefusalError(
            f"{packages} is not laid out as a bucket aws-codedeploy-<region>: it has no latest/install "
            "and no latestv2/install"
        )
    settings.cache_dir.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.cache_dir).free
    if settings.hosts and free < MINIMUM_FREE:
        raise RefusalError(
            f"{settings.cache_dir} has {free // 2**20} MiB free and needs {MINIMUM_FREE // 2**20}: "
            "make room, or start with --no-hosts"
        )
