"""Every operation of CodeDeploy's API, and the errors that its model knows.

Answers are checked against the service model; that every operation was asked is counted.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.validate import ParamValidator

from local_cloud.aws.codedeploy import exceptions
from local_cloud.aws.codedeploy.runs.run import DeploymentRun
from local_cloud.server import LocalCloud
from local_cloud.testing.agents import agents_on
from local_cloud.testing.shop import GITHUB, S3, Shop, make_role, wait_for

MakeClient = Callable[..., Any]

NO_DEPLOYMENT = "d-AAAAAAAAA"
LONG = "x" * 101
ARN = "arn:aws:codedeploy:us-east-1:123456789012:"
ROLE = "arn:aws:iam::123456789012:role/"


class Recorder:
    """Notes each answered operation, and whether its answer is valid by the model."""

    def __init__(self, codedeploy: Any) -> None:
        self.asked: set[str] = set()
        self.all = set(codedeploy.meta.service_model.operation_names)
        codedeploy.meta.events.register("after-call.codedeploy", self._record)

    def _record(self, model: Any, parsed: dict[str, Any], **_: Any) -> None:
        self.asked.add(model.name)
        if "Error" in parsed:
            known = {shape.name for shape in model.error_shapes}
            assert parsed["Error"]["Code"] in known, (model.name, parsed["Error"])
        elif model.output_shape:
            answer = {name: value for name, value in parsed.items() if name != "ResponseMetadata"}
            report = ParamValidator().validate(answer, model.output_shape)
            assert not report.has_errors(), (model.name, report.generate_report())


def test_every_operation_answers_by_the_model(local_cloud: LocalCloud, client: MakeClient) -> None:
    shop = Shop.open(client)
    recorder = Recorder(shop.codedeploy)
    with agents_on(local_cloud.endpoint_url, shop.instances):
        applications(shop.codedeploy)
        configurations(shop.codedeploy)
        groups(shop.codedeploy)
        on_premises(shop.codedeploy)
        tags(shop.codedeploy)
        deployments(shop)
        deletions(shop.codedeploy)

    print(f"{len(recorder.asked)}/{len(recorder.all)} operations")  # noqa: T201 - the count is the point
    assert recorder.asked == recorder.all


def applications(codedeploy: Any) -> None:
    codedeploy.create_application(applicationName="kiosk", tags=[{"Key": "team", "Value": "web"}])
    codedeploy.update_application(applicationName="kiosk", newApplicationName="stall")
    assert codedeploy.get_application(applicationName="stall")["application"]["linkedToGitHub"]
    assert "stall" in codedeploy.list_applications()["applications"]
    infos = codedeploy.batch_get_applications(applicationNames=["shop", "stall"])["applicationsInfo"]
    assert [info["applicationName"] for info in infos] == ["shop", "stall"]
    codedeploy.register_application_revision(applicationName="stall", revision=S3, description="first")
    found = codedeploy.get_application_revision(applicationName="stall", revision=S3)
    assert found["revisionInfo"]["description"] == "first"
    assert codedeploy.list_application_revisions(applicationName="stall")["revisions"] == [S3]
    batch = codedeploy.batch_get_application_revisions(applicationName="stall", revisions=[S3, GITHUB])
    assert [revision["revisionLocation"] for revision in batch["revisions"]] == [S3]


def configurations(codedeploy: Any) -> None:
    hosts = {"type": "FLEET_PERCENT", "value": 75}
    codedeploy.create_deployment_config(deploymentConfigName="careful", minimumHealthyHosts=hosts)
    info = codedeploy.get_deployment_config(deploymentConfigName="careful")["deploymentConfigInfo"]
    assert info["minimumHealthyHosts"] == hosts
    names = codedeploy.list_deployment_configs()["deploymentConfigsList"]
    assert {"careful", "CodeDeployDefault.OneAtATime"} <= set(names)


def groups(codedeploy: Any) -> None:
    shop = {"applicationName": "shop"}
    codedeploy.create_deployment_group(
        **shop, deploymentGroupName="short-lived", serviceRoleArn=ROLE + "deployer"
    )
    codedeploy.delete_deployment_group(**shop, deploymentGroupName="short-lived")
    codedeploy.update_deployment_group(
        **shop, currentDeploymentGroupName="web", outdatedInstancesStrategy="IGNORE"
    )
    assert codedeploy.list_deployment_groups(**shop)["deploymentGroups"] == ["web"]
    batch = codedeploy.batch_get_deployment_groups(**shop, deploymentGroupNames=["web", "none"])
    assert [info["deploymentGroupName"] for info in batch["deploymentGroupsInfo"]] == ["web"]
    assert "none" in batch["errorMessage"]
    info = codedeploy.get_deployment_group(**shop, deploymentGroupName="web")["deploymentGroupInfo"]
    assert info["outdatedInstancesStrategy"] == "IGNORE"


def on_premises(codedeploy: Any) -> None:
    arn = "arn:aws:iam::123456789012:user/printer"
    tag = {"Key": "floor", "Value": "3"}
    codedeploy.register_on_premises_instance(instanceName="printer", iamUserArn=arn)
    codedeploy.add_tags_to_on_premises_instances(instanceNames=["printer"], tags=[tag])
    assert codedeploy.list_on_premises_instances(tagFilters=[tag])["instanceNames"] == ["printer"]
    info = codedeploy.get_on_premises_instance(instanceName="printer")["instanceInfo"]
    assert (info["iamUserArn"], info["tags"]) == (arn, [tag])
    codedeploy.remove_tags_from_on_premises_instances(instanceNames=["printer"], tags=[tag])
    batch = codedeploy.batch_get_on_premises_instances(instanceNames=["printer", "none"])
    assert [info["tags"] for info in batch["instanceInfos"]] == [[]]
    codedeploy.deregister_on_premises_instance(instanceName="printer")
    names = codedeploy.list_on_premises_instances(registrationStatus="Deregistered")["instanceNames"]
    assert names == ["printer"]


def tags(codedeploy: Any) -> None:
    arn = "arn:aws:codedeploy:us-east-1:123456789012:application:stall"
    codedeploy.tag_resource(ResourceArn=arn, Tags=[{"Key": "cost", "Value": "7"}])
    codedeploy.untag_resource(ResourceArn=arn, TagKeys=["team"])
    assert codedeploy.list_tags_for_resource(ResourceArn=arn)["Tags"] == [{"Key": "cost", "Value": "7"}]


def deployments(shop: Shop) -> None:
    deployment = shop.deploy()
    shop.finish(deployment)
    instance = shop.instances[0]
    codedeploy = shop.codedeploy
    assert codedeploy.list_deployments()["deployments"] == [deployment]
    infos = codedeploy.batch_get_deployments(deploymentIds=[deployment])["deploymentsInfo"]
    assert infos[0]["status"] == "Succeeded"
    assert shop.target_ids(deployment) == [instance]
    assert shop.target(deployment, instance)["status"] == "Succeeded"
    assert len(shop.targets(deployment)) == 1
    listed = codedeploy.list_deployment_instances(deploymentId=deployment)["instancesList"]
    assert listed == [instance]
    one = codedeploy.get_deployment_instance(deploymentId=deployment, instanceId=instance)
    batch = codedeploy.batch_get_deployment_instances(deploymentId=deployment, instanceIds=[instance, "i-0"])
    assert batch["instancesSummary"] == [one["instanceSummary"]]
    assert "i-0" in batch["errorMessage"]
    codedeploy.delete_resources_by_external_id(externalId="stack")
    for operation in (codedeploy.continue_deployment, codedeploy.skip_wait_time_for_instance_termination):
        refusal(operation, "DeploymentAlreadyCompletedException", deploymentId=deployment)
    refusal(codedeploy.stop_deployment, "DeploymentAlreadyCompletedException", deploymentId=deployment)
    refusal(
        codedeploy.put_lifecycle_event_hook_execution_status,
        "UnsupportedActionForDeploymentTypeException",
        deploymentId=deployment,
        lifecycleEventHookExecutionId="hook",
        status="Succeeded",
    )


def deletions(codedeploy: Any) -> None:
    assert codedeploy.list_git_hub_account_token_names()["tokenNameList"] == ["local-cloud-github"]
    codedeploy.delete_git_hub_account_token(tokenName="local-cloud-github")
    codedeploy.delete_deployment_config(deploymentConfigName="careful")
    codedeploy.delete_application(applicationName="shop")
    codedeploy.delete_application(applicationName="never-there")
    assert codedeploy.list_applications()["applications"] == ["stall"]


def refusal(operation: Callable[..., Any], code: str, **params: Any) -> None:
    with pytest.raises(ClientError) as error:
        operation(**params)
    assert error.value.response["Error"]["Code"] == code


# The errors that the model knows, for what a pipeline asks. One entry: error, parameters.

Params = dict[str, Any]
Cases = list[tuple[str, Params]]

APPLICATION: Params = {"applicationName": "shop"}
GROUP: Params = APPLICATION | {"deploymentGroupName": "web"}
NEW_GROUP: Params = APPLICATION | {"deploymentGroupName": "new", "serviceRoleArn": ROLE + "deployer"}
UPDATE_GROUP: Params = APPLICATION | {"currentDeploymentGroupName": "web"}
DEPLOYMENT: Params = GROUP | {"revision": S3}
FILTER: Params = {"Key": "a", "Value": "b", "Type": "KEY_AND_VALUE"}
TRIGGER: Params = {
    "triggerName": "t",
    "triggerTargetArn": "arn:aws:sns:us-east-1:1:none",
    "triggerEvents": ["Bang"],
}

APPLICATION_NAME: Cases = [
    ("ApplicationNameRequired", {"applicationName": ""}),
    ("InvalidApplicationName", {"applicationName": "a b"}),
]
MISSING_APPLICATION: tuple[str, Params] = ("ApplicationDoesNotExist", {"applicationName": "none"})
GROUP_NAME: Cases = [
    ("DeploymentGroupNameRequired", {"deploymentGroupName": ""}),
    ("InvalidDeploymentGroupName", {"deploymentGroupName": LONG}),
]
MISSING_GROUP: tuple[str, Params] = ("DeploymentGroupDoesNotExist", {"deploymentGroupName": "none"})
LAMBDA: Params = {"applicationName": "lambda", "deploymentGroupName": "live"}
DEPLOYMENT_ID: Cases = [
    ("DeploymentIdRequired", {"deploymentId": ""}),
    ("InvalidDeploymentId", {"deploymentId": "x"}),
    ("DeploymentDoesNotExist", {"deploymentId": NO_DEPLOYMENT}),
]
RESOURCE_ARN: Cases = [
    ("ResourceArnRequired", {"ResourceArn": ""}),
    ("InvalidArn", {"ResourceArn": "shop"}),
    ("ArnNotSupported", {"ResourceArn": ARN + "deploymentconfig:careful"}),
]
MISSING_RESOURCE: Cases = [
    ("ApplicationDoesNotExist", {"ResourceArn": ARN + "application:none"}),
    ("DeploymentGroupDoesNotExist", {"ResourceArn": ARN + "deploymentgroup:shop/none"}),
]
GROUP_SETTINGS: Cases = [
    ("InvalidEC2Tag", {"ec2TagFilters": [{"Type": "KEY_ONLY"}]}),
    ("InvalidEC2TagCombination", {"ec2TagFilters": [FILTER], "ec2TagSet": {"ec2TagSetList": [[FILTER]]}}),
    ("TagSetListLimitExceeded", {"ec2TagFilters": [], "ec2TagSet": {"ec2TagSetList": [[FILTER]] * 4}}),
    ("InvalidTag", {"onPremisesInstanceTagFilters": [{}]}),
    (
        "InvalidOnPremisesTagCombination",
        {
            "onPremisesInstanceTagFilters": [FILTER],
            "onPremisesTagSet": {"onPremisesTagSetList": [[FILTER]]},
        },
    ),
    ("InvalidAutoScalingGroup", {"autoScalingGroups": ["none"]}),
    (
        "InvalidAutoScalingGroupProcessToSuspend",
        {"ec2DeploymentOptions": {"autoScalingGroupProcessesToSuspend": ["Nap"]}},
    ),
    ("InvalidDeploymentConfigName", {"deploymentConfigName": LONG}),
    ("DeploymentConfigDoesNotExist", {"deploymentConfigName": "none"}),
    ("InvalidTrafficRoutingConfiguration", {"deploymentConfigName": "CodeDeployDefault.LambdaAllAtOnce"}),
    ("InvalidRole", {"serviceRoleArn": ROLE + "none"}),
    ("InvalidTriggerConfig", {"triggerConfigurations": [TRIGGER]}),
    ("TriggerTargetsLimitExceeded", {"triggerConfigurations": [TRIGGER] * 11}),
    ("InvalidAlarmConfig", {"alarmConfiguration": {"enabled": True, "alarms": []}}),
    ("AlarmsLimitExceeded", {"alarmConfiguration": {"alarms": [{"name": str(n)} for n in range(51)]}}),
    ("InvalidAutoRollbackConfig", {"autoRollbackConfiguration": {"enabled": True}}),
    (
        "InvalidLoadBalancerInfo",
        {"deploymentStyle": {"deploymentType": "IN_PLACE", "deploymentOption": "WITH_TRAFFIC_CONTROL"}},
    ),
    (
        "InvalidDeploymentStyle",
        {"deploymentStyle": {"deploymentType": "SIDEWAYS", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"}},
    ),
    (
        "InvalidBlueGreenDeploymentConfiguration",
        {"blueGreenDeploymentConfiguration": {"deploymentReadyOption": {"waitTimeInMinutes": 1}}},
    ),
    ("InvalidInput", {"outdatedInstancesStrategy": "MAYBE"}),
    ("InvalidECSService", {"ecsServices": [{"serviceName": "s", "clusterName": "c"}]}),
    ("InvalidTargetGroupPair", {"loadBalancerInfo": {"targetGroupPairInfoList": [{}]}}),
]

ERRORS: dict[str, tuple[Params, Cases]] = {
    "CreateApplication": (
        {"applicationName": "new"},
        [
            *APPLICATION_NAME,
            ("ApplicationAlreadyExists", APPLICATION),
            ("InvalidComputePlatform", {"computePlatform": "Mainframe"}),
            ("InvalidTagsToAdd", {"tags": [{"Key": "aws:mine"}]}),
        ],
    ),
    "GetApplication": ({}, [*APPLICATION_NAME, MISSING_APPLICATION]),
    "UpdateApplication": (
        {"newApplicationName": "shop"},
        [*APPLICATION_NAME, MISSING_APPLICATION, ("ApplicationAlreadyExists", APPLICATION)],
    ),
    "DeleteApplication": ({}, APPLICATION_NAME),
    "CreateDeploymentGroup": (
        NEW_GROUP,
        [
            *APPLICATION_NAME,
            MISSING_APPLICATION,
            *GROUP_NAME,
            ("DeploymentGroupAlreadyExists", GROUP),
            ("RoleRequired", {"serviceRoleArn": ""}),
            ("InvalidTagsToAdd", {"tags": [{"Key": ""}]}),
            *GROUP_SETTINGS,
        ],
    ),
    "UpdateDeploymentGroup": (
        UPDATE_GROUP,
        [
            *APPLICATION_NAME,
            MISSING_APPLICATION,
            ("DeploymentGroupNameRequired", {"currentDeploymentGroupName": ""}),
            ("DeploymentGroupDoesNotExist", {"currentDeploymentGroupName": "none"}),
            ("InvalidDeploymentGroupName", {"newDeploymentGroupName": LONG}),
            ("DeploymentGroupAlreadyExists", {"newDeploymentGroupName": "busy"}),
            *GROUP_SETTINGS,
        ],
    ),
    "GetDeploymentGroup": (GROUP, [*APPLICATION_NAME, MISSING_APPLICATION, *GROUP_NAME, MISSING_GROUP]),
    "DeleteDeploymentGroup": (GROUP, [*APPLICATION_NAME, *GROUP_NAME]),
    "CreateDeployment": (
        DEPLOYMENT,
        [
            *APPLICATION_NAME,
            MISSING_APPLICATION,
            *GROUP_NAME,
            MISSING_GROUP,
            ("RevisionRequired", {"revision": {}}),
            ("InvalidRevision", {"revision": {"revisionType": "S3", "s3Location": {"bucket": "b"}}}),
            ("InvalidDeploymentConfigName", {"deploymentConfigName": LONG}),
            ("DeploymentConfigDoesNotExist", {"deploymentConfigName": "none"}),
            (
                "InvalidTrafficRoutingConfiguration",
                {"deploymentConfigName": "CodeDeployDefault.ECSAllAtOnce"},
            ),
            ("DescriptionTooLong", {"description": "x" * 1001}),
            ("DeploymentLimitExceeded", {"deploymentGroupName": "busy"}),
            ("InvalidTargetInstances", {"targetInstances": {"tagFilters": [FILTER]}}),
            ("InvalidAlarmConfig", {"overrideAlarmConfiguration": {"enabled": True}}),
            (
                "AlarmsLimitExceeded",
                {"overrideAlarmConfiguration": {"alarms": [{"name": str(n)} for n in range(51)]}},
            ),
            ("InvalidAutoRollbackConfig", {"autoRollbackConfiguration": {"enabled": True}}),
            ("InvalidFileExistsBehavior", {"fileExistsBehavior": "SHRUG"}),
            (
                "InvalidComputePlatform",
                LAMBDA,
            ),
            ("InvalidUpdateOutdatedInstancesOnlyValue", LAMBDA | {"updateOutdatedInstancesOnly": True}),
            ("InvalidIgnoreApplicationStopFailuresValue", LAMBDA | {"ignoreApplicationStopFailures": True}),
            ("InvalidRole", {"deploymentGroupName": "orphan"}),
            ("InvalidGitHubAccountToken", {"applicationName": "unlinked", "revision": GITHUB}),
            (
                "InvalidAutoScalingGroupProcessToSuspend",
                {"ec2DeploymentOptions": {"autoScalingGroupProcessesToSuspend": ["Nap"]}},
            ),
            ("InvalidInput", {"deploymentMode": "SLEEP"}),
        ],
    ),
    "GetDeployment": ({}, DEPLOYMENT_ID),
    "StopDeployment": ({}, [*DEPLOYMENT_ID, ("DeploymentAlreadyCompleted", {"deploymentId": "ENDED"})]),
    "ListDeployments": (
        {},
        [
            ("ApplicationNameRequired", {"deploymentGroupName": "web"}),
            ("InvalidApplicationName", GROUP | {"applicationName": "a b"}),
            ("ApplicationDoesNotExist", GROUP | {"applicationName": "none"}),
            ("DeploymentGroupNameRequired", APPLICATION),
            ("InvalidDeploymentGroupName", GROUP | {"deploymentGroupName": LONG}),
            ("DeploymentGroupDoesNotExist", GROUP | {"deploymentGroupName": "none"}),
            ("InvalidTimeRange", {"createTimeRange": {"start": 2, "end": 1}}),
            ("InvalidDeploymentStatus", {"includeOnlyStatuses": ["Sleeping"]}),
            ("InvalidNextToken", {"nextToken": "?"}),
            ("InvalidExternalId", {"externalId": " "}),
            ("InvalidInput", GROUP | {"externalId": "stack"}),
        ],
    ),
    "ListDeploymentTargets": (
        {"deploymentId": "ENDED"},
        [
            *DEPLOYMENT_ID,
            ("DeploymentNotStarted", {"deploymentId": "WAITING"}),
            ("InvalidNextToken", {"nextToken": "?"}),
            ("InvalidInstanceStatus", {"targetFilters": {"TargetStatus": ["Sleeping"]}}),
            ("InvalidInstanceType", {"targetFilters": {"ServerInstanceLabel": ["Red"]}}),
            ("InvalidDeploymentInstanceType", {"targetFilters": {"ServerInstanceLabel": ["Blue"]}}),
            ("InvalidTargetFilterName", {"targetFilters": {"Colour": ["Red"]}}),
        ],
    ),
    "GetDeploymentTarget": (
        {"deploymentId": "ENDED", "targetId": "i-1"},
        [
            *DEPLOYMENT_ID,
            ("DeploymentNotStarted", {"deploymentId": "WAITING"}),
            ("DeploymentTargetIdRequired", {"targetId": ""}),
            ("InvalidDeploymentTargetId", {"targetId": "i 1"}),
            ("DeploymentTargetDoesNotExist", {}),
        ],
    ),
    "BatchGetDeploymentTargets": (
        {"deploymentId": "ENDED", "targetIds": ["i-1"]},
        [
            *DEPLOYMENT_ID,
            ("DeploymentNotStarted", {"deploymentId": "WAITING"}),
            ("DeploymentTargetIdRequired", {"targetIds": []}),
            ("InvalidDeploymentTargetId", {"targetIds": ["i 1"]}),
            ("DeploymentTargetDoesNotExist", {}),
            ("DeploymentTargetListSizeExceeded", {"targetIds": ["i-1"] * 26}),
        ],
    ),
    "RegisterApplicationRevision": (
        APPLICATION | {"revision": S3},
        [
            *APPLICATION_NAME,
            MISSING_APPLICATION,
            ("DescriptionTooLong", {"description": "x" * 1001}),
            ("RevisionRequired", {"revision": {}}),
            ("InvalidRevision", {"revision": {"revisionType": "Floppy"}}),
        ],
    ),
    "CreateDeploymentConfig": (
        {"deploymentConfigName": "new", "minimumHealthyHosts": {"type": "HOST_COUNT", "value": 1}},
        [
            ("DeploymentConfigNameRequired", {"deploymentConfigName": ""}),
            ("InvalidDeploymentConfigName", {"deploymentConfigName": "CodeDeployDefault.Mine"}),
            ("DeploymentConfigAlreadyExists", {"deploymentConfigName": "careful"}),
            (
                "InvalidMinimumHealthyHostValue",
                {"minimumHealthyHosts": {"type": "FLEET_PERCENT", "value": 101}},
            ),
            ("InvalidComputePlatform", {"computePlatform": "Mainframe"}),
            ("InvalidTrafficRoutingConfiguration", {"trafficRoutingConfig": {"type": "AllAtOnce"}}),
            (
                "InvalidZonalDeploymentConfiguration",
                {"computePlatform": "ECS", "zonalConfig": {"monitorDurationInSeconds": 1}},
            ),
        ],
    ),
    "GetDeploymentConfig": (
        {},
        [
            ("DeploymentConfigNameRequired", {"deploymentConfigName": ""}),
            ("InvalidDeploymentConfigName", {"deploymentConfigName": LONG}),
            ("DeploymentConfigDoesNotExist", {"deploymentConfigName": "none"}),
        ],
    ),
    "DeleteDeploymentConfig": (
        {},
        [
            ("DeploymentConfigNameRequired", {"deploymentConfigName": ""}),
            ("InvalidDeploymentConfigName", {"deploymentConfigName": LONG}),
            ("DeploymentConfigInUse", {"deploymentConfigName": "careful"}),
            ("InvalidOperation", {"deploymentConfigName": "CodeDeployDefault.OneAtATime"}),
        ],
    ),
    "ListTagsForResource": ({}, RESOURCE_ARN),
    "TagResource": (
        {"ResourceArn": ARN + "application:shop", "Tags": [{"Key": "a", "Value": "b"}]},
        [*RESOURCE_ARN, *MISSING_RESOURCE, ("TagRequired", {"Tags": []})],
    ),
    "UntagResource": (
        {"ResourceArn": ARN + "application:shop", "TagKeys": ["a"]},
        [*RESOURCE_ARN, *MISSING_RESOURCE, ("TagRequired", {"TagKeys": []})],
    ),
    "ListGitHubAccountTokenNames": ({}, [("InvalidNextToken", {"nextToken": "?"})]),
}

NEVER = {
    "Throttling": "the local cloud does not throttle",
    "ApplicationLimitExceeded": "takes a thousand applications",
    "DeploymentGroupLimitExceeded": "takes a thousand groups",
    "DeploymentConfigLimitExceeded": "has a test of its own",
    "LifecycleHookLimitExceeded": "no hooks are put into Auto Scaling groups",
    "ECSServiceMappingLimitExceeded": "no deployments to ECS",
    "ResourceValidation": "nothing to validate",
    "OperationNotSupported": "every region has the operation",
    "UnsupportedActionForDeploymentType": "every deployment that runs can be stopped",
}
"""Modelled errors that no operation here produces, and why."""
NOT_HERE = {
    ("CreateDeployment", "RevisionDoesNotExist"): "a deployment registers its revision",
    ("CreateDeployment", "InvalidLoadBalancerInfo"): "checked with the group",
    ("CreateDeployment", "InvalidAutoScalingGroup"): "checked with the group",
    ("CreateDeployment", "InvalidECSService"): "deployments to ECS are refused before",
    ("DeleteApplication", "InvalidRole"): "no hooks that would need the role",
    ("DeleteDeploymentGroup", "InvalidRole"): "no hooks that would need the role",
    ("GetDeploymentGroup", "DeploymentConfigDoesNotExist"): "a configuration in use can't be deleted",
    ("GetDeploymentConfig", "InvalidComputePlatform"): "takes no platform",
    ("ListDeploymentTargets", "ApplicationDoesNotExist"): "a deployment outlives its application",
    ("ListDeploymentTargets", "DeploymentGroupDoesNotExist"): "a deployment outlives its group",
    ("StopDeployment", "DeploymentGroupDoesNotExist"): "deleting a group stops its deployment",
    ("GetDeploymentTarget", "InvalidInstanceName"): "InvalidDeploymentTargetId says it",
    ("BatchGetDeploymentTargets", "InstanceDoesNotExist"): "DeploymentTargetDoesNotExist says it",
    ("TagResource", "DeploymentConfigDoesNotExist"): "configurations have no tags",
    ("TagResource", "InvalidTagsToAdd"): "see CreateApplication",
    ("UntagResource", "DeploymentConfigDoesNotExist"): "configurations have no tags",
    ("UntagResource", "InvalidTagsToAdd"): "only adds",
}


@pytest.fixture
def lenient(client: MakeClient) -> Any:
    """A client that sends what the model forbids."""
    return client("codedeploy", config=Config(parameter_validation=False, retries={"total_max_attempts": 1}))


@pytest.fixture
def deployments_by_state(client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """An account in which every error can happen; the ids of an ended and of a waiting deployment."""
    shop = Shop.open(client)
    codedeploy = shop.codedeploy
    codedeploy.create_deployment_config(
        deploymentConfigName="careful", minimumHealthyHosts={"type": "HOST_COUNT", "value": 1}
    )
    role = {"serviceRoleArn": ROLE + "deployer"}
    for name in ("busy", "empty", "orphan"):
        codedeploy.create_deployment_group(
            applicationName="shop", deploymentGroupName=name, deploymentConfigName="careful", **role
        )
    codedeploy.create_application(applicationName="lambda", computePlatform="Lambda")
    codedeploy.create_deployment_group(applicationName="lambda", deploymentGroupName="live", **role)
    orphan(client, codedeploy)
    deploy = {"applicationName": "shop", "revision": S3}
    ended = codedeploy.create_deployment(deploymentGroupName="empty", **deploy)["deploymentId"]
    wait_for(lambda: shop.info(ended)["status"] == "Failed")
    monkeypatch.setattr(DeploymentRun, "start", lambda _: None)
    waiting = codedeploy.create_deployment(deploymentGroupName="busy", **deploy)["deploymentId"]
    codedeploy.delete_git_hub_account_token(tokenName="local-cloud-github")
    codedeploy.create_application(applicationName="unlinked")
    codedeploy.create_deployment_group(applicationName="unlinked", deploymentGroupName="web", **role)
    return {"ENDED": ended, "WAITING": waiting}


def orphan(client: MakeClient, codedeploy: Any) -> None:
    """Take the role of the group `orphan` away."""
    role = make_role(client, "short-lived")
    codedeploy.update_deployment_group(
        applicationName="shop", currentDeploymentGroupName="orphan", serviceRoleArn=role
    )
    client("iam").delete_role(RoleName="short-lived")


def test_every_modelled_error_of_what_a_pipeline_asks(
    lenient: Any, deployments_by_state: dict[str, str]
) -> None:
    model = lenient.meta.service_model
    for operation, (base, cases) in ERRORS.items():
        for error, params in cases:
            given = base | params
            name = given.get("deploymentId", "")
            given |= {"deploymentId": deployments_by_state[name]} if name in deployments_by_state else {}
            assert code_of(lenient, operation, given) == f"{error}Exception", (operation, params)

        produced = {error for error, _ in cases}
        modelled = {s.name.removesuffix("Exception") for s in model.operation_model(operation).error_shapes}
        known = produced | set(NEVER) | {error for where, error in NOT_HERE if where == operation}
        assert modelled <= known, (operation, modelled - known)
        assert produced <= modelled, (operation, produced - modelled)


def code_of(client: Any, operation: str, params: dict[str, Any]) -> str:
    """The error that a request is refused with, or "accepted"."""
    method = next(name for name, op in client.meta.method_to_api_mapping.items() if op == operation)
    try:
        getattr(client, method)(**params)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "accepted"


def test_there_are_at_most_fifty_configurations(client: MakeClient) -> None:
    codedeploy = client("codedeploy")
    hosts = {"type": "HOST_COUNT", "value": 0}
    for number in range(50):
        codedeploy.create_deployment_config(deploymentConfigName=f"c{number}", minimumHealthyHosts=hosts)

    refusal(
        codedeploy.create_deployment_config,
        "DeploymentConfigLimitExceededException",
        deploymentConfigName="one-more",
        minimumHealthyHosts=hosts,
    )


def test_every_error_that_the_service_raises_is_in_its_table() -> None:
    """They are made of a table, so that no type checker would see a wrong name."""
    sources = Path(exceptions.__file__).parent.rglob("*.py")
    raised = {name for path in sources for name in re.findall(r"\berrors\.([A-Z]\w+)", path.read_text())}
    assert raised - {*exceptions.MESSAGES, "CodeDeployException"} == set()
