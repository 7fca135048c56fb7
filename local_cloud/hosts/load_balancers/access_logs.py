"""A request as a line of an access log, and where in a bucket it goes.

Source: "Access logs for your Application Load Balancer": the fields, their order, and `-` and -1 for what
there is not.
"""

from datetime import UTC, datetime, timedelta

from local_cloud.hosts.load_balancers.frontends import frontend_name
from local_cloud.hosts.load_balancers.metrics import Place
from local_cloud.hosts.load_balancers.model import (
    Balancer,
    FixedResponse,
    Forward,
    Listener,
    Redirect,
    Rule,
)
from local_cloud.hosts.load_balancers.requests import Request

EVERY = timedelta(minutes=5)
NONE = "-"


def line(request: Request, place: Place) -> str:
    """The line of a request, without its end."""
    balancer = place.balancer
    listener = next((each for each in balancer.listeners if frontend_name(each) == request.frontend), None)
    rule = _rule(listener, request)
    began = datetime.fromtimestamp(request.began / 1000, UTC)
    ended = began + timedelta(milliseconds=max(request.whole, 0))
    port = listener.port if listener else 0
    is_tls = listener is not None and listener.is_tls
    scheme = "https" if is_tls else "http"
    address = f"{scheme}://{_with_port(request.host, port)}"
    group = f"arn:aws:elasticloadbalancing:{balancer.region}:{balancer.account}:{place.group}"
    target_status = str(request.target_status or NONE)
    fields = (
        "h2" if request.version == "HTTP/2.0" and is_tls else scheme,
        _time(ended),
        balancer.name,
        request.client,
        request.target or NONE,
        *_times(request),
        str(request.status),
        target_status,
        str(request.received),
        str(request.sent),
        _quoted(f"{request.method} {address}{request.path} {request.version}"),
        _quoted(request.agent),
        request.cipher,
        request.protocol,
        group if place.group else NONE,
        _quoted(request.trace),
        _quoted(request.server_name),
        _quoted(NONE),
        request.rule,
        _time(began),
        _quoted(_did(rule)),
        _quoted(NONE),
        _quoted(NONE),
        _quoted(request.target or NONE),
        _quoted(target_status),
        _quoted(NONE),
        _quoted(NONE),
        NONE,
    )
    return " ".join(fields)


def key(balancer: Balancer, prefix: str, address: str, end: datetime, unique: str) -> str:
    """The name of the object that holds the lines of a node's five minutes up to `end` (UTC)."""
    account, region = balancer.account, balancer.region
    start = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
    name = balancer.name.replace("/", ".")
    return (
        f"{start}AWSLogs/{account}/elasticloadbalancing/{region}/{end:%Y/%m/%d}/"
        f"{account}_elasticloadbalancing_{region}_{name}_{end:%Y%m%dT%H%MZ}_{address}_{unique}.log.gz"
    )


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"


def _times(request: Request) -> tuple[str, str, str]:
    """Seconds until the target had the request, until it answered, and until the client had all."""
    if request.target_status is None:
        return ("-1", "-1", "-1")
    before = request.waited + request.connected
    return tuple(  # type: ignore[return-value]  # three of them
        f"{max(each, 0) / 1000:.3f}"
        for each in (before, request.answered, request.whole - before - request.answered)
    )


def _rule(listener: Listener | None, request: Request) -> Rule | None:
    if listener is None or not request.rule.isdigit():
        return None
    return next((each for each in listener.rules if each.priority == int(request.rule)), None)


def _did(rule: Rule | None) -> str:
    match rule.action if rule else None:
        case Forward():
            return "forward"
        case Redirect():
            return "redirect"
        case FixedResponse():
            return "fixed-response"
    return NONE


def _with_port(host: str, port: int) -> str:
    return host if ":" in host or host == NONE else f"{host}:{port}"


def _quoted(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{plain}"'
