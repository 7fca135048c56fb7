"""Which target each of a backend's servers is.

A target keeps its server as long as it is there, also while it drains; what has left leaves a server free,
and the one that has been free for the longest is taken next.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from local_cloud.hosts.load_balancers.model import Group, Target

NOWHERE = "192.0.2.1"
"""An address of documentation (RFC 5737), of servers that no target has."""
FEWEST = 8
FULL_WEIGHT = 100


@dataclass(frozen=True, kw_only=True)
class Server:
    """One server of a backend. Requests go there where it `is_on`."""

    target_id: str = ""
    """Empty: free."""
    address: str = NOWHERE
    port: int = 9
    is_on: bool = False
    weight: int = FULL_WEIGHT


Servers = Mapping[str, Server]
"""By name; those that are free come first where they are free for the longest."""


def assign(before: Servers, group: Group, weights: Mapping[str, int]) -> dict[str, Server]:
    """The servers of a group's backend, after `before`. `weights`: of the targets that requests go to.

    Where they are too few there are twice as many, which a reload brings.
    """
    targets = {target.target_id: target for target in group.targets if target.address}
    found: dict[str, Server] = {}
    freed: dict[str, Server] = {}
    for name, server in before.items():
        target = targets.pop(server.target_id, None)
        if target is not None and (target.address, target.port) == (server.address, server.port):
            found[name] = _server(target, weights.get(target.target_id, 0))
        else:
            (freed if server.target_id else found)[name] = replace(server, target_id="", is_on=False)
            if target is not None:
                targets[target.target_id] = target
    found |= freed
    size = max(len(found), FEWEST)
    while size < len(targets) + sum(bool(each.target_id) for each in found.values()):
        size *= 2
    free = [name for name, server in found.items() if not server.target_id]
    free += [f"s{number}" for number in range(len(found) + 1, size + 1)]
    for name in free:
        found.setdefault(name, Server())
    for name, target in zip(free, targets.values(), strict=False):
        del found[name]
        found[name] = _server(target, weights.get(target.target_id, 0))
    return found


def _server(target: Target, weight: int) -> Server:
    is_on = weight > 0 and not target.leaving and target.unused is None
    return Server(
        target_id=target.target_id,
        address=target.address,
        port=target.port,
        is_on=is_on,
        weight=weight if is_on else FULL_WEIGHT,
    )
