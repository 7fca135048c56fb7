"""codeload: archives of a commit, as the REST API's `tarball` and `zipball` lead to them."""

import re
import secrets
import tempfile
from typing import IO

from werkzeug import Request, Response
from werkzeug.wsgi import FileWrapper

from local_cloud.github import access, errors, git
from local_cloud.github.records import Repository
from local_cloud.github.store import Store

PATH = re.compile(r"/([^/]+)/([^/]+)/(legacy\.(?:tar\.gz|zip))/(.+)")
FORMS = {"legacy.tar.gz": ("tar.gz", "application/x-gzip"), "legacy.zip": ("zip", "application/zip")}
SHORT_SHA = 7


def location(base: str, store: Store, repository: Repository, form: str, ref: str) -> str:
    """Where the archive is. A private repository's address has a token in it that is good for that one."""
    address = f"{base}/{repository.full_name}/{form}/{ref or f'refs/heads/{repository.default_branch}'}"
    if not repository.private:
        return address
    token = secrets.token_urlsafe(24)
    store.archive_tokens[token] = repository.id
    return f"{address}?token={token}"


def serve(request: Request, store: Store, path: re.Match[str]) -> Response:
    """Answer a request for `PATH` with the archive; its one folder is OWNER-NAME-sha7."""
    owner, name, form, ref = path.groups()
    with store.lock:
        repository = _readable(request, store, owner, name)
    sha = git.resolve(repository.directory, ref)
    if sha is None:
        raise errors.not_found()
    kind, content_type = FORMS[form]
    prefix = f"{repository.owner}-{repository.name}-{sha[:SHORT_SHA]}"
    archive: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  the response closes it
    git.archive(repository.directory, sha, form=kind, prefix=prefix, target=archive)
    length = archive.seek(0, 2)
    archive.seek(0)
    headers = {
        "Content-Disposition": f"attachment; filename={prefix}.{kind}",
        "Content-Length": str(length),
        "ETag": f'"{sha}-{kind}"',
    }
    body = FileWrapper(archive)
    return Response(body, 200, headers, content_type=content_type, direct_passthrough=True)


def _readable(request: Request, store: Store, owner: str, name: str) -> Repository:
    repository = store.find(owner, name)
    if not repository.private:
        return repository
    if store.archive_tokens.get(request.args.get("token", "")) == repository.id:
        return repository
    token = access.token_of(request, store)
    if token is None or not token.allows("contents", "read", repository.full_name):
        raise errors.not_found()
    return repository
