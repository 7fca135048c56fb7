# ruff: noqa: E501 - a drift is a line
"""What was changed by hand is named by `site.yml --check --diff`, nothing else is, and the next run mends it.

The account has no hosts: what drifts on a host is in tests/faults/test_host_drift.py.
"""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local_cloud.testing.clouds import LocalCloud
from tests.playbooks.said import changes_of_tasks

CHECKOUT = Path(__file__).parents[2]
EC2_ROLE = "AWSCodeDeployService-EC2AccessCodeDeployRole-20241024T000000"
CODEDEPLOY_ROLE = "AWSCodeDeployService-DepolyEC2Role-20241024T000000"
GITHUB_ROLE = "AWSCodeDeployService-GitAssumeRoleWithAction-20241024T000000"
NAME = "ec2.cheaper.001"
GROUP = {"applicationName": "test.codeDeploy.001", "deploymentGroupName": "test.deploymentGroup.001"}
APPLICATION = "arn:aws:codedeploy:us-east-1:123456789012:application:test.codeDeploy.001"
ANYBODY = [{"IpProtocol": "tcp", "FromPort": 8080, "ToPort": 8080, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
SAYS_IT_AGAIN = {"Launch the instances", "Release unassociated Elastic IPs"}
"""In a dry run they find unmended what the task before them has named."""
OPTIONS = ("HttpEndpoint", "HttpTokens", "HttpPutResponseHopLimit")
TAGS = "prerequisites,iam,ec2,dns,codedeploy,unused"


@dataclass(frozen=True)
class Account:
    """The account, as somebody at the console sees it."""

    client: Callable[[str], Any]

    def instance(self) -> Any:
        filters = [{"Name": "tag:Name", "Values": [NAME]}]
        return self.client("ec2").describe_instances(Filters=filters)["Reservations"][0]["Instances"][0]

    def volume(self) -> Any:
        filters = [{"Name": "attachment.instance-id", "Values": [self.instance()["InstanceId"]]}]
        return self.client("ec2").describe_volumes(Filters=filters)["Volumes"][0]

    def address(self) -> Any:
        return self.client("ec2").describe_addresses()["Addresses"][0]

    def security_group(self) -> Any:
        groups = self.client("ec2").describe_security_groups(GroupNames=[NAME])
        return groups["SecurityGroups"][0]

    def policies(self, role: str) -> dict[str, Any]:
        """The inline policies of a role by name."""
        iam = self.client("iam")
        names = iam.list_role_policies(RoleName=role)["PolicyNames"]
        return {name: iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"] for name in names}

    def provider(self) -> str:
        [provider] = self.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
        arn: str = provider["Arn"]
        return arn

    def application_tags(self) -> Any:
        return self.client("codedeploy").list_tags_for_resource(ResourceArn=APPLICATION)["Tags"]

    def zone(self) -> str:
        listed = self.client("route53").list_hosted_zones_by_name(DNSName="local-cloud.example")
        identifier: str = listed["HostedZones"][0]["Id"]
        return identifier

    def untag(self, identifier: str) -> None:
        self.client("ec2").delete_tags(Resources=[identifier], Tags=[{"Key": "CostCenter"}])


def policy_removed(account: Account) -> None:
    [name] = account.policies(GITHUB_ROLE)
    account.client("iam").delete_role_policy(RoleName=GITHUB_ROLE, PolicyName=name)


def policy_edited(account: Account) -> None:
    [(name, document)] = account.policies(CODEDEPLOY_ROLE).items()
    document["Statement"].append({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    account.client("iam").put_role_policy(
        RoleName=CODEDEPLOY_ROLE, PolicyName=name, PolicyDocument=json.dumps(document)
    )


def trust_edited(account: Account) -> None:
    iam = account.client("iam")
    document = iam.get_role(RoleName=GITHUB_ROLE)["Role"]["AssumeRolePolicyDocument"]
    document["Statement"][0].pop("Condition")
    iam.update_assume_role_policy(RoleName=GITHUB_ROLE, PolicyDocument=json.dumps(document))


def role_untagged(account: Account) -> None:
    account.client("iam").untag_role(RoleName=EC2_ROLE, TagKeys=["CostCenter"])


def audience_removed(account: Account) -> None:
    account.client("iam").remove_client_id_from_open_id_connect_provider(
        OpenIDConnectProviderArn=account.provider(), ClientID="sts.amazonaws.com"
    )


def port_opened(account: Account) -> None:
    group = account.security_group()["GroupId"]
    account.client("ec2").authorize_security_group_ingress(GroupId=group, IpPermissions=ANYBODY)


def key_pair_untagged(account: Account) -> None:
    [pair] = account.client("ec2").describe_key_pairs(KeyNames=[NAME])["KeyPairs"]
    account.untag(pair["KeyPairId"])


def metadata_opened(account: Account) -> None:
    account.client("ec2").modify_instance_metadata_options(
        InstanceId=account.instance()["InstanceId"],
        HttpTokens="optional",
        HttpPutResponseHopLimit=2,
        HttpEndpoint="enabled",
    )


def protection_switched_off(account: Account) -> None:
    account.client("ec2").modify_instance_attribute(
        InstanceId=account.instance()["InstanceId"], DisableApiTermination={"Value": False}
    )


def volume_untagged(account: Account) -> None:
    account.untag(account.volume()["VolumeId"])


def address_taken_away(account: Account) -> None:
    account.client("ec2").disassociate_address(AssociationId=account.address()["AssociationId"])


def address_untagged(account: Account) -> None:
    account.untag(account.address()["AllocationId"])


def record_changed(account: Account) -> None:
    record = {"Name": "www.local-cloud.example", "Type": "A", "TTL": 300}
    record |= {"ResourceRecords": [{"Value": "192.0.2.1"}]}
    account.client("route53").change_resource_record_sets(
        HostedZoneId=account.zone(),
        ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]},
    )


def application_untagged(account: Account) -> None:
    account.client("codedeploy").untag_resource(ResourceArn=APPLICATION, TagKeys=["CostCenter"])


def update_group(account: Account, **changes: Any) -> None:
    account.client("codedeploy").update_deployment_group(
        applicationName=GROUP["applicationName"],
        currentDeploymentGroupName=GROUP["deploymentGroupName"],
        **changes,
    )


def filter_edited(account: Account) -> None:
    value = {"Key": "Name", "Value": "somebody-else", "Type": "KEY_AND_VALUE"}
    update_group(account, ec2TagSet={"ec2TagSetList": [[value]]})


def config_changed(account: Account) -> None:
    update_group(account, deploymentConfigName="CodeDeployDefault.AllAtOnce")


def rollback_switched_off(account: Account) -> None:
    update_group(account, autoRollbackConfiguration={"enabled": False, "events": []})


# What is changed by hand, the task that names it, and words of its diff.
DRIFTS: dict[str, tuple[Callable[[Account], None], str, str]] = {
    "a role's policy removed": (policy_removed, "Set the IAM roles' policies", GITHUB_ROLE),
    "a role's policy edited": (policy_edited, "Set the IAM roles' policies", CODEDEPLOY_ROLE),
    "a role's trust edited": (trust_edited, "Create the IAM roles", GITHUB_ROLE),
    "a tag taken from a role": (role_untagged, "Create the IAM roles", EC2_ROLE),
    "the OIDC provider's audience removed": (audience_removed, "Create the GitHub OIDC provider", "sts.amazonaws.com"),
    "a port opened": (port_opened, "Create the security group", "8080"),
    "a tag taken from the key pair": (key_pair_untagged, "Import the key pair", ""),
    "IMDSv1 allowed, and more hops": (metadata_opened, "Enforce IMDSv2, termination protection and tags", "http_tokens: optional"),
    "termination protection switched off": (protection_switched_off, "Enforce IMDSv2, termination protection and tags", "termination_protection: true"),
    "a tag taken from the volume": (volume_untagged, "Enforce IMDSv2, termination protection and tags", "vol-"),
    "the Elastic IP taken from the instance": (address_taken_away, "Associate an Elastic IP with each instance", ""),
    "a tag taken from the Elastic IP": (address_untagged, "Associate an Elastic IP with each instance", ""),
    "the A record pointed elsewhere": (record_changed, "Update the A record", "192.0.2.1"),
    "a tag taken from the application": (application_untagged, "Create the application", "CostCenter"),
    "the tag filter edited": (filter_edited, "Create the deployment group", "somebody-else"),
    "the deployment configuration changed": (config_changed, "Create the deployment group", "CodeDeployDefault.AllAtOnce"),
    "automatic rollback switched off": (rollback_switched_off, "Create the deployment group", "DEPLOYMENT_FAILURE"),
}  # fmt: skip


def state(account: Account) -> dict[str, Any]:
    """All that can drift, but for ids of what is made anew."""
    iam, ec2 = account.client("iam"), account.client("ec2")
    roles = {}
    for name in (EC2_ROLE, CODEDEPLOY_ROLE, GITHUB_ROLE):
        role = iam.get_role(RoleName=name)["Role"]
        roles[name] = [role["AssumeRolePolicyDocument"], sorted(map(str, role["Tags"]))]
    records = account.client("route53").list_resource_record_sets(HostedZoneId=account.zone())
    instance = account.instance()
    protection = ec2.describe_instance_attribute(
        InstanceId=instance["InstanceId"], Attribute="disableApiTermination"
    )
    group = account.client("codedeploy").get_deployment_group(**GROUP)["deploymentGroupInfo"]
    address = account.address()
    [pair] = ec2.describe_key_pairs(KeyNames=[NAME])["KeyPairs"]
    return {
        "roles": roles,
        "policies": [account.policies(name) for name in roles],
        "provider": iam.get_open_id_connect_provider(OpenIDConnectProviderArn=account.provider())[
            "ClientIDList"
        ],
        "ports": account.security_group()["IpPermissions"],
        "metadata": {key: instance["MetadataOptions"][key] for key in OPTIONS},
        "tags": [sorted(map(str, each["Tags"])) for each in (pair, instance, account.volume(), address)],
        "application": sorted(map(str, account.application_tags())),
        "protection": protection["DisableApiTermination"],
        "address": (address["PublicIp"], address["InstanceId"]),
        "records": [each["ResourceRecords"] for each in records["ResourceRecordSets"] if each["Type"] == "A"],
        "group": {
            key: group[key] for key in ("ec2TagSet", "deploymentConfigName", "autoRollbackConfiguration")
        },
    }


@pytest.fixture
def site(
    ansible_playbook: Callable[..., Any], cloud: LocalCloud, addresses: dict[str, Any], tmp_path: Path
) -> Callable[..., str]:
    """Runs the plays of site.yml that need no host, to their end; what they said."""
    inventory = (CHECKOUT / "inventory" / "local" / "aws_ec2.yml").read_text()
    (tmp_path / "aws_ec2.yml").write_text(inventory.replace("http://127.0.0.1:4580", cloud.endpoint_url))

    def run(*options: str) -> str:
        result = ansible_playbook(
            "site.yml",
            f"--inventory={tmp_path / 'aws_ec2.yml'}",
            f"--tags={TAGS}",
            *options,
            **addresses,
            pipeline_domain_take_over=True,
            pipeline_termination_protection=True,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        said: str = result.stdout
        return said

    return run


@pytest.mark.long
def test_every_drift_is_named_alone_and_mended(
    site: Callable[..., str], cloud: LocalCloud, client: Callable[[str], Any]
) -> None:
    account = Account(client)
    site()
    right = state(account)
    for drift, _, _ in DRIFTS.values():
        drift(account)
    assert state(account) != right
    cloud.log.clear()

    changes = changes_of_tasks(site("--check", "--diff"))

    named = {task for _, task, _ in DRIFTS.values()}
    assert set(changes) == named | SAYS_IT_AGAIN
    unsaid = {name: task for name, (_, task, words) in DRIFTS.items() if words not in changes[task]}
    assert unsaid == {}
    assert cloud.log.entries(mutating=True) == []

    mended = changes_of_tasks(site())

    assert set(mended) == named
    assert state(account) == right


def test_the_documentation_lists_these_drifts() -> None:
    listed = re.findall(r"^- (.+)$", (CHECKOUT / "docs" / "drift.md").read_text(), re.MULTILINE)
    assert [name for name in DRIFTS if name not in listed] == []
