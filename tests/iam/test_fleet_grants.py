"""What CodeDeploy's service role is granted for a fleet is enough, and every single grant of it is needed."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.testing.clouds import running
from local_cloud.testing.shop import IMAGE, wait_for
from tests.iam import policies, whole_fleet
from tests.iam.pipeline import ACCOUNT, NAMES, Pipeline, agents_at_work
from tests.iam.test_role_grants import APPLICATION, GROUP, REVISION, trust

ENDED = {"Succeeded", "Failed", "Stopped"}
TAGS = {"ManagedBy": "aws-codedeploy-pipeline", "Application": "test.codeDeploy.001"}
HOOKS = {
    "autoscaling:PutLifecycleHook",
    "autoscaling:DeleteLifecycleHook",
    "autoscaling:CompleteLifecycleAction",
}
AT_ONCE = {
    "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0},
    "terminateBlueInstancesOnDeploymentSuccess": {"action": "TERMINATE", "terminationWaitTimeInMinutes": 0},
    "greenFleetProvisioningOption": {"action": "COPY_AUTO_SCALING_GROUP"},
}
PER_HOST = {
    "PredefinedMetricSpecification": {"PredefinedMetricType": "ASGAverageCPUUtilization"},
    "TargetValue": 50.0,
}


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The service role's policy, where a fleet is deployed to by blue/green."""
    folder = str(tmp_path_factory.mktemp("policies"))
    settings = whole_fleet.FLEET | whole_fleet.BLUE_GREEN
    return policies.write(**settings, policy_folder=folder)["codedeploy"]


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    directory = tmp_path_factory.mktemp("fleet")
    with running(directory) as cloud:
        yield Pipeline(cloud, directory)


class Fleet:
    """What the playbooks make of a fleet, made quickly by root under the names of the policy."""

    def __init__(self, pipeline: Pipeline, document: dict[str, Any]) -> None:
        self.pipeline, self.document = pipeline, document
        [found] = set(re.findall(r"targetgroup/([^/]+)/", json.dumps(document)))
        self.name = str(found)
        self.iam, self.scaling = pipeline.client("iam"), pipeline.client("autoscaling")
        self.codedeploy = pipeline.client("codedeploy")
        self._roles()
        self._launch()
        self.codedeploy.create_application(**APPLICATION)
        self.codedeploy.create_deployment_group(
            **GROUP,
            serviceRoleArn=f"arn:aws:iam::{ACCOUNT}:role/{NAMES['codedeploy']}",
            autoScalingGroups=[self.name],
            loadBalancerInfo={"targetGroupInfoList": [{"name": self.name}]},
            **self.style("IN_PLACE"),
        )

    def _roles(self) -> None:
        for role in ("codedeploy", "ec2"):
            self.iam.create_role(RoleName=NAMES[role], AssumeRolePolicyDocument=json.dumps(trust(role)))
        self.iam.create_instance_profile(InstanceProfileName=NAMES["ec2"])
        self.iam.add_role_to_instance_profile(InstanceProfileName=NAMES["ec2"], RoleName=NAMES["ec2"])
        self.grant(self.document)

    def _launch(self) -> None:
        ec2, elb = self.pipeline.client("ec2"), self.pipeline.client("elbv2")
        subnets = ec2.describe_subnets()["Subnets"][:2]
        tags = [{"Key": key, "Value": value} for key, value in TAGS.items()]
        ec2.create_launch_template(
            LaunchTemplateName=self.name,
            LaunchTemplateData={
                "ImageId": IMAGE,
                "InstanceType": "t3a.nano",
                "IamInstanceProfile": {"Name": NAMES["ec2"]},
            },
            TagSpecifications=[{"ResourceType": "launch-template", "Tags": tags}],
        )
        zones = [each["SubnetId"] for each in subnets]
        [balancer] = elb.create_load_balancer(Name=self.name, Subnets=zones)["LoadBalancers"]
        [targets] = elb.create_target_group(
            Name=self.name, Protocol="HTTP", Port=80, VpcId=subnets[0]["VpcId"], TargetType="instance"
        )["TargetGroups"]
        elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": targets["TargetGroupArn"]}],
        )
        self.scaling.create_auto_scaling_group(
            AutoScalingGroupName=self.name,
            LaunchTemplate={"LaunchTemplateName": self.name, "Version": "$Latest"},
            MinSize=1,
            MaxSize=3,
            DesiredCapacity=1,
            VPCZoneIdentifier=",".join(zones),
            TargetGroupARNs=[targets["TargetGroupArn"]],
            Tags=[each | {"PropagateAtLaunch": each["Key"] != "ManagedBy"} for each in tags],
        )

    def style(self, kind: str) -> dict[str, Any]:
        option = {"deploymentType": kind, "deploymentOption": "WITH_TRAFFIC_CONTROL"}
        more = {"blueGreenDeploymentConfiguration": AT_ONCE} if kind == "BLUE_GREEN" else {}
        return {"deploymentStyle": option, **more}

    def update(self, **changes: Any) -> None:
        names = {"currentDeploymentGroupName": GROUP["deploymentGroupName"]}
        self.codedeploy.update_deployment_group(**APPLICATION, **names, **changes)

    def grant(self, document: dict[str, Any]) -> None:
        """Let CodeDeploy have this policy, and no other."""
        text = json.dumps(document)
        self.iam.put_role_policy(RoleName=NAMES["codedeploy"], PolicyName="own", PolicyDocument=text)

    def lack(self, sid: str, action: str) -> None:
        self.grant(policies.without(self.document, sid, action))

    def deploy(self) -> dict[str, Any]:
        """A deployment as it ended."""
        started = self.codedeploy.create_deployment(**GROUP, revision=REVISION)["deploymentId"]
        with agents_at_work(self.pipeline):
            return dict(
                wait_for(
                    lambda: self.codedeploy.get_deployment(deploymentId=started)["deploymentInfo"],
                    lambda info: info["status"] in ENDED,
                )
            )

    def groups(self) -> list[dict[str, Any]]:
        return list(self.scaling.describe_auto_scaling_groups()["AutoScalingGroups"])

    def hooks(self) -> list[str]:
        found = self.scaling.describe_lifecycle_hooks(AutoScalingGroupName=self.name)["LifecycleHooks"]
        return [each["LifecycleHookName"] for each in found]


@pytest.fixture
def fleet(pipeline: Pipeline, document: dict[str, Any]) -> Iterator[Fleet]:
    """One whose policies are enforced from now on."""
    pipeline.cloud.gate.enforcing = False
    pipeline.cloud.reset()
    made = Fleet(pipeline, document)
    pipeline.cloud.gate.enforcing = True
    yield made
    pipeline.cloud.gate.enforcing = False


def needed(way: str, among: set[str] | None = None) -> list[tuple[str, str]]:
    """Each grant that the local cloud can show to be needed, with its statement."""
    return [
        (each["sid"], action)
        for each in policies.beside("codedeploy", way)
        if not policies.is_documented_only(each)
        for action in each["actions"]
        if among is None or action in among
    ]


def test_a_deployment_of_a_fleet_succeeds_with_what_the_role_is_granted(fleet: Fleet) -> None:
    assert fleet.deploy()["status"] == "Succeeded"


@pytest.mark.long
@pytest.mark.parametrize(("sid", "action"), [each for each in needed("fleet") if each[1] not in HOOKS])
def test_a_deployment_of_a_fleet_fails_without(fleet: Fleet, sid: str, action: str) -> None:
    fleet.lack(sid, action)

    assert fleet.deploy()["status"] == "Failed"


@pytest.mark.long
@pytest.mark.parametrize(("sid", "action"), needed("fleet", HOOKS))
def test_new_hosts_are_not_caught_without(fleet: Fleet, sid: str, action: str) -> None:
    """The hook is put and removed with the group's settings, and ends when the revision is on the host."""
    assert fleet.deploy()["status"] == "Succeeded"
    assert len(fleet.hooks()) == 1
    fleet.lack(sid, action)
    if action == "autoscaling:CompleteLifecycleAction":
        fleet.scaling.set_desired_capacity(AutoScalingGroupName=fleet.name, DesiredCapacity=2)
        with agents_at_work(fleet.pipeline):
            # What CodeDeploy made for the new host.
            wait_for(
                lambda: fleet.codedeploy.list_deployments(includeOnlyStatuses=["Succeeded"], **GROUP)[
                    "deployments"
                ],
                lambda found: len(found) == 2,
            )
        states = [each["LifecycleState"] for each in fleet.groups()[0]["Instances"]]
        assert sorted(states) == ["InService", "Pending:Wait"]
        return
    if action == "autoscaling:DeleteLifecycleHook":
        fleet.update(autoScalingGroups=[])
        assert len(fleet.hooks()) == 1
        return
    fleet.update(autoScalingGroups=[])
    assert fleet.hooks() == []
    with pytest.raises(ClientError, match="autoscaling:PutLifecycleHook"):
        fleet.update(autoScalingGroups=[fleet.name])


def is_replaced(fleet: Fleet, ended: dict[str, Any]) -> bool:
    """Did a blue/green deployment do all that it is for: one group is left, the new one, which serves?"""
    [group, *others] = fleet.groups()
    return (
        ended["status"] == "Succeeded"
        and not others
        and group["AutoScalingGroupName"] != fleet.name
        and not group["SuspendedProcesses"]
    )


def test_a_fleet_is_replaced_with_what_the_role_is_granted(fleet: Fleet) -> None:
    fleet.update(**fleet.style("BLUE_GREEN"))

    assert is_replaced(fleet, fleet.deploy())


@pytest.mark.long
@pytest.mark.parametrize(("sid", "action"), needed("blue_green"))
def test_a_fleet_is_not_replaced_without(fleet: Fleet, sid: str, action: str) -> None:
    fleet.scaling.put_scaling_policy(
        AutoScalingGroupName=fleet.name,
        PolicyName="busy",
        PolicyType="TargetTrackingScaling",
        TargetTrackingConfiguration=PER_HOST,
    )
    fleet.update(**fleet.style("BLUE_GREEN"))
    fleet.lack(sid, action)

    assert not is_replaced(fleet, fleet.deploy())
