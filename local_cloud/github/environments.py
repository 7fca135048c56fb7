"""The REST API's deployment environments and their branch policies."""

from urllib.parse import quote

from local_cloud.github import errors, repositories
from local_cloud.github.calls import NO_CONTENT, Answer, Call, Route, node_id, page
from local_cloud.github.records import Environment, Repository, now
from local_cloud.github.store import Store

LONGEST_WAIT_MINUTES = 43_200
MOST_REVIEWERS = 6


def list_environments(call: Call, owner: str, name: str) -> Answer:
    """GET .../environments."""
    repository = call.permitted(owner, name, "actions", "read")
    found = sorted(repository.environments.values(), key=lambda each: each.name)
    return page(call, "environments", found, lambda each: show(call, repository, each), default=30, most=100)


def get_environment(call: Call, owner: str, name: str, environment: str) -> Answer:
    """GET .../environments/ENVIRONMENT."""
    repository = call.permitted(owner, name, "actions", "read")
    return Answer(body=show(call, repository, find(repository, environment)))


def create_or_update(call: Call, owner: str, name: str, environment: str) -> Answer:
    """PUT .../environments/ENVIRONMENT. Rules that the body does not name are reset, as at GitHub."""
    repository = call.permitted(owner, name, "administration", "write")
    body = call.body()
    wait = body.get("wait_timer") or 0
    if not isinstance(wait, int) or not 0 <= wait <= LONGEST_WAIT_MINUTES:
        raise errors.validation_failed("Environment", "wait_timer", "invalid")
    policy = _branch_policy(body.get("deployment_branch_policy"))
    moment = now()
    made = Environment(id=call.store.new_id(), name=environment, created_at=moment, updated_at=moment)
    reviewers = _reviewers(call.store, repository, body.get("reviewers") or [])
    prevent_self_review = body.get("prevent_self_review") is True
    if prevent_self_review and not body.get("reviewers"):
        raise _unset(
            "or update ", "Required reviewers must have at least one reviewer to set prevent_self_review."
        )
    if repository.private and repository.owner.lower() in call.store.free_plans:
        for rule, asked in (("required reviewers", reviewers), ("wait timer", wait)):
            if asked:
                raise _unset("", f"Please ensure the billing plan supports the {rule} protection rule.")
    kept = repository.environments.setdefault(environment.lower(), made)
    kept.wait_timer, kept.deployment_branch_policy, kept.updated_at = wait, policy, moment
    kept.reviewers, kept.prevent_self_review = reviewers, prevent_self_review
    if not (policy or {}).get("custom_branch_policies"):
        kept.branches.clear()
    return Answer(body=show(call, repository, kept))


def delete_environment(call: Call, owner: str, name: str, environment: str) -> Answer:
    """DELETE .../environments/ENVIRONMENT, with its secrets and variables."""
    repository = call.permitted(owner, name, "administration", "write")
    del repository.environments[find(repository, environment).name.lower()]
    return NO_CONTENT


def list_branch_policies(call: Call, owner: str, name: str, environment: str) -> Answer:
    """GET .../environments/ENVIRONMENT/deployment-branch-policies."""
    found = find(call.permitted(owner, name, "actions", "read"), environment)
    return page(call, "branch_policies", list(found.branches.items()), _show_branch, default=30, most=100)


def create_branch_policy(call: Call, owner: str, name: str, environment: str) -> Answer:
    """POST .../environments/ENVIRONMENT/deployment-branch-policies."""
    found = find(call.permitted(owner, name, "administration", "write"), environment)
    if not (found.deployment_branch_policy or {}).get("custom_branch_policies"):
        raise errors.not_found()
    pattern = call.text("name")
    if pattern in found.branches.values():
        raise errors.GitHubError(303, "A branch policy with that name exists")
    number = call.store.new_id()
    found.branches[number] = pattern
    return Answer(body=_show_branch((number, pattern)))


def delete_branch_policy(call: Call, owner: str, name: str, environment: str, number: int) -> Answer:
    """DELETE .../environments/ENVIRONMENT/deployment-branch-policies/ID."""
    found = find(call.permitted(owner, name, "administration", "write"), environment)
    if found.branches.pop(number, None) is None:
        raise errors.not_found()
    return NO_CONTENT


def find(repository: Repository, name: str) -> Environment:
    """Names are not case sensitive. Raises "Not Found"."""
    found = repository.environments.get(name.lower())
    if found is None:
        raise errors.not_found()
    return found


def show(call: Call, repository: Repository, environment: Environment) -> dict[str, object]:
    """An environment as GitHub shows it."""
    rules: list[dict[str, object]] = []
    if environment.wait_timer:
        rules.append({"type": "wait_timer", "wait_timer": environment.wait_timer})
    if environment.reviewers:
        shown = [show_reviewer(call, each) for each in environment.reviewers]
        own = environment.prevent_self_review
        rules.append({"type": "required_reviewers", "prevent_self_review": own, "reviewers": shown})
    if environment.deployment_branch_policy:
        rules.append({"type": "branch_policy"})
    numbered = [
        {"id": environment.id * 10 + index, "node_id": node_id("Gate", environment.id * 10 + index), **rule}
        for index, rule in enumerate(rules)
    ]
    quoted = quote(environment.name, safe="")
    return {
        "id": environment.id,
        "node_id": node_id("Environment", environment.id),
        "name": environment.name,
        "url": f"{call.addresses.api}/repos/{repository.full_name}/environments/{quoted}",
        "html_url": f"{call.addresses.html}/{repository.full_name}/deployments/{quoted}",
        "created_at": environment.created_at,
        "updated_at": environment.updated_at,
        "can_admins_bypass": True,
        "protection_rules": numbered,
        "deployment_branch_policy": environment.deployment_branch_policy,
    }


def _branch_policy(given: object) -> dict[str, bool] | None:
    if given is None:
        return None
    keys = ("protected_branches", "custom_branch_policies")
    if not isinstance(given, dict) or [given.get(key) for key in keys].count(True) != 1:
        raise errors.GitHubError(
            422, "protected_branches and custom_branch_policies cannot have the same value"
        )
    return {key: given[key] is True for key in keys}


def show_reviewer(call: Call, reviewer: dict[str, object]) -> dict[str, object]:
    """A user or a team, as environments and runs that wait show them."""
    store, number = call.store, reviewer["id"]
    if reviewer["type"] == "Team":
        [team] = [each for each in store.teams.values() if each.id == number]
        return {"type": "Team", "reviewer": repositories.show_team(call, team)}
    login = store.logins[int(str(number))]
    return {"type": "User", "reviewer": repositories.show_account(call, login, int(str(number)), "User")}


def _unset(doing: str, why: str) -> errors.GitHubError:
    return errors.GitHubError(422, f"Failed to create {doing}the environment protection rule. {why}")


def _reviewers(store: Store, repository: Repository, given: object) -> list[dict[str, object]]:
    """Those that can read the repository: others are dropped without a word, as teams are at GitHub."""
    named = given if isinstance(given, list) else []
    kept = [each for each in named if isinstance(each, dict) and each.get("type") in {"User", "Team"}]
    teams = {each.id for each in store.teams.values()}
    known = {"User": set(store.logins), "Team": teams}
    if len(kept) != len(named) or any(each.get("id") not in known[each["type"]] for each in kept):
        raise errors.validation_failed("Environment", "reviewers", "invalid")
    if len(named) > MOST_REVIEWERS:
        raise errors.validation_failed("Environment", "reviewers", "invalid")
    return [
        {"type": each["type"], "id": each["id"]}
        for each in kept
        if each["type"] == "Team" or store.may_read(store.logins[each["id"]], repository)
    ]


def _show_branch(policy: tuple[int, str]) -> dict[str, object]:
    number, pattern = policy
    return {"id": number, "node_id": node_id("GateBranchPolicy", number), "name": pattern, "type": "branch"}


ENVIRONMENTS = "/repos/<owner>/<name>/environments"
ENVIRONMENT = f"{ENVIRONMENTS}/<path:environment>"
ROUTES: list[Route] = [
    ("GET", ENVIRONMENTS, list_environments),
    ("GET", ENVIRONMENT, get_environment),
    ("PUT", ENVIRONMENT, create_or_update),
    ("DELETE", ENVIRONMENT, delete_environment),
    ("GET", f"{ENVIRONMENT}/deployment-branch-policies", list_branch_policies),
    ("POST", f"{ENVIRONMENT}/deployment-branch-policies", create_branch_policy),
    ("DELETE", f"{ENVIRONMENT}/deployment-branch-policies/<int:number>", delete_branch_policy),
]
