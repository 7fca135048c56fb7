"""The local cloud's own process, from its start to its end."""

import json
import logging
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from local_cloud.errors import RefusalError
from local_cloud.owners import NETWORK_LOCK, owner_of, unix_inodes
from local_cloud.processes import Process
from local_cloud.record import FAILED, READY, log_file, pid_file, status_file
from local_cloud.settings import Settings

LOG = logging.getLogger(__name__)


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
