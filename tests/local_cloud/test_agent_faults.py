"""What befalls an agent in a lifecycle event ends the deployment with its cause; the next one succeeds."""

import os
import selectors
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from local_cloud.server import LocalCloud
from tests.local_cloud.on_premises import Agent, OnPremises

HOOKS = ("ApplicationStop", "BeforeInstall", "AfterInstall", "ApplicationStart", "ValidateService")
EVENTS = (
    "ApplicationStop",
    "DownloadBundle",
    "BeforeInstall",
    "Install",
    "AfterInstall",
    "ApplicationStart",
    "ValidateService",
)
LARGE = 400 * 2**20
"""Bytes, which take a second to copy; in the archive they are few."""
RESTARTED = "Failed: Failing in-progress lifecycle event after an agent restart."
CUT_SECONDS = 30


class Line:
    """TCP between an agent and the control plane. While it is cut nothing passes, and nobody is told."""

    def __init__(self, upstream: str) -> None:
        parts = urlsplit(upstream)
        self._upstream = (str(parts.hostname), parts.port or 80)
        self._whole = threading.Event()
        self._whole.set()
        self._over = threading.Event()
        self._server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.endpoint = f"http://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    @contextmanager
    def cut(self) -> Iterator[None]:
        self._whole.clear()
        try:
            yield
        finally:
            self._whole.set()

    def close(self) -> None:
        self._over.set()
        self._whole.set()
        # A thread in accept() is not woken by close().
        self._server.shutdown(socket.SHUT_RDWR)
        self._server.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while not self._over.is_set():
                connection, _ = self._server.accept()
                threading.Thread(target=self._pass, args=(connection,), daemon=True).start()

    def _pass(self, near: socket.socket) -> None:
        self._whole.wait()
        with (
            suppress(OSError),
            near,
            socket.create_connection(self._upstream) as far,
            selectors.DefaultSelector() as ready,
        ):
            ready.register(near, selectors.EVENT_READ, far)
            ready.register(far, selectors.EVENT_READ, near)
            while not self._over.is_set():
                for key, _ in ready.select(1):
                    piece = key.fileobj.recv(2**16)  # type: ignore[union-attr]
                    self._whole.wait()
                    if not piece:
                        return
                    key.data.sendall(piece)


@pytest.fixture
def pipeline(client: Callable[..., Any]) -> OnPremises:
    return OnPremises(client)


@pytest.fixture
def line(local_cloud: LocalCloud) -> Iterator[Line]:
    line = Line(local_cloud.endpoint_url)
    yield line
    line.close()


@pytest.fixture
def agent(tmp_path: Path, line: Line, pipeline: OnPremises) -> Iterator[Agent]:
    agent = Agent(tmp_path, line.endpoint, pipeline.user)
    yield agent
    agent.kill()


def revision(folder: Path, *, size: int = 0, files: int = 0) -> dict[str, str | bytes]:
    """One whose hooks wait while a file `hold-EVENT` is there, and say with `in-EVENT` that they wait."""
    hooks = "".join(f"  {name}:\n  - {{location: hook.sh, timeout: 120}}\n" for name in HOOKS)
    hook = (
        f'#!/bin/sh\ncd {folder}\n[ ! -e "hold-$LIFECYCLE_EVENT" ] || touch "in-$LIFECYCLE_EVENT"\n'
        'while [ -e "hold-$LIFECYCLE_EVENT" ]; do sleep 0.1; done\n'
    )
    return {
        "appspec.yml": (
            f"version: 0.0\nos: linux\nfiles:\n- {{source: site, destination: {folder}/web}}\nhooks:\n{hooks}"
        ),
        "hook.sh": hook,
        "site/index.html": b"0" * (size or 10),
        **{f"site/{number}": "" for number in range(files)},
    }


def until(true: Callable[[], object]) -> None:
    """Wait at most a minute."""
    for _ in range(6000):
        if true():
            return
        time.sleep(0.01)
    pytest.fail("it did not come to this")


@contextmanager
def in_event(folder: Path, pipeline: OnPremises, agent: Agent, event: str) -> Iterator[str]:
    """A deployment that is in this event; after the block it goes on. Its id."""
    size = 0 if event in HOOKS else LARGE
    (folder / f"hold-{event}").touch()
    deployment = pipeline.deploy(revision(folder, size=size))
    begun = {
        "DownloadBundle": lambda: list(agent.root.glob(f"*/{deployment}/deployment-archive")),
        "Install": (folder / "web/index.html").exists,
    }
    until(begun.get(event, (folder / f"in-{event}").exists))
    yield deployment
    (folder / f"hold-{event}").unlink(missing_ok=True)


def succeeds(folder: Path, pipeline: OnPremises) -> None:
    shutil.rmtree(folder / "web", ignore_errors=True)
    assert pipeline.finished(pipeline.deploy(revision(folder)), seconds=90) == "Succeeded"


@pytest.mark.parametrize(
    "event",
    ["Install", *(pytest.param(each, marks=pytest.mark.long) for each in EVENTS if each != "Install")],
)
def test_an_agent_that_is_killed(tmp_path: Path, pipeline: OnPremises, agent: Agent, event: str) -> None:
    # ApplicationStop is the last revision's.
    succeeds(tmp_path, pipeline)
    shutil.rmtree(tmp_path / "web")

    with in_event(tmp_path, pipeline, agent, event) as deployment:
        agent.kill()
    agent.start()

    assert pipeline.finished(deployment) == "Failed"
    failed = [each for each in pipeline.events(deployment).values() if each["status"] == "Failed"]
    assert [(each["lifecycleEventName"], each["diagnostics"]["message"]) for each in failed] == [
        (event, RESTARTED)
    ]
    succeeds(tmp_path, pipeline)


@pytest.mark.long
@pytest.mark.parametrize("event", EVENTS)
def test_a_network_that_is_cut(
    tmp_path: Path, pipeline: OnPremises, agent: Agent, line: Line, event: str
) -> None:
    """The hook goes on meanwhile, and is told of when the network is there again."""
    succeeds(tmp_path, pipeline)
    shutil.rmtree(tmp_path / "web")

    with in_event(tmp_path, pipeline, agent, event) as deployment, line.cut():
        (tmp_path / f"hold-{event}").unlink()
        time.sleep(CUT_SECONDS)
        # It cannot have been told.
        assert pipeline.finished(deployment, seconds=1) == "still InProgress"

    assert pipeline.finished(deployment, seconds=180) == "Succeeded"
    succeeds(tmp_path, pipeline)


@contextmanager
def small_disk(folder: Path, limit: str) -> Iterator[None]:
    """Below this folder there is room for so little as long as the block lasts."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", limit, "small", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


NO_SPACE = "No space left on device"
FULL = {
    "the agent's disk is full": ("deployment-root", "size=1m", "DownloadBundle", NO_SPACE),
    # unzip's words.
    "the agent's disk has no inode left": ("deployment-root", "nr_inodes=60", "DownloadBundle", "disk is"),
    "the site's disk is full": ("web", "size=1m", "Install", NO_SPACE),
    "the site's disk has no inode left": ("web", "nr_inodes=60", "Install", NO_SPACE),
}


@pytest.mark.parametrize(
    "case",
    [pytest.param(each, marks=pytest.mark.long) if number else each for number, each in enumerate(FULL)],
)
def test_a_disk_that_is_full(tmp_path: Path, pipeline: OnPremises, line: Line, case: str) -> None:
    name, limit, event, words = FULL[case]
    with small_disk(tmp_path / name, limit):
        agent = Agent(tmp_path, line.endpoint, pipeline.user)
        try:
            files = revision(tmp_path, files=200) | {"site/large": os.urandom(3 * 2**20)}
            deployment = pipeline.deploy(files)
            assert pipeline.finished(deployment) == "Failed"
        finally:
            agent.kill()

    failed = pipeline.events(deployment)[event]
    assert failed["status"] == "Failed"
    assert words in failed["diagnostics"]["message"]
    assert "Errno" not in failed["diagnostics"]["message"]
    mended = Agent(tmp_path, line.endpoint, pipeline.user)
    try:
        succeeds(tmp_path, pipeline)
    finally:
        mended.kill()
