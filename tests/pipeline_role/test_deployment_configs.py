"""A deployment configuration of the pipeline's own, and its name."""

import re
from typing import Any

import pytest

from tests.plugins import load

CONFIGS: Any = load("roles/pipeline/filter_plugins/deployment_configs.py")
SHARE = {"type": "FLEET_PERCENT", "value": 75}


@pytest.mark.parametrize(
    ("asked", "zonal", "config", "name"),
    [
        (("75%", "", "0"), False, {"minimum_healthy_hosts": SHARE, "zonal_config": {}}, "75pct"),
        (
            (2, 1, 0),
            False,
            {"minimum_healthy_hosts": {"type": "HOST_COUNT", "value": 2}, "zonal_config": {}},
            "2",
        ),
        (
            ("75%", "50%", "60"),
            True,
            {
                "minimum_healthy_hosts": SHARE,
                "zonal_config": {
                    "first_zone_monitor_duration_in_seconds": 60,
                    "monitor_duration_in_seconds": 60,
                    "minimum_healthy_hosts_per_zone": {"type": "FLEET_PERCENT", "value": 50},
                },
            },
            "75pct-zonal-60s-50pct",
        ),
        (
            ("75%", "", "0"),
            True,
            {
                "minimum_healthy_hosts": SHARE,
                "zonal_config": {
                    "first_zone_monitor_duration_in_seconds": 0,
                    "monitor_duration_in_seconds": 0,
                },
            },
            "75pct-zonal-0s",
        ),
    ],
)
def test_what_is_asked_for_and_its_name(
    asked: tuple[str, str, Any], zonal: bool, config: dict[str, Any], name: str
) -> None:
    assert CONFIGS.own_config(*asked, zonal=zonal) == config
    assert CONFIGS.own_config_name(config, "shop") == f"shop.healthy-{name}"


def test_without_healthy_hosts_there_is_none() -> None:
    assert CONFIGS.own_config("", "", 0, zonal=False) == {}


@pytest.mark.parametrize("application", ["shop", "a" * 50, "a" * 51, "s" * 100])
def test_names_are_codedeploys_and_of_one_application_each(application: str) -> None:
    longest = CONFIGS.own_config("99%", "99%", "604800", zonal=True)
    name = CONFIGS.own_config_name(longest, application)
    assert re.fullmatch(r"[\w+=,.@-]{1,100}", name)
    assert name.startswith(CONFIGS.own_config_prefix(application))
    assert name != CONFIGS.own_config_name(longest, f"{application}a")
