"""An account with a load balancer in front of two instances, whose hosts are programs in namespaces."""

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest

from local_cloud.testing.balancers import Answering, Box, answering
from local_cloud.testing.clouds import ACCESS_KEY, SECRET_KEY, running
from tests.local_cloud.host_clouds import network_of_its_own

REGION = "eu-west-3"
PATIENCE = 20.0
SERVE = """
import http.server, json, socketserver, sys, threading, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        path = self.path.partition("?")[0]
        if path.startswith("/wait/"):
            waiting.append(path)
            end.wait(float(path.split("/")[2]))
            waiting.pop()
        status = int(path.split("/")[2]) if path.startswith("/status/") else said.get(path, 200)
        body = json.dumps({"me": name, "path": self.path, "headers": dict(self.headers)}).encode()
        self.send_response(status)
        if path == "/session":
            self.send_header("Set-Cookie", "SID=1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    do_POST = do_GET
    def log_message(self, *words): pass
    def handle(self):
        try:
            super().handle()
        except ConnectionError:
            pass
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 256
said, servers, name, waiting, end = {}, {}, "", [], threading.Event()
def listen(port):
    servers[port] = Server(("", port), Handler)
    threading.Thread(target=servers[port].serve_forever, daemon=True).start()
listen(80)
print("ready", flush=True)
for line in sys.stdin:
    what, _, rest = line.strip().partition(" ")
    if what == "name": name = rest
    elif what == "say": said.update(json.loads(rest))
    elif what == "listen": listen(int(rest))
    elif what == "close":
        servers[int(rest)].shutdown(); servers[int(rest)].server_close()
    print(len(waiting), flush=True)
"""


def tell(box: Box, line: str) -> str:
    """Has the program of a box do something (`say {PATH: STATUS}`, `listen PORT`, `close PORT`).

    Returns how many slow requests are under way there.
    """
    assert box.process.stdin is not None
    assert box.process.stdout is not None
    box.process.stdin.write(f"{line}\n")
    box.process.stdin.flush()
    return box.process.stdout.readline().strip()


class Balanced:
    """A local cloud's account with a VPC of two subnets, groups `balancer` and `web`, and two instances."""

    def __init__(self, answering: Answering) -> None:
        self.answering = answering
        self.elb, self.ec2 = self.client("elbv2"), self.client("ec2")
        self.vpc = self.ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
        subnets = self.ec2.describe_subnets()["Subnets"]
        self.subnets = [each["SubnetId"] for each in sorted(subnets, key=lambda s: s["AvailabilityZone"])[:2]]
        self.groups = {name: self._group(name) for name in ("balancer", "web")}
        self.allow("balancer", "0.0.0.0/0")
        self.allow("web", self.groups["balancer"])
        self.instances: dict[str, str] = {}
        self.boxes: dict[str, Box] = {}
        for name, subnet in zip("ab", self.subnets, strict=True):
            self.launch(name, subnet)

    def client(self, service: str) -> Any:
        make: Callable[..., Any] = boto3.client
        return make(
            service,
            endpoint_url=self.answering.cloud.endpoint_url,
            region_name=REGION,
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
        )

    def _group(self, name: str) -> str:
        made = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)
        return str(made["GroupId"])

    def allow(self, group: str, peer: str, port: int = 0) -> None:
        """Lets in TCP, from a CIDR or a group."""
        ports = {"FromPort": port, "ToPort": port or 65535}
        who: dict[str, Any] = (
            {"UserIdGroupPairs": [{"GroupId": peer}]}
            if peer.startswith("sg-")
            else {"IpRanges": [{"CidrIp": peer}]}
        )
        permission = {"IpProtocol": "tcp", **ports, **who}
        self.ec2.authorize_security_group_ingress(GroupId=self.groups[group], IpPermissions=[permission])
        self.answering.filter()

    def launch(self, name: str, subnet: str) -> str:
        """An instance, and its host, which answers on port 80."""
        [instance] = self.ec2.run_instances(
            ImageId="resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
            InstanceType="t3.nano",
            MinCount=1,
            MaxCount=1,
            SubnetId=subnet,
            SecurityGroupIds=[self.groups["web"]],
        )["Instances"]
        self.instances[name] = instance["InstanceId"]
        self.boxes[name] = self.answering.plug(instance["InstanceId"], instance["PrivateIpAddress"], SERVE)
        tell(self.boxes[name], f"name {name}")
        return str(instance["InstanceId"])

    def balance(self, name: str = "front", **options: Any) -> dict[str, Any]:
        """A load balancer in both subnets."""
        options = {"SecurityGroups": [self.groups["balancer"]]} | options
        [made] = self.elb.create_load_balancer(Name=name, Subnets=self.subnets, **options)["LoadBalancers"]
        self.answering.filter()
        return dict(made)

    def target_group(self, name: str = "web", *members: str, **options: Any) -> str:
        """A target group of instances by name, whose checks are quick; its ARN."""
        quick = {"HealthCheckIntervalSeconds": 5, "HealthCheckTimeoutSeconds": 2, "HealthyThresholdCount": 2}
        [made] = self.elb.create_target_group(
            Name=name, Protocol=options.pop("Protocol", "HTTP"), Port=80, VpcId=self.vpc, **(quick | options)
        )["TargetGroups"]
        arn = str(made["TargetGroupArn"])
        if members:
            self.register(arn, *members)
        return arn

    def register(self, arn: str, *members: str) -> None:
        self.elb.register_targets(
            TargetGroupArn=arn, Targets=[{"Id": self.instances[each]} for each in members]
        )

    def deregister(self, arn: str, *members: str) -> None:
        self.elb.deregister_targets(
            TargetGroupArn=arn, Targets=[{"Id": self.instances[each]} for each in members]
        )

    def listen(self, balancer: dict[str, Any], *actions: Any, port: int = 80, **options: Any) -> str:
        """A listener with default actions, or one that forwards to a target group; its ARN."""
        given = [
            {"Type": "forward", "TargetGroupArn": each} if isinstance(each, str) else each for each in actions
        ]
        [made] = self.elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Protocol=options.pop("Protocol", "HTTP"),
            Port=port,
            DefaultActions=given,
            **options,
        )["Listeners"]
        self.answering.filter()
        return str(made["ListenerArn"])

    def health(self, arn: str) -> dict[str, tuple[str, str]]:
        """State and reason of each target, by its instance's name."""
        names = {instance: name for name, instance in self.instances.items()}
        found = self.elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
        return {
            names[each["Target"]["Id"]]: (
                each["TargetHealth"]["State"],
                each["TargetHealth"].get("Reason", ""),
            )
            for each in found
        }

    def addresses(self, balancer: dict[str, Any], *, private: bool = False) -> list[str]:
        interfaces = self.ec2.describe_network_interfaces()["NetworkInterfaces"]
        name = balancer["LoadBalancerArn"].partition(":loadbalancer/")[2]
        mine = [each for each in interfaces if each["Description"] == f"ELB {name}"]
        return [each["PrivateIpAddress"] if private else each["Association"]["PublicIp"] for each in mine]

    def get(
        self, address: str, path: str = "/", port: int = 80, timeout: float = 30, **headers: str
    ) -> "Answer":
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        connection = http.client.HTTPConnection(address, port, timeout=timeout)
        try:
            connection.request("GET", path, headers=given)
            return Answer(connection.getresponse())
        finally:
            connection.close()


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def me(self) -> str:
        """The instance that answered; empty where the load balancer did."""
        return str(self.json["me"]) if self.status == 200 and self.body.startswith(b"{") else ""

    @property
    def cookies(self) -> dict[str, str]:
        pairs = (each.partition(";")[0].split("=", 1) for each in self.headers.get_all("Set-Cookie") or [])
        return {pair[0]: pair[1] for pair in pairs}


def until(condition: Callable[[], Any], patience: float = PATIENCE) -> Any:
    """The first result of `condition` that holds; a refused connection does not."""
    end = time.monotonic() + patience
    while True:
        try:
            result = condition()
        except OSError:
            result = None
        if result or time.monotonic() > end:
            assert result, "it did not come to that"
            return result
        time.sleep(0.02)


@contextmanager
def balanced(directory: Path) -> Iterator[Balanced]:
    with network_of_its_own(), running(directory) as cloud, answering(cloud) as found:
        yield Balanced(found)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Balanced]:
    with balanced(tmp_path_factory.mktemp("cloud")) as found:
        yield found


@pytest.fixture(autouse=True)
def as_before(site: Balanced) -> Iterator[None]:
    """Each test makes its own load balancers and groups."""
    yield
    for balancer in site.elb.describe_load_balancers()["LoadBalancers"]:
        site.elb.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])
    for group in site.elb.describe_target_groups()["TargetGroups"]:
        site.elb.delete_target_group(TargetGroupArn=group["TargetGroupArn"])
    until(lambda: site.answering.controller.problem == "")


def healthy(site: Balanced, arn: str, *names: str) -> None:
    until(lambda: {name for name, (state, _) in site.health(arn).items() if state == "healthy"} == {*names})
