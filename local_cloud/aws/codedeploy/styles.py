"""Which styles, load balancers and blue/green configurations the service accepts, and which together."""

from typing import Any

from local_cloud.aws.codedeploy import exceptions as errors

Fields = dict[str, Any]
_LONGEST_WAIT = 2880
_BLUE_GREEN: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "deploymentReadyOption": (
        "actionOnTimeout",
        "waitTimeInMinutes",
        ("CONTINUE_DEPLOYMENT", "STOP_DEPLOYMENT"),
    ),
    "terminateBlueInstancesOnDeploymentSuccess": (
        "action",
        "terminationWaitTimeInMinutes",
        ("TERMINATE", "KEEP_ALIVE"),
    ),
    "greenFleetProvisioningOption": ("action", "", ("COPY_AUTO_SCALING_GROUP", "DISCOVER_EXISTING")),
}
"""Parts of a blue/green configuration: what chooses, what waits, the choices."""


def deployment_style(given: Fields | None) -> Fields:
    """Both halves, or none for the default. The words are recorded ones."""
    if given is None:
        return {"deploymentType": "IN_PLACE", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"}
    kind, option = given.get("deploymentType"), given.get("deploymentOption")
    if not kind or not option:
        raise errors.InvalidDeploymentStyleException(
            "Deployment type or deployment option cannot be null or empty"
        )
    if option not in {"WITH_TRAFFIC_CONTROL", "WITHOUT_TRAFFIC_CONTROL"}:
        raise errors.InvalidDeploymentStyleException(
            "Deployment option can only be WITH_TRAFFIC_CONTROL or WITHOUT_TRAFFIC_CONTROL"
        )
    if kind not in {"IN_PLACE", "BLUE_GREEN"}:
        raise errors.InvalidDeploymentStyleException
    return given


def traffic_control(style: Fields, load_balancer_info: Fields | None) -> None:
    if (load_balancer_info or {}).get("targetGroupPairInfoList"):
        raise errors.InvalidTargetGroupPairException
    if style["deploymentOption"] == "WITH_TRAFFIC_CONTROL" and not any((load_balancer_info or {}).values()):
        # Recorded.
        raise errors.InvalidLoadBalancerInfoException(
            "The specification for load balancing in the deployment group is invalid. The deploymentOption"
            " value is set to WITH_TRAFFIC_CONTROL, but either no load balancer was specified in elbInfoList"
            " or no target group was specified in targetGroupInfoList."
        )


def blue_green(style: Fields, configuration: Fields | None) -> None:
    if configuration and style["deploymentType"] != "BLUE_GREEN":
        raise errors.InvalidBlueGreenDeploymentConfigurationException(
            "A blue/green configuration needs the deployment type BLUE_GREEN."
        )
    for member, (chosen, wait, actions) in _BLUE_GREEN.items():
        part = (configuration or {}).get(member) or {}
        minutes = part.get(wait, 0) if wait else 0
        if part.get(chosen) not in {None, *actions} or not 0 <= minutes <= _LONGEST_WAIT:
            # Inferred.
            raise errors.InvalidBlueGreenDeploymentConfigurationException(
                f"{member} is invalid: {part}. {chosen} can be {' or '.join(actions)}, a time from 0 to"
                f" {_LONGEST_WAIT} minutes."
            )
