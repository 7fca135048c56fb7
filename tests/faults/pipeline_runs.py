"""The pipeline on a local cloud of this checkout, driven as a user drives it."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

CHECKOUT = Path(__file__).resolve().parents[2]
REPOSITORY = "OWNER/codedeploy.nginx.001"
ACCESS_KEY = "AKIALOCALCLOUDEXAMPL"
SECRET_KEY = "local-cloud-accepts-any-secret-access-key"
BINDING = "canary-id:Y2FuYXJ5LW9mLXRoZS1leHRlcm5hbC1hY2NvdW50LWJpbmRpbmc"
"""The external account binding that the certificate authority asks for: an id, and a key that is a secret."""
ANSIBLE = str(Path(sys.executable).with_name("ansible"))
ANSIBLE_PLAYBOOK = str(Path(sys.executable).with_name("ansible-playbook"))


@dataclass(frozen=True)
class Pipeline:
    """Commands of the pipeline; every one returns the finished process, whatever its status."""

    folder: Path
    options: tuple[str, ...] = ()
    """Of every run of Ansible."""

    def cloud(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(sys.executable, "-m", "local_cloud", *arguments)

    def playbook(self, name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.run(ANSIBLE_PLAYBOOK, f"playbooks/{name}", *self.options, *arguments)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=CHECKOUT, capture_output=True, text=True, check=False, env=self.environment
        )

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | {"ANSIBLE_NOCOLOR": "1"}

    def client(self, service: str) -> Any:
        session: Any = boto3.Session(
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name="us-east-1",
        )
        return session.client(service, endpoint_url=self.status()["endpoint"])

    def holdings(self) -> str:
        """What the account holds, in a form to compare."""
        keys = {"AWS_ACCESS_KEY_ID": ACCESS_KEY, "AWS_SECRET_ACCESS_KEY": SECRET_KEY}
        where = {"AWS_ENDPOINT_URL": self.status()["endpoint"], "AWS_DEFAULT_REGION": "us-east-1"}
        listed = subprocess.run(
            [sys.executable, str(CHECKOUT / "tests" / "playbooks" / "account.py")],
            env=self.environment | keys | where,
            capture_output=True,
            text=True,
            check=True,
        )
        return listed.stdout

    def page(self) -> str:
        """What a visitor of the site sees."""
        live = json.loads((CHECKOUT / "build" / "deployment.json").read_text())
        with urllib.request.urlopen(live["site"], timeout=30) as answer:  # noqa: S310 - a host of this machine
            text: str = answer.read().decode()
        return text

    def administer(self, method: str, path: str) -> Any:
        """Call the local cloud's own API."""
        url = f"{self.status()['endpoint']}/_local_cloud/{path}"
        request = urllib.request.Request(url, method=method)  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
            return json.load(answer)

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = json.loads(self.cloud("status", "--json").stdout)
        return status

    def publish(self, hook: str | None = None, script: str = "") -> None:
        """Push site/; where a hook is named, with this script in its place."""
        site = self.folder / "site"
        shutil.rmtree(site, ignore_errors=True)
        shutil.copytree(CHECKOUT / "site", site)
        if hook:
            (site / "scripts" / hook).write_text(script)
        published = self.cloud("publish", str(site), REPOSITORY)
        assert published.returncode == 0, published.stderr

    def on_hosts(self, command: str, hosts: str = "codedeploy") -> list[str]:
        """Run a shell command as root on every host; returns what it prints, sorted by host."""
        result = self.run(
            ANSIBLE, hosts, *self.options, "--become", "-m", "ansible.builtin.shell", "-a", command
        )
        assert result.returncode == 0, result.stdout + result.stderr
        outputs = re.findall(
            r"^(\S+) \| [^\n]* >>\n(.*?)\n?(?=^\S+ \| [^\n]* >>$|\Z)", result.stdout, re.MULTILINE | re.DOTALL
        )
        return [output for _, output in sorted(outputs) if output]

    def script_on_hosts(self, script: str, *arguments: str) -> list[str]:
        """The same with a script, whose own quotes and braces Ansible would take for its own."""
        encoded = base64.b64encode(script.encode()).decode()
        return self.on_hosts(f"echo {encoded} | base64 --decode | bash -s {' '.join(arguments)}")
