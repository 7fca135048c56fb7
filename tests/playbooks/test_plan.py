"""What the plan at the end of a dry run makes of tasks' results. Their shapes are those of real dry runs."""

import json
from typing import Any

import pytest

from tests.plugins import load

PLUGIN = "callback_plugins/plan.py"
GITHUB = "token.actions.githubusercontent.com"


@pytest.fixture(scope="module")
def plugin() -> Any:
    return load(PLUGIN)


Task = tuple[str, dict[str, Any], dict[str, Any]]
"""A module, what it was asked, and what it returned."""


def lines(plugin: Any, *tasks: Task) -> list[str]:
    plan = plugin.Plan()
    for module, arguments, result in tasks:
        for step in plugin.steps(module, arguments, result):
            plan.add(step)
    return [each.line for each in plan.steps]


def diff(before: Any, after: Any) -> dict[str, Any]:
    return {"diff": {"before": before, "after": after}}


def trust(**statement: Any) -> str:
    return json.dumps({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", **statement}]})


def test_a_decision_is_no_change(plugin: Any) -> None:
    plan = plugin.Plan(notices=["instances run image a, newest is b"])
    assert plan.text().splitlines()[1:] == ["To decide:", "  instances run image a, newest is b"]
    assert plan.markdown().splitlines()[-3:] == ["**To decide**", "", "- instances run image a, newest is b"]
    assert plan.counts() == {"create": 0, "change": 0, "delete": 0}
    assert plan.document()["notices"] == plan.notices


@pytest.mark.parametrize(
    ("module", "arguments", "result", "line"),
    [
        ("codedeploy_application", {"name": "shop"}, diff({}, {"a": 1}), "+ CodeDeploy application shop"),
        ("iam_role", {"name": "web"}, {}, "+ IAM role web"),
        ("iam_role", {"name": "web"}, {"iam_role": {"role_name": "web"}}, "~ IAM role web"),
        ("iam_role", {"name": "web", "state": "absent"}, {}, "- IAM role web"),
        ("ec2_key", {"name": "web"}, {"key": None}, "+ key pair web"),
        ("ec2_security_group", {"name": "web"}, diff({}, {"x": 1}), "+ security group web"),
        ("ec2_security_group", {"group_id": "sg-1", "state": "absent"}, {}, "- security group sg-1"),
        ("ec2_instance", {"instance_ids": ["i-1"], "state": "absent"}, {}, "- EC2 instance i-1"),
        (
            "codedeploy_deployment_group",
            {"name": "all"},
            diff({"service_role_arn": "a", "same": 1}, {"service_role_arn": "b", "same": 1}),
            "~ deployment group all: service_role_arn: a -> b",
        ),
        (
            "ec2_instance_hardening",
            {},
            diff({"i-1": {"termination_protection": False}}, {"i-1": {"termination_protection": True}}),
            "~ EC2 instance i-1: termination_protection: false -> true",
        ),
        ("ec2_launch_template", {"name": "shop"}, {}, "~ launch template shop"),
        ("elb_application_lb", {"name": "shop", "state": "absent"}, {}, "- load balancer shop"),
        (
            "autoscaling_group_refresh",
            {"name": "shop"},
            diff({"launch_template": "shop:1"}, {"launch_template": "shop:2"}),
            "~ hosts of Auto Scaling group shop: launch_template: shop:1 -> shop:2",
        ),
        ("debug", {}, {"msg": "would point a to b"}, "~ point a to b"),
        ("debug", {}, {"msg": "would create the bucket b"}, "+ bucket b"),
        # A diff of texts, as of files, has no members to name.
        ("github_repository", {"repository": "o/r"}, diff("a", "b"), "~ GitHub repository o/r"),
    ],
)  # fmt: skip
def test_a_resource_is_one_line(
    plugin: Any, module: str, arguments: dict[str, Any], result: dict[str, Any], line: str
) -> None:
    assert lines(plugin, (module, arguments, result)) == [line]


def test_several_instances_that_end_are_a_line_each(plugin: Any) -> None:
    found = lines(plugin, ("ec2_instance", {"instance_ids": ["i-1", "i-2"], "state": "absent"}, {}))
    assert found == ["- EC2 instance i-1", "- EC2 instance i-2"]


def test_policies_are_named_and_a_new_role_is_one_line_with_them(plugin: Any) -> None:
    held = {"inline": {"web": {"Statement": []}}, "attached": []}
    grants: Task = ("iam_role_policies", {}, diff({"web": {"inline": {}, "attached": []}}, {"web": held}))
    assert lines(plugin, grants) == ['~ IAM role web: policy web: null -> {"Statement": []}']
    assert lines(plugin, ("iam_role", {"name": "web"}, {}), grants) == ["+ IAM role web"]


def test_what_ends_is_not_said_to_change(plugin: Any) -> None:
    changed: Task = ("ec2_instance_hardening", {}, diff({"i-1": {"tags": {}}}, {"i-1": {"tags": {"a": "b"}}}))
    ended: Task = ("ec2_instance", {"instance_ids": ["i-1"], "state": "absent"}, {})
    assert lines(plugin, changed, ended) == lines(plugin, ended, changed) == ["- EC2 instance i-1"]


def test_a_replacement_names_what_it_replaces_and_why(plugin: Any) -> None:
    fleet = {
        "missing": 2,
        "retire": {"i-1": "instance_type is a, and b is wanted"},
        "instance_type": "b",
    }
    plan = plugin.Plan()
    for step in plugin.fleet_steps(fleet):
        plan.add(step)
    assert plan.text().splitlines() == [
        "Plan: 4 to create, 0 to change, 1 to delete",
        "  + EC2 instance 2 x b: replaces i-1",
        "  + Elastic IP 2 x",
        "  - EC2 instance i-1: instance_type is a, and b is wanted",
    ]


def test_nothing_to_do_is_said(plugin: Any) -> None:
    plan = plugin.Plan()
    assert plan.text() == "Plan: 0 to create, 0 to change, 0 to delete"
    assert plan.markdown() == "**Plan: 0 to create, 0 to change, 0 to delete**\n"
    assert plan.document() == {
        "create": 0,
        "change": 0,
        "delete": 0,
        "environment": "",
        "resources": [],
        "widening": [],
        "notices": [],
    }
    plan.environment = "staging, app in us-east-1"
    assert plan.text() == "Plan for staging, app in us-east-1: 0 to create, 0 to change, 0 to delete"


def statement(*actions: str, effect: str = "Allow", resource: str = "*") -> dict[str, Any]:
    return {"Effect": effect, "Action": [*actions], "Resource": resource}


def policies(*statements: dict[str, Any], attached: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"web": {"inline": {"web": {"Statement": [*statements]}}, "attached": [*attached]}}


def group(*sources: str) -> dict[str, Any]:
    rule = {"ip_protocol": "tcp", "from_port": 80, "to_port": 80}
    return {"ip_permissions": [rule | {"ip_ranges": [{"cidr_ip": each} for each in sources]}]}


@pytest.mark.parametrize(
    ("module", "arguments", "result", "said"),
    [
        (
            "iam_role_policies",
            {},
            diff(policies(statement("s3:Get*")), policies(statement("s3:Get*", "s3:Put*"))),
            ["IAM role web: s3:Put* on *"],
        ),
        # The same action on more.
        (
            "iam_role_policies",
            {},
            diff(policies(statement("a", resource="x")), policies(statement("a", resource="y"))),
            ["IAM role web: a on y"],
        ),
        ("iam_role_policies", {}, diff(policies(statement("a", "b")), policies(statement("a"))), []),
        ("iam_role_policies", {}, diff(policies(), policies(statement("a", effect="Deny"))), []),
        (
            "iam_role_policies",
            {},
            diff(policies(), policies(attached=("arn",))),
            ["IAM role web: all of arn"],
        ),
        (
            "ec2_security_group",
            {"name": "web"},
            # As amazon.aws has it: a list.
            {"diff": [diff(group("10.0.0.0/8"), group("10.0.0.0/8", "0.0.0.0/0"))["diff"]]},
            ["security group web: tcp 80 from 0.0.0.0/0"],
        ),
        ("ec2_security_group", {"name": "web"}, diff(group("0.0.0.0/0"), group()), []),
        (
            "iam_oidc_provider",
            {"url": "https://x"},
            diff({}, {"url": "x"}),
            ["tokens of https://x are trusted in this account"],
        ),
        (
            "iam_role",
            {"name": "web", "assume_role_policy_document": trust(Principal={"Service": "ec2.amazonaws.com"})},
            {},
            ["IAM role web: taken by ec2.amazonaws.com"],
        ),
        (
            "iam_role",
            {
                "name": "web",
                "assume_role_policy_document": trust(
                    Principal={"Federated": GITHUB}, Condition={"StringEquals": {"sub": ["a", "b"]}}
                ),
            },
            {"iam_role": {"assume_role_policy_document": json.loads(trust(Principal={"Federated": GITHUB}))}},
            [f"IAM role web: taken by {GITHUB} where sub StringEquals a or b"],
        ),
        ("iam_role", {"name": "web", "state": "absent"}, {}, []),
    ],
)  # fmt: skip
def test_what_widens_is_told_apart(
    plugin: Any, module: str, arguments: dict[str, Any], result: dict[str, Any], said: list[str]
) -> None:
    assert list(plugin.widening(module, arguments, result)) == said
