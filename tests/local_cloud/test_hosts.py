"""Real hosts: booted, reached, changed and removed, in a network namespace of the test's own.

They need root and a container engine, as the local cloud itself does.
"""

import base64
import ctypes
import json
import os
import select
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from local_cloud.hosts import image, namespaces
from local_cloud.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[2]
PATIENCE = 60
AMAZON_LINUX = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
DEBIAN = "/aws/service/debian/release/12/latest/amd64"
ROLE = "web"
USER_DATA = "#!/bin/bash\necho from user data\necho one >>/root/runs\n"


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
        self.client("ec2").import_key_pair(KeyName="test", PublicKeyMaterial=key.read_bytes())

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
        options = {
            "StrictHostKeyChecking": "accept-new",
            "UserKnownHostsFile": str(self.known_hosts),
            "BatchMode": "yes",
            "ConnectTimeout": "10",
            "LogLevel": "ERROR",
        }
        arguments = [f"-o{name}={value}" for name, value in options.items()]
        key = self.state_dir / "ssh/id_ed25519"
        result = subprocess.run(
            ["ssh", "-i", key, *arguments, f"{user}@{address}", command],
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

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
def network_of_its_own() -> Iterator[None]:
    """A network namespace for this thread and what it starts: nothing else's addresses are in the way."""
    for distribution in image.DISTRIBUTIONS:
        image.ensure(Settings(), lambda _: None, distribution)
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    namespaces.leave_namespace()
    try:
        namespaces.ip(["link set lo up"])
        yield
    finally:
        assert ctypes.CDLL(None).setns(before, namespaces.CLONE_NEWNET) == 0
        os.close(before)


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    cloud = Cloud(tmp_path_factory.mktemp("hosts") / "state")
    with network_of_its_own():
        before = traces()
        try:
            cloud.start()
            yield cloud
        finally:
            cloud.run("stop")
        assert traces() == before
    assert remains_of(cloud.state_dir) == []


@pytest.fixture(scope="module")
def web(cloud: Cloud) -> SimpleNamespace:
    """One host with user data, for the tests that only look at it or leave it as it was."""
    instance = cloud.launch(UserData=USER_DATA)[0]
    return SimpleNamespace(id=instance["InstanceId"], ip=instance["PrivateIpAddress"])


class TestBoot:
    def test_the_system_is_up_and_is_amazons(self, cloud: Cloud, web: SimpleNamespace) -> None:
        assert "running" in cloud.ssh(
            web.ip, "cloud-init status --wait >/dev/null; systemctl is-system-running"
        )
        assert 'ID="amzn"' in cloud.ssh(web.ip, "cat /etc/os-release")
        assert cloud.ssh(web.ip, "hostname").strip() == f"ip-{web.ip.replace('.', '-')}.ec2.internal"

    def test_ec2_user_has_sudo_without_a_password(self, cloud: Cloud, web: SimpleNamespace) -> None:
        assert cloud.ssh(web.ip, "sudo --non-interactive id --user").strip() == "0"

    def test_user_data_ran_as_root(self, cloud: Cloud, web: SimpleNamespace) -> None:
        cloud.ssh(web.ip, "cloud-init status --wait")
        assert "from user data" in cloud.ssh(web.ip, "sudo cat /var/log/cloud-init-output.log")

    def test_the_console_is_read_by_the_api(self, cloud: Cloud, web: SimpleNamespace) -> None:
        output = cloud.client("ec2").get_console_output(InstanceId=web.id)["Output"]
        assert "SSH HOST KEY" in output or "SSH HOST KEY" in base64.b64decode(output).decode()

    def test_aws_and_github_are_verified_by_their_real_names(
        self, cloud: Cloud, web: SimpleNamespace
    ) -> None:
        for host in ("sts.us-east-1.amazonaws.com", "api.github.com"):
            cloud.ssh(web.ip, f"curl --silent --show-error --output /dev/null https://{host}/")
        cloud.ssh(web.ip, f"python3 -c 'import ssl, socket; {VERIFY}'")


VERIFY = (
    'ssl.create_default_context().wrap_socket(socket.create_connection(("api.github.com", 443)), '
    'server_hostname="api.github.com")'
)


class TestPackages:
    def test_dnf_installs_amazons_nginx(self, cloud: Cloud, web: SimpleNamespace) -> None:
        cloud.ssh(web.ip, "sudo dnf install --assumeyes --quiet nginx && sudo systemctl enable --now nginx")
        with urllib.request.urlopen(f"http://{web.ip}/") as page:
            assert b"Welcome to nginx" in page.read()
        assert "user nginx" in cloud.ssh(web.ip, "cat /etc/nginx/nginx.conf")

    def test_what_the_image_has_is_installed_to_dnf(self, cloud: Cloud, web: SimpleNamespace) -> None:
        output = cloud.ssh(web.ip, "sudo dnf install --assumeyes curl tar unzip python3 openssl")
        assert "Nothing to do" in output

    def test_ruby_wget_and_git_work(self, cloud: Cloud, web: SimpleNamespace) -> None:
        cloud.ssh(web.ip, "sudo yum install --assumeyes --quiet ruby wget git-all")
        assert cloud.ssh(web.ip, 'ruby -ryaml -rjson -e "puts 1" && wget --version && git --version')


def test_a_debian_image_boots_debian_with_its_own_packages(cloud: Cloud) -> None:
    instance = cloud.launch(image=DEBIAN)[0]
    address = instance["PrivateIpAddress"]

    def run(command: str) -> str:
        return cloud.ssh(address, command, user="admin")

    assert "running" in run("cloud-init status --wait >/dev/null; systemctl is-system-running")
    assert "ID=debian" in run("cat /etc/os-release")
    assert run("sudo dpkg --audit") == ""
    run("sudo apt-get update -qq && sudo DEBIAN_FRONTEND=noninteractive apt-get install -qq --yes nginx")
    with urllib.request.urlopen(f"http://{address}/") as page:
        assert b"Welcome to nginx" in page.read()
    cloud.client("ec2").terminate_instances(InstanceIds=[instance["InstanceId"]])
    cloud.wait(instance["InstanceId"], "none")


class TestMetadata:
    def test_tokens(self, cloud: Cloud, web: SimpleNamespace) -> None:
        assert self.read(cloud, web, "meta-data/instance-id") == web.id
        assert self.read(cloud, web, "user-data") == USER_DATA.strip()

    def test_a_profile_that_is_attached_later_gives_credentials(
        self, cloud: Cloud, web: SimpleNamespace
    ) -> None:
        iam = cloud.client("iam")
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust)
        iam.create_instance_profile(InstanceProfileName=ROLE)
        iam.add_role_to_instance_profile(InstanceProfileName=ROLE, RoleName=ROLE)
        cloud.client("ec2").associate_iam_instance_profile(
            InstanceId=web.id, IamInstanceProfile={"Name": ROLE}
        )
        assert self.read(cloud, web, "meta-data/iam/security-credentials/") == ROLE
        credentials = json.loads(self.read(cloud, web, f"meta-data/iam/security-credentials/{ROLE}"))
        caller = boto3.client(
            "sts",
            endpoint_url=cloud.status()["endpoint"],
            region_name="us-east-1",
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["Token"],
        ).get_caller_identity()
        assert caller["Arn"].endswith(f":assumed-role/{ROLE}/{web.id}")

    @staticmethod
    def read(cloud: Cloud, host: SimpleNamespace, path: str) -> str:
        base = "http://169.254.169.254/latest"
        token = f"curl -sf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' {base}/api/token"
        return cloud.ssh(host.ip, f'curl -sf -H "X-aws-ec2-metadata-token: $({token})" {base}/{path}').strip()


class TestAddresses:
    def test_an_elastic_ip_comes_and_goes(self, cloud: Cloud, web: SimpleNamespace) -> None:
        ec2 = cloud.client("ec2")
        address = ec2.allocate_address(Domain="vpc")
        association = ec2.associate_address(InstanceId=web.id, AllocationId=address["AllocationId"])
        until(lambda: cloud.host(web.id)["public_ips"] == [address["PublicIp"]])
        assert cloud.ssh(address["PublicIp"], "hostname") == cloud.ssh(web.ip, "hostname")
        assert cloud.knows(address["PublicIp"])

        ec2.disassociate_address(AssociationId=association["AssociationId"])
        until(lambda: address["PublicIp"] not in cloud.host(web.id)["public_ips"])
        assert address["PublicIp"] not in cloud.ssh(web.ip, "ip address")
        assert not cloud.knows(address["PublicIp"])


class TestPower:
    def test_a_reboot_by_the_api_keeps_the_disk(self, cloud: Cloud, web: SimpleNamespace) -> None:
        cloud.ssh(web.ip, "sudo touch /run/before")
        cloud.client("ec2").reboot_instances(InstanceIds=[web.id])
        until(lambda: self.rebooted(cloud, web))
        assert cloud.ssh(web.ip, "cloud-init status --wait >/dev/null; sudo cat /root/runs") == "one\n"

    def test_a_reboot_by_the_host(self, cloud: Cloud, web: SimpleNamespace) -> None:
        cloud.ssh(web.ip, "sudo touch /run/before; sudo systemd-run --quiet systemctl reboot")
        until(lambda: self.rebooted(cloud, web))

    def test_a_shutdown_by_the_host_stops_the_instance(self, cloud: Cloud) -> None:
        instance = cloud.launch()[0]
        name, address = instance["InstanceId"], instance["PrivateIpAddress"]
        cloud.ssh(address, "sudo systemd-run --quiet systemctl poweroff")
        cloud.wait(name, "off")
        ec2 = cloud.client("ec2")
        described = ec2.describe_instances(InstanceIds=[name])["Reservations"][0]["Instances"][0]
        assert described["State"]["Name"] == "stopped"
        assert described["StateReason"]["Code"] == "Client.InstanceInitiatedShutdown"

        ec2.start_instances(InstanceIds=[name])
        cloud.wait(name, "ready")
        assert cloud.ssh(address, "hostname")
        ec2.terminate_instances(InstanceIds=[name])
        cloud.wait(name, "none")

    @staticmethod
    def rebooted(cloud: Cloud, host: SimpleNamespace) -> bool:
        if cloud.host(host.id)["state"] != "ready":
            return False
        try:
            return cloud.ssh(host.ip, "ls /run/before || echo none").strip() == "none"
        except (AssertionError, subprocess.TimeoutExpired):
            return False


class TestSeveral:
    def test_hosts_are_each_their_own_and_go_without_trace(self, cloud: Cloud) -> None:
        instances = cloud.launch(3)
        addresses = [instance["PrivateIpAddress"] for instance in instances]
        machines = {cloud.ssh(address, "cat /etc/machine-id") for address in addresses}
        keys = {cloud.ssh(address, "cat /etc/ssh/ssh_host_ed25519_key.pub") for address in addresses}
        assert (len(machines), len(keys)) == (3, 3)

        names = [instance["InstanceId"] for instance in instances]
        cloud.client("ec2").terminate_instances(InstanceIds=names)
        for name in names:
            cloud.wait(name, "none")
        assert not [address for address in addresses if cloud.knows(address)]


def test_what_a_killed_local_cloud_left_is_removed(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path / "state")
    with network_of_its_own():
        clean = traces()
        cloud.start()
        cloud.launch()
        kill(json.loads((cloud.state_dir / "process.json").read_text())["process"]["pid"])
        assert traces() != clean

        cloud.run("stop")

        assert traces() == clean
    assert remains_of(cloud.state_dir) == []


def test_hosts_whose_state_folder_was_deleted_are_ended_by_the_next_start(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path / "state")
    with network_of_its_own():
        clean = traces()
        cloud.start()
        cloud.launch()
        kill(json.loads((cloud.state_dir / "process.json").read_text())["process"]["pid"])
        shutil.rmtree(cloud.state_dir, ignore_errors=True)

        cloud.start()
        cloud.run("stop")

        # What forwarding was before stood in that folder.
        assert {**traces(), "forwarding": clean["forwarding"]} == clean
    assert remains_of(cloud.state_dir) == []


def kill(process: int) -> None:
    descriptor = os.pidfd_open(process)
    signal.pidfd_send_signal(descriptor, signal.SIGKILL)
    select.select([descriptor], [], [])
    os.close(descriptor)


def test_the_tools_that_the_tests_look_with_are_here() -> None:
    assert [tool for tool in ("ip", "nft", "ssh", "ssh-keygen") if shutil.which(tool) is None] == []
