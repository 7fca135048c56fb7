"""The gate before every AWS call: who calls, what that needs, whether the account's policies allow it."""

import json
import re
import threading
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from local_cloud.aws.authorization.account import Account, ExpiredSessionError, Principal, UnknownKeyError
from local_cloud.aws.authorization.actions import accesses
from local_cloud.aws.authorization.answers import Problem, Refusal, answer
from local_cloud.aws.authorization.policies import ALLOWED, Access, Decision, Effect, decide, effect
from local_cloud.aws.parameters import parameters
from local_cloud.request_log import (
    COMMANDS,
    Authorization,
    Call,
    Check,
    Entry,
    identify,
    is_mutating,
    set_authorization,
)

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

NEEDS_NOTHING = {("sts", "GetCallerIdentity"), ("sts", "GetSessionToken")}
"""What every caller may do, whatever policies say."""
NEEDS_NO_SIGNATURE = {
    # The role's trust policy decides, where the token is looked at.
    ("sts", "AssumeRoleWithWebIdentity"),
    # moto refuses what is not public.
    ("s3", "GetObject"),
    ("s3", "HeadObject"),
}
SECURE_COMMANDS = "codedeploy-commands-secure"
"""The agents' service in whose API model their calls are actions of IAM; in the older one they are not."""
SIGNED = "%Y%m%dT%H%M%SZ"
INSTANCE = re.compile(r"arn:[^:]+:ec2:[^:]+:\d+:instance/(?P<id>.+)")


class Gate:
    """Whether callers are let in, and why not. Open until `enforcing` is set, which may be at any time.

    `turn` is held while moto's account is read. `root_key` is the access key that
    is the account's own. `note` is told what a service does with a role that it was given.
    """

    def __init__(
        self, turn: threading.Lock, *, root_key: str, enforcing: bool, note: Callable[[Entry], None]
    ) -> None:
        self.enforcing = enforcing
        self._turn = turn
        self._root_key = root_key
        self._note = note

    def before(self, app: "WSGIApplication") -> "WSGIApplication":
        """`app` for those who may."""

        def application(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
            if not self.enforcing:
                return app(environ, start_response)
            call = identify(environ)
            with self._turn:
                refusal = self._refusal(call, environ)
            if refusal is None:
                return app(environ, start_response)
            status, headers, body = answer(refusal, call, environ)
            start_response(status, headers)
            return [body]

        return application

    def service_may(self, role_arn: str, region: str, action: str, resource: str = "*") -> bool:
        """May CodeDeploy do this with a service role that it was given? Whoever asks holds moto's lock."""
        if not self.enforcing:
            return True
        account = Account(region=region)
        name = role_arn.rpartition("/")[2]
        arn = f"arn:{account.partition}:sts::{account.id}:assumed-role/{name}/CodeDeploy"
        allowed = decide(
            account.session(role_arn, arn).policies, Access(action=action, resource=resource)
        ).allowed
        service, _, operation = action.partition(":")
        self._note(
            Entry(
                time=datetime.now(UTC).isoformat(timespec="milliseconds"),
                caller=arn,
                service=service,
                action=operation,
                mutating=allowed and is_mutating(service, operation, "POST"),
                status=200 if allowed else 403,
                milliseconds=0.0,
                checks=(Check(action=action, resource=resource, allowed=allowed),),
            )
        )
        return allowed

    def _refusal(self, call: Call, environ: "WSGIEnvironment") -> Refusal | None:
        account = Account(region=call.region)
        if not call.access_key:
            return (
                None
                if (call.service, call.action) in NEEDS_NO_SIGNATURE
                else Refusal(problem=Problem.UNSIGNED)
            )
        if wrong := skew(environ.get("HTTP_X_AMZ_DATE", ""), call.service, datetime.now(UTC)):
            return Refusal(problem=Problem.SKEWED, sentence=wrong)
        try:
            principal = self._principal(call, environ, account)
        except UnknownKeyError:
            return Refusal(problem=Problem.UNKNOWN_KEY)
        except ExpiredSessionError:
            return Refusal(problem=Problem.EXPIRED)
        decisions = list(_decisions(principal, call, environ, account))
        set_authorization(
            environ,
            Authorization(
                caller=principal.arn,
                checks=tuple(
                    Check(action=access.action, resource=access.resource, allowed=decision.allowed)
                    for access, decision in decisions
                ),
            ),
        )
        for access, decision in decisions:
            if not decision.allowed:
                return Refusal(problem=Problem.DENIED, sentence=sentence(principal, access, decision))
        return None

    def _principal(self, call: Call, environ: "WSGIEnvironment", account: Account) -> Principal:
        if call.access_key == self._root_key:
            return account.root()
        token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN") or call.token
        return account.principal(call.access_key, token)


def skew(signed: str, service: str, now: datetime) -> str:
    """What AWS says of a signature of another time; nothing where it takes it, or where none is given.

    Services take five minutes, S3 a quarter of an hour, each in both directions.
    """
    try:
        at = datetime.strptime(signed, SIGNED).replace(tzinfo=UTC)
    except ValueError:
        return ""
    minutes = 15 if service == "s3" else 5
    allowed = timedelta(minutes=minutes)
    if at < now - allowed:
        return f"Signature expired: {_moments(signed, 'earlier', now - allowed, now, f'- {minutes}')}"
    if at > now + allowed:
        return f"Signature not yet current: {_moments(signed, 'later', now + allowed, now, f'+ {minutes}')}"
    return ""


def _moments(signed: str, how: str, bound: datetime, now: datetime, minutes: str) -> str:
    still = "now" if how == "earlier" else "still"
    return f"{signed} is {still} {how} than {bound:{SIGNED}} ({now:{SIGNED}} {minutes} min.)"


def sentence(principal: Principal, access: Access, decision: Decision) -> str:
    """Who may not do what, in AWS's words."""
    resource = "" if access.resource == "*" else f" on resource: {access.resource}"
    said = f"User: {principal.arn} is not authorized to perform: {access.action}{resource} {decision.reason}"
    return said.strip()


def _decisions(
    principal: Principal, call: Call, environ: "WSGIEnvironment", account: Account
) -> Iterable[tuple[Access, Decision]]:
    """Each access that the call needs, with what is decided on it."""
    if call.service == COMMANDS:
        yield _agent(principal, call, environ)
        return
    given = parameters(call, environ)
    caller = {"aws:sourceip": environ.get("REMOTE_ADDR", ""), "aws:securetransport": "true"}
    for access in accesses(call.service, call.action, given, account):
        complete = Access(
            action=access.action,
            resource=access.resource,
            context={**caller, **access.context, **principal.context},
        )
        if (call.service, call.action) in NEEDS_NOTHING:
            yield complete, ALLOWED
        elif access.action == "sts:AssumeRole":
            yield complete, may_assume(principal, complete, account)
        else:
            yield complete, ALLOWED if principal.is_root else decide(principal.policies, complete)


def may_assume(principal: Principal, access: Access, account: Account) -> Decision:
    """The role's trust policy must let the caller in, and where it names the account only, the caller's
    own policies too. Root takes no role."""
    if principal.is_root:
        return Decision(allowed=False)
    role = account.role(access.resource)
    trust: list[Mapping[str, Any]] = [json.loads(role.assume_role_policy_document)] if role else []
    by_name = effect(trust, access, principal.names)
    by_account = effect(trust, access, principal.names | principal.account_names)
    own = decide(principal.policies, access)
    if by_account is not Effect.ALLOW:
        return Decision(allowed=False)
    if own.allowed or (by_name is Effect.ALLOW and "explicit deny" not in own.reason):
        return ALLOWED
    return own


def _agent(principal: Principal, call: Call, environ: "WSGIEnvironment") -> tuple[Access, Decision]:
    """An agent speaks for its own host only; in the newer API model its role must allow the call as well."""
    body = environ["wsgi.input"].read()
    environ["wsgi.input"].seek(0)
    try:
        host = json.loads(body).get("HostIdentifier", "")
    except (ValueError, AttributeError):
        host = ""
    instance = INSTANCE.fullmatch(str(host))
    session = principal.arn.rpartition("/")[2]
    access = Access(
        action=f"{call.signed_for or COMMANDS}:{call.action}", resource="*", context=principal.context
    )
    if host and ("AWS", str(host)) not in principal.names and not (instance and instance["id"] == session):
        return access, Decision(allowed=False)
    if call.signed_for == SECURE_COMMANDS and not principal.is_root:
        return access, decide(principal.policies, access)
    return access, ALLOWED
