"""Whose an access key is."""

from dataclasses import dataclass

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition


def caller(access_key: str, region: str) -> str:
    """The ARN of the key's user or assumed role; the key itself where the account does not know it."""
    partition = get_partition(region)
    role = sts_backends[DEFAULT_ACCOUNT_ID][partition].get_assumed_role_from_access_key(access_key)
    if role:
        return str(role.arn)
    user = iam_backends[DEFAULT_ACCOUNT_ID][partition].get_user_from_access_key_id(access_key)
    return str(user.arn) if user else access_key


def secret(access_key: str, region: str) -> str | None:
    """The secret of a user's or a session's access key; None where the account does not know the key."""
    partition = get_partition(region)
    role = sts_backends[DEFAULT_ACCOUNT_ID][partition].get_assumed_role_from_access_key(access_key)
    if role:
        return str(role.secret_access_key)
    key = iam_backends[DEFAULT_ACCOUNT_ID][partition].access_keys.get(access_key)
    return str(key.secret_access_key) if key else None


@dataclass(frozen=True, kw_only=True)
class Keys:
    """All access keys that somebody has: root's, which no record of the account is about, and the others."""

    root_key: str
    root_secret: str
    region: str

    def caller(self, access_key: str, region: str) -> str:
        """Who calls, by ARN; the key itself where nobody has it."""
        if access_key == self.root_key:
            return f"arn:{get_partition(region)}:iam::{DEFAULT_ACCOUNT_ID}:root"
        return caller(access_key, region) if access_key else "anonymous"

    def secret(self, access_key: str) -> str | None:
        """The secret of an access key; None where nobody has it."""
        return self.root_secret if access_key == self.root_key else secret(access_key, self.region)
