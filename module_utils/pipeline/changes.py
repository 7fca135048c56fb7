# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a deployment brought, and who started it from where."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Record = Mapping[str, Any]

STARTED = re.compile(r"(?:(?P<what>.*) )?by (?P<who>\S+)(?: in (?P<run>https?://\S+))?")
"""How the descriptions end that deploy-site.yml, roll-back-site.yml and the workflow write."""
SHORT = 12  # digits of a commit: what is shown, and what a description has at least
OBJECT = re.compile(r".*/([0-9a-f]{40})\.tgz")
"""The key of a commit in the bucket."""


def commit(revision: Record) -> str:
    """The commit of a revision, from GitHub or in the bucket; "" where it does not tell."""
    location = revision.get("github_location") or {}
    found = OBJECT.fullmatch((revision.get("s3_location") or {}).get("key", ""))
    return str(location.get("commit_id", "")) or (found[1] if found else "")


def known(commits: Iterable[Record]) -> dict[str, dict[str, str]]:
    """SHA -> subject, author and page of commits as GitHub's API tells them."""
    return {str(each["sha"]): _commit(each) for each in commits}


def _commit(told: Record) -> dict[str, str]:
    detail = told.get("commit") or {}
    url = str(told.get("html_url") or "")
    return {
        "subject": str(detail.get("message") or "").partition("\n")[0],
        "author": str((detail.get("author") or {}).get("name") or ""),
        "url": url if url.startswith(("https://", "http://")) else "",
    }


def starter(deployment: Record) -> dict[str, str]:
    """`who` started it, in which `run` of a workflow (its address), and what else the description tells.

    A rollback by CodeDeploy itself is nobody's: it names the deployment that was rolled back.
    """
    description = str(deployment.get("description") or "")
    trigger = (deployment.get("rollback_info") or {}).get("rollback_triggering_deployment_id")
    if trigger:
        return {"who": f"CodeDeploy, to roll back {trigger}", "run": "", "description": ""}
    found = STARTED.fullmatch(description)
    if found is None:
        return {"who": str(deployment.get("creator") or ""), "run": "", "description": description}
    what, brought = found["what"] or "", commit(deployment.get("revision") or {})[:SHORT]
    # The revision is shown already.
    return {
        "who": found["who"],
        "run": found["run"] or "",
        "description": "" if brought and brought in what else what,
    }
