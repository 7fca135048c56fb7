"""The local cloud's own skin: what clients do to it that mean it ill, and what others can read of it."""

import http.client
import socket
import stat
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3

from tests.bench.memory import resident, started
from tests.bench.run import CHECKOUT
from tests.proof.table import Figure, bounded, counted

SLOW, PARALLEL = 200, 1500
BODY = 500 * 2**20
SESSION, VALUE = "canary-of-a-session-0123456789", "canary-of-a-parameter-0123456789"


def place(url: str) -> tuple[str, int]:
    parts = urlsplit(url)
    return str(parts.hostname), parts.port or 80


def send(endpoint: str) -> None:
    """Calls that have secrets in their headers and bodies."""
    session: Any = boto3.Session("ASIALOCALCLOUDEXAMPL", "any", SESSION, region_name="us-east-1")
    session.client("sts", endpoint_url=endpoint).get_caller_identity()
    ssm = session.client("ssm", endpoint_url=endpoint)
    ssm.put_parameter(Name="/proof/secret", Value=VALUE, Type="SecureString")
    ssm.get_parameter(Name="/proof/secret", WithDecryption=True)


def asks(endpoint: str) -> int:
    """One plain request; its status."""
    connection = http.client.HTTPConnection(*place(endpoint), timeout=60)
    try:
        connection.request("GET", "/_local_cloud/requests?limit=1")
        return connection.getresponse().status
    finally:
        connection.close()


def large_body(endpoint: str, *, chunked: bool) -> bytes:
    """500 MB, sent as long as they are taken; how the answer begins."""
    with socket.create_connection(place(endpoint), timeout=60) as connection:
        length = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {BODY}"
        connection.sendall(f"POST / HTTP/1.1\r\nHost: aws\r\n{length}\r\n\r\n".encode())
        piece = b"x" * 2**20
        with suppress(OSError):
            for _ in range(BODY // len(piece)):
                connection.sendall(b"100000\r\n" + piece + b"\r\n" if chunked else piece)
        with suppress(OSError):
            return connection.recv(64)
    return b""


def bodies(status: dict[str, Any]) -> Iterator[Figure]:
    for chunked in (False, True):
        how = "in chunks" if chunked else "of a stated length"
        before, begun = resident(status["pid"]), time.monotonic()
        refused = b" 413 " in large_body(status["endpoint"], chunked=chunked)
        grown = peak(status["pid"]) - before
        took = time.monotonic() - begun
        yield counted(f"a body of 500 MB {how} is refused with 413", int(refused), 1, seconds=took)
        yield bounded(f"memory at its worst with a body of 500 MB {how}", grown, 768, "MiB more")


def peak(process: int) -> float:
    """MiB, the most that were resident so far."""
    line = next(
        each for each in Path(f"/proc/{process}/status").read_text().splitlines() if each.startswith("VmHWM")
    )
    return int(line.split()[1]) / 1024


def connections(endpoint: str) -> Iterator[Figure]:
    with ExitStack() as held:
        for _ in range(SLOW):
            connection = held.enter_context(socket.create_connection(place(endpoint), timeout=60))
            connection.sendall(b"POST / HTTP/1.1\r\nHost: aws\r\n")
        begun = time.monotonic()
        served = asks(endpoint) == http.client.OK
        took = time.monotonic() - begun
        yield counted(f"a request is answered beside {SLOW} slow ones", int(served), 1, seconds=took)
        yield bounded(f"how long a request waits beside {SLOW} slow ones", took, 5, "s")
    begun = time.monotonic()
    with ThreadPoolExecutor(PARALLEL // 10) as pool:
        answers = list(pool.map(lambda _: _status(endpoint), range(PARALLEL)))
    good = answers.count(http.client.OK)
    took = time.monotonic() - begun
    yield counted(f"{PARALLEL} requests, {PARALLEL // 10} at once", good, PARALLEL, seconds=took)


def _status(endpoint: str) -> int:
    try:
        return asks(endpoint)
    except OSError:
        return 0


def private(folder: Path) -> Figure:
    """Keys and tokens, told by their names and contents."""
    secret = [
        path
        for path in folder.rglob("*")
        if path.is_file()
        and (path.name in {"token", "id_ed25519"} or b"PRIVATE KEY" in path.read_bytes()[:4096])
    ]
    wide = [str(path) for path in secret if stat.S_IMODE(path.stat().st_mode) & 0o077]
    name = "files with keys and tokens are their owner's alone"
    return counted(name, len(secret) - len(wide), len(secret), faults=wide)


def told(folder: Path, secrets: list[str]) -> Figure:
    """What callers have sent, in what is written down of their calls and in the list of processes."""
    places = [path for path in folder.rglob("*") if path.suffix in {".log", ".jsonl", ".json"}]
    assert any(path.name == "requests.jsonl" for path in places)
    places += Path("/proc").glob("[0-9]*/cmdline")
    telling = []
    for path in places:
        with suppress(OSError):
            text = path.read_bytes()
            telling += [str(path) for each in secrets if each.encode() in text]
    good = len(secrets) if not telling else 0
    name = "secrets (of a session, a parameter, GitHub) that no log and no command line tells"
    return counted(name, good, len(secrets), faults=telling)


def listeners(process: int) -> Figure:
    """Sockets of the server, without hosts: all on loopback."""
    inodes = set()
    for entry in Path(f"/proc/{process}/fd").iterdir():
        with suppress(OSError):
            inodes.add(str(entry.readlink()).removeprefix("socket:[").removesuffix("]"))
    addresses = []
    for table, loopback in (("tcp", "0100007F"), ("tcp6", "00000000000000000000000001000000")):
        for line in Path(f"/proc/{process}/net/{table}").read_text().splitlines()[1:]:
            (
                _,
                local,
                _,
                state,
                *_,
            ) = fields = line.split()
            if state == "0A" and fields[9] in inodes:
                addresses.append((local, local.startswith(loopback)))
    beyond = [address for address, inside in addresses if not inside]
    return counted(
        "listeners on loopback, without hosts", len(addresses) - len(beyond), len(addresses), faults=beyond
    )


def figures() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as name, started(CHECKOUT, Path(name)) as status:
        send(status["endpoint"])
        yield listeners(status["pid"])
        yield from connections(status["endpoint"])
        yield from bodies(status)
        answered = asks(status["endpoint"]) == http.client.OK
        yield counted("it answers after all of this", int(answered), 1)
        yield private(Path(name))
        [token] = Path(name).rglob("github/token")
        yield told(Path(name), [SESSION, VALUE, token.read_text().strip()])
