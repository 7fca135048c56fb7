"""codedeploy_deployment, with simulated agents on the hosts."""

import hashlib
import importlib
import io
import json
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest

from local_cloud.testing.agents import Result, Work, agents_on, failing_at
from local_cloud.testing.clouds import LocalCloud
from local_cloud.testing.clouds import codedeploy_options as options
from local_cloud.testing.shop import Shop, make_role, run_instances
from tests.integration.codedeploy.runner import Client, Module

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "89abcdef0123456789abcdef0123456789abcdef"
PLACE: dict[str, Any] = {"application_name": "shop", "deployment_group_name": "web"}


def commit(name: str = COMMIT) -> dict[str, Any]:
    return {**PLACE, "github_location": {"repository": "OWNER/shop", "commit_id": name}}


@pytest.fixture
def until_stopped(monkeypatch: pytest.MonkeyPatch) -> Work:
    """Work that takes until the module has stopped a deployment."""
    api = importlib.import_module("plugins.module_utils.codedeploy.api")
    stopped, stop = threading.Event(), api.stop_deployment

    def stop_and_say(*arguments: Any) -> Any:
        answer = stop(*arguments)
        stopped.set()
        return answer

    def work(_command: dict[str, Any]) -> Result:
        assert stopped.wait(60)
        return Result()

    monkeypatch.setattr(api, "stop_deployment", stop_and_say)
    return work


def failing_once_at(event: str) -> Work:
    """Work that fails the first time that a lifecycle event comes."""
    failures = iter([Result(error_code=4, script_name="scripts/x.sh", message="Script failed")])
    return lambda command: next(failures, Result()) if command["CommandName"] == event else Result()


class TestDeployed:
    def test_four_beats(self, deployment: Module, client: Client, local_cloud: LocalCloud) -> None:
        shop = Shop.open(client, 2)
        with agents_on(local_cloud.endpoint_url, shop.instances):
            planned = deployment.check(**commit())
            result = deployment(**commit())
            again = deployment(**commit())
            checked = deployment.check(**commit())

        assert planned["changed"]
        assert planned.writes == []
        assert planned["deployment"]["status"] == "Planned"
        assert [item["target_id"] for item in planned["targets"]] == sorted(shop.instances)
        assert planned["diff"]["before"] == {"targets": sorted(shop.instances)}
        assert result["changed"]
        assert result["deployment"]["status"] == "Succeeded"
        assert result["deployment"]["revision"]["github_location"]["commit_id"] == COMMIT
        assert [item["status"] for item in result["targets"]] == ["Succeeded"] * 2
        for silent in (again, checked):
            assert not silent["changed"]
            assert silent.writes == []
            assert silent["deployment"]["deployment_id"] == result["deployment"]["deployment_id"]
            assert silent["deployment"]["status"] == "Succeeded"

    def test_another_commit_shows_what_it_replaces(
        self, deployment: Module, client: Client, local_cloud: LocalCloud
    ) -> None:
        shop = Shop.open(client)
        with agents_on(local_cloud.endpoint_url, shop.instances):
            deployment(**commit())
            result = deployment(**commit(OTHER))
        before, after = result["diff"]["before"], result["diff"]["after"]
        assert before["revision"]["github_location"]["commit_id"] == COMMIT
        assert after["revision"]["github_location"]["commit_id"] == OTHER

    def test_a_new_instance_gets_what_the_others_have(
        self, deployment: Module, client: Client, local_cloud: LocalCloud
    ) -> None:
        shop = Shop.open(client)
        with agents_on(local_cloud.endpoint_url, shop.instances):
            deployment(**commit())
        new = run_instances(client, 1, Name="web")
        with agents_on(local_cloud.endpoint_url, shop.instances + new):
            result = deployment(**commit())
            assert not deployment(**commit())["changed"]
        assert result["changed"]
        assert len(result["targets"]) == 2

    def test_outdated_instances_only(
        self, deployment: Module, client: Client, local_cloud: LocalCloud
    ) -> None:
        shop = Shop.open(client)
        with agents_on(local_cloud.endpoint_url, shop.instances):
            deployment(**commit())
        new = run_instances(client, 1, Name="web")
        with agents_on(local_cloud.endpoint_url, shop.instances + new):
            result = deployment(**commit(), update_outdated_instances_only=True)
            assert [item["target_id"] for item in result["targets"]] == new
            assert not deployment(**commit(), update_outdated_instances_only=True)["changed"]

    def test_force_deploys_again(self, deployment: Module, client: Client, local_cloud: LocalCloud) -> None:
        shop = Shop.open(client)
        with agents_on(local_cloud.endpoint_url, shop.instances):
            deployment(**commit())
            assert deployment(**commit(), force=True)["changed"]


class TestFailure:
    def test_names_host_event_script_and_log(
        self, deployment: Module, client: Client, local_cloud: LocalCloud
    ) -> None:
        shop = Shop.open(client, 2)
        work = failing_at(
            "ValidateService",
            script_name="scripts/validate-service.sh",
            message="Script at specified location: scripts/validate-service.sh failed with exit code 1",
            log="LifecycleEvent - ValidateService\n[stderr]no page\n",
        )
        with agents_on(local_cloud.endpoint_url, shop.instances, work):
            result = deployment.refuse(**commit())
        assert "2 of 2 targets" in result["msg"]
        for name, item in zip(sorted(shop.instances), result["failed_targets"], strict=True):
            assert item["target_id"] == name
            assert item["event"] == "ValidateService"
            assert item["script"] == "scripts/validate-service.sh"
            assert item["error_code"] == "ScriptFailed"
            assert "exit code 1" in item["message"]
            assert "[stderr]no page" in item["log_tail"]
        said = f"{', '.join(sorted(shop.instances))}: ValidateService failed in scripts/validate-service.sh"
        assert said in result["msg"]
        assert "[stderr]no page" in result["msg"]
        assert "Traceback" not in str(dict(result))

    def test_tells_how_the_rollback_ended(
        self, deployment: Module, client: Client, local_cloud: LocalCloud
    ) -> None:
        rollback = {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}
        shop = Shop.open(client, autoRollbackConfiguration=rollback)
        with agents_on(local_cloud.endpoint_url, shop.instances):
            deployment(**commit())
        broken = failing_once_at("AfterInstall")
        with agents_on(local_cloud.endpoint_url, shop.instances, broken):
            result = deployment.refuse(**commit(OTHER))
        assert result["rollback"]["status"] == "Succeeded"
        assert result["rollback"]["revision"]["github_location"]["commit_id"] == COMMIT
        assert f"The automatic rollback {result['rollback']['deployment_id']} to" in result["msg"]
        assert result["msg"].endswith("Succeeded.")

    def test_of_a_group_without_hosts_says_so(self, deployment: Module, client: Client) -> None:
        Shop.open(client, 0)
        result = deployment.refuse(**commit())
        assert "compare its tags" in result["msg"]

    def test_of_an_application_that_nobody_connected_says_where(
        self, deployment: Module, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(options, "github_connection", None)
        Shop.open(client)
        result = deployment.refuse(**commit())
        assert "console.aws.amazon.com/codesuite/codedeploy/applications/shop" in result["msg"]

    def test_of_a_missing_group_says_what_to_do(self, deployment: Module) -> None:
        result = deployment.refuse(**commit())
        assert "There is no deployment group web of an application shop" in result["msg"]
        assert result.writes == []


class TestEmptyAccount:
    def test_is_planned(self, deployment: Module) -> None:
        result = deployment.check(**commit())
        assert result["changed"]
        assert result.writes == []
        assert result["deployment"]["deployment_id"] is None
        assert result["deployment"]["status"] == "Planned"
        assert result["deployment"]["revision"]["github_location"]["commit_id"] == COMMIT


class TestWaiting:
    @pytest.mark.parametrize("impatient", [{"state": "started"}, {"wait": False}])
    def test_is_not_done_where_nobody_asks_for_it(
        self, deployment: Module, client: Client, impatient: dict[str, Any]
    ) -> None:
        Shop.open(client)
        result = deployment(**commit(), **impatient)
        assert result["changed"]
        assert result["deployment"]["status"] in {"Created", "InProgress"}

    def test_too_long_names_who_is_not_done(self, deployment: Module, client: Client) -> None:
        shop = Shop.open(client)
        result = deployment.refuse(**commit(), wait_timeout=1)
        assert "is still InProgress after 1 s (wait_timeout)" in result["msg"]
        assert f"Not done: {shop.instances[0]} (" in result["msg"]
        assert "gives up on an agent that does not report after an hour" in result["msg"]

    def test_a_script_that_a_signal_ended_is_said_to_be_killed(
        self, deployment: Module, client: Client, local_cloud: LocalCloud
    ) -> None:
        shop = Shop.open(client)
        words = "Script at specified location: scripts/start.sh run as user root failed with exit code "
        killed = failing_at("ApplicationStart", script_name="scripts/start.sh", message=words)
        with agents_on(local_cloud.endpoint_url, shop.instances, killed):
            result = deployment.refuse(**commit())
        assert "with exit code none: it was killed. Was the instance rebooted" in result["msg"]

    def test_news_of_everything_once_and_in_order(
        self, deployment: Module, client: Client, local_cloud: LocalCloud, tmp_path: Path
    ) -> None:
        shop = Shop.open(client)
        file = tmp_path / "events"
        with agents_on(local_cloud.endpoint_url, shop.instances):
            deployment(**commit(), events_file=str(file))
        news = [json.loads(line) for line in file.read_text().splitlines()]
        ended = [item["event"] for item in news if item.get("status") == "Succeeded" and "event" in item]
        assert ended == [
            "ApplicationStop",
            "DownloadBundle",
            "BeforeInstall",
            "Install",
            "AfterInstall",
            "ApplicationStart",
            "ValidateService",
        ]
        assert [item["kind"] for item in news][-2:] == ["target", "deployment"]
        assert news[-2]["left"] == 0
        assert news[-1]["status"] == "Succeeded"


class TestConflict:
    def test_the_same_revision_is_joined(
        self, deployment: Module, client: Client, local_cloud: LocalCloud
    ) -> None:
        shop = Shop.open(client)
        running = deployment(**commit(), state="started")["deployment"]["deployment_id"]
        with agents_on(local_cloud.endpoint_url, shop.instances):
            result = deployment(**commit())
        assert not result["changed"]
        assert result.writes == []
        assert result["deployment"]["deployment_id"] == running
        assert result["deployment"]["status"] == "Succeeded"

    def test_another_revision_is_waited_for(
        self, deployment: Module, client: Client, local_cloud: LocalCloud
    ) -> None:
        shop = Shop.open(client)
        first = deployment(**commit(), state="started")["deployment"]["deployment_id"]
        with agents_on(local_cloud.endpoint_url, shop.instances):
            result = deployment(**commit(OTHER))
        assert result["changed"]
        assert result["deployment"]["deployment_id"] != first
        assert shop.info(first)["status"] == "Succeeded"

    def test_another_revision_is_stopped(
        self, deployment: Module, client: Client, local_cloud: LocalCloud, until_stopped: Work
    ) -> None:
        shop = Shop.open(client)
        first = deployment(**commit(), state="started")["deployment"]["deployment_id"]
        with agents_on(local_cloud.endpoint_url, shop.instances, until_stopped):
            result = deployment(**commit(OTHER), on_conflict="stop")
        assert result["deployment"]["status"] == "Succeeded"
        assert shop.info(first)["status"] == "Stopped"

    def test_another_revision_is_refused(self, deployment: Module, client: Client) -> None:
        Shop.open(client)
        first = deployment(**commit(), state="started")["deployment"]["deployment_id"]
        for check in (True, False):
            result = deployment.refuse(check=check, **commit(OTHER), on_conflict="fail")
            assert f"The deployment {first} of OWNER/shop@0123456789ab to shop/web" in result["msg"]
            assert result.writes == []

    def test_that_begins_between_look_and_start_is_waited_for(
        self,
        deployment: Module,
        client: Client,
        local_cloud: LocalCloud,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        shop = Shop.open(client)
        first = shop.deploy()
        deployments = importlib.import_module("plugins.module_utils.codedeploy.deployments")
        looks = iter([None])
        real = deployments._active
        monkeypatch.setattr(deployments, "_active", lambda group: next(looks, real(group)))
        with agents_on(local_cloud.endpoint_url, shop.instances):
            result = deployment(**commit(OTHER))
        assert result["deployment"]["status"] == "Succeeded"
        assert result["deployment"]["deployment_id"] != first


class TestStopped:
    def test_stops_what_is_active_once(
        self, deployment: Module, client: Client, local_cloud: LocalCloud, until_stopped: Work
    ) -> None:
        shop = Shop.open(client)
        running = deployment(**commit(), state="started")["deployment"]["deployment_id"]
        predicted = deployment.check(**PLACE, state="stopped")
        assert predicted["changed"]
        assert predicted.writes == []
        with agents_on(local_cloud.endpoint_url, shop.instances, until_stopped):
            result = deployment(**PLACE, state="stopped")
        assert result["changed"]
        assert result["deployment"]["deployment_id"] == running
        assert result["deployment"]["status"] == "Stopped"
        assert not deployment(**PLACE, state="stopped")["changed"]
        assert not deployment(deployment_id=running, state="stopped")["changed"]

    @pytest.mark.parametrize("wanted", [True, False])
    def test_goes_back_where_asked_to(
        self,
        deployment: Module,
        client: Client,
        local_cloud: LocalCloud,
        until_stopped: Work,
        *,
        wanted: bool,
    ) -> None:
        rollback = {"enabled": not wanted, "events": [] if wanted else ["DEPLOYMENT_STOP_ON_REQUEST"]}
        shop = Shop.open(client, autoRollbackConfiguration=rollback)
        with agents_on(local_cloud.endpoint_url, shop.instances):
            deployment(**commit())
        deployment(**commit(OTHER), state="started")
        with agents_on(local_cloud.endpoint_url, shop.instances, until_stopped):
            stopped = deployment(**PLACE, state="stopped", auto_rollback_enabled=wanted)["deployment"]
        assert ("rollback_deployment_id" in stopped.get("rollback_info", {})) is wanted

    def test_nothing_was_ever_active(self, deployment: Module, client: Client) -> None:
        Shop.open(client)
        result = deployment(**PLACE, state="stopped")
        assert not result["changed"]
        assert result["deployment"] == {}


class TestRolledBack:
    def test_to_the_revision_before_once(
        self, deployment: Module, client: Client, local_cloud: LocalCloud
    ) -> None:
        shop = Shop.open(client)
        with agents_on(local_cloud.endpoint_url, shop.instances):
            deployment(**commit(), file_exists_behavior="OVERWRITE")
            deployment(**commit(OTHER))
            predicted = deployment.check(**PLACE, state="rolled_back")
            bad = shop.group()["lastAttemptedDeployment"]["deploymentId"]
            result = deployment(**PLACE, state="rolled_back", description="by me")
            again = deployment(**PLACE, state="rolled_back")
        assert result["deployment"]["description"] == f"Rollback of {bad} by me"
        for planned in (predicted, result):
            assert planned["changed"]
            assert planned["diff"]["before"]["revision"]["github_location"]["commit_id"] == OTHER
            assert planned["diff"]["after"]["revision"]["github_location"]["commit_id"] == COMMIT
        assert predicted.writes == []
        assert result["deployment"]["file_exists_behavior"] == "OVERWRITE"
        assert not again["changed"]
        assert again["deployment"]["deployment_id"] == result["deployment"]["deployment_id"]

    def test_after_a_failure_to_the_last_good_one(
        self, deployment: Module, client: Client, local_cloud: LocalCloud
    ) -> None:
        shop = Shop.open(client)
        with agents_on(local_cloud.endpoint_url, shop.instances):
            deployment(**commit())
        with agents_on(local_cloud.endpoint_url, shop.instances, failing_at("AfterInstall")):
            deployment.refuse(**commit(OTHER))
        with agents_on(local_cloud.endpoint_url, shop.instances):
            result = deployment(**PLACE, state="rolled_back")
            assert not deployment(**PLACE, state="rolled_back")["changed"]
        assert result["deployment"]["revision"]["github_location"]["commit_id"] == COMMIT

    def test_needs_something_to_go_back_to(
        self, deployment: Module, client: Client, local_cloud: LocalCloud
    ) -> None:
        shop = Shop.open(client)
        assert "nothing to go back to" in deployment.refuse(**PLACE, state="rolled_back")["msg"]
        with agents_on(local_cloud.endpoint_url, shop.instances):
            deployment(**commit())
        assert "nothing to go back to" in deployment.refuse(**PLACE, state="rolled_back")["msg"]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A directory that can be deployed."""
    tree = tmp_path / "site"
    tree.mkdir()
    (tree / "appspec.yml").write_text("version: 0.0\nos: linux\n")
    (tree / "index.html").write_text("<!doctype html>")
    return tree


class TestSourceDir:
    def test_is_packed_uploaded_and_deployed_once(
        self, deployment: Module, client: Client, local_cloud: LocalCloud, tree: Path
    ) -> None:
        shop = Shop.open(client)
        client("s3").create_bucket(Bucket="bundles")
        asked: dict[str, Any] = {**PLACE, "source_dir": str(tree), "bucket": "bundles"}
        with agents_on(local_cloud.endpoint_url, shop.instances):
            planned = deployment.check(**asked)
            result = deployment(**asked)
            again = deployment(**asked)
            (tree / "index.html").write_text("<!doctype html><title>new</title>")
            changed = deployment(**asked)
        location = result["deployment"]["revision"]["s3_location"]
        assert planned["deployment"]["revision"]["s3_location"]["key"] == location["key"]
        assert planned.writes == []
        assert location["bundle_type"] == "zip"
        assert location["key"].startswith("codedeploy/shop/")
        assert "PutObject" in result.writes
        assert not again["changed"]
        assert again.writes == []
        assert changed["deployment"]["revision"]["s3_location"]["key"] != location["key"]
        revisions = client("codedeploy").list_application_revisions(applicationName="shop")["revisions"]
        assert len(revisions) == 2

    def test_is_uploaded_once(
        self, deployment: Module, client: Client, local_cloud: LocalCloud, tree: Path
    ) -> None:
        shop = Shop.open(client)
        client("s3").create_bucket(Bucket="bundles")
        asked: dict[str, Any] = {**PLACE, "source_dir": str(tree), "bucket": "bundles", "key_prefix": ""}
        with agents_on(local_cloud.endpoint_url, shop.instances):
            deployment(**asked)
            forced = deployment(**asked, force=True)
        assert forced["changed"]
        assert "PutObject" not in forced.writes

    def test_leaves_out_what_is_excluded(
        self, deployment: Module, client: Client, local_cloud: LocalCloud, tree: Path
    ) -> None:
        shop = Shop.open(client)
        s3 = client("s3")
        s3.create_bucket(Bucket="bundles")
        (tree / "notes.md").write_text("For us alone.")
        asked: dict[str, Any] = {
            **PLACE,
            "source_dir": str(tree),
            "bucket": "bundles",
            "exclude": ["*.md"],
            "key_prefix": "releases/",
        }
        with agents_on(local_cloud.endpoint_url, shop.instances):
            key = deployment(**asked)["deployment"]["revision"]["s3_location"]["key"]
            (tree / "notes.md").write_text("For us alone, and longer.")
            assert not deployment(**asked)["changed"]
        assert key.startswith("releases/")
        bundle = io.BytesIO(s3.get_object(Bucket="bundles", Key=key)["Body"].read())
        assert zipfile.ZipFile(bundle).namelist() == ["appspec.yml", "index.html"]

    def test_needs_a_bucket_that_exists(self, deployment: Module, client: Client, tree: Path) -> None:
        Shop.open(client)
        result = deployment.refuse(**PLACE, source_dir=str(tree), bucket="nobodys")
        assert "Create the bucket first" in result["msg"]


class TestS3:
    def test_notices_a_new_object_under_an_old_key(
        self, deployment: Module, client: Client, local_cloud: LocalCloud
    ) -> None:
        shop = Shop.open(client)
        s3 = client("s3")
        s3.create_bucket(Bucket="bundles")
        s3.put_object(Bucket="bundles", Key="shop.zip", Body=b"one")
        asked: dict[str, Any] = {**PLACE, "s3_location": {"bucket": "bundles", "key": "shop.zip"}}
        with agents_on(local_cloud.endpoint_url, shop.instances):
            assert deployment(**asked)["changed"]
            assert not deployment(**asked)["changed"]
            s3.put_object(Bucket="bundles", Key="shop.zip", Body=b"two")
            assert deployment(**asked)["changed"]

    def test_takes_version_and_etag_as_they_are(
        self, deployment: Module, client: Client, local_cloud: LocalCloud
    ) -> None:
        shop = Shop.open(client)
        place: dict[str, Any] = {
            "bucket": "bundles",
            "key": "shop",
            "bundle_type": "tgz",
            "version": "3",
            "etag": "abc",
        }
        with agents_on(local_cloud.endpoint_url, shop.instances):
            result = deployment(**PLACE, s3_location=place)
            assert not deployment(**PLACE, s3_location=place)["changed"]
        assert result["deployment"]["revision"]["s3_location"] == place
        assert "HeadObject" not in result.calls

    def test_says_that_there_is_no_object(self, deployment: Module, client: Client) -> None:
        Shop.open(client)
        client("s3").create_bucket(Bucket="bundles")
        result = deployment.refuse(**PLACE, s3_location={"bucket": "bundles", "key": "shop.zip"})
        assert "there is no object s3://bundles/shop.zip" in result["msg"]

    def test_is_planned_before_there_is_an_object(self, deployment: Module, client: Client) -> None:
        Shop.open(client)
        result = deployment.check(**PLACE, s3_location={"bucket": "bundles", "key": "shop.zip"})
        assert result["changed"]


class TestBlueGreen:
    def test_is_planned_and_refused_by_aws_without_its_fleet(
        self, deployment: Module, client: Client
    ) -> None:
        """Instances are only named for a blue/green deployment, and the group is none."""
        Shop.open(client)
        green = {"tag_filters": [{"key": "Fleet", "value": "green"}], "auto_scaling_groups": ["green"]}
        planned = deployment.check(**commit(), target_instances=green)
        assert planned["changed"]
        assert planned.writes == []
        refused = deployment.refuse(**commit(), target_instances=green)
        assert "InvalidTargetInstancesException" in refused["msg"]


class TestAppSpecContent:
    def test_is_planned_with_its_digest(self, deployment: Module, client: Client) -> None:
        codedeploy = client("codedeploy")
        codedeploy.create_application(applicationName="shop", computePlatform="Lambda")
        codedeploy.create_deployment_group(
            applicationName="shop",
            deploymentGroupName="web",
            serviceRoleArn=make_role(client),
            deploymentStyle={
                "deploymentType": "BLUE_GREEN",
                "deploymentOption": "WITH_TRAFFIC_CONTROL",
            },
        )
        planned = deployment.check(**PLACE, app_spec_content="version: 0.0")
        assert planned["changed"]
        assert planned.writes == []
        content = planned["deployment"]["revision"]["app_spec_content"]
        assert content["sha256"] == hashlib.sha256(b"version: 0.0").hexdigest()


class TestEveryOption:
    @pytest.mark.parametrize(
        ("option", "value", "member"),
        [
            ("description", "a release", "description"),
            ("deployment_config_name", "CodeDeployDefault.HalfAtATime", "deployment_config_name"),
            ("file_exists_behavior", "RETAIN", "file_exists_behavior"),
            ("ignore_application_stop_failures", True, "ignore_application_stop_failures"),
            ("update_outdated_instances_only", True, "update_outdated_instances_only"),
            (
                "auto_rollback_configuration",
                {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]},
                "auto_rollback_configuration",
            ),
            (
                "override_alarm_configuration",
                {"enabled": False, "ignore_poll_alarm_failure": True, "alarms": [{"name": "errors"}]},
                "override_alarm_configuration",
            ),
            (
                "ec2_deployment_options",
                {"auto_scaling_group_processes_to_suspend": ["Terminate"]},
                "ec2_deployment_options",
            ),
        ],
    )
    def test_reaches_the_deployment(
        self, deployment: Module, client: Client, option: str, value: Any, member: str
    ) -> None:
        Shop.open(client)
        result = deployment(**commit(), state="started", **{option: value})
        assert result["deployment"][member] == value

    def test_restart_repeats_the_revision_that_is_there(
        self, deployment: Module, client: Client, local_cloud: LocalCloud
    ) -> None:
        shop = Shop.open(client)
        with agents_on(local_cloud.endpoint_url, shop.instances) as (agent,):
            deployment(**commit())
            agent.commands.clear()
            result = deployment(**PLACE, deployment_mode="RESTART")
        assert result["changed"]
        assert result["deployment"]["deployment_mode"] == "RESTART"
        assert "Install" not in agent.commands
