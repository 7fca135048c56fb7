"""The pipeline on a local cloud of this checkout, driven as a user drives it."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

CHECKOUT = Path(__file__).resolve().parents[2]
REPOSITORY = "OWNER/codedeploy.nginx.001"
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
            aws_access_key_id="AKIALOCALCLOUDEXAMPL",
            aws_secret_access_key="local-cloud-accepts-any-secret-access-key",
            region_name="us-east-1",
        )
        return session.client(service, endpoint_url=self.status()["endpoint"])

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

    def on_hosts(self, command: str) -> list[str]:
        """Run a shell command as root on every host; returns what it prints, sorted by host."""
        result = self.run(
            ANSIBLE, "codedeploy", *self.options, "--become", "-m", "ansible.builtin.shell", "-a", command
        )
        assert result.returncode == 0, result.stdout + result.stderr
        outputs = re.findall(
            r"^(\S+) \| [^\n]* >>\n(.*?)\n?(?=^\S+ \| [^\n]* >>$|\Z)", result.stdout, re.MULTILINE | re.DOTALL
        )
        return [output for _, output in sorted(outputs) if output]
