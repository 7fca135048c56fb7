"""Arguments that cannot be meant: one line names option, value and what is allowed, and AWS is not called."""

import contextlib
import importlib
import io
import json
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

COMMIT = "0123456789abcdef0123456789abcdef01234567"
APPLICATION: dict[str, Any] = {"name": "shop"}
GROUP: dict[str, Any] = {"application_name": "shop", "name": "web", "service_role": "deployer"}
CONFIG: dict[str, Any] = {"name": "careful"}
GITHUB = {"repository": "OWNER/shop", "commit_id": COMMIT}
S3 = {"bucket": "bundles", "key": "shop.zip"}
PLACE: dict[str, Any] = {"application_name": "shop", "deployment_group_name": "web"}
DEPLOY: dict[str, Any] = {**PLACE, "github_location": GITHUB}
AN_ARN = "arn:aws:iam::aws:policy/ReadOnlyAccess"
OIDC: dict[str, Any] = {"url": "https://token.actions.githubusercontent.com"}
FILTER = {"key": "Name", "value": "web"}
LONG = "x" * 101
CANARY = {"canary_percentage": 10, "canary_interval": 5}
LINEAR = {"linear_percentage": 10, "linear_interval": 5}
TRIGGER = {"trigger_name": "n", "trigger_target_arn": "a", "trigger_events": ["DeploymentStart"]}

# A module, its arguments, and what the message must name.
CASES: list[tuple[str, dict[str, Any], list[str]]] = [
    *[
        ("codedeploy_application", arguments, said)
        for arguments, said in (
            ({}, ["name"]),
            ({"name": ""}, ["name", "''", "A-Z"]),
            ({"name": LONG}, ["name", LONG, "1 to 100"]),
            ({"name": "my shop"}, ["name", "'my shop'", "A-Z"]),
            ({"name": "shöp"}, ["name", "'shöp'", "A-Z"]),
            ({"name": "a/b"}, ["name", "'a/b'", "A-Z"]),
            ({"name": "a\nb"}, ["name", "A-Z"]),
            ({**APPLICATION, "new_name": "a b"}, ["new_name", "'a b'", "A-Z"]),
            ({**APPLICATION, "state": "gone"}, ["state", "gone", "present, absent"]),
            ({**APPLICATION, "compute_platform": "server"}, ["compute_platform", "server", "Lambda"]),
            ({**APPLICATION, "tags": "text"}, ["tags"]),
            ({**APPLICATION, "purge_tags": "perhaps"}, ["purge_tags", "perhaps"]),
            ({**APPLICATION, "nmae": "x"}, ["nmae"]),
        )
    ],
    *[
        ("codedeploy_deployment_group", {**GROUP, **arguments}, said)
        for arguments, said in (
            ({"name": "a b"}, ["name", "'a b'", "A-Z"]),
            ({"application_name": "a b"}, ["application_name", "'a b'", "A-Z"]),
            ({"new_name": LONG}, ["new_name", "1 to 100"]),
            ({"deployment_config_name": "a b"}, ["deployment_config_name", "'a b'", "A-Z"]),
            ({"service_role": "a role"}, ["service_role", "'a role'", "arn:aws:iam::"]),
            (
                {"service_role": "arn:aws:s3:::bucket"},
                ["service_role", "arn:aws:s3:::bucket", "arn:aws:iam::"],
            ),
            ({"service_role": "x" * 65}, ["service_role", "1 to 64"]),
            ({"state": "there"}, ["state", "there", "present, absent"]),
            ({"ec2_tag_filters": [FILTER], "ec2_tag_set": [[FILTER]]}, ["ec2_tag_filters", "ec2_tag_set"]),
            (
                {"on_premises_instance_tag_filters": [FILTER], "on_premises_tag_set": [[FILTER]]},
                ["on_premises_instance_tag_filters", "on_premises_tag_set"],
            ),
            ({"ec2_tag_filters": [{}]}, ["ec2_tag_filters[0]", "key, value or both"]),
            ({"ec2_tag_filters": ["Name"]}, ["ec2_tag_filters[0]", "'Name'", "key, type, value"]),
            ({"alarm_configuration": "errors"}, ["alarm_configuration", "'errors'", "alarms, enabled"]),
            ({"alarm_configuration": {"alarms": ["a"]}}, ["alarm_configuration.alarms[0]", "'a'", "name"]),
            ({"auto_rollback": "on"}, ["auto_rollback", "'on'", "enabled, events"]),
            ({"ecs_services": [3]}, ["ecs_services[0]", "3", "cluster_name, service_name"]),
            ({"ec2_tag_filters": [{"Key": "Name"}]}, ["Key", "ec2_tag_filters"]),
            ({"ec2_tag_filters": [{"key": "a", "type": "BOTH"}]}, ["type", "BOTH", "KEY_ONLY"]),
            (
                {"ec2_tag_filters": [{"key": "a", "type": "VALUE_ONLY"}]},
                ["ec2_tag_filters[0]", "needs a value"],
            ),
            (
                {"ec2_tag_filters": [{"value": "a", "type": "KEY_ONLY"}]},
                ["ec2_tag_filters[0]", "needs a key"],
            ),
            (
                {"ec2_tag_filters": [{"key": "a", "type": "KEY_AND_VALUE"}]},
                ["ec2_tag_filters[0]", "needs a value"],
            ),
            ({"on_premises_instance_tag_filters": [{}]}, ["on_premises_instance_tag_filters[0]"]),
            ({"ec2_tag_set": [[FILTER]] * 4}, ["ec2_tag_set", "4 groups", "at most 3"]),
            ({"ec2_tag_set": [["Name"]]}, ["ec2_tag_set[0][0]", "'Name'", "key, value and type"]),
            ({"ec2_tag_set": [[{"Key": "a"}]]}, ["ec2_tag_set[0][0]", "Key", "key, value and type"]),
            ({"ec2_tag_set": [[{"key": "a", "type": "X"}]]}, ["ec2_tag_set[0][0].type", "'X'", "KEY_ONLY"]),
            ({"ec2_tag_set": [[{}]]}, ["ec2_tag_set[0][0]", "key, value or both"]),
            ({"ec2_tag_set": [FILTER]}, ["ec2_tag_set", "list"]),
            ({"on_premises_tag_set": [[{}]]}, ["on_premises_tag_set[0][0]"]),
            ({"on_premises_tag_set": [[FILTER]] * 4}, ["on_premises_tag_set", "at most 3"]),
            (
                {"auto_rollback_configuration": {}},
                ["auto_rollback_configuration.events", "DEPLOYMENT_FAILURE"],
            ),
            (
                {"auto_rollback": {"enabled": True, "events": []}},
                ["auto_rollback_configuration.events", "DEPLOYMENT_FAILURE"],
            ),
            ({"auto_rollback": {"events": ["FAILURE"]}}, ["events", "FAILURE", "DEPLOYMENT_FAILURE"]),
            ({"auto_rollback": {"on": True}}, ["on", "enabled"]),
            ({"alarm_configuration": {}}, ["alarm_configuration.alarms", "enabled to false"]),
            ({"alarm_configuration": {"alarms": [{}]}}, ["name", "alarm_configuration"]),
            (
                {"alarm_configuration": {"alarms": [{"name": str(n)} for n in range(11)]}},
                ["alarm_configuration.alarms", "11 alarms", "10"],
            ),
            ({"trigger_configurations": [{"trigger_name": "n"}]}, ["trigger_events", "trigger_target_arn"]),
            (
                {"trigger_configurations": [{**TRIGGER, "trigger_events": ["Start"]}]},
                ["trigger_events", "Start", "DeploymentStart"],
            ),
            ({"outdated_instances_strategy": "NEVER"}, ["outdated_instances_strategy", "NEVER", "IGNORE"]),
            (
                {"deployment_style": {"deployment_type": "CANARY"}},
                ["deployment_type", "CANARY", "BLUE_GREEN"],
            ),
            ({"deployment_style": {"deployment_option": "x"}}, ["deployment_option", "WITH_TRAFFIC_CONTROL"]),
            ({"deployment_style": {"type": "IN_PLACE"}}, ["type", "deployment_type"]),
            ({"load_balancer_info": {"elb_info_list": [{}]}}, ["name", "elb_info_list"]),
            ({"load_balancer_info": {"target_groups": []}}, ["target_groups", "target_group_info_list"]),
            (
                {"load_balancer_info": {"target_group_pair_info_list": [{}]}},
                ["target_groups", "target_group_pair_info_list"],
            ),
            (
                {
                    "blue_green_deployment_configuration": {
                        "deployment_ready_option": {"wait_time_in_minutes": "x"}
                    }
                },
                ["wait_time_in_minutes", "x"],
            ),
            (
                {
                    "blue_green_deployment_configuration": {
                        "green_fleet_provisioning_option": {"action": "NEW"}
                    }
                },
                ["action", "NEW", "DISCOVER_EXISTING"],
            ),
            ({"termination_hook_enabled": "x"}, ["termination_hook_enabled", "x"]),
            ({"ec2_deployment_options": {"processes": []}}, ["processes", "auto_scaling_group_processes"]),
            (
                {"ec2_deployment_options": {"auto_scaling_group_processes_to_suspend": ["Launch"]}},
                ["auto_scaling_group_processes_to_suspend", "Launch", "AZRebalance"],
            ),
            ({"ecs_services": [{"service_name": "web"}]}, ["cluster_name", "ecs_services"]),
            ({"wait_timeout": -1}, ["wait_timeout", "-1", "0 to 3600"]),
            ({"wait_timeout": "soon"}, ["wait_timeout", "soon"]),
        )
    ],
    *[
        ("codedeploy_deployment_config", {**CONFIG, **arguments}, said)
        for arguments, said in (
            ({"name": "CodeDeployDefault.Mine"}, ["name", "CodeDeployDefault.Mine"]),
            ({"name": "a b"}, ["name", "'a b'", "A-Z"]),
            ({"compute_platform": "EC2"}, ["compute_platform", "EC2", "Server"]),
            ({"minimum_healthy_hosts": {"type": "HOST_COUNT"}}, ["value", "minimum_healthy_hosts"]),
            (
                {"minimum_healthy_hosts": {"type": "FLEET_PERCENT", "value": 101}},
                ["minimum_healthy_hosts.value", "101", "0 to 100"],
            ),
            (
                {"minimum_healthy_hosts": {"type": "HOST_COUNT", "value": -1}},
                ["minimum_healthy_hosts.value", "-1", "0 to"],
            ),
            ({"minimum_healthy_hosts": {"type": "ALL", "value": 1}}, ["type", "ALL", "HOST_COUNT"]),
            (
                {"zonal_config": {"minimum_healthy_hosts_per_zone": {"type": "FLEET_PERCENT", "value": 200}}},
                ["zonal_config.minimum_healthy_hosts_per_zone.value", "200", "0 to 100"],
            ),
            ({"traffic_routing_config": {"type": "AllAtOnce"}}, ["traffic_routing_config", "Lambda and ECS"]),
            (
                {"compute_platform": "ECS", "minimum_healthy_hosts": {"type": "HOST_COUNT", "value": 1}},
                ["minimum_healthy_hosts", "Server"],
            ),
            (
                {"compute_platform": "Lambda", "traffic_routing_config": {"type": "TimeBasedCanary"}},
                ["traffic_routing_config.time_based_canary", "TimeBasedCanary"],
            ),
            (
                {
                    "compute_platform": "Lambda",
                    "traffic_routing_config": {"type": "AllAtOnce", "time_based_linear": LINEAR},
                },
                ["traffic_routing_config.time_based_linear", "AllAtOnce"],
            ),
            (
                {
                    "compute_platform": "Lambda",
                    "traffic_routing_config": {
                        "type": "TimeBasedCanary",
                        "time_based_canary": {**CANARY, "canary_percentage": 100},
                    },
                },
                ["canary_percentage", "100", "1 to 99"],
            ),
            (
                {
                    "compute_platform": "Lambda",
                    "traffic_routing_config": {
                        "type": "TimeBasedLinear",
                        "time_based_linear": {**LINEAR, "linear_interval": 0},
                    },
                },
                ["linear_interval", "0", "1 to 2880"],
            ),
        )
    ],
    *[
        ("codedeploy_deployment", arguments, said)
        for arguments, said in (
            ({}, ["application_name", "deployment_group_name"]),
            ({"application_name": "shop"}, ["deployment_group_name"]),
            ({"deployment_group_name": "web"}, ["application_name"]),
            (PLACE, ["github_location", "s3_location", "app_spec_content", "source_dir"]),
            ({**DEPLOY, "s3_location": S3}, ["github_location", "s3_location"]),
            ({**DEPLOY, "source_dir": "/site", "bucket": "b"}, ["github_location", "source_dir"]),
            ({**PLACE, "source_dir": "/site"}, ["source_dir", "bucket"]),
            ({**PLACE, "bucket": "b"}, ["source_dir", "bucket"]),
            ({**PLACE, "source_dir": "/nowhere/at/all", "bucket": "b"}, ["source_dir", "/nowhere/at/all"]),
            ({**PLACE, "github_location": {"repository": "OWNER/shop"}}, ["commit_id"]),
            (
                {**PLACE, "github_location": {**GITHUB, "repository": "shop"}},
                ["repository", "shop", "OWNER/"],
            ),
            (
                {**PLACE, "github_location": {**GITHUB, "repository": "https://github.com/OWNER/shop"}},
                ["repository", "https://github.com/OWNER/shop", "OWNER/REPOSITORY"],
            ),
            ({**PLACE, "github_location": {**GITHUB, "commit_id": "main"}}, ["commit_id", "main", "40"]),
            (
                {**PLACE, "github_location": {**GITHUB, "commit_id": COMMIT[:7]}},
                ["commit_id", COMMIT[:7], "40"],
            ),
            ({**PLACE, "s3_location": {**S3, "key": "shop"}}, ["bundle_type", "shop", "tgz"]),
            ({**PLACE, "s3_location": {**S3, "bundle_type": "rar"}}, ["bundle_type", "rar", "tgz"]),
            ({**PLACE, "s3_location": {"key": "x.zip"}}, ["bucket"]),
            ({**DEPLOY, "state": "running"}, ["state", "running", "rolled_back"]),
            ({**DEPLOY, "state": "stopped"}, ["github_location", "stopped"]),
            ({**DEPLOY, "state": "rolled_back"}, ["github_location", "rolled_back"]),
            ({**DEPLOY, "deployment_id": "d-1"}, ["deployment_id", "stopped"]),
            ({"state": "stopped"}, ["application_name", "stopped"]),
            ({**DEPLOY, "deployment_mode": "RESTART"}, ["github_location", "RESTART"]),
            ({**DEPLOY, "deployment_mode": "AGAIN"}, ["deployment_mode", "AGAIN", "STANDARD"]),
            ({**DEPLOY, "file_exists_behavior": "overwrite"}, ["file_exists_behavior", "OVERWRITE"]),
            ({**DEPLOY, "on_conflict": "ignore"}, ["on_conflict", "ignore", "wait, fail, stop"]),
            ({**DEPLOY, "description": "x" * 257}, ["description", "257", "256"]),
            ({**DEPLOY, "application_name": "a b"}, ["application_name", "'a b'", "A-Z"]),
            ({**DEPLOY, "deployment_config_name": "a b"}, ["deployment_config_name", "'a b'", "A-Z"]),
            ({**DEPLOY, "wait_timeout": -5}, ["wait_timeout", "-5", "0 to"]),
            ({**DEPLOY, "auto_rollback": {}}, ["auto_rollback_configuration.events"]),
            ({**DEPLOY, "override_alarm_configuration": {}}, ["override_alarm_configuration.alarms"]),
            (
                {**DEPLOY, "target_instances": {"tag_filters": [{}]}},
                ["target_instances.tag_filters[0]", "key, value or both"],
            ),
            ({**PLACE, "s3_location": "shop.zip"}, ["s3_location", "'shop.zip'", "bucket, bundle_type"]),
            (
                {**DEPLOY, "target_instances": {"ec2_tag_set": [["x"]]}},
                ["target_instances.ec2_tag_set[0][0]", "'x'"],
            ),
            (
                {**DEPLOY, "target_instances": {"tag_filters": [FILTER], "ec2_tag_set": [[FILTER]]}},
                ["tag_filters", "ec2_tag_set", "target_instances"],
            ),
        )
    ],
    *[
        (f"codedeploy_{module}_info", arguments, said)
        for module, arguments, said in (
            ("application", {"names": ["a b"]}, ["names", "'a b'", "A-Z"]),
            ("deployment_group", {"application_name": "a b"}, ["application_name", "'a b'", "A-Z"]),
            ("deployment_group", {"application_name": "shop", "names": [""]}, ["names", "''", "A-Z"]),
            ("deployment", {"created_after": "yesterday"}, ["created_after", "yesterday", "ISO 8601"]),
            ("deployment", {"created_before": "2024-13-01"}, ["created_before", "2024-13-01", "ISO 8601"]),
            ("deployment", {"statuses": ["Done"]}, ["statuses", "Done", "Succeeded"]),
            ("deployment", {"limit": 0}, ["limit", "0", "1 to"]),
            ("deployment", {"deployment_group_name": "web"}, ["application_name", "deployment_group_name"]),
        )
    ],
    *[
        ("iam_oidc_provider", {**OIDC, **arguments}, said)
        for arguments, said in (
            ({"url": "http://example.com"}, ["url", "http://example.com", "https://"]),
            ({"url": "token.actions.githubusercontent.com"}, ["url", "https://HOST"]),
            ({"url": "https://example.com/?a=b"}, ["url", "https://example.com/?a=b"]),
            ({"client_ids": ["two words"]}, ["client_ids", "two words", "without spaces"]),
            ({"thumbprints": ["abc"]}, ["thumbprints", "abc", "40"]),
            ({"state": "x"}, ["state", "x", "present, absent"]),
        )
    ],
    *[
        ("iam_role_policies", {"roles": [{"name": "reader", **role}]}, said)
        for role, said in (
            ({"name": "a role"}, ["roles[0].name", "'a role'", "1 to 64"]),
            ({"inline": {"a policy": {}}}, ["roles[0].inline", "'a policy'", "1 to 128"]),
            ({"inline": {"read": "s3:*"}}, ["roles[0].inline.read", "'s3:*'", "Statement"]),
            ({"inline": {"read": {"Version": "2012-10-17"}}}, ["roles[0].inline.read", "Statement"]),
            ({"attached": ["ReadOnly"]}, ["roles[0].attached", "'ReadOnly'", "arn:"]),
            ({"detached": ["arn:aws:iam::1:policy/x"]}, ["roles[0].detached", "arn:aws:iam::1", "arn:"]),
            (
                {"attached": [AN_ARN], "detached": [AN_ARN]},
                ["roles[0].detached", AN_ARN, "one of the two"],
            ),
        )
    ],
]


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """AWS, where every call fails the test."""
    calls: list[str] = []

    def refuse(_client: object, operation: str, _request: object) -> None:
        calls.append(operation)
        raise AssertionError(operation)

    monkeypatch.setattr("botocore.client.BaseClient._make_api_call", refuse)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    return calls


def test_there_are_a_hundred() -> None:
    assert len(CASES) >= 100


@pytest.mark.parametrize(("module", "arguments", "said"), CASES)
def test_one_line_says_what_is_wrong(
    module: str, arguments: dict[str, Any], said: list[str], nowhere: list[str]
) -> None:
    output = io.StringIO()
    with patch_module_args(arguments), contextlib.redirect_stdout(output), pytest.raises(SystemExit):
        importlib.import_module(f"plugins.modules.{module}").main()
    result = json.loads(output.getvalue())
    assert result["failed"]
    for word in said:
        assert word in result["msg"]
    assert "\n" not in result["msg"]
    assert "Traceback" not in output.getvalue()
    assert nowhere == []
