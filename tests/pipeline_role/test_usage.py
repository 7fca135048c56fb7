"""What a fleet uses in a month."""

from typing import Any

from tests.plugins import load

USAGE = load("roles/pipeline/filter_plugins/usage.py")
SETTINGS: dict[str, Any] = {
    "instance_type": "t4g.micro",
    "volume": "10",
    "images": "3",
    "zones": "3",
    "public_addresses": True,
    "capacity_units": "0.5",
    "alarm_metrics": "4",
}


def quantities(hosts: int, **settings: Any) -> dict[str, str]:
    return {each["item"]: each["quantity"] for each in USAGE.fleet_usage(SETTINGS | settings, hosts)}


def test_hosts_and_the_load_balancer_have_addresses() -> None:
    found = quantities(4)

    assert found["t4g.micro"] == "2920"
    assert found["public IPv4 address"] == str((4 + 3) * 730)
    assert (found["LCU"], found["Application Load Balancer"]) == ("365", "730")
    assert (found["gp3 volume"], found["snapshot"]) == ("40", "30")
    assert "NAT gateway" not in found


def test_without_them_a_gateway_in_each_zone_has() -> None:
    found = quantities(20, public_addresses=False)

    assert found["NAT gateway"] == str(3 * 730)
    assert found["NAT gateway data"] == "20"
    assert found["public IPv4 address"] == str((3 + 3) * 730)


def test_what_there_is_none_of_has_no_row() -> None:
    found = quantities(2, alarm_metrics=0, capacity_units="0")

    assert "alarm metric" not in found
    assert "LCU" not in found


def test_sizes_are_estimated_one_beside_the_other() -> None:
    small, large = USAGE.fleet_estimates(SETTINGS, [2, 20], "a fleet of %s")

    assert (small["title"], large["title"]) == ("a fleet of 2", "a fleet of 20")
    assert large["usage"] == USAGE.fleet_usage(SETTINGS, 20)
