"""What haproxy notes of each request, read again."""

import re
from dataclasses import dataclass

WORD = re.compile(r'"((?:[^"\\]|\\.)*)"')
ESCAPED = re.compile(r"\\(.)")
FIELDS = 24
FIELDS_OF_CONNECTIONS = 14


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request, or of a network load balancer one connection. Times are milliseconds, -1 where it did not
    come so far."""

    frontend: str
    backend: str
    """The frontend where no target group was chosen."""
    target: str
    """`ADDRESS:PORT`; empty where none was chosen."""
    client: str
    """`ADDRESS:PORT`."""
    node: str
    """The address that was asked."""
    began: int
    """Milliseconds since 1970."""
    waited: int
    connected: int
    answered: int
    whole: int
    status: int
    ended: str
    """haproxy's two letters of how it ended: `--` in order."""
    received: int
    sent: int
    rule: str = "-"
    method: str = "-"
    path: str = "-"
    version: str = "-"
    host: str = "-"
    agent: str = "-"
    protocol: str = "-"
    cipher: str = "-"
    server_name: str = "-"
    trace: str = "-"

    @property
    def target_status(self) -> int | None:
        """None where the target has not answered, and the load balancer did."""
        return self.status if self.target and self.answered >= 0 else None


def parse(line: bytes) -> Request | None:
    """None for what is no request."""
    words = [ESCAPED.sub(r"\1", each) for each in WORD.findall(line.decode(errors="replace"))]
    if len(words) not in {FIELDS, FIELDS_OF_CONNECTIONS}:
        return None
    frontend, backend, target, client, node, began, waited, connected, answered, whole, status, ended = words[
        :12
    ]
    received, sent, *rest = words[12:]
    try:
        return Request(
            frontend=frontend,
            backend=backend,
            target="" if target.startswith("-") else target,
            client=client,
            node=node,
            began=int(began),
            waited=int(waited),
            connected=int(connected),
            answered=int(answered),
            whole=int(whole),
            status=int(status),
            ended=ended,
            received=int(received),
            sent=int(sent),
            **dict(zip(_MORE, rest, strict=False)),
        )
    except ValueError:
        # A request that could not be read has no beginning.
        return None


_MORE = ("rule", "method", "path", "version", "host", "agent", "protocol", "cipher", "server_name", "trace")
