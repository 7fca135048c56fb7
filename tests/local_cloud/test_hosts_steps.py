"""Which step brings a host nearer to its instance."""

from functools import partial
from typing import Any, cast

import pytest

from local_cloud.hosts.controller import next_step
from local_cloud.hosts.host import Host, State, Surroundings
from local_cloud.hosts.instances import Wanted

CYCLE, LATER = object(), object()


def host(state: State, *, cycle: object = CYCLE, public: frozenset[str] = frozenset()) -> Host:
    return Host(
        surroundings=cast("Surroundings", None),
        instance_id="i-1",
        address="172.31.0.4",
        public_key=None,
        state=state,
        power_cycle=cycle,
        public_ips=public,
    )


def wanted(state: str, *, cycle: object = CYCLE, public: frozenset[str] = frozenset()) -> Wanted:
    return Wanted(
        instance_id="i-1",
        state=state,
        private_ip="172.31.0.4",
        public_ips=public,
        distribution="amazon-linux-2023",
        hostname="ip-172-31-0-4.ec2.internal",
        mac="02:00:00:00:00:01",
        memory=512,
        public_key=None,
        power_cycle=cycle,
    )


def name(step: Any) -> str | None:
    if step is None:
        return None
    return cast("str", (step.func if isinstance(step, partial) else step).__name__)


@pytest.mark.parametrize(
    ("now", "then", "step"),
    [
        (host("off", cycle=None), wanted("running"), "boot"),
        (host("booting"), wanted("running"), None),
        (host("ready"), wanted("running"), None),
        (host("ready"), wanted("running", public=frozenset({"198.18.0.1"})), "give_public"),
        (host("ready", public=frozenset({"198.18.0.1"})), wanted("running"), "give_public"),
        (host("ready"), wanted("stopped", cycle=LATER), "shut_down"),
        (host("booting"), wanted("stopped", cycle=LATER), "shut_down"),
        (host("off"), wanted("stopped", cycle=LATER), None),
        (host("off"), wanted("running", cycle=LATER), "boot"),
        (host("ready"), wanted("running", cycle=LATER), "shut_down"),
        (host("failed"), wanted("running"), None),
        (host("failed"), wanted("running", cycle=LATER), "boot"),
        (host("failed"), wanted("stopped", cycle=LATER), None),
        (host("ready"), None, "remove"),
        (host("off"), None, "remove"),
        (host("failed"), None, "remove"),
    ],
)
def test_next_step(now: Host, then: Wanted | None, step: str | None) -> None:
    assert name(next_step(now, then)) == step
