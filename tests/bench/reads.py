"""The reads behind a run of site.yml that changes nothing, for a careful shell script and for one process."""

import boto3

ROLES = (
    "AWSCodeDeployService-EC2AccessCodeDeployRole-20241024T000000",
    "AWSCodeDeployService-DepolyEC2Role-20241024T000000",
    "AWSCodeDeployService-GitAssumeRoleWithAction-20241024T000000",
)
APPLICATION, GROUP = "test.codeDeploy.001", "test.deploymentGroup.001"
READS = (
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
"""As the AWS CLI takes them."""


def in_one_process() -> None:
    """Through one session, whose settings are in the environment: what the API itself costs."""
    session = boto3.Session()
    clients: dict[str, object] = {}
    for read in READS:
        service, operation, *options = read.split()
        service = {"deploy": "codedeploy"}.get(service, service)
        if service not in clients:
            clients[service] = session.client(service)  # type: ignore[call-overload]
        names = options[::2]
        keywords = {camel(name, service): value for name, value in zip(names, options[1::2], strict=True)}
        getattr(clients[service], operation.replace("-", "_"))(**keywords)


def camel(option: str, service: str) -> str:
    """`--role-name` as boto3 spells it: IAM begins with a capital letter, CodeDeploy does not."""
    words = option.removeprefix("--").split("-")
    first = words[0] if service == "codedeploy" else words[0].title()
    return first + "".join(word.title() for word in words[1:])


if __name__ == "__main__":
    in_one_process()
