"""What is said of settings that are wrong, and of names that are none."""

from typing import Any

import pytest

from tests.plugins import load

MODULE = load("roles/pipeline_check/lookup_plugins/setting_problems.py")

GOOD: dict[str, Any] = {
    "pipeline_application": "shop",
    "pipeline_connection": "ssh",
    "pipeline_connection_bucket": "",
    "pipeline_domain_record": "www.example.com.",
    "pipeline_domain_zone": "example.com",
    "pipeline_environment": "production",
    "pipeline_github_repository": "acme/site",
    "pipeline_github_reviewers": None,
    "pipeline_deployment_healthy_hosts": "",
    "pipeline_deployment_zonal": False,
    "pipeline_deployment_zone_healthy_hosts": "",
    "pipeline_deployment_zone_watch": 0,
    "pipeline_deployment_style": "in_place",
    "pipeline_fleet": False,
    "pipeline_fleet_balancer_subnets": [],
    "pipeline_fleet_desired_size": 2,
    "pipeline_fleet_max_size": 4,
    "pipeline_fleet_min_size": 2,
    "pipeline_fleet_refresh_max_healthy": 110,
    "pipeline_fleet_refresh_min_healthy": 100,
    "pipeline_fleet_subnets": [],
    "pipeline_hosts": "codedeploy",
    "pipeline_https": "none",
    "pipeline_https_acme_challenge": "http-01",
    "pipeline_https_acme_eab_hmac_key": "",
    "pipeline_https_acme_eab_key_id": "",
    "pipeline_https_certificate_file": "",
    "pipeline_https_key_file": "",
    "pipeline_instance_count": 1,
    "pipeline_notification_topic": "",
    "pipeline_notifications": [],
    "pipeline_promote_from": "",
    "pipeline_region": "us-east-1",
    "pipeline_rollback_events": ["FAILURE", "STOP"],
    "pipeline_ssh_cidr": "192.0.2.7/32",
    "pipeline_ssh_from_anywhere": False,
    "pipeline_tag_owner": "",
    "pipeline_tags": {"Team": "Jürgen Müller", "Cost": 4711},
    "pipeline_vpc_id": "",
    "pipeline_vpc_subnet_id": "",
}
OPTIONS = {
    "pipeline_connection": {"type": "str", "choices": ["ssh", "ssm"]},
    "pipeline_rollback_events": {"type": "list", "elements": "str", "choices": ["FAILURE", "STOP"]},
    "pipeline_instance_count": {"type": "int"},
    "pipeline_notifications": {"type": "list", "elements": "str"},
    "pipeline_ssh_from_anywhere": {"type": "bool"},
    "pipeline_tags": {"type": "dict", "default": {}},
    "pipeline_https_acme_eab_hmac_key": {"type": "str", "no_log": True},
}
RULES = {
    "pipeline_region": {"pattern": "^[a-z]{2}-[a-z]+-[0-9]$", "allowed": "the name of an AWS region"},
    "pipeline_https_acme_eab_hmac_key": {"pattern": "^[a-z]*$", "allowed": "base64url", "secret": "yes"},
    "pipeline_tag_owner": {"pattern": r"^[\w .:/=+@-]{0,256}$", "allowed": "letters and digits"},
}
HOST: tuple[str, dict[str, str], dict[str, str]] = ("i-1", {"Application": "shop"}, {})


def problems(settings: dict[str, Any] | None = None, **more: Any) -> list[str]:
    given = {"variables": [*GOOD, "playbook_dir"], "derived": ["pipeline_bucket"], "hosts": [HOST]} | more
    regions = given.pop("regions", ["us-east-1"])
    hosts = given.pop("hosts")
    found: list[str] = MODULE.problems(
        GOOD | (settings or {}), OPTIONS, RULES, **given, hosts=hosts, regions=regions
    )
    return found


def test_there_are_none() -> None:
    assert problems() == []


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"pipeline_instance_count": "many"},
            "pipeline_instance_count is 'many': allowed is a whole number.",
        ),
        (
            {"pipeline_tags": ["Owner"]},
            "pipeline_tags is '['Owner']': allowed is a mapping of names to values.",
        ),
        ({"pipeline_tags": None}, "pipeline_tags is 'None': allowed is a mapping of names to values."),
        ({"pipeline_connection": "telnet"}, "pipeline_connection is 'telnet': allowed is ssh or ssm."),
        (
            {"pipeline_ssh_from_anywhere": "maybe"},
            "pipeline_ssh_from_anywhere is 'maybe': allowed is true or false.",
        ),
        (
            {"pipeline_notifications": {"a": 1}},
            "pipeline_notifications is '{'a': 1}': allowed is a list, each a text.",
        ),
        ({"pipeline_https_acme_eab_hmac_key": {"a": "S3cret"}}, "_hmac_key is '...': allowed is"),
        (
            {"pipeline_rollback_events": ["FAILURE", "never"]},
            "pipeline_rollback_events is '['FAILURE', 'never']': allowed is a list, each FAILURE or STOP.",
        ),
        ({"pipeline_region": "useast"}, "pipeline_region is 'useast': allowed is the name of an AWS region."),
        ({"pipeline_region": "us-east-1\n"}, "allowed is the name of an AWS region."),
        ({"pipeline_tags": {"aws:x": "y"}}, 'pipeline_tags has "aws:x": "y": allowed are keys of 1 to 128'),
        ({"pipeline_tags": {"": "y"}}, 'pipeline_tags has "": "y"'),
        ({"pipeline_tags": {"x": None}}, 'pipeline_tags has "x": null'),
        ({"pipeline_tags": {"x": ["y"]}}, 'pipeline_tags has "x": ["y"]'),
        ({"pipeline_tags": {"x": "y\n"}}, 'pipeline_tags has "x": "y\\n"'),
        ({"pipeline_ssh_cidr": "0.0.0.0/0"}, "the whole world"),
        ({"pipeline_deployment_zonal": True}, "pipeline_deployment_healthy_hosts is '': a zonal"),
        (
            {"pipeline_deployment_zone_healthy_hosts": "50%"},
            "pipeline_deployment_zone_healthy_hosts is 50% and pipeline_deployment_zonal is false",
        ),
        (
            {"pipeline_deployment_zone_watch": "60"},
            "pipeline_deployment_zone_watch is 60 and pipeline_deployment_zonal is false",
        ),
        ({"pipeline_deployment_style": "blue_green"}, "and pipeline_fleet is false: only a fleet"),
        ({"pipeline_fleet": True, "pipeline_fleet_min_size": "3"}, "_max_size are 3, 2, 4: allowed"),
        ({"pipeline_fleet": True, "pipeline_fleet_desired_size": 5}, "_max_size are 2, 5, 4: allowed"),
        (
            {"pipeline_fleet": True, "pipeline_fleet_refresh_min_healthy": "9"},
            "_min_healthy is 9 and pipeline_fleet_refresh_max_healthy is 110: allowed",
        ),
        (
            {
                "pipeline_fleet": True,
                "pipeline_https": "files",
                "pipeline_https_certificate_file": "c.pem",
                "pipeline_https_key_file": "k.pem",
            },
            "pipeline_https is 'files' and pipeline_fleet is true",
        ),
        (
            {"pipeline_fleet": True, "pipeline_fleet_subnets": ["subnet-01234567"]},
            "pipeline_fleet_subnets is ['subnet-01234567']: name subnets of two zones",
        ),
        ({"pipeline_connection": "ssm"}, "pipeline_connection_bucket is ''"),
        (
            {"pipeline_https": "files", "pipeline_https_key_file": "k.pem"},
            "pipeline_https_certificate_file is '': name the file",
        ),
        (
            {"pipeline_https": "files", "pipeline_https_certificate_file": "c.pem"},
            "pipeline_https_key_file is '': name the file",
        ),
        (
            {"pipeline_https": "acme", "pipeline_https_acme_eab_hmac_key": "secret"},
            "pipeline_https_acme_eab_key_id is '': set both",
        ),
        ({"pipeline_https": "acme", "pipeline_instance_count": "3"}, "set the challenge to dns-01"),
        (
            {"pipeline_https": "acme", "pipeline_domain_record": "*.example.com"},
            "pipeline_domain_record is '*.example.com' and pipeline_https_acme_challenge is 'http-01'",
        ),
        (
            {"pipeline_https_acme_eab_hmac_key": "S3cret!"},
            "pipeline_https_acme_eab_hmac_key is '...': allowed is base64url.",
        ),
        ({"pipeline_vpc_id": "vpc-12345678"}, "set both or none"),
        (
            {"pipeline_notification_topic": "arn:x", "pipeline_notifications": ["a@b.c"]},
            "pipeline_notification_topic is 'arn:x' and pipeline_notifications is not empty: subscribe to",
        ),
        (
            {"pipeline_environment": "staging"},
            "such as shop-staging; where environments share the setting, write shop{{ pipeline_suffix }}.",
        ),
        ({"pipeline_promote_from": "shop"}, "pipeline_promote_from is 'shop', the application itself"),
        (
            {"pipeline_github_reviewers": ["alice", "Acme/ops", "other/ops"]},
            "pipeline_github_reviewers has 'other/ops', a team of other: allowed are teams of acme",
        ),
        ({"pipeline_domain_record": "www.example.org"}, "inside the zone 'example.com'"),
        ({"pipeline_domain_record": "wwwexample.com"}, "inside the zone 'example.com'"),
    ],
)
def test_a_setting_is_named_with_its_value_and_the_way_out(settings: dict[str, Any], said: str) -> None:
    found = problems(settings, regions=[settings.get("pipeline_region", "us-east-1")])
    assert len(found) == 1
    assert said in found[0]


def test_wrong_types_and_wrong_values_are_named_at_once() -> None:
    found = problems(
        {"pipeline_instance_count": "many", "pipeline_region": "useast"}, variables=["pipeline_x"]
    )
    assert [line.split()[0] for line in found] == ["pipeline_instance_count", "pipeline_region", "pipeline_x"]


@pytest.mark.parametrize("yes", [True, "true", "yes"])
def test_the_whole_world_may_be_meant(yes: Any) -> None:
    assert problems({"pipeline_ssh_cidr": "0.0.0.0/0", "pipeline_ssh_from_anywhere": yes}) == []


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("pipeline_regoin", "did you mean pipeline_region?"),
        ("pipline_region", "did you mean pipeline_region?"),
        ("pipeline_colour_of_it", "look for a typing error?"),
    ],
)
def test_a_name_that_is_no_setting(name: str, said: str) -> None:
    [found] = problems(variables=[name])
    assert found.startswith(f"{name} is not a setting: {said}")


def test_names_that_follow_from_settings_and_those_of_others_are_none_of_them() -> None:
    assert problems(variables=["pipeline_bucket", "playbook_dir", "port_of_mine"]) == []


@pytest.mark.parametrize("tags", [({"Application": "shop-a"}, {}), ({}, {"Application": "shop-a"})])
def test_a_host_of_another_application(tags: tuple[dict[str, str], dict[str, str]]) -> None:
    [found] = problems(hosts=[HOST, ("i-2", *tags), ("on-premises", {}, {})])
    assert "takes in i-2 of the application shop-a, and pipeline_application is 'shop'" in found


def test_a_region_that_the_inventory_does_not_have() -> None:
    [found] = problems(regions=["us-east-1", "eu-west-1"])
    assert "looks for hosts in 'eu-west-1'" in found
