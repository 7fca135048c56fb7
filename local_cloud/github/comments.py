"""The REST API's comments on issues and pull requests. There are none of these: any number may have some."""

from local_cloud.github import errors
from local_cloud.github.calls import Answer, Call, Route
from local_cloud.github.records import Comment, now
from local_cloud.github.repositories import show_account

MOST = 65536  # characters, as GitHub takes


def list_comments(call: Call, owner: str, name: str, number: int) -> Answer:
    """GET .../issues/NUMBER/comments: a page of them, the oldest first."""
    repository = call.permitted(owner, name, "pull_requests", "read")
    size = min(max(1, call.request.args.get("per_page", 30, type=int)), 100)
    first = (max(1, call.request.args.get("page", 1, type=int)) - 1) * size
    found = [
        each
        for each in call.store.comments.values()
        if (each.repository, each.number) == (repository, number)
    ]
    return Answer(body=[_show(call, each) for each in found[first : first + size]])


def create_comment(call: Call, owner: str, name: str, number: int) -> Answer:
    """POST .../issues/NUMBER/comments."""
    repository = call.permitted(owner, name, "pull_requests", "write")
    store, written = call.store, now()
    made = Comment(
        id=len(store.comments) + 1,
        repository=repository,
        number=number,
        login=call.token.login if call.token else "",
        body=_body(call),
        created_at=written,
        updated_at=written,
    )
    store.comments[made.id] = made
    return Answer(body=_show(call, made), status=201)


def update_comment(call: Call, owner: str, name: str, comment: int) -> Answer:
    """PATCH .../issues/comments/ID."""
    repository = call.permitted(owner, name, "pull_requests", "write")
    found = call.store.comments.get(comment)
    if found is None or found.repository is not repository:
        raise errors.not_found()
    found.body, found.updated_at = _body(call), now()
    return Answer(body=_show(call, found))


def _body(call: Call) -> str:
    text = call.text("body")
    if not text.strip() or len(text) > MOST:
        raise errors.GitHubError(422, "Validation Failed")
    return text


def _show(call: Call, comment: Comment) -> dict[str, object]:
    bot = comment.login.endswith("[bot]")
    page = f"{call.addresses.html}{comment.repository.full_name}/pull/{comment.number}"
    account = show_account(
        call, comment.login, call.store.account_id(comment.login), "Bot" if bot else "User"
    )
    return {
        "id": comment.id,
        "html_url": f"{page}#issuecomment-{comment.id}",
        "body": comment.body,
        "user": account,
        "created_at": comment.created_at,
        "updated_at": comment.updated_at,
    }


ROUTES: list[Route] = [
    ("GET", "/repos/<owner>/<name>/issues/<int:number>/comments", list_comments),
    ("POST", "/repos/<owner>/<name>/issues/<int:number>/comments", create_comment),
    ("PATCH", "/repos/<owner>/<name>/issues/comments/<int:comment>", update_comment),
]
