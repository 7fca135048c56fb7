# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tags of CodeDeploy resources, by ARN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..aws.transformations import from_tag_list, tag_changes, to_tag_list
from . import api

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_codedeploy import CodeDeployClient


def read(client: CodeDeployClient, arn: str) -> dict[str, str]:
    return from_tag_list(api.list_tags(client, {"ResourceArn": arn}))


def write(client: CodeDeployClient, arn: str, current: Mapping[str, str], wanted: Mapping[str, str]) -> None:
    """From these tags to those, with at most two calls and none where they are equal."""
    fresh, obsolete = tag_changes(current, wanted)
    if obsolete:
        api.untag(client, {"ResourceArn": arn, "TagKeys": obsolete})
    if fresh:
        api.tag(client, {"ResourceArn": arn, "Tags": to_tag_list(fresh)})
