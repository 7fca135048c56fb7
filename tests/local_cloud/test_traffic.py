"""In-place deployments that take instances out of their load balancers meanwhile."""

from collections.abc import Callable
from typing import Any

import pytest
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus

from local_cloud.server import LocalCloud
from local_cloud.testing.agents import Answer, Result, agents_on
from local_cloud.testing.clouds import codedeploy_options
from local_cloud.testing.shop import Shop, wait_for
from tests.local_cloud.colours import ALLOWING, BLOCKING, INSTALLATION, make_target_group

MakeClient = Callable[..., Any]
STYLE = {"deploymentType": "IN_PLACE", "deploymentOption": "WITH_TRAFFIC_CONTROL"}


class Balanced:
    """The shop with instances that are registered in the target group `web`."""

    def __init__(self, client: MakeClient, instances: int = 1, **group: Any) -> None:
        self.elbv2 = client("elbv2")
        self.target_group = make_target_group(client)
        balancers = {"targetGroupInfoList": [{"name": "web"}]}
        settings: dict[str, Any] = {"loadBalancerInfo": balancers, "deploymentStyle": STYLE}
        self.shop = Shop.open(client, instances, **(settings | group))
        self.elbv2.register_targets(
            TargetGroupArn=self.target_group, Targets=[{"Id": each} for each in self.shop.instances]
        )

    def with_traffic(self) -> set[str]:
        answer = self.elbv2.describe_target_health(TargetGroupArn=self.target_group)
        return {each["Target"]["Id"] for each in answer["TargetHealthDescriptions"]}


class Health:
    """What load balancers say of every target: without hosts moto knows no targets that wait or drain."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.state: str | None = None
        original = ELBv2Backend.describe_target_health

        def describe(backend: Any, target_group_arn: str, targets: list[Any]) -> list[Any]:
            if self.state is None:
                return list(original(backend, target_group_arn, targets))
            return [FakeHealthStatus(each, "80", "80", self.state) for each in self.instances]

        self.instances: list[str] = []
        monkeypatch.setattr(ELBv2Backend, "describe_target_health", describe)
        monkeypatch.setattr(codedeploy_options, "traffic_interval", 0.05)


@pytest.fixture
def health(local_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> Health:
    assert local_cloud
    return Health(monkeypatch)


class TestTraffic:
    def test_stops_before_the_application_does_and_resumes_after_it_is_validated(
        self, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        balanced = Balanced(client, 2, deploymentConfigName="CodeDeployDefault.OneAtATime")
        seen: dict[str, list[int]] = {}

        def work(command: Answer) -> Result:
            seen.setdefault(command["CommandName"], []).append(len(balanced.with_traffic()))
            return Result()

        with agents_on(local_cloud.endpoint_url, balanced.shop.instances, work) as agents:
            deployment = balanced.shop.deploy()
            assert balanced.shop.finish(deployment)["status"] == "Succeeded"

        expected = [*BLOCKING, *INSTALLATION, *ALLOWING]
        assert [agent.commands for agent in agents] == [expected, expected]
        names = list(balanced.shop.events(deployment, balanced.shop.instances[0]))
        assert names == [
            *("BeforeBlockTraffic", "BlockTraffic", "AfterBlockTraffic"),
            *INSTALLATION,
            *("BeforeAllowTraffic", "AllowTraffic", "AfterAllowTraffic"),
        ]
        assert seen == {
            "BeforeBlockTraffic": [2, 2],
            "AfterBlockTraffic": [1, 1],
            **{event: [1, 1] for event in INSTALLATION},
            "BeforeAllowTraffic": [1, 1],
            "AfterAllowTraffic": [2, 2],
        }

    def test_returns_with_the_deployment_after_one_that_failed(
        self, local_cloud: LocalCloud, client: MakeClient
    ) -> None:
        """The failed one has left the instance out: to take it out again is no error."""
        balanced, is_good = Balanced(client), [False]

        def work(command: Answer) -> Result:
            fails = command["CommandName"] == "ValidateService" and not is_good[0]
            return Result(error_code=4, message="Script failed") if fails else Result()

        with agents_on(local_cloud.endpoint_url, balanced.shop.instances, work):
            assert balanced.shop.finish(balanced.shop.deploy())["status"] == "Failed"
            assert balanced.with_traffic() == set()
            is_good[0] = True
            assert balanced.shop.finish(balanced.shop.deploy())["status"] == "Succeeded"
        assert balanced.with_traffic() == set(balanced.shop.instances)

    def test_of_classic_load_balancers_too(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        elb = client("elb")
        listener = {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}
        elb.create_load_balancer(
            LoadBalancerName="old", Listeners=[listener], AvailabilityZones=["us-east-1a"]
        )
        shop = Shop.open(
            client, 1, loadBalancerInfo={"elbInfoList": [{"name": "old"}]}, deploymentStyle=STYLE
        )
        [instance] = shop.instances
        elb.register_instances_with_load_balancer(
            LoadBalancerName="old", Instances=[{"InstanceId": instance}]
        )
        seen = {}

        def work(command: Answer) -> Result:
            [balancer] = elb.describe_load_balancers()["LoadBalancerDescriptions"]
            seen[command["CommandName"]] = len(balancer["Instances"])
            return Result()

        with agents_on(local_cloud.endpoint_url, shop.instances, work):
            assert shop.finish(shop.deploy())["status"] == "Succeeded"
        assert (seen["BeforeBlockTraffic"], seen["Install"], seen["AfterAllowTraffic"]) == (1, 0, 1)

    def test_is_waited_for_until_it_is_drained_and_healthy(
        self, local_cloud: LocalCloud, client: MakeClient, health: Health
    ) -> None:
        balanced = Balanced(client)
        [instance] = health.instances = balanced.shop.instances
        health.state = "draining"
        with agents_on(local_cloud.endpoint_url, balanced.shop.instances) as (agent,):
            deployment = balanced.shop.begin()
            self._wait_for(balanced.shop, deployment, instance, "BlockTraffic")
            assert agent.commands == ["BeforeBlockTraffic"]
            health.state = "initial"
            self._wait_for(balanced.shop, deployment, instance, "AllowTraffic")
            wait_for(lambda: agent.commands[-1] == "BeforeAllowTraffic")
            health.state = "unhealthy"
            assert balanced.shop.info(deployment)["status"] == "InProgress"
            health.state = "healthy"
            assert balanced.shop.finish(deployment)["status"] == "Succeeded"

    def _wait_for(self, shop: Shop, deployment: str, instance: str, event: str) -> None:
        wait_for(lambda: shop.events(deployment, instance)[event]["status"] == "InProgress")

    def test_that_never_becomes_healthy_fails_the_instance(
        self,
        local_cloud: LocalCloud,
        client: MakeClient,
        health: Health,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(codedeploy_options, "event_timeout", 1)
        balanced = Balanced(client)
        [instance] = health.instances = balanced.shop.instances
        health.state = "unhealthy"
        with agents_on(local_cloud.endpoint_url, balanced.shop.instances):
            deployment = balanced.shop.deploy()
            assert balanced.shop.finish(deployment)["status"] == "Failed"

        event = balanced.shop.events(deployment, instance)["AllowTraffic"]
        assert event["status"] == "Failed"
        assert "load balancers" in event["diagnostics"]["message"]

    def test_is_not_waited_for_by_a_deployment_that_is_stopped(
        self, local_cloud: LocalCloud, client: MakeClient, health: Health
    ) -> None:
        balanced = Balanced(client)
        [instance] = health.instances = balanced.shop.instances
        health.state = "draining"
        with agents_on(local_cloud.endpoint_url, balanced.shop.instances):
            deployment = balanced.shop.begin()
            self._wait_for(balanced.shop, deployment, instance, "BlockTraffic")
            balanced.shop.codedeploy.stop_deployment(deploymentId=deployment)
            assert balanced.shop.finish(deployment)["status"] == "Stopped"

    def test_fails_where_the_target_group_is_gone(self, local_cloud: LocalCloud, client: MakeClient) -> None:
        balanced = Balanced(client, loadBalancerInfo={"targetGroupInfoList": [{"name": "gone"}]})
        [instance] = balanced.shop.instances
        with agents_on(local_cloud.endpoint_url, [instance]):
            deployment = balanced.shop.deploy()
            assert balanced.shop.finish(deployment)["status"] == "Failed"

        message = balanced.shop.events(deployment, instance)["BlockTraffic"]["diagnostics"]["message"]
        assert "gone" in message
