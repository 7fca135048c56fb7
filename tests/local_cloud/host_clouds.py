"""Local clouds with hosts, by their command line, and what they could leave on this machine."""

import ctypes
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from local_cloud.hosts import image, namespaces
from local_cloud.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE = 60
AMAZON_LINUX = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


class Cloud:
    """A local cloud with hosts, by its command line and its endpoint."""

    def __init__(self, state_dir: Path) -> None:
        self.state_dir = state_dir
        self.known_hosts = state_dir / "ssh/known_hosts"

    def run(self, *arguments: str) -> str:
        result = subprocess.run(
            [sys.executable, "-m", "local_cloud", *arguments, f"--state-dir={self.state_dir}"],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout + result.stderr

    def start(self, *options: str) -> None:
        self.run("start", "--aws-port=0", "--github-port=0", *options)
        key = self.state_dir / "ssh/id_ed25519.pub"
        ec2 = self.client("ec2")
        ec2.import_key_pair(KeyName="test", PublicKeyMaterial=key.read_bytes())
        # The default group lets in nobody but its members.
        [group] = ec2.describe_security_groups(GroupNames=["default"])["SecurityGroups"]
        everybody = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=everybody)

    def status(self) -> dict[str, Any]:
        endpoint = json.loads((self.state_dir / "status.json").read_text())["endpoint"]
        with urllib.request.urlopen(f"{endpoint}/_local_cloud/status") as answer:  # noqa: S310 - http
            status: dict[str, Any] = json.load(answer)
        return status

    def client(self, service: str) -> Any:
        make: Callable[..., Any] = boto3.client
        return make(
            service,
            endpoint_url=self.status()["endpoint"],
            region_name="us-east-1",
            aws_access_key_id="AKIALOCALCLOUDTESTS0",
            aws_secret_access_key="a-long-and-random-looking-secret",
        )

    def host(self, instance_id: str) -> dict[str, Any]:
        hosts = [host for host in self.status()["hosts"] if host["instance_id"] == instance_id]
        return hosts[0] if hosts else {"state": "none", "public_ips": []}

    def wait(self, instance_id: str, state: str) -> dict[str, Any]:
        until(lambda: self.host(instance_id)["state"] == state)
        return self.host(instance_id)

    def launch(self, count: int = 1, *, image: str = AMAZON_LINUX, **options: Any) -> list[Any]:
        ec2 = self.client("ec2")
        instances = ec2.run_instances(
            ImageId=f"resolve:ssm:{image}",
            InstanceType="t3a.nano",
            MinCount=count,
            MaxCount=count,
            KeyName="test",
            **options,
        )["Instances"]
        for instance in instances:
            self.wait(instance["InstanceId"], "ready")
        return list(instances)

    def ssh(self, address: str, command: str, user: str = "ec2-user") -> str:
        result = subprocess.run(
            self.ssh_command(address, command, user),
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def ssh_command(self, address: str, command: str, user: str = "ec2-user") -> list[str]:
        options = {
            "StrictHostKeyChecking": "accept-new",
            "UserKnownHostsFile": str(self.known_hosts),
            "BatchMode": "yes",
            "ConnectTimeout": "10",
            "LogLevel": "ERROR",
        }
        arguments = [f"-o{name}={value}" for name, value in options.items()]
        key = str(self.state_dir / "ssh/id_ed25519")
        return ["ssh", "-i", key, *arguments, f"{user}@{address}", command]

    def knows(self, address: str) -> bool:
        """Is there an SSH host key of this address?"""
        command = ["ssh-keygen", "-F", address, "-f", str(self.known_hosts)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.05)


def traces() -> dict[str, Any]:
    """What a local cloud could leave on this machine."""

    def output(*command: str) -> list[str]:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()

    return {
        "interfaces": output("ip", "-brief", "link"),
        "addresses": output("ip", "-brief", "address"),
        "routes": output("ip", "route"),
        "rules": output("nft", "list", "ruleset"),
        "forwarding": Path("/proc/sys/net/ipv4/ip_forward").read_text(),
    }


def remains_of(state_dir: Path) -> list[str]:
    """Files, mounts, control groups and processes of the local cloud of a state folder."""
    found = [str(state_dir)] if state_dir.exists() else []
    found += [
        line for line in Path("/proc/self/mountinfo").read_text().splitlines() if str(state_dir) in line
    ]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
        except OSError:
            continue
        if str(state_dir) in command and int(process.name) != os.getpid():
            found.append(command)
    owner = subprocess.run(
        [sys.executable, "-c", OWNER, str(state_dir)],
        capture_output=True,
        text=True,
        check=True,
        cwd=CHECKOUT,
    ).stdout.strip()
    found += [
        str(path)
        for path in [*Path("/sys/fs/cgroup").glob(f"**/{owner}"), Path("/run") / owner]
        if path.exists()
    ]
    return found


OWNER = """
import sys
from dataclasses import replace
from pathlib import Path
from local_cloud.hosts.engines.state import owner_name
from local_cloud.settings import Settings
print(owner_name(replace(Settings(), state_dir=Path(sys.argv[1]))))
"""


@contextmanager
def network_with_images() -> Iterator[None]:
    """A network of its own, after all images were made: from in there they can't be."""
    for distribution in image.DISTRIBUTIONS:
        image.ensure(Settings(), lambda _: None, distribution)
    with network_of_its_own():
        yield


@contextmanager
def network_of_its_own() -> Iterator[None]:
    """A network namespace for this thread and what it starts: nothing else's addresses are in the way."""
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    namespaces.leave_namespace()
    try:
        namespaces.ip(["link set lo up"])
        yield
    finally:
        assert ctypes.CDLL(None).setns(before, namespaces.CLONE_NEWNET) == 0
        os.close(before)


@contextmanager
def started(state_dir: Path, *options: str) -> Iterator[Cloud]:
    """A local cloud in a network of its own, which leaves nothing there when it is stopped. `options` of its
    start."""
    cloud = Cloud(state_dir)
    with network_with_images():
        before = traces()
        try:
            cloud.start(*options)
            yield cloud
        finally:
            cloud.run("stop")
        assert traces() == before
    assert remains_of(cloud.state_dir) == []
