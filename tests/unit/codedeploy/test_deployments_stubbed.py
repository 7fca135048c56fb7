"""What the local cloud cannot produce, from answers in the form of the API's model."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from plugins.module_utils.aws.connection import Connection
from plugins.module_utils.aws.errors import ModuleError
from plugins.module_utils.aws.reconcile import reconcile
from plugins.module_utils.codedeploy.deployment_groups import DeploymentGroup
from plugins.module_utils.codedeploy.deployment_request import SETTINGS, settings
from plugins.module_utils.codedeploy.deployments import Action

PLACE = {"applicationName": "shop", "deploymentGroupName": "web"}
COMMIT = "0123456789abcdef0123456789abcdef01234567"
GITHUB = {"revisionType": "GitHub", "gitHubLocation": {"repository": "OWNER/shop", "commitId": COMMIT}}
APP_SPEC = {"revisionType": "AppSpecContent", "appSpecContent": {"content": "version: 0.0"}}
ROLE = "arn:aws:iam::123456789012:role/deployer"
NOW = datetime(2024, 10, 24, tzinfo=UTC)
DEPLOYMENT = {"deploymentId": "d-ABCDEFGHI"}


@cache
def real_clients() -> dict[str, Any]:
    session: Any = boto3.Session("AKIAUNITTESTS0000000", "a-long-and-random-looking-secret")
    return {name: session.client(name, "us-east-1") for name in ("codedeploy", "ec2")}


class Aws:
    """Clients that answer what they are told to, and nothing else."""

    def __init__(self) -> None:
        self.clients = real_clients()
        self.stubs = {name: Stubber(client) for name, client in self.clients.items()}
        for stub in self.stubs.values():
            stub.activate()

    def answers(self, operation: str, answer: dict[str, Any], request: Any = None) -> None:
        self.stubs["codedeploy"].add_response(operation, answer, request)

    def refuses(self, service: str, operation: str, code: str) -> None:
        self.stubs[service].add_client_error(operation, code, "No.")

    def group(self, **group: Any) -> None:
        self.answers(
            "get_deployment_group", {"deploymentGroupInfo": {**PLACE, "serviceRoleArn": ROLE, **group}}
        )

    def deployment(self, status: str, **more: Any) -> None:
        self.answers("get_deployment", {"deploymentInfo": {**PLACE, **DEPLOYMENT, "status": status, **more}})

    def targets(self, *targets: dict[str, Any]) -> None:
        ids = [next(iter(body["targetId"] for body in target.values())) for target in targets]
        self.answers("list_deployment_targets", {"targetIds": ids})
        self.answers("batch_get_deployment_targets", {"deploymentTargets": list(targets)})

    def action(self, **options: Any) -> Action:
        return Action(Connection(self.clients.__getitem__), "shop", "web", **options)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    monkeypatch.setattr("plugins.module_utils.codedeploy.watch.time.sleep", lambda _: None)
    aws = Aws()
    yield aws
    for stub in aws.stubs.values():
        stub.deactivate()
        stub.assert_no_pending_responses()


def target(kind: str, status: str, **more: Any) -> dict[str, Any]:
    start = {"startTime": NOW, "endTime": NOW + timedelta(seconds=2)}
    event = {"lifecycleEventName": "AllowTraffic", "status": status, **start}
    return {kind: {"targetId": "shop:live", "status": status, "lifecycleEvents": [event], **more}}


class TestOtherPlatforms:
    @pytest.mark.parametrize("kind", ["lambdaTarget", "ecsTarget", "cloudFormationTarget"])
    def test_succeed_with_their_kind_of_target(self, aws: Aws, kind: str) -> None:
        news: list[Any] = []
        aws.group(computePlatform="Lambda")
        aws.answers("create_deployment", DEPLOYMENT, {**PLACE, "revision": APP_SPEC})
        aws.deployment("InProgress")
        aws.targets(target(kind, "InProgress"))
        aws.deployment("Succeeded", revision=APP_SPEC)
        aws.targets(target(kind, "Succeeded"))
        result = aws.action(tell=news.append).deploy(APP_SPEC)
        assert result["changed"]
        assert result["targets"][0]["target_id"] == "shop:live"
        assert [item["seconds"] for item in news if item["kind"] == "event"] == [2.0, 2.0]

    def test_are_left_alone_where_the_app_spec_is_the_same(self, aws: Aws) -> None:
        last = {"deploymentId": "d-ABCDEFGHI", "status": "Succeeded"}
        aws.group(
            computePlatform="ECS",
            targetRevision={"revisionType": "String", "string": {"content": "version: 0.0"}},
            lastAttemptedDeployment=last,
            lastSuccessfulDeployment=last,
        )
        aws.answers("list_deployment_targets", {"targetIds": []})
        assert not aws.action().deploy(APP_SPEC)["changed"]


class TestBlueGreen:
    def test_waiting_for_a_person_is_an_end(self, aws: Aws) -> None:
        waits = {"deploymentReadyOption": {"actionOnTimeout": "STOP_DEPLOYMENT", "waitTimeInMinutes": 60}}
        aws.group()
        aws.answers("create_deployment", DEPLOYMENT, {**PLACE, "revision": GITHUB})
        aws.deployment("Ready", blueGreenDeploymentConfiguration=waits)
        aws.targets(target("instanceTarget", "Ready", instanceLabel="Green"))
        result = aws.action().deploy(GITHUB)
        assert result["deployment"]["status"] == "Ready"
        assert result["targets"][0]["instance_label"] == "Green"


class TestWithoutPermissions:
    def test_to_see_instances_the_last_deployment_is_believed(self, aws: Aws) -> None:
        warnings: list[str] = []
        last = {"deploymentId": "d-ABCDEFGHI", "status": "Succeeded"}
        aws.group(
            ec2TagFilters=[{"Key": "Name", "Value": "web", "Type": "KEY_AND_VALUE"}],
            targetRevision=GITHUB,
            lastAttemptedDeployment=last,
            lastSuccessfulDeployment=last,
        )
        aws.refuses("ec2", "describe_instances", "UnauthorizedOperation")
        aws.answers("list_deployment_targets", {"targetIds": ["i-1"]})
        assert not aws.action(warn=warnings.append).deploy(GITHUB)["changed"]
        assert "ec2:DescribeInstances" in warnings[0]

    def test_to_deploy_names_the_code(self, aws: Aws) -> None:
        aws.group()
        aws.refuses("codedeploy", "create_deployment", "AccessDeniedException")
        with pytest.raises(ModuleError, match="lack this permission") as caught:
            aws.action().deploy(GITHUB)
        assert caught.value.code == "AccessDeniedException"


class TestConflictsInOtherWords:
    @pytest.mark.parametrize(
        "words",
        [
            "The Deployment Group 'web' already has an active Deployment 'd-OTHERS123'",
            "deployment limit: d-OTHERS123.",
        ],
    )
    def test_are_understood(self, aws: Aws, words: str) -> None:
        aws.group()
        aws.stubs["codedeploy"].add_client_error(
            "create_deployment", "DeploymentLimitExceededException", words
        )
        aws.group()
        other = {"deploymentInfo": {**PLACE, "deploymentId": "d-OTHERS123", "status": "InProgress"}}
        aws.answers("get_deployment", other, {"deploymentId": "d-OTHERS123"})
        with pytest.raises(ModuleError, match="d-OTHERS123 of nothing to shop/web is InProgress"):
            aws.action(on_conflict="fail").deploy(GITHUB)

    def test_that_name_nobody_are_told_as_they_are(self, aws: Aws) -> None:
        aws.group()
        aws.refuses("codedeploy", "create_deployment", "DeploymentLimitExceededException")
        with pytest.raises(ModuleError, match="DeploymentLimitExceededException"):
            aws.action().deploy(GITHUB)


class TestDeletion:
    def test_tells_of_hooks_that_stay(self, aws: Aws) -> None:
        hooks = [{"name": "web", "hook": "CodeDeploy-managed-hook"}]
        aws.group()
        aws.answers("delete_deployment_group", {"hooksNotCleanedUp": hooks}, PLACE)
        group = DeploymentGroup(
            Connection(aws.clients.__getitem__),
            application_name="shop",
            name="web",
            attributes={},
            state="absent",
        )
        result = reconcile(group, dry_run=False).as_result("deployment_group")
        assert result["hooks_not_cleaned_up"] == hooks

    def test_by_somebody_else_in_between_is_done(self, aws: Aws) -> None:
        aws.group()
        aws.refuses("codedeploy", "delete_deployment_group", "DeploymentGroupDoesNotExistException")
        group = DeploymentGroup(
            Connection(aws.clients.__getitem__),
            application_name="shop",
            name="web",
            attributes={},
            state="absent",
        )
        assert reconcile(group, dry_run=False).changed


def test_everything_is_asked_of_create_deployment(aws: Aws) -> None:
    asked = {
        "deploymentConfigName": "CodeDeployDefault.AllAtOnce",
        "targetInstances": {"ec2TagSet": {"ec2TagSetList": [[{"Key": "Name", "Type": "KEY_ONLY"}]]}},
    }
    aws.group()
    aws.answers("create_deployment", DEPLOYMENT, {**PLACE, **asked, "revision": ANY})
    aws.deployment("Created")
    result = aws.action(settings=asked, wait=False).deploy(GITHUB)
    assert result["deployment"]["status"] == "Created"


def test_target_instances_are_sent_in_the_form_of_the_api() -> None:
    given: dict[str, Any] = dict.fromkeys(SETTINGS)
    given["target_instances"] = {
        "tag_filters": [{"key": "Name", "value": "green", "type": None}],
        "auto_scaling_groups": None,
        "ec2_tag_set": [[{"key": "Stage"}]],
    }
    assert settings(given) == {
        "targetInstances": {
            "tagFilters": [{"Key": "Name", "Value": "green", "Type": "KEY_AND_VALUE"}],
            "ec2TagSet": {"ec2TagSetList": [[{"Key": "Stage", "Type": "KEY_ONLY"}]]},
        }
    }
