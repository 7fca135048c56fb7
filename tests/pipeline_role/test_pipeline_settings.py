"""The settings: what is declared, what is said about it, and which values pass."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROLES = Path(__file__).parents[2] / "roles"
FREE_TEXT = {"pipeline_page_text", "pipeline_github_token", "pipeline_hosts"}
"""Strings of which every value can be meant."""


def load(path: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROLES / path).read_text())
    return loaded


DEFAULTS = load("pipeline/defaults/main.yml")
OPTIONS = load("pipeline_check/meta/argument_specs.yml")["argument_specs"]["main"]["options"]
RULES = load("pipeline_check/vars/main.yml")["__pipeline_check_rules"]


def test_every_setting_is_declared_with_its_default() -> None:
    assert {name: option["default"] for name, option in OPTIONS.items()} == DEFAULTS


def test_settings_are_listed_in_order() -> None:
    assert list(OPTIONS) == sorted(OPTIONS)
    assert list(RULES) == sorted(RULES)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_setting_says_what_it_is_and_what_is_allowed(name: str) -> None:
    option = OPTIONS[name]
    assert option["description"]
    limited = name in RULES or "choices" in option or option["type"] in {"bool", "dict"}
    assert limited != (name in FREE_TEXT)


@pytest.mark.parametrize("name", ["pipeline_github_token", "pipeline_https_acme_eab_hmac_key"])
def test_a_secret_never_shows(name: str) -> None:
    assert OPTIONS[name]["no_log"] is True
    assert name not in RULES or RULES[name]["secret"]


def test_defaults_that_are_not_left_to_the_inventory_are_allowed() -> None:
    required = {name for name, rule in RULES.items() if "beside the inventory" in rule["allowed"]}
    plain = {name: value for name, value in DEFAULTS.items() if "{{" not in str(value)}
    refused = {
        name
        for name in RULES.keys() & plain.keys()
        if not re.search(RULES[name]["pattern"], str(plain[name]))
    }
    assert refused == required - {"pipeline_github_repository"}


LONG = f"{'x' * 64}.example.com"
"""A name of which one part is too long."""

ALLOWED = [
    (
        "pipeline_region",
        [
            "us-east-1",
            "cn-north-1",
            "us-gov-west-1",
            "ap-southeast-2",
            "us-iso-east-1",
            "eusc-de-east-1",
            "eu-isoe-west-1",
            "us-isof-south-1",
        ],
    ),
    ("pipeline_ssh_cidr", ["192.0.2.7/32", "10.0.0.0/8", "0.0.0.0/0"]),
    ("pipeline_domain_zone", ["example.com", "local-cloud.example.", "a.b-c.co.uk"]),
    ("pipeline_domain_record", ["www.example.com", "example.com", "*.example.com."]),
    (
        "pipeline_github_repository",
        ["OWNER/codedeploy.nginx.001", "a-b/c_d.e", "jane_acme/site", "acme_admin/site"],
    ),
    ("pipeline_github_subject_prefix", ["", "repo:o/r", "repo:o@1/r@2"]),
    ("pipeline_github_branches", [str(["main"]), str(["main", "release/*"]), str([])]),
    ("pipeline_github_session_name", ["AWSGitAssumeRoleWithAction", "a=b+c,d.e@f-g"]),
    ("pipeline_commit", ["", "0123456789abcdef0123456789abcdef01234567"]),
    ("pipeline_instance_type", ["t3a.nano", "m7g.metal-48xl", "u-6tb1.112xlarge"]),
    ("pipeline_iam_permissions_boundary", ["", "arn:aws-cn:iam::123456789012:policy/team/boundary"]),
    ("pipeline_instance_count", ["1", "20"]),
    ("pipeline_tag_owner", ["", "Jürgen Müller", "ops@example.com", "営業"]),
    ("pipeline_domain_ttl", ["1", "300", "999999999", "2146999999"]),
    ("pipeline_revision_bucket", ["", "a-b.c1", "192.168.5.4a", "x" * 63]),
    ("pipeline_alarms", ["[]", str(["site errors"]), str(["a/b"] * 10)]),
    ("pipeline_notification_topic", ["", "arn:aws-cn:sns:cn-north-1:123456789012:news_1-a"]),
    (
        "pipeline_notifications",
        [
            "[]",
            str(["ops@example.com"]),
            str(["a.b+c@example.co.uk", "https://events.example.com:8443/x?key=1&b=2"]),
            str(["http://127.0.0.1:8080/hook"]),
        ],
    ),
    ("pipeline_environment", ["production", "staging", "test2", "preproduction"]),
    (
        "pipeline_github_reviewers",
        ["None", "[]", str(["alice"]), str(["jane_acme", "acme/release-managers"]), str(["a"] * 6)],
    ),
    ("pipeline_github_wait_timer", ["None", "0", "30", "43199", "43200"]),
    ("pipeline_promote_from", ["", "test.codeDeploy.001-staging"]),
    ("pipeline_open_ports", ["[80]", "[80, 443]", "[443, 80, 65535]"]),
    ("pipeline_github_api_url", ["https://api.github.com", "http://127.0.0.1:4581/api/v3"]),
    ("pipeline_fleet_subnets", ["[]", str(["subnet-01234567", "subnet-0123456789abcdef0"])]),
    ("pipeline_deployment_healthy_hosts", ["", "75%", "2", "0"]),
    ("pipeline_deployment_zone_watch", ["0", "600"]),
    ("pipeline_fleet_desired_size", ["1", "20", "1000"]),
    ("pipeline_fleet_alarm_errors", ["0", "5", "100"]),
    ("pipeline_fleet_alarm_unhealthy_hosts", ["0", "1", "1000"]),
    ("pipeline_fleet_deregistration_delay", ["0", "300", "3600"]),
    ("pipeline_fleet_refresh_max_healthy", ["100", "110", "200"]),
    ("pipeline_fleet_refresh_min_healthy", ["0", "90", "100"]),
    ("pipeline_fleet_refresh_warmup", ["0", "60", "3600"]),
    ("pipeline_fleet_requests_per_host", ["0", "6000"]),
    ("pipeline_blue_green_wait", ["0", "60", "2880"]),
]
REFUSED = [
    (
        "pipeline_fleet_subnets",
        [str(["vpc-01234567"]), "subnet-01234567", str(["subnet-012"]), "['subnet-01234567', ]"],
    ),
    ("pipeline_deployment_healthy_hosts", ["100%", "half", "-1", "2.5"]),
    ("pipeline_deployment_zone_watch", ["-1", "100000", "5m"]),
    ("pipeline_fleet_desired_size", ["0", "1001", "two", "-1"]),
    ("pipeline_fleet_alarm_errors", ["101", "-1", "5%"]),
    ("pipeline_fleet_alarm_unhealthy_hosts", ["1001", "-1"]),
    ("pipeline_fleet_deregistration_delay", ["3601", "-1", "5m"]),
    ("pipeline_fleet_refresh_max_healthy", ["99", "201", "110%"]),
    ("pipeline_fleet_refresh_min_healthy", ["-1", "101"]),
    ("pipeline_fleet_refresh_warmup", ["-1", "3601"]),
    ("pipeline_fleet_requests_per_host", ["-1", "1.5"]),
    ("pipeline_blue_green_termination_wait", ["2881", "-1"]),
    ("pipeline_environment", ["", "Staging", "pre-production", "1st", "x" * 14, "stag_ing"]),
    (
        "pipeline_github_reviewers",
        ["alice", str([""]), str(["@alice"]), str(["a b"]), str(["a/b/c"]), str(["a"] * 7), str([1])],
    ),
    ("pipeline_github_wait_timer", ["", "-1", "43201", "100000", "1.5", "soon"]),
    ("pipeline_promote_from", ["a b", "x" * 101]),
    ("pipeline_notification_topic", ["news", "arn:aws:sns:us-east-1:123456789012:news.fifo"]),
    (
        "pipeline_notifications",
        [
            "ops@example.com",
            str(["ops"]),
            str(["a@b@c"]),
            str(["a@b.c", ""]),
            str(["http://example.com/hook"]),
            str(["http://127.0.0.1.example.com/"]),
            str([{"protocol": "email", "endpoint": "a@b.c"}]),
            "['a@b.c', ]",
        ],
    ),
    ("pipeline_alarms", ["errors", str([""]), str(["it's"]), str(["x" * 256]), str(["a"] * 11), str([1])]),
    (
        "pipeline_open_ports",
        ["[]", "[443]", "[80, 22]", "[80, 0]", "[80, 65536]", "80", "['80', 'x']", "[8080]", "[80, ]"],
    ),
    ("pipeline_tag_owner", ["a,b", "x" * 257, "a\tb"]),
    ("pipeline_domain_ttl", ["0", "-1", "2147483648", "3000000000"]),
    *(
        (name, ["a", "a..b", "192.168.5.4", "xn--a", "x" * 64, "web-s3alias", "-ab", "A_b"])
        for name in ("pipeline_revision_bucket", "pipeline_connection_bucket")
    ),
    ("pipeline_region", ["", "useast1", "us-east", "us-east-1a", "US-EAST-1", "us-east-1\nx"]),
    (
        "pipeline_ssh_cidr",
        [
            "",
            "192.0.2.7",
            "192.0.2.256/32",
            "192.0.2.7/33",
            "192.0.2/24",
            "::/0",
            "01.2.3.4/32",
            "192.00.2.7/32",
        ],
    ),
    ("pipeline_domain_zone", ["", "com", "Example.com", "-a.com", "exa mple.com", "*.example.com", LONG]),
    ("pipeline_domain_record", ["", "www", "www..example.com", "https://www.example.com", LONG]),
    (
        "pipeline_github_repository",
        [
            "",
            "codedeploy.nginx.001",
            "a/b/c",
            "_acme/site",
            "a_b_c/site",
            f"{'x' * 40}/site",
            "o*/r",
            "https://github.com/o/r",
            "o/r.git",
            "o/..",
        ],
    ),
    ("pipeline_github_branches", ["main", str([""]), str(["ma in"]), str([1])]),
    ("pipeline_github_session_name", ["", "a", "a b", "x" * 65]),
    ("pipeline_github_subject_prefix", ["repo:*", "o/r", "repo:o/r:environment:Prod"]),
    ("pipeline_commit", ["main", "0123456", "0123456789ABCDEF0123456789abcdef01234567"]),
    ("pipeline_github_environment", ["", "Prod*", "a:b", "a/b"]),
    ("pipeline_instance_type", ["", "nano", "t3a", "t3a_nano", "T3A.nano"]),
    ("pipeline_instance_image", ["ubuntu", "ami-xyz"]),
    ("pipeline_iam_timestamp", ["", "20241024", "2024-10-24T00:00:00"]),
    ("pipeline_iam_ec2_role", ["", "a b", "x" * 65]),
    ("pipeline_application", ["", "a b", "x" * 101]),
    ("pipeline_iam_permissions_boundary", ["boundary", "arn:aws:iam::1:policy/x"]),
    ("pipeline_instance_count", ["0", "-1"]),
    ("pipeline_security_group", ["", "sg-1"]),
    ("pipeline_vpc_id", ["default", "subnet-12345678"]),
    ("pipeline_github_api_url", ["", "api.github.com", "https://api.github.com/"]),
]


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in ALLOWED for value in values])
def test_a_value_is_allowed(name: str, value: str) -> None:
    assert re.search(RULES[name]["pattern"], value)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in REFUSED for value in values])
def test_a_value_is_refused(name: str, value: str) -> None:
    assert not re.search(RULES[name]["pattern"], value)
