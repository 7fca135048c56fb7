"""Applications, revisions, deployment groups and on-premises instances: defaults, changes, lists."""

from collections.abc import Callable
from typing import Any

import pytest

from local_cloud.aws.codedeploy import options
from local_cloud.testing.shop import GITHUB, S3, TRUST, Shop, make_role, refused

MakeClient = Callable[..., Any]

ARN = "arn:aws:codedeploy:us-east-1:123456789012:"
FILTER = {"Key": "Name", "Value": "web", "Type": "KEY_AND_VALUE"}


@pytest.fixture
def codedeploy(client: MakeClient) -> Any:
    return client("codedeploy")


class TestApplication:
    def test_is_of_platform_server_by_default(self, codedeploy: Any) -> None:
        made = codedeploy.create_application(applicationName="shop")
        info = codedeploy.get_application(applicationName="shop")["application"]

        assert info["computePlatform"] == "Server"
        assert info["applicationId"] == made["applicationId"]
        assert info["gitHubAccountName"] == "local-cloud-github"

    def test_lists_come_in_pages(self, codedeploy: Any) -> None:
        names = [f"app-{number}" for number in range(101)]
        for name in names:
            codedeploy.create_application(applicationName=name)

        first = codedeploy.list_applications()
        second = codedeploy.list_applications(nextToken=first["nextToken"])

        assert first["applications"] + second["applications"] == names
        assert "nextToken" not in second

    def test_keeps_its_tags_when_renamed(self, codedeploy: Any) -> None:
        tags = [{"Key": "team", "Value": "web"}]
        codedeploy.create_application(applicationName="old", tags=tags)
        codedeploy.update_application(applicationName="old", newApplicationName="new")

        assert codedeploy.list_tags_for_resource(ResourceArn=f"{ARN}application:new")["Tags"] == tags
        with refused("ApplicationDoesNotExistException"):
            codedeploy.list_tags_for_resource(ResourceArn=f"{ARN}application:old")

    def test_of_another_region_is_another(self, client: MakeClient) -> None:
        client("codedeploy").create_application(applicationName="shop")
        client("codedeploy", "eu-west-1").create_application(applicationName="shop")

        assert client("codedeploy", "ap-south-1").list_applications()["applications"] == []

    def test_is_found_by_the_tagging_api(self, client: MakeClient, codedeploy: Any) -> None:
        codedeploy.create_application(applicationName="shop", tags=[{"Key": "team", "Value": "web"}])

        found = client("resourcegroupstaggingapi").get_resources(
            ResourceTypeFilters=["codedeploy:application"]
        )

        assert [each["ResourceARN"] for each in found["ResourceTagMappingList"]] == [f"{ARN}application:shop"]


class TestRevisions:
    def bundle(self, key: str, bucket: str = "bundles") -> dict[str, Any]:
        location = {"bucket": bucket, "key": key, "bundleType": "zip"}
        return {"revisionType": "S3", "s3Location": location}

    def test_are_sorted_and_filtered(self, codedeploy: Any) -> None:
        app = {"applicationName": "shop"}
        codedeploy.create_application(**app)
        registered = [
            self.bundle("a/1"),
            self.bundle("a/2"),
            self.bundle("b/1"),
            self.bundle("a/1", "other"),
            GITHUB,
        ]
        for revision in registered:
            codedeploy.register_application_revision(**app, revision=revision)

        def keys(**filters: str) -> list[dict[str, Any]]:
            return list(codedeploy.list_application_revisions(**app, **filters)["revisions"])

        assert keys(sortBy="registerTime", sortOrder="descending") == registered[::-1]
        assert keys(s3Bucket="bundles", s3KeyPrefix="a/") == registered[:2]
        assert keys(deployed="include") == []
        assert keys(deployed="exclude") == registered
        with refused("BucketNameFilterRequiredException"):
            keys(s3KeyPrefix="a/")

    def test_are_registered_by_their_first_deployment(self, client: MakeClient) -> None:
        shop = Shop.open(client, instances=0)
        shop.finish(shop.deploy(S3))

        info = shop.codedeploy.get_application_revision(applicationName="shop", revision=S3)["revisionInfo"]

        assert info["deploymentGroups"] == ["web"]
        assert info["firstUsedTime"] == info["lastUsedTime"]


class TestDeploymentGroup:
    def test_has_the_defaults_of_aws(self, client: MakeClient, codedeploy: Any) -> None:
        codedeploy.create_application(applicationName="shop")
        made = codedeploy.create_deployment_group(
            applicationName="shop", deploymentGroupName="web", serviceRoleArn=make_role(client)
        )
        info = codedeploy.get_deployment_group(applicationName="shop", deploymentGroupName="web")

        assert info["deploymentGroupInfo"] == {
            "applicationName": "shop",
            "deploymentGroupId": made["deploymentGroupId"],
            "deploymentGroupName": "web",
            "deploymentConfigName": "CodeDeployDefault.OneAtATime",
            "serviceRoleArn": "arn:aws:iam::123456789012:role/deployer",
            "computePlatform": "Server",
            "deploymentStyle": {
                "deploymentType": "IN_PLACE",
                "deploymentOption": "WITHOUT_TRAFFIC_CONTROL",
            },
            "outdatedInstancesStrategy": "UPDATE",
            "ec2TagFilters": [],
            "onPremisesInstanceTagFilters": [],
            "autoScalingGroups": [],
            "triggerConfigurations": [],
            "terminationHookEnabled": False,
        }

    @pytest.mark.parametrize(("platform", "config"), [("Lambda", "LambdaAllAtOnce"), ("ECS", "ECSAllAtOnce")])
    def test_has_the_default_configuration_of_its_platform(
        self, client: MakeClient, codedeploy: Any, platform: str, config: str
    ) -> None:
        codedeploy.create_application(applicationName="shop", computePlatform=platform)
        codedeploy.create_deployment_group(
            applicationName="shop", deploymentGroupName="web", serviceRoleArn=make_role(client)
        )
        info = codedeploy.get_deployment_group(applicationName="shop", deploymentGroupName="web")
        assert info["deploymentGroupInfo"]["deploymentConfigName"] == f"CodeDeployDefault.{config}"

    def test_changes_only_what_is_given_and_replaces_lists(self, client: MakeClient) -> None:
        shop = Shop.open(client, instances=0, outdatedInstancesStrategy="IGNORE")
        web = {"applicationName": "shop", "currentDeploymentGroupName": "web"}
        other = [{"Key": "Role", "Type": "KEY_ONLY"}]

        shop.codedeploy.update_deployment_group(**web, ec2TagFilters=other)
        group = shop.group()

        assert group["ec2TagFilters"] == other
        assert group["outdatedInstancesStrategy"] == "IGNORE"

    def test_exchanges_filters_for_a_tag_set(self, client: MakeClient) -> None:
        shop = Shop.open(client, instances=0)
        web = {"applicationName": "shop", "currentDeploymentGroupName": "web"}
        tag_set = {"ec2TagSetList": [[FILTER]]}

        shop.codedeploy.update_deployment_group(**web, ec2TagSet=tag_set)
        assert shop.group()["ec2TagSet"] == tag_set
        assert "ec2TagFilters" not in shop.group()

        shop.codedeploy.update_deployment_group(**web, ec2TagFilters=[FILTER])
        assert shop.group()["ec2TagFilters"] == [FILTER]
        assert "ec2TagSet" not in shop.group()

    def test_keeps_its_deployments_when_renamed(self, client: MakeClient) -> None:
        shop = Shop.open(client, instances=0)
        deployment = shop.deploy()
        shop.finish(deployment)
        shop.codedeploy.update_deployment_group(
            applicationName="shop", currentDeploymentGroupName="web", newDeploymentGroupName="www"
        )

        listed = shop.codedeploy.list_deployments(applicationName="shop", deploymentGroupName="www")
        assert listed["deployments"] == [deployment]

    def test_that_is_refused_stays_as_it_was(self, client: MakeClient) -> None:
        shop = Shop.open(client, instances=0)
        before = shop.group()
        with refused("InvalidRoleException"):
            shop.codedeploy.update_deployment_group(
                applicationName="shop",
                currentDeploymentGroupName="web",
                newDeploymentGroupName="www",
                ec2TagFilters=[],
                serviceRoleArn="arn:aws:iam::123456789012:role/none",
            )

        assert shop.group() == before

    def test_stops_its_deployment_when_deleted(self, client: MakeClient) -> None:
        shop = Shop.open(client)
        deployment = shop.deploy()
        shop.codedeploy.delete_deployment_group(applicationName="shop", deploymentGroupName="web")

        assert shop.finish(deployment)["status"] == "Stopped"

    def test_stores_blue_green_settings_truly(self, client: MakeClient) -> None:
        settings = {
            "terminateBlueInstancesOnDeploymentSuccess": {
                "action": "TERMINATE",
                "terminationWaitTimeInMinutes": 5,
            },
            "deploymentReadyOption": {"actionOnTimeout": "CONTINUE_DEPLOYMENT", "waitTimeInMinutes": 0},
            "greenFleetProvisioningOption": {"action": "DISCOVER_EXISTING"},
        }
        style = {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"}
        shop = Shop.open(
            client, instances=0, deploymentStyle=style, blueGreenDeploymentConfiguration=settings
        )

        assert shop.group()["blueGreenDeploymentConfiguration"] == settings


class TestServiceRole:
    def refused_with(self, client: MakeClient, role: str) -> None:
        client("codedeploy").create_application(applicationName="shop")
        with refused("InvalidRoleException", match="does not have the permissions required to assume"):
            client("codedeploy").create_deployment_group(
                applicationName="shop", deploymentGroupName="web", serviceRoleArn=role
            )

    def test_must_exist(self, client: MakeClient) -> None:
        self.refused_with(client, "arn:aws:iam::123456789012:role/none")

    def test_must_trust_codedeploy(self, client: MakeClient) -> None:
        statement = TRUST["Statement"][0] | {"Principal": {"Service": "ec2.amazonaws.com"}}
        self.refused_with(client, make_role(client, "ec2-only", TRUST | {"Statement": [statement]}))

    def test_must_have_spread(self, client: MakeClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(options, "role_propagation", 3600.0)
        self.refused_with(client, make_role(client))

    def test_may_trust_several_services(self, client: MakeClient) -> None:
        services = ["ec2.amazonaws.com", "codedeploy.us-east-1.amazonaws.com"]
        statement = TRUST["Statement"][0] | {"Principal": {"Service": services}, "Action": ["sts:AssumeRole"]}
        role = make_role(client, "both", TRUST | {"Statement": statement})

        assert Shop.open(client, instances=0, serviceRoleArn=role).group()["serviceRoleArn"] == role


class TestOnPremisesInstance:
    USER = "arn:aws:iam::123456789012:user/printer"
    SESSION = "arn:aws:sts::123456789012:assumed-role/hosts/printer"

    def test_needs_exactly_one_identity(self, codedeploy: Any) -> None:
        with refused("IamArnRequiredException"):
            codedeploy.register_on_premises_instance(instanceName="printer")
        with refused("MultipleIamArnsProvidedException"):
            codedeploy.register_on_premises_instance(
                instanceName="printer", iamUserArn=self.USER, iamSessionArn=self.SESSION
            )

    def test_has_a_name_and_an_identity_of_its_own(self, codedeploy: Any) -> None:
        codedeploy.register_on_premises_instance(instanceName="printer", iamUserArn=self.USER)
        found = codedeploy.get_on_premises_instance(instanceName="printer")["instanceInfo"]["instanceArn"]
        assert found.startswith("arn:aws:codedeploy:us-east-1:123456789012:instance/printer_")
        with refused("InstanceNameAlreadyRegisteredException"):
            codedeploy.register_on_premises_instance(instanceName="printer", iamSessionArn=self.SESSION)
        with refused("IamUserArnAlreadyRegisteredException"):
            codedeploy.register_on_premises_instance(instanceName="plotter", iamUserArn=self.USER)

    def test_can_be_registered_again(self, codedeploy: Any) -> None:
        codedeploy.register_on_premises_instance(instanceName="printer", iamUserArn=self.USER)
        codedeploy.deregister_on_premises_instance(instanceName="printer")
        codedeploy.register_on_premises_instance(instanceName="printer", iamUserArn=self.USER)

        assert codedeploy.list_on_premises_instances()["instanceNames"] == ["printer"]

    def test_may_not_look_like_an_ec2_instance(self, codedeploy: Any) -> None:
        with refused("InvalidInstanceNameException"):
            codedeploy.register_on_premises_instance(instanceName="i-0123", iamUserArn=self.USER)
