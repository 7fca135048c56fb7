"""Traffic: instances out of load balancers and into them again, by the API as the service role calls it.

Source: "Integrating CodeDeploy with Elastic Load Balancing". An instance is in again when every load balancer
finds it healthy, and out when it has been drained for as long as its target group says.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from local_cloud.aws.codedeploy.runs.service import Service, ServiceError

Info = Mapping[str, Any]
"""A LoadBalancerInfo."""
States = dict[str, list[str]]
"""What each load balancer says of an instance that it knows, by the instance's id."""

IN = frozenset({"healthy", "unused", "InService"})
"""`unused`: no listener leads to the target group, so that nobody looks at its targets. Inferred."""
DRAINING = "draining"


def allow(service: Service, info: Info, instance: str) -> None:
    """Into every load balancer. Raises ServiceError."""
    for arn in _target_groups(service, info):
        service.call("elbv2", "register_targets", TargetGroupArn=arn, Targets=[{"Id": instance}])
    for name in _classic(info):
        service.call(
            "elb",
            "register_instances_with_load_balancer",
            LoadBalancerName=name,
            Instances=[{"InstanceId": instance}],
        )


def block(service: Service, info: Info, instance: str) -> None:
    """Out of every load balancer. Raises ServiceError."""
    for arn in _target_groups(service, info):
        service.call("elbv2", "deregister_targets", TargetGroupArn=arn, Targets=[{"Id": instance}])
    for name in _classic(info):
        service.call(
            "elb",
            "deregister_instances_from_load_balancer",
            LoadBalancerName=name,
            Instances=[{"InstanceId": instance}],
        )


def states(service: Service, info: Info) -> States:
    """What is said of all instances that the load balancers know. Raises ServiceError."""
    found: States = {}
    for arn in _target_groups(service, info):
        for each in service.call("elbv2", "describe_target_health", TargetGroupArn=arn)[
            "TargetHealthDescriptions"
        ]:
            found.setdefault(each["Target"]["Id"], []).append(each["TargetHealth"]["State"])
    for name in _classic(info):
        for each in service.call("elb", "describe_instance_health", LoadBalancerName=name)["InstanceStates"]:
            found.setdefault(each["InstanceId"], []).append(each["State"])
    return found


def is_in(said: Iterable[str]) -> bool:
    return all(state in IN for state in said)


def is_out(said: Iterable[str]) -> bool:
    return DRAINING not in said


def _target_groups(service: Service, info: Info) -> list[str]:
    """Their ARNs: a deployment group knows their names."""
    names = [each["name"] for each in info.get("targetGroupInfoList", [])]
    if not names:
        return []
    try:
        answer = service.call("elbv2", "describe_target_groups", Names=names)
    except ServiceError as error:
        if error.code != "TargetGroupNotFound":
            raise
        raise ServiceError(
            error.service, error.code, f"The target group {', '.join(names)} could not be found."
        ) from error
    return [each["TargetGroupArn"] for each in answer["TargetGroups"]]


def _classic(info: Info) -> list[str]:
    return [each["name"] for each in info.get("elbInfoList", [])]
