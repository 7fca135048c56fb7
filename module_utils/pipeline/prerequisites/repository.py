# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Of GitHub: the commit, the environment, the token, and CodeDeploy's link to it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from ...aws.connection import CONSOLES, account_in
from .sight import Note, missing, there
from .wanted import Seen, Unseen, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator

TO_BE_MADE = (404, 409)  # GitHub's answers where there is no repository, or no commit in it


def commit(wanted: Wanted, seen: Seen) -> Iterator[str]:
    answer = seen["commit"]
    if isinstance(answer, Unseen):
        said, way_out = f"does not answer: {answer.reason}", "check the network and the address"
    elif answer["sha"]:
        return
    elif wanted.github_create_repository and answer["status"] in TO_BE_MADE:
        if not wanted.github_token:
            yield (
                f"{wanted.github_repository} is to be created (pipeline_github_create_repository), and there "
                "is no token: put one that may do so into GITHUB_TOKEN."
            )
        return
    else:
        said = f"answered {answer['status']}"
        way_out = (
            "create the repository and push the content of site/ to it, or let "
            "pipeline_github_create_repository do so; where it is private, put a token that may read it into "
            "GITHUB_TOKEN"
        )
    yield (
        f"{wanted.github_api_url} (pipeline_github_api_url) {said} for commit {wanted.commit or 'HEAD'} of "
        f"{wanted.github_repository} (pipeline_github_repository, pipeline_commit): {way_out}."
    )


def environment(wanted: Wanted, seen: Seen) -> Iterator[str]:
    application = there(seen, "environment")
    if application not in {None, wanted.application}:
        yield (
            f"pipeline_github_environment is '{wanted.github_environment}', an environment of "
            f"{wanted.github_repository} that deploys to {application}, not to {wanted.application} "
            "(pipeline_application): name another environment, or delete its variable "
            "CODEDEPLOY_APPLICATION_NAME where nobody needs it."
        )


def reviewers(_wanted: Wanted, seen: Seen) -> Iterator[str]:
    for name in there(seen, "reviewers") or ():
        way_out = (
            "correct it, or give the token the right to read the organization's members"
            if "/" in name
            else "correct it"
        )
        yield f"pipeline_github_reviewers has '{name}', whom GitHub does not know: {way_out}."


def github_link(wanted: Wanted, seen: Seen) -> Iterator[str]:
    if wanted.revision_source != "github":
        return
    link, named = there(seen, "application"), wanted.github_token_name
    account_links = there(seen, "github_links")
    if named and account_links is not None and named not in account_links:
        known = f"it has {', '.join(account_links)}" if account_links else "it has none"
        yield (
            f"CodeDeploy has no link to GitHub that is called {named} (pipeline_github_token_name); {known}. "
            f"Make it in the console: {_how_to_link(wanted, seen)}."
        )
    if link is None:
        if missing(seen, "application"):
            yield Note(
                f"the new application will have to be linked to GitHub once: {_how_to_link(wanted, seen)}."
            )
    elif not link.get("linkedToGitHub"):
        yield (
            f"CodeDeploy's application {wanted.application} (pipeline_application) is not linked to GitHub, "
            "which no API "
            f"can do: {_how_to_link(wanted, seen)}."
        )
    elif named and link.get("gitHubAccountName") not in {None, "", named}:
        yield (
            f"CodeDeploy's application {wanted.application} is linked to GitHub as "
            f"{link['gitHubAccountName']}, not as "
            f"{named} (pipeline_github_token_name)."
        )


def _how_to_link(wanted: Wanted, seen: Seen) -> str:
    console = CONSOLES.get(account_in(seen["identity"]["Arn"]).partition, CONSOLES["aws"])
    return (
        "open "
        f"https://{wanted.region}.{console}/codesuite/codedeploy/applications/{quote(wanted.application)}, "
        'choose "Create deployment", revision type "My application is stored in GitHub", connect, and leave '
        "the form; or let revisions go through S3 (pipeline_revision_source)"
    )


def token(wanted: Wanted, seen: Seen) -> Iterator[str]:
    found = there(seen, "repository")
    if not found:
        return
    says = f"The token in GITHUB_TOKEN cannot write the settings of {wanted.github_repository}"
    if found.get("archived"):
        yield (
            f"{wanted.github_repository} (pipeline_github_repository) is archived: unarchive it, or name "
            "another."
        )
    elif found["scopes"] is not None and "repo" not in found["scopes"]:
        scopes = ", ".join(filter(None, found["scopes"])) or "none"
        yield f"{says}: its scopes are {scopes}. It needs the scope repo."
    elif found.get("permissions") and not found["permissions"].get("push"):
        yield (
            f"{says}: it may only read there. Take one with the permissions that docs/secrets.md names, "
            "or none, and fill "
            "the settings in by hand."
        )
