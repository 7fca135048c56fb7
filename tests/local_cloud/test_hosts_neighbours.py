"""What a host reaches is its own, and not another host's or this machine's, whatever its root tries."""

import json
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import boto3
import pytest

from local_cloud.hosts import engines
from local_cloud.settings import Settings
from tests.local_cloud.host_clouds import Cloud, started
from tests.local_cloud.instances import TRUST

METADATA = "http://169.254.169.254/latest"
TOKEN = f"curl -sf -m 3 -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' {METADATA}/api/token"
POLL = """
import http.client, json, ssl, sys
keys, identifier = json.loads(sys.argv[1]), sys.argv[2]
link = http.client.HTTPSConnection("codedeploy-commands.us-east-1.amazonaws.com", timeout=3,
    context=ssl.create_default_context(cafile="/etc/pki/tls/certs/ca-bundle.crt"))
scope = f"{keys['AccessKeyId']}/20261122/us-east-1/codedeploy-commands/aws4_request"
headers = {"X-Amz-Target": "CodeDeployCommandService_v20141006.PollHostCommand",
    "Content-Type": "application/x-amz-json-1.1", "X-Amz-Security-Token": keys["Token"],
    "Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}
try:
    link.request("POST", "/", json.dumps({"HostIdentifier": identifier}), headers)
    print(link.getresponse().read().decode())
except TimeoutError:
    print("it waits for a command")
"""


@dataclass(frozen=True)
class Neighbours:
    """Two hosts, each with a role of its own, which no policy allows anything."""

    cloud: Cloud
    own: dict[str, Any]
    other: dict[str, Any]

    def run(self, command: str) -> str:
        """As root of the first host; what it says, whether it succeeds or not."""
        quoted = command.replace("'", "'\\''")
        return self.cloud.ssh(self.own["PrivateIpAddress"], f"sudo bash -c '{quoted}' 2>&1 || true").strip()

    def read(self, path: str, options: str = "") -> str:
        """Of the metadata, with a token."""
        token = TOKEN.replace("curl", f"curl {options}", 1)
        return self.run(
            f'curl {options} -s -m 3 -H "X-aws-ec2-metadata-token: $({token})" {METADATA}/{path}'
            ' || echo " failed: $?"'
        )

    def credentials(self) -> dict[str, str]:
        role = self.read("meta-data/iam/security-credentials/")
        found: dict[str, str] = json.loads(self.read(f"meta-data/iam/security-credentials/{role}"))
        return found

    def poll(self, host: dict[str, Any]) -> str:
        """What CodeDeploy says to an agent that has the first host's credentials, and names a host."""
        arn = f"arn:aws:ec2:us-east-1:{Settings.account_id}:instance/{host['InstanceId']}"
        self.run(f"cat >/root/poll.py <<'END'\n{POLL}\nEND")
        return self.run(f"python3 /root/poll.py '{json.dumps(self.credentials())}' {arn}")

    def given(self, *commands: str) -> None:
        """What only somebody outside of the host can do, and its root might find a way to."""
        engine = engines.find(replace(Settings(), state_dir=self.cloud.state_dir))
        process = engine.inspect(self.own["InstanceId"])["State"]["Pid"]
        namespace = f"--net=/proc/{process}/ns/net"
        for command in commands:
            subprocess.run(["nsenter", namespace, *command.split()], check=True)


@pytest.fixture(scope="module")
def hosts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbours]:
    with started(tmp_path_factory.mktemp("neighbours") / "state") as cloud:
        iam, found = cloud.client("iam"), []
        for name in ("anna", "berta"):
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
            iam.create_instance_profile(InstanceProfileName=name)
            iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
            found += cloud.launch(IamInstanceProfile={"Name": name})
        yield Neighbours(cloud, *found)


@pytest.fixture
def enforced(hosts: Neighbours) -> Iterator[Neighbours]:
    endpoint = hosts.cloud.status()["endpoint"]

    def enforce(on: int) -> None:
        url = f"{endpoint}/_local_cloud/enforce-iam?on={on}"
        subprocess.run(["curl", "-sf", "-X", "PUT", "-o", "/dev/null", url], check=True)

    enforce(1)
    yield hosts
    enforce(0)


def test_its_own_metadata_credentials_and_agent_endpoint(enforced: Neighbours) -> None:
    assert enforced.read("meta-data/instance-id") == enforced.own["InstanceId"]
    keys = enforced.credentials()
    caller = boto3.client(
        "sts",
        endpoint_url=enforced.cloud.status()["endpoint"],
        region_name="us-east-1",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["Token"],
    ).get_caller_identity()
    assert caller["Arn"].endswith(f":assumed-role/anna/{enforced.own['InstanceId']}")
    assert enforced.poll(enforced.own) == "it waits for a command"


def test_not_the_agent_of_another_host(enforced: Neighbours) -> None:
    assert json.loads(enforced.poll(enforced.other))["__type"] == "AccessDeniedException"


def test_not_the_metadata_of_another_host(hosts: Neighbours) -> None:
    other = hosts.other["PrivateIpAddress"]
    own = hosts.own["InstanceId"]
    # Not by its address, nor by a header; its root may not take another address.
    assert "failed: 7" in hosts.run(f"curl -s -m 3 http://{other}/latest/meta-data/ || echo failed: $?")
    assert hosts.read("meta-data/instance-id", f"-H 'X-Forwarded-For: {other}'") != hosts.other["InstanceId"]
    assert "not permitted" in hosts.run(f"ip address add {other}/32 dev eth0")
    # With another one's address nothing is answered, and another way leads to its own.
    hosts.given(f"ip address add {other}/32 dev eth0")
    assert hosts.read("meta-data/instance-id", f"--interface {other}").endswith("failed: 28")
    hosts.given(
        f"ip address delete {other}/32 dev eth0",
        "ip route delete 169.254.169.254/32 dev eth0",
        f"ip route add 169.254.169.254/32 via {other} dev eth0 onlink",
    )
    assert hosts.read("meta-data/instance-id") == own


@pytest.mark.parametrize("address", ["127.0.0.1", Settings.gateway, Settings.internet, "169.254.169.254"])
def test_not_what_controls_the_cloud(hosts: Neighbours, address: str) -> None:
    status = hosts.cloud.status()
    for url in (status["endpoint"], status["github"]):
        port = url.rpartition(":")[2]
        said = hosts.run(f"curl -s -m 3 http://{address}:{port}/_local_cloud/status || echo failed: $?")
        assert said in {"failed: 7", "failed: 28"}, (address, port)


def test_but_what_listens_on_every_address_of_this_machine(hosts: Neighbours) -> None:
    """As local_cloud/README.md says."""
    with socket.create_server(("", 0)) as everywhere, socket.create_server(("127.0.0.1", 0)) as here:
        for address in (Settings.gateway, Settings.internet):
            for server, reached in ((everywhere, True), (here, False)):
                port = server.getsockname()[1]
                said = hosts.run(f"timeout 3 bash -c ': </dev/tcp/{address}/{port}' && echo reached")
                assert (said == "reached") == reached, (address, said)


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "sts.us-east-1.amazonaws.com", "github.com"])
def test_not_by_the_doors_that_it_may_enter(hosts: Neighbours, name: str) -> None:
    before = hosts.cloud.status()["hosts"]
    for method, path in (
        ("GET", "_local_cloud/status"),
        ("POST", "_local_cloud/reset"),
        ("PUT", "_local_cloud/enforce-iam?on=0"),
        ("POST", "moto-api/reset"),
        ("GET", "_services/token"),
        ("GET", "api/v3/user"),
    ):
        for scheme in ("http", "https"):
            given = f"-X {method} -H 'Host: {name}' {scheme}://sts.us-east-1.amazonaws.com/{path}"
            status = hosts.run(f"curl -s -k -m 3 -o /dev/null -w '%{{http_code}}' {given}")
            assert int(status) >= 400, given
    assert hosts.cloud.status()["hosts"] == before


def test_not_the_token_of_github(hosts: Neighbours) -> None:
    token = (hosts.cloud.state_dir / "github/token").read_text().strip()
    assert "401" in hosts.run("curl -s -m 3 -o /dev/null -w '%{http_code}' https://api.github.com/user")
    # By the shell's own words, so that the search is not what it finds.
    searched = f"{token[:8]}[{token[8]}]{token[9:]}"
    assert hosts.run(f"grep -rlsI '{searched}' /etc /run /root /home /var /opt /usr/local | head -n 3") == ""
    processes = "cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null"
    assert hosts.run(f"{processes} | grep -ac '{searched}'") == "0"


def test_not_this_machine_by_what_its_root_may(hosts: Neighbours, tmp_path: Path) -> None:
    """No device, process or file of it is in sight. It is root of the same kernel, though."""
    assert hosts.run("ls /dev/sd* /dev/vd* /dev/nvme* /dev/mem /dev/kmsg 2>/dev/null") == ""
    (tmp_path / "mark").touch()
    assert hosts.run(f"test -e {tmp_path}/mark && echo seen") == ""
    assert "systemd" in hosts.run("cat /proc/1/comm")
    assert hosts.run("ls /proc | grep -c ^[0-9]") != str(len(list(Path("/proc").glob("[0-9]*"))))
