"""git over HTTP: clone, fetch and push through git's own CGI program."""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from typing import IO

from werkzeug import Request, Response

from local_cloud.github import access, errors, git
from local_cloud.github.records import Repository, now
from local_cloud.github.store import Store

READ = "git-upload-pack"
WRITE = "git-receive-pack"
SPOOL_BYTES = 8 * 1024 * 1024
CHUNK_BYTES = 64 * 1024


def serve(request: Request, store: Store, owner: str, name: str, path: str) -> Response:
    """Answer `/OWNER/NAME.git/PATH`. Reading a public repository needs no token, all else does."""
    service = request.args.get("service", "") if path == "info/refs" else path
    if service not in (READ, WRITE):
        return _plain(404, "Not Found\n")
    try:
        with store.lock:
            repository = _allowed(request, store, owner, name, writes=service == WRITE)
    except errors.GitHubError as error:
        return _refusal(error)
    response = _backend(request, repository, path)
    if request.method == "POST" and service == WRITE:
        response.call_on_close(lambda: setattr(repository, "pushed_at", now()))
    return response


def _allowed(request: Request, store: Store, owner: str, name: str, *, writes: bool) -> Repository:
    token = access.token_of(request, store)
    if token is None and writes:
        raise errors.authentication_required()
    try:
        repository = access.visible(store, token, owner, name)
    except errors.GitHubError as error:
        # An anonymous caller is asked who they are before they learn what does not exist.
        raise (errors.authentication_required() if token is None else error) from error
    if writes and not (token and token.allows("contents", "write", repository.full_name)):
        raise errors.GitHubError(403, "Write access to repository not granted.")
    if repository.private and not (token and token.allows("contents", "read", repository.full_name)):
        raise errors.GitHubError(403, "Read access to repository not granted.")
    return repository


def _refusal(error: errors.GitHubError) -> Response:
    words = {401: "Invalid username or token.\n", 404: "Repository not found.\n"}
    response = _plain(error.status, words.get(error.status, f"{error.message}\n"))
    if error.status == errors.UNAUTHENTICATED:
        response.headers["WWW-Authenticate"] = 'Basic realm="GitHub"'
    return response


def _plain(status: int, text: str) -> Response:
    return Response(text, status, content_type="text/plain; charset=UTF-8")


def _backend(request: Request, repository: Repository, path: str) -> Response:
    """Run `git http-backend`. The body goes through a file: git may answer before it has read all."""
    with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as body:
        shutil.copyfileobj(request.stream, body, CHUNK_BYTES)
        length = body.tell()
        body.seek(0)
        # A file descriptor is needed, so what was still in memory goes to the file here.
        body.rollover()
        process = subprocess.Popen(
            ["git", "http-backend"],
            env=_environment(request, repository, path, length),
            stdin=body,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    output = process.stdout
    if output is None:
        raise RuntimeError("git http-backend has no output")
    status, headers = _cgi_head(output)
    response = Response(_chunks(output), status, headers)
    response.call_on_close(lambda: (output.close(), process.wait()))
    return response


def _environment(request: Request, repository: Repository, path: str, length: int) -> dict[str, str]:
    variables = {
        "GIT_PROJECT_ROOT": str(repository.directory),
        "GIT_HTTP_EXPORT_ALL": "1",
        "PATH_INFO": f"/{path}",
        "QUERY_STRING": request.query_string.decode(),
        "REQUEST_METHOD": request.method,
        "CONTENT_TYPE": request.content_type or "",
        "CONTENT_LENGTH": str(length),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "REMOTE_ADDR": request.remote_addr or "",
        # Pushing is allowed to whoever has a name here; who may was decided before.
        "REMOTE_USER": "local-cloud",
    }
    return git.environment({name: value for name, value in variables.items() if value})


def _cgi_head(output: IO[bytes]) -> tuple[int, list[tuple[str, str]]]:
    status, headers = 200, []
    while line := output.readline().strip():
        name, _, value = line.decode("latin-1").partition(": ")
        if name.lower() == "status":
            status = int(value.split()[0])
        else:
            headers.append((name, value))
    return status, headers


def _chunks(output: IO[bytes]) -> Iterator[bytes]:
    while chunk := output.read(CHUNK_BYTES):
        yield chunk
