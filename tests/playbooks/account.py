"""What an AWS account holds of the kinds that the pipeline makes, as JSON with sorted keys.

Run before provisioning and after removal: the two outputs must be equal.
"""

import json
import sys
from typing import Any

import boto3


def identities() -> dict[str, list[str]]:
    """The names of what lives in IAM."""
    iam = boto3.client("iam")
    return {
        # Services make their own where the account has none yet, and nothing deletes them.
        "roles": [
            role["RoleName"]
            for role in iam.list_roles()["Roles"]
            if not role["Path"].startswith("/aws-service-role/")
        ],
        "instance profiles": [
            p["InstanceProfileName"] for p in iam.list_instance_profiles()["InstanceProfiles"]
        ],
        "OIDC providers": [
            p["Arn"] for p in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
        ],
        "policies": [policy["PolicyName"] for policy in iam.list_policies(Scope="Local")["Policies"]],
    }


def machines() -> dict[str, list[str]]:
    """The ids of what lives in EC2. A terminated instance is gone; EC2 shows it for a while."""
    ec2 = boto3.client("ec2")
    reservations = ec2.describe_instances(
        Filters=[{"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}]
    )["Reservations"]
    return {
        "instances": [instance["InstanceId"] for each in reservations for instance in each["Instances"]],
        "volumes": [volume["VolumeId"] for volume in ec2.describe_volumes()["Volumes"]],
        "interfaces": [
            card["NetworkInterfaceId"] for card in ec2.describe_network_interfaces()["NetworkInterfaces"]
        ],
        "addresses": [address["PublicIp"] for address in ec2.describe_addresses()["Addresses"]],
        # The account's own has another id wherever an account begins anew.
        "security groups": [
            group["GroupId"] if group["GroupName"] != "default" else "default"
            for group in ec2.describe_security_groups()["SecurityGroups"]
        ],
        "key pairs": [pair["KeyName"] for pair in ec2.describe_key_pairs()["KeyPairs"]],
    }


def fleets() -> dict[str, list[str]]:
    """What a fleet has, and the images of its hosts."""
    ec2, elb = boto3.client("ec2"), boto3.client("elbv2")
    groups = boto3.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    certificates = boto3.client("acm").list_certificates()["CertificateSummaryList"]
    return {
        "images": [image["ImageId"] for image in ec2.describe_images(Owners=["self"])["Images"]],
        "snapshots": [each["SnapshotId"] for each in ec2.describe_snapshots(OwnerIds=["self"])["Snapshots"]],
        "launch templates": [
            each["LaunchTemplateName"] for each in ec2.describe_launch_templates()["LaunchTemplates"]
        ],
        "load balancers": [
            each["LoadBalancerName"] for each in elb.describe_load_balancers()["LoadBalancers"]
        ],
        "target groups": [each["TargetGroupName"] for each in elb.describe_target_groups()["TargetGroups"]],
        "Auto Scaling groups": [group["AutoScalingGroupName"] for group in groups],
        "alarms": [
            each["AlarmName"] for each in boto3.client("cloudwatch").describe_alarms()["MetricAlarms"]
        ],
        "certificates": [each["CertificateArn"] for each in certificates],
    }


def names() -> dict[str, list[str]]:
    """Every record of every zone."""
    route53 = boto3.client("route53")
    return {
        zone["Name"]: [
            f"{record['Type']} {record['Name']}"
            for record in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
        ]
        for zone in route53.list_hosted_zones()["HostedZones"]
    }


def parameters() -> list[str]:
    """The account's own parameters of Systems Manager; moto shows AWS's public ones among them."""
    pages = boto3.client("ssm").get_paginator("describe_parameters").paginate()
    found = [parameter["Name"] for page in pages for parameter in page["Parameters"]]
    return [name for name in found if not name.startswith("/aws/")]


def buckets() -> list[str]:
    """Their names, and what is in them."""
    s3 = boto3.client("s3")
    found = []
    for bucket in s3.list_buckets()["Buckets"]:
        pages = s3.get_paginator("list_object_versions").paginate(Bucket=bucket["Name"])
        found += [bucket["Name"]]
        found += [
            f"{bucket['Name']}/{version['Key']}" for page in pages for version in page.get("Versions", [])
        ]
    return found


def main() -> None:
    """Print it."""
    held: dict[str, Any] = {
        **identities(),
        **machines(),
        **fleets(),
        **names(),
        "parameters": parameters(),
        "buckets": buckets(),
        "applications": boto3.client("codedeploy").list_applications()["applications"],
    }
    json.dump({kind: sorted(members) for kind, members in held.items()}, sys.stdout, sort_keys=True)


if __name__ == "__main__":
    main()
