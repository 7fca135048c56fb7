"""What the metadata service tells a host, and whom it asks for a token first.

Every answer is read from the account at the time of the request, so that an
instance profile that is attached later shows up at once.
"""

import json
import secrets
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any, Protocol

from moto.sts.models import sts_backends

from local_cloud.hosts.metadata.tree import (
    Node,
    as_json,
    aware,
    identity_document,
    metadata,
    read,
    stamp,
    user_data,
)

LONGEST_TOKEN = 21600
CREDENTIALS_LAST = timedelta(hours=6)
CREDENTIALS_RENEWED_BEFORE = timedelta(minutes=15)


class Headers(Protocol):
    """Of a request; names in any case."""

    def get(self, name: str, /) -> str | None: ...


class MetadataService:
    """What one host is told.

    `find_instance` returns moto's record of the instance, or None once it is gone.
    """

    def __init__(self, find_instance: Callable[[], Any], *, public_key: str | None) -> None:
        self._find_instance = find_instance
        self._public_key = public_key
        self._tokens: dict[str, float] = {}
        self._credentials: dict[str, Any] = {}

    def new_token(self, headers: Headers) -> tuple[HTTPStatus, str]:
        """A token, for PUT /latest/api/token."""
        instance = self._find_instance()
        if (
            instance is None
            or instance.metadata_options.http_endpoint != "enabled"
            or headers.get("X-Forwarded-For")
        ):
            return HTTPStatus.FORBIDDEN, ""
        seconds = headers.get("X-aws-ec2-metadata-token-ttl-seconds") or ""
        if not seconds.isdecimal() or not 1 <= int(seconds) <= LONGEST_TOKEN:
            return HTTPStatus.BAD_REQUEST, ""
        now = time.monotonic()
        self._tokens = {token: until for token, until in self._tokens.items() if until > now}
        token = secrets.token_urlsafe(40) + "=="
        self._tokens[token] = now + int(seconds)
        return HTTPStatus.OK, token

    def read(self, path: str, headers: Headers) -> tuple[HTTPStatus, str]:
        """The answer to a GET."""
        instance = self._find_instance()
        if instance is None or instance.metadata_options.http_endpoint != "enabled":
            return HTTPStatus.FORBIDDEN, ""
        token = headers.get("X-aws-ec2-metadata-token")
        if token is None and instance.metadata_options.http_tokens == "required":
            return HTTPStatus.UNAUTHORIZED, ""
        if token is not None and self._tokens.get(token, 0) <= time.monotonic():
            return HTTPStatus.UNAUTHORIZED, ""
        return read(self._tree(instance), path)

    def hop_limit(self) -> int:
        """The IP time to live of answers: beyond it they do not travel."""
        instance = self._find_instance()
        return int(instance.metadata_options.http_put_response_hop_limit) if instance else 1

    def _tree(self, instance: Any) -> Node:  # noqa: ANN401 - moto's Instance
        tree: dict[str, Node] = {
            "dynamic": {"instance-identity": {"document": lambda: as_json(identity_document(instance))}},
            "meta-data": {**metadata(instance, self._public_key), **self._iam(instance)},
        }
        if instance.user_data is not None:
            tree["user-data"] = lambda: user_data(instance)
        return tree

    def _iam(self, instance: Any) -> Mapping[str, Node]:  # noqa: ANN401 - moto's Instance
        association = instance.ec2_backend.iam_instance_profile_associations.get(instance.id)
        profile = association.iam_instance_profile if association else None
        if profile is None or not profile.roles:
            return {}
        role = profile.roles[0]
        info = {
            "Code": "Success",
            "LastUpdated": stamp(datetime.now(UTC)),
            "InstanceProfileArn": profile.arn,
            "InstanceProfileId": profile.id,
        }
        return {
            "iam": {
                "info": as_json(info),
                "security-credentials": {role.name: lambda: as_json(self._role_credentials(instance, role))},
            }
        }

    def _role_credentials(self, instance: Any, role: Any) -> Mapping[str, str]:  # noqa: ANN401 - moto's
        now = datetime.now(UTC)
        if not _trusts_ec2(role):
            return {
                "Code": "AssumeRoleUnauthorizedAccess",
                "Message": f"EC2 cannot assume the role {role.name}. Please see documentation at "
                "https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html"
                "#troubleshoot_iam-ec2_errors-info-doc.",
                "LastUpdated": stamp(now),
            }
        session = self._credentials.get(role.arn)
        if session is None or aware(session.expiration) - now < CREDENTIALS_RENEWED_BEFORE:
            backend = instance.ec2_backend
            session = sts_backends[backend.account_id][backend.partition].assume_role(
                region_name=backend.region_name,
                role_session_name=instance.id,
                role_arn=role.arn,
                policy="",
                duration=int(CREDENTIALS_LAST.total_seconds()),
                external_id="",
            )
            self._credentials[role.arn] = session
        return {
            "Code": "Success",
            "LastUpdated": stamp(aware(session.expiration) - CREDENTIALS_LAST),
            "Type": "AWS-HMAC",
            "AccessKeyId": session.access_key_id,
            "SecretAccessKey": session.secret_access_key,
            "Token": session.session_token,
            "Expiration": stamp(aware(session.expiration)),
        }


def _trusts_ec2(role: Any) -> bool:  # noqa: ANN401 - moto's Role
    document = role.assume_role_policy_document
    policy = json.loads(document) if isinstance(document, str) else document
    statements = policy.get("Statement", []) if policy else []
    for statement in [statements] if isinstance(statements, dict) else statements:
        principal = statement.get("Principal", {})
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        services = [services] if isinstance(services, str) else services
        if statement.get("Effect") == "Allow" and any(
            name.startswith("ec2.amazonaws.com") for name in services
        ):
            return True
    return False
