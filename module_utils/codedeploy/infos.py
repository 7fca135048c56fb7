# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is there: applications, deployment groups, deployments, read in pages and batches."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..aws.connection import account_in
from ..aws.errors import ModuleError
from ..aws.transformations import to_snake, without_empty
from . import api, applications, deployment_groups, tags
from .targets import BATCH, batches, flatten

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..aws.connection import Connection
    from ..aws.errors import Record

# What BatchGetApplications and BatchGetDeploymentGroups take.
MANY = 100


def find_applications(
    connection: Connection, names: Sequence[str] | None, *, with_tags: bool
) -> list[dict[str, Any]]:
    """The applications of these names, or all; by name. Names that do not exist are left out."""
    client = connection.codedeploy
    found = _applications(connection, _existing(connection, names))
    if with_tags:
        arns = [connection.arn("codedeploy", f"application:{item['applicationName']}") for item in found]
        found = [item | {"tags": tags.read(client, arn)} for item, arn in zip(found, arns, strict=True)]
    return [to_snake(item) for item in sorted(found, key=lambda item: str(item["applicationName"]))]


def _existing(connection: Connection, names: Sequence[str] | None) -> list[str]:
    """What to read of the applications: a batch with a name that does not exist would be refused whole."""
    if names is not None and len(set(names)) <= 1:
        return list(set(names))
    there = api.list_applications(connection.codedeploy, {})
    return there if names is None else sorted(set(there) & set(names))


def _applications(connection: Connection, names: list[str]) -> list[dict[str, Any]]:
    client = connection.codedeploy
    if len(names) == 1:
        one = api.get_application(client, {"applicationName": names[0]})
        return [applications.normalise(one)] if one else []
    return [
        applications.normalise(item)
        for batch in batches(names, MANY)
        for item in api.batch_get_applications(client, {"applicationNames": batch})
    ]


def find_deployment_groups(
    connection: Connection, application: str, names: Sequence[str] | None, *, with_tags: bool
) -> list[dict[str, Any]]:
    """The deployment groups of these names, or all of the application's; by name."""
    client = connection.codedeploy
    place = {"applicationName": application}
    wanted = names if names is not None else api.list_deployment_groups(client, place) or []
    found = [
        deployment_groups.normalise(item)
        for batch in batches(list(dict.fromkeys(wanted)), MANY)
        for item in api.batch_get_deployment_groups(client, {**place, "deploymentGroupNames": batch}) or []
    ]
    if with_tags:
        found = [item | {"tags": _group_tags(connection, item)} for item in found]
    return [to_snake(item) for item in sorted(found, key=lambda item: str(item["deploymentGroupName"]))]


def _group_tags(connection: Connection, group: Record) -> dict[str, str]:
    resource = f"deploymentgroup:{group['applicationName']}/{group['deploymentGroupName']}"
    arn = connection.arn("codedeploy", resource, account_in(group["serviceRoleArn"]))
    return tags.read(connection.codedeploy, arn)


def find_deployments(
    connection: Connection,
    ids: Sequence[str] | None,
    filters: Record,
    *,
    limit: int | None,
    with_targets: bool,
) -> list[dict[str, Any]]:
    """Deployments by id, or those that `filters` (ListDeployments' members) choose; newest first."""
    client = connection.codedeploy
    wanted = _deployment_ids(connection, filters, limit) if ids is None else list(dict.fromkeys(ids))
    found = [
        item
        for batch in batches(wanted, BATCH)
        for item in api.batch_get_deployments(client, {"deploymentIds": batch})
    ]
    newest = sorted(found, key=lambda item: item["createTime"], reverse=True)[:limit]
    if not with_targets:
        return [to_snake(item) for item in newest]
    return [to_snake({**item, "targets": _targets(connection, item["deploymentId"])}) for item in newest]


def _deployment_ids(connection: Connection, filters: Record, limit: int | None) -> list[str]:
    """AWS lists the newest first, so a limit ends the reading."""
    ids: list[str] = []
    page: Record = api.list_deployments(connection.codedeploy, filters) or {}
    while True:
        ids += page.get("deployments", [])
        if not page.get("nextToken") or (limit is not None and len(ids) >= limit):
            return ids[:limit]
        request = {**filters, "nextToken": page["nextToken"]}
        page = api.list_deployments(connection.codedeploy, request) or {}


def _targets(connection: Connection, deployment_id: str) -> list[dict[str, Any]]:
    client, request = connection.codedeploy, {"deploymentId": deployment_id}
    ids = api.list_deployment_targets(client, request) or []
    return [
        flatten(target)
        for batch in batches(sorted(ids), BATCH)
        for target in api.batch_get_deployment_targets(client, {**request, "targetIds": batch})
    ]


def deployment_filters(options: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """ListDeployments' members from the module's options; what is None is left out.

    A time is ISO 8601 (UTC where it names no zone), or a number of seconds before now.
    Raises ModuleError where it is neither.
    """
    times = {"start": "created_after", "end": "created_before"}
    created = {
        name: _time(option, options[option], now)
        for name, option in times.items()
        if options[option] is not None
    }
    return without_empty(
        {
            "applicationName": options["application_name"],
            "deploymentGroupName": options["deployment_group_name"],
            "externalId": options["external_id"],
            "includeOnlyStatuses": options["statuses"],
            "createTimeRange": created,
        }
    )


def _time(option: str, value: str, now: datetime) -> datetime:
    try:
        if value.isdigit():
            return now - timedelta(seconds=int(value))
        moment = datetime.fromisoformat(value)
    except (ValueError, OverflowError) as error:
        raise ModuleError(
            f"{option}: {value!r} is no time. Allowed: 2024-10-24T00:00:00Z (ISO 8601), or seconds ago."
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
