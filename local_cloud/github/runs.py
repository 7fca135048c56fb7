"""The REST API's workflow runs: what is known of one, who has to approve it, and what reviewers said."""

from local_cloud.github import environments, errors
from local_cloud.github.calls import Answer, Call, Route, node_id, page
from local_cloud.github.records import Environment, Job, Review, Run, now
from local_cloud.github.repositories import show_account
from local_cloud.github.store import Token

STATES = ("approved", "rejected")


def list_runs(call: Call, owner: str, name: str) -> Answer:
    """GET .../actions/runs: the newest first, of one `status` where that is asked for."""
    repository = call.permitted(owner, name, "actions", "read")
    wanted = call.request.args.get("status")
    found = [run for run in call.store.runs.values() if run.repository is repository]
    found = [run for run in reversed(found) if wanted in {None, status(run), run.conclusion}]
    return page(call, "workflow_runs", found, lambda run: show(call, run), default=30, most=100)


def get_run(call: Call, owner: str, name: str, number: int) -> Answer:
    """GET .../actions/runs/ID."""
    return Answer(body=show(call, _find(call, owner, name, number, ("actions", "read"))))


def list_pending(call: Call, owner: str, name: str, number: int) -> Answer:
    """GET .../actions/runs/ID/pending_deployments: the environments that jobs of the run wait for."""
    run = _find(call, owner, name, number, ("actions", "read"))
    return Answer(body=[_show_pending(call, job, guard) for job, guard in _waiting(run)])


def review_pending(call: Call, owner: str, name: str, number: int) -> Answer:
    """POST .../actions/runs/ID/pending_deployments: one of the reviewers approves or rejects.

    What GitHub says to somebody else is not documented; the words are ours.
    """
    run = _find(call, owner, name, number, ("deployments", "write"))
    body, comment = call.body(), call.text("comment")
    ids, state = body.get("environment_ids"), body.get("state")
    if not isinstance(ids, list) or state not in STATES:
        raise errors.GitHubError(
            422, "Invalid request.\n\nenvironment_ids and state are approved or rejected."
        )
    asked = {guard.id: (job, guard) for job, guard in _waiting(run) if job.unreviewed}
    if not ids or not all(each in asked for each in ids):
        raise errors.GitHubError(422, "No pending deployment requests to approve or reject")
    reviewed = [asked[each] for each in ids]
    token = call.token
    for job, guard in reviewed:
        if token is None or not may_review(call, token, job, guard):
            raise errors.GitHubError(422, f"You are not allowed to review deployments to {guard.name}")
    for job, guard in reviewed:
        job.review = str(state)
        login = token.login if token else ""
        run.reviews.append(Review(environment=guard, state=str(state), comment=comment, login=login))
    return Answer(body=[_show_deployment(call, job, guard) for job, guard in reviewed])


def list_approvals(call: Call, owner: str, name: str, number: int) -> Answer:
    """GET .../actions/runs/ID/approvals: what reviewers said."""
    run = _find(call, owner, name, number, ("actions", "read"))
    return Answer(
        body=[
            {
                "state": each.state,
                "comment": each.comment,
                "environments": [environments.show(call, run.repository, each.environment)],
                "user": show_account(call, each.login, call.store.account_id(each.login), "User"),
            }
            for each in run.reviews
        ]
    )


def may_review(call: Call, token: Token, job: Job, guard: Environment) -> bool:
    """Is the token's user one of the reviewers, and not who started the run where that is forbidden?"""
    login = token.login.lower()
    if guard.prevent_self_review and login == job.run.actor.lower():
        return False
    teams = {team.id for team in call.store.teams.values() if login in team.members}
    ids: dict[object, set[object]] = {"User": {call.store.account_ids.get(login)}, "Team": {*teams}}
    return any(each["id"] in ids[each["type"]] for each in guard.reviewers)


def status(run: Run) -> str:
    """As GitHub calls it."""
    if run.conclusion:
        return "completed"
    return "waiting" if any(job.status() == "waiting" for job in run.jobs) else "in_progress"


def show(call: Call, run: Run) -> dict[str, object]:
    """A run as GitHub shows it."""
    path = f"{run.repository.full_name}/actions/runs/{run.id}"
    return {
        "id": run.id,
        "node_id": node_id("WorkflowRun", run.id),
        "path": f".github/workflows/{run.workflow}",
        "event": run.event,
        "status": status(run),
        "conclusion": run.conclusion,
        "head_branch": run.ref.removeprefix("refs/heads/"),
        "head_sha": run.sha,
        "run_number": 1,
        "run_attempt": 1,
        "created_at": run.created_at,
        "url": f"{call.addresses.api}/repos/{path}",
        "html_url": f"{call.addresses.html}/{path}",
        "actor": show_account(call, run.actor, call.store.account_id(run.actor), "User"),
    }


def _find(call: Call, owner: str, name: str, number: int, right: tuple[str, str]) -> Run:
    repository = call.permitted(owner, name, *right)
    found = call.store.runs.get(number)
    if found is None or found.repository is not repository:
        raise errors.not_found()
    return found


def _waiting(run: Run) -> list[tuple[Job, Environment]]:
    if run.conclusion:
        return []
    return [(job, job.guard) for job in run.jobs if job.guard and job.status() == "waiting"]


def _show_pending(call: Call, job: Job, guard: Environment) -> dict[str, object]:
    shown = environments.show(call, job.repository, guard)
    return {
        "environment": {key: shown[key] for key in ("id", "node_id", "name", "url", "html_url")},
        "wait_timer": guard.wait_timer,
        "wait_timer_started_at": job.run.created_at if guard.wait_timer else None,
        "current_user_can_approve": call.token is not None
        and job.unreviewed
        and may_review(call, call.token, job, guard),
        "reviewers": [environments.show_reviewer(call, each) for each in guard.reviewers],
    }


def _show_deployment(call: Call, job: Job, guard: Environment) -> dict[str, object]:
    return {
        "sha": job.run.sha,
        "ref": job.run.ref.removeprefix("refs/heads/"),
        "task": "deploy",
        "environment": guard.name,
        "created_at": job.run.created_at,
        "updated_at": now(),
        "url": f"{call.addresses.api}/repos/{job.repository.full_name}/actions/runs/{job.run.id}",
    }


RUNS = "/repos/<owner>/<name>/actions/runs"
ROUTES: list[Route] = [
    ("GET", RUNS, list_runs),
    ("GET", f"{RUNS}/<int:number>", get_run),
    ("GET", f"{RUNS}/<int:number>/pending_deployments", list_pending),
    ("POST", f"{RUNS}/<int:number>/pending_deployments", review_pending),
    ("GET", f"{RUNS}/<int:number>/approvals", list_approvals),
]
