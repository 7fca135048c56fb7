"""What an agent is told about a deployment, in the signed envelope that it insists on.

The agent wants PKCS7 signed data with the content and the signer's certificate inside; it does not
check who signed. So one self-signed certificate, kept in memory, will do.
"""

import datetime as dt
import json
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import NameOID

from local_cloud.aws.codedeploy.records.deployments import Deployment, Revision

_EPOCH = dt.datetime(2014, 10, 6, tzinfo=dt.UTC)
_END = dt.datetime(2099, 12, 31, tzinfo=dt.UTC)


def envelope(deployment: Deployment, github_access_token: str | None) -> dict[str, str]:
    """The GenericEnvelope of a GetDeploymentSpecification answer."""
    document = json.dumps(_specification(deployment, github_access_token)).encode()
    return {"Format": "PKCS7/JSON", "Payload": _sign(document)}


def _specification(deployment: Deployment, github_access_token: str | None) -> dict[str, Any]:
    specification = {
        "ApplicationName": deployment.application_name,
        "DeploymentId": deployment.agent_deployment_id,
        "DeploymentGroupName": deployment.deployment_group_name,
        "DeploymentGroupId": deployment.deployment_group_id,
        "DeploymentCreator": deployment.creator.value,
        "DeploymentType": deployment.deployment_style["deploymentType"],
        "AgentActionOverrides": {
            "AgentOverrides": {"FileExistsBehavior": deployment.file_exists_behavior},
        },
        "Revision": _revision(deployment.revision),
    }
    if github_access_token and deployment.revision["revisionType"] == "GitHub":
        specification["GitHubAccessToken"] = github_access_token
    return specification


def _revision(revision: Revision) -> dict[str, Any]:
    if revision["revisionType"] == "S3":
        location = revision["s3Location"]
        names = {
            "bucket": "Bucket",
            "key": "Key",
            "bundleType": "BundleType",
            "version": "Version",
            "eTag": "ETag",
        }
        s3_revision = {names[name]: value for name, value in location.items() if value is not None}
        return {"RevisionType": "S3", "S3Revision": s3_revision}
    account, _, repository = revision["gitHubLocation"]["repository"].partition("/")
    return {
        "RevisionType": "GitHub",
        "GitHubRevision": {
            "Account": account,
            "Repository": repository,
            "CommitId": revision["gitHubLocation"]["commitId"],
            "BundleType": "tar",
        },
    }


def _sign(document: bytes) -> str:
    certificate, key = _signer()
    signature = pkcs7.PKCS7SignatureBuilder().set_data(document).add_signer(certificate, key, hashes.SHA256())
    return signature.sign(serialization.Encoding.PEM, [pkcs7.PKCS7Options.Binary]).decode()


@cache
def _signer() -> tuple[x509.Certificate, rsa.RSAPrivateKey]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "codedeploy.amazonaws.com")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_EPOCH)
        .not_valid_after(_END)
        .sign(key, hashes.SHA256())
    )
    return certificate, key
