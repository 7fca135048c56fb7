"""The REST API's users, repositories, commits and archives."""

from local_cloud.github import access, archives, errors, git
from local_cloud.github.calls import NO_CONTENT, Answer, Call, Route, node_id
from local_cloud.github.records import Repository, Team
from local_cloud.github.store import OWNER_NAME, Token

SHA_TYPES = ("application/vnd.github.sha", "application/vnd.github.v3.sha")
COMMITS_A_PAGE = 30


def get_user(call: Call) -> Answer:
    """Who the token belongs to."""
    token = access.require_token(call.token)
    return Answer(
        body={
            **show_account(call, token.login, call.store.account_id(token.login), "User"),
            "name": token.login,
        }
    )


def create_for_user(call: Call) -> Answer:
    """POST /user/repos."""
    token = access.require_token(call.token)
    return _create(call, token, token.login)


def create_in_organization(call: Call, owner: str) -> Answer:
    """POST /orgs/OWNER/repos. The stand-in's own token owns every organisation, also one not yet heard of."""
    token = access.require_token(call.token)
    if not token.may_administrate_everything() or not OWNER_NAME.fullmatch(owner):
        raise errors.not_found()
    return _create(call, token, owner)


def get_repository(call: Call, owner: str, name: str) -> Answer:
    """GET /repos/OWNER/NAME."""
    return Answer(body=show(call, call.repository(owner, name)))


def delete_repository(call: Call, owner: str, name: str) -> Answer:
    """DELETE /repos/OWNER/NAME."""
    call.store.delete_repository(call.permitted(owner, name, "administration", "write"))
    return NO_CONTENT


def get_branch(call: Call, owner: str, name: str, branch: str) -> Answer:
    """GET /repos/OWNER/NAME/branches/BRANCH."""
    repository = call.repository(owner, name)
    sha = git.branches(repository.directory).get(branch)
    if sha is None:
        raise errors.GitHubError(404, "Branch not found")
    body = {"name": branch, "commit": _commit(call, repository, sha), "protected": False}
    return Answer(body=body)


def list_commits(call: Call, owner: str, name: str) -> Answer:
    """GET /repos/OWNER/NAME/commits: the newest first, of `sha` or the default branch."""
    repository = call.repository(owner, name)
    sha = _resolve(repository, call.request.args.get("sha") or repository.default_branch)
    count = min(call.request.args.get("per_page", COMMITS_A_PAGE, type=int), 100)
    found = git.history(repository.directory, sha, count=count)
    return Answer(body=[_commit(call, repository, each) for each in found])


def get_commit(call: Call, owner: str, name: str, ref: str) -> Answer:
    """GET /repos/OWNER/NAME/commits/REF; only the SHA as text where that is what the caller accepts."""
    repository = call.repository(owner, name)
    sha = _resolve(repository, ref)
    asked = call.request.headers.get("Accept", "").split(";")[0].strip()
    if asked in SHA_TYPES:
        return Answer(text=sha, content_type=f"{asked}; charset=utf-8")
    return Answer(body=_commit(call, repository, sha))


def get_tarball(call: Call, owner: str, name: str, ref: str = "") -> Answer:
    """GET /repos/OWNER/NAME/tarball/REF."""
    return _archive(call, owner, name, "legacy.tar.gz", ref)


def get_zipball(call: Call, owner: str, name: str, ref: str = "") -> Answer:
    """GET /repos/OWNER/NAME/zipball/REF."""
    return _archive(call, owner, name, "legacy.zip", ref)


def show(call: Call, repository: Repository) -> dict[str, object]:
    """A repository as GitHub shows it."""
    address = f"{call.addresses.html}/{repository.full_name}"
    full_name = repository.full_name
    token = call.token
    return {
        "id": repository.id,
        "node_id": node_id("Repository", repository.id),
        "name": repository.name,
        "full_name": full_name,
        "private": repository.private,
        "visibility": "private" if repository.private else "public",
        "owner": show_account(call, repository.owner, repository.owner_id, repository.owner_type),
        "html_url": address,
        "description": repository.description or None,
        "fork": False,
        "url": f"{call.addresses.api}/repos/{full_name}",
        "clone_url": f"{address}.git",
        "git_url": f"{address}.git",
        "default_branch": repository.default_branch,
        "archived": False,
        "disabled": False,
        "created_at": repository.created_at,
        "updated_at": repository.pushed_at or repository.created_at,
        "pushed_at": repository.pushed_at or repository.created_at,
        "permissions": {
            "admin": token is not None and token.allows("administration", "write", full_name),
            "push": token is not None and token.allows("contents", "write", full_name),
            "pull": True,
        },
    }


def _create(call: Call, token: Token, owner: str) -> Answer:
    if not token.allows("administration", "write", f"{owner}/"):
        headers = {"X-Accepted-GitHub-Permissions": "administration=write"}
        raise errors.GitHubError(403, "Resource not accessible by personal access token", headers=headers)
    body = call.body()
    repository = call.store.create_repository(
        owner,
        call.text("name"),
        private=body.get("private") is True or body.get("visibility") == "private",
        description=str(body.get("description") or ""),
    )
    return Answer(body=show(call, repository), status=201)


def get_account(call: Call, login: str) -> Answer:
    """GET /users/LOGIN: a user, or an organisation, which is one that has repositories."""
    number = call.store.account_ids.get(login.lower())
    if number is None:
        raise errors.not_found()
    owners = {each.owner_id: each.owner_type for each in call.store.repositories.values()}
    name = call.store.logins[number]
    return Answer(body=show_account(call, name, number, owners.get(number, "User")))


def get_team(call: Call, owner: str, team: str) -> Answer:
    """GET /orgs/OWNER/teams/TEAM."""
    access.require_token(call.token)
    found = call.store.teams.get((owner.lower(), team.lower()))
    if found is None:
        raise errors.not_found()
    return Answer(body=show_team(call, found))


def show_team(call: Call, team: Team) -> dict[str, object]:
    """A team as GitHub shows it."""
    return {
        "id": team.id,
        "node_id": node_id("Team", team.id),
        "name": team.slug,
        "slug": team.slug,
        "url": f"{call.addresses.api}/teams/{team.id}",
        "html_url": f"{call.addresses.html}/orgs/{team.organization}/teams/{team.slug}",
    }


def show_account(call: Call, login: str, number: int, kind: str) -> dict[str, object]:
    return {
        "login": login,
        "id": number,
        "node_id": node_id(kind, number),
        "type": kind,
        "site_admin": False,
        "url": f"{call.addresses.api}/users/{login}",
        "html_url": f"{call.addresses.html}/{login}",
    }


def _resolve(repository: Repository, ref: str) -> str:
    sha = git.resolve(repository.directory, ref)
    if sha is not None:
        return sha
    if git.is_empty(repository.directory):
        raise errors.GitHubError(409, "Git Repository is empty.")
    raise errors.GitHubError(422, f"No commit found for SHA: {ref}")


def _commit(call: Call, repository: Repository, sha: str) -> dict[str, object]:
    found = git.commit(repository.directory, sha)
    url = f"{call.addresses.api}/repos/{repository.full_name}"
    return {
        "sha": sha,
        "url": f"{url}/commits/{sha}",
        "html_url": f"{call.addresses.html}/{repository.full_name}/commit/{sha}",
        "commit": {
            "author": found.author,
            "committer": found.committer,
            "message": found.message,
            "tree": {"sha": found.tree, "url": f"{url}/git/trees/{found.tree}"},
        },
        "author": None,
        "committer": None,
        "parents": [{"sha": parent, "url": f"{url}/commits/{parent}"} for parent in found.parents],
    }


def _archive(call: Call, owner: str, name: str, form: str, ref: str) -> Answer:
    repository = call.repository(owner, name)
    if repository.private:
        access.require(call.token, repository, "contents", "read")
    address = archives.location(call.addresses.archives, call.store, repository, form, ref)
    return Answer(status=302, headers={"Location": address})


REPOSITORY = "/repos/<owner>/<name>"
ROUTES: list[Route] = [
    ("GET", "/user", get_user),
    ("GET", "/users/<login>", get_account),
    ("GET", "/orgs/<owner>/teams/<team>", get_team),
    ("POST", "/user/repos", create_for_user),
    ("POST", "/orgs/<owner>/repos", create_in_organization),
    ("GET", REPOSITORY, get_repository),
    ("DELETE", REPOSITORY, delete_repository),
    ("GET", f"{REPOSITORY}/branches/<path:branch>", get_branch),
    ("GET", f"{REPOSITORY}/commits", list_commits),
    ("GET", f"{REPOSITORY}/commits/<path:ref>", get_commit),
    ("GET", f"{REPOSITORY}/tarball", get_tarball),
    ("GET", f"{REPOSITORY}/tarball/<path:ref>", get_tarball),
    ("GET", f"{REPOSITORY}/zipball", get_zipball),
    ("GET", f"{REPOSITORY}/zipball/<path:ref>", get_zipball),
]
