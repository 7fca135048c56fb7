"""What a call is about: the resources that its parameters and its answer name.

AWS's own lists differ from service to service and are not documented; which members name what is inferred
from records that accounts have published.
"""

from collections.abc import Iterator, Mapping
from typing import Any

TYPES = {
    "ec2": {
        "instanceId": "AWS::EC2::Instance",
        "imageId": "AWS::EC2::Ami",
        "groupId": "AWS::EC2::SecurityGroup",
        "subnetId": "AWS::EC2::Subnet",
        "vpcId": "AWS::EC2::VPC",
        "keyName": "AWS::EC2::KeyPair",
        "networkInterfaceId": "AWS::EC2::NetworkInterface",
        "allocationId": "AWS::EC2::EIP",
        "launchTemplateId": "AWS::EC2::LaunchTemplate",
        "launchTemplateName": "AWS::EC2::LaunchTemplate",
        "volumeId": "AWS::EC2::Volume",
        "snapshotId": "AWS::EC2::Snapshot",
    },
    "autoscaling": {
        "autoScalingGroupName": "AWS::AutoScaling::AutoScalingGroup",
        "launchConfigurationName": "AWS::AutoScaling::LaunchConfiguration",
        "instanceId": "AWS::EC2::Instance",
    },
    "elasticloadbalancing": {
        "targetGroupArn": "AWS::ElasticLoadBalancingV2::TargetGroup",
        "loadBalancerArn": "AWS::ElasticLoadBalancingV2::LoadBalancer",
        "listenerArn": "AWS::ElasticLoadBalancingV2::Listener",
        "loadBalancerName": "AWS::ElasticLoadBalancing::LoadBalancer",
        "instanceId": "AWS::EC2::Instance",
        "id": "AWS::EC2::Instance",
    },
    "iam": {
        "roleName": "AWS::IAM::Role",
        "userName": "AWS::IAM::User",
        "policyArn": "AWS::IAM::Policy",
        "instanceProfileName": "AWS::IAM::InstanceProfile",
        "openIDConnectProviderArn": "AWS::IAM::OIDCProvider",
    },
    "sts": {"roleArn": "AWS::IAM::Role"},
    "codedeploy": {
        "applicationName": "AWS::CodeDeploy::Application",
        "deploymentGroupName": "AWS::CodeDeploy::DeploymentGroup",
        "currentDeploymentGroupName": "AWS::CodeDeploy::DeploymentGroup",
        "deploymentConfigName": "AWS::CodeDeploy::DeploymentConfig",
        "deploymentId": "AWS::CodeDeploy::Deployment",
    },
    "s3": {"bucket": "AWS::S3::Bucket"},
    "sns": {"topicArn": "AWS::SNS::Topic"},
    "route53": {"hostedZoneId": "AWS::Route53::HostedZone"},
    "monitoring": {"alarmName": "AWS::CloudWatch::Alarm"},
}
"""Service -> member -> type. Members in plural, or with an `s` behind, are lists of the same."""


def named(service: str, *parts: Mapping[str, Any] | None) -> list[dict[str, str]]:
    """CloudTrail's resources, each once, in the order in which they are named."""
    types = TYPES.get(service, {})
    pairs = (pair for part in parts for pair in _named(types, part or {}))
    return [{"ResourceType": kind, "ResourceName": name} for kind, name in dict.fromkeys(pairs) if name]


def _named(types: Mapping[str, str], value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON
    if isinstance(value, Mapping):
        for member, inner in value.items():
            kind = types.get(member) or types.get(member.removesuffix("s"))
            for each in inner if isinstance(inner, list) else [inner]:
                if kind and isinstance(each, str):
                    yield kind, each
                else:
                    yield from _named(types, each)
    elif isinstance(value, list):
        for each in value:
            yield from _named(types, each)
