"""What a revision must say of where it is."""

import re
from typing import Any

from local_cloud.aws.codedeploy import exceptions as errors

Fields = dict[str, Any]
Revision = dict[str, Any]


def check(location: Revision | None) -> Revision:
    """A revision that an EC2/on-premises deployment can use."""
    if not location:
        raise errors.RevisionRequiredException
    match location.get("revisionType"):
        case "S3":
            _s3_location(location.get("s3Location") or {})
        case "GitHub":
            _github_location(location.get("gitHubLocation") or {})
        case "String" | "AppSpecContent":
            _content(location)
        case other:
            raise errors.InvalidRevisionException(f"Invalid revision type: {other}")
    return location


def check_for_server(location: Revision | None) -> Revision:
    checked = check(location)
    if checked["revisionType"] not in {"S3", "GitHub"}:
        raise errors.InvalidRevisionException(
            f"Revisions of type {checked['revisionType']} can't be deployed to EC2/on-premises instances."
        )
    return checked


def _s3_location(location: Fields) -> None:
    for member in ("bucket", "key", "bundleType"):
        if not location.get(member):
            raise errors.InvalidRevisionException(f"The S3 location of the revision has no {member}.")
    if location["bundleType"] not in {"tar", "tgz", "zip", "YAML", "JSON"}:
        raise errors.InvalidRevisionException(f"Invalid bundle type: {location['bundleType']}")


def _github_location(location: Fields) -> None:
    if not re.fullmatch(r"[^/\s]+/[^/\s]+", location.get("repository") or ""):
        raise errors.InvalidRevisionException("The GitHub repository must be given as account/repository.")
    commit = location.get("commitId")
    if not commit:
        raise errors.InvalidRevisionException("The GitHub location of the revision has no commit ID.")
    if not re.fullmatch(r"[0-9a-fA-F]{40}", commit):
        raise errors.InvalidRevisionException(
            f"The GitHub commit ID {commit} is invalid: it must be a commit's whole SHA-1 of 40 characters."
        )


def _content(location: Fields) -> None:
    member = "string" if location["revisionType"] == "String" else "appSpecContent"
    if not (location.get(member) or {}).get("content"):
        raise errors.InvalidRevisionException("The revision has no content.")
