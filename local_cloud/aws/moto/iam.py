# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is asked of them is private
"""What IAM refuses of policies and OIDC providers, and moto keeps. It has what moto lacks too.

The words are IAM's, as its users report them, but where marked.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import moto.iam.models
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.responses import EmptyResult
from moto.iam.exceptions import (
    EntityAlreadyExists,
    LimitExceededException,
    MalformedPolicyDocument,
    NotFoundException,
    ValidationError,
)
from moto.iam.models import IAMBackend, ManagedPolicy, OpenIDConnectProvider, Role, iam_backends
from moto.iam.policy_validation import IAMPolicyDocumentValidator, IAMTrustPolicyDocumentValidator
from moto.iam.responses import IamResponse

from local_cloud.aws.moto.reset import duplicate

TRUST_CHARACTERS, ROLE_CHARACTERS, MANAGED_CHARACTERS = 2048, 10240, 6144
"""What IAM's quotas leave for a trust policy, all inline policies of a role, and a managed policy."""
ACCOUNT = re.compile(r"\d{12}")
NAMED = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):(iam|sts)::(?P<account>\d{12}):(?P<kind>[a-z-]+)(?P<name>/.+)?"
)
SERVICE = re.compile(r"[a-z0-9.-]+\.(amazonaws\.com(\.cn)?|amazonaws\.eu|aws\.internal|amazon\.com)")
PROVIDER = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:(oidc|saml)-provider/.+")
DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")

_aws_policies: dict[str, list[ManagedPolicy]] = {}
_original_policies = IAMBackend._init_aws_policies
_original_create_role = IAMBackend.create_role
_original_create_policy = IAMBackend.create_policy
_original_put_role_policy = IAMBackend.put_role_policy
_original_remove_role = IAMBackend.remove_role_from_instance_profile
_original_create_provider = IAMBackend.create_open_id_connect_provider


class PolicyValidator(IAMPolicyDocumentValidator):
    """A policy of an identity."""

    def validate(self) -> None:
        super().validate()
        for statement in self._statements:
            if "Principal" in statement or "NotPrincipal" in statement:
                raise MalformedPolicyDocument("Policy document should not specify a principal.")


class TrustPolicyValidator(IAMTrustPolicyDocumentValidator):
    """A role's trust policy: everybody whom it names exists, as far as this account knows."""

    def validate(self) -> None:
        super().validate()
        if _characters(self._policy_document) > TRUST_CHARACTERS:
            raise LimitExceededException(f"Cannot exceed quota for ACLSizePerRole: {TRUST_CHARACTERS}")
        for statement in self._statements:
            if "Principal" not in statement and "NotPrincipal" not in statement:
                raise MalformedPolicyDocument("Missing required field Principal")
            for element in ("Principal", "NotPrincipal"):
                if element in statement:
                    _check_principal(statement[element])


def _characters(document: str) -> int:
    """White space is free."""
    return len("".join(document.split()))


def _check_principal(principal: Any) -> None:
    if principal == "*":
        return
    named = list(_principals(principal))
    if not named:
        raise MalformedPolicyDocument(
            "Invalid principal in policy: com.amazon.balsa.error.InvalidPolicyException:"
            " The passed in policy has a statement with no principals!"
        )
    for kind, name in named:
        if not _exists(kind, name):
            said = kind if kind == "AWS" else kind.upper()
            raise MalformedPolicyDocument(f'Invalid principal in policy: "{said}":"{name}"')


def _principals(principal: Any) -> Iterator[tuple[str, str]]:
    if not isinstance(principal, Mapping):
        raise MalformedPolicyDocument(f'Invalid principal in policy: "STAR":"{principal}"')
    for kind, names in principal.items():
        yield from ((str(kind), str(name)) for name in (names if isinstance(names, list) else [names]))


def _exists(kind: str, name: str) -> bool:
    """Other accounts' principals can't be looked up: they are believed."""
    match kind:
        case "AWS":
            return name == "*" or bool(ACCOUNT.fullmatch(name)) or _is_known(name)
        case "Service":
            return bool(SERVICE.fullmatch(name))
        case "Federated":
            return bool(PROVIDER.fullmatch(name) or DOMAIN.fullmatch(name))
    return kind == "CanonicalUser"


def _is_known(arn: str) -> bool:
    found = NAMED.fullmatch(arn)
    if found is None or "*" in arn:
        return False
    if found["kind"] == "root":
        return found["name"] is None
    backend = iam_backends[DEFAULT_ACCOUNT_ID][found["partition"]]
    match found["kind"]:
        case "user" if found["account"] == DEFAULT_ACCOUNT_ID:
            return arn in {user.arn for user in backend.users.values()}
        case "role" if found["account"] == DEFAULT_ACCOUNT_ID:
            return arn in {role.arn for role in backend.roles.values()}
        case "assumed-role" if found["account"] == DEFAULT_ACCOUNT_ID:
            return str(found["name"]).split("/")[1] in {role.name for role in backend.roles.values()}
    return found["kind"] in {"user", "role", "assumed-role", "federated-user"}


def create_role(
    backend: Any, role_name: str, assume_role_policy_document: Any, *args: Any, **kwargs: Any
) -> Role:
    """CreateRole, and CloudFormation's, which has the document as a mapping."""
    document = assume_role_policy_document
    TrustPolicyValidator(document if isinstance(document, str) else json.dumps(document)).validate()
    return _original_create_role(backend, role_name, assume_role_policy_document, *args, **kwargs)


def create_policy(
    backend: Any, description: str, path: str, policy_document: str, *args: Any, **kwargs: Any
) -> Any:
    if _characters(policy_document) > MANAGED_CHARACTERS:
        raise LimitExceededException(f"Cannot exceed quota for PolicySize: {MANAGED_CHARACTERS}")
    return _original_create_policy(backend, description, path, policy_document, *args, **kwargs)


def put_role_policy(backend: Any, role_name: str, policy_name: str, policy_json: str) -> None:
    others = [text for name, text in backend.get_role(role_name).policies.items() if name != policy_name]
    if sum(map(_characters, [*others, policy_json])) > ROLE_CHARACTERS:
        raise LimitExceededException(
            f"Maximum policy size of {ROLE_CHARACTERS} bytes exceeded for role {role_name}"
        )
    _original_put_role_policy(backend, role_name, policy_name, policy_json)


def create_provider(backend: Any, url: str, *args: Any, **kwargs: Any) -> OpenIDConnectProvider:
    """An OIDC provider, one for each issuer: no final slash and no capital of its host makes another one."""
    plain = issuer(url)
    known = (
        f"arn:{backend.partition}:iam::{backend.account_id}:oidc-provider/{plain.removeprefix('https://')}"
    )
    if known in backend.open_id_providers:
        raise EntityAlreadyExists(f"Provider with url {plain} already exists.")
    return _original_create_provider(backend, plain, *args, **kwargs)


def issuer(url: str) -> str:
    """The address of an issuer as IAM keeps it. Raises IAM's error for what can't be one."""
    try:
        parts = urlsplit(url)
        is_plain = parts.scheme == "https" and parts.hostname and parts.port is None
    except ValueError:
        is_plain = False
    if not is_plain or parts.query or parts.fragment or "@" in parts.netloc:
        raise ValidationError("Invalid Open ID Connect Provider URL")
    return f"https://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def managed_policies(backend: IAMBackend) -> list[ManagedPolicy]:
    """AWS's managed policies, as every account has them: an account only says to what they are attached."""
    partition = backend.partition
    if partition not in _aws_policies:
        # Making 1,400 of them takes a second; a reset makes a new backend.
        _aws_policies[partition] = _original_policies(backend)
    policies = [duplicate(policy) for policy in _aws_policies[partition]]
    for policy in policies:
        policy.account_id = backend.account_id
    return policies


def account_of_key(access_key: str) -> str:
    """As moto's, which makes an account's IAM in all partitions, policies and all, to look for it there."""
    for account_id, account in list(iam_backends.items()):
        if any(access_key in backend.access_keys for backend in list(account.values())):
            return account_id
    return DEFAULT_ACCOUNT_ID


def add_client_id(response: Any) -> EmptyResult:
    """AddClientIDToOpenIDConnectProvider, which moto does not have; one that is there already is fine."""
    provider, client_id = _provider_and_client_id(response)
    if client_id not in provider.client_id_list:
        provider._validate(
            f"https://{provider.url}", provider.thumbprint_list, [*provider.client_id_list, client_id]
        )
        provider.client_id_list = [*provider.client_id_list, client_id]
    return EmptyResult()


def remove_client_id(response: Any) -> EmptyResult:
    """RemoveClientIDFromOpenIDConnectProvider; one that is not there is fine."""
    provider, client_id = _provider_and_client_id(response)
    provider.client_id_list = [each for each in provider.client_id_list if each != client_id]
    return EmptyResult()


def _provider_and_client_id(response: Any) -> tuple[Any, str]:
    arn = response._get_param("OpenIDConnectProviderArn")
    return response.backend.get_open_id_connect_provider(arn), response._get_param("ClientID")


def remove_role(backend: Any, profile_name: str, role_name: str) -> None:
    """Of a role that the profile does not have moto knows no word. These are inferred."""
    role = backend.get_role(role_name)
    if role not in backend.get_instance_profile(profile_name).roles:
        raise NotFoundException(f"Role {role_name} is not in instance profile {profile_name}.")
    _original_remove_role(backend, profile_name, role_name)


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (moto.iam.models, "IAMPolicyDocumentValidator", PolicyValidator),
    (moto.iam.models, "IAMTrustPolicyDocumentValidator", TrustPolicyValidator),
    (IAMBackend, "create_role", create_role),
    (IAMBackend, "create_policy", create_policy),
    (IAMBackend, "put_role_policy", put_role_policy),
    (IAMBackend, "create_open_id_connect_provider", create_provider),
    (IAMBackend, "remove_role_from_instance_profile", remove_role),
    (moto.iam.models, "get_account_id_from", account_of_key),
    (moto.iam.models, "load_iam_aws_managed_policies", lambda: True),
    (IAMBackend, "_init_aws_policies", managed_policies),
)
ADDED: tuple[tuple[Any, str, Any], ...] = (
    (IamResponse, "add_client_id_to_open_id_connect_provider", add_client_id),
    (IamResponse, "remove_client_id_from_open_id_connect_provider", remove_client_id),
)
"""Operations that moto does not have."""
