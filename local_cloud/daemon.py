"""The local cloud in the background: started once, found again, ended without a trace."""

import json
import logging
import os
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from local_cloud.owners import NETWORK_LOCK, is_free, network_owner, owner_of, unix_inodes, describe_owner
from local_cloud.processes import STOP_SECONDS, Process
from local_cloud.settings import Settings

LOG = logging.getLogger(__name__)
MINIMUM_FREE = 2 * 2**30
"""Bytes that an image and its hosts may take below the cache folder."""
NETWORK_TAKEN = (
    "the hosts' network of this machine is in use by {}: stop that first, or start with --no-hosts"
)
FAILED = "failed "
READY = "ready "

# Loopback is never behind a proxy.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class RefusalError(Exception):
    """The local cloud cannot do it; one line with what is in the way and what to do."""


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
    endpoint = json.loads(status_file(settings).read_text())["endpoint"]
    with _opener.open(f"{endpoint}/_local_cloud/status", timeout=10) as answer:
        status: dict[str, Any] = json.load(answer)
        return status


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


def serve(settings: Settings, report: int | None) -> None:
    """Run the local cloud in this process until SIGTERM or SIGINT; reports go to a file descriptor."""
    from local_cloud.server import LocalCloud  # noqa: PLC0415 - takes seconds that `status` has no use for

    channel = os.fdopen(report, "w", buffering=1) if report is not None else sys.stdout
    if report is not None:
        os.set_inheritable(report, False)

    def say(line: str) -> None:
        LOG.info(line)
        with suppress(BrokenPipeError):
            channel.write(f"{line}\n")

    cloud = LocalCloud(settings, say)
    _on_signals(_leave)
    try:
        with _network_lock(settings):
            _write_record(settings)
            cloud.start()
            _write_client_files(settings, cloud.status())
            say(READY + json.dumps(cloud.status()))
            if report is not None:
                channel.close()
            cloud.warm_up()
            threading.Event().wait()
    except SystemExit:
        LOG.info("ending")
    except Exception as error:
        LOG.exception("could not start")
        say(f"{FAILED}{_one_line(error)} (log: {log_file(settings)})")
        sys.exit(1)
    finally:
        _on_signals(signal.SIG_IGN)
        cloud.stop()
        pid_file(settings).unlink(missing_ok=True)


def _on_signals(handler: Callable[[int, FrameType | None], None] | signal.Handlers) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, handler)


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _write_record(settings: Settings) -> None:
    process = Process.of(os.getpid())
    assert process  # noqa: S101 - this one lives
    pid_file(settings).write_text(json.dumps({"process": vars(process), "hosts": settings.hosts}))


@contextmanager
def _network_lock(settings: Settings) -> Iterator[None]:
    """Be the one local cloud with hosts in this network namespace. Raises `RefusalError`."""
    if not settings.hosts:
        yield
        return
    with socket.socket(socket.AF_UNIX) as lock:
        try:
            lock.bind(f"\0{NETWORK_LOCK}")
        except OSError:
            owner = owner_of(unix_inodes(NETWORK_LOCK))
            raise RefusalError(
                f"the hosts' network of this machine is in use by {owner}: stop that first"
            ) from None
        yield


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _write_client_files(settings: Settings, status: dict[str, Any]) -> None:
    """Where the endpoint is, for programs and for a shell."""
    status_file(settings).write_text(json.dumps(status, indent=2))
    # These are long, so that no tool masks parts of its output as secrets.
    (settings.state_dir / "environment").write_text(
        f"export AWS_ENDPOINT_URL={status['endpoint']}\n"
        f"export AWS_REGION={settings.region} AWS_DEFAULT_REGION={settings.region}\n"
        f"export AWS_ACCESS_KEY_ID={settings.root_access_key}\n"
        f"export AWS_SECRET_ACCESS_KEY={settings.root_secret_key}\n"
        "unset AWS_PROFILE AWS_SESSION_TOKEN\n"
    )


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
