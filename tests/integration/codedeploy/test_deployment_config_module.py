"""codedeploy_deployment_config."""

from typing import Any

import pytest

from local_cloud.testing.shop import make_role
from tests.integration.codedeploy.runner import Client, Module

HALF = {"type": "FLEET_PERCENT", "value": 50}
ONE = {"type": "HOST_COUNT", "value": 1}
CANARY = {
    "type": "TimeBasedCanary",
    "time_based_canary": {"canary_percentage": 10, "canary_interval": 5},
}
LINEAR = {
    "type": "TimeBasedLinear",
    "time_based_linear": {"linear_percentage": 10, "linear_interval": 5},
}
ZONAL = {
    "first_zone_monitor_duration_in_seconds": 600,
    "monitor_duration_in_seconds": 60,
    "minimum_healthy_hosts_per_zone": ONE,
}
CASES: dict[str, dict[str, Any]] = {
    "percent": {"minimum_healthy_hosts": HALF},
    "count": {"minimum_healthy_hosts": ONE},
    "zonal": {"minimum_healthy_hosts": HALF, "zonal_config": ZONAL},
    "canary": {"compute_platform": "Lambda", "traffic_routing_config": CANARY},
    "linear": {"compute_platform": "ECS", "traffic_routing_config": LINEAR},
    "at once": {"compute_platform": "ECS", "traffic_routing_config": {"type": "AllAtOnce"}},
}


@pytest.fixture
def config(module: Any) -> Module:
    found: Module = module("codedeploy_deployment_config")
    return found


@pytest.mark.parametrize("case", CASES)
def test_creates_once(config: Module, case: str) -> None:
    options = CASES[case]
    result = config.four_beats(name="careful", **options)
    made = result["deployment_config"]
    assert result["changed"]
    assert made["deployment_config_id"]
    for name, value in options.items():
        assert made[name] == value


def test_makes_one_call_when_nothing_changes(config: Module) -> None:
    config(name="careful", minimum_healthy_hosts=HALF)
    assert config(name="careful", minimum_healthy_hosts=HALF).calls == ["GetDeploymentConfig"]
    assert not config(name="careful")["changed"]


@pytest.mark.parametrize(
    "different",
    [
        {"minimum_healthy_hosts": ONE},
        {"minimum_healthy_hosts": HALF, "zonal_config": ZONAL},
    ],
)
def test_a_difference_is_refused_unless_it_is_to_be_recreated(
    config: Module, different: dict[str, Any]
) -> None:
    config(name="careful", minimum_healthy_hosts=HALF)
    for check in (True, False):
        result = config.refuse(check=check, name="careful", **different)
        assert "AWS cannot change it" in result["msg"]
        assert "recreate" in result["msg"]
        assert result.writes == []
    recreated = config.four_beats(name="careful", recreate=True, **different)
    assert recreated.writes == ["DeleteDeploymentConfig", "CreateDeploymentConfig"]


def test_an_empty_zonal_configuration_is_none(config: Module) -> None:
    config(name="careful", minimum_healthy_hosts=HALF, zonal_config=ZONAL)
    result = config.four_beats(name="careful", zonal_config={}, recreate=True)
    assert result.shown == {"zonal_config": (ZONAL, None)}


def test_in_use_is_not_recreated(
    config: Module, application: Module, deployment_group: Module, client: Client
) -> None:
    config(name="careful", minimum_healthy_hosts=HALF)
    application(name="shop")
    deployment_group(
        application_name="shop",
        name="web",
        service_role=make_role(client),
        deployment_config_name="careful",
    )
    result = config.refuse(name="careful", minimum_healthy_hosts=ONE, recreate=True)
    assert "Give the deployment groups that use it another configuration first" in result["msg"]


def test_deletes_once(config: Module) -> None:
    config(name="careful", minimum_healthy_hosts=HALF)
    assert config.four_beats(name="careful", state="absent")["deployment_config"] == {}
    assert not config.four_beats(name="careful", state="absent")["changed"]
