# ruff: noqa: S310 - every URL is one of the local cloud's
"""`python -m local_cloud` as people and scripts call it, without hosts."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from local_cloud.processes import Process

CHECKOUT = Path(__file__).resolve().parents[2]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Run a command of the CLI on a state folder of the test's own; all ends with the test."""

    def call(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command, *rest = arguments
        return subprocess.run(
            [sys.executable, "-m", "local_cloud", command, "--state-dir", str(tmp_path / "state"), *rest],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    yield call
    call("stop")


def start(run: Run) -> dict[str, Any]:
    started = run("start", "--no-hosts", "--aws-port=0", "--github-port=0")
    assert started.returncode == 0, started.stderr
    status: dict[str, Any] = json.loads(run("status", "--json").stdout)
    return status


def test_start_returns_when_the_endpoint_answers_and_status_names_it(run: Run) -> None:
    status = start(run)

    assert status["running"]
    with urllib.request.urlopen(f"{status['endpoint']}/_local_cloud/requests") as answer:
        assert json.load(answer) == []


def test_policies_are_enforced_where_asked_for_and_as_long(run: Run, tmp_path: Path) -> None:
    started = run("start", "--no-hosts", "--aws-port=0", "--github-port=0", "--enforce-iam")
    endpoint = json.loads(run("status", "--json").stdout)["endpoint"]
    root = (tmp_path / "state" / "environment").read_text().partition("AWS_ACCESS_KEY_ID=")[2].split()[0]

    def list_roles(key: str) -> int:
        scope = f"Credential={key}/20261123/us-east-1/iam/aws4_request"
        request = urllib.request.Request(
            endpoint,
            b"Action=ListRoles&Version=2010-05-08",
            {"Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"},
        )
        try:
            return int(urllib.request.urlopen(request).status)
        except urllib.error.HTTPError as error:
            return error.code

    assert "policies are enforced" in started.stdout
    assert (list_roles(root), list_roles("AKIANOBODYHASTHISKEY")) == (200, 403)
    off = urllib.request.Request(f"{endpoint}/_local_cloud/enforce-iam?on=0", method="PUT")
    assert json.load(urllib.request.urlopen(off)) == {"enforce_iam": False}
    assert list_roles("AKIANOBODYHASTHISKEY") == 200


def test_a_second_start_says_that_it_runs(run: Run) -> None:
    first = start(run)

    second = run("start", "--no-hosts")

    assert second.returncode == 0
    assert f"already running (process {first['pid']})" in second.stderr
    assert first["endpoint"] in second.stdout


def test_stop_leaves_no_process_and_no_file_and_may_be_repeated(run: Run, tmp_path: Path) -> None:
    pid = start(run)["pid"]

    stopped, again = run("stop"), run("stop")

    assert (stopped.returncode, again.returncode) == (0, 0)
    assert Process.of(pid) is None
    assert not (tmp_path / "state").exists()
    assert json.loads(run("status", "--json").stdout) == {"running": False}
    assert run("status").returncode == 1


def test_start_after_a_kill_says_so_and_cleans_up(run: Run, tmp_path: Path) -> None:
    killed = start(run)["pid"]
    os.kill(killed, signal.SIGKILL)
    (tmp_path / "state" / "left-over").touch()

    started = run("start", "--no-hosts", "--aws-port=0", "--github-port=0")

    assert started.returncode == 0, started.stderr
    assert "ended without cleaning up" in started.stderr
    assert not (tmp_path / "state" / "left-over").exists()


def test_a_process_that_was_given_the_same_id_is_not_taken_for_ours(run: Run, tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    record = {"process": {"pid": os.getpid(), "started": 1}, "hosts": False}
    (state / "process.json").write_text(json.dumps(record))

    assert json.loads(run("status", "--json").stdout) == {"running": False}
    assert run("stop").returncode == 0


def test_a_taken_port_is_refused_with_its_owner_and_what_to_do(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = run("start", "--no-hosts", f"--aws-port={port}", "--github-port=0")

    assert refused.returncode == 1
    [line] = refused.stderr.splitlines()
    assert f"port {port} of 127.0.0.1 is taken by" in line
    assert f"process {os.getpid()}" in line
    assert "--aws-port" in line


def test_reset_empties_the_account(run: Run) -> None:
    endpoint = start(run)["endpoint"]
    request = urllib.request.Request(f"{endpoint}/a-bucket-of-the-test", method="PUT")
    urllib.request.urlopen(request).close()

    assert run("reset").returncode == 0

    with pytest.raises(urllib.error.HTTPError) as gone:
        urllib.request.urlopen(f"{endpoint}/a-bucket-of-the-test")
    assert gone.value.code == 404


def test_publish_pushes_a_folder(run: Run, tmp_path: Path) -> None:
    start(run)
    site = tmp_path / "site"
    site.mkdir()
    (site / "index.html").write_text("<!doctype html><title>A page</title>")

    published = run("publish", str(site), "OWNER/a-site")

    assert published.returncode == 0, published.stderr
    assert len(published.stdout.strip()) == 40


def test_publish_without_a_local_cloud_says_what_to_do(run: Run, tmp_path: Path) -> None:
    refused = run("publish", str(tmp_path), "OWNER/a-site")

    assert refused.returncode == 1
    assert refused.stderr.strip() == "local_cloud: no local cloud is running: python -m local_cloud start"


def test_a_folder_that_cannot_be_made_is_said_in_one_line() -> None:
    start = ["start", "--no-hosts", "--aws-port=0", "--github-port=0", "--state-dir=/proc/nowhere"]
    result = subprocess.run(
        [sys.executable, "-m", "local_cloud", *start],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 1
    assert result.stderr.startswith("local_cloud: ")
    assert "/proc/nowhere" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.parametrize("option", ["--autoscaling-speed=0", "--agent-timeout=0"])
def test_a_standstill_is_no_speed_and_no_wait(run: Run, option: str) -> None:
    refused = run("start", "--no-hosts", option)

    assert refused.returncode == 2
    assert "0 is not above 0" in refused.stderr


def test_packages_that_are_no_bucket_are_refused(run: Run, tmp_path: Path) -> None:
    refused = run("start", "--no-hosts", "--aws-port=0", "--github-port=0", f"--agent-packages={tmp_path}")

    assert refused.returncode == 1
    [line] = refused.stderr.splitlines()
    assert f"{tmp_path} is not laid out as a bucket aws-codedeploy-<region>: it has no latest/install" in line


HALF_DEAD = """
import ctypes, os, threading, time
threading.Thread(target=lambda: (time.sleep(0.5), os._exit(0))).start()
ctypes.CDLL(None).pthread_exit(None)
"""
"""Its first thread ends before its last one, as it may be with a process that was killed."""


def test_a_process_is_gone_when_its_last_thread_is() -> None:
    half_dead = subprocess.Popen([sys.executable, "-c", HALF_DEAD])
    process = Process.of(half_dead.pid)
    assert process
    while process.lives():
        os.sched_yield()
    assert half_dead.poll() is None

    process.wait_until_gone()

    assert half_dead.poll() == 0
