"""What a workflow's runner meets: a job with its secrets, variables and token, and the id-token service.

GitHub hands a job to its own runners; the stand-in gives one to whoever has its
default token, on loopback only (`POST /_local_cloud/jobs`). From then on
everything is as in a real job: the runner asks
`GET $ACTIONS_ID_TOKEN_REQUEST_URL&audience=...` with the Bearer token it was given.
"""

import json
import uuid
from dataclasses import dataclass

from werkzeug import Request, Response

from local_cloud.github import access, errors, git, oidc
from local_cloud.github.store import Job, Repository, Store, Token, new_token
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
        if request.method == "POST" and request.path in ("/_local_cloud/jobs", "/_local_cloud/tokens"):
            token = access.require_token(access.token_of(request, store))
            if not token.may_administrate_everything():
                raise errors.GitHubError(403, "Only the local cloud's own token opens this door")
            make = create_job if request.path.endswith("jobs") else register_token
            return _json(make(request, store), 201)
    raise errors.not_found()


def id_token(request: Request, store: Store, settings: Settings) -> dict[str, str]:
    """Answer the runner's request for a token of its job: `{"value": jwt}`."""
    job = store.jobs.get(request.path.removeprefix(ID_TOKEN))
    given = request.headers.get("Authorization", "")
    if job is None or given.partition(" ")[2] != job.request_token:
        raise errors.bad_credentials()
    return {"value": oidc.token(job, settings, audience=request.args.get("audience"))}


def create_job(request: Request, store: Store) -> dict[str, object]:
    """Start a job. Body: repository; ref, environment, workflow, event where not a push to main.

    Asked for an environment that does not exist, it has the repository's settings alone;
    for one that does not admit the ref, it is refused.
    """
    body = _object(request)
    owner, _, name = str(body.get("repository", "")).partition("/")
    repository = store.find(owner, name)
    ref = str(body.get("ref") or f"refs/heads/{repository.default_branch}")
    environment = str(body["environment"]) if body.get("environment") else None
    found = repository.environments.get((environment or "").lower())
    if found and not found.admits(ref):
        branch = ref.removeprefix("refs/heads/")
        words = (
            f'Branch "{branch}" is not allowed to deploy to {found.name} due to environment protection rules.'
        )
        raise errors.GitHubError(403, words)
    job = Job(
        id=str(uuid.uuid4()),
        run_id=store.new_run_id(),
        request_token=new_token("runner_"),
        repository=repository,
        ref=ref,
        sha=git.resolve(repository.directory, ref) or "0" * 40,
        environment=environment,
        workflow=str(body.get("workflow") or "main.yml"),
        event=str(body.get("event") or "push"),
        actor=str(body.get("actor") or repository.owner),
    )
    store.jobs[job.id] = job
    token = Token(
        value=new_token("ghs_"),
        login="github-actions[bot]",
        permissions={"contents": "read"},
        repositories=frozenset({repository.full_name.lower()}),
    )
    store.tokens[token.value] = token
    grant = granted(repository, environment)
    return {
        "id": job.id,
        "run_id": job.run_id,
        "sha": job.sha,
        "subject": oidc.subject(repository, ref=ref, environment=environment, event=job.event),
        "id_token_request_url": f"{request.host_url.rstrip('/')}{ID_TOKEN}{job.id}?api-version=2.0",
        "id_token_request_token": job.request_token,
        "github_token": token.value,
        "secrets": grant.secrets,
        "variables": grant.variables,
    }


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


def _object(request: Request) -> dict[str, object]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise errors.GitHubError(400, "Problems parsing JSON")
    return body


def _json(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body), status, content_type="application/json; charset=utf-8")
