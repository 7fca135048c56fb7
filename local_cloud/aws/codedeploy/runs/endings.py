"""The errors that a deployment can end with, as AWS words them."""

HEALTH_CONSTRAINTS = {
    "code": "HEALTH_CONSTRAINTS",
    "message": (
        "The overall deployment failed because too many individual instances failed deployment, too few "
        "healthy instances are available for deployment, or some instances in your deployment group are "
        "experiencing problems."
    ),
}
HEALTH_CONSTRAINTS_INVALID = {
    "code": "HEALTH_CONSTRAINTS_INVALID",
    "message": (
        "The deployment can't start: its configuration wants at least as many healthy instances as the "
        "deployment group has. Choose a configuration with a smaller number of minimum healthy hosts."
    ),
}
NO_INSTANCES = {
    "code": "NO_INSTANCES",
    "message": (
        "The deployment failed because no instances were found for your deployment group. Check your "
        "deployment group settings to make sure the tags for your Amazon EC2 instances or Auto Scaling "
        "groups correctly identify the instances you want to deploy to, and then try again."
    ),
}
TIMEOUT = {"code": "TIMEOUT", "message": "The deployment has timed out."}
INTERNAL_ERROR = {"code": "INTERNAL_ERROR", "message": "There was an internal error. Please try again."}
ALARM_ACTIVE = (
    "One or more alarms have been activated according to the Amazon CloudWatch metrics you selected, and the "
    "affected deployments have been stopped. Activated alarms: "
)
MANUAL_STOP = {"code": "MANUAL_STOP", "message": "the deployment is cancelled due to an abort request"}
GROUP_DELETED = {"code": "DEPLOYMENT_GROUP_MISSING", "message": "The deployment group was deleted."}
NO_BLUE_GREEN_CONFIGURATION = {
    "code": "MISSING_BLUE_GREEN_DEPLOYMENT_CONFIGURATION",
    "message": "The deployment group has no blue/green deployment configuration.",
}
"""The code is the API's, the words of this and the next ones are inferred."""
NOT_CONTINUED = {
    "code": "TIMEOUT",
    "message": "The deployment was stopped: nobody has continued it within its waiting time.",
}


def nothing_to_copy(names: list[str]) -> dict[str, str]:
    named = ", ".join(names) or "none"
    return {
        "code": "AUTO_SCALING_CONFIGURATION",
        "message": (
            "To copy an Auto Scaling group, the deployment group must name exactly one; it names"
            f" {named}. Name one, or set greenFleetProvisioningOption to DISCOVER_EXISTING."
        ),
    }


def gone(group: str) -> dict[str, str]:
    message = f"The Auto Scaling group {group} was deleted before it had its instances."
    return {"code": "AUTO_SCALING_CONFIGURATION", "message": message}


def refused_by(service: str, message: str, *, is_denied: bool) -> dict[str, str]:
    """Another service has refused what the deployment needs."""
    codes = {"autoscaling": "AUTO_SCALING_CONFIGURATION"}
    code = "IAM_ROLE_PERMISSIONS" if is_denied else codes.get(service, "ELASTIC_LOAD_BALANCING_INVALID")
    return {"code": code, "message": message}
