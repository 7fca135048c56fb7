"""What the scenario fleet does from outside.

    python -m tests.molecule.fleet push plain|good|bad   the site as it is, with another page, one that goes
    python -m tests.molecule.fleet check TEXT            every answer of the load balancer has it
    python -m tests.molecule.fleet kill                  a host loses its power; prints its id
    python -m tests.molecule.fleet visit COUNT           visitors come until there are as many healthy hosts
    python -m tests.molecule.fleet play PLAYBOOK         visitors come while a playbook of the pipeline runs
    python -m tests.molecule.fleet keep SECONDS          every answer lets browsers keep pictures for as long

AWS's variables lead to the local cloud of this checkout.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3

from local_cloud.testing.hosts import first_process
from local_cloud.testing.shop import wait_for
from tests.faults.visitors import Addresses, Visitors

CHECKOUT = Path(__file__).resolve().parents[2]
AUTHORITIES = CHECKOUT / ".local_cloud" / "acme" / "authorities.pem"
REPOSITORY = "OWNER/codedeploy.nginx.001"
NAME = "shop-web-002"
SITE = "https://www.local-cloud.example"
PICTURE = "icons/ic_alana_002_20241022_a.jpg"
SETTINGS = "molecule/fleet/vars/settings.yml"
BUSY = 50
"""Requests a second: nearly twice as many as the settings give four hosts."""
QUIET = 20
"""So that a playbook has a part of this machine too."""
SECONDS = 900
GONE = """\
  AfterAllowTraffic:
    - location: scripts/break.sh
      runas: root
"""


def push(kind: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        site = Path(folder) / "site"
        shutil.copytree(CHECKOUT / "site", site)
        if kind != "plain":
            page = site / "index.html"
            page.write_text(f"{page.read_text()}<!-- {kind} -->\n")
        if kind == "bad":
            appspec, script = site / "appspec.yml", site / "scripts" / "break.sh"
            appspec.write_text(appspec.read_text() + GONE)
            script.write_text("#!/bin/sh\nln -sfn /srv/www/none /srv/www/current\n")
            script.chmod(0o755)
        command = [sys.executable, "-m", "local_cloud", "publish", str(site), REPOSITORY]
        subprocess.run(command, cwd=CHECKOUT, check=True)


def nodes() -> list[str]:
    """Every address of the load balancer."""
    found = boto3.client("ec2").describe_network_interfaces()["NetworkInterfaces"]
    mine = [each for each in found if each["Description"].startswith(f"ELB app/{NAME}/")]
    return [each["Association"]["PublicIp"] for each in mine]


def visitors(marker: str, rate: float) -> Visitors:
    return Visitors(nodes(), SITE, ["/"], re.compile(marker), AUTHORITIES, rate=rate, people=20)


def check(text: str) -> None:
    seen = visitors(re.escape(text), 50)
    with seen:
        wait_for(lambda: len(seen.visits) >= 100, seconds=60)
    wrong = [visit for visit in seen.visits if visit.failed or visit.revisions != (text,)]
    if wrong:
        sys.exit(f"{len(wrong)} of {len(seen.visits)} answers, such as {wrong[0]}")


def healthy() -> list[str]:
    """The ids of the hosts that get requests."""
    elb = boto3.client("elbv2")
    [group] = elb.describe_target_groups(Names=[NAME])["TargetGroups"]
    found = elb.describe_target_health(TargetGroupArn=group["TargetGroupArn"])["TargetHealthDescriptions"]
    return [each["Target"]["Id"] for each in found if each["TargetHealth"]["State"] == "healthy"]


def kill() -> None:
    host = healthy()[0]
    os.kill(first_process(host), signal.SIGKILL)
    sys.stdout.write(host)


@contextmanager
def visited(rate: float) -> Iterator[None]:
    """Each visitor gets the good page. Exits where one does not."""
    seen = visitors("good", rate)
    with seen:
        yield
    sys.stdout.write(f"{seen.told()}\n")
    wrong = [each for each in seen.visits if each.failed or each.revisions != ("good",)]
    if wrong:
        sys.exit(f"{len(wrong)} of {len(seen.visits)} answers, such as {wrong[0]}")


def visit(count: str) -> None:
    with visited(BUSY):
        wait_for(lambda: len(healthy()) >= int(count), seconds=SECONDS, pause=2)


def play(playbook: str) -> None:
    ansible = str(Path(sys.executable).with_name("ansible-playbook"))
    command = [ansible, "--inventory=inventory/local", f"--extra-vars=@{SETTINGS}", f"playbooks/{playbook}"]
    with visited(QUIET):
        subprocess.run(command, cwd=CHECKOUT, check=True)


def keep(seconds: str) -> None:
    browser = urllib.request.build_opener(Addresses(nodes(), AUTHORITIES), urllib.request.ProxyHandler({}))
    for _ in range(20):
        with browser.open(f"{SITE}/{PICTURE}", timeout=10) as answer:
            found = answer.headers["Cache-Control"]
        if found != f"max-age={seconds}":
            sys.exit(f"Cache-Control: {found}")


COMMANDS: dict[str, Callable[..., None]] = {
    "push": push,
    "check": check,
    "kill": kill,
    "visit": visit,
    "play": play,
    "keep": keep,
}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
