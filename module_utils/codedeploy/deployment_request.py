# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From the options of codedeploy_deployment to the action that they ask for."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..aws.errors import ModuleError, refuse
from ..aws.journal import journal
from ..aws.transformations import tag_filters, tag_set, to_camel
from . import api, bundles, options, revisions
from .deployments import FORBIDDEN, LONGEST_DESCRIPTION, Action

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ..aws.connection import Connection

    Upload = Callable[[], None]

# Options that are members of CreateDeployment under the same name.
SETTINGS = (
    "auto_rollback_configuration",
    "deployment_config_name",
    "deployment_mode",
    "description",
    "ec2_deployment_options",
    "file_exists_behavior",
    "ignore_application_stop_failures",
    "override_alarm_configuration",
    "target_instances",
    "update_outdated_instances_only",
)
REVISIONS = ("github_location", "s3_location", "app_spec_content", "source_dir")
NAMES = ("application_name", "deployment_group_name", "deployment_config_name")


def plan(
    connection: Connection, params: Mapping[str, Any], *, dry_run: bool, warn: Callable[[str], None]
) -> Callable[[], dict[str, Any]]:
    """What to call for the module's result. Raises ModuleError, as does the call."""
    refuse(problems(params))
    action = Action(
        connection,
        application_name=params["application_name"],
        group_name=params["deployment_group_name"],
        settings=settings(params),
        on_conflict=params["on_conflict"],
        wait=params["wait"] and params["state"] != "started",
        wait_timeout=params["wait_timeout"],
        force=params["force"],
        dry_run=dry_run,
        tell=journal(params["events_file"]),
        warn=warn,
    )
    if params["state"] == "stopped":
        return partial(action.stop, params["deployment_id"], auto_rollback=params["auto_rollback_enabled"])
    if params["state"] == "rolled_back":
        return action.roll_back
    if params["source_dir"]:
        return partial(action.deploy, *_bundled(connection, params))
    revision = revisions.from_options(params)
    return partial(action.deploy, revision and _pinned(connection, revision, warn, may_miss=dry_run))


def settings(params: Mapping[str, Any]) -> dict[str, Any]:
    """The members of CreateDeployment that the options ask for."""
    given: dict[str, Any] = to_camel({name: params[name] for name in SETTINGS})
    targets = given.get("targetInstances")
    if targets and "tagFilters" in targets:
        targets["tagFilters"] = tag_filters(targets["tagFilters"])
    if targets and "ec2TagSet" in targets:
        targets["ec2TagSet"] = {"ec2TagSetList": tag_set(targets["ec2TagSet"])}
    return given


def problems(params: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the options, beyond what the argument spec sees."""
    state = params["state"]
    named = [option for option in REVISIONS if params[option]]
    restart = params["deployment_mode"] == "RESTART"
    if not params["application_name"] and not (state == "stopped" and params["deployment_id"]):
        yield f"application_name, deployment_group_name: state {state} needs both."
    if params["deployment_id"] and state != "stopped":
        yield f"deployment_id: only state stopped takes one, not {state}."
    if state in {"deployed", "started"} and not named and not restart:
        yield f"state {state} needs a revision: one of {', '.join(REVISIONS)}."
    if named and (state in {"stopped", "rolled_back"} or restart):
        yield f"{named[0]}: {'deployment_mode RESTART' if restart else f'state {state}'} takes no revision."
    yield from options.name_problems(
        {
            name: params[name]
            for name in ("application_name", "deployment_group_name", "deployment_config_name")
        }
    )
    yield from revisions.problems(params)
    yield from options.rollback_problems("auto_rollback_configuration", params["auto_rollback_configuration"])
    yield from options.alarm_problems("override_alarm_configuration", params["override_alarm_configuration"])
    targets = params["target_instances"] or {}
    yield from options.filter_problems("target_instances.tag_filters", targets.get("tag_filters"))
    yield from options.tag_set_problems("target_instances.ec2_tag_set", targets.get("ec2_tag_set"))
    yield from options.range_problems("wait_timeout", params["wait_timeout"], 0, 7 * 24 * 3600)
    if len(params["description"] or "") > LONGEST_DESCRIPTION:
        yield f"description: {len(params['description'])} characters, AWS takes {LONGEST_DESCRIPTION}."


def _pinned(
    connection: Connection, revision: dict[str, Any], warn: Callable[[str], None], *, may_miss: bool
) -> dict[str, Any]:
    """An S3 revision with the ETag that its object has now, where the user named neither version nor ETag."""
    location = revision.get("s3Location")
    if not location or "version" in location or "eTag" in location:
        return revision
    try:
        found = api.head_object(connection.s3, {"Bucket": location["bucket"], "Key": location["key"]})
    except ModuleError as error:
        if error.code not in FORBIDDEN | {"403", "Forbidden"}:
            raise
        warn("Without the permission s3:GetObject a new object under an old key is not noticed.")
        return revision
    if found is None and may_miss:
        return revision
    if found is None:
        raise ModuleError(
            f"s3_location: there is no object s3://{location['bucket']}/{location['key']}. Upload it first."
        )
    return {**revision, "s3Location": {**location, "eTag": found["ETag"].strip('"')}}


def _bundled(connection: Connection, params: Mapping[str, Any]) -> tuple[dict[str, Any], Upload]:
    """The revision that `source_dir` is, and how to bring it to S3; nothing is uploaded yet."""
    entries = bundles.collect(Path(params["source_dir"]), params["exclude"])
    prefix = params["key_prefix"]
    if prefix is None:
        prefix = f"codedeploy/{params['application_name']}/"
    place = {"Bucket": params["bucket"], "Key": f"{prefix}{bundles.digest(entries)}.zip"}
    location = {"bucket": place["Bucket"], "key": place["Key"], "bundleType": "zip"}
    revision = {"revisionType": "S3", "s3Location": location}

    def upload() -> None:
        if api.head_object(connection.s3, place) is None:
            with tempfile.TemporaryFile() as stream:
                bundles.write(entries, stream)
                stream.seek(0)
                api.put_object(connection.s3, {**place, "Body": stream})
        described = {"applicationName": params["application_name"], "revision": revision}
        if params["description"]:
            described["description"] = params["description"]
        api.register_application_revision(connection.codedeploy, described)

    return revision, upload
