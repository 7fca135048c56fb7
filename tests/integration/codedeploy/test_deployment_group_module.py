"""codedeploy_deployment_group: every option, on and off again."""

from typing import Any

import pytest

from local_cloud.testing.shop import make_role
from tests.integration.codedeploy.runner import Client, Module

PLACE: dict[str, Any] = {"application_name": "shop", "name": "web"}
ROLE = "arn:aws:iam::123456789012:role/deployer"
TOPIC = "arn:aws:sns:us-east-1:123456789012:news"
LISTENER = (
    "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/shop/50dc6c495c0c9188/f2f7dc8efc522ab2"
)
FILTER = {"key": "Name", "value": "web"}
FULL_FILTER = {**FILTER, "type": "KEY_AND_VALUE"}
ROLLBACK = {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}
NO_ROLLBACK = {"enabled": False, "events": []}
ALARMS = {"enabled": True, "ignore_poll_alarm_failure": True, "alarms": [{"name": "errors"}]}
NO_ALARMS = {"enabled": False, "ignore_poll_alarm_failure": False, "alarms": []}
TRIGGER = {
    "trigger_name": "news",
    "trigger_target_arn": TOPIC,
    "trigger_events": ["DeploymentFailure", "DeploymentSuccess"],
}
PROCESSES = {"auto_scaling_group_processes_to_suspend": ["AZRebalance", "Terminate"]}


@pytest.fixture
def place(application: Module, client: Client) -> dict[str, Any]:
    """An application, and what a new group needs."""
    application(name="shop")
    make_role(client)
    client("sns").create_topic(Name="news")
    return {**PLACE, "service_role": ROLE}


class TestPresent:
    def test_creates_once(self, deployment_group: Module, place: dict[str, Any]) -> None:
        result = deployment_group.four_beats(**place, ec2_tag_filters=[FILTER])
        group = result["deployment_group"]
        assert result["changed"]
        assert group["deployment_group_id"]
        assert group["deployment_config_name"] == "CodeDeployDefault.OneAtATime"
        assert group["ec2_tag_filters"] == [FULL_FILTER]
        assert group["deployment_style"] == {
            "deployment_type": "IN_PLACE",
            "deployment_option": "WITHOUT_TRAFFIC_CONTROL",
        }
        assert group["outdated_instances_strategy"] == "UPDATE"

    def test_makes_one_call_when_nothing_changes(
        self, deployment_group: Module, place: dict[str, Any]
    ) -> None:
        deployment_group(**place, ec2_tag_filters=[FILTER])
        assert deployment_group(**place, ec2_tag_filters=[FILTER]).calls == ["GetDeploymentGroup"]
        by_name = {**place, "service_role": "deployer"}
        assert deployment_group(**by_name, ec2_tag_filters=[FILTER]).calls == ["GetDeploymentGroup"]

    def test_makes_two_calls_when_tags_do_not_change(
        self, deployment_group: Module, place: dict[str, Any]
    ) -> None:
        deployment_group(**place, tags={"Stage": "test"})
        result = deployment_group(**place, tags={"Stage": "test"})
        assert result.calls == ["GetDeploymentGroup", "ListTagsForResource"]

    def test_is_predicted_before_application_and_role_exist(self, deployment_group: Module) -> None:
        result = deployment_group.check(**PLACE, service_role="deployer", ec2_tag_filters=[FILTER])
        assert result["changed"]
        assert result.writes == []
        assert result["deployment_group"]["service_role_arn"] == "deployer"
        assert result["deployment_group"]["ec2_tag_filters"] == [FULL_FILTER]

    def test_needs_a_role_to_create(self, deployment_group: Module, application: Module) -> None:
        application(name="shop")
        assert "service_role: the deployment group web is new" in deployment_group.refuse(**PLACE)["msg"]

    def test_says_which_application_is_missing(self, deployment_group: Module, client: Client) -> None:
        make_role(client)
        result = deployment_group.refuse(**PLACE, service_role="deployer", wait_timeout=0)
        assert "Create it first, with the module codedeploy_application" in result["msg"]
        assert "\n" not in result["msg"]

    def test_says_which_role_is_missing(self, deployment_group: Module, application: Module) -> None:
        application(name="shop")
        result = deployment_group.refuse(**PLACE, service_role="nobody", wait_timeout=0)
        assert "service_role: this account has no role nobody" in result["msg"]

    @pytest.mark.parametrize("platform", ["Lambda", "ECS"])
    def test_for_other_platforms(
        self, deployment_group: Module, application: Module, client: Client, platform: str
    ) -> None:
        make_role(client)
        application(name="shop", compute_platform=platform)
        config = f"CodeDeployDefault.{platform}AllAtOnce"
        result = deployment_group.four_beats(
            **PLACE,
            service_role="deployer",
            deployment_config_name=config,
            deployment_style={
                "deployment_type": "BLUE_GREEN",
                "deployment_option": "WITH_TRAFFIC_CONTROL",
            },
            **(ecs_extras() if platform == "ECS" else {}),
        )
        assert result["deployment_group"]["deployment_config_name"] == config
        assert result["deployment_group"]["compute_platform"] == platform


def ecs_extras() -> dict[str, Any]:
    """What AWS wants of a group for ECS."""
    return {
        "ecs_services": [{"service_name": "web", "cluster_name": "shop"}],
        "load_balancer_info": {
            "target_group_pair_info_list": [
                {
                    "target_groups": [{"name": "blue"}, {"name": "green"}],
                    "prod_traffic_route": {"listener_arns": [LISTENER]},
                    "test_traffic_route": {"listener_arns": [f"{LISTENER[:-1]}3"]},
                }
            ]
        },
        "blue_green_deployment_configuration": {
            "terminate_blue_instances_on_deployment_success": {
                "action": "TERMINATE",
                "termination_wait_time_in_minutes": 5,
            },
            "deployment_ready_option": {"action_on_timeout": "CONTINUE_DEPLOYMENT"},
        },
    }


# Every attribute: the option that switches it on and how it then reads, the one that switches it off and how
# that reads.
SWITCHES: dict[str, tuple[dict[str, Any], Any, dict[str, Any], Any]] = {
    "deployment_config_name": (
        {"deployment_config_name": "CodeDeployDefault.AllAtOnce"},
        "CodeDeployDefault.AllAtOnce",
        {"deployment_config_name": "CodeDeployDefault.OneAtATime"},
        "CodeDeployDefault.OneAtATime",
    ),
    "ec2_tag_filters": (
        {"ec2_tag_filters": [FILTER, {"key": "Web"}, {"value": "x"}]},
        [FULL_FILTER, {"key": "Web", "type": "KEY_ONLY"}, {"type": "VALUE_ONLY", "value": "x"}],
        {"ec2_tag_filters": []},
        None,
    ),
    "ec2_tag_set": (
        {"ec2_tag_set": [[FILTER], [{"key": "Stage", "value": "test"}]]},
        [[FULL_FILTER], [{"key": "Stage", "value": "test", "type": "KEY_AND_VALUE"}]],
        {"ec2_tag_set": []},
        None,
    ),
    "on_premises_instance_tag_filters": (
        {"on_premises_instance_tag_filters": [FILTER]},
        [FULL_FILTER],
        {"on_premises_instance_tag_filters": []},
        None,
    ),
    "on_premises_tag_set": (
        {"on_premises_tag_set": [[FILTER]]},
        [[FULL_FILTER]],
        {"on_premises_tag_set": []},
        None,
    ),
    "termination_hook_enabled": (
        {"termination_hook_enabled": True},
        True,
        {"termination_hook_enabled": False},
        False,
    ),
    "ec2_deployment_options": (
        {"ec2_deployment_options": PROCESSES},
        PROCESSES,
        {"ec2_deployment_options": {"auto_scaling_group_processes_to_suspend": []}},
        None,
    ),
    "auto_rollback_configuration": (
        {"auto_rollback_configuration": ROLLBACK},
        ROLLBACK,
        {"auto_rollback_configuration": {"enabled": False}},
        NO_ROLLBACK,
    ),
    "alarm_configuration": (
        {"alarm_configuration": ALARMS},
        ALARMS,
        {"alarm_configuration": {"enabled": False}},
        NO_ALARMS,
    ),
    "trigger_configurations": (
        {"trigger_configurations": [TRIGGER]},
        [TRIGGER],
        {"trigger_configurations": []},
        None,
    ),
    "outdated_instances_strategy": (
        {"outdated_instances_strategy": "IGNORE"},
        "IGNORE",
        {"outdated_instances_strategy": "UPDATE"},
        "UPDATE",
    ),
    "load_balancer_info": (
        {
            "load_balancer_info": {"target_group_info_list": [{"name": "web"}]},
            "deployment_style": {"deployment_option": "WITH_TRAFFIC_CONTROL"},
        },
        {"target_group_info_list": [{"name": "web"}]},
        {
            "load_balancer_info": {},
            "deployment_style": {"deployment_option": "WITHOUT_TRAFFIC_CONTROL"},
        },
        None,
    ),
}


class TestEveryOption:
    @pytest.mark.parametrize("name", SWITCHES)
    def test_on_at_creation_then_off(
        self, deployment_group: Module, place: dict[str, Any], name: str
    ) -> None:
        on, seen_on, off, seen_off = SWITCHES[name]
        created = deployment_group.four_beats(**place, **on)
        assert created.shown[name] == (None, seen_on)

        switched = deployment_group.four_beats(**PLACE, **off)
        assert switched.shown[name] == (seen_on, seen_off)
        assert switched.writes == ["UpdateDeploymentGroup"]
        assert set(switched.shown) == set(off)

    @pytest.mark.parametrize("name", SWITCHES)
    def test_on_later(self, deployment_group: Module, place: dict[str, Any], name: str) -> None:
        deployment_group(**place)
        on, seen_on, _, _ = SWITCHES[name]
        result = deployment_group.four_beats(**PLACE, **on)
        assert result.shown[name][1] == seen_on
        assert result["deployment_group"][name] == seen_on

    @pytest.mark.parametrize("name", SWITCHES)
    def test_stays_when_it_is_not_given(
        self, deployment_group: Module, place: dict[str, Any], name: str
    ) -> None:
        on, seen_on, _, _ = SWITCHES[name]
        deployment_group(**place, **on)
        other = "outdated_instances_strategy"
        given = {"termination_hook_enabled": True} if name == other else {other: "IGNORE"}
        result = deployment_group.four_beats(**PLACE, **given)
        assert set(result.shown) == set(given)
        assert result["deployment_group"][name] == seen_on

    def test_auto_scaling_groups(
        self, deployment_group: Module, place: dict[str, Any], client: Client
    ) -> None:
        autoscaling = client("autoscaling")
        autoscaling.create_launch_configuration(
            LaunchConfigurationName="web", ImageId="ami-12c6146b", InstanceType="t3a.nano"
        )
        for name in ("one", "two"):
            autoscaling.create_auto_scaling_group(
                AutoScalingGroupName=name,
                LaunchConfigurationName="web",
                MinSize=0,
                MaxSize=1,
                AvailabilityZones=["us-east-1a"],
            )
        deployment_group.four_beats(**place, auto_scaling_groups=["two", "one"])
        result = deployment_group.four_beats(**PLACE, auto_scaling_groups=["two"])
        assert result.shown == {"auto_scaling_groups": (["one", "two"], ["two"])}
        assert deployment_group.four_beats(**PLACE, auto_scaling_groups=[]).shown == {
            "auto_scaling_groups": (["two"], None)
        }

    def test_classic_load_balancer(self, deployment_group: Module, place: dict[str, Any]) -> None:
        result = deployment_group.four_beats(
            **place,
            load_balancer_info={"elb_info_list": [{"name": "web"}]},
            deployment_style={"deployment_option": "WITH_TRAFFIC_CONTROL"},
        )
        assert result["deployment_group"]["load_balancer_info"] == {"elb_info_list": [{"name": "web"}]}

    def test_service_role(self, deployment_group: Module, place: dict[str, Any], client: Client) -> None:
        deployment_group(**place)
        other = make_role(client, "other")
        result = deployment_group.four_beats(**PLACE, service_role="other")
        assert result.shown == {"service_role_arn": (ROLE, other)}

    def test_blue_green(self, deployment_group: Module, place: dict[str, Any]) -> None:
        first = {
            "terminate_blue_instances_on_deployment_success": {
                "action": "TERMINATE",
                "termination_wait_time_in_minutes": 5,
            },
            "deployment_ready_option": {
                "action_on_timeout": "STOP_DEPLOYMENT",
                "wait_time_in_minutes": 10,
            },
            "green_fleet_provisioning_option": {"action": "DISCOVER_EXISTING"},
        }
        style = {"deployment_type": "BLUE_GREEN", "deployment_option": "WITH_TRAFFIC_CONTROL"}
        behind = {"load_balancer_info": {"target_group_info_list": [{"name": "web"}]}}
        created = deployment_group.four_beats(
            **place, blue_green_deployment_configuration=first, deployment_style=style, **behind
        )
        assert created["deployment_group"]["blue_green_deployment_configuration"] == first

        kept = {"terminate_blue_instances_on_deployment_success": {"action": "KEEP_ALIVE"}}
        changed = deployment_group.four_beats(**PLACE, blue_green_deployment_configuration=kept)
        assert changed["deployment_group"]["blue_green_deployment_configuration"] == {**first, **kept}


class TestExclusion:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("ec2_tag_filters", "ec2_tag_set"),
            ("on_premises_instance_tag_filters", "on_premises_tag_set"),
        ],
    )
    def test_setting_one_kind_of_filter_empties_the_other(
        self, deployment_group: Module, place: dict[str, Any], one: str, other: str
    ) -> None:
        deployment_group(**place, **SWITCHES[one][0])
        to_set = deployment_group.four_beats(**PLACE, **SWITCHES[other][0])
        assert to_set.shown[one][1] is None
        back = deployment_group.four_beats(**PLACE, **SWITCHES[one][0])
        assert back.shown[other][1] is None

    def test_both_are_refused_before_any_call(self, deployment_group: Module, place: dict[str, Any]) -> None:
        result = deployment_group.refuse(**place, ec2_tag_filters=[FILTER], ec2_tag_set=[[FILTER]])
        assert "mutually exclusive" in result["msg"]
        assert result.calls == []

    def test_warns_that_filters_mean_or(self, deployment_group: Module, place: dict[str, Any]) -> None:
        two = [FILTER, {"key": "Stage", "value": "test"}]
        result = deployment_group(**place, ec2_tag_filters=two)
        assert "any one of the tags Name, Stage" in str(result["warnings"])


class TestOrder:
    def test_of_sets_does_not_matter(self, deployment_group: Module, place: dict[str, Any]) -> None:
        filters = [FILTER, {"key": "Stage"}]
        alarms = [{"name": "b"}, {"name": "a"}]
        deployment_group(**place, ec2_tag_filters=filters, alarm_configuration={"alarms": alarms})
        again = deployment_group(
            **PLACE,
            ec2_tag_filters=filters[::-1] + filters,
            alarm_configuration={"alarms": alarms[::-1]},
        )
        assert not again["changed"]


class TestRename:
    def test_renames_once(self, deployment_group: Module, place: dict[str, Any]) -> None:
        deployment_group(**place, tags={"Stage": "test"})
        result = deployment_group.four_beats(**PLACE, new_name="store", tags={"Stage": "live"})
        assert result.shown == {
            "deployment_group_name": ("web", "store"),
            "tags": ({"Stage": "test"}, {"Stage": "live"}),
        }


class TestTags:
    def test_added_changed_and_purged(self, deployment_group: Module, place: dict[str, Any]) -> None:
        deployment_group.four_beats(**place, tags={"Stage": "test"})
        kept = deployment_group.four_beats(**PLACE, tags={"Team": "web"}, purge_tags=False)
        assert kept["deployment_group"]["tags"] == {"Stage": "test", "Team": "web"}
        purged = deployment_group.four_beats(**PLACE, tags={"Team": "web"})
        assert purged["deployment_group"]["tags"] == {"Team": "web"}
        assert deployment_group.four_beats(**PLACE, tags={})["deployment_group"]["tags"] == {}


class TestAbsent:
    def test_deletes_once(self, deployment_group: Module, place: dict[str, Any]) -> None:
        deployment_group(**place)
        result = deployment_group.four_beats(**PLACE, state="absent")
        assert result["changed"]
        assert result["deployment_group"] == {}

    def test_of_what_was_never_there(self, deployment_group: Module) -> None:
        assert not deployment_group.four_beats(**PLACE, state="absent")["changed"]
