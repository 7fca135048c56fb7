# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The EC2 instances that a deployment group's tags choose right now.

CodeDeploy itself tells that only after a deployment was made. Instances of Auto Scaling groups do
not matter here: CodeDeploy brings each one up to date by itself that is launched after the deployment
group has the Auto Scaling group.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..aws.transformations import from_tag_list
from . import api

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..aws.connection import Connection
    from ..aws.errors import Record

    Groups = Sequence[Sequence[Mapping[str, str]]]


def instances(connection: Connection, group: Record) -> set[str]:
    """The ids of the running instances that match the group's tags. Raises ModuleError."""
    groups: Groups = group["ec2TagSet"] or ([group["ec2TagFilters"]] if group["ec2TagFilters"] else [])
    if not groups:
        return set()
    # Every group of filters has to match, so those that match the first are all the candidates.
    found = [
        instance
        for item in groups[0]
        for instance in api.describe_instances(connection.ec2, {"Filters": [*_ec2_filters(item), RUNNING]})
    ]
    return {item["InstanceId"] for item in found if matches(from_tag_list(item.get("Tags", [])), groups)}


RUNNING = {"Name": "instance-state-name", "Values": ["running"]}


def _ec2_filters(item: Mapping[str, str]) -> list[dict[str, object]]:
    """What EC2 can narrow down by itself."""
    if item["Type"] == "KEY_AND_VALUE":
        return [{"Name": f"tag:{item['Key']}", "Values": [item["Value"]]}]
    if item["Type"] == "KEY_ONLY":
        return [{"Name": "tag-key", "Values": [item["Key"]]}]
    return []


def matches(tags: Mapping[str, str], groups: Groups) -> bool:
    """Whether tags match any filter of every group."""
    return all(any(_matches_one(tags, item) for item in group) for group in groups)


def _matches_one(tags: Mapping[str, str], item: Mapping[str, str]) -> bool:
    if item["Type"] == "KEY_ONLY":
        return item["Key"] in tags
    if item["Type"] == "VALUE_ONLY":
        return item["Value"] in tags.values()
    return tags.get(item["Key"]) == item["Value"]
