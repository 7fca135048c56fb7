# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is deployed: a commit, an object, an AppSpec, or a directory that becomes an object."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any

from ..aws.transformations import without_empty

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..aws.errors import Record

BUNDLE_TYPES = {
    ".tar": "tar",
    ".tar.gz": "tgz",
    ".tgz": "tgz",
    ".zip": "zip",
    ".yml": "YAML",
    ".yaml": "YAML",
    ".json": "JSON",
}


def from_options(options: Mapping[str, Any]) -> dict[str, Any] | None:
    """The revision in the API's form, from `github_location`, `s3_location` or `app_spec_content`."""
    if github := options.get("github_location"):
        location = {"repository": github["repository"], "commitId": github["commit_id"].lower()}
        return {"revisionType": "GitHub", "gitHubLocation": location}
    if s3 := options.get("s3_location"):
        kind = s3.get("bundle_type") or bundle_type(s3["key"])
        asked = {"bucket": s3["bucket"], "key": s3["key"], "bundleType": kind, "version": s3.get("version")}
        return {"revisionType": "S3", "s3Location": without_empty(asked | {"eTag": s3.get("etag")})}
    if content := options.get("app_spec_content"):
        location = {"content": content, "sha256": hashlib.sha256(content.encode()).hexdigest()}
        return {"revisionType": "AppSpecContent", "appSpecContent": location}
    return None


def bundle_type(key: str) -> str | None:
    """The kind of bundle that the ending of an object's key tells."""
    return next((kind for ending, kind in BUNDLE_TYPES.items() if key.lower().endswith(ending)), None)


def problems(options: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the options that name a revision."""
    github = options.get("github_location") or {}
    if github and not re.fullmatch(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+", github["repository"]):
        yield f"github_location.repository: {github['repository']!r} is not of the form OWNER/REPOSITORY."
    if github and not re.fullmatch(r"[0-9A-Fa-f]{40}([0-9A-Fa-f]{24})?", github["commit_id"]):
        yield f"github_location.commit_id: {github['commit_id']!r} is not a commit's 40 hexadecimal digits."
    s3 = options.get("s3_location") or {}
    if s3 and not (s3.get("bundle_type") or bundle_type(s3["key"])):
        yield (
            f"s3_location.bundle_type: the ending of the key {s3['key']!r} does not tell it. "
            f"Allowed: {', '.join(dict.fromkeys(BUNDLE_TYPES.values()))}."
        )


def same(asked: Record, actual: Record | None) -> bool:
    """Whether `actual`, as AWS tells it, is what `asked` names; what is not asked for is not compared."""
    return actual is not None and _essence(asked).items() <= _essence(actual).items()


def _essence(revision: Record) -> dict[str, str]:
    """The members that tell one revision from another, as far as they are known."""
    if github := revision.get("gitHubLocation"):
        return {"repository": github["repository"].lower(), "commit": github["commitId"].lower()}
    if s3 := revision.get("s3Location"):
        etag = (s3.get("eTag") or "").strip('"')
        return without_empty(
            {
                "bucket": s3["bucket"],
                "key": s3["key"],
                "version": s3.get("version") or None,
                "etag": etag or None,
            }
        )
    raw = revision.get("appSpecContent") or revision.get("string") or {}
    digest = raw.get("sha256") or hashlib.sha256(raw.get("content", "").encode()).hexdigest()
    return {"sha256": digest}


def label(revision: Record | None) -> str:
    """A revision in a few words, for messages."""
    if not revision:
        return "nothing"
    if github := revision.get("gitHubLocation"):
        return f"{github['repository']}@{github['commitId'][:12]}"
    if s3 := revision.get("s3Location"):
        version = f" (version {s3['version']})" if s3.get("version") else ""
        return f"s3://{s3['bucket']}/{s3['key']}{version}"
    return f"AppSpec {_essence(revision)['sha256'][:12]}"
