"""The service's errors. A class's name is the error code that a client sees.

Messages are templates; what they need is given by keyword
(`ApplicationDoesNotExistException(name="shop")`), or replaced by one positional message.
"""

from moto.core.exceptions import ServiceException


class CodeDeployException(ServiceException):
    message = ""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.code = cls.__name__


class AlarmsLimitExceededException(CodeDeployException):
    message = "The maximum number of alarms for a deployment group (10) was exceeded."


class ApplicationAlreadyExistsException(CodeDeployException):
    message = "Application already exists: {name}"


class ApplicationDoesNotExistException(CodeDeployException):
    message = "No application found for name: {name}"


class ApplicationLimitExceededException(CodeDeployException):
    message = "The maximum number of applications ({limit}) was exceeded."


class ApplicationNameRequiredException(CodeDeployException):
    message = "Application name is required."


class ArnNotSupportedException(CodeDeployException):
    message = "The specified ARN is not supported: {arn}"


class BatchLimitExceededException(CodeDeployException):
    message = "The maximum number of names or IDs allowed for this request ({limit}) was exceeded."


class BucketNameFilterRequiredException(CodeDeployException):
    message = "A bucket name is required, but was not provided."


class DeploymentAlreadyCompletedException(CodeDeployException):
    message = "The deployment {id} is already complete."


class DeploymentConfigAlreadyExistsException(CodeDeployException):
    message = "Deployment Configuration already exists: {name}"


class DeploymentConfigDoesNotExistException(CodeDeployException):
    message = "No Deployment Configuration found for name: {name}"


class DeploymentConfigInUseException(CodeDeployException):
    message = "Deployment Configuration {name} is still in use."


class DeploymentConfigLimitExceededException(CodeDeployException):
    message = "The maximum number of deployment configurations ({limit}) was exceeded."


class DeploymentConfigNameRequiredException(CodeDeployException):
    message = "Deployment configuration name is required."


class DeploymentDoesNotExistException(CodeDeployException):
    message = "The deployment {id} could not be found"


class DeploymentGroupAlreadyExistsException(CodeDeployException):
    message = "Deployment Group already exists: {name}"


class DeploymentGroupDoesNotExistException(CodeDeployException):
    message = "No Deployment Group found for name: {name}"


class DeploymentGroupLimitExceededException(CodeDeployException):
    message = "The maximum number of deployment groups of an application ({limit}) was exceeded."


class DeploymentGroupNameRequiredException(CodeDeployException):
    message = "Deployment Group name is required."


class DeploymentIdRequiredException(CodeDeployException):
    message = "Deployment ID is required."


class DeploymentIsNotInReadyStateException(CodeDeployException):
    message = "The deployment {id} does not have a status of Ready and can't continue yet."


class DeploymentLimitExceededException(CodeDeployException):
    message = "The Deployment Group '{group}' already has an active Deployment '{id}'"


class DeploymentNotStartedException(CodeDeployException):
    message = "The deployment {id} has not started."


class DeploymentTargetDoesNotExistException(CodeDeployException):
    message = "The target {target} does not belong to the deployment {id}."


class DeploymentTargetIdRequiredException(CodeDeployException):
    message = "A deployment target ID was not provided."


class DeploymentTargetListSizeExceededException(CodeDeployException):
    message = "The maximum number of deployment targets allowed for this request ({limit}) was exceeded."


class DescriptionTooLongException(CodeDeployException):
    message = "The description is too long: at most {limit} characters are allowed."


class GitHubAccountTokenDoesNotExistException(CodeDeployException):
    message = "No GitHub account connection exists with the name {name}."


class GitHubAccountTokenNameRequiredException(CodeDeployException):
    message = "The call is missing a required GitHub account connection name."


class IamArnRequiredException(CodeDeployException):
    message = "No IAM ARN was included in the request. You must use an IAM session ARN or IAM user ARN."


class IamSessionArnAlreadyRegisteredException(CodeDeployException):
    message = "The IAM session ARN {arn} is already used by another registered instance."


class IamUserArnAlreadyRegisteredException(CodeDeployException):
    message = "The IAM user ARN {arn} is already used by another registered instance."


class InstanceDoesNotExistException(CodeDeployException):
    message = "The instance {instance} does not exist in the deployment {id}."


class InstanceIdRequiredException(CodeDeployException):
    message = "Instance ID is required."


class InstanceLimitExceededException(CodeDeployException):
    message = "The maximum number of on-premises instances in a single call ({limit}) was exceeded."


class InstanceNameAlreadyRegisteredException(CodeDeployException):
    message = "The on-premises instance name {name} is already registered."


class InstanceNameRequiredException(CodeDeployException):
    message = "An on-premises instance name was not specified."


class InstanceNotRegisteredException(CodeDeployException):
    message = "The on-premises instance {name} is not registered."


class InvalidAlarmConfigException(CodeDeployException):
    pass


class InvalidApplicationNameException(CodeDeployException):
    message = "Invalid application name: {name}"


class InvalidArnException(CodeDeployException):
    message = "The specified ARN is not in a valid format: {arn}"


class InvalidAutoRollbackConfigException(CodeDeployException):
    pass


class InvalidAutoScalingGroupException(CodeDeployException):
    message = "The Auto Scaling group {name} does not exist."


class InvalidAutoScalingGroupProcessToSuspendException(CodeDeployException):
    message = (
        "{name} is not a valid process. Valid values are Terminate, AZRebalance, InstanceRefresh, and "
        "ScheduledActions. Process names are case sensitive."
    )


class InvalidBlueGreenDeploymentConfigurationException(CodeDeployException):
    pass


class InvalidBucketNameFilterException(CodeDeployException):
    message = "Invalid bucket name: {name}"


class InvalidComputePlatformException(CodeDeployException):
    message = "The computePlatform is invalid. The computePlatform should be Lambda, Server, or ECS."


class InvalidDeployedStateFilterException(CodeDeployException):
    message = "Invalid deployed state filter: {value}. Valid values are include, exclude, and ignore."


class InvalidDeploymentConfigNameException(CodeDeployException):
    message = "Invalid deployment configuration name: {name}"


class InvalidDeploymentGroupNameException(CodeDeployException):
    message = "Invalid deployment group name: {name}"


class InvalidDeploymentIdException(CodeDeployException):
    message = "Invalid deployment ID: {id}"


class InvalidDeploymentInstanceTypeException(CodeDeployException):
    message = "Instance types are supported for blue/green deployments only."


class InvalidDeploymentStatusException(CodeDeployException):
    message = "Invalid deployment status: {status}"


class InvalidDeploymentStyleException(CodeDeployException):
    message = (
        'Valid deployment types include "IN_PLACE" and "BLUE_GREEN". Valid deployment options include '
        '"WITH_TRAFFIC_CONTROL" and "WITHOUT_TRAFFIC_CONTROL".'
    )


class InvalidDeploymentTargetIdException(CodeDeployException):
    message = "The target ID {target} is not valid."


class InvalidDeploymentWaitTypeException(CodeDeployException):
    message = "The wait type {value} is invalid."


class InvalidEC2TagCombinationException(CodeDeployException):
    message = "Only one of ec2TagFilters and ec2TagSet can be used in a single call."


class InvalidEC2TagException(CodeDeployException):
    message = "The EC2 tag filter is invalid: {filter}"


class InvalidECSServiceException(CodeDeployException):
    message = "An Amazon ECS service can only be given for an application of compute platform ECS."


class InvalidExternalIdException(CodeDeployException):
    message = "Invalid external ID: {id}"


class InvalidFileExistsBehaviorException(CodeDeployException):
    message = 'Valid values for fileExistsBehavior are "DISALLOW", "OVERWRITE", and "RETAIN".'


class InvalidGitHubAccountTokenException(CodeDeployException):
    message = (
        "The application {name} is not connected to a GitHub account. Connect it in the CodeDeploy console, "
        "or deploy a revision stored in Amazon S3."
    )


class InvalidGitHubAccountTokenNameException(CodeDeployException):
    message = "Invalid GitHub account connection name: {name}"


class InvalidIamSessionArnException(CodeDeployException):
    message = "The IAM session ARN is in an invalid format: {arn}"


class InvalidIamUserArnException(CodeDeployException):
    message = "The IAM user ARN is in an invalid format: {arn}"


class InvalidIgnoreApplicationStopFailuresValueException(CodeDeployException):
    message = "ignoreApplicationStopFailures can only be true for EC2/on-premises deployments."


class InvalidInputException(CodeDeployException):
    message = "{message}"


class InvalidInstanceNameException(CodeDeployException):
    message = "Invalid on-premises instance name: {name}"


class InvalidInstanceStatusException(CodeDeployException):
    message = "Invalid instance status: {status}"


class InvalidInstanceTypeException(CodeDeployException):
    message = "Invalid instance type: {type}"


class InvalidKeyPrefixFilterException(CodeDeployException):
    message = "The key prefix filter was specified in an invalid format."


class InvalidLifecycleEventHookExecutionIdException(CodeDeployException):
    message = "No lifecycle event hook execution has the ID {id}."


class InvalidLifecycleEventHookExecutionStatusException(CodeDeployException):
    message = "Invalid lifecycle event hook execution status: {status}. It should be Succeeded or Failed."


class InvalidLoadBalancerInfoException(CodeDeployException):
    pass


class InvalidMinimumHealthyHostValueException(CodeDeployException):
    message = "The minimum healthy hosts value is invalid: {value}"


class InvalidNextTokenException(CodeDeployException):
    message = "The next token was specified in an invalid format."


class InvalidOnPremisesTagCombinationException(CodeDeployException):
    message = "Only one of onPremisesInstanceTagFilters and onPremisesTagSet can be used in a single call."


class InvalidOperationException(CodeDeployException):
    pass


class InvalidRegistrationStatusException(CodeDeployException):
    message = "Invalid registration status: {status}"


class InvalidRevisionException(CodeDeployException):
    pass


class InvalidRoleException(CodeDeployException):
    message = "AWS CodeDeploy does not have the permissions required to assume the role {arn}."


class InvalidSortByException(CodeDeployException):
    message = "Invalid column to sort by: {value}"


class InvalidSortOrderException(CodeDeployException):
    message = "Invalid sort order: {value}"


class InvalidTagException(CodeDeployException):
    message = "The tag is invalid: {tag}"


class InvalidTagFilterException(CodeDeployException):
    message = "The tag filter is invalid: {filter}"


class InvalidTagsToAddException(CodeDeployException):
    message = "The specified tags are not valid: {reason}"


class InvalidTargetFilterNameException(CodeDeployException):
    message = "The target filter name {name} is invalid. Valid: TargetStatus, ServerInstanceLabel."


class InvalidTargetGroupPairException(CodeDeployException):
    message = "Target group pairs can only be given for an application of compute platform ECS."


class InvalidTargetInstancesException(CodeDeployException):
    message = "Target instances can be given for blue/green deployments only."


class InvalidTimeRangeException(CodeDeployException):
    message = "The start time must be earlier than the end time."


class InvalidTrafficRoutingConfigurationException(CodeDeployException):
    message = (
        "A traffic routing configuration is for the compute platforms Lambda and ECS, minimum healthy hosts "
        "are for Server: the deployment configuration and the application must be of the same platform."
    )


class InvalidTriggerConfigException(CodeDeployException):
    pass


class InvalidUpdateOutdatedInstancesOnlyValueException(CodeDeployException):
    message = "updateOutdatedInstancesOnly can only be true for EC2/on-premises deployments."


class InvalidZonalDeploymentConfigurationException(CodeDeployException):
    message = "The ZonalConfig object is only valid for EC2/on-premises deployment configurations."


class LifecycleHookLimitExceededException(CodeDeployException):
    message = "The limit for lifecycle hooks was exceeded."


class MultipleIamArnsProvidedException(CodeDeployException):
    message = "Both an IAM user ARN and an IAM session ARN were included in the request. Use only one."


class OperationNotSupportedException(CodeDeployException):
    message = "The API used does not support the deployment."


class ResourceArnRequiredException(CodeDeployException):
    message = "The ARN of a resource is required, but was not found."


class ResourceValidationException(CodeDeployException):
    message = "The specified resource could not be validated."


class RevisionDoesNotExistException(CodeDeployException):
    message = "No revision found for the application {name}: {revision}"


class RevisionRequiredException(CodeDeployException):
    message = "Revision is required."


class RoleRequiredException(CodeDeployException):
    message = "Role ARN is required."


class TagLimitExceededException(CodeDeployException):
    message = "The maximum allowed number of tags ({limit}) was exceeded."


class TagRequiredException(CodeDeployException):
    message = "A tag was not specified."


class TagSetListLimitExceededException(CodeDeployException):
    message = "The number of tag groups in the tag set list exceeds the maximum allowed limit of 3."


class TriggerTargetsLimitExceededException(CodeDeployException):
    message = "The maximum allowed number of triggers (10) was exceeded."


class UnsupportedActionForDeploymentTypeException(CodeDeployException):
    pass
