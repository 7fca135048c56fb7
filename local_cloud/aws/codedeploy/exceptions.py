# ruff: noqa: E501 - a table is read line by line
"""The service's errors, by their codes: `raise errors.ApplicationDoesNotExistException(name="shop")`.

Messages are templates; what they need is given by keyword, or replaced by one positional message.
"""

from moto.core.exceptions import ServiceException

MESSAGES = {
    "AlarmsLimitExceededException": "The maximum number of alarms for a deployment group (50) was exceeded.",
    "ApplicationAlreadyExistsException": "Application already exists: {name}",
    "ApplicationDoesNotExistException": "No application found for name: {name}",
    "ApplicationLimitExceededException": "The maximum number of applications ({limit}) was exceeded.",
    "ApplicationNameRequiredException": "Application name is required.",
    "ArnNotSupportedException": "The specified ARN is not supported: {arn}",
    "BatchLimitExceededException": "The maximum number of names or IDs allowed for this request ({limit}) was exceeded.",
    "BucketNameFilterRequiredException": "A bucket name is required, but was not provided.",
    "DeploymentAlreadyCompletedException": "The deployment {id} is already complete.",
    "DeploymentConfigAlreadyExistsException": "Deployment Configuration already exists: {name}",
    "DeploymentConfigDoesNotExistException": "No Deployment Configuration found for name: {name}",
    "DeploymentConfigInUseException": "Deployment Configuration {name} is still in use.",
    "DeploymentConfigLimitExceededException": "The maximum number of deployment configurations ({limit}) was exceeded.",
    "DeploymentConfigNameRequiredException": "Deployment configuration name is required.",
    "DeploymentDoesNotExistException": "The deployment {id} could not be found",
    "DeploymentGroupAlreadyExistsException": "Deployment Group already exists: {name}",
    "DeploymentGroupDoesNotExistException": "No Deployment Group found for name: {name}",
    "DeploymentGroupLimitExceededException": "The maximum number of deployment groups of an application ({limit}) was exceeded.",
    "DeploymentGroupNameRequiredException": "Deployment Group name is missing",
    "DeploymentIdRequiredException": "Deployment ID is required.",
    "DeploymentIsNotInReadyStateException": "The deployment {id} does not have a status of Ready and can't continue yet.",
    "DeploymentLimitExceededException": "The Deployment Group '{group}' already has an active Deployment '{id}'",
    "DeploymentNotStartedException": "The deployment {id} has not started.",
    "DeploymentTargetDoesNotExistException": "The target {target} does not belong to the deployment {id}.",
    "DeploymentTargetIdRequiredException": "A deployment target ID was not provided.",
    "DeploymentTargetListSizeExceededException": "The maximum number of deployment targets allowed for this request ({limit}) was exceeded.",
    "DescriptionTooLongException": "The description is too long: at most {limit} characters are allowed.",
    "GitHubAccountTokenDoesNotExistException": "No GitHub account connection exists with the name {name}.",
    "GitHubAccountTokenNameRequiredException": "The call is missing a required GitHub account connection name.",
    "IamArnRequiredException": "No IAM ARN was included in the request. You must use an IAM session ARN or IAM user ARN.",
    "IamSessionArnAlreadyRegisteredException": "The IAM session ARN {arn} is already used by another registered instance.",
    "IamUserArnAlreadyRegisteredException": "The IAM user ARN {arn} is already used by another registered instance.",
    "InstanceDoesNotExistException": "The instance {instance} does not exist in the deployment {id}.",
    "InstanceIdRequiredException": "Instance ID is required.",
    "InstanceLimitExceededException": "The maximum number of on-premises instances in a single call ({limit}) was exceeded.",
    "InstanceNameAlreadyRegisteredException": "The on-premises instance name {name} is already registered.",
    "InstanceNameRequiredException": "An on-premises instance name was not specified.",
    "InstanceNotRegisteredException": "The on-premises instance {name} is not registered.",
    "InvalidAlarmConfigException": "",
    "InvalidApplicationNameException": "Invalid application name: {name}",
    "InvalidArnException": "The specified ARN is not in a valid format: {arn}",
    "InvalidAutoRollbackConfigException": "",
    "InvalidAutoScalingGroupException": "The Auto Scaling group {name} does not exist.",
    "InvalidAutoScalingGroupProcessToSuspendException": "{name} is not a valid process. Valid values are Terminate, AZRebalance, InstanceRefresh, and ScheduledActions. Process names are case sensitive.",
    "InvalidBlueGreenDeploymentConfigurationException": "",
    "InvalidBucketNameFilterException": "Invalid bucket name: {name}",
    "InvalidComputePlatformException": "The computePlatform is invalid. The computePlatform should be Lambda, Server, or ECS.",
    "InvalidDeployedStateFilterException": "Invalid deployed state filter: {value}. Valid values are include, exclude, and ignore.",
    "InvalidDeploymentConfigNameException": "Invalid deployment configuration name: {name}",
    "InvalidDeploymentGroupNameException": "Invalid deployment group name: {name}",
    "InvalidDeploymentIdException": "Invalid deployment ID: {id}",
    "InvalidDeploymentInstanceTypeException": "Instance types are supported for blue/green deployments only.",
    "InvalidDeploymentStatusException": "Invalid deployment status: {status}",
    "InvalidDeploymentStyleException": 'Valid deployment types include "IN_PLACE" and "BLUE_GREEN". Valid deployment options include "WITH_TRAFFIC_CONTROL" and "WITHOUT_TRAFFIC_CONTROL".',
    "InvalidDeploymentTargetIdException": "The target ID {target} is not valid.",
    "InvalidDeploymentWaitTypeException": "The wait type {value} is invalid.",
    "InvalidEC2TagCombinationException": "Only one of ec2TagFilters and ec2TagSet can be used in a single call.",
    "InvalidEC2TagException": "The EC2 tag filter is invalid: {filter}",
    "InvalidECSServiceException": "An Amazon ECS service can only be given for an application of compute platform ECS.",
    "InvalidExternalIdException": "Invalid external ID: {id}",
    "InvalidFileExistsBehaviorException": 'Valid values for fileExistsBehavior are "DISALLOW", "OVERWRITE", and "RETAIN".',
    "InvalidGitHubAccountTokenException": "The application {name} is not connected to a GitHub account. Connect it in the CodeDeploy console, or deploy a revision stored in Amazon S3.",
    "InvalidGitHubAccountTokenNameException": "Invalid GitHub account connection name: {name}",
    "InvalidIamSessionArnException": "The IAM session ARN is in an invalid format: {arn}",
    "InvalidIamUserArnException": "The IAM user ARN is in an invalid format: {arn}",
    "InvalidIgnoreApplicationStopFailuresValueException": "ignoreApplicationStopFailures can only be true for EC2/on-premises deployments.",
    "InvalidInputException": "{message}",
    "InvalidInstanceNameException": "Invalid on-premises instance name: {name}",
    "InvalidInstanceStatusException": "Invalid instance status: {status}",
    "InvalidInstanceTypeException": "Invalid instance type: {type}",
    "InvalidKeyPrefixFilterException": "The key prefix filter was specified in an invalid format.",
    "InvalidLifecycleEventHookExecutionIdException": "No lifecycle event hook execution has the ID {id}.",
    "InvalidLifecycleEventHookExecutionStatusException": "Invalid lifecycle event hook execution status: {status}. It should be Succeeded or Failed.",
    "InvalidLoadBalancerInfoException": "",
    "InvalidMinimumHealthyHostValueException": "The minimum healthy hosts value is invalid: {value}",
    "InvalidNextTokenException": "The next token was specified in an invalid format.",
    "InvalidOnPremisesTagCombinationException": "Only one of onPremisesInstanceTagFilters and onPremisesTagSet can be used in a single call.",
    "InvalidOperationException": "",
    "InvalidRegistrationStatusException": "Invalid registration status: {status}",
    "InvalidRevisionException": "",
    "InvalidRoleException": "AWS CodeDeploy does not have the permissions required to assume the role {arn}.",
    "InvalidSortByException": "Invalid column to sort by: {value}",
    "InvalidSortOrderException": "Invalid sort order: {value}",
    "InvalidTagException": "The tag is invalid: {tag}",
    "InvalidTagFilterException": "The tag filter is invalid: {filter}",
    "InvalidTagsToAddException": "The specified tags are not valid: {reason}",
    "InvalidTargetFilterNameException": "The target filter name {name} is invalid. Valid: TargetStatus, ServerInstanceLabel.",
    "InvalidTargetGroupPairException": "Target group pairs can only be given for an application of compute platform ECS.",
    "InvalidTargetInstancesException": "Target instances can be given for blue/green deployments only.",
    "InvalidTimeRangeException": "The start time must be earlier than the end time.",
    "InvalidTrafficRoutingConfigurationException": "A traffic routing configuration is for the compute platforms Lambda and ECS, minimum healthy hosts are for Server: the deployment configuration and the application must be of the same platform.",
    "InvalidTriggerConfigException": "",
    "InvalidUpdateOutdatedInstancesOnlyValueException": "updateOutdatedInstancesOnly can only be true for EC2/on-premises deployments.",
    "InvalidZonalDeploymentConfigurationException": "The ZonalConfig object is only valid for EC2/on-premises deployment configurations.",
    "LifecycleHookLimitExceededException": "The limit for lifecycle hooks was exceeded.",
    "MultipleIamArnsProvidedException": "Both an IAM user ARN and an IAM session ARN were included in the request. Use only one.",
    "OperationNotSupportedException": "The API used does not support the deployment.",
    "ResourceArnRequiredException": "The ARN of a resource is required, but was not found.",
    "ResourceValidationException": "The specified resource could not be validated.",
    "RevisionDoesNotExistException": "No revision found for the application {name}: {revision}",
    "RevisionRequiredException": "Revision is required.",
    "RoleRequiredException": "Role ARN is required.",
    "TagLimitExceededException": "The maximum allowed number of tags ({limit}) was exceeded.",
    "TagRequiredException": "A tag was not specified.",
    "TagSetListLimitExceededException": "The number of tag groups in the tag set list exceeds the maximum allowed limit of 3.",
    "TriggerTargetsLimitExceededException": "The maximum allowed number of triggers (10) was exceeded.",
    "UnsupportedActionForDeploymentTypeException": "",
}


class CodeDeployException(ServiceException):
    message = ""


def __getattr__(code: str) -> type[CodeDeployException]:
    """For what reads the types: the classes below are made of the table."""
    raise AttributeError(f"CodeDeploy has no error {code}")


globals().update(
    {
        code: type(code, (CodeDeployException,), {"code": code, "message": message, "__module__": __name__})
        for code, message in MESSAGES.items()
    }
)
