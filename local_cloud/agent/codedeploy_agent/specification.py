"""What a deployment is, out of the signed envelope that the service hands out.

The signature is not checked against anyone: the real agent's verdict on it is
ignored too. Only a signed message with its content and its signer's certificate in
it can be opened.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .errors import AgentError

if TYPE_CHECKING:
    from collections.abc import Mapping

_REVISION_FIELDS = {
    "S3": ("S3Revision", ("Bucket", "Key", "BundleType")),
    "GitHub": ("GitHubRevision", ("Account", "Repository", "CommitId")),
    "Local File": ("LocalRevision", ("Location", "BundleType")),
    "Local Directory": ("LocalRevision", ("Location", "BundleType")),
}
_MISSING = {
    "S3": "S3Revision in Deployment Spec must specify Bucket, Key and BundleType",
    "GitHub": "GitHubRevision in Deployment Spec must specify Account, Repository and CommitId",
    "Local File": "LocalRevision in Deployment Spec must specify Location and BundleType",
    "Local Directory": "LocalRevision in Deployment Spec must specify Location and BundleType",
}


@dataclass(frozen=True)
class Specification:
    """One deployment. `revision` holds the fields of its own kind (`revision_type`)."""

    application: str
    deployment_id: str
    group: str
    group_id: str
    creator: str
    type: str
    appspec_filename: str
    file_exists_behavior: str
    revision_type: str
    revision: Mapping[str, str]
    github_token: str | None = field(repr=False)

    @property
    def bundle_environment(self) -> dict[str, str]:
        """What scripts are told about the bundle."""
        if self.revision_type == "S3":
            names = {
                "BUNDLE_BUCKET": "Bucket",
                "BUNDLE_KEY": "Key",
                "BUNDLE_VERSION": "Version",
                "BUNDLE_ETAG": "ETag",
            }
        elif self.revision_type == "GitHub":
            names = {"BUNDLE_COMMIT": "CommitId"}
        else:
            names = {}
        return {name: self.revision[key] for name, key in names.items() if self.revision.get(key)}


def open_envelope(envelope: Mapping[str, str] | None) -> bytes:
    """The content of a PKCS7/JSON envelope (`Format`, `Payload`). Raises AgentError."""
    if not envelope:
        raise AgentError("Provided deployment spec was nil")
    if envelope.get("Format") != "PKCS7/JSON":
        raise AgentError(f"Unsupported DeploymentSpecification format: {envelope.get('Format')}")
    payload = envelope["Payload"]
    try:
        opened = subprocess.run(
            ["openssl", "smime", "-verify", "-noverify", "-nosigs", "-inform", "PEM"],
            input=payload.encode(),
            capture_output=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise AgentError("openssl is not installed: the deployment specification cannot be opened") from error
    if opened.returncode:
        raise AgentError("Validation of PKCS7 signed message failed")
    return opened.stdout


def parse(envelope: Mapping[str, str] | None) -> Specification:
    """The deployment in an envelope. Raises AgentError."""
    return from_data(json.loads(open_envelope(envelope)))


def from_data(data: Mapping[str, Any]) -> Specification:
    """Checks the service's fields. Raises AgentError."""
    for name in ("DeploymentId", "DeploymentGroupId", "DeploymentGroupName", "ApplicationName"):
        if not data.get(name):
            raise AgentError(f"Deployment Spec has no {name}")
    revision = data.get("Revision")
    if not revision:
        raise AgentError("Must specify a revison")
    kind = revision.get("RevisionType")
    if not kind:
        raise AgentError("Must specify a revision source")
    overrides = (data.get("AgentActionOverrides") or {}).get("AgentOverrides") or {}
    return Specification(
        application=data["ApplicationName"],
        deployment_id=data["DeploymentId"].split("/", 1)[-1],
        group=data["DeploymentGroupName"],
        group_id=data["DeploymentGroupId"],
        creator=data.get("DeploymentCreator") or "user",
        type=data.get("DeploymentType") or "IN_PLACE",
        appspec_filename=data.get("AppSpecFilename") or "appspec.yml",
        file_exists_behavior=(overrides.get("FileExistsBehavior") or "DISALLOW").upper(),
        revision_type=kind,
        revision=_revision(kind, revision),
        github_token=data.get("GitHubAccessToken"),
    )


def _revision(kind: str, revision: Mapping[str, Any]) -> Mapping[str, str]:
    if kind not in _REVISION_FIELDS:
        raise AgentError("Exactly one of S3Revision, GitHubRevision, or LocalRevision must be specified")
    key, required = _REVISION_FIELDS[kind]
    fields: Mapping[str, str] = revision.get(key) or {}
    if not all(fields.get(name) for name in required):
        raise AgentError(_MISSING[kind])
    if kind == "S3" and fields["BundleType"] not in ("tar", "tgz", "zip"):
        raise AgentError("BundleType in S3Revision must be tar, tgz or zip")
    return fields
