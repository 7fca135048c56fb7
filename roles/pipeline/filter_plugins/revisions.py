# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which commit a revision of CodeDeploy's is, and which commits have proved good."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Revision = Mapping[str, Any]

LOCATIONS = {"github": "github_location", "s3": "s3_location"}
"""Where a revision is, by pipeline_revision_source."""
OBJECT = re.compile(r".*/([0-9a-f]{40})\.tgz")
"""The key of what tasks/revision.yml and the workflow bring to the bucket."""


def commit_of(revision: Revision) -> str:
    """The commit; "" where an object is not named after one, and for what is in neither place."""
    if github := revision.get("github_location"):
        return str(github["commit_id"])
    found = OBJECT.fullmatch((revision.get("s3_location") or {}).get("key", ""))
    return found[1] if found else ""


def good_revisions(deployments: Iterable[Mapping[str, Any]], source: str) -> dict[str, dict[str, Any]]:
    """Commit -> its location, as an option of codedeploy_deployment, for all that succeeded.

    Those that came the way that revisions come now are first, else they are in the order given.
    """
    succeeded = [each.get("revision") or {} for each in deployments if each["status"] == "Succeeded"]
    good: dict[str, dict[str, Any]] = {}
    for revision in sorted(succeeded, key=lambda revision: LOCATIONS[source] not in revision):
        location = {name: revision[name] for name in LOCATIONS.values() if name in revision}
        if commit := commit_of(revision):
            good.setdefault(commit, location)
    return good


def promotion(deployments: Iterable[Mapping[str, Any]], application: str, repository: str) -> dict[str, str]:
    """The `commit` that is live in another application, and its `deployment_id`; or the `problem`.

    `deployments` are the newest of each of its groups. While one runs, or after one that failed, nobody knows
    what visitors see there.
    """
    newest = max(deployments, key=lambda each: str(each["create_time"]), default=None)
    named = f"{application} (pipeline_promote_from)"
    if newest is None:
        return {"problem": f"Nothing was ever deployed to {named}: deploy there first."}
    revision, status = newest.get("revision") or {}, newest["status"]
    commit = commit_of(revision)
    deployed = f"{newest['deployment_id']}, the last deployment to {named},"
    source = str((revision.get("github_location") or {}).get("repository", repository))
    if status != "Succeeded":
        problem = f"{deployed} is {status}: wait for its end, or deploy there again, or roll back there."
    elif not commit:
        problem = f"{deployed} is of no commit: deploy one there with deploy-site.yml."
    elif source.lower() != repository.lower():
        problem = f"{deployed} is of {source}, not of {repository} (pipeline_github_repository)."
    else:
        problem = ""
    return {"problem": problem, "commit": commit, "deployment_id": str(newest["deployment_id"])}


class FilterModule:
    """How Ansible finds them."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"commit_of": commit_of, "good_revisions": good_revisions, "promotion": promotion}
