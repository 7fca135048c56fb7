"""A shop behind a load balancer, of which every deployment goes to new instances."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from local_cloud.server import LocalCloud
from local_cloud.testing.agents import Agent, Answer, Result, Work, agents_everywhere
from local_cloud.testing.scaling import Fleet
from local_cloud.testing.shop import GITHUB, Shop, running_instances, wait_for
from tests.local_cloud.instances import two_subnets

MakeClient = Callable[..., Any]
INSTALLATION = [
    *("ApplicationStop", "DownloadBundle", "BeforeInstall", "Install", "AfterInstall"),
    *("ApplicationStart", "ValidateService"),
]
ALLOWING = ["BeforeAllowTraffic", "AfterAllowTraffic"]
BLOCKING = ["BeforeBlockTraffic", "AfterBlockTraffic"]
"""What agents hear of; the service does the rest."""
FAILURE = Result(error_code=4, message="Script failed")
AT_ONCE = {"actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0}


def settings(
    *,
    ready: dict[str, Any] | None = None,
    ending: dict[str, Any] | None = None,
    provisioning: str = "COPY_AUTO_SCALING_GROUP",
) -> dict[str, Any]:
    """A blueGreenDeploymentConfiguration."""
    return {
        "deploymentReadyOption": ready or AT_ONCE,
        "terminateBlueInstancesOnDeploymentSuccess": ending
        or {"action": "TERMINATE", "terminationWaitTimeInMinutes": 0},
        "greenFleetProvisioningOption": {"action": provisioning},
    }


@dataclass
class Stage:
    """The deployment group `web` of the Auto Scaling group `fleet`, and the target group `web`."""

    cloud: LocalCloud
    client: MakeClient
    fleet: Fleet
    shop: Shop
    target_group: str
    work: Callable[[str, Answer], Result | None]
    """What the agent of an instance does about a command; tests change it."""

    @classmethod
    def set_up(
        cls, cloud: LocalCloud, client: MakeClient, size: int = 2, *, fleet: Any = None, **group: Any
    ) -> "Stage":
        target_group = make_target_group(client)
        launched = Fleet.launch(client, size, TargetGroupARNs=[target_group], **(fleet or {}))
        shop = Shop.open(
            client,
            instances=0,
            **{
                "ec2TagFilters": [],
                "autoScalingGroups": ["fleet"],
                "loadBalancerInfo": {"targetGroupInfoList": [{"name": "web"}]},
                "deploymentStyle": {
                    "deploymentType": "BLUE_GREEN",
                    "deploymentOption": "WITH_TRAFFIC_CONTROL",
                },
                "blueGreenDeploymentConfiguration": settings(),
            }
            | group,
        )
        return cls(cloud, client, launched, shop, target_group, lambda _instance, _command: Result())

    def instances(self) -> set[str]:
        """All that run."""
        return running_instances(self.client("ec2"))

    def with_traffic(self) -> set[str]:
        answer = self.client("elbv2").describe_target_health(TargetGroupArn=self.target_group)
        return {each["Target"]["Id"] for each in answer["TargetHealthDescriptions"]}

    def groups(self) -> dict[str, set[str]]:
        """The instances of each Auto Scaling group."""
        groups = self.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        return {
            group["AutoScalingGroupName"]: {each["InstanceId"] for each in group["Instances"]}
            for group in groups
        }

    def hooks(self) -> dict[str, list[str]]:
        """The names of the hooks on each Auto Scaling group."""
        client = self.client("autoscaling")
        return {
            name: [
                hook["LifecycleHookName"]
                for hook in client.describe_lifecycle_hooks(AutoScalingGroupName=name)["LifecycleHooks"]
            ]
            for name in self.groups()
        }

    def selected(self) -> list[str]:
        """The Auto Scaling groups that the deployment group names."""
        return [each["name"] for each in self.shop.group()["autoScalingGroups"]]

    @contextmanager
    def agents(self) -> Iterator[dict[str, Agent]]:
        def working(instance: str) -> Work:
            return lambda command: self.work(instance, command)

        with agents_everywhere(self.cloud.endpoint_url, self.instances, working) as agents:
            yield agents

    def fail_one(self, event: str, among: Callable[[str], bool]) -> None:
        """The first instance of those that comes to a lifecycle event fails there; all else succeeds."""
        failing: list[str] = []

        def work(instance: str, command: Answer) -> Result:
            if command["CommandName"] == event and among(instance):
                failing.append(instance)
            return FAILURE if failing[:1] == [instance] and command["CommandName"] == event else Result()

        self.work = work

    def deploy(self, revision: dict[str, Any] = GITHUB, **options: Any) -> dict[str, Any]:
        """A deployment's info once it has ended."""
        return self.shop.finish(self.shop.deploy(revision, **options))

    def is_waiting(self, deployment: str, status: str) -> bool:
        return bool(self.shop.info(deployment)["status"] == status)

    def labels(self, deployment: str) -> dict[str, str]:
        return {each["targetId"]: each["instanceLabel"] for each in self.shop.targets(deployment)}

    def wait_for_label(self, deployment: str, label: str) -> str:
        """The first target of a colour."""
        return str(wait_for(lambda: self.shop.target_ids(deployment, ServerInstanceLabel=[label]))[0])

    def wait_for_event(self, deployment: str, name: str, status: str = "InProgress") -> str:
        """The first target that is so far."""

        def found() -> list[str]:
            return [
                target["targetId"]
                for target in self.shop.targets(deployment)
                for event in target.get("lifecycleEvents", [])
                if event["lifecycleEventName"] == name and event["status"] == status
            ]

        return str(wait_for(found)[0])


def make_target_group(client: MakeClient) -> str:
    """The target group `web`, to which a listener leads; its ARN."""
    ec2, elbv2 = client("ec2"), client("elbv2")
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    [balancer] = elbv2.create_load_balancer(Name="web", Subnets=two_subnets(client))["LoadBalancers"]
    [group] = elbv2.create_target_group(
        Name="web", Protocol="HTTP", Port=80, VpcId=vpc, TargetType="instance"
    )["TargetGroups"]
    elbv2.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}],
    )
    return str(group["TargetGroupArn"])
