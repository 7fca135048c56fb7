"""What a workflow's runner meets: a job with its secrets, variables and token, and the id-token service.

GitHub hands a job to its own runners; the stand-in gives one to whoever has its
default token, on loopback only (`POST /_local_cloud/jobs`). One whose environment
has reviewers or a timer is `waiting`, and has nothing yet; `GET /_local_cloud/jobs/ID`
tells when it may start, with all that it needs. From then on everything is as in a
real job: the runner asks `GET $ACTIONS_ID_TOKEN_REQUEST_URL&audience=...` with the
Bearer token it was given.
"""

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from werkzeug import Request, Response

from local_cloud.github import access, errors, git, oidc
from local_cloud.github.records import Job, Repository, Run, now
from local_cloud.github.store import Store, Token, new_token
from local_cloud.settings import Settings

ID_TOKEN = "/_services/token/"  # noqa: S105  a path


@dataclass(frozen=True)
class Grant:
    """What a job is given."""

    secrets: dict[str, str]
    variables: dict[str, str]


def respond(request: Request, store: Store, settings: Settings) -> Response:
    """The stand-in's own doors. Only a loopback address leads here."""
    with store.lock:
        if request.method == "GET" and request.path.startswith(ID_TOKEN):
            return _json(id_token(request, store, settings))
        door = next((each for each in DOORS if _opens(each, request)), None)
        if door is None:
            raise errors.not_found()
        token = access.require_token(access.token_of(request, store))
        if not token.may_administrate_everything():
            raise errors.GitHubError(403, "Only the local cloud's own token opens this door")
        return _json(DOORS[door](request, store), 201 if request.method == "POST" else 200)


def id_token(request: Request, store: Store, settings: Settings) -> dict[str, str]:
    """Answer the runner's request for a token of its job: `{"value": jwt}`."""
    job = store.jobs.get(request.path.removeprefix(ID_TOKEN))
    given = request.headers.get("Authorization", "")
    if job is None or given.partition(" ")[2] != job.request_token or job.status() != "in_progress":
        raise errors.bad_credentials()
    return {"value": oidc.token(job, settings, audience=request.args.get("audience"))}


def create_job(request: Request, store: Store) -> dict[str, object]:
    """Start a job. Body: repository; ref, environment, workflow, event where not a push to main; or the
    run_id of a run that has begun, whose commit the job is of.

    Asked for an environment that does not exist, it has the repository's settings alone;
    for one that does not admit the ref, it is refused.
    """
    body = _object(request)
    owner, _, name = str(body.get("repository", "")).partition("/")
    repository = store.find(owner, name)
    environment = str(body["environment"]) if body.get("environment") else None
    found = repository.environments.get((environment or "").lower())
    run = _run(body, store, repository)
    if found and not found.admits(run.ref):
        branch = run.ref.removeprefix("refs/heads/")
        words = (
            f'Branch "{branch}" is not allowed to deploy to {found.name} due to environment protection rules.'
        )
        raise errors.GitHubError(403, words)
    store.runs[run.id] = run
    job = Job(
        id=str(uuid.uuid4()),
        run=run,
        request_token=new_token("runner_"),
        environment=environment,
        guard=found,
        permissions=_permissions(body),
    )
    store.jobs[job.id] = job
    run.jobs.append(job)
    return _show_job(request, store, job)


def get_job(request: Request, store: Store) -> dict[str, object]:
    """How a job stands, and what it is given once it may start."""
    job = store.jobs.get(request.path.rpartition("/")[2])
    if job is None:
        raise errors.not_found()
    return _show_job(request, store, job)


def end_run(request: Request, store: Store) -> dict[str, object]:
    """Note how a run ended. Body: `conclusion`."""
    number = request.path.rpartition("/")[2]
    run = store.runs.get(int(number)) if number.isdigit() else None
    if run is None:
        raise errors.not_found()
    run.conclusion = str(_object(request).get("conclusion"))
    return {"id": run.id, "conclusion": run.conclusion}


def _permissions(body: Mapping[str, object]) -> dict[str, str]:
    """What the job's token may do; a job that does not say reads the contents."""
    asked = body.get("permissions")
    given = asked if isinstance(asked, Mapping) else {"contents": "read"}
    return {str(name).replace("-", "_"): str(level) for name, level in given.items()}


def _run(body: Mapping[str, object], store: Store, repository: Repository) -> Run:
    if "run_id" in body:
        run = store.runs.get(int(str(body["run_id"])))
        if run is None or run.repository is not repository:
            raise errors.not_found()
        return run
    ref = str(body.get("ref") or f"refs/heads/{repository.default_branch}")
    return Run(
        id=store.new_run_id(),
        repository=repository,
        ref=ref,
        sha=git.resolve(repository.directory, ref) or "0" * 40,
        workflow=str(body.get("workflow") or "main.yml"),
        event=str(body.get("event") or "push"),
        actor=str(body.get("actor") or repository.owner),
        created_at=now(),
    )


def _show_job(request: Request, store: Store, job: Job) -> dict[str, object]:
    run, repository = job.run, job.repository
    shown: dict[str, object] = {
        "id": job.id,
        "run_id": run.id,
        "sha": run.sha,
        "status": job.status(),
        "subject": oidc.subject(repository, ref=run.ref, environment=job.environment, event=run.event),
    }
    if job.status() != "in_progress":
        return shown
    token = Token(
        value=new_token("ghs_"),
        login="github-actions[bot]",
        permissions=job.permissions,
        repositories=frozenset({repository.full_name.lower()}),
    )
    store.tokens[token.value] = token
    grant = granted(repository, job.environment)
    return shown | {
        "id_token_request_url": f"{request.host_url.rstrip('/')}{ID_TOKEN}{job.id}?api-version=2.0",
        "id_token_request_token": job.request_token,
        "github_token": token.value,
        "secrets": grant.secrets,
        "variables": grant.variables,
    }


def variables(request: Request, store: Store) -> dict[str, object]:
    """The repository's own variables, by which its workflow decides which jobs there are: ?repository=."""
    owner, _, name = request.args.get("repository", "").partition("/")
    return {"variables": granted(store.find(owner, name), None).variables}


def granted(repository: Repository, environment: str | None) -> Grant:
    """The opened secrets and the variables of a job; the environment's win over the repository's."""
    found = repository.environments.get((environment or "").lower())
    vaults = [repository.vault, *([found.vault] if found else [])]
    return Grant(
        secrets={name: item.value for vault in vaults for name, item in vault.secrets.items()},
        variables={name: item.value for vault in vaults for name, item in vault.variables.items()},
    )


def register_token(request: Request, store: Store) -> dict[str, str]:
    """Make a token. Body: `scopes` (classic) or `permissions` and `repositories`; `login`, `limit`."""
    body = _object(request)
    scopes, permissions, named = (body.get(key) for key in ("scopes", "permissions", "repositories"))
    token = Token(
        value=new_token("ghp_" if permissions is None else "github_pat_"),
        login=str(body.get("login") or "somebody"),
        scopes=frozenset(map(str, scopes)) if isinstance(scopes, list) else None,
        permissions=permissions if isinstance(permissions, dict) else None,
        repositories=frozenset(str(each).lower() for each in named) if isinstance(named, list) else None,
        limit=int(str(body.get("limit", Token.limit))),
    )
    store.add_token(token)
    return {"token": token.value}


def register_team(request: Request, store: Store) -> dict[str, object]:
    """Make a team. Body: `organization`, `slug`, `members` (logins)."""
    body = _object(request)
    members = body.get("members")
    named = [str(each) for each in members] if isinstance(members, list) else []
    team = store.add_team(str(body["organization"]), str(body["slug"]), named)
    return {"id": team.id}


DOORS: dict[tuple[str, str], Callable[[Request, Store], Mapping[str, object]]] = {
    ("POST", "/_local_cloud/jobs"): create_job,
    ("GET", "/_local_cloud/jobs/"): get_job,
    ("PATCH", "/_local_cloud/runs/"): end_run,
    ("GET", "/_local_cloud/variables"): variables,
    ("POST", "/_local_cloud/tokens"): register_token,
    ("POST", "/_local_cloud/teams"): register_team,
}
"""By method and path; what follows a / at the end is an id."""


def _opens(door: tuple[str, str], request: Request) -> bool:
    method, path = door
    below = request.path.removeprefix(path) if path.endswith("/") else ""
    same = request.path == path or (bool(below) and "/" not in below and request.path.startswith(path))
    return request.method == method and same


def _object(request: Request) -> dict[str, object]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise errors.GitHubError(400, "Problems parsing JSON")
    return body


def _json(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json; charset=utf-8")
