"""Which rules bear on an instance: what EC2's calls make of its groups, asked of `why-blocked`."""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_cloud.server import LocalCloud
from local_cloud.settings import Settings
from tests.local_cloud.instances import run

Client = Callable[..., Any]
Why = Callable[..., Any]
ANYWHERE = "0.0.0.0/0"


@pytest.fixture
def why(local_cloud: LocalCloud) -> Why:
    def ask(source: str, destination: str, **more: str) -> Any:
        query = urllib.parse.urlencode({"from": source, "to": destination, "port": "80"} | more)
        with urllib.request.urlopen(f"{local_cloud.endpoint_url}/_local_cloud/why-blocked?{query}") as answer:  # noqa: S310 - http
            return json.load(answer)

    return ask


def group(client: Client, name: str) -> str:
    made: str = client("ec2").create_security_group(GroupName=name, Description=name)["GroupId"]
    return made


def authorize(client: Client, group_id: str, **peer: Any) -> str:
    """Opens port 80; the rule's id."""
    rule = {"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, **peer}
    answer = client("ec2").authorize_security_group_ingress(GroupId=group_id, IpPermissions=[rule])
    rule_id: str = answer["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    return rule_id


def groups_of(client: Client, instance_id: str) -> list[list[str]]:
    """What is said of an instance, of its interface there, and of the interface itself."""
    ec2 = client("ec2")
    [instance] = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"]
    interface = instance["NetworkInterfaces"][0]
    [itself] = ec2.describe_network_interfaces(NetworkInterfaceIds=[interface["NetworkInterfaceId"]])[
        "NetworkInterfaces"
    ]
    said = (instance["SecurityGroups"], interface["Groups"], itself["Groups"])
    return [[each["GroupId"] for each in groups] for groups in said]


def test_an_instance_without_a_group_has_the_default_one_whose_members_reach_one_another(
    client: Client, why: Why
) -> None:
    first, second = (each["InstanceId"] for each in run(client, MinCount=2, MaxCount=2))
    [default] = client("ec2").describe_security_groups(GroupNames=["default"])["SecurityGroups"]
    assert groups_of(client, first) == [[default["GroupId"]]] * 3
    assert why(first, second)["allowed"]
    assert not why("this-machine", second)["allowed"]


def test_groups_that_are_given_take_the_place_of_those_before(client: Client, why: Why) -> None:
    ec2 = client("ec2")
    one, two = group(client, "one"), group(client, "two")
    authorize(client, two, IpRanges=[{"CidrIp": ANYWHERE}])
    [instance] = run(client, SecurityGroupIds=[one])
    it, interface = instance["InstanceId"], instance["NetworkInterfaces"][0]["NetworkInterfaceId"]
    assert not why("this-machine", it)["allowed"]

    ec2.modify_instance_attribute(InstanceId=it, Groups=[two])
    assert groups_of(client, it) == [[two]] * 3
    assert why("this-machine", it)["allowed"]

    ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=[one])
    assert groups_of(client, it) == [[one]] * 3
    assert not why("this-machine", it)["allowed"]

    with pytest.raises(ClientError, match=r"InvalidGroup\.NotFound"):
        ec2.modify_instance_attribute(InstanceId=it, Groups=["sg-00000000000000000"])


def test_a_rule_is_modified_within_its_kind(client: Client, why: Why) -> None:
    ec2 = client("ec2")
    web, app, other = (group(client, name) for name in ("web", "app", "other"))
    [member], [target] = run(client, SecurityGroupIds=[app]), run(client, SecurityGroupIds=[web])
    ends = (member["InstanceId"], target["InstanceId"])
    rule = authorize(client, web, UserIdGroupPairs=[{"GroupId": other}])
    assert not why(*ends)["allowed"]

    def modify(**given: Any) -> None:
        change = {"SecurityGroupRuleId": rule, "SecurityGroupRule": given}
        ec2.modify_security_group_rules(GroupId=web, SecurityGroupRules=[change])

    modify(IpProtocol="tcp", FromPort=80, ToPort=81, ReferencedGroupId=app)
    assert f"by {rule} of {web} (web) (tcp 80-81 from {app})" in why(*ends)["line"]
    modify(IpProtocol="-1", ReferencedGroupId=app)
    assert why(*ends, port="9")["allowed"]
    with pytest.raises(
        ClientError, match="You may not specify CidrIpv4 for an existing referenced group rule"
    ):
        modify(IpProtocol="-1", CidrIpv4=ANYWHERE)


def test_a_prefix_list_is_its_newest_version(client: Client, why: Why) -> None:
    ec2 = client("ec2")
    web = group(client, "web")
    [target] = run(client, SecurityGroupIds=[web])
    made = ec2.create_managed_prefix_list(
        PrefixListName="us", MaxEntries=2, AddressFamily="IPv4", Entries=[{"Cidr": "192.0.2.0/24"}]
    )["PrefixList"]
    authorize(client, web, PrefixListIds=[{"PrefixListId": made["PrefixListId"]}])
    ends = ("this-machine", target["InstanceId"])
    assert why("192.0.2.9", target["InstanceId"])["allowed"]
    assert not why(*ends)["allowed"]

    machine = [{"Cidr": f"{Settings.internet}/32"}]
    change = {"PrefixListId": made["PrefixListId"], "CurrentVersion": 1}
    ec2.modify_managed_prefix_list(**change, AddEntries=machine)
    assert why(*ends)["allowed"]


def test_what_aws_manages_is_aws_here(client: Client, why: Why) -> None:
    ec2 = client("ec2")
    lists = {
        each["PrefixListName"]: each["PrefixListId"]
        for each in ec2.describe_managed_prefix_lists()["PrefixLists"]
    }
    app = group(client, "app")
    [sender] = run(client, SecurityGroupIds=[app])
    everything = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": ANYWHERE}]}
    ec2.revoke_security_group_egress(GroupId=app, IpPermissions=[everything])
    s3 = {
        "IpProtocol": "tcp",
        "FromPort": 443,
        "ToPort": 443,
        "PrefixListIds": [{"PrefixListId": lists["com.amazonaws.us-east-1.s3"]}],
    }
    ec2.authorize_security_group_egress(GroupId=app, IpPermissions=[s3])
    assert why(sender["InstanceId"], "this-machine", port="443")["allowed"]
    assert not why(sender["InstanceId"], "8.8.8.8", port="443")["allowed"]


def test_who_has_ended_is_no_member_any_longer(client: Client, why: Why) -> None:
    web, app = group(client, "web"), group(client, "app")
    [member], [target] = run(client, SecurityGroupIds=[app]), run(client, SecurityGroupIds=[web])
    authorize(client, web, UserIdGroupPairs=[{"GroupId": app}])
    ends = (member["PrivateIpAddress"], target["InstanceId"])
    assert why(*ends)["allowed"]
    client("ec2").terminate_instances(InstanceIds=[member["InstanceId"]])
    assert not why(*ends)["allowed"]


def test_a_subnet_has_the_network_acl_that_it_is_given(client: Client, why: Why) -> None:
    def there(service: str) -> Any:
        return client(service, region="eu-west-1")

    ec2 = there("ec2")
    made = ec2.create_security_group(GroupName="open", Description="open")["GroupId"]
    rule = {"IpProtocol": "-1", "IpRanges": [{"CidrIp": ANYWHERE}]}
    ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[rule])
    subnet, *_ = ec2.describe_subnets()["Subnets"]
    [instance] = run(there, SecurityGroupIds=[made], SubnetId=subnet["SubnetId"])
    it = instance["InstanceId"]
    assert why("this-machine", it)["allowed"]

    acl = ec2.create_network_acl(VpcId=subnet["VpcId"])["NetworkAcl"]["NetworkAclId"]
    [before] = ec2.describe_network_acls(
        Filters=[{"Name": "association.subnet-id", "Values": [subnet["SubnetId"]]}]
    )["NetworkAcls"]
    [association] = [each for each in before["Associations"] if each["SubnetId"] == subnet["SubnetId"]]
    ec2.replace_network_acl_association(
        AssociationId=association["NetworkAclAssociationId"], NetworkAclId=acl
    )
    said = why("this-machine", it)
    assert not said["allowed"]
    assert f"no entry of {acl} lets in tcp 80" in said["line"]

    given = {"NetworkAclId": acl, "RuleNumber": 10, "CidrBlock": ANYWHERE, "RuleAction": "allow"}
    ports = {"Protocol": "6", "PortRange": {"From": 80, "To": 80}}
    ec2.create_network_acl_entry(Egress=False, **given, **ports)
    assert why("this-machine", it)["line"].startswith("the answer is blocked at the egress")
    ec2.create_network_acl_entry(Egress=True, **given, Protocol="-1")
    assert why("this-machine", it)["allowed"]


def test_a_question_that_names_nothing_is_refused(why: Why) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        why("i-00000000000000000", "this-machine")
    assert "no instance that runs here" in json.load(refused.value)["error"]


def test_a_vpcs_own_group_ends_with_it(client: Client) -> None:
    ec2 = client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.9.1.0/24")["Subnet"]["SubnetId"]

    def groups() -> list[str]:
        of_vpc = [{"Name": "vpc-id", "Values": [vpc]}]
        return [each["GroupName"] for each in ec2.describe_security_groups(Filters=of_vpc)["SecurityGroups"]]

    with pytest.raises(ClientError, match="DependencyViolation"):
        ec2.delete_vpc(VpcId=vpc)
    assert groups() == ["default"]
    ec2.delete_subnet(SubnetId=subnet)
    ec2.delete_vpc(VpcId=vpc)
    assert groups() == []
