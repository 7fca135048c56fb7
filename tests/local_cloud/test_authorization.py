"""With enforcement on, callers may do what IAM's policies allow, and are refused in AWS's words."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
import requests
from botocore.config import Config
from botocore.exceptions import ClientError

from local_cloud.server import LocalCloud
from local_cloud.testing.agents import Agent, AgentError, CommandClient
from local_cloud.testing.shop import GITHUB, IMAGE, TRUST, refused, wait_for

ACCOUNT = "123456789012"
TRUST_EC2 = json.loads(json.dumps(TRUST).replace("codedeploy", "ec2"))
GROUP = f"arn:aws:codedeploy:us-east-1:{ACCOUNT}:deploymentgroup:shop/web"
FIND = ["ec2:DescribeInstances", "ec2:DescribeInstanceStatus", "tag:GetResources"]

Clients = Callable[..., Any]


def allow(*actions: str, on: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **more}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


# One for all: a session loads each service's model once, which takes longer than a test.
SESSION: Any = boto3.Session()


def clients_with(cloud: LocalCloud, keys: dict[str, str]) -> Clients:
    def make(service: str, region: str = "us-east-1") -> Any:
        return SESSION.client(
            service,
            region_name=region,
            endpoint_url=cloud.endpoint_url,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys.get("SecretAccessKey", "a-long-and-random-looking-secret"),
            aws_session_token=keys.get("SessionToken"),
            config=Config(retries={"total_max_attempts": 1}),
        )

    return make


@pytest.fixture
def cloud(local_cloud: LocalCloud) -> Iterator[LocalCloud]:
    """An empty account whose policies are enforced."""
    local_cloud.gate.enforcing = True
    yield local_cloud
    local_cloud.gate.enforcing = False


@pytest.fixture
def root(cloud: LocalCloud) -> Clients:
    return clients_with(cloud, {"AccessKeyId": cloud.settings.root_access_key})


@pytest.fixture
def user(cloud: LocalCloud, root: Clients) -> Callable[..., Clients]:
    """`user(allow(...), ...)`: the clients of a new user who has these statements."""

    def make(*statements: dict[str, Any], name: str = "ann") -> Clients:
        iam = root("iam")
        iam.create_user(UserName=name)
        if statements:
            iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document(*statements))
        return clients_with(cloud, iam.create_access_key(UserName=name)["AccessKey"])

    return make


def role(root: Clients, name: str, *statements: dict[str, Any], trust: dict[str, Any] = TRUST) -> str:
    iam = root("iam")
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*statements))
    return arn


@contextmanager
def denied(action: str, because: str = "no identity-based policy allows") -> Iterator[None]:
    with pytest.raises(ClientError) as error:
        yield
    said = error.value.response["Error"]
    assert said["Code"] in {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}, said
    assert f"is not authorized to perform: {action}" in said["Message"]
    assert because in said["Message"]


def test_a_user_may_do_what_the_policies_say_and_nothing_else(user: Any) -> None:
    ann = user(allow("ec2:DescribeInstances"))

    ann("ec2").describe_instances()
    with denied("ec2:DescribeVpcs"):
        ann("ec2").describe_vpcs()
    with denied("iam:ListRoles"):
        ann("iam").list_roles()


@pytest.mark.parametrize(
    ("call", "action", "resource", "error"),
    [
        (
            lambda make: make("ec2").run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1),
            "ec2:RunInstances",
            f"arn:aws:ec2:us-east-1::image/{IMAGE}",
            (403, "UnauthorizedOperation"),
        ),
        (
            lambda make: make("iam").get_role(RoleName="web"),
            "iam:GetRole",
            f"arn:aws:iam::{ACCOUNT}:role/web",
            (403, "AccessDenied"),
        ),
        (
            lambda make: make("codedeploy").get_application(applicationName="shop"),
            "codedeploy:GetApplication",
            f"arn:aws:codedeploy:us-east-1:{ACCOUNT}:application:shop",
            (400, "AccessDeniedException"),
        ),
        (
            lambda make: make("s3").get_object(Bucket="bundles", Key="a/b"),
            "s3:GetObject",
            "arn:aws:s3:::bundles/a/b",
            (403, "AccessDenied"),
        ),
        (
            lambda make: make("route53").list_resource_record_sets(HostedZoneId="/hostedzone/Z1"),
            "route53:ListResourceRecordSets",
            "arn:aws:route53:::hostedzone/Z1",
            (403, "AccessDenied"),
        ),
        (
            lambda make: make("ssm").get_parameter(Name="/aws/service/ami-x"),
            "ssm:GetParameter",
            "arn:aws:ssm:us-east-1::parameter/aws/service/ami-x",
            (400, "AccessDeniedException"),
        ),
    ],
)
def test_each_protocol_refuses_in_its_own_form(
    user: Any, call: Any, action: str, resource: str, error: tuple[int, str]
) -> None:
    with pytest.raises(ClientError) as raised:
        call(user())

    answer = raised.value.response
    said = (
        f"User: arn:aws:iam::{ACCOUNT}:user/ann is not authorized to perform: {action}"
        f" on resource: {resource} because no identity-based policy allows the {action} action"
    )
    if error[1] == "UnauthorizedOperation":
        said = f"You are not authorized to perform this operation. {said}"
    assert answer["Error"]["Message"] == said
    assert (answer["ResponseMetadata"]["HTTPStatusCode"], answer["Error"]["Code"]) == error


@pytest.mark.parametrize(
    ("service", "code"),
    [
        ("ec2", "AuthFailure"),
        ("iam", "InvalidClientTokenId"),
        ("codedeploy", "UnrecognizedClientException"),
        ("s3", "InvalidAccessKeyId"),
    ],
)
def test_a_key_that_the_account_does_not_know_is_nobody(cloud: LocalCloud, service: str, code: str) -> None:
    client = clients_with(cloud, {"AccessKeyId": "AKIANOBODYHASTHISKEY"})(service)
    calls = {
        "ec2": "describe_instances",
        "iam": "list_roles",
        "codedeploy": "list_applications",
        "s3": "list_buckets",
    }

    with refused(code):
        getattr(client, calls[service])()


def test_root_may_do_everything_and_everybody_may_ask_who_he_is(root: Clients, user: Any) -> None:
    assert root("sts").get_caller_identity()
    root("ec2").describe_instances()

    assert user()("sts").get_caller_identity()["Arn"] == f"arn:aws:iam::{ACCOUNT}:user/ann"


def test_groups_managed_policies_and_their_versions_count(root: Clients, user: Any) -> None:
    ann, iam = user(), root("iam")
    iam.create_group(GroupName="readers")
    iam.add_user_to_group(GroupName="readers", UserName="ann")
    arn = iam.create_policy(PolicyName="read", PolicyDocument=document(allow("iam:ListRoles")))["Policy"][
        "Arn"
    ]
    iam.attach_group_policy(GroupName="readers", PolicyArn=arn)
    iam.attach_user_policy(UserName="ann", PolicyArn="arn:aws:iam::aws:policy/AmazonEC2ReadOnlyAccess")

    ann("iam").list_roles()
    ann("ec2").describe_instances()

    iam.create_policy_version(
        PolicyArn=arn, PolicyDocument=document(allow("iam:ListUsers")), SetAsDefault=True
    )
    with denied("iam:ListRoles"):
        ann("iam").list_roles()


def assumed(cloud: LocalCloud, caller: Clients, arn: str, **options: Any) -> Clients:
    answer = caller("sts").assume_role(RoleArn=arn, RoleSessionName="work", **options)
    return clients_with(cloud, answer["Credentials"])


def test_a_role_is_taken_by_whom_it_trusts(cloud: LocalCloud, root: Clients, user: Any) -> None:
    ann, bob = user(), user(allow("sts:AssumeRole"), name="bob")
    by_name = json.loads(document({"Effect": "Allow", "Action": "sts:AssumeRole"}))
    by_name["Statement"][0]["Principal"] = {"AWS": f"arn:aws:iam::{ACCOUNT}:user/ann"}
    by_account = json.loads(json.dumps(by_name).replace(":user/ann", ":root"))
    named = role(root, "named", allow("ec2:DescribeInstances"), trust=by_name)
    open_to_all = role(root, "open", trust=by_account)

    session = assumed(cloud, ann, named)

    session("ec2").describe_instances()
    caller = session("sts").get_caller_identity()["Arn"]
    assert caller == f"arn:aws:sts::{ACCOUNT}:assumed-role/named/work"
    with denied("ec2:DescribeVpcs"):
        session("ec2").describe_vpcs()
    with denied("sts:AssumeRole", because=""):
        assumed(cloud, bob, named)
    # Where the trust is in the account, the caller's own policies decide.
    assumed(cloud, bob, open_to_all)
    with denied("sts:AssumeRole"):
        assumed(cloud, ann, open_to_all)
    for nobody in (role(root, "service"), f"arn:aws:iam::{ACCOUNT}:role/missing"):
        with denied("sts:AssumeRole", because=""):
            assumed(cloud, bob, nobody)


def test_a_session_policy_and_a_boundary_take_away(cloud: LocalCloud, root: Clients, user: Any) -> None:
    ann = user(allow("sts:AssumeRole"))
    trust = json.loads(
        document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": ACCOUNT}})
    )
    trust["Statement"][0].pop("Resource", None)
    arn = role(root, "wide", allow("ec2:*", "iam:*"), trust=trust)

    narrowed = assumed(cloud, ann, arn, Policy=document(allow("ec2:DescribeInstances")))
    narrowed("ec2").describe_instances()
    with denied("ec2:DescribeVpcs", because="no session policy allows"):
        narrowed("ec2").describe_vpcs()

    boundary = root("iam").create_policy(PolicyName="edge", PolicyDocument=document(allow("ec2:*")))
    root("iam").put_role_permissions_boundary(RoleName="wide", PermissionsBoundary=boundary["Policy"]["Arn"])
    bounded = assumed(cloud, ann, arn)
    bounded("ec2").describe_vpcs()
    with denied("iam:ListRoles", because="no permissions boundary allows"):
        bounded("iam").list_roles()


def test_roles_are_passed_only_by_who_may(root: Clients, user: Any) -> None:
    iam = root("iam")
    host = role(root, "host", trust=TRUST_EC2)
    iam.create_instance_profile(InstanceProfileName="host")
    iam.add_role_to_instance_profile(InstanceProfileName="host", RoleName="host")
    service = role(root, "service")
    to_ec2 = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    ann = user(allow("ec2:*", "codedeploy:*"), allow("iam:PassRole", on=[host, service], Condition=to_ec2))
    bob = user(allow("ec2:*", "codedeploy:*"), name="bob")
    launch = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1, "IamInstanceProfile": {"Name": "host"}}
    group = {"applicationName": "shop", "deploymentGroupName": "web", "serviceRoleArn": service}

    ann("ec2").run_instances(**launch)
    with denied("iam:PassRole"):
        bob("ec2").run_instances(**launch)
    ann("codedeploy").create_application(applicationName="shop")
    with denied("iam:PassRole"):
        # To CodeDeploy it may not be passed.
        ann("codedeploy").create_deployment_group(**group)


def test_a_group_launches_from_a_template_only_for_who_may(root: Clients, user: Any) -> None:
    made = role(root, "web", trust=TRUST_EC2)
    root("iam").create_instance_profile(InstanceProfileName="web")
    root("iam").add_role_to_instance_profile(InstanceProfileName="web", RoleName="web")
    root("ec2").create_launch_template(
        LaunchTemplateName="web",
        LaunchTemplateData={
            "ImageId": IMAGE,
            "InstanceType": "t3a.nano",
            "IamInstanceProfile": {"Name": "web"},
        },
    )
    # Asked for each resource that is launched.
    by_template = {"ArnLike": {"ec2:LaunchTemplate": f"arn:aws:ec2:us-east-1:{ACCOUNT}:launch-template/*"}}
    for_scaling = {"StringEquals": {"iam:AWSServiceName": "autoscaling.amazonaws.com"}}
    grants = [
        allow("autoscaling:*"),
        allow("iam:CreateServiceLinkedRole", Condition=for_scaling),
        allow("ec2:RunInstances", Condition=by_template),
        allow("iam:PassRole", on=made),
    ]

    def create(*statements: dict[str, Any]) -> None:
        user(*statements, name=f"user{len(statements)}")("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName="fleet",
            LaunchTemplate={"LaunchTemplateName": "web"},
            MinSize=1,
            MaxSize=1,
            AvailabilityZones=["us-east-1a"],
        )

    for number, action in enumerate(
        ("iam:CreateServiceLinkedRole", "ec2:RunInstances", "iam:PassRole"), start=1
    ):
        with denied(action):
            create(*grants[:number])
    with denied("ec2:RunInstances"):
        # What is not launched by a template.
        user(*grants, name="bob")("ec2").run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)
    create(*grants)
    [group] = root("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    assert [each["LifecycleState"] for each in group["Instances"]] == ["InService"]
    linked = root("iam").get_role(RoleName="AWSServiceRoleForAutoScaling")["Role"]
    assert linked["Arn"] == group["ServiceLinkedRoleARN"]


def web(root: Clients, name: str, **more: Any) -> dict[str, Any]:
    """A request for a load balancer, or for a target group, of the default VPC."""
    vpc = root("ec2").describe_vpcs()["Vpcs"][0]["VpcId"]
    zones = [each["SubnetId"] for each in root("ec2").describe_subnets()["Subnets"]][:2]
    return {"Name": name, **({"Subnets": zones} if more.pop("balancer", False) else {"VpcId": vpc}), **more}


def test_load_balancing_asks_for_its_role_its_names_and_its_tags(root: Clients, user: Any) -> None:
    start = f"arn:aws:elasticloadbalancing:us-east-1:{ACCOUNT}"
    ours = [f"{start}:{kind}/web/*" for kind in ("loadbalancer/app", "targetgroup", "listener/app")]
    tags = [{"Key": "Team", "Value": "web"}]
    making = {"StringEquals": {"elasticloadbalancing:CreateAction": ["CreateLoadBalancer", "CreateListener"]}}
    owned = {"StringEquals": {"aws:ResourceTag/Team": "web"}}
    make = allow("elasticloadbalancing:Create*", on=ours)
    plain = user(make)("elbv2")
    with denied("iam:CreateServiceLinkedRole"):
        plain.create_target_group(**web(root, "web", Protocol="HTTP", Port=80))
    root("elbv2").create_load_balancer(**web(root, "other", balancer=True))
    assert root("iam").get_role(RoleName="AWSServiceRoleForElasticLoadBalancing")
    group = plain.create_target_group(**web(root, "web", Protocol="HTTP", Port=80))["TargetGroups"][0]
    with denied("elasticloadbalancing:CreateTargetGroup"):
        plain.create_target_group(**web(root, "webs", Protocol="HTTP", Port=80))
    with denied("elasticloadbalancing:AddTags"):
        plain.create_load_balancer(**web(root, "web", balancer=True, Tags=tags))

    ann = user(
        make,
        allow("elasticloadbalancing:AddTags", on=ours, Condition=making),
        allow("elasticloadbalancing:Delete*", Condition=owned),
        name="bob",
    )("elbv2")
    balancer = ann.create_load_balancer(**web(root, "web", balancer=True, Tags=tags))["LoadBalancers"][0]
    forward = [{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}]
    listener = ann.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=forward,
        Tags=tags,
    )["Listeners"][0]
    with denied("elasticloadbalancing:AddTags"):
        ann.add_tags(ResourceArns=[group["TargetGroupArn"]], Tags=tags)
    ann.delete_listener(ListenerArn=listener["ListenerArn"])
    with denied("elasticloadbalancing:DeleteTargetGroup"):
        ann.delete_target_group(TargetGroupArn=group["TargetGroupArn"])
    ann.delete_load_balancer(LoadBalancerArn=balancer["LoadBalancerArn"])


def test_a_certificate_is_asked_for_by_its_names_and_deleted_by_its_tags(root: Clients, user: Any) -> None:
    asked = {
        "StringEquals": {"acm:ValidationMethod": "DNS", "aws:RequestTag/Team": "web"},
        "ForAllValues:StringEquals": {"acm:DomainNames": ["www.example.com"]},
    }
    tags = {"Tags": [{"Key": "Team", "Value": "web"}]}
    request = allow("acm:RequestCertificate", Condition=asked)
    with denied("acm:AddTagsToCertificate"):
        user(request)("acm").request_certificate(DomainName="www.example.com", ValidationMethod="DNS", **tags)
    owned = {"StringEquals": {"aws:ResourceTag/Team": "web"}}
    ann = user(
        request,
        allow("acm:AddTagsToCertificate", Condition={"StringEquals": {"aws:RequestTag/Team": "web"}}),
        allow("acm:DeleteCertificate", Condition=owned),
        name="bob",
    )("acm")
    for wrong in (
        {"DomainName": "www.example.com", "ValidationMethod": "EMAIL", **tags},
        {"DomainName": "example.com", "ValidationMethod": "DNS", **tags},
        {
            "DomainName": "www.example.com",
            "SubjectAlternativeNames": ["example.com"],
            "ValidationMethod": "DNS",
            **tags,
        },
        {"DomainName": "www.example.com", "ValidationMethod": "DNS"},
    ):
        with denied("acm:RequestCertificate"):
            ann.request_certificate(**wrong)
    made = ann.request_certificate(DomainName="www.example.com", ValidationMethod="DNS", **tags)
    other = root("acm").request_certificate(DomainName="www.example.com", ValidationMethod="DNS")
    with denied("acm:DeleteCertificate"):
        ann.delete_certificate(CertificateArn=other["CertificateArn"])
    ann.delete_certificate(CertificateArn=made["CertificateArn"])


def test_a_scaling_group_is_changed_by_its_tags(root: Clients, user: Any) -> None:
    root("ec2").create_launch_template(LaunchTemplateName="web", LaunchTemplateData={"ImageId": IMAGE})
    for name in ("web", "db"):
        root("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName=name,
            LaunchTemplate={"LaunchTemplateName": "web"},
            MinSize=0,
            MaxSize=0,
            AvailabilityZones=["us-east-1a"],
            Tags=[{"Key": "Team", "Value": name}],
        )
    owned = {"StringEquals": {"aws:ResourceTag/Team": "web"}}
    ann = user(allow("autoscaling:*", Condition=owned))("autoscaling")
    label = {"ResourceType": "auto-scaling-group", "Key": "Colour", "Value": "red", "PropagateAtLaunch": True}

    ann.create_or_update_tags(Tags=[label | {"ResourceId": "web"}])
    with denied("autoscaling:CreateOrUpdateTags"):
        ann.create_or_update_tags(Tags=[label | {"ResourceId": "db"}])
    with denied("autoscaling:DeleteAutoScalingGroup"):
        ann.delete_auto_scaling_group(AutoScalingGroupName="db", ForceDelete=True)
    ann.delete_auto_scaling_group(AutoScalingGroupName="web", ForceDelete=True)


def test_tags_of_resource_and_request_are_asked(root: Clients, user: Any) -> None:
    tagged = {"StringEquals": {"aws:RequestTag/Team": "web"}}
    owned = {"StringEquals": {"aws:ResourceTag/Team": "web"}}
    instances = f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/*"
    ann = user(
        allow("ec2:RunInstances", on=[f"arn:aws:ec2:us-east-1::image/{IMAGE}"]),
        allow("ec2:RunInstances", on=[instances], Condition=tagged),
        allow(
            "ec2:RunInstances",
            on=[
                f"arn:aws:ec2:*:*:{kind}/*"
                for kind in ("network-interface", "security-group", "subnet", "volume")
            ],
        ),
        allow("ec2:CreateTags", Condition={"StringEquals": {"ec2:CreateAction": "RunInstances"}}),
        allow("ec2:TerminateInstances", Condition=owned),
    )
    launch: dict[str, Any] = {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1}

    def tags(team: str) -> list[dict[str, Any]]:
        return [{"ResourceType": "instance", "Tags": [{"Key": "Team", "Value": team}]}]

    ours = ann("ec2").run_instances(**launch, TagSpecifications=tags("web"))["Instances"][0]["InstanceId"]
    theirs = root("ec2").run_instances(**launch, TagSpecifications=tags("db"))["Instances"][0]["InstanceId"]
    for refused_tags in (tags("db"), []):
        with denied("ec2:RunInstances"):
            ann("ec2").run_instances(**launch, TagSpecifications=refused_tags)
    with denied("ec2:CreateTags"):
        ann("ec2").create_tags(Resources=[ours], Tags=[{"Key": "Team", "Value": "db"}])
    with denied("ec2:TerminateInstances"):
        ann("ec2").terminate_instances(InstanceIds=[ours, theirs])
    ann("ec2").terminate_instances(InstanceIds=[ours])


def test_tags_of_images_and_their_snapshots_have_no_account_in_their_arns(root: Clients, user: Any) -> None:
    launched = root("ec2").run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1)
    instance = launched["Instances"][0]["InstanceId"]
    specifications = [
        {"ResourceType": kind, "Tags": [{"Key": "Team", "Value": "web"}]} for kind in ("image", "snapshot")
    ]

    def whoever_may_tag(owner: str, name: str) -> Any:
        return user(
            allow("ec2:CreateImage"),
            allow("ec2:CreateTags", on=[f"arn:aws:ec2:*:{owner}:{kind}/*" for kind in ("image", "snapshot")]),
            name=name,
        )

    def bake(ec2: Any, name: str) -> Any:
        return ec2.create_image(InstanceId=instance, Name=name, TagSpecifications=specifications)

    assert bake(whoever_may_tag("", "ann")("ec2"), "baked")["ImageId"]
    with denied("ec2:CreateTags"):
        bake(whoever_may_tag(ACCOUNT, "bob")("ec2"), "again")


def test_a_snapshot_is_deleted_by_its_tags(root: Clients, user: Any) -> None:
    volume = root("ec2").create_volume(AvailabilityZone="us-east-1a", Size=1)

    def snapshot(team: str) -> str:
        tagged = [{"ResourceType": "snapshot", "Tags": [{"Key": "Team", "Value": team}]}]
        made = root("ec2").create_snapshot(VolumeId=volume["VolumeId"], TagSpecifications=tagged)
        return str(made["SnapshotId"])

    owned = {"StringEquals": {"aws:ResourceTag/Team": "web"}}
    ours, theirs = snapshot("web"), snapshot("db")
    ann = user(allow("ec2:DeleteSnapshot", on=["arn:aws:ec2:us-east-1::snapshot/*"], Condition=owned))
    with denied("ec2:DeleteSnapshot"):
        ann("ec2").delete_snapshot(SnapshotId=theirs)
    ann("ec2").delete_snapshot(SnapshotId=ours)


def test_a_record_is_changed_only_by_name_and_type(root: Clients, user: Any) -> None:
    [zone] = root("route53").list_hosted_zones()["HostedZones"]
    start = "route53:ChangeResourceRecordSets"
    only = {
        "ForAllValues:StringEquals": {
            f"{start}NormalizedRecordNames": ["www.local-cloud.example"],
            f"{start}RecordTypes": ["A"],
            f"{start}Actions": ["UPSERT"],
        }
    }
    ann = user(allow(start, on=f"arn:aws:route53:::{zone['Id'].strip('/')}", Condition=only))

    def change(name: str, kind: str = "A", value: str = "198.18.0.1") -> None:
        record = {"Name": name, "Type": kind, "TTL": 60, "ResourceRecords": [{"Value": value}]}
        ann("route53").change_resource_record_sets(
            HostedZoneId=zone["Id"],
            ChangeBatch={"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]},
        )

    change("www.local-cloud.example.")
    with denied(start):
        change("mail.local-cloud.example.")
    with denied(start):
        change("www.local-cloud.example.", "TXT", '"x"')


@pytest.mark.parametrize("method", ["PUT", "GET"])
@pytest.mark.parametrize("host", ["", "bundles.s3.us-east-1.amazonaws.com"])
def test_an_object_is_named_by_its_bucket_and_key_wherever_the_bucket_stands(
    cloud: LocalCloud, user: Any, method: str, host: str
) -> None:
    key = user()("s3")._request_signer._credentials.access_key
    scope = f"{key}/20260101/us-east-1/s3/aws4_request"
    headers = {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}
    address = f"{cloud.endpoint_url}/a/b.tgz" if host else f"{cloud.endpoint_url}/bundles/a/b.tgz"
    if host:
        headers["Host"] = host

    content = b"content" if method == "PUT" else None
    answer = requests.request(method, address, headers=headers, data=content, timeout=30)

    assert answer.status_code == 403
    [check] = cloud.log.entries()[-1].checks
    asked = (f"s3:{method.title()}Object", "arn:aws:s3:::bundles/a/b.tgz")
    assert (check.action, check.resource) == asked


def test_a_grant_on_some_objects_is_for_these(root: Clients, user: Any) -> None:
    root("s3").create_bucket(Bucket="bundles")
    s3 = user(allow("s3:PutObject", "s3:GetObject", on="arn:aws:s3:::bundles/shop/*"))("s3")

    s3.put_object(Bucket="bundles", Key="shop/1.tgz", Body=b"content")
    assert s3.get_object(Bucket="bundles", Key="shop/1.tgz")["Body"].read() == b"content"
    with denied("s3:PutObject"):
        s3.put_object(Bucket="bundles", Key="other/1.tgz", Body=b"content")
    with denied("s3:PutObject"):
        s3.put_object(Bucket="others", Key="shop/1.tgz", Body=b"content")


def test_a_version_of_an_object_is_deleted_by_a_grant_of_its_own(root: Clients, user: Any) -> None:
    everywhere = "arn:aws:s3:::versions/*"
    root("s3").create_bucket(Bucket="versions")
    ann = user(allow("s3:DeleteObject", on=everywhere))("s3")
    bob = user(allow("s3:DeleteObjectVersion", on=everywhere), name="bob")("s3")

    with denied("s3:DeleteObjectVersion on"):
        ann.delete_objects(Bucket="versions", Delete={"Objects": [{"Key": "a", "VersionId": "1"}]})
    with denied("s3:DeleteObject on"):
        bob.delete_objects(Bucket="versions", Delete={"Objects": [{"Key": "a"}]})


def test_public_objects_need_nobody_and_others_somebody(cloud: LocalCloud, root: Clients) -> None:
    from botocore import UNSIGNED

    s3 = root("s3")
    s3.create_bucket(Bucket="bundles")
    s3.put_object(Bucket="bundles", Key="open", Body=b"x", ACL="public-read")
    s3.put_object(Bucket="bundles", Key="closed", Body=b"x")
    anonymous = SESSION.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=cloud.endpoint_url,
        config=Config(signature_version=UNSIGNED),
    )

    assert anonymous.get_object(Bucket="bundles", Key="open")["Body"].read() == b"x"
    with refused("403"):
        anonymous.get_object(Bucket="bundles", Key="closed")
    with refused("AccessDenied"):
        anonymous.list_objects_v2(Bucket="bundles")


class Deployments:
    """The application `shop` with one instance, provisioned by root; service role as given."""

    def __init__(self, cloud: LocalCloud, root: Clients, *service: dict[str, Any]) -> None:
        self.cloud, self.root = cloud, root
        self.codedeploy = root("codedeploy")
        role(root, "host", trust=TRUST_EC2)
        root("iam").create_instance_profile(InstanceProfileName="host")
        root("iam").add_role_to_instance_profile(InstanceProfileName="host", RoleName="host")
        launched = root("ec2").run_instances(
            ImageId=IMAGE,
            MinCount=1,
            MaxCount=1,
            IamInstanceProfile={"Name": "host"},
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "web"}]}],
        )
        self.instance = launched["Instances"][0]["InstanceId"]
        self.codedeploy.create_application(applicationName="shop")
        self.codedeploy.create_deployment_group(
            applicationName="shop",
            deploymentGroupName="web",
            serviceRoleArn=role(root, "service", *service),
            deploymentConfigName="CodeDeployDefault.AllAtOnce",
            ec2TagFilters=[{"Key": "Name", "Value": "web", "Type": "KEY_AND_VALUE"}],
        )

    def agent(self, *, instance: str | None = None, secure: bool = False) -> CommandClient:
        """An agent with the credentials that the instance's metadata would give it."""
        from moto.core.models import DEFAULT_ACCOUNT_ID
        from moto.sts.models import sts_backends

        session = sts_backends[DEFAULT_ACCOUNT_ID]["aws"].assume_role(
            "us-east-1", self.instance, f"arn:aws:iam::{ACCOUNT}:role/host", "", 3600, ""
        )
        return CommandClient(
            self.cloud.endpoint_url,
            f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/{instance or self.instance}",
            service="codedeploy-commands-secure" if secure else "codedeploy-commands",
            keys={"AccessKeyId": session.access_key_id, "SessionToken": session.session_token},
        )

    def run(self, clients: Clients | None = None) -> dict[str, Any]:
        codedeploy = clients("codedeploy") if clients else self.codedeploy
        identifier = codedeploy.create_deployment(
            applicationName="shop", deploymentGroupName="web", revision=GITHUB
        )["deploymentId"]
        return dict(
            wait_for(
                lambda: codedeploy.get_deployment(deploymentId=identifier)["deploymentInfo"],
                lambda info: info["status"] in {"Succeeded", "Failed", "Stopped"},
            )
        )


def test_a_deployment_runs_with_the_rights_it_needs_and_all_of_it_is_noted(
    cloud: LocalCloud, root: Clients, user: Any
) -> None:
    shop = Deployments(cloud, root, allow(*FIND))
    start = f"arn:aws:codedeploy:us-east-1:{ACCOUNT}"
    ann = user(
        allow("codedeploy:CreateDeployment", "codedeploy:GetDeployment", on=GROUP),
        allow("codedeploy:RegisterApplicationRevision", on=f"{start}:application:shop"),
        allow("codedeploy:GetDeploymentConfig", on=f"{start}:deploymentconfig:CodeDeployDefault.AllAtOnce"),
    )
    with Agent(shop.agent()):
        assert shop.run(ann)["status"] == "Succeeded"

    noted = {
        (entry.caller.rpartition(":")[2], check.action, check.resource)
        for entry in cloud.log.entries()
        for check in entry.checks
        if check.allowed
    }
    assert {
        ("user/ann", "codedeploy:CreateDeployment", GROUP),
        ("user/ann", "codedeploy:GetDeployment", GROUP),
        ("user/ann", "codedeploy:RegisterApplicationRevision", f"{start}:application:shop"),
        ("assumed-role/service/CodeDeploy", "ec2:DescribeInstances", "*"),
        (f"assumed-role/host/{shop.instance}", "codedeploy-commands:PollHostCommand", "*"),
    } <= noted


@pytest.mark.parametrize("missing", FIND)
def test_a_service_role_that_may_not_look_fails_deployments(
    cloud: LocalCloud, root: Clients, missing: str
) -> None:
    shop = Deployments(cloud, root, allow(*(action for action in FIND if action != missing)))

    ended = shop.run()

    assert ended["status"] == "Failed"
    assert ended["errorInformation"]["code"] == "IAM_ROLE_PERMISSIONS"
    assert ":role/service does not give you permission" in ended["errorInformation"]["message"]
    [check] = [c for e in cloud.log.entries() for c in e.checks if not c.allowed]
    assert check.action == missing


def test_the_service_publishes_only_where_its_role_may(cloud: LocalCloud, root: Clients) -> None:
    topic = root("sns").create_topic(Name="alerts")["TopicArn"]
    shop = Deployments(cloud, root, allow(*FIND))
    shop.codedeploy.update_deployment_group(
        applicationName="shop",
        currentDeploymentGroupName="web",
        triggerConfigurations=[
            {"triggerName": "t", "triggerTargetArn": topic, "triggerEvents": ["DeploymentStart"]}
        ],
    )

    asked = [c for e in cloud.log.entries() for c in e.checks if c.action == "sns:Publish"]

    assert [(check.resource, check.allowed) for check in asked] == [(topic, False)]


def test_an_agent_speaks_for_its_own_host(cloud: LocalCloud, root: Clients) -> None:
    shop = Deployments(cloud, root, allow(*FIND))

    with closing(shop.agent(instance="i-0123456789abcdef0")) as other, pytest.raises(AgentError) as error:
        other.poll()
    assert error.value.answer["__type"] == "AccessDeniedException"


def test_the_newer_agent_api_needs_rights_of_its_own(cloud: LocalCloud, root: Clients) -> None:
    shop = Deployments(cloud, root, allow(*FIND))

    with closing(shop.agent(secure=True)) as agent, pytest.raises(AgentError) as error:
        agent.poll()
    assert error.value.answer["__type"] == "AccessDeniedException"

    root("iam").put_role_policy(
        RoleName="host",
        PolicyName="agent",
        PolicyDocument=document(allow("codedeploy-commands-secure:*")),
    )
    with Agent(shop.agent(secure=True)):
        assert shop.run()["status"] == "Succeeded"


CALLS: dict[str, tuple[str, Callable[[Any], object]]] = {
    "sts": ("SignatureDoesNotMatch", lambda client: client.get_caller_identity()),
    "codedeploy": ("InvalidSignatureException", lambda client: client.list_applications()),
    "ec2": ("AuthFailure", lambda client: client.describe_instances()),
    "s3": ("RequestTimeTooSkewed", lambda client: client.list_buckets()),
}


def with_a_clock_off(client: Any, minutes: float) -> Any:
    """The same client on a machine whose clock is so many minutes ahead; negative ones are behind."""

    def sign_then(request: Any, **_: Any) -> None:
        moment = datetime.now(UTC) + timedelta(minutes=minutes)
        request.headers["X-Amz-Date"] = f"{moment:%Y%m%dT%H%M%SZ}"

    client.meta.events.register("before-send", sign_then)
    return client


@pytest.mark.parametrize("service", CALLS)
@pytest.mark.parametrize("direction", [-1, 1])
def test_a_clock_that_is_off_is_refused_as_each_service_does(
    root: Clients, service: str, direction: int
) -> None:
    code, call = CALLS[service]
    most = 15 if service == "s3" else 5

    call(with_a_clock_off(root(service), direction * (most - 0.5)))
    with pytest.raises(ClientError) as caught:
        call(with_a_clock_off(root(service), direction * (most + 0.5)))

    error = caught.value.response["Error"]
    assert error["Code"] == code
    if service in {"sts", "codedeploy"}:
        said = "Signature expired: " if direction < 0 else "Signature not yet current: "
        assert error["Message"].startswith(said)
        assert error["Message"].endswith("- 5 min.)" if direction < 0 else "+ 5 min.)")
    else:
        assert "Signature" not in error["Message"]
