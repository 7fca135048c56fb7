"""Latency and seeds: what makes a race or a wait come again."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from moto.moto_api._internal import mock_random

from local_cloud import latency
from local_cloud.__main__ import main
from local_cloud.server import LocalCloud
from local_cloud.testing.agents import agents_on
from local_cloud.testing.shop import GITHUB, Shop

MakeClient = Callable[..., Any]
CHECKOUT = Path(__file__).resolve().parents[2]


@contextmanager
def started(state_dir: Path, session: Any, *options: str) -> Iterator[MakeClient]:
    """A local cloud in a process of its own; clients of it."""

    def run(command: str, *more: str) -> str:
        arguments = [sys.executable, "-m", "local_cloud", command, f"--state-dir={state_dir}", *more]
        return subprocess.run(arguments, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout

    try:
        run("start", "--no-hosts", "--aws-port=0", "--github-port=0", *options)
        endpoint = json.loads(run("status", "--json"))["endpoint"]
        yield lambda service, region="us-east-1": session.client(
            service, region_name=region, endpoint_url=endpoint
        )
    finally:
        run("stop")


def everything_random(client: MakeClient) -> dict[str, Any]:
    """Ids and orders that come out of one course of calls."""
    shop = Shop.open(client, instances=5)
    deployment = shop.codedeploy.create_deployment(
        applicationName="shop", deploymentGroupName="web", revision=GITHUB
    )["deploymentId"]
    targets: list[str] = []
    while len(targets) < len(shop.instances):
        targets = shop.codedeploy.list_deployment_targets(deploymentId=deployment)["targetIds"]
    group = shop.codedeploy.get_deployment_group(applicationName="shop", deploymentGroupName="web")
    return {
        "instances": shop.instances,
        "targets": targets,
        "deployment": deployment,
        "group": group["deploymentGroupInfo"]["deploymentGroupId"],
        "address": client("ec2").allocate_address(Domain="vpc")["AllocationId"],
    }


def test_a_seed_brings_the_same_ids_and_the_same_order_of_hosts(tmp_path: Path, aws_session: Any) -> None:
    with (
        started(tmp_path / "one", aws_session, "--seed=7") as first,
        started(tmp_path / "two", aws_session, "--seed=7") as second,
    ):
        found = everything_random(first)
        assert sorted(found["targets"]) == sorted(found["instances"])
        assert found["targets"] != found["instances"]
        assert everything_random(second) == found


def test_what_is_told_of_a_deployment_takes_none_of_the_ids_of_calls(
    client: MakeClient, local_cloud: LocalCloud
) -> None:
    shop = Shop.open(client)
    deployment = shop.begin()
    before = mock_random.getstate()
    with agents_on(local_cloud.endpoint_url, shop.instances):
        assert shop.finish(deployment)["status"] == "Succeeded"
    assert mock_random.getstate() == before


class TestLatency:
    @pytest.mark.parametrize(
        ("text", "expected"), [("120", (120, 120)), ("50-400", (50, 400)), ("0", (0, 0))]
    )
    def test_is_milliseconds_or_a_range(self, text: str, expected: tuple[int, int]) -> None:
        assert latency.parse(text) == expected

    @pytest.mark.parametrize("text", ["", "fast", "-5", "400-50", "1.5"])
    def test_of_another_form_is_refused_in_one_line(
        self, text: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit):
            main(["start", f"--latency={text}"])
        assert "--latency" in capsys.readouterr().err.splitlines()[-1]

    def test_none_costs_nothing(self) -> None:
        assert latency.delayed(answer, (0, 0), None) is answer

    def test_is_drawn_from_the_seed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        slept: list[float] = []
        monkeypatch.setattr(time, "sleep", slept.append)
        for _ in range(2):
            app = latency.delayed(answer, (50, 400), 7)
            assert list(app({}, lambda *_: bytes)) == [b"answer"]
            assert list(app({}, lambda *_: bytes)) == [b"answer"]
        assert slept[:2] == slept[2:]
        assert all(0.05 <= each <= 0.4 for each in slept)


def answer(_environ: Any, _start_response: Any) -> list[bytes]:
    return [b"answer"]
