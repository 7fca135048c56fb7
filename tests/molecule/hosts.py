"""Launches the hosts that molecule's scenarios share, and writes their inventory.

    python tests/molecule/hosts.py INVENTORY PUBLIC_KEY

Two of Amazon Linux 2023 and one of Debian 12, with an instance profile, an application and a deployment group
of their own: the pipeline's are for the scenarios that make and remove them. Returns when all have booted.
Hosts of Debian 12 are made of this machine's packages: where it runs another system, all are of Amazon Linux.
"""

import json
import platform
import sys
from pathlib import Path
from typing import Any

import boto3
import yaml

NAME = "molecule"
AMAZON_LINUX_2023 = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
DEBIAN_12 = "/aws/service/debian/release/12/latest/amd64"
"""Public parameters of images."""


def images() -> list[tuple[str, str]]:
    """For each host, the public parameter of its image and the user that logs in."""
    amazon, debian = (AMAZON_LINUX_2023, "ec2-user"), (DEBIAN_12, "admin")
    system = platform.freedesktop_os_release()
    has_debian = (system.get("ID"), system.get("VERSION_ID")) == ("debian", "12")
    return [amazon, amazon, debian if has_debian else amazon]


def roles() -> str:
    """Makes the hosts' instance profile and CodeDeploy's role; the ARN of the latter."""
    iam = boto3.client("iam")
    arn = ""
    for service in ("ec2", "codedeploy"):
        principal = {"Service": f"{service}.amazonaws.com"}
        statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        made = iam.create_role(RoleName=f"{NAME}-{service}", AssumeRolePolicyDocument=trust)
        arn = made["Role"]["Arn"]
    policy = "arn:aws:iam::aws:policy/service-role/AWSCodeDeployRole"
    iam.attach_role_policy(RoleName=f"{NAME}-codedeploy", PolicyArn=policy)
    iam.create_instance_profile(InstanceProfileName=NAME)
    iam.add_role_to_instance_profile(InstanceProfileName=NAME, RoleName=f"{NAME}-ec2")
    return arn


def deployment_group(role: str) -> None:
    """The application and the group of all hosts."""
    codedeploy = boto3.client("codedeploy")
    codedeploy.create_application(applicationName=NAME, computePlatform="Server")
    codedeploy.create_deployment_group(
        applicationName=NAME,
        deploymentGroupName=NAME,
        serviceRoleArn=role,
        deploymentConfigName="CodeDeployDefault.AllAtOnce",
        ec2TagFilters=[{"Key": "Name", "Value": NAME, "Type": "KEY_AND_VALUE"}],
    )


def security_group() -> str:
    """The hosts' group, by its id: they are reached as the pipeline's are."""
    ec2 = boto3.client("ec2")
    group: str = ec2.create_security_group(GroupName=NAME, Description="Hosts of scenarios")["GroupId"]
    for port in (22, 80, 443):
        ec2.authorize_security_group_ingress(
            GroupId=group, IpProtocol="tcp", FromPort=port, ToPort=port, CidrIp="0.0.0.0/0"
        )
    return group


def launch(public_key: Path) -> dict[str, str]:
    """The users that log in, by the ids of the hosts."""
    ec2, ssm = boto3.client("ec2"), boto3.client("ssm")
    ec2.import_key_pair(KeyName=NAME, PublicKeyMaterial=public_key.read_bytes())
    group = security_group()
    users: dict[str, str] = {}
    for parameter, user in images():
        [made] = ec2.run_instances(
            ImageId=ssm.get_parameter(Name=parameter)["Parameter"]["Value"],
            InstanceType="t3a.nano",
            MinCount=1,
            MaxCount=1,
            KeyName=NAME,
            SecurityGroupIds=[group],
            IamInstanceProfile={"Name": NAME},
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": NAME}]}],
        )["Instances"]
        users[made["InstanceId"]] = user
    waiter = ec2.get_waiter("instance_status_ok")
    waiter.wait(InstanceIds=list(users), WaiterConfig={"Delay": 1, "MaxAttempts": 240})
    return users


def inventory(users: dict[str, str]) -> dict[str, Any]:
    """What Ansible is told of the hosts, besides inventory/local/group_vars and molecule/shared.yml."""
    reservations = boto3.client("ec2").describe_instances(InstanceIds=list(users))["Reservations"]
    addresses = {
        instance["InstanceId"]: instance["PublicIpAddress"]
        for reservation in reservations
        for instance in reservation["Instances"]
    }
    hosts = {
        identifier: {
            "ansible_user": user,
            "aws_public_ip_address": addresses[identifier],
            "molecule_number": number,
        }
        for number, (identifier, user) in enumerate(users.items())
    }
    groups = {"codedeploy": {"children": {f"application_{NAME}": {"hosts": hosts}}}}
    return {"all": {"children": groups}}


def main() -> None:
    """Do it."""
    path, public_key = map(Path, sys.argv[1:])
    deployment_group(roles())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(inventory(launch(public_key))))


if __name__ == "__main__":
    main()
