"""`python -m local_cloud COMMAND`: `start`, `stop`, `status` and the others of `COMMANDS`."""

import argparse
import json
import logging
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from local_cloud import daemon, serving
from local_cloud.agent.check import check
from local_cloud.errors import RefusalError, WorkflowError
from local_cloud.github.publish import PublishError, publish
from local_cloud.latency import parse as parse_latency
from local_cloud.record import running
from local_cloud.settings import Settings
from local_cloud.tables import status_lines


def main(arguments: list[str]) -> int:
    """Do what the command line says; the exit status."""
    options = parser().parse_args(arguments)
    if options.command == "check-appspec":
        return check_appspecs(options.paths)
    settings = settings_of(options)
    try:
        COMMANDS[options.command](settings, options)
    except (RefusalError, PublishError, WorkflowError, OSError) as error:
        print(f"local_cloud: {error}", file=sys.stderr)
        return 1
    return 0


HOST_IMAGE: dict[str, Any] = {
    "metavar": "REFERENCE",
    "help": "pull Amazon Linux's hosts from here, else they are made of packages",
}


def parser() -> argparse.ArgumentParser:
    whole = argparse.ArgumentParser(prog="python -m local_cloud", description=__doc__)
    commands = whole.add_subparsers(dest="command", required=True, metavar="COMMAND")
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--state-dir", type=Path, help="default: .local_cloud of this checkout")

    for name, summary in (
        ("start", "start in the background; returns when ready"),
        ("serve", "the same in the foreground"),
    ):
        start = commands.add_parser(name, help=summary, parents=[shared])
        start.add_argument(
            "--no-hosts", action="store_true", help="the APIs alone: no engine, no root needed"
        )
        start.add_argument("--no-request-log", action="store_true", help="do not note AWS requests")
        start.add_argument(
            "--iam-propagation", type=float, metavar="SECONDS", help="until a new role or profile can be used"
        )
        start.add_argument(
            "--enforce-iam", action="store_true", help="let callers do only what IAM's policies allow"
        )
        start.add_argument(
            "--pending-instances", action="store_true", help="until their host has started, as on EC2"
        )
        start.add_argument(
            "--agent-packages", type=Path, metavar="DIR", help="AWS's own, laid out as in its bucket"
        )
        start.add_argument("--host-image", **HOST_IMAGE)
        start.add_argument(
            "--image-later", action="store_true", help="the first host waits for the hosts' image"
        )
        start.add_argument(
            "--autoscaling-speed", type=above_zero, metavar="N", help="its periods pass N times as fast"
        )
        start.add_argument(
            "--agent-timeout", type=above_zero, metavar="SECONDS", help="CodeDeploy's wait for an agent: 3600"
        )
        start.add_argument("--latency", type=latency, metavar="MS|MIN-MAX", help="hold back every answer")
        start.add_argument("--seed", type=int, metavar="N", help="the same ids, order and latencies again")
        start.add_argument(
            "--acme-validity",
            type=int,
            metavar="SECONDS",
            help="for how long certificates of hosts are valid",
        )
        start.add_argument(
            "--acme-binding",
            type=binding,
            metavar="FILE",
            help="ID:KEY of the external account binding that the certificate authority asks for",
        )
        start.add_argument("--aws-port", type=int, metavar="PORT", help="0: any free one")
        start.add_argument("--github-port", type=int, metavar="PORT", help="0: any free one")
        if name == "serve":
            start.add_argument("--report-to", type=int, help=argparse.SUPPRESS)
    commands.add_parser("stop", help="end it and remove what it made", parents=[shared])
    status = commands.add_parser("status", help="endpoints and hosts", parents=[shared])
    status.add_argument("--json", action="store_true", help="for programs")
    commands.add_parser("reset", help="empty the account and GitHub; hosts go too", parents=[shared])
    push = commands.add_parser(
        "publish", help="push a folder's content to GitHub's stand-in", parents=[shared]
    )
    push.add_argument("directory", type=Path)
    push.add_argument("repository", metavar="OWNER/REPO")
    job = commands.add_parser(
        "run-workflow", help="run a repository's workflow, as its push would", parents=[shared]
    )
    job.add_argument("directory", type=Path, help="a clone, at what the stand-in has")
    job.add_argument("--workflow", default="main.yml", metavar="FILE", help="default: main.yml")
    job.add_argument("--event", default="push", metavar="EVENT", help="default: push")
    why = commands.add_parser(
        "why-blocked", help="which rule of a security group lets a packet in, or none", parents=[shared]
    )
    end = "an instance's id, an address or this-machine"
    why.add_argument("source", metavar="FROM", help=end)
    why.add_argument("destination", metavar="TO", help=end)
    why.add_argument("port", metavar="PORT", type=int, nargs="?", help="of TCP or UDP, or the type of ICMP")
    why.add_argument("--protocol", default="tcp", help="tcp, udp, icmp, all or a number; default: tcp")
    images = commands.add_parser("fetch-images", help="make host images now; others are made when needed")
    images.add_argument("names", nargs="*", metavar="NAME", help="default: all")
    images.add_argument("--host-image", **HOST_IMAGE)
    check = commands.add_parser("check-appspec", help="the agent's verdict; no local cloud is needed")
    check.add_argument(
        "paths", nargs="+", type=Path, metavar="FILE|DIR", help="an appspec, or the bundle in a folder"
    )
    return whole


def latency(text: str) -> tuple[int, int]:
    """`parse_latency` with argparse's error."""
    try:
        return parse_latency(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def above_zero(text: str) -> float:
    """A number above 0."""
    if not (number := float(text)) > 0:
        raise argparse.ArgumentTypeError(f"{text} is not above 0")
    return number


def binding(path: str) -> tuple[str, str]:
    """The id and the key (base64url) in a file: arguments are for everybody to see."""
    try:
        key_id, _, key = Path(path).read_text().strip().partition(":")
    except OSError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if not key_id or not key:
        raise argparse.ArgumentTypeError(f"{path} does not hold ID:KEY")
    return key_id, key


def settings_of(options: argparse.Namespace) -> Settings:
    """The defaults, and what the command line says otherwise."""
    state_dir: Path | None = getattr(options, "state_dir", None)
    packages: Path | None = getattr(options, "agent_packages", None)
    given: dict[str, Any] = {
        "state_dir": state_dir and state_dir.resolve(),
        "aws_port": getattr(options, "aws_port", None),
        "github_port": getattr(options, "github_port", None),
        "hosts": False if getattr(options, "no_hosts", False) else None,
        "agent_packages": packages and packages.resolve(),
        "host_image": getattr(options, "host_image", None),
        "image_later": getattr(options, "image_later", None),
        "acme_validity": getattr(options, "acme_validity", None),
        "acme_binding": getattr(options, "acme_binding", None),
        "autoscaling_speed": getattr(options, "autoscaling_speed", None),
        "agent_timeout": getattr(options, "agent_timeout", None),
        "latency": getattr(options, "latency", None),
        "seed": getattr(options, "seed", None),
        "pending_instances": getattr(options, "pending_instances", None),
        "iam_propagation_seconds": getattr(options, "iam_propagation", None),
        "enforce_iam": True if getattr(options, "enforce_iam", False) else None,
        "log_requests": False if getattr(options, "no_request_log", False) else None,
    }
    return replace(Settings(), **{name: value for name, value in given.items() if value is not None})


def say(line: str) -> None:
    print(f"local_cloud: {line}", file=sys.stderr, flush=True)


def start(settings: Settings, _: argparse.Namespace) -> None:
    # The process in the background is told the same, word for word.
    status = daemon.start(settings, ["serve", *sys.argv[2:]], say)
    print("\n".join(status_lines(status)))


def serve(settings: Settings, options: argparse.Namespace) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings.state_dir.mkdir(parents=True, exist_ok=True)
    serving.serve(settings, options.report_to)


def stop(settings: Settings, _: argparse.Namespace) -> None:
    daemon.stop(settings, say)


def show_status(settings: Settings, options: argparse.Namespace) -> None:
    process = running(settings)
    if not process:
        if options.json:
            print(json.dumps({"running": False}))
            return
        raise RefusalError("no local cloud is running: python -m local_cloud start")
    status = daemon.wait_until_ready(settings, process) | {"running": True, "pid": process.pid}
    status["security_groups"] = daemon.ask(settings, "security-groups")
    if options.json:
        print(json.dumps(status, indent=2))
    else:
        print("\n".join(status_lines(status)))


def why_blocked(settings: Settings, options: argparse.Namespace) -> None:
    if not running(settings):
        raise RefusalError("no local cloud is running: python -m local_cloud start")
    asked = {"from": options.source, "to": options.destination, "protocol": options.protocol}
    if options.port is not None:
        asked["port"] = str(options.port)
    print(daemon.ask(settings, "why-blocked", **asked)["line"])


def reset(settings: Settings, _: argparse.Namespace) -> None:
    daemon.reset(settings)
    say("the account is empty again")


def publish_folder(settings: Settings, options: argparse.Namespace) -> None:
    process = running(settings)
    if not process:
        raise RefusalError("no local cloud is running: python -m local_cloud start")
    url = daemon.wait_until_ready(settings, process)["github"]
    print(publish(settings, options.directory, options.repository, say, url=url))


def run_workflow(settings: Settings, options: argparse.Namespace) -> None:
    # No other command needs YAML.
    from local_cloud.github.workflows import cloud as running_cloud  # noqa: PLC0415 - as above
    from local_cloud.github.workflows import run  # noqa: PLC0415 - as above

    cloud = running_cloud.Cloud.running(settings.state_dir)
    ended = run.run(cloud, options.directory, print_now, name=options.workflow, event=options.event)
    if not ended.succeeded:
        raise WorkflowError(f"the workflow {options.workflow} failed")


def print_now(line: str) -> None:
    print(line, flush=True)


def fetch_images(settings: Settings, options: argparse.Namespace) -> None:
    from local_cloud.hosts import engines, image  # noqa: PLC0415 - no other command needs them

    try:
        for name in options.names or image.DISTRIBUTIONS:
            if name not in image.DISTRIBUTIONS:
                known = ", ".join(image.DISTRIBUTIONS)
                raise RefusalError(f"there is no image {name}: choose of {known}")
            print(f"{name}  {image.ensure(settings, say, name).root}")
    except (image.ImageError, image.AptError) as error:
        raise RefusalError(str(error)) from error
    finally:
        if settings.host_image and not running(settings):
            engines.leave_nothing(settings)
            shutil.rmtree(settings.state_dir, ignore_errors=True)


def check_appspecs(paths: list[Path]) -> int:
    """Print a verdict on each; the exit status is 0 where the agent takes all."""
    verdicts = [check(path) for path in paths]
    for verdict in verdicts:
        print("\n".join(verdict.lines))
    return int(any(verdict.errors for verdict in verdicts))


COMMANDS = {
    "start": start,
    "serve": serve,
    "stop": stop,
    "status": show_status,
    "reset": reset,
    "publish": publish_folder,
    "run-workflow": run_workflow,
    "why-blocked": why_blocked,
    "fetch-images": fetch_images,
}


def command() -> None:
    """The console script `local-cloud`."""
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    command()
