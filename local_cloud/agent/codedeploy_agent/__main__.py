"""The program codedeploy-agent: `start` runs the agent in the foreground, `stop` ends it, `status` tells."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
from pathlib import Path

from . import config, logs
from .bundle import Source
from .daemon import Daemon
from .deployments import Executor, Ongoing
from .errors import AgentError
from .metadata import identify
from .protocol import CommandsClient

log = logging.getLogger(__name__)


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(prog="codedeploy-agent", description=__doc__)
    parser.add_argument("--config-file", type=Path, default=config.DEFAULT_PATH, metavar="FILE")
    parser.add_argument("--version", action="version", version=version())
    parser.add_argument("command", choices=("start", "stop", "status"))
    options = parser.parse_args()
    try:
        settings = config.load(options.config_file)
        if options.command == "start":
            return start(settings)
        return stop(settings) if options.command == "stop" else status(settings)
    except AgentError as error:
        sys.stderr.write(f"codedeploy-agent: {error}\n")
        return 1


def start(settings: config.Config) -> int:
    """Runs until SIGTERM or SIGINT."""
    if running(settings):
        raise AgentError(f"already running as PID {running(settings)}")
    os.umask(0o022)
    second = _told(Path(settings.root_dir)).startswith("2.")
    logs.start(settings, second=second)
    settings.pid_file.parent.mkdir(parents=True, exist_ok=True)
    settings.pid_file.write_text(f"{os.getpid()}\n")
    try:
        daemon = assemble(settings)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: _leave(daemon, settings))
        if second:
            log.info("Starting host command poll loop max_concurrent=16")
        daemon.run()
    except Exception:
        # systemd starts the agent again; the reason is in its log and in the journal.
        log.exception("Failed to start")
        raise
    finally:
        settings.pid_file.unlink(missing_ok=True)
    return 0


def assemble(settings: config.Config) -> Daemon:
    """An agent out of its configuration and this host's identity."""
    root = Path(settings.root_dir)
    identity = identify(Path(settings.on_premises_config_file))
    client = CommandsClient(
        identity,
        version=_told(root),
        endpoint=settings.deploy_control_endpoint,
        secure=settings.enable_auth_policy,
        proxy=settings.proxy_uri,
        timeout=settings.http_read_timeout,
    )
    source = Source(identity, proxy=settings.proxy_uri, s3_endpoint=settings.s3_endpoint_override)
    log.info("Archives to retain is: %s}", settings.max_revisions)
    return Daemon(
        client,
        Executor(root, settings.max_revisions, source),
        Ongoing(root),
        wait_between_runs=settings.wait_between_runs,
        wait_after_error=settings.wait_after_error,
    )


def stop(settings: config.Config) -> int:
    """Asks the running agent to end."""
    pid = running(settings)
    if pid:
        os.kill(pid, signal.SIGTERM)
    return 0


def status(settings: config.Config) -> int:
    """Exit status 0 = running, 3 = not, as init scripts have it."""
    pid = running(settings)
    sys.stdout.write(
        f"The AWS CodeDeploy agent is running as PID {pid}\n" if pid else "No AWS CodeDeploy agent running\n"
    )
    return 0 if pid else 3


def running(settings: config.Config) -> int | None:
    """The agent's process id, if the process of the pid file lives and is an agent."""
    try:
        pid = int(settings.pid_file.read_text())
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError):
        return None
    return pid if pid != os.getpid() and b"codedeploy" in arguments else None


def _leave(daemon: Daemon, settings: config.Config) -> None:
    """A poll cannot be interrupted: with no command at work there is nothing to wait for."""
    daemon.stop()
    if daemon.idle:
        settings.pid_file.unlink(missing_ok=True)
        os._exit(0)


def version() -> str:
    """What `--version` says: the version of the package that this program came in."""
    told = _told(Path(__file__).resolve().parents[1])
    return (
        f"codedeploy-agent {told}" if told.startswith("2.") else told[len("OFFICIAL_") :].rpartition("_")[0]
    )


def _told(root: Path) -> str:
    for path in (root.parent / ".version", Path("/opt/codedeploy-agent/.version")):
        if path.is_file():
            return path.read_text().partition(":")[2].strip()
    return "UNKNOWN_VERSION"


if __name__ == "__main__":
    sys.exit(main())
