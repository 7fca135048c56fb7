"""A target group as a backend of haproxy, of one load balancer.

A backend has more servers than there are targets, so that targets come and go while it runs: which target a
server is (`slots.py`), whether requests go there and with what weight is told to running processes.
"""

from collections.abc import Iterable, Iterator, Mapping

from local_cloud.hosts.load_balancers.frontends import backend_name, set_cookie, token
from local_cloud.hosts.load_balancers.model import Balancer, Group, Stickiness
from local_cloud.hosts.load_balancers.pages import answer
from local_cloud.hosts.load_balancers.slots import Server

ALGORITHMS = {
    "round_robin": "roundrobin",
    "least_outstanding_requests": "leastconn",
    "weighted_random": "random(2)",
}
BALANCER_COOKIE = "AWSALB"
APPLICATION_COOKIE = "AWSALBAPP-0"
CONNECT_SECONDS = 10
"""After which AWS answers 504."""
SERVER_NAME = "  http-response set-var-fmt(txn.server) '%[be_name] %[srv_name,lower]'"
SERVER_COOKIE = "%[var(txn.server),sha2(256),hex,lower]"
"""`frontends.token` of a server."""
LATE = CONNECT_SECONDS * 1000 - 500


def backend(balancer: Balancer, group: Group, servers: Mapping[str, Server]) -> Iterator[str]:
    """Lines of the section."""
    name = backend_name(balancer, group.arn)
    yield f"backend {name}"
    yield f"  balance {ALGORITHMS.get(group.algorithm, 'roundrobin')}"
    if balancer.is_http:
        yield from _http(balancer, group, servers)
    else:
        yield "  mode tcp"
        yield "  timeout server 350s"
        if group.stickiness:
            yield "  stick-table type ip size 10k expire 1h"
            yield "  stick on src"
    options = _options(group)
    for slot, server in servers.items():
        cookie = f" cookie {token(f'{name} {slot}')}" if group.stickiness and balancer.is_http else ""
        state = "" if server.is_on else " disabled"
        yield f"  server {slot} {server.address}:{server.port} weight {server.weight}{cookie}{options}{state}"


def _http(balancer: Balancer, group: Group, servers: Iterable[str]) -> Iterator[str]:
    yield f"  timeout server {balancer.says('idle_timeout.timeout_seconds', '60')}s"
    yield from _cookies(group.stickiness)
    # Not nbsrv, which is none in a process that is replaced and serves its last clients.
    for slot in servers:
        yield f"  acl has_server srv_is_up({slot})"
    yield f"  http-request return status 503 {answer(503)} if !has_server"
    # haproxy says 503 of a target that it can't connect to, at once or after a while.
    yield f"  http-error status 503 {answer(502)}"
    yield "  http-request set-var(txn.asked) bool(1)"
    yield "  http-response set-var(txn.answered) bool(1)"
    unreached = "{ status 503 } { var(txn.asked) -m bool } !{ var(txn.answered) -m bool }"
    late = f"{{ date(0,ms),sub(txn.began) -m int ge {LATE} }}"
    yield f"  http-after-response set-status 504 if {unreached} {late}"
    yield f"  http-after-response set-status 502 if {unreached}"


def _cookies(stickiness: Stickiness | None) -> Iterator[str]:
    """A client's cookie says which server it has been with; each answer brings it again."""
    if stickiness is None:
        return
    if not stickiness.cookie:
        yield f"  cookie {BALANCER_COOKIE} rewrite"
        yield SERVER_NAME
        yield from set_cookie(BALANCER_COOKIE, SERVER_COOKIE, stickiness.seconds)
        return
    yield f"  cookie {APPLICATION_COOKIE} rewrite"
    yield f"  ignore-persist if !{{ req.cook({stickiness.cookie}) -m found }}"
    when = f" if {{ res.cook({stickiness.cookie}) -m found }}"
    yield SERVER_NAME
    yield from set_cookie(APPLICATION_COOKIE, SERVER_COOKIE, stickiness.seconds, when)


def _options(group: Group) -> str:
    words = ["", "ssl", "verify", "none"] if group.protocol in {"HTTPS", "TLS"} else [""]
    if group.version in {"HTTP2", "GRPC"}:
        words += ["alpn", "h2"] if group.protocol == "HTTPS" else ["proto", "h2"]
    return " ".join(words)
