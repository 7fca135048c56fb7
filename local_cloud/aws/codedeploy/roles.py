"""Whether CodeDeploy can assume a service role, as STS would decide."""

import json
import re
from datetime import timedelta
from typing import Any

from moto.core.utils import utcnow
from moto.iam.models import Role, iam_backends

from local_cloud.aws.codedeploy.exceptions import InvalidRoleException, RoleRequiredException
from local_cloud.aws.codedeploy.options import options

_ROLE_ARN = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):role/.+")


def check_service_role(arn: str | None, *, account_id: str, region: str, partition: str) -> str:
    """The role's ARN. Raises InvalidRoleException when the role is missing, new, or trusts somebody else."""
    if not arn:
        raise RoleRequiredException
    parts = _ROLE_ARN.fullmatch(arn)
    if not parts:
        raise InvalidRoleException(f"The service role ARN {arn} is not valid.")
    roles = iam_backends[account_id][partition].roles.values() if parts[1] == account_id else ()
    role = next((role for role in list(roles) if role.arn == arn), None)
    if role is None or not _is_settled(role) or not _trusts_codedeploy(role, region):
        raise InvalidRoleException(arn=arn)
    return arn


def _is_settled(role: Role) -> bool:
    return bool(role.create_date + timedelta(seconds=options.role_propagation) <= utcnow())


def _trusts_codedeploy(role: Role, region: str) -> bool:
    policy = json.loads(role.assume_role_policy_document or "{}")
    return any(_allows(statement, region) for statement in _listed(policy.get("Statement", [])))


def _allows(statement: dict[str, Any], region: str) -> bool:
    principals = statement.get("Principal", {})
    services = _listed(principals.get("Service", [])) if isinstance(principals, dict) else []
    trusted = {"codedeploy.amazonaws.com", f"codedeploy.{region}.amazonaws.com"}
    if region.startswith("cn-"):
        trusted = {f"codedeploy.{region}.amazonaws.com.cn"}
    actions = {"sts:AssumeRole", "sts:*", "*"}
    return (
        statement.get("Effect") == "Allow"
        and not trusted.isdisjoint(services)
        and not actions.isdisjoint(_listed(statement.get("Action", [])))
    )


def _listed(value: object) -> list[Any]:
    """A policy may have one thing where it could have a list."""
    return value if isinstance(value, list) else [value]
