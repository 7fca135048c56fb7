"""Keeps the hosts as EC2 says they should be.

One thread waits for a reason to look (a write to EC2, a host that has booted or
ended, a finished step), lets security groups filter as they are now, compares every instance
with its host, and hands what is to be done to workers: one step a host at a time, hosts side by side.
"""

import logging
import os
import queue
import selectors
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache, partial
from typing import Any

from local_cloud.aws.moto.ec2 import captured_images
from local_cloud.aws.moto.ec2 import instances as ec2_instances
from local_cloud.hosts import console, engines, image, instances, programs
from local_cloud.hosts.host import Host, State, Surroundings
from local_cloud.hosts.image import captured
from local_cloud.hosts.instances import RUNNING, Wanted
from local_cloud.hosts.metadata.server import MetadataServer
from local_cloud.hosts.network import Network
from local_cloud.hosts.security_groups.account import read as read_account
from local_cloud.hosts.security_groups.kernel import Filter
from local_cloud.hosts.security_groups.model import Account
from local_cloud.hosts.security_groups.report import report
from local_cloud.hosts.security_groups.table import compile_table
from local_cloud.settings import Settings

LOG = logging.getLogger(__name__)
WORKERS = 8
HEALTH: Mapping[State, str] = {
    "off": "initializing",
    "booting": "initializing",
    "ready": "ok",
    "failed": "impaired",
}

Step = Callable[[], None]


class HostController:
    """The hosts of one local cloud. `tell` is called when one of them has come to something."""

    def __init__(self, settings: Settings, tell: Callable[[], None] = lambda: None) -> None:
        self._settings = settings
        self._tell = tell
        self.network = Network(settings)
        self._filter = Filter(self.network.router.run)
        self._metadata = MetadataServer()
        self._hosts: dict[str, Host] = {}
        self._finished: queue.SimpleQueue[Host] = queue.SimpleQueue()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._surroundings: Surroundings | None = None
        self._stopping = False

    def start(self) -> None:
        """Finds an engine, removes what a dead local cloud left, makes the network.

        Raises `EngineError`, `NetworkError` or `ImageError`, each with what to do.
        """
        engine = engines.find(self._settings)
        engine.remove(*engine.names())
        engines.end_orphans(self._settings)
        self.network.create()
        self._metadata.start(self.network.router.namespace)
        self._surroundings = Surroundings(
            self._settings,
            engine,
            cache(partial(image.ensure, self._settings, LOG.info)),
            self.network,
            self._metadata,
        )
        self._selector = selectors.DefaultSelector()
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._selector.register(self._wake, selectors.EVENT_READ)
        self._workers = ThreadPoolExecutor(WORKERS, thread_name_prefix="host")
        console.answer_with(self.console_output)
        ec2_instances.answer_with(self.health)
        captured_images.capture(True)
        self._thread = threading.Thread(target=self._run, name="hosts", daemon=True)
        self._thread.start()
        self.notify()

    def stop(self) -> None:
        """Removes every host, the network and whatever the engine keeps besides.

        Without a `start` before, what an earlier process left behind.
        """
        if self._thread:
            self._stopping = True
            captured_images.capture(False)
            programs.give_up()
            self.notify()
            self._thread.join()
            self._workers.shutdown()
            programs.begin()
            self._selector.close()
            os.close(self._wake)
            self._thread = None
        with suppress(engines.EngineError):
            engine = self._surroundings.engine if self._surroundings else engines.find(self._settings)
            engine.remove(*engine.names())
        for host in self._hosts.values():
            host.went_off()
        self._hosts.clear()
        self._metadata.stop()
        self.network.remove()
        engines.leave_nothing(self._settings)

    def notify(self) -> None:
        """EC2's account may have changed."""
        os.eventfd_write(self._wake, 1)

    def describe(self) -> list[dict[str, Any]]:
        """Each host: its instance, addresses and state (off, booting, ready, failed; why it failed)."""
        return [
            {
                "instance_id": host.instance_id,
                "private_ip": host.address,
                "public_ips": sorted(host.public_ips),
                "state": host.state,
                "reason": host.reason,
            }
            for host in list(self._hosts.values())
        ]

    def security_groups(self) -> dict[str, Any]:
        """Whether they filter, and how many packets each rule let through."""
        router = str(self.network.router.namespace)
        return {"router": router} | report(self._account(), self._filter)

    def wait_for(self, condition: Callable[[list[dict[str, Any]]], bool], timeout: float) -> bool:
        """Waits until `condition` holds for `describe()`; False after `timeout` seconds."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self.describe()), timeout)

    def console_output(self, instance_id: str) -> str:
        """What the host wrote to its console since it was launched; empty where there is no host."""
        host = self._hosts.get(instance_id)
        if host is None or not host.exists or self._surroundings is None:
            return ""
        return self._surroundings.engine.logs(instance_id)

    def health(self, instance_id: str) -> str:
        """What EC2's status checks say of a host."""
        host = self._hosts.get(instance_id)
        return HEALTH[host.state] if host else "initializing"

    def _run(self) -> None:
        while not self._stopping:
            for key, _ in self._selector.select():
                self._note(key.fd, key.data)
            while not self._finished.empty():
                self._watch(self._finished.get())
            # First: a host is not to be reached before it is filtered.
            self._filter.put_made_by(lambda: compile_table(self._account(), self._settings))
            self._converge()
            with self._changed:
                self._changed.notify_all()

    def _note(self, descriptor: int, host: Host | None) -> None:
        """Something became readable: the wake-up call, or a host's `ready` or `alive`."""
        if host is None:
            os.eventfd_read(descriptor)
            return
        self._selector.unregister(descriptor)
        if descriptor == host.ready and host.state == "booting":
            host.state = "ready"
        elif descriptor == host.alive and not host.busy:
            self._begin(host, partial(self._settle, host))

    def _watch(self, host: Host) -> None:
        """A step of the host is finished: what it may do next by itself is waited for."""
        host.busy = False
        watched = self._selector.get_map()
        for descriptor in (host.ready if host.state == "booting" else None, host.alive):
            if descriptor is not None and descriptor not in watched:
                self._selector.register(descriptor, selectors.EVENT_READ, host)

    def _converge(self) -> None:
        wanted = instances.wanted()
        for instance_id, instance in wanted.items():
            if instance_id not in self._hosts and instance.state == RUNNING:
                self._hosts[instance_id] = self._new(instance)
        images = list(captured_images.of_account())
        pending = {each.instance_id: each.content for each in images if each.state == "pending"}
        for host in list(self._hosts.values()):
            if host.busy:
                continue
            if not host.exists and host.instance_id not in wanted:
                del self._hosts[host.instance_id]
                continue
            content = pending.get(host.instance_id) if host.exists else None
            capture = partial(host.capture, content) if content else None
            step = capture or next_step(host, wanted.get(host.instance_id))
            if step:
                self._begin(host, step)
        for instance_id, content in pending.items():
            if instance_id not in self._hosts:
                captured_images.captured(content, succeeded=False)
        used = {host.content for host in self._hosts.values() if host.content}
        captured.forget(self._settings, used.union(each.content for each in images))

    def _account(self) -> Account:
        """A host that is being shut down has its rules as long as it runs."""
        living = {host.instance_id for host in list(self._hosts.values()) if host.process is not None}
        return read_account(self._settings.internet, living)

    def _new(self, instance: Wanted) -> Host:
        assert self._surroundings is not None  # noqa: S101 - hosts are made after start only
        return Host(
            surroundings=self._surroundings,
            instance_id=instance.instance_id,
            address=instance.private_ip,
            public_key=instance.public_key,
            content=instance.content,
        )

    def _begin(self, host: Host, step: Step) -> None:
        """Hands a step to a worker. What the step is about to close is not watched any longer."""
        host.busy = True
        for descriptor in (host.ready, host.alive):
            if descriptor is not None and descriptor in self._selector.get_map():
                self._selector.unregister(descriptor)
        self._workers.submit(self._do, host, step)

    def _do(self, host: Host, step: Step) -> None:
        try:
            step()
        except Exception as error:
            # Whatever it is, it is this host's alone.
            LOG.exception("host %s", host.instance_id)
            host.fail(str(error))
        finally:
            instances.host_has_started(host.instance_id)
            self._finished.put(host)
            self.notify()
            self._tell()

    def _settle(self, host: Host) -> None:
        if host.settle_after_exit():
            host.power_cycle = None


def next_step(host: Host, wanted: Wanted | None) -> Step | None:
    """What brings a host nearer to its instance, or None where nothing is to be done."""
    if wanted is None:
        return host.remove
    same_cycle = host.power_cycle is wanted.power_cycle
    if host.is_on:
        if wanted.state != RUNNING or not same_cycle:
            return host.shut_down
        return None if host.public_ips == wanted.public_ips else partial(host.give_public, wanted.public_ips)
    if wanted.state != RUNNING or (host.state == "failed" and same_cycle):
        return None
    return partial(host.boot, wanted)
