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
