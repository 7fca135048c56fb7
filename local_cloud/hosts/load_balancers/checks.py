"""Health checks that go on: one task for each target of each group, in one event loop."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace

from local_cloud.hosts.load_balancers.health import Checked, after
from local_cloud.hosts.load_balancers.model import Account, Group, HealthCheck, Target, groups_of
from local_cloud.hosts.load_balancers.probes import probe

Key = tuple[str, str]
"""A target group's ARN and a target's id."""
Sent = tuple[HealthCheck, str, int, str]
"""What is asked, where, and from which address."""


class Checks:
    """`changed` is called when a target's health has."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._tasks: dict[Key, tuple[Sent, asyncio.Task[None]]] = {}
        self._checked: dict[Key, Checked] = {}

    def put(self, account: Account) -> None:
        """Checks these targets from now on; what is known of others is forgotten."""
        wanted = _wanted(account)
        for key, (sent, task) in list(self._tasks.items()):
            if wanted.get(key) != sent:
                task.cancel()
                del self._tasks[key]
        for key in list(self._checked):
            if key not in wanted:
                del self._checked[key]
        for key, sent in wanted.items():
            if key not in self._tasks:
                self._tasks[key] = sent, asyncio.create_task(self._go_on(key, sent))

    def stop(self) -> None:
        for _, task in self._tasks.values():
            task.cancel()
        self._tasks.clear()

    def of(self, arn: str) -> Mapping[str, Checked]:
        """What is known of a group's targets, by id."""
        return {target: checked for (group, target), checked in list(self._checked.items()) if group == arn}

    def find(self, arn: str, target_id: str) -> Checked | None:
        """None before a target's first check has begun. May be called by any thread."""
        return self._checked.get((arn, target_id))

    async def _go_on(self, key: Key, sent: Sent) -> None:
        """An answer's time is part of the interval, as on AWS."""
        check = sent[0]
        clock = asyncio.get_running_loop().time
        self._checked.setdefault(key, Checked())
        while True:
            began = clock()
            outcome = await probe(*sent)
            self._note(key, after(self._checked[key], outcome, check, clock()))
            await asyncio.sleep(began + check.interval - clock())

    def _note(self, key: Key, checked: Checked) -> None:
        before, self._checked[key] = self._checked[key], checked
        if before.health == checked.health:
            return
        if checked.is_healthy and not any(
            each.is_healthy for target, each in self.of(key[0]).items() if target != key[1]
        ):
            # Who is alone has no slow start.
            self._checked[key] = replace(checked, since=float("-inf"))
        self._changed()


def _wanted(account: Account) -> dict[Key, Sent]:
    return {
        (arn, target.target_id): (group.check, target.address, target.port, source)
        for arn, (group, source) in _sources(account).items()
        for target in group.targets
        if _is_checked(target)
    }


def _sources(account: Account) -> dict[str, tuple[Group, str]]:
    """Each group with the address of a node that asks its targets."""
    return {
        arn: (account.groups[arn], balancer.nodes[0].private)
        for balancer in account.balancers
        for arn in groups_of(balancer)
        if arn in account.groups and balancer.nodes
    }


def _is_checked(target: Target) -> bool:
    return bool(target.address) and target.unused is None and not target.leaving
