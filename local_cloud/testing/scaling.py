"""An Auto Scaling group to watch, and time that passes when a test says so."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from local_cloud.aws import codedeploy
from local_cloud.aws.autoscaling import options, wake
from local_cloud.testing.shop import wait_for

__all__ = ["Fleet", "let_pass", "options"]

MakeClient = Callable[..., Any]
AL2023 = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


def let_pass(seconds: float) -> None:
    """Grace periods, heartbeats, the waits of deployments and the like are that much nearer to their end."""
    options.clock.move(seconds)
    wake()
    codedeploy.wake()


@dataclass(frozen=True)
class Fleet:
    """The group `fleet` of instances from the launch template `web`, in three zones of the default VPC."""

    scaling: Any
    ec2: Any

    @classmethod
    def launch(cls, client: MakeClient, size: int = 1, **group: Any) -> "Fleet":
        ec2, scaling = client("ec2"), client("autoscaling")
        image = client("ssm").get_parameter(Name=AL2023)["Parameter"]["Value"]
        ec2.create_launch_template(
            LaunchTemplateName="web", LaunchTemplateData={"ImageId": image, "InstanceType": "t3a.nano"}
        )
        settings = {
            "LaunchTemplate": {"LaunchTemplateName": "web", "Version": "$Latest"},
            "MinSize": 0,
            "MaxSize": 10,
            "DesiredCapacity": size,
            "AvailabilityZones": ["us-east-1a", "us-east-1b", "us-east-1c"],
        } | group
        scaling.create_auto_scaling_group(AutoScalingGroupName="fleet", **settings)
        return cls(scaling, ec2)

    def describe(self) -> dict[str, Any]:
        [group] = self.scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["fleet"])[
            "AutoScalingGroups"
        ]
        return dict(group)

    def resize(self, size: int) -> None:
        self.scaling.set_desired_capacity(AutoScalingGroupName="fleet", DesiredCapacity=size)

    def states(self) -> dict[str, str]:
        """The lifecycle state of each instance, by its id."""
        return {each["InstanceId"]: each["LifecycleState"] for each in self.describe()["Instances"]}

    def ids(self, state: str = "InService") -> list[str]:
        return [instance for instance, found in self.states().items() if found == state]

    def wait(self, good: Callable[[dict[str, str]], Any]) -> dict[str, str]:
        """The states, once they are good."""
        return dict(wait_for(self.states, good))

    def activities(self) -> list[dict[str, Any]]:
        """The history, latest first."""
        return list(self.scaling.describe_scaling_activities(AutoScalingGroupName="fleet")["Activities"])

    def put_hook(self, name: str, transition: str = "LAUNCHING", **settings: Any) -> None:
        self.scaling.put_lifecycle_hook(
            AutoScalingGroupName="fleet",
            LifecycleHookName=name,
            LifecycleTransition=f"autoscaling:EC2_INSTANCE_{transition}",
            **settings,
        )

    def complete(self, name: str, instance: str, result: str) -> None:
        self.scaling.complete_lifecycle_action(
            AutoScalingGroupName="fleet",
            LifecycleHookName=name,
            InstanceId=instance,
            LifecycleActionResult=result,
        )
