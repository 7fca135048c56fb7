"""GitHub's OIDC issuer: discovery, keys and tokens with the claims of a job."""

import base64
import hashlib
import threading
import time
import uuid
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from local_cloud.github.records import Job, Repository
from local_cloud.settings import Settings

ISSUER = "https://token.actions.githubusercontent.com"
LIFETIME = 300
"""Seconds that a token is good for."""

CLAIMS = [
    "sub",
    "aud",
    "exp",
    "iat",
    "iss",
    "jti",
    "nbf",
    "actor",
    "actor_id",
    "base_ref",
    "environment",
    "event_name",
    "head_ref",
    "job_workflow_ref",
    "job_workflow_sha",
    "ref",
    "ref_protected",
    "ref_type",
    "repository",
    "repository_id",
    "repository_owner",
    "repository_owner_id",
    "repository_visibility",
    "run_attempt",
    "run_id",
    "run_number",
    "runner_environment",
    "sha",
    "workflow",
    "workflow_ref",
    "workflow_sha",
]

_making = threading.Lock()


def public_keys(settings: Settings) -> dict[str, rsa.RSAPublicKey]:
    """Key id -> key, for whoever checks a token of this local cloud (STS)."""
    key = _private_key(settings).public_key()
    return {_key_id(key): key}


def discovery() -> dict[str, object]:
    """`/.well-known/openid-configuration`."""
    return {
        "issuer": ISSUER,
        "jwks_uri": f"{ISSUER}/.well-known/jwks",
        "subject_types_supported": ["public", "pairwise"],
        "response_types_supported": ["id_token"],
        "claims_supported": CLAIMS,
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid"],
    }


def jwks(settings: Settings) -> dict[str, object]:
    """`/.well-known/jwks`."""
    return {
        "keys": [
            {
                "kty": "RSA",
                "alg": "RS256",
                "use": "sig",
                "kid": kid,
                "n": _number(key.public_numbers().n),
                "e": _number(key.public_numbers().e),
            }
            for kid, key in public_keys(settings).items()
        ],
    }


def subject(repository: Repository, *, ref: str, environment: str | None, event: str = "push") -> str:
    """The `sub` claim: the environment form when a job has one, else the pull request or ref form."""
    if environment:
        context = f"environment:{environment}"
    else:
        context = "pull_request" if event == "pull_request" else f"ref:{ref}"
    if repository.claim_keys is None:
        return f"{repository.subject_prefix}:{context}"
    known = {
        "repo": repository.subject_prefix,
        "context": context,
        "repository_owner": f"repository_owner:{repository.owner}",
        "repository_id": f"repository_id:{repository.id}",
        "environment": f"environment:{environment or ''}",
        "ref": f"ref:{ref}",
        "event_name": f"event_name:{event}",
    }
    return ":".join(known.get(key, f"{key}:") for key in repository.claim_keys)


def claims(job: Job, *, audience: str, moment: float) -> dict[str, object]:
    """What a token says about a job; `moment` is the epoch second it is issued at."""
    repository = job.repository
    workflow = f"{repository.full_name}/.github/workflows/{job.run.workflow}@{job.run.ref}"
    issued = int(moment)
    said: dict[str, object] = {
        "jti": str(uuid.uuid4()),
        "sub": subject(repository, ref=job.run.ref, environment=job.environment, event=job.run.event),
        "aud": audience,
        "ref": job.run.ref,
        "sha": job.run.sha,
        "repository": repository.full_name,
        "repository_id": str(repository.id),
        "repository_owner": repository.owner,
        "repository_owner_id": str(repository.owner_id),
        "repository_visibility": "private" if repository.private else "public",
        "run_id": str(job.run.id),
        "run_number": "1",
        "run_attempt": "1",
        "runner_environment": "github-hosted",
        "actor": job.run.actor,
        "actor_id": str(repository.owner_id),
        "workflow": job.run.workflow,
        "workflow_ref": workflow,
        "workflow_sha": job.run.sha,
        "job_workflow_ref": workflow,
        "job_workflow_sha": job.run.sha,
        "event_name": job.run.event,
        "head_ref": "",
        "base_ref": "",
        "ref_type": "tag" if job.run.ref.startswith("refs/tags/") else "branch",
        "ref_protected": "false",
        "iss": ISSUER,
        "iat": issued,
        "nbf": issued - LIFETIME,
        "exp": issued + LIFETIME,
    }
    return said | ({"environment": job.environment} if job.environment else {})


def sign(said: dict[str, object], settings: Settings) -> str:
    """The claims as a JWT (RS256) of this local cloud's issuer."""
    key = _private_key(settings)
    return jwt.encode(said, key, algorithm="RS256", headers={"kid": _key_id(key.public_key())})


def token(job: Job, settings: Settings, *, audience: str | None) -> str:
    """A job's token. Without an audience it is the owner's address, as at GitHub."""
    default = f"https://github.com/{job.repository.owner}"
    return sign(claims(job, audience=audience or default, moment=time.time()), settings)


def _private_key(settings: Settings) -> rsa.RSAPrivateKey:
    """The local cloud's signing key, made (mode 0600) at its first use."""
    path = settings.state_dir / "github" / "oidc.pem"
    with _making:
        if not path.exists():
            _make_key(path)
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError(f"{path} is not an RSA key")
    return key


def _make_key(path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ),
    )


def _key_id(key: rsa.RSAPublicKey) -> str:
    encoded = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(encoded).hexdigest()[:32]


def _number(value: int) -> str:
    octets = value.to_bytes((value.bit_length() + 7) // 8)
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
