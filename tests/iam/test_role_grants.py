"""The three roles may do what the pipeline does, and every single grant of theirs is needed for it."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import jinja2
import pytest
from botocore.exceptions import ClientError

from local_cloud.testing.agents import AgentError, CommandClient
from local_cloud.testing.shop import IMAGE, wait_for
from tests.iam import policies
from tests.iam.pipeline import ACCOUNT, BUCKET, CHECKOUT, ISSUER, NAMES, SUBJECT, Pipeline, agent_at_work

APPLICATION = {"applicationName": "test.codeDeploy.001"}
GROUP = APPLICATION | {"deploymentGroupName": "test.deploymentGroup.001"}
REVISION = {
    "revisionType": "GitHub",
    "gitHubLocation": {"repository": "OWNER/codedeploy.nginx.001", "commitId": 40 * "a"},
}
OBJECTS = f"arn:aws:s3:::{BUCKET}/test.codeDeploy.001"
CALLS = {"create-deployment", "get-deployment", "list-deployment-targets", "batch-get-deployment-targets"}
"""What `Account.deploy` calls; a test compares it with what the workflow calls."""
OTHERS_TOKEN = {
    "aud": {"aud": "https://github.com/OWNER"},
    "sub": {"sub": SUBJECT.replace("codedeploy.nginx.001", "another")},
}
"""Condition key of the trust policy -> the claims of a token that only this condition keeps out."""


def trust(name: str) -> dict[str, Any]:
    """A role's trust policy, for the settings of the local inventory."""
    text = (CHECKOUT / "playbooks" / "templates" / "iam" / f"trust-{name}.json.j2").read_text()
    values = {
        "pipeline_partition": "aws",
        "pipeline_region": "us-east-1",
        "pipeline_audience": "sts.amazonaws.com",
        "aws_account": ACCOUNT,
        "oidc_issuer": ISSUER,
        "github_subject": SUBJECT,
    }
    document: dict[str, Any] = json.loads(
        jinja2.Template(text, undefined=jinja2.StrictUndefined).render(values)
    )
    return document


class Account:
    """What the playbooks make, made quickly by root, with the roles' policies as they are written."""

    def __init__(self, pipeline: Pipeline, written: dict[str, dict[str, Any]]) -> None:
        self.pipeline, self.written = pipeline, written
        self.iam = pipeline.client("iam")
        self.codedeploy = pipeline.client("codedeploy")
        audiences = ["sts.amazonaws.com", "https://github.com/OWNER"]
        self.iam.create_open_id_connect_provider(Url=f"https://{ISSUER}", ClientIDList=audiences)
        for role, name in NAMES.items():
            self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust(role)))
            self.grant(role, written[role])
        self.iam.create_instance_profile(InstanceProfileName=NAMES["ec2"])
        self.iam.add_role_to_instance_profile(InstanceProfileName=NAMES["ec2"], RoleName=NAMES["ec2"])
        tags = [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "ec2.cheaper.001"}]}]
        profile = {"Name": NAMES["ec2"]}
        pipeline.client("ec2").run_instances(
            ImageId=IMAGE, MinCount=1, MaxCount=1, IamInstanceProfile=profile, TagSpecifications=tags
        )
        self.codedeploy.create_application(**APPLICATION)
        self.codedeploy.create_deployment_group(
            **GROUP,
            serviceRoleArn=f"arn:aws:iam::{ACCOUNT}:role/{NAMES['codedeploy']}",
            deploymentConfigName="CodeDeployDefault.OneAtATime",
            ec2TagFilters=[{"Key": "Name", "Value": "ec2.cheaper.001", "Type": "KEY_AND_VALUE"}],
        )

    def grant(self, role: str, document: dict[str, Any]) -> None:
        """Let the role have this policy, and no other."""
        if document["Statement"]:
            text = json.dumps(document)
            self.iam.put_role_policy(RoleName=NAMES[role], PolicyName=role, PolicyDocument=text)
        elif role in self.iam.list_role_policies(RoleName=NAMES[role])["PolicyNames"]:
            self.iam.delete_role_policy(RoleName=NAMES[role], PolicyName=role)

    def through_s3(self, role: str, sid: str, action: str) -> AbstractContextManager[None]:
        """As long as the block lasts, the role has what S3 needs beside, less one grant."""
        return self.beside(role, "s3", sid, action, f"{OBJECTS}/*")

    @contextmanager
    def beside(self, role: str, way: str, sid: str, action: str, resource: str) -> Iterator[None]:
        """As long as the block lasts, the role has what another way needs beside, less one grant."""
        beside = [
            {"Sid": each["sid"], "Effect": "Allow", "Action": each["actions"], "Resource": resource}
            for each in policies.beside(role, way)
        ]
        document = {"Version": "2012-10-17", "Statement": self.written[role]["Statement"] + beside}
        self.grant(role, policies.without(document, sid, action))
        try:
            yield
        finally:
            self.grant(role, self.written[role])

    @contextmanager
    def lacking(self, role: str, sid: str, action: str) -> Iterator[None]:
        """The role lacks one grant as long as the block lasts."""
        self.grant(role, policies.without(self.written[role], sid, action))
        try:
            yield
        finally:
            self.grant(role, self.written[role])

    def deploy(self) -> dict[str, Any]:
        """What a job of GitHub does; the deployment as it ended. Nothing is under way afterwards."""
        github = self.pipeline.client("codedeploy", self.pipeline.github_session())
        started = github.create_deployment(**GROUP, revision=REVISION)["deploymentId"]
        try:
            github.get_deployment(deploymentId=started)
            ended = self._ended(started)
            targets = github.list_deployment_targets(deploymentId=started)["targetIds"]
            if targets:
                github.batch_get_deployment_targets(deploymentId=started, targetIds=targets)
            return ended
        finally:
            self._ended(started)

    def _ended(self, deployment: str) -> dict[str, Any]:
        return dict(
            wait_for(
                lambda: self.codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"],
                lambda info: info["status"] in {"Succeeded", "Failed", "Stopped"},
            )
        )


@pytest.fixture(scope="module")
def account(pipeline: Pipeline, written: dict[str, dict[str, Any]]) -> Iterator[Account]:
    """One for all tests, which leave it as they find it. The agent is at work."""
    made = Account(pipeline, written)
    with agent_at_work(pipeline):
        yield made


def test_a_deployment_succeeds_with_what_the_roles_are_granted(account: Account) -> None:
    assert account.deploy()["status"] == "Succeeded"


def test_the_job_here_calls_what_the_workflow_calls() -> None:
    site = CHECKOUT / "site" / ".github"
    workflow = (site / "actions" / "deploy" / "action.yml").read_text()
    script = (site / "actions" / "follow_deployment" / "follow_deployment.py").read_text()

    called = set(re.findall(r"aws deploy ([a-z-]+)", workflow)) | set(re.findall(r'aws\("([a-z-]+)"', script))

    assert called == CALLS


@pytest.mark.parametrize(("sid", "action"), policies.grants("github"))
def test_a_job_is_refused_without(account: Account, sid: str, action: str) -> None:
    with account.lacking("github", sid, action), pytest.raises(ClientError) as error:
        account.deploy()

    assert f"is not authorized to perform: {action}" in error.value.response["Error"]["Message"]


@pytest.mark.parametrize(("sid", "action"), policies.grants("codedeploy"))
def test_a_deployment_fails_without(account: Account, sid: str, action: str) -> None:
    with account.lacking("codedeploy", sid, action):
        ended = account.deploy()

    assert ended["errorInformation"]["code"] == "IAM_ROLE_PERMISSIONS"


@pytest.fixture
def alarms(account: Account) -> Iterator[None]:
    """The deployment group watches an alarm as long as a test lasts."""
    account.pipeline.client("cloudwatch").put_metric_alarm(
        AlarmName="errors", ComparisonOperator="GreaterThanThreshold", EvaluationPeriods=1, Threshold=1.0
    )
    group = {"applicationName": GROUP["applicationName"]}
    group["currentDeploymentGroupName"] = GROUP["deploymentGroupName"]
    watched = {"enabled": True, "alarms": [{"name": "errors"}]}
    account.codedeploy.update_deployment_group(**group, alarmConfiguration=watched)
    yield
    account.codedeploy.update_deployment_group(**group, alarmConfiguration={"enabled": False, "alarms": []})


@pytest.mark.usefixtures("alarms")
@pytest.mark.parametrize(("sid", "action"), policies.grants("codedeploy", "alarms"))
def test_a_deployment_with_alarms_fails_without(account: Account, sid: str, action: str) -> None:
    with account.beside("codedeploy", "alarms", "none", "none", "*"):
        assert account.deploy()["status"] == "Succeeded"
    with account.beside("codedeploy", "alarms", sid, action, "*"):
        ended = account.deploy()

    assert ended["errorInformation"]["code"] == "IAM_ROLE_PERMISSIONS"


@pytest.fixture
def told(account: Account) -> Iterator[Callable[[], list[str]]]:
    """The deployment group has a topic as long as a test lasts; of which deployments it has told."""
    sns, sqs = account.pipeline.client("sns"), account.pipeline.client("sqs")
    topic = sns.create_topic(Name="news")["TopicArn"]
    queue = sqs.create_queue(QueueName="news")["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:news")
    group = {"applicationName": GROUP["applicationName"]}
    group["currentDeploymentGroupName"] = GROUP["deploymentGroupName"]
    trigger = {"triggerName": "t", "triggerTargetArn": topic, "triggerEvents": ["DeploymentSuccess"]}
    account.codedeploy.update_deployment_group(**group, triggerConfigurations=[trigger])
    seen: list[str] = []

    def received() -> list[str]:
        messages = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        seen.extend(json.loads(json.loads(each["Body"])["Message"])["deploymentId"] for each in messages)
        return seen

    yield received
    account.codedeploy.update_deployment_group(**group, triggerConfigurations=[])


@pytest.mark.parametrize(("sid", "action"), policies.grants("codedeploy", "notifications"))
def test_nobody_is_told_without(
    account: Account, told: Callable[[], list[str]], sid: str, action: str
) -> None:
    topic = f"arn:aws:sns:us-east-1:{ACCOUNT}:news"
    with account.beside("codedeploy", "notifications", sid, action, topic):
        account.deploy()
    with account.beside("codedeploy", "notifications", "none", "none", topic):
        heard = account.deploy()["deploymentId"]
        assert wait_for(told, bool) == [heard]


@pytest.fixture(scope="module")
def bucket(account: Account) -> dict[str, str]:
    """The bucket of revisions with one in it, and where that is."""
    s3 = account.pipeline.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    place = {"Bucket": BUCKET, "Key": "test.codeDeploy.001/1.tgz"}
    return place | {"VersionId": s3.put_object(**place, Body=b"content")["VersionId"]}


def bring(account: Account) -> None:
    """What a job does where revisions go through S3: look, and bring what is missing."""
    s3 = account.pipeline.client("s3", account.pipeline.github_session())
    s3.head_object(Bucket=BUCKET, Key="test.codeDeploy.001/1.tgz")
    s3.put_object(Bucket=BUCKET, Key="test.codeDeploy.001/2.tgz", Body=b"content")


def fetch(account: Account, bucket: dict[str, str]) -> None:
    """What the agent does then: fetch a revision, by its version where the deployment names one."""
    s3 = account.pipeline.client("s3", account.pipeline.instance()[1])
    s3.get_object(Bucket=BUCKET, Key=bucket["Key"])
    s3.get_object(**bucket)


def test_through_s3_a_job_brings_and_an_instance_fetches(account: Account, bucket: dict[str, str]) -> None:
    with account.through_s3("github", "none", "none"), account.through_s3("ec2", "none", "none"):
        bring(account)
        fetch(account, bucket)


@pytest.mark.usefixtures("bucket")
@pytest.mark.parametrize(("sid", "action"), policies.grants("github", "s3"))
def test_a_job_brings_nothing_without(account: Account, sid: str, action: str) -> None:
    with account.through_s3("github", sid, action), pytest.raises(ClientError) as error:
        bring(account)

    # HEAD is answered without words.
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403


@pytest.mark.parametrize(("sid", "action"), policies.grants("ec2", "s3"))
def test_an_instance_fetches_nothing_without(
    account: Account, bucket: dict[str, str], sid: str, action: str
) -> None:
    with account.through_s3("ec2", sid, action), pytest.raises(ClientError) as error:
        fetch(account, bucket)

    assert f"is not authorized to perform: {action} on" in error.value.response["Error"]["Message"]


def test_the_instances_need_nothing_but_to_be_themselves(account: Account) -> None:
    """Their role has no grant that could be taken away; a host without it is not let in."""
    assert policies.grants("ec2") == []
    instance, _ = account.pipeline.instance()
    identifier = f"arn:aws:ec2:us-east-1:{ACCOUNT}:instance/{instance}"
    stranger = CommandClient(account.pipeline.cloud.endpoint_url, identifier)

    with pytest.raises(AgentError) as error:
        stranger.poll()
    stranger.close()

    assert error.value.answer["__type"] == "UnrecognizedClientException"


@pytest.mark.parametrize(
    ("service", "call", "options"),
    [
        ("codedeploy", "create_deployment", GROUP | {"deploymentGroupName": "another", "revision": REVISION}),
        ("codedeploy", "create_deployment", GROUP | {"applicationName": "another", "revision": REVISION}),
        ("codedeploy", "update_deployment_group", {**APPLICATION, "currentDeploymentGroupName": "web"}),
        ("codedeploy", "delete_application", APPLICATION),
        ("codedeploy", "create_application", {"applicationName": "mine"}),
        ("codedeploy", "list_applications", {}),
        ("codedeploy", "stop_deployment", {"deploymentId": "d-ABCDEF123"}),
        ("ec2", "describe_instances", {}),
        ("ec2", "run_instances", {"ImageId": IMAGE, "MinCount": 1, "MaxCount": 1}),
        ("iam", "get_role", {"RoleName": NAMES["github"]}),
        (
            "iam",
            "attach_role_policy",
            {"RoleName": NAMES["github"], "PolicyArn": "arn:aws:iam::aws:policy/A"},
        ),
        ("s3", "list_buckets", {}),
        ("ssm", "get_parameter", {"Name": "secret"}),
        (
            "sts",
            "assume_role",
            {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/{NAMES['codedeploy']}", "RoleSessionName": "mine"},
        ),
    ],
)
def test_a_job_may_do_nothing_else(
    account: Account, service: str, call: str, options: dict[str, Any]
) -> None:
    client = account.pipeline.client(service, account.pipeline.github_session())

    with pytest.raises(ClientError) as error:
        getattr(client, call)(**options)

    assert "is not authorized to perform" in error.value.response["Error"]["Message"]


@pytest.mark.parametrize("key", ["aud", "sub"])
def test_each_condition_of_githubs_trust_keeps_somebody_out(account: Account, key: str) -> None:
    token = account.pipeline.github_token(**OTHERS_TOKEN[key])
    with pytest.raises(ClientError, match="Not authorized to perform sts:AssumeRoleWithWebIdentity"):
        account.pipeline.github_session(token)

    opened = trust("github")
    del opened["Statement"][0]["Condition"]["StringEquals"][f"{ISSUER}:{key}"]
    account.iam.update_assume_role_policy(RoleName=NAMES["github"], PolicyDocument=json.dumps(opened))

    assert account.pipeline.github_session(token)
    account.iam.update_assume_role_policy(
        RoleName=NAMES["github"], PolicyDocument=json.dumps(trust("github"))
    )


def test_githubs_trust_has_no_condition_that_is_not_tried() -> None:
    conditions = trust("github")["Statement"][0]["Condition"]

    assert conditions.keys() == {"StringEquals"}
    assert {key.rpartition(":")[2] for key in conditions["StringEquals"]} == OTHERS_TOKEN.keys()


@pytest.mark.parametrize("role", ["codedeploy", "ec2"])
def test_a_service_takes_only_a_role_that_names_it(account: Account, role: str) -> None:
    [statement] = trust(role)["Statement"]
    other = {**trust(role), "Statement": [statement | {"Principal": {"Service": "lambda.amazonaws.com"}}]}

    assert statement["Principal"] == {"Service": f"{role}.amazonaws.com"}
    # For EC2, tests/local_cloud/test_hosts_metadata.py asks the metadata service.
    if role == "codedeploy":
        account.iam.update_assume_role_policy(RoleName=NAMES[role], PolicyDocument=json.dumps(other))
        with pytest.raises(ClientError) as error:
            account.deploy()
        assert error.value.response["Error"]["Code"] == "InvalidRoleException"
        account.iam.update_assume_role_policy(RoleName=NAMES[role], PolicyDocument=json.dumps(trust(role)))


NAME = "www.local-cloud.example"


@pytest.fixture(scope="module")
def by_dns(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The instances' policy where hosts answer an authority's challenge in Route 53."""
    settings = {"pipeline_https": "acme", "pipeline_https_acme_challenge": "dns-01"}
    folder = tmp_path_factory.mktemp("by_dns")
    return policies.write(**settings, policy_folder=str(folder))["ec2"]


def answer(account: Account, name: str = f"_acme-challenge.{NAME}", kind: str = "TXT") -> None:
    """What certbot's plugin does: find the zone, set the record, wait until it is known, delete it."""
    route53 = account.pipeline.client("route53", account.pipeline.instance()[1])
    [zone] = [each["Id"] for each in route53.list_hosted_zones()["HostedZones"]]
    value = {"TXT": '"proof"', "A": "192.0.2.1"}[kind]
    record = {"Name": name, "Type": kind, "TTL": 10, "ResourceRecords": [{"Value": value}]}
    for action in ("UPSERT", "DELETE"):
        batch = {"Changes": [{"Action": action, "ResourceRecordSet": record}]}
        changed = route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch=batch)
        route53.get_change(Id=changed["ChangeInfo"]["Id"])


@contextmanager
def granted(account: Account, document: dict[str, Any]) -> Iterator[None]:
    """The instances have this policy as long as the block lasts."""
    account.grant("ec2", document)
    try:
        yield
    finally:
        account.grant("ec2", account.written["ec2"])


def test_an_instance_answers_its_own_challenge_and_changes_no_other_record(
    account: Account, by_dns: dict[str, Any]
) -> None:
    with granted(account, by_dns):
        answer(account)
        for name, kind in (
            (NAME, "A"),
            (f"_acme-challenge.{NAME}", "A"),
            (f"_acme-challenge.other.{NAME}", "TXT"),
            (NAME, "TXT"),
        ):
            with pytest.raises(ClientError, match="not authorized to perform: route53:ChangeResource"):
                answer(account, name, kind)


@pytest.mark.parametrize(("sid", "action"), policies.grants("ec2", "dns"))
def test_a_challenge_is_not_answered_without(
    account: Account, by_dns: dict[str, Any], sid: str, action: str
) -> None:
    with granted(account, policies.without(by_dns, sid, action)), pytest.raises(ClientError) as error:
        answer(account)

    assert f"is not authorized to perform: {action}" in error.value.response["Error"]["Message"]
