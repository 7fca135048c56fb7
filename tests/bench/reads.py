"""The reads behind a run of site.yml that changes nothing, for a careful shell script and for one process."""

import os
from collections.abc import Mapping
from typing import Any

import boto3

ROLES = (
    "AWSCodeDeployService-EC2AccessCodeDeployRole-20241024T000000",
    "AWSCodeDeployService-DepolyEC2Role-20241024T000000",
    "AWSCodeDeployService-GitAssumeRoleWithAction-20241024T000000",
)
APPLICATION, GROUP = "test.codeDeploy.001", "test.deploymentGroup.001"
IMAGE = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"

FIRST_READS = (
    "sts get-caller-identity",
    "iam list-open-id-connect-providers",
    *(f"iam get-role --role-name {role}" for role in ROLES),
    *(f"iam list-role-policies --role-name {role}" for role in ROLES),
    f"iam get-instance-profile --instance-profile-name {ROLES[0]}",
    "ec2 describe-key-pairs",
    "ec2 describe-security-groups",
    "ec2 describe-instances",
    "ec2 describe-addresses",
    "route53 list-hosted-zones",
    f"deploy get-application --application-name {APPLICATION}",
    f"deploy get-deployment-group --application-name {APPLICATION} --deployment-group-name {GROUP}",
    "deploy list-deployments",
)
"""As the AWS CLI takes them: what the first pipeline had to know."""


def account_reads(client: Mapping[str, Any]) -> tuple[str, ...]:
    """Each of the account that a run makes, once: what is missing without it would go unnoticed.

    None is of those that the modules make besides (tags, regions, the same again), nor of service quotas,
    which the local cloud has not, nor of GitHub's and hosts'. `client` has boto3's clients by their services'
    names: ids are looked up.
    """
    [instance] = client["ec2"].describe_instances(
        Filters=[{"Name": "instance-state-name", "Values": ["running"]}]
    )["Reservations"][0]["Instances"]
    [zone] = client["route53"].list_hosted_zones()["HostedZones"]
    [provider] = client["iam"].list_open_id_connect_providers()["OpenIDConnectProviderList"]
    group = {"applicationName": APPLICATION, "deploymentGroupName": GROUP}
    found = client["codedeploy"].get_deployment_group(**group)["deploymentGroupInfo"]
    arn = f"arn:aws:codedeploy:us-east-1:{provider['Arn'].split(':')[4]}"
    return (
        *FIRST_READS,
        f"iam get-open-id-connect-provider --open-id-connect-provider-arn {provider['Arn']}",
        *(f"iam list-attached-role-policies --role-name {role}" for role in ROLES),
        *(
            f"iam get-role-policy --role-name {role} --policy-name {name}"
            for role in ROLES
            for name in client["iam"].list_role_policies(RoleName=role)["PolicyNames"]
        ),
        "iam list-roles",
        f"ssm get-parameter --name {IMAGE}",
        f"ec2 describe-images --image-ids {instance['ImageId']}",
        f"ec2 describe-instance-types --instance-types {instance['InstanceType']}",
        "ec2 describe-instance-type-offerings",
        "ec2 describe-vpcs",
        "ec2 describe-subnets",
        "ec2 describe-volumes",
        (
            "ec2 describe-instance-attribute --attribute disableApiTermination"
            f" --instance-id {instance['InstanceId']}"
        ),
        f"route53 list-resource-record-sets --hosted-zone-id {zone['Id']}",
        f"deploy list-tags-for-resource --resource-arn {arn}:application:{APPLICATION}",
        f"deploy list-tags-for-resource --resource-arn {arn}:deploymentgroup:{APPLICATION}/{GROUP}",
        f"deploy list-deployment-groups --application-name {APPLICATION}",
        f"deploy get-deployment-config --deployment-config-name {found['deploymentConfigName']}",
        f"deploy list-deployment-targets --deployment-id {found['lastSuccessfulDeployment']['deploymentId']}",
    )


LISTS = {"--image-ids", "--instance-types"}


def clients(settings: Mapping[str, str]) -> dict[str, Any]:
    """boto3's clients of one session, by the services' names. The settings are those of the environment."""
    session: Any = boto3.Session(
        settings["AWS_ACCESS_KEY_ID"],
        settings["AWS_SECRET_ACCESS_KEY"],
        region_name=settings["AWS_DEFAULT_REGION"],
    )
    names = ("sts", "iam", "ec2", "route53", "codedeploy", "ssm")
    return {name: session.client(name, endpoint_url=settings["AWS_ENDPOINT_URL"]) for name in names}


def in_one_process() -> None:
    """Through one session, whose settings are in the environment: what the API itself costs."""
    client = clients(os.environ)
    for read in account_reads(client):
        service, operation, *options = read.split()
        service = "codedeploy" if service == "deploy" else service
        given = dict(zip(options[::2], options[1::2], strict=True))
        keywords = {
            camel(name, service): [value] if name in LISTS else value for name, value in given.items()
        }
        getattr(client[service], operation.replace("-", "_"))(**keywords)


def camel(option: str, service: str) -> str:
    """`--role-name` as boto3 spells it: most services begin with a capital letter, CodeDeploy does not."""
    words = option.removeprefix("--").split("-")
    first = words[0] if service == "codedeploy" else words[0].title()
    named = first + "".join(word.title() for word in words[1:])
    return named.replace("OpenIdConnect", "OpenIDConnect").replace("resourceArn", "ResourceArn")


if __name__ == "__main__":
    in_one_process()
