"""What the service accepts. Every function returns what it was given, or raises the API's error."""

import re
from collections.abc import Callable, Collection, Iterable
from typing import Any

from local_cloud.aws.codedeploy import exceptions as errors

_NAME = re.compile(r"[A-Za-z0-9+=,.@_-]{1,100}")
_DEPLOYMENT_ID = re.compile(r"d-[A-Z0-9]{9}")
_EXTERNAL_ID = re.compile(r"\S{1,256}")
_DESCRIPTION_LIMIT = 1000
_TARGET_ID = re.compile(r"[\w+=,.@:/-]{1,256}")
_BATCH_LIMIT = 100
_TAG_LIST_LIMIT = 3
_TRIGGER_LIMIT = 10
_ALARM_LIMIT = 50
"""An adjustable quota, documented; the triggers' one is not."""
_PERCENT = 100
_FILTER_TYPES = frozenset({"KEY_ONLY", "VALUE_ONLY", "KEY_AND_VALUE"})
_PROCESSES = frozenset({"Terminate", "AZRebalance", "InstanceRefresh", "ScheduledActions"})
_ROLLBACK_EVENTS = frozenset({"DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"})
_TRIGGER_EVENTS = frozenset(
    {
        *("DeploymentStart", "DeploymentSuccess", "DeploymentFailure", "DeploymentStop"),
        *("DeploymentRollback", "DeploymentReady"),
        *("InstanceStart", "InstanceSuccess", "InstanceFailure", "InstanceReady"),
    }
)
COMPUTE_PLATFORMS = ("Server", "Lambda", "ECS")

Fields = dict[str, Any]


def application_name(name: str | None) -> str:
    if not name:
        raise errors.ApplicationNameRequiredException
    return _matching(_NAME, name, errors.InvalidApplicationNameException)


def deployment_group_name(name: str | None) -> str:
    if not name:
        raise errors.DeploymentGroupNameRequiredException
    return _matching(_NAME, name, errors.InvalidDeploymentGroupNameException)


def deployment_config_name(name: str | None) -> str:
    if not name:
        raise errors.DeploymentConfigNameRequiredException
    return _matching(_NAME, name, errors.InvalidDeploymentConfigNameException)


def instance_name(name: str | None) -> str:
    if not name:
        raise errors.InstanceNameRequiredException
    if name.startswith(("i-", "mi-")):
        raise errors.InvalidInstanceNameException(name=name)
    return _matching(_NAME, name, errors.InvalidInstanceNameException)


def deployment_id(identifier: str | None) -> str:
    if not identifier:
        raise errors.DeploymentIdRequiredException
    if not _DEPLOYMENT_ID.fullmatch(identifier):
        raise errors.InvalidDeploymentIdException(id=identifier)
    return identifier


def target_id(identifier: str | None) -> str:
    if not identifier:
        raise errors.DeploymentTargetIdRequiredException
    if not _TARGET_ID.fullmatch(identifier):
        raise errors.InvalidDeploymentTargetIdException(target=identifier)
    return identifier


def external_id(identifier: str | None) -> str | None:
    if identifier is not None and not _EXTERNAL_ID.fullmatch(identifier):
        raise errors.InvalidExternalIdException(id=identifier)
    return identifier


def compute_platform(platform: str | None) -> str:
    platform = platform or "Server"
    if platform not in COMPUTE_PLATFORMS:
        raise errors.InvalidComputePlatformException
    return platform


def description(text: str | None) -> str | None:
    if text and len(text) > _DESCRIPTION_LIMIT:
        raise errors.DescriptionTooLongException(limit=_DESCRIPTION_LIMIT)
    return text


def batch(
    names: list[str] | None, missing: type[errors.CodeDeployException], limit: int = _BATCH_LIMIT
) -> list[str]:
    """A list of names or ids for a batch operation: at least one, at most `limit`."""
    if not names:
        raise missing
    if len(names) > limit:
        raise errors.BatchLimitExceededException(limit=limit)
    return names


def tags(pairs: Iterable[Fields] | None, error: type[errors.CodeDeployException]) -> list[Fields]:
    """Tags for an application or a deployment group: at most 50, the prefix aws: is not ours."""
    pairs = list(pairs or [])
    limit = 50
    if len(pairs) > limit:
        raise error(f"The specified tags are not valid: at most {limit} are allowed.")
    for pair in pairs:
        if not pair.get("Key") or pair["Key"].startswith("aws:"):
            raise error(f"The specified tags are not valid: {pair.get('Key')!r} can't be a key.")
    return [{"Key": pair["Key"], "Value": pair.get("Value") or ""} for pair in pairs]


# Deployment configurations.


def minimum_healthy_hosts(given: Fields | None) -> Fields:
    if not given or given.get("type") not in {"HOST_COUNT", "FLEET_PERCENT"}:
        raise errors.InvalidMinimumHealthyHostValueException(value=given)
    value = given.get("value", 0)
    if value < 0 or (given["type"] == "FLEET_PERCENT" and value > _PERCENT):
        raise errors.InvalidMinimumHealthyHostValueException(value=value)
    return {"type": given["type"], "value": value}


def zonal_config(given: Fields | None) -> Fields | None:
    """An empty one is one as well: zone by zone, without waits."""
    if given is None:
        return None
    for name in ("firstZoneMonitorDurationInSeconds", "monitorDurationInSeconds"):
        if (given.get(name) or 0) < 0:
            raise errors.InvalidZonalDeploymentConfigurationException(
                f"{name} must be 0 or more seconds: {given[name]}"
            )
    per_zone = given.get("minimumHealthyHostsPerZone")
    if per_zone:
        try:
            minimum_healthy_hosts(per_zone)
        except errors.InvalidMinimumHealthyHostValueException as error:
            raise errors.InvalidZonalDeploymentConfigurationException(
                f"minimumHealthyHostsPerZone is invalid: {per_zone}"
            ) from error
    return given


# Deployment groups.


def ec2_selection(filters: list[Fields] | None, tag_set: Fields | None) -> None:
    if filters and tag_set:
        raise errors.InvalidEC2TagCombinationException
    _tag_lists([filters or [], *(tag_set or {}).get("ec2TagSetList", [])], errors.InvalidEC2TagException)


def on_premises_selection(filters: list[Fields] | None, tag_set: Fields | None) -> None:
    if filters and tag_set:
        raise errors.InvalidOnPremisesTagCombinationException
    _tag_lists([filters or [], *(tag_set or {}).get("onPremisesTagSetList", [])], errors.InvalidTagException)


def _tag_lists(lists: list[list[Fields]], error: Callable[..., Exception]) -> None:
    if len(lists) - 1 > _TAG_LIST_LIMIT:
        raise errors.TagSetListLimitExceededException
    for tag_filter in (tag_filter for filters in lists for tag_filter in filters):
        if not is_tag_filter(tag_filter):
            raise error(f"The tag filter is invalid: {tag_filter}")


def is_tag_filter(tag_filter: Fields) -> bool:
    kind = tag_filter.get("Type")
    if kind == "KEY_ONLY":
        return bool(tag_filter.get("Key"))
    if kind == "VALUE_ONLY":
        return tag_filter.get("Value") is not None
    return kind in {None, *_FILTER_TYPES} and bool(tag_filter.get("Key") or tag_filter.get("Value"))


def alarm_configuration(given: Fields | None) -> Fields | None:
    if not given:
        return given
    names = [alarm.get("name") for alarm in given.get("alarms", [])]
    if len(names) > _ALARM_LIMIT:
        raise errors.AlarmsLimitExceededException
    if given.get("enabled") and not names:
        raise errors.InvalidAlarmConfigException("The alarm configuration is enabled, but has no alarms.")
    if not all(names) or len(set(names)) < len(names):
        raise errors.InvalidAlarmConfigException("Every alarm needs a name of its own.")
    return {"enabled": False, "ignorePollAlarmFailure": False, "alarms": []} | given


def auto_rollback_configuration(given: Fields | None) -> Fields | None:
    if not given:
        return given
    events = given.get("events", [])
    if unknown := set(events) - _ROLLBACK_EVENTS:
        raise errors.InvalidAutoRollbackConfigException(f"Unknown event: {', '.join(sorted(unknown))}")
    if given.get("enabled") and not events:
        raise errors.InvalidAutoRollbackConfigException(
            "Automatic rollback is enabled, but no event is given."
        )
    return {"enabled": False} | given


def trigger_configurations(given: list[Fields] | None, topic_exists: Callable[[str], bool]) -> list[Fields]:
    given = given or []
    if len(given) > _TRIGGER_LIMIT:
        raise errors.TriggerTargetsLimitExceededException
    for trigger in given:
        _trigger(trigger, topic_exists)
    if len({trigger["triggerName"] for trigger in given}) < len(given):
        raise errors.InvalidTriggerConfigException("Every trigger needs a name of its own.")
    return given


def _trigger(trigger: Fields, topic_exists: Callable[[str], bool]) -> None:
    name, arn, events = (trigger.get(k) for k in ("triggerName", "triggerTargetArn", "triggerEvents"))
    if not name or not events:
        raise errors.InvalidTriggerConfigException("A trigger needs a name and at least one event.")
    if unknown := set(events) - _TRIGGER_EVENTS:
        raise errors.InvalidTriggerConfigException(f"Unknown event: {', '.join(sorted(unknown))}")
    if not arn or not topic_exists(arn):
        raise errors.InvalidTriggerConfigException(f"Topic ARN {arn} is not valid")


def ec2_deployment_options(given: Fields | None) -> Fields | None:
    for process in (given or {}).get("autoScalingGroupProcessesToSuspend", []):
        if process not in _PROCESSES:
            raise errors.InvalidAutoScalingGroupProcessToSuspendException(name=process)
    return given


def room(existing: Collection[object], limit: int, error: type[errors.CodeDeployException]) -> None:
    """Space for one more, within the service's quota."""
    if len(existing) >= limit:
        raise error(limit=limit)


def choice(
    value: str | None, allowed: Collection[str], error: type[errors.CodeDeployException], /, **words: object
) -> None:
    """Nothing, or one of the allowed."""
    if value is not None and value not in allowed:
        raise error(**words)


def _matching(pattern: re.Pattern[str], name: str, error: type[errors.CodeDeployException]) -> str:
    if not pattern.fullmatch(name):
        raise error(name=name)
    return name
