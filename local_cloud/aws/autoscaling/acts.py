# ruff: noqa: ANN401 - moto's objects are duck-typed
"""What a group does with other services, for the account's history: the calls of its service-linked role."""

from typing import Any

from local_cloud.aws.autoscaling.options import options
from local_cloud.aws.trail import Act

ROLE = "AWSServiceRoleForAutoScaling"


def tell(group: Any, action: str, parameters: dict[str, Any], answer: dict[str, Any] | None = None) -> None:
    """Names of parameters and answer are those of the action's API."""
    backend = group.autoscaling_backend
    options.tell(
        Act(
            by="autoscaling",
            role_arn=f"arn:{backend.partition}:iam::{backend.account_id}:role/aws-service-role"
            f"/autoscaling.amazonaws.com/{ROLE}",
            session="AutoScaling",
            region=backend.region_name,
            action=action,
            parameters=parameters,
            answer=answer or {},
        )
    )
