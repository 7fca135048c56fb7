"""A group of real hosts behind a load balancer of a local cloud, and visitors whose requests are counted."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local_cloud.testing.shop import FINAL, wait_for
from tests.faults.visitors import Visit, Visitors
from tests.local_cloud.host_clouds import Cloud
from tests.local_cloud.instances import TRUST, two_subnets
from tests.local_cloud.test_hosts_images import image
from tests.local_cloud.test_hosts_scaling import make_deployment_group

SECONDS = 300
RATE = 200
SITE = """\
#!/bin/bash
dnf install --assumeyes --quiet ruby wget nginx
systemctl enable --now nginx
echo '<p>revision image</p>' >/usr/share/nginx/html/index.html
cd /root
wget --quiet https://aws-codedeploy-us-east-1.s3.us-east-1.amazonaws.com/latest/install
chmod +x install
./install auto
"""
APPSPEC = """\
version: 0.0
os: linux
files:
  - source: index.html
    destination: /usr/share/nginx/html
file_exists_behavior: OVERWRITE
hooks:
  ValidateService:
    - location: validate.sh
"""


@dataclass
class Phase:
    """What the visitors got while something was done."""

    name: str
    seconds: float
    visits: list[Visit]
    rate: int
    """Requests a second that were asked for."""

    @property
    def failed(self) -> Counter[str]:
        """Answers other than 200, by status or by why there is none."""
        statuses = [status for visit in self.visits for status in visit.statuses]
        return Counter(status for status in statuses if status != "200")

    def row(self) -> str:
        said = ", ".join(f"{count} x {status}" for status, count in self.failed.items()) or "none"
        reached = sum(len(visit.statuses) for visit in self.visits) / self.seconds
        return (
            f"{self.name}: {len(self.visits)} visits, {reached:.0f} requests/s of {self.rate} that were asked"
            f" for, in {self.seconds:.0f} s; other answers than 200: {said}"
        )


@dataclass
class BalancedFleet:
    """The Auto Scaling group that serves now; a blue/green deployment makes it another one."""

    cloud: Cloud
    folder: Path
    target_group: str = ""
    address: str = ""
    phases: list[Phase] = field(default_factory=list)
    visitors: Visitors | None = None
    rate: int = RATE
    """Requests a second."""
    variants: dict[str, str] = field(default_factory=dict)
    """By the name of another image: what is done on the host of which it is made, one after another."""
    images: dict[str, str] = field(default_factory=dict)
    """The ids of those images."""

    def set_up(self, size: int) -> None:
        client = self.cloud.client
        iam, ec2, elb = client("iam"), client("ec2"), client("elbv2")
        iam.create_role(RoleName="web", AssumeRolePolicyDocument=TRUST)
        iam.create_instance_profile(InstanceProfileName="web")
        iam.add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
        ec2.create_launch_template(
            LaunchTemplateName="web",
            LaunchTemplateData={
                "ImageId": self._image(),
                "InstanceType": "t3a.nano",
                "KeyName": "test",
                "IamInstanceProfile": {"Name": "web"},
            },
        )
        subnets = two_subnets(client)
        self.target_group = elb.create_target_group(
            Name="web",
            Protocol="HTTP",
            Port=80,
            VpcId=ec2.describe_vpcs()["Vpcs"][0]["VpcId"],
            HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=2,
            HealthyThresholdCount=2,
            UnhealthyThresholdCount=2,
        )["TargetGroups"][0]["TargetGroupArn"]
        elb.modify_target_group_attributes(
            TargetGroupArn=self.target_group,
            Attributes=[{"Key": "deregistration_delay.timeout_seconds", "Value": "5"}],
        )
        balancer = elb.create_load_balancer(Name="web", Subnets=subnets)["LoadBalancers"][0]
        elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": self.target_group}],
        )
        self.address = self._address_of(balancer)
        client("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName="fleet",
            LaunchTemplate={"LaunchTemplateName": "web"},
            MinSize=2,
            MaxSize=12,
            DesiredCapacity=size,
            VPCZoneIdentifier=",".join(subnets),
            TargetGroupARNs=[self.target_group],
            HealthCheckType="ELB",
            HealthCheckGracePeriod=60,
        )
        make_deployment_group(
            self.cloud,
            deploymentConfigName="CodeDeployDefault.HalfAtATime",
            loadBalancerInfo={"targetGroupInfoList": [{"name": "web"}]},
            deploymentStyle={"deploymentType": "IN_PLACE", "deploymentOption": "WITH_TRAFFIC_CONTROL"},
            autoRollbackConfiguration={"enabled": True, "events": ["DEPLOYMENT_FAILURE"]},
        )
        self.wait_for_healthy(size)

    def _image(self) -> str:
        """Of a host with nginx and the agent, so that the others boot with both."""
        builder = self.cloud.launch(UserData=SITE)[0]
        address = builder["PrivateIpAddress"]
        self.cloud.ssh(address, "cloud-init status --wait")
        self.cloud.ssh(address, "sudo systemctl stop codedeploy-agent")
        made = image(self.cloud, builder, "web")
        for name, command in self.variants.items():
            self.cloud.ssh(address, command)
            self.images[name] = image(self.cloud, builder, name)
        self.cloud.client("ec2").terminate_instances(InstanceIds=[builder["InstanceId"]])
        return made

    def _address_of(self, balancer: dict[str, Any]) -> str:
        name = balancer["LoadBalancerArn"].partition(":loadbalancer/")[2]

        def look() -> str:
            found = self.cloud.client("ec2").describe_network_interfaces()["NetworkInterfaces"]
            mine = [each for each in found if each["Description"] == f"ELB {name}"]
            return next((each["Association"]["PublicIp"] for each in mine if "Association" in each), "")

        return str(wait_for(look, seconds=SECONDS))

    @contextmanager
    def visited(self) -> Iterator[None]:
        """Visitors come all the time."""
        marker = re.compile(r"revision \w+")
        self.visitors = Visitors(
            [self.address], f"http://{self.address}", ["/"], marker, rate=self.rate, people=20
        )
        with self.visitors:
            yield

    @contextmanager
    def phase(self, name: str) -> Iterator[list[Visit]]:
        """What is done in the block, with what visitors get meanwhile."""
        assert self.visitors
        self.visitors.visits, began = [], time.monotonic()
        yield self.visitors.visits
        self.phases.append(Phase(name, time.monotonic() - began, self.visitors.visits, self.rate))

    def healthy(self) -> list[str]:
        """Instances that get requests."""
        elb = self.cloud.client("elbv2")
        found = elb.describe_target_health(TargetGroupArn=self.target_group)["TargetHealthDescriptions"]
        return [each["Target"]["Id"] for each in found if each["TargetHealth"]["State"] == "healthy"]

    def wait_for_healthy(self, size: int, without: str = "") -> None:
        """So many of them, all that are registered, `without` one that was."""

        def look() -> bool:
            elb = self.cloud.client("elbv2")
            found = elb.describe_target_health(TargetGroupArn=self.target_group)["TargetHealthDescriptions"]
            ids = [each["Target"]["Id"] for each in found]
            return len(self.healthy()) == len(ids) == size and without not in ids

        wait_for(look, seconds=SECONDS, pause=0.2)

    @property
    def group(self) -> str:
        """The Auto Scaling group's name."""
        found = self.cloud.client("codedeploy").get_deployment_group(
            applicationName="shop", deploymentGroupName="web"
        )["deploymentGroupInfo"]["autoScalingGroups"]
        return str(found[0]["name"])

    def resize(self, size: int) -> None:
        self.cloud.client("autoscaling").set_desired_capacity(
            AutoScalingGroupName=self.group, DesiredCapacity=size
        )
        self.wait_for_healthy(size)

    def refresh(self) -> str:
        """Every instance another one; the status in which that ended."""
        scaling = self.cloud.client("autoscaling")
        scaling.start_instance_refresh(
            AutoScalingGroupName=self.group,
            Preferences={"MinHealthyPercentage": 75, "InstanceWarmup": 5},
        )

        def look() -> str:
            found = scaling.describe_instance_refreshes(AutoScalingGroupName=self.group)
            return str(found["InstanceRefreshes"][0]["Status"])

        ends = {"Successful", "Failed", "Cancelled", "RollbackSuccessful", "RollbackFailed"}
        return str(wait_for(look, lambda status: status in ends, seconds=SECONDS, pause=0.5))

    def deploy(self, revision: str, *, hook: str = "exit 0") -> str:
        """The status in which a deployment of a page that names its revision ended, rollback included."""
        folder = self.folder / revision
        folder.mkdir(parents=True)
        (folder / "appspec.yml").write_text(APPSPEC)
        (folder / "index.html").write_text(f"<p>revision {revision}</p>\n")
        (folder / "validate.sh").write_text(f"#!/bin/sh\n{hook}\n")
        (folder / "validate.sh").chmod(0o755)
        [commit] = set(re.findall(r"\b[0-9a-f]{40}\b", self.cloud.run("publish", str(folder), "OWNER/shop")))
        codedeploy = self.cloud.client("codedeploy")
        made = codedeploy.create_deployment(
            applicationName="shop",
            deploymentGroupName="web",
            revision={
                "revisionType": "GitHub",
                "gitHubLocation": {"repository": "OWNER/shop", "commitId": commit},
            },
        )["deploymentId"]
        info = self._ended(made)
        rollback = info.get("rollbackInfo", {}).get("rollbackDeploymentId")
        if rollback:
            assert self._ended(rollback)["status"] == "Succeeded", self._failures(rollback)
        return str(info["status"])

    def _ended(self, deployment: str) -> dict[str, Any]:
        codedeploy = self.cloud.client("codedeploy")
        info: dict[str, Any] = wait_for(
            lambda: codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"],
            lambda seen: seen["status"] in FINAL,
            seconds=SECONDS,
            pause=0.5,
        )
        return info

    def _failures(self, deployment: str) -> list[Any]:
        """The events that failed on each instance, with what their diagnostics say."""
        codedeploy = self.cloud.client("codedeploy")
        ids = codedeploy.list_deployment_targets(deploymentId=deployment)["targetIds"]
        found = codedeploy.batch_get_deployment_targets(deploymentId=deployment, targetIds=ids)
        events = [each["instanceTarget"]["lifecycleEvents"] for each in found["deploymentTargets"]]
        return [[event for event in each if event["status"] == "Failed"] for each in events]
