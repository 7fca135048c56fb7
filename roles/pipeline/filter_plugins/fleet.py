# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which instances the settings keep, which are to end, and how many are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Instance = Mapping[str, Any]

IN_SERVICE = ("running", "pending")
PLACED = ("instance_type", "subnet_id")


def fleet(
    instances: Iterable[Instance], volumes: Iterable[Mapping[str, Any]], wanted: Mapping[str, Any]
) -> dict[str, Any]:
    """`keep`, the ids that stay; `retire`, by id why another one ends; `missing`, how many to launch.

    `alike` is how many have the wanted type and subnet, whether they stay or not: EC2's filters find them.
    Takes what ec2_instance_info and ec2_vol_info return. `wanted` has `count`, and values by the names of an
    instance's members; an empty one is not compared. The oldest stay: they have served longest.
    """
    instances = list(instances)
    sizes = {
        (disk["instance_id"], disk["device"]): each["size"]
        for each in volumes
        for disk in each["attachment_set"]
    }
    unfit = {each["instance_id"]: _difference(each, sizes, wanted) for each in instances}
    ordered = sorted(
        instances,
        key=lambda each: (
            bool(unfit[each["instance_id"]]),
            each["state"]["name"] not in IN_SERVICE,
            each["launch_time"],
            each["instance_id"],
        ),
    )
    count = int(wanted["count"])
    keep = [each["instance_id"] for each in ordered if not unfit[each["instance_id"]]][:count]
    surplus = f"pipeline_instance_count is {count}"
    retire = {
        each["instance_id"]: unfit[each["instance_id"]] or surplus
        for each in ordered
        if each["instance_id"] not in keep
    }
    placed = {name: value for name, value in wanted.items() if name in PLACED}
    alike = sum(not _difference(each, sizes, placed) for each in instances)
    return {
        "keep": keep,
        "retire": retire,
        "missing": count - len(keep),
        "alike": alike,
        "instance_type": wanted.get("instance_type", ""),
    }


def _difference(instance: Instance, sizes: Mapping[tuple[str, str], Any], wanted: Mapping[str, Any]) -> str:
    """The first thing that only another instance can have; "" where there is none."""
    root = (instance["instance_id"], instance.get("root_device_name", ""))
    has = {**instance, "volume_size": sizes.get(root)}
    for member, value in wanted.items():
        if member != "count" and value and has.get(member) and str(has[member]) != str(value):
            return f"{member} is {has[member]}, and {value} is wanted"
    return ""


class FilterModule:
    """How Ansible finds it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"fleet": fleet}
