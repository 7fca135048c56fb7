"""A listener as a frontend of haproxy.

The rule that fits first is written down (`txn.rule`, its priority), and what is done follows from that alone;
so rules that forward and rules that answer are asked in one order, and the log knows which one it was.
"""

import hashlib
import re
from collections.abc import Iterator

from local_cloud.hosts.load_balancers.conditions import HOST, condition, quoted
from local_cloud.hosts.load_balancers.model import (
    Balancer,
    FixedResponse,
    Forward,
    Listener,
    Redirect,
    Rule,
    Unsupported,
)
from local_cloud.hosts.load_balancers.pages import SERVER, answer

GROUP_COOKIE = "AWSALBTG"
CROSS_SITE = "CORS"
"""What AWS appends to the name of the cookie that pages of other sites send too."""
NO_TARGET = "none"
"""The backend of what is forwarded to no group."""
LOGGED = (
    *("%f", "%b", "%si:%sp", "%ci:%cp", "%fi", "%[var(txn.began)]", "%Tw", "%Tc", "%Tr", "%Ta", "%ST", "%ts"),
    *("%U", "%B", "%[var(txn.rule)]", "%{+E}HM", "%{+E}HU", "%{+E}HV", "%{+E}[var(txn.host)]"),
    *("%{+E}[var(txn.agent)]", "%sslv", "%sslc", "%{+E}[ssl_fc_sni]", "%[var(txn.trace)]"),
)
"""What is noted of each request; `requests.py` reads it in this order."""
LOGGED_OF_CONNECTIONS = (
    "%f",
    "%b",
    "%si:%sp",
    "%ci:%cp",
    "%fi",
    "%[var(sess.began)]",
    "%Tw",
    "%Tc",
    "-1",
    "%Tt",
    "0",
    "%ts",
    "%U",
    "%B",
)


def frontend_name(listener: Listener) -> str:
    return f"f.{listener.key}"


def backend_name(balancer: Balancer, arn: str) -> str:
    return f"b.{balancer.key}.{arn.rpartition('/')[2]}"


def frontend(balancer: Balancer, listener: Listener) -> Iterator[str]:
    """Lines of the section. Certificates are looked for in the file `<listener's key>.certificates`."""
    yield f"frontend {frontend_name(listener)}"
    for node in balancer.nodes:
        for address in node.addresses:
            yield f"  bind {address}:{listener.port}{_tls(balancer, listener)}"
    if not balancer.is_http:
        yield from _stream(balancer, listener)
        return
    yield f"  timeout client {balancer.says('idle_timeout.timeout_seconds', '60')}s"
    yield f"  log-format {quoted(' '.join(_noted(each) for each in LOGGED))}"
    # Of a process that is replaced: clients may be just about to use a connection again.
    yield "  option idle-close-on-response"
    yield "  option http-ignore-probes"
    yield from _facts()
    for rule in listener.rules:
        fits = " ".join(["!{ var(txn.rule) -m found }", *(condition(each) for each in rule.conditions)])
        yield f"  http-request set-var(txn.rule) int({rule.priority}) if {fits}"
    for rule in listener.rules:
        yield from _action(balancer, listener, rule)
    yield from _headers(balancer, listener)
    yield "  use_backend %[var(txn.group)] if { var(txn.group) -m found }"
    yield f"  default_backend {NO_TARGET}"


def _noted(part: str) -> str:
    return f'"{part}"'


def _tls(balancer: Balancer, listener: Listener) -> str:
    if not listener.is_tls:
        return ""
    policy = listener.policy
    words = ["", "ssl", "crt-list", f"{listener.key}.certificates"]
    words += ["ssl-min-ver", policy.lowest, "ssl-max-ver", policy.highest]
    words += ["ciphers", policy.ciphers] if policy.ciphers else []
    words += ["ciphersuites", policy.suites] if policy.suites else []
    if balancer.is_http:
        is_http2 = balancer.says("routing.http2.enabled", "true") == "true"
        words += ["alpn", "h2,http/1.1" if is_http2 else "http/1.1"]
    return " ".join(words)


def _stream(balancer: Balancer, listener: Listener) -> Iterator[str]:
    """Of a network load balancer: connections, not requests."""
    yield "  mode tcp"
    yield "  timeout client 350s"
    yield "  tcp-request connection set-var(sess.began) date(0,ms)"
    yield f"  log-format {quoted(' '.join(_noted(each) for each in LOGGED_OF_CONNECTIONS))}"
    action = listener.rules[-1].action
    if isinstance(action, Forward) and action.groups:
        yield f"  default_backend {backend_name(balancer, action.groups[0][0])}"


def _facts() -> Iterator[str]:
    """What rules, actions and the log need of a request."""
    yield "  http-request set-var(txn.began) date(0,ms)"
    yield "  http-request set-var(txn.host) req.hdr(host)"
    yield "  http-request set-var(txn.name) req.hdr(host),field(1,:),lower"
    yield "  http-request set-var(txn.agent) req.fhdr(user-agent)"
    yield "  http-request set-var-fmt(txn.query) '?%[query]' if { query -m len gt 0 }"
    root = "Root=1-%[date,hex,lower,bytes(8,8)]-%[uuid,regsub(-,,g),bytes(0,24)]"
    yield f"  http-request set-var-fmt(txn.trace) '{root}'"
    given = "req.fhdr(x-amzn-trace-id)"
    yield f"  http-request set-var(txn.trace) {given} if {{ {given} -m sub Root= }}"


def _action(balancer: Balancer, listener: Listener, rule: Rule) -> Iterator[str]:
    here = f"{{ var(txn.rule) -m int {rule.priority} }}"
    match rule.action:
        case Forward() as forward:
            yield from _forward(balancer, forward, here)
        case Redirect() as redirect:
            said = f"{answer(redirect.status)} {_to(listener, redirect)}"
            yield f"  http-request return status {redirect.status} {said} if {here}"
        case FixedResponse(body="") as fixed:
            yield f"  http-request return status {fixed.status} hdr Server {SERVER} if {here}"
        case FixedResponse() as fixed:
            content = f"content-type {quoted(fixed.content_type)} file {body_file(fixed)}"
            yield f"  http-request return status {fixed.status} {content} hdr Server {SERVER} if {here}"
        case Unsupported():
            yield f"  http-request return status 500 {answer(500)} if {here}"


def body_file(fixed: FixedResponse) -> str:
    """The name of the file that holds a fixed response's body."""
    return f"body.{hashlib.sha256(fixed.body.encode()).hexdigest()[:16]}"


def _to(listener: Listener, redirect: Redirect) -> str:
    """The Location header; without a question mark where the query is empty."""
    protocol = _filled(redirect.protocol, listener).lower()
    query = redirect.query.removeprefix("?")
    whole = (
        f"{protocol}://{_filled(redirect.host, listener)}:{_filled(redirect.port, listener)}"
        f"{_filled(redirect.path, listener)}"
    )
    if query == "#{query}":
        whole += "%[var(txn.query)]"
    elif query:
        whole += f"?{_filled(query, listener)}"
    return f"hdr Location {quoted(whole)}"


def _filled(part: str, listener: Listener) -> str:
    values = {
        "protocol": listener.protocol,
        "host": f"%[{HOST}]",
        "port": str(listener.port),
        "path": "%[path,regsub(^/,)]",
        "query": "%[query]",
    }
    literal = re.split(r"#\{(\w+)\}", part)
    return "".join(
        values.get(each, "") if place % 2 else each.replace("%", "%%") for place, each in enumerate(literal)
    )


def _forward(balancer: Balancer, forward: Forward, here: str) -> Iterator[str]:
    """By chance within the weights, or to where the client has been before."""
    known = [(backend_name(balancer, arn), weight) for arn, weight in forward.groups]
    whole = sum(weight for _, weight in known)
    undecided = "!{ var(txn.group) -m found }"
    if forward.sticky:
        for name, weight in known:
            cookie = f"{{ req.cook({GROUP_COOKIE}) -m str {token(name)} }}"
            if weight:
                yield f"  http-request set-var(txn.group) str({name}) if {here} {cookie}"
    if len(known) > 1 and whole:
        yield f"  http-request set-var(txn.dice) rand({whole}) if {here}"
    reached = 0
    for name, weight in known:
        reached += weight
        dice = f"{{ var(txn.dice) -m int lt {reached} }} " if len(known) > 1 and whole else ""
        if weight or not whole:
            yield f"  http-request set-var(txn.group) str({name}) if {here} {undecided} {dice}".rstrip()
    if forward.sticky:
        for name, _ in known:
            mine = f"{here} {{ var(txn.group) -m str {name} }}"
            yield from set_cookie(GROUP_COOKIE, token(name), forward.sticky, f" if {mine}")


def token(name: str) -> str:
    """What stands for a backend, or a server, in a cookie."""
    return hashlib.sha256(name.encode()).hexdigest()


def set_cookie(name: str, value: str, seconds: int, when: str = "") -> Iterator[str]:
    """A cookie of the load balancer's, and its twin for pages of other sites."""
    until = f"Expires=%[date({seconds}),http_date]; Path=/"
    yield f"  http-response add-header Set-Cookie {quoted(f'{name}={value}; {until}')}{when}"
    twin = f"{name}{CROSS_SITE}={value}; {until}; SameSite=None"
    yield f"  http-response add-header Set-Cookie {quoted(twin)}{when}"


def _headers(balancer: Balancer, listener: Listener) -> Iterator[str]:
    """What targets are told of the client. Source: "HTTP headers and Application Load Balancers"."""
    client = (
        "%[src]:%[src_port]" if balancer.says("routing.http.xff_client_port.enabled") == "true" else "%[src]"
    )
    mode = balancer.says("routing.http.xff_header_processing.mode", "append")
    if mode == "append":
        earlier = "{ req.fhdr(x-forwarded-for) -m found }"
        both = f"'%[req.fhdr(x-forwarded-for)], {client}'"
        yield f"  http-request set-header X-Forwarded-For {both} if {earlier}"
        yield f"  http-request set-header X-Forwarded-For '{client}' if !{earlier}"
    elif mode == "remove":
        yield "  http-request del-header X-Forwarded-For"
    yield f"  http-request set-header X-Forwarded-Proto {listener.protocol.lower()}"
    yield f"  http-request set-header X-Forwarded-Port {listener.port}"
    yield "  http-request set-header X-Amzn-Trace-Id %[var(txn.trace)]"
    if (
        listener.is_tls
        and balancer.says("routing.http.x_amzn_tls_version_and_cipher_suite.enabled") == "true"
    ):
        yield "  http-request set-header X-Amzn-Tls-Version %[ssl_fc_protocol]"
        yield "  http-request set-header X-Amzn-Tls-Cipher-Suite %[ssl_fc_cipher]"
