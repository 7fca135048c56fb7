# ruff: noqa: ANN401 - parameters are what they are
"""What services of the account do by themselves, without a request that `middleware` could see.

AWS's own services call each other's APIs, and CloudTrail has these calls too: "CloudTrail
userIdentity element", `invokedBy`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.utilities.utils import get_partition

from local_cloud.aws.trail import record
from local_cloud.aws.trail.history import History


@dataclass(frozen=True, kw_only=True)
class Act:
    """One call, as the service would make it. Names of parameters and answer are those of the API."""

    by: str
    """`codedeploy`, or `autoscaling`."""
    role_arn: str
    session: str
    """The name of the role's session."""
    region: str
    action: str
    """As IAM has it: `autoscaling:PutLifecycleHook`."""
    parameters: dict[str, Any]
    answer: dict[str, Any] = field(default_factory=dict)
    is_denied: bool = False


Tell = Callable[[Act], None]


def untold(_: Act) -> None:
    """Where nobody keeps a history."""


def keeping(history: History) -> Tell:
    """What services tell their acts, so that `history` has them."""

    def tell(act: Act) -> None:
        history.add(_record(act))

    return tell


def _record(act: Act) -> record.Record:
    service, _, action = act.action.partition(":")
    name = f"{act.by}{record.BY_SERVICE}"
    arn = _session_arn(act)
    refusal = {
        "errorCode": "AccessDenied",
        "errorMessage": f"User: {arn} is not authorized to perform: {act.action}",
    }
    return record.made(
        record.Circumstances(
            service=service,
            action=action,
            region=act.region,
            time=datetime.now(UTC),
            who=record.identity(arn, DEFAULT_ACCOUNT_ID, "", name),
            source=name,
            agent=name,
        ),
        {
            **(refusal if act.is_denied else {}),
            "requestParameters": _camel(act.parameters) or None,
            "responseElements": _camel(act.answer) or None,
        },
    )


def _session_arn(act: Act) -> str:
    role = act.role_arn.rpartition("/")[2]
    return f"arn:{get_partition(act.region)}:sts::{DEFAULT_ACCOUNT_ID}:assumed-role/{role}/{act.session}"


def _camel(value: Any) -> Any:
    if isinstance(value, dict):
        return {record.camel(key): _camel(each) for key, each in value.items()}
    return [_camel(each) for each in value] if isinstance(value, list) else value
