"""codedeploy_deployment, with simulated agents on the hosts."""

from typing import Any

from agents import agents_on, failing_at
from shop import Shop

from local_cloud.server import LocalCloud
from tests.integration.codedeploy.runner import Client, Module

COMMIT = "0123456789abcdef0123456789abcdef01234567"
OTHER = "89abcdef0123456789abcdef0123456789abcdef"
PLACE = {"application_name": "shop", "deployment_group_name": "web"}


def commit(name: str = COMMIT) -> dict[str, Any]:
    return {**PLACE, "github_location": {"repository": "OWNER/shop", "commit_id": name}}


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
        from shop import run_instances

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
        from shop import run_instances

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
