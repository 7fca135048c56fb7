"""What a call needs besides its own action: to pass a role or have one made, to tag what it makes, and
CodeDeploy's own.

Sources: the actions' pages in the API references; "Granting a user permissions to pass
a role"; "Control access for tagging resources on creation" (EC2); "Elastic Load Balancing API
permissions to tag resources during creation"; the user guides' pages on service-linked roles. That ACM
asks for its tags is from a report (terraform-provider-aws#11903).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from local_cloud.aws.authorization import balancers
from local_cloud.aws.authorization.account import Account
from local_cloud.aws.authorization.conditions import listed
from local_cloud.aws.authorization.policies import Access
from local_cloud.aws.authorization.reference import filled_arn, resource_type

Parameters = Mapping[str, Any]

EC2 = "ec2.amazonaws.com"
CODEDEPLOY = "codedeploy.amazonaws.com"
AUTO_SCALING = "autoscaling.amazonaws.com"
TAGGED_AT_CREATION = {
    ("iam", "CreateRole"): ("TagRole", "role", "RoleName"),
    ("iam", "CreateInstanceProfile"): ("TagInstanceProfile", "instance-profile", "InstanceProfileName"),
    ("iam", "CreatePolicy"): ("TagPolicy", "policy", "PolicyName"),
    ("iam", "CreateUser"): ("TagUser", "user", "UserName"),
}
"""Operation -> the action that allows its tags, the kind of what it makes and where its name is."""
LINKED_ROLES = {
    ("autoscaling", "CreateAutoScalingGroup"): "AWSServiceRoleForAutoScaling",
    ("elasticloadbalancing", "CreateLoadBalancer"): "AWSServiceRoleForElasticLoadBalancing",
    ("elasticloadbalancing", "CreateTargetGroup"): "AWSServiceRoleForElasticLoadBalancing",
}
"""Operation -> the role of its service that it makes where the account has none."""


def of(prefix: str, operation: str, parameters: Parameters, account: Account) -> Iterator[Access]:
    """The further accesses of an operation."""
    yield from _passed_roles(prefix, operation, parameters, account)
    yield from _linked_role(prefix, operation, account)
    if prefix == "elasticloadbalancing" and parameters.get("Tags"):
        for arn in balancers.arns(operation, parameters, account, made=True):
            context = {"elasticloadbalancing:createaction": operation}
            yield Access(action="elasticloadbalancing:AddTags", resource=arn, context=context)
    if (prefix, operation) == ("acm", "RequestCertificate") and parameters.get("Tags"):
        certificate = f"arn:{account.partition}:acm:{account.region}:{account.id}:certificate/*"
        yield Access(action="acm:AddTagsToCertificate", resource=certificate)
    if prefix == "ec2":
        yield from _ec2(operation, parameters, account)
    if prefix == "codedeploy":
        yield from _codedeploy(operation, parameters, account)
    if prefix == "iam":
        yield from _iam_tags(operation, parameters, account)
    if (prefix, operation) == ("sns", "CreateTopic") and listed(parameters.get("Tags")):
        topic = f"arn:{account.partition}:sns:{account.region}:{account.id}:{parameters.get('Name')}"
        yield Access(action="sns:TagResource", resource=topic)
    if prefix == "s3" and operation == "CopyObject":
        source = str(parameters.get("CopySource", "")).removeprefix("/")
        yield Access(action="s3:GetObject", resource=f"arn:{account.partition}:s3:::{source}")


def _passed_roles(prefix: str, operation: str, parameters: Parameters, account: Account) -> Iterator[Access]:
    if prefix == "codedeploy" and parameters.get("serviceRoleArn"):
        yield _pass(str(parameters["serviceRoleArn"]), CODEDEPLOY)
    profile = parameters.get("IamInstanceProfile")
    if prefix == "ec2" and isinstance(profile, Mapping):
        given = str(profile.get("Arn") or profile.get("Name"))
        yield _pass(account.role_of_profile(given), EC2)
    if prefix == "autoscaling" and isinstance(profile, str):
        yield _pass(account.role_of_profile(profile), EC2)
    if prefix == "iam" and operation == "AddRoleToInstanceProfile":
        name = str(parameters.get("RoleName"))
        yield _pass(_iam_arn(account, "role", account.path_of("role", name) + name), EC2)


def _linked_role(prefix: str, operation: str, account: Account) -> Iterator[Access]:
    name = LINKED_ROLES.get((prefix, operation))
    if name is None:
        return
    service = f"{prefix}.amazonaws.com"
    role = _iam_arn(account, "role", f"/aws-service-role/{service}/{name}")
    if account.role(role) is None:
        context = {"iam:awsservicename": service}
        yield Access(action="iam:CreateServiceLinkedRole", resource=role, context=context)


def _pass(role: str, service: str) -> Access:
    context = {"iam:passedtoservice": service}
    return Access(action="iam:PassRole", resource=role, context=context)


def _ec2(operation: str, parameters: Parameters, account: Account) -> Iterator[Access]:
    for specification in parameters.get("TagSpecifications") or []:
        if specification.get("Tags"):
            kind = specification.get("ResourceType")
            resource = filled_arn(resource_type("ec2", str(kind))["arn"], {}, account)
            yield Access(action="ec2:CreateTags", resource=resource, context={"ec2:createaction": operation})
    image = str(parameters.get("ImageId", ""))
    if image.startswith("resolve:ssm:"):
        name = image.removeprefix("resolve:ssm:").removeprefix("/")
        owner = "" if name.startswith("aws/") else account.id
        yield Access(
            action="ssm:GetParameters",
            resource=f"arn:{account.partition}:ssm:{account.region}:{owner}:parameter/{name}",
        )


def _codedeploy(operation: str, parameters: Parameters, account: Account) -> Iterator[Access]:
    start = f"arn:{account.partition}:codedeploy:{account.region}:{account.id}"
    application = parameters.get("applicationName", "*")
    group = parameters.get("deploymentGroupName", "*")
    if operation == "CreateDeployment":
        config = parameters.get("deploymentConfigName") or account.config_of_group(application, group)
        yield Access(action="codedeploy:GetDeploymentConfig", resource=f"{start}:deploymentconfig:{config}")
        if parameters.get("revision"):
            yield Access(
                action="codedeploy:RegisterApplicationRevision", resource=f"{start}:application:{application}"
            )
    if parameters.get("tags") and operation == "CreateApplication":
        yield Access(action="codedeploy:TagResource", resource=f"{start}:application:{application}")
    if parameters.get("tags") and operation == "CreateDeploymentGroup":
        yield Access(
            action="codedeploy:TagResource", resource=f"{start}:deploymentgroup:{application}/{group}"
        )


def _iam_tags(operation: str, parameters: Parameters, account: Account) -> Iterator[Access]:
    if not listed(parameters.get("Tags")):
        return
    if operation == "CreateOpenIDConnectProvider":
        name = str(parameters.get("Url", "")).partition("://")[2]
        yield Access(
            action="iam:TagOpenIDConnectProvider", resource=_iam_arn(account, "oidc-provider", f"/{name}")
        )
    elif ("iam", operation) in TAGGED_AT_CREATION:
        action, kind, member = TAGGED_AT_CREATION["iam", operation]
        path = parameters.get("Path") or "/"
        yield Access(
            action=f"iam:{action}", resource=_iam_arn(account, kind, f"{path}{parameters.get(member)}")
        )


def _iam_arn(account: Account, kind: str, path_and_name: str) -> str:
    return f"arn:{account.partition}:iam::{account.id}:{kind}{path_and_name}"
