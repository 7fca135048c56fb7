# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Of CodeDeploy: application, deployment configuration, the agent's package, buckets for revisions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .sight import missing, there
from .wanted import PREFIX, Seen, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVER = "Server"  # CodeDeploy's compute platform of hosts


def deployment_config(wanted: Wanted, seen: Seen) -> Iterator[str]:
    found, says = (
        there(seen, "deployment_config"),
        f"pipeline_deployment_config is '{wanted.deployment_config}'",
    )
    if missing(seen, "deployment_config"):
        yield (
            f"{says}: CodeDeploy has no such deployment configuration in {wanted.region}. Name one of "
            "those that "
            "aws deploy list-deployment-configs lists, such as CodeDeployDefault.OneAtATime, or create "
            "it with "
            "codedeploy_deployment_config."
        )
    elif found and found.get("computePlatform", SERVER) != SERVER:
        yield f"{says}, a deployment configuration of {found['computePlatform']}: name one of Server."


def alarms(wanted: Wanted, seen: Seen) -> Iterator[str]:
    found = there(seen, "alarms")
    gone = [] if found is None else [name for name in wanted.alarms if name not in found]
    if gone:
        yield (
            f"pipeline_alarms has '{', '.join(gone)}': CloudWatch has no such alarm in {wanted.region}, and "
            "CodeDeploy would watch nothing. Create it, or take it from the list."
        )


def topic_region(wanted: Wanted) -> str:
    """Of the topic that is named; empty for what is no ARN."""
    return "".join(wanted.notification_topic.split(":")[3:4])


def notification_topic(wanted: Wanted, seen: Seen) -> Iterator[str]:
    says = f"pipeline_notification_topic is '{wanted.notification_topic}'"
    if wanted.notification_topic and topic_region(wanted) != wanted.region:
        yield (
            f"{says}, which is no topic of {wanted.region} (pipeline_region), and CodeDeploy publishes there "
            "alone: name one of that region by its ARN, or none."
        )
    elif missing(seen, "notification_topic"):
        yield (
            f"{says}: SNS has no such topic. Name one that is there, or none and subscribe with "
            "pipeline_notifications to one of the pipeline's own."
        )


def application(wanted: Wanted, seen: Seen) -> Iterator[str]:
    found = there(seen, "application")
    if found and found.get("computePlatform", SERVER) != SERVER:
        yield (
            f"pipeline_application is '{wanted.application}', an application of "
            f"{found['computePlatform']}, which stays "
            "one: name another."
        )


def agent(wanted: Wanted, seen: Seen) -> Iterator[str]:
    if seen["agent"] == "":
        yield (
            f"The CodeDeploy agent is not to be had in {wanted.region} (pipeline_region): the bucket "
            f"aws-codedeploy-{wanted.region} has no latest/install. Name a region that CodeDeploy is offered "
            "in."
        )


def buckets(wanted: Wanted, seen: Seen) -> Iterator[str]:
    """CodeDeploy's agent and the session's plugin ask for a bucket in the hosts' own region."""
    for reader, setting, name, otherwise in (
        ("bucket", "revision_bucket", wanted.revision_bucket, ", or none for one of the pipeline's own"),
        ("connection_bucket", "connection_bucket", wanted.connection_bucket, ""),
    ):
        says = f"{PREFIX}{setting} is '{name}'"
        if missing(seen, reader):
            yield f"{says}: there is no such bucket. Name one that is there{otherwise}."
        elif (there(seen, reader) or {}).get("region", "") not in {"", wanted.region}:
            yield (
                f"{says}, a bucket in {seen[reader]['region']}: name one in {wanted.region} "
                f"(pipeline_region){otherwise}."
            )
