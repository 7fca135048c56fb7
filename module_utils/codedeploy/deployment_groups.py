# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# Longer than 300 lines: one resource with some twenty members, read, compared and written in a row.
"""A CodeDeploy deployment group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..aws.connection import account_in
from ..aws.errors import ModuleError, refuse
from ..aws.transformations import (
    as_set,
    merged_tags,
    tag_filters,
    tag_set,
    to_camel,
    to_tag_list,
    without_empty,
)
from ..aws.waiters import until_usable
from . import api, roles, tags
from .options import (
    alarm_problems,
    filter_problems,
    name_problems,
    range_problems,
    role_problems,
    rollback_problems,
    tag_set_problems,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ..aws.connection import Connection
    from ..aws.errors import Record

# What AWS takes where a group says nothing, by compute platform.
DEFAULT_CONFIG = {
    "Server": "CodeDeployDefault.OneAtATime",
    "Lambda": "CodeDeployDefault.LambdaAllAtOnce",
    "ECS": "CodeDeployDefault.ECSAllAtOnce",
}
IN_PLACE = {"deploymentType": "IN_PLACE", "deploymentOption": "WITHOUT_TRAFFIC_CONTROL"}
BLUE_GREEN = {"deploymentType": "BLUE_GREEN", "deploymentOption": "WITH_TRAFFIC_CONTROL"}

# Of these, the members that are not given stay as they are.
MERGED = ("blueGreenDeploymentConfiguration", "deploymentStyle")
# AWS takes one of each pair: setting one empties the other.
EXCLUSIVE = (("ec2TagFilters", "ec2TagSet"), ("onPremisesInstanceTagFilters", "onPremisesTagSet"))
# What a group refers to may have been made a moment ago, by the task before.
SETTLING = ("InvalidRoleException", "InvalidTriggerConfigException")


def _names(items: list[Any] | None) -> list[str]:
    return sorted({item["name"] if isinstance(item, dict) else item for item in items or []})


def _named(items: list[Any] | None) -> list[dict[str, str]]:
    return [{"name": name} for name in _names(items)]


def _alarms(given: Record | None) -> dict[str, Any]:
    given = given or {}
    return {
        "enabled": bool(given.get("enabled")),
        "ignorePollAlarmFailure": bool(given.get("ignorePollAlarmFailure")),
        "alarms": _named(given.get("alarms")),
    }


def _rollback(given: Record | None) -> dict[str, Any]:
    given = given or {}
    return {"enabled": bool(given.get("enabled")), "events": sorted(set(given.get("events") or []))}


def _triggers(given: list[Record] | None) -> list[dict[str, Any]]:
    return as_set(
        {**trigger, "triggerEvents": sorted(set(trigger["triggerEvents"]))} for trigger in given or []
    )


def _route(given: Record | None) -> dict[str, list[str]]:
    return {"listenerArns": sorted(set((given or {}).get("listenerArns") or []))}


def _pair(given: Record) -> dict[str, Any]:
    routes = {
        name: _route(given[name]) for name in ("prodTrafficRoute", "testTrafficRoute") if given.get(name)
    }
    return {"targetGroups": _named(given.get("targetGroups"))} | routes


def _load_balancers(given: Record | None) -> dict[str, Any]:
    given = given or {}
    lists = {
        "elbInfoList": _named(given.get("elbInfoList")),
        "targetGroupInfoList": _named(given.get("targetGroupInfoList")),
        "targetGroupPairInfoList": as_set(map(_pair, given.get("targetGroupPairInfoList") or [])),
    }
    return {name: items for name, items in lists.items() if items}


def _blue_green(given: Record | None) -> dict[str, Any]:
    """Without the waiting times that the action beside them leaves without meaning."""
    parts = {name: dict(part) for name, part in (given or {}).items() if part}
    blue = parts.get("terminateBlueInstancesOnDeploymentSuccess", {})
    if blue.get("action") == "KEEP_ALIVE" or not blue.get("terminationWaitTimeInMinutes"):
        blue.pop("terminationWaitTimeInMinutes", None)
    ready = parts.get("deploymentReadyOption", {})
    if ready.get("actionOnTimeout") == "CONTINUE_DEPLOYMENT" or not ready.get("waitTimeInMinutes"):
        ready.pop("waitTimeInMinutes", None)
    return without_empty(parts)


def _ec2_tag_set(given: Any) -> list[list[dict[str, str]]]:  # noqa: ANN401 - the API's form or the option's
    return tag_set(given.get("ec2TagSetList") if isinstance(given, dict) else given)


def _on_premises_tag_set(given: Any) -> list[list[dict[str, str]]]:  # noqa: ANN401 - as above
    return tag_set(given.get("onPremisesTagSetList") if isinstance(given, dict) else given)


def _suspended(given: Record | None) -> dict[str, list[str]]:
    processes = (given or {}).get("autoScalingGroupProcessesToSuspend")
    return {"autoScalingGroupProcessesToSuspend": sorted(set(processes))} if processes else {}


# Every attribute of a group, and how its two spellings (the API's, an option's) become one.
ATTRIBUTES: Mapping[str, Callable[[Any], Any]] = {
    "alarmConfiguration": _alarms,
    "autoRollbackConfiguration": _rollback,
    "autoScalingGroups": _names,
    "blueGreenDeploymentConfiguration": _blue_green,
    "deploymentConfigName": str,
    "deploymentStyle": dict,
    "ec2DeploymentOptions": _suspended,
    "ec2TagFilters": tag_filters,
    "ec2TagSet": _ec2_tag_set,
    "ecsServices": as_set,
    "loadBalancerInfo": _load_balancers,
    "onPremisesInstanceTagFilters": tag_filters,
    "onPremisesTagSet": _on_premises_tag_set,
    "outdatedInstancesStrategy": str,
    "serviceRoleArn": str,
    "terminationHookEnabled": bool,
    "triggerConfigurations": _triggers,
}
# Attributes whose normalised form is not what a request wants.
REQUEST_FORMS: Mapping[str, Callable[[Any], Any]] = {
    "ec2TagSet": lambda groups: {"ec2TagSetList": groups},
    "onPremisesTagSet": lambda groups: {"onPremisesTagSetList": groups},
    "ec2DeploymentOptions": lambda options: options or {"autoScalingGroupProcessesToSuspend": []},
}


def normalise(info: Record) -> dict[str, Any]:
    """A group as GetDeploymentGroup tells it, or a part of one, with AWS's defaults and sets in order."""
    platform = info.get("computePlatform") or "Server"
    defaults = {
        "computePlatform": platform,
        "deploymentConfigName": DEFAULT_CONFIG[platform],
        "deploymentStyle": IN_PLACE if platform == "Server" else BLUE_GREEN,
        "outdatedInstancesStrategy": "UPDATE",
        "serviceRoleArn": "",
    }
    full = defaults | without_empty(info)
    return full | {name: form(full.get(name)) for name, form in ATTRIBUTES.items()}


def requested(options: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes that these options ask for, normalised; what is None is not asked for."""
    given = to_camel(dict(options))
    wanted = {name: form(given[name]) for name, form in ATTRIBUTES.items() if name in given}
    for one, other in EXCLUSIVE:
        if wanted.get(one) and other not in wanted:
            wanted[other] = []
        if wanted.get(other) and one not in wanted:
            wanted[one] = []
    return wanted


def to_request(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: REQUEST_FORMS.get(name, lambda same: same)(value) for name, value in attributes.items()}


@dataclass(frozen=True)
class DeploymentGroup:
    """What a user asks of one deployment group; None is "not asked for"."""

    connection: Connection
    application_name: str
    name: str
    attributes: Mapping[str, Any]  # options named as in ATTRIBUTES, in snake_case, but for the role
    state: str = "present"
    new_name: str | None = None
    service_role: str | None = None
    tags: Mapping[str, Any] | None = None
    purge_tags: bool = True
    wait_timeout: int = 60
    dry_run: bool = False

    already_exists = "DeploymentGroupAlreadyExistsException"
    managed = ("applicationName", "deploymentGroupName", *sorted(ATTRIBUTES), "tags")

    def check(self) -> None:
        """Refuse what AWS would refuse, before any call. Raises ModuleError."""
        refuse(self._problems())

    def remarks(self) -> Iterator[str]:
        """What is allowed but often not meant."""
        filters = self.attributes.get("ec2_tag_filters") or []
        keys = sorted({item["key"] for item in filters if item.get("key")})
        if len(keys) > 1:
            yield (
                f"ec2_tag_filters: instances with any one of the tags {', '.join(keys)} are in the group. "
                "For instances that have them all use ec2_tag_set."
            )

    def describe(self) -> Record | None:
        """Read it under its new name where one is given (it may have it already), else its name."""
        names = [self.new_name, self.name] if self.new_name and self.state == "present" else [self.name]
        client = self.connection.codedeploy
        for name in filter(None, names):
            request = {"applicationName": self.application_name, "deploymentGroupName": name}
            info = api.get_deployment_group(client, request)
            if info is not None:
                found = normalise(info)
                return found if self.tags is None else found | {"tags": tags.read(client, self._arn(found))}
        return None

    def desired(self, current: Record | None) -> Record | None:
        if self.state == "absent":
            return None
        wanted = dict(self._new() if current is None else current)
        asked = requested(self.attributes)
        for name in MERGED:
            if name in asked:
                asked[name] = ATTRIBUTES[name](_merged(wanted[name], asked[name]))
        wanted |= asked | {"deploymentGroupName": self.new_name or self.name}
        if self.service_role:
            known = None if current is None else current["serviceRoleArn"]
            wanted["serviceRoleArn"] = roles.resolve(
                self.connection,
                self.service_role,
                known=known,
                timeout=self.wait_timeout,
                may_miss=self.dry_run,
            )
        if self.tags is not None:
            wanted["tags"] = merged_tags(wanted.get("tags", {}), self.tags, purge=self.purge_tags)
        return wanted

    def apply(self, current: Record | None, wanted: Record | None) -> Record:
        client = self.connection.codedeploy
        if wanted is None:
            request = {"applicationName": self.application_name, "deploymentGroupName": self.name}
            return _leftovers(api.delete_deployment_group(client, request))
        if current is None:
            self._create(wanted)
            return {}
        remarks = self._update(current, wanted)
        if self.tags is not None:
            tags.write(client, self._arn(wanted), current["tags"], wanted["tags"])
        return remarks

    def _problems(self) -> Iterator[str]:
        given = self.attributes
        yield from name_problems(
            {
                "application_name": self.application_name,
                "name": self.name,
                "new_name": self.new_name,
                "deployment_config_name": given.get("deployment_config_name"),
            }
        )
        yield from role_problems(self.service_role)
        for option in ("ec2_tag_filters", "on_premises_instance_tag_filters"):
            yield from filter_problems(option, given.get(option))
        for option in ("ec2_tag_set", "on_premises_tag_set"):
            yield from tag_set_problems(option, given.get(option))
        yield from alarm_problems("alarm_configuration", given.get("alarm_configuration"))
        yield from rollback_problems("auto_rollback_configuration", given.get("auto_rollback_configuration"))
        yield from range_problems("wait_timeout", self.wait_timeout, 0, 3600)

    def _new(self) -> Record:
        """The group that AWS would make of nothing but names."""
        if not self.service_role:
            raise ModuleError(f"service_role: the deployment group {self.name} is new and needs one.")
        application = api.get_application(
            self.connection.codedeploy, {"applicationName": self.application_name}
        )
        platform = (application or {}).get("computePlatform")
        return normalise({"applicationName": self.application_name, "computePlatform": platform})

    def _create(self, wanted: Record) -> None:
        asked = {*requested(self.attributes), "serviceRoleArn"}
        attributes = to_request({name: wanted[name] for name in asked if wanted[name] not in ([], {})})
        self._check_supported("CreateDeploymentGroup", attributes)
        request = {key: wanted[key] for key in ("applicationName", "deploymentGroupName")} | attributes
        if wanted.get("tags"):
            request["tags"] = to_tag_list(wanted["tags"])
        until_usable(
            lambda: api.create_deployment_group(self.connection.codedeploy, request),
            codes=SETTLING,
            timeout=self.wait_timeout,
        )

    def _update(self, current: Record, wanted: Record) -> Record:
        changed = {name: wanted[name] for name in ATTRIBUTES if wanted[name] != current[name]}
        request = to_request(changed)
        self._check_supported("UpdateDeploymentGroup", request)
        if wanted["deploymentGroupName"] != current["deploymentGroupName"]:
            request["newDeploymentGroupName"] = wanted["deploymentGroupName"]
        if not request:
            return {}
        place = {
            "applicationName": self.application_name,
            "currentDeploymentGroupName": current["deploymentGroupName"],
        }
        # AWS takes one kind of filter a call, so the kind that goes has a call of its own.
        going = {name: request.pop(name) for name in _given_up(changed)}
        calls = [place | part for part in (going, request) if part]
        answers = [
            until_usable(self._updating(call), codes=SETTLING, timeout=self.wait_timeout) for call in calls
        ]
        return _leftovers(answers[-1])

    def _updating(self, request: Record) -> Callable[[], Record]:
        return lambda: api.update_deployment_group(self.connection.codedeploy, request)

    def _check_supported(self, operation: str, attributes: Record) -> None:
        """Refuse what the installed botocore is too old to send, before it says so in its own words."""
        shape = self.connection.codedeploy.meta.service_model.operation_model(operation).input_shape
        unknown = sorted(set(attributes) - set(shape.members if shape else ()))
        if unknown:
            raise ModuleError(f"The installed botocore does not know {', '.join(unknown)}: use a newer one.")

    def _arn(self, record: Record) -> str:
        # A service role can't be of another account: no need to ask STS whose the group is.
        name = f"deploymentgroup:{self.application_name}/{record['deploymentGroupName']}"
        return self.connection.arn("codedeploy", name, account_in(record["serviceRoleArn"]))


def _merged(current: Record, given: Record) -> dict[str, Any]:
    """`given` over `current`, member by member, two levels deep."""
    return {
        **current,
        **{
            name: {**current.get(name, {}), **value} if isinstance(value, dict) else value
            for name, value in given.items()
        },
    }


def _given_up(changed: Record) -> Iterator[str]:
    """Of each pair of filters that both change, the kind that becomes empty."""
    for one, other in EXCLUSIVE:
        if one in changed and other in changed:
            yield other if changed[one] else one


def _leftovers(answer: Record | None) -> Record:
    """Auto Scaling groups whose lifecycle hook AWS could not remove."""
    hooks = (answer or {}).get("hooksNotCleanedUp")
    return {"hooksNotCleanedUp": hooks} if hooks else {}
