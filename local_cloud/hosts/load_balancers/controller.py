"""Keeps load balancers as the account says they should be.

One thread does all of it in one event loop, inside the namespace where they live: it takes what has changed
in the account to haproxy, sends health checks, and reads what haproxy notes of requests. It begins with the
first load balancer.
"""

import asyncio
import logging
import shutil
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from local_cloud.aws.moto.elbv2 import balancers as moto_balancers
from local_cloud.aws.moto.elbv2 import targets as moto_targets
from local_cloud.aws.moto.elbv2.targets import REGISTERING, Health
from local_cloud.hosts.load_balancers import account as accounts
from local_cloud.hosts.load_balancers import rotation
from local_cloud.hosts.load_balancers.checks import Checks
from local_cloud.hosts.load_balancers.configuration import Slots, render
from local_cloud.hosts.load_balancers.frontends import backend_name
from local_cloud.hosts.load_balancers.model import Account, groups_of
from local_cloud.hosts.load_balancers.place import Place
from local_cloud.hosts.load_balancers.process import PROGRAM, Haproxy, HaproxyError
from local_cloud.hosts.load_balancers.slots import Server, assign
from local_cloud.hosts.load_balancers.traffic import Traffic
from local_cloud.hosts.namespaces import enter
from local_cloud.hosts.network import Network
from local_cloud.settings import Settings

LOG = logging.getLogger(__name__)
LOOKS_EVERY = 1.0
"""Seconds: drained targets leave, shares of slow start grow, a process that died is started again."""


class BalancerController:
    """The load balancers of one local cloud with hosts. `turn` is held while moto's account is changed;
    `changed` is called when a target's health or an alarm has."""

    def __init__(
        self, settings: Settings, network: Network, turn: threading.Lock, changed: Callable[[], None]
    ) -> None:
        self._settings = settings
        self._place = Place(network, settings.gateway)
        self._changed = changed
        self._traffic = Traffic(turn, changed)
        self._thread = threading.Thread(target=self._run, name="load balancers", daemon=True)
        self._needed = threading.Event()
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake: asyncio.Event | None = None
        self._checks = Checks(self._health_changed)
        self._slots: Slots = {}
        self._skeleton: dict[str, str] = {}
        self._refused: tuple[dict[str, str], str] = ({}, "")
        """A configuration that haproxy did not take, and its words; it is not tried again."""
        self.problem = ""
        """Why they are not as they are asked to be; empty where they are."""

    def start(self) -> None:
        """Without haproxy load balancers are records."""
        if shutil.which(PROGRAM) is None:
            self.problem = f"the package {PROGRAM} is not installed"
            LOG.warning("load balancers answer nowhere: %s", self.problem)
            return
        moto_targets.answer_with(self._health)
        self._thread.start()

    def stop(self) -> None:
        """Ends all that was started."""
        moto_targets.answer_with(None)
        self._stopping = True
        self._needed.set()
        self.notify()
        if self._thread.is_alive():
            self._thread.join()

    def notify(self) -> None:
        """The account may have changed. Whoever calls may hold any lock."""
        loop, wake = self._loop, self._wake
        if loop is not None and wake is not None:
            with suppress(RuntimeError):
                # The loop may just have ended.
                loop.call_soon_threadsafe(wake.set)
        elif any(True for _ in moto_balancers.all_balancers()):
            self._needed.set()

    def describe(self) -> list[dict[str, Any]]:
        """Each load balancer: its name, DNS name, addresses and listeners."""
        return [
            {
                "load_balancer": moto_balancers.short_name(each.arn),
                "dns_name": each.dns_name,
                "addresses": " ".join(
                    address
                    for interface in moto_balancers.interfaces_of(each)
                    for address in (interface.private_ip_address, interface.public_ip)
                    if address
                ),
                "listeners": " ".join(f"{one.protocol}:{one.port}" for one in list(each.listeners.values())),
                "problem": self.problem,
            }
            for each in moto_balancers.all_balancers()
        ]

    def _health(self, group: Any, target_id: str) -> Health:  # noqa: ANN401 - moto's
        """What DescribeTargetHealth says of a registered target; any thread asks."""
        unused = accounts.unused(group, target_id)
        if unused is not None:
            return unused
        checked = self._checks.find(group.arn, target_id)
        return checked.health if checked else REGISTERING

    def _health_changed(self) -> None:
        self._changed()
        if self._wake is not None:
            self._wake.set()

    def _run(self) -> None:
        self._needed.wait()
        if self._stopping:
            return
        try:
            self._place.create()
            enter(self._place.namespace)
            asyncio.run(self._main())
        except Exception as error:
            LOG.exception("load balancers")
            self.problem = f"{type(error).__name__}: {error}"
        finally:
            self._place.remove()

    async def _main(self) -> None:
        self._loop, self._wake = asyncio.get_running_loop(), asyncio.Event()
        reading, writing = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        haproxy = Haproxy(self._settings.state_dir / "load_balancers", writing.fileno())
        reading.setblocking(False)
        self._loop.add_reader(reading, self._traffic.read, reading)
        delivering = asyncio.create_task(self._traffic.deliver())
        try:
            while not self._stopping:
                self._wake.clear()
                await self._look(haproxy, writing.fileno())
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOKS_EVERY):
                        await self._wake.wait()
        finally:
            self._loop.remove_reader(reading)
            delivering.cancel()
            self._checks.stop()
            haproxy.stop()
            reading.close()
            writing.close()
            self._loop = None

    async def _look(self, haproxy: Haproxy, noted: int) -> None:
        try:
            account = accounts.read()
            self._place.put(node for each in account.balancers for node in each.nodes)
            self._traffic.put(account, self._checks.of)
            try:
                await self._bring(haproxy, account, noted)
            finally:
                # Afterwards: a target that is said to be healthy is reached.
                self._checks.put(account)
            problem = ""
        except (HaproxyError, OSError) as error:
            problem = str(error)
        except Exception as error:
            # Whatever it is, the next change may mend it.
            LOG.exception("load balancers")
            problem = f"{type(error).__name__}: {error}"
        if problem and problem != self.problem:
            LOG.warning("load balancers are not as they are asked to be: %s", problem)
        self.problem = problem

    async def _bring(self, haproxy: Haproxy, account: Account, noted: int) -> None:
        """Targets by telling, all else by another process."""
        slots = self._assign(account)
        commands = [
            command
            for name, servers in slots.items()
            for command in rotation.changes(name, self._slots.get(name, {}), servers)
        ]
        if commands:
            await haproxy.tell(commands)
        self._slots = slots
        plain = {name: {each: Server() for each in sorted(servers)} for name, servers in slots.items()}
        skeleton = render(account, plain, socket="", noted=noted)
        if not any(each.listeners for each in account.balancers):
            haproxy.stop()
            self._skeleton = {}
        elif skeleton == self._refused[0]:
            raise HaproxyError(self._refused[1])
        elif skeleton != self._skeleton or not haproxy.is_running:
            try:
                await haproxy.put(render(account, slots, socket=haproxy.next_socket(), noted=noted))
            except HaproxyError as error:
                self._refused = skeleton, str(error)
                raise
            self._skeleton = skeleton

    def _assign(self, account: Account) -> Slots:
        assert self._loop is not None  # noqa: S101 - called from the loop
        slots: dict[str, Any] = {}
        for balancer in account.balancers:
            for arn in groups_of(balancer):
                if arn not in account.groups:
                    continue
                group, name = account.groups[arn], backend_name(balancer, arn)
                weights = rotation.weights(group, self._checks.of(arn), self._loop.time())
                slots[name] = assign(self._slots.get(name, {}), group, weights)
        return slots
