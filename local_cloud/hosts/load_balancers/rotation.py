"""Which targets requests go to, and what running processes are told when that changes."""

from collections.abc import Iterator, Mapping

from local_cloud.hosts.load_balancers import health
from local_cloud.hosts.load_balancers.health import Checked
from local_cloud.hosts.load_balancers.model import Group
from local_cloud.hosts.load_balancers.slots import FULL_WEIGHT, Server, Servers


def weights(group: Group, checked: Mapping[str, Checked], now: float) -> dict[str, int]:
    """By target's id. To healthy targets, or to all where none is: a load balancer fails open."""
    usable = [each.target_id for each in group.targets if each.unused is None and not each.leaving]
    healthy = [each for each in usable if each in checked and checked[each].is_healthy]
    if not healthy:
        return dict.fromkeys(usable, FULL_WEIGHT)
    return {each: health.weight(checked[each], group.slow_start, now, FULL_WEIGHT) for each in healthy}


def changes(backend: str, before: Servers, after: Servers) -> Iterator[str]:
    """Commands for haproxy that make a backend's servers `after`: those first that requests go to, so that
    between two commands there are always some."""
    for name, server in sorted(after.items(), key=lambda item: not item[1].is_on):
        was = before.get(name, Server())
        if server == was:
            continue
        yield from _change(f"{backend}/{name}", was, server)


def _change(name: str, was: Server, server: Server) -> Iterator[str]:
    has_moved = (server.address, server.port) != (was.address, was.port)
    if was.is_on and (has_moved or not server.is_on):
        yield f"set server {name} state maint"
    if was.target_id and was.target_id != server.target_id:
        # Its delay is over: what is still going on ends.
        yield f"shutdown sessions server {name}"
    if has_moved:
        yield f"set server {name} addr {server.address} port {server.port}"
    if server.weight != was.weight:
        yield f"set server {name} weight {server.weight}"
    if server.is_on and (has_moved or not was.is_on):
        yield f"set server {name} state ready"
