"""All load balancers as one configuration of haproxy: files of a folder, by name.

haproxy, because it takes a new configuration and other targets while it runs without losing a request,
drains, keeps clients with a target by cookies, and notes each request with times of its parts; it is small,
and in every distribution.
"""

from collections.abc import Iterator, Mapping

from local_cloud.hosts.load_balancers.backends import backend
from local_cloud.hosts.load_balancers.frontends import NO_TARGET, backend_name, body_file, frontend
from local_cloud.hosts.load_balancers.model import Account, Balancer, FixedResponse, groups_of
from local_cloud.hosts.load_balancers.pages import answer
from local_cloud.hosts.load_balancers.slots import Servers

MAIN = "haproxy.cfg"
OWN_PAGES = (400, 403, 408, 413, 500, 502, 504)
LONGEST_LINE = 16384

HEAD = f"""global
  nbthread 1
  maxconn 4000
  stats socket unix@{{socket}} mode 600 level admin expose-fd listeners
  log fd@{{noted}} len {LONGEST_LINE} format raw local0
  hard-stop-after 1h
  tune.ssl.default-dh-param 2048
  # Targets' certificates are not looked at, as on AWS.
  ssl-server-verify none

defaults
  mode http
  log global
  timeout connect 10s
  timeout client 60s
  timeout server 60s
  timeout http-keep-alive 60s
  timeout http-request 60s
  option dontlognull
  http-reuse safe
  retries 0"""

Slots = Mapping[str, Servers]
"""By the name of a backend."""


def render(account: Account, slots: Slots, *, socket: str, noted: int) -> dict[str, str]:
    """`slots` of every backend that there is. `socket`: where the process is asked things, in the folder;
    `noted`: the descriptor to which it writes what it notes of requests."""
    lines = [HEAD.format(socket=socket, noted=noted)]
    lines += [f"  http-error status {status} {answer(status)}" for status in OWN_PAGES]
    files: dict[str, str] = {}
    for balancer in account.balancers:
        lines += ["", *_balancer(balancer, account, slots)]
        files |= _files(balancer)
    lines += ["", f"backend {NO_TARGET}"]
    lines += [f"  http-request return status 503 {answer(503)}"]
    return files | {MAIN: "\n".join([*lines, ""])}


def _balancer(balancer: Balancer, account: Account, slots: Slots) -> Iterator[str]:
    for listener in balancer.listeners:
        if listener.is_tls and not listener.certificates:
            # Theirs was deleted: AWS does not let it be.
            continue
        yield from frontend(balancer, listener)
        yield ""
    for arn in groups_of(balancer):
        if arn in account.groups:
            yield from backend(balancer, account.groups[arn], slots[backend_name(balancer, arn)])
            yield ""


def _files(balancer: Balancer) -> dict[str, str]:
    """Certificates and bodies."""
    files: dict[str, str] = {}
    for listener in balancer.listeners:
        names = [f"{listener.key}.{number}.pem" for number, _ in enumerate(listener.certificates)]
        files |= dict(zip(names, listener.certificates, strict=True))
        if listener.is_tls:
            files[f"{listener.key}.certificates"] = "\n".join([*names, ""])
        for rule in listener.rules:
            if isinstance(rule.action, FixedResponse) and rule.action.body:
                files[body_file(rule.action)] = rule.action.body
    return files
