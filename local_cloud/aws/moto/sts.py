# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is replaced or asked of them is private
"""AssumeRoleWithWebIdentity, truly checked: the token's signature, audience and expiry, the role's trust."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import jwt
from moto.core.exceptions import AccessDeniedError
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import ActionResult
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.sts.exceptions import STSClientError

from local_cloud.aws.authorization.policies import Access, Effect, effect
from local_cloud.github import oidc
from local_cloud.settings import Settings

ACTION = "sts:AssumeRoleWithWebIdentity"
OFFERED = {
    *("aud", "sub", "amr"),
    *("actor", "actor_id", "job_workflow_ref", "repository", "repository_id", "workflow", "ref"),
    *("environment", "enterprise_id"),
}
"""Claims that STS gives to conditions: those of every provider, and those of GitHub's that it knows.

A condition on any other one finds no value ("Available keys for AWS OIDC federation" of the IAM User Guide).
"""
Claims = Mapping[str, Any]


class NotAuthorizedError(AccessDeniedError):
    """What STS says whatever the reason is: no such role, or its trust policy does not fit."""

    def __init__(self) -> None:
        # Past the parent, whose message is about a user and a signed call.
        super(AccessDeniedError, self).__init__("AccessDenied", f"Not authorized to perform {ACTION}")


def handler(settings: Settings) -> Callable[[Any], ActionResult]:
    """The answer to the STS action, as a method of moto's response class."""

    def assume_role_with_web_identity(response: Any) -> ActionResult:
        role_arn = response._get_param("RoleArn")
        providers = iam_backends[DEFAULT_ACCOUNT_ID][response.partition].open_id_providers.values()
        claims, provider_arn = verified_claims(response._get_param("WebIdentityToken"), providers, settings)
        role = _role(role_arn, response.partition)
        issuer = claims["iss"].removeprefix("https://")
        if not role or not trusts(_policy(role), provider_arn, issuer, claims):
            raise NotAuthorizedError
        duration = response._get_int_param("DurationSeconds", 3600)
        if duration > int(role.max_session_duration or 3600):
            raise STSClientError(
                "ValidationError",
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
            )
        session = response.backend.assume_role_with_web_identity(
            region_name=response.region,
            role_session_name=response._get_param("RoleSessionName"),
            role_arn=role_arn,
            policy=response._get_param("Policy"),
            duration=duration,
            external_id=None,
        )
        return ActionResult(
            {
                "Credentials": session,
                "AssumedRoleUser": {"AssumedRoleId": session.user_id, "Arn": session.arn},
                "SubjectFromWebIdentityToken": claims["sub"],
                "Audience": claims["aud"],
                "Provider": provider_arn,
            }
        )

    return assume_role_with_web_identity


def verified_claims(token: str, providers: Iterable[Any], settings: Settings) -> tuple[Claims, str]:
    """The claims of a token and the ARN of its OIDC provider. Raises STS's errors."""
    try:
        issuer = str(jwt.decode(token, options={"verify_signature": False}).get("iss", ""))
        key_id = jwt.get_unverified_header(token).get("kid", "")
    except jwt.InvalidTokenError:
        raise _invalid(
            "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
        ) from None
    provider = next((each for each in providers if f"https://{each.url}".rstrip("/") == issuer), None)
    if provider is None:
        raise _invalid(f"No OpenIDConnect provider found in your account for {issuer}")
    key = oidc.public_keys(settings).get(key_id) if issuer == oidc.ISSUER else None
    if key is None:
        raise _invalid(
            "Couldn't retrieve verification key from your identity provider,  please reference"
            " AssumeRoleWithWebIdentity documentation for requirements"
        )
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=provider.client_id_list,
            options={"require": ["exp", "iat", "sub", "aud"]},
        )
    except jwt.ExpiredSignatureError:
        expired = jwt.decode(token, options={"verify_signature": False})["exp"]
        raise STSClientError(
            "ExpiredTokenException",
            f"Token expired: current date/time {int(time.time())} must be before"
            f" the expiration date/time {expired}",
        ) from None
    except jwt.InvalidAudienceError:
        raise _invalid("Incorrect token audience") from None
    except jwt.InvalidTokenError as error:
        raise _invalid(f"The web identity token could not be validated: {error}") from None
    return claims, provider.arn


def trusts(policy: Mapping[str, Any], provider_arn: str, issuer: str, claims: Claims) -> bool:
    """Does a role's trust policy let this identity in? A Deny that fits wins.

    Condition keys are `<issuer>:<claim>`.
    """
    context = {f"{issuer}:{name}".lower(): _text(value) for name, value in claims.items() if name in OFFERED}
    return (
        effect([policy], Access(action=ACTION, context=context), {("Federated", provider_arn)})
        is Effect.ALLOW
    )


def _text(value: Any) -> str | list[str]:
    return [str(each) for each in value] if isinstance(value, list) else str(value)


def _role(arn: str, partition: str) -> Any:
    try:
        return iam_backends[DEFAULT_ACCOUNT_ID][partition].get_role_by_arn(arn)
    except NotFoundException:
        return None


def _policy(role: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(role.assume_role_policy_document)
    return document


def _invalid(message: str) -> STSClientError:
    return STSClientError("InvalidIdentityToken", message)
