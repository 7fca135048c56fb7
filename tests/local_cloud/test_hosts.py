"""Real hosts: booted, reached, changed and removed, in a network namespace of the test's own.

They need root and a container engine, as the local cloud itself does.
"""

import base64
import json
import os
import select
import shutil
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import boto3
import pytest

from tests.local_cloud.host_clouds import Cloud, network_with_images, remains_of, started, traces, until

DEBIAN = "/aws/service/debian/release/12/latest/amd64"
ROLE = "web"
USER_DATA = "#!/bin/bash\necho from user data\necho one >>/root/runs\n"


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with started(tmp_path_factory.mktemp("hosts") / "state") as cloud:
        yield cloud


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
    with network_with_images():
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
    with network_with_images():
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
