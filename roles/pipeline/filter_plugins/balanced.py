# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a fleet behind a load balancer is to be, in words of Auto Scaling and CloudWatch, and what differs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Thing = Mapping[str, Any]

NOT_ON_HOSTS = "ManagedBy"
"""By this tag an instance is one that the pipeline launched itself."""
MINUTE = 60  # seconds
FEWEST_ZONES = 2
"""As many as a load balancer and the Auto Scaling group need."""
BALANCER, TARGETS = "LoadBalancer", "TargetGroup"


def scaling_group_tag(item: Thing) -> dict[str, Any]:
    """A tag {key, value} as amazon.aws.autoscaling_group takes it."""
    return {item["key"]: str(item["value"]), "propagate_at_launch": item["key"] != NOT_ON_HOSTS}


def scaling_group_differences(group: Thing, wanted: Thing) -> list[str]:
    """The members of an Auto Scaling group, as autoscaling_group_info tells of it, that are not as wanted.

    All of them where there is none. `desired_capacity` 0 wants none.
    """
    if not group:
        return sorted(wanted)
    held = {
        "min_size": group["min_size"],
        "max_size": group["max_size"],
        "desired_capacity": group["desired_capacity"],
        "health_check_type": group["health_check_type"],
        "health_check_period": group["health_check_grace_period"],
        "metrics": sorted(each["metric"] for each in group.get("enabled_metrics") or ()),
        "suspended_processes": suspended_processes(group),
        "subnets": sorted(group["vpc_zone_identifier"].split(",")),
        "launch_template": ":".join(_template(group)),
        "target_group": next(iter(group["target_group_names"]), None),
        "tags": {tag["key"]: tag["value"] for tag in group["tags"]},
    }
    asked = dict(wanted)
    if not int(asked.get("desired_capacity", 1)):
        del asked["desired_capacity"]
    # A blue/green deployment adds one of its own.
    held["tags"] = {key: value for key, value in held["tags"].items() if key in asked.get("tags", ())}
    return sorted(name for name, value in asked.items() if held[name] != value)


def suspended_processes(group: Thing) -> list[str]:
    """What Auto Scaling does not do for the group, as autoscaling_group_info tells of it."""
    return sorted(each["process_name"] for each in group.get("suspended_processes") or ())


def hosts_of_other_versions(group: Thing, version: str) -> list[str]:
    """The ids of the hosts that stay in a group and are not of this version of its launch template."""
    name, _ = _template(group)
    return [
        each["instance_id"]
        for each in group["instances"]
        if not each["lifecycle_state"].startswith("Terminat") and _template(each) != (name, version)
    ]


def _template(thing: Thing) -> tuple[str, str]:
    """The launch template of a group or a host, and its version."""
    template = thing.get("launch_template") or {}
    return str(template.get("launch_template_name", "")), str(template.get("version", ""))


def differences(held: Thing, wanted: Thing) -> list[str]:
    """The members that are not held as they are wanted; numbers may be strings. All where nothing is held."""
    return sorted(name for name, value in wanted.items() if _plain(held.get(name)) != _plain(value))


def _plain(value: object) -> object:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return str(value)


def of_two_zones(subnets: Iterable[Thing], offering: Iterable[str]) -> list[Thing]:
    """The subnets of the first two zones, by their names, that offer the hosts' type."""
    subnets, offers = list(subnets), set(offering)
    zones = sorted({each["availability_zone"] for each in subnets} & offers)[:FEWEST_ZONES]
    return [each for each in subnets if each["availability_zone"] in zones]


def without_rules(listeners: Iterable[Thing], balancers: Iterable[Thing]) -> list[dict[str, Any]]:
    """Listeners as amazon.aws.elb_application_lb takes them, those that are there to have no rules.

    `balancers` are from elb_application_lb_info.
    """
    there = {listener["port"] for each in balancers for listener in each.get("listeners") or ()}
    return [{**each, "Rules": []} if each["Port"] in there else dict(each) for each in listeners]


def fleet_alarms(
    name: str, balancer_arn: str, target_group_arn: str, thresholds: Mapping[str, int]
) -> list[dict[str, Any]]:
    """The alarms with a threshold, as amazon.aws.cloudwatch_metric_alarm takes them."""
    balancer = {"name": BALANCER, "value": balancer_arn.partition(":loadbalancer/")[2]}
    targets = {"name": TARGETS, "value": target_group_arn.rpartition(":")[2]}

    def stat(key: str, metric: str, how: str, *, shown: bool = False) -> dict[str, Any]:
        return {
            "id": key,
            "metric_stat": {
                "metric": {
                    "namespace": "AWS/ApplicationELB",
                    "metric_name": metric,
                    "dimensions": [balancer] if metric.startswith("HTTPCode_ELB") else [balancer, targets],
                },
                "period": MINUTE,
                "stat": how,
            },
            "return_data": shown,
        }

    share = {
        "id": "share",
        # A load balancer without a target answers itself, and that is no request of the target group's.
        "expression": "100 * (FILL(targets, 0) + FILL(balancer, 0))"
        " / (FILL(requests, 0) + FILL(balancer, 0))",
        "label": "Percent of answers with 5xx",
        "return_data": True,
    }
    metrics = {
        "errors": (
            "Percent of answers with a status of 5xx",
            [
                stat("targets", "HTTPCode_Target_5XX_Count", "Sum"),
                stat("balancer", "HTTPCode_ELB_5XX_Count", "Sum"),
                stat("requests", "RequestCount", "Sum"),
                share,
            ],
        ),
        "seconds": (
            "Seconds of the slowest twentieth of the answers",
            [stat("slowest", "TargetResponseTime", "p95", shown=True)],
        ),
        "unhealthy-hosts": (
            "Unhealthy hosts",
            [stat("unhealthy", "UnHealthyHostCount", "Maximum", shown=True)],
        ),
    }
    return [
        {
            "alarm_name": f"{name}-{what}",
            "alarm_description": text,
            "threshold": float(thresholds[what]),
            "evaluation_periods": 1,
            "datapoints_to_alarm": 1,
            "metrics": asked,
        }
        for what, (text, asked) in metrics.items()
        if int(thresholds[what])
    ]


def differing_alarms(wanted: Iterable[Thing], held: Iterable[Thing]) -> list[Thing]:
    """The wanted alarms that are not there as wanted; `held` is from cloudwatch_metric_alarm_info."""
    there = {each["alarm_name"]: each for each in held}

    def differs(alarm: Thing) -> bool:
        found = there.get(alarm["alarm_name"])
        return found is None or any(
            list(_metrics(found.get(key))) != list(_metrics(value))
            if key == "metrics"
            else found.get(key) != value
            for key, value in alarm.items()
        )

    return [alarm for alarm in wanted if differs(alarm)]


def _metrics(metrics: Iterable[Thing] | None) -> Iterator[tuple[Any, ...]]:
    """What of each decides, in one order."""
    for each in sorted(metrics or (), key=lambda metric: str(metric["id"])):
        stat = each.get("metric_stat") or {}
        metric = stat.get("metric") or {}
        dimensions = sorted((one["name"], one["value"]) for one in metric.get("dimensions") or ())
        yield (
            each["id"],
            each.get("expression"),
            bool(each.get("return_data", True)),
            metric.get("metric_name"),
            dimensions,
            stat.get("period"),
            stat.get("stat"),
        )


class FilterModule:
    """How Ansible finds them."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "differences": differences,
            "differing_alarms": differing_alarms,
            "fleet_alarms": fleet_alarms,
            "hosts_of_other_versions": hosts_of_other_versions,
            "of_two_zones": of_two_zones,
            "scaling_group_differences": scaling_group_differences,
            "scaling_group_tag": scaling_group_tag,
            "suspended_processes": suspended_processes,
            "without_rules": without_rules,
        }
