"""BlockTraffic and AllowTraffic: out of the load balancers and into them again, in moto's own."""

from typing import Any

from moto.elb.models import elb_backends
from moto.elbv2.models import FakeTargetGroup, elbv2_backends

from local_cloud.aws.codedeploy.records.applications import DeploymentGroup
from local_cloud.aws.codedeploy.records.deployments import Deployment, Target
from local_cloud.aws.codedeploy.records.place import CodeDeployBase
from local_cloud.aws.codedeploy.runs import lifecycle, permissions


class TrafficError(Exception):
    """A load balancer is missing, or refused."""


def check(backend: CodeDeployBase, group: DeploymentGroup, deployment: Deployment, event: str) -> None:
    """Raise TrafficError where the group's service role may not do what the service event says."""
    allow = event == lifecycle.ALLOW_TRAFFIC
    info = deployment.load_balancer_info or {}
    start = f"arn:{backend.partition}:elasticloadbalancing:{backend.region_name}:{backend.account_id}"
    needed = [
        (
            "elasticloadbalancing:RegisterTargets" if allow else "elasticloadbalancing:DeregisterTargets",
            found.arn if (found := _find_target_group(backend, each["name"])) else "*",
        )
        for each in info.get("targetGroupInfoList", [])
    ] + [
        (
            "elasticloadbalancing:RegisterInstancesWithLoadBalancer"
            if allow
            else "elasticloadbalancing:DeregisterInstancesFromLoadBalancer",
            f"{start}:loadbalancer/{each['name']}",
        )
        for each in info.get("elbInfoList", [])
    ]
    for action, resource in needed:
        if not permissions.may(backend, group, action, resource):
            raise TrafficError(
                f"{group.service_role_arn} is not authorized to perform: {action} on {resource}"
            )


def perform(backend: CodeDeployBase, deployment: Deployment, target: Target, event: str) -> None:
    """Do what the service event says, in every load balancer of the deployment. Raises TrafficError."""
    allow = event == lifecycle.ALLOW_TRAFFIC
    info = deployment.load_balancer_info or {}
    for target_group in info.get("targetGroupInfoList", []):
        _switch_target_group(backend, target_group["name"], target.target_id, allow=allow)
    for balancer in info.get("elbInfoList", []):
        _switch_classic(backend, balancer["name"], target.target_id, allow=allow)


def missing(backend: CodeDeployBase, info: dict[str, Any]) -> str | None:
    """The first load balancer or target group that does not exist, in words."""
    for target_group in info.get("targetGroupInfoList", []):
        if _find_target_group(backend, target_group["name"]) is None:
            return f"target group {target_group['name']}"
    for balancer in info.get("elbInfoList", []):
        if balancer["name"] not in elb_backends[backend.account_id][backend.region_name].load_balancers:
            return f"load balancer {balancer['name']}"
    return None


def _find_target_group(backend: CodeDeployBase, name: str) -> FakeTargetGroup | None:
    groups = elbv2_backends[backend.account_id][backend.region_name].target_groups
    return next((group for group in list(groups.values()) if group.name == name), None)


def _switch_target_group(backend: CodeDeployBase, name: str, instance: str, *, allow: bool) -> None:
    group = _find_target_group(backend, name)
    if group is None:
        raise TrafficError(f"The target group {name} could not be found.")
    if allow:
        group.register([{"Id": instance}])
    elif instance in group.targets:
        group.deregister([{"Id": instance}])


def _switch_classic(backend: CodeDeployBase, name: str, instance: str, *, allow: bool) -> None:
    elb = elb_backends[backend.account_id][backend.region_name]
    if name not in elb.load_balancers:
        raise TrafficError(f"The load balancer {name} could not be found.")
    if allow:
        elb.register_instances(name, [instance])
    else:
        elb.deregister_instances(name, [instance])
