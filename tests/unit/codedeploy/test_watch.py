"""Watching a deployment: few calls, every piece of news once."""

from collections.abc import Callable
from math import ceil
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from plugins.module_utils.aws.errors import ModuleError
from plugins.module_utils.codedeploy.watch import Watch, until_over

PAGE = 100
SLEEP = "plugins.module_utils.codedeploy.watch.time.sleep"


class Service:
    """As much of CodeDeploy as a wait uses: targets that somebody else lets end."""

    def __init__(self, targets: int) -> None:
        self.deployment: dict[str, Any] = {"deploymentId": "d-1", "status": "InProgress"}
        self.statuses = {f"i-{number:04}": "InProgress" for number in range(targets)}
        self.calls: list[str] = []
        self.read: list[str] = []

    def end(self, names: list[str], status: str = "Succeeded") -> None:
        self.statuses |= dict.fromkeys(names, status)

    def get_deployment(self, **_: Any) -> dict[str, Any]:
        self.calls.append("GetDeployment")
        return {"deploymentInfo": dict(self.deployment)}

    def list_deployment_targets(self, nextToken: str = "0", **_: Any) -> dict[str, Any]:  # noqa: N803 - the API's
        self.calls.append("ListDeploymentTargets")
        start = int(nextToken)
        names = sorted(self.statuses)
        more = {"nextToken": str(start + PAGE)} if names[start + PAGE :] else {}
        return {"targetIds": names[start : start + PAGE]} | more

    def batch_get_deployment_targets(self, targetIds: list[str], **_: Any) -> dict[str, Any]:  # noqa: N803 - same
        assert len(targetIds) <= 25
        self.calls.append("BatchGetDeploymentTargets")
        self.read += targetIds
        return {"deploymentTargets": [{"instanceTarget": self._target(name)} for name in targetIds]}

    def _target(self, name: str) -> dict[str, Any]:
        status = self.statuses[name]
        event = {"lifecycleEventName": "Install", "status": status}
        return {"targetId": name, "status": status, "lifecycleEvents": [event]}


def watch_of(service: Any, tell: Callable[[Any], None] = lambda _: None) -> Watch:
    return Watch(service, "d-1", tell)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses, which take no time."""
    pauses: list[float] = []
    monkeypatch.setattr(SLEEP, pauses.append)
    return pauses


class TestCalls:
    @pytest.mark.parametrize("targets", [0, 1, 25, 26, 1000])
    def test_are_list_pages_and_a_batch_for_25_unfinished(self, targets: int) -> None:
        service = Service(targets)
        look = watch_of(service).look
        assert look() == len(service.calls) - max(0, ceil(targets / PAGE) - 1)
        assert service.calls.count("ListDeploymentTargets") == max(1, ceil(targets / PAGE))
        assert service.calls.count("BatchGetDeploymentTargets") == ceil(targets / 25)

    def test_never_read_a_finished_target_again(self) -> None:
        service = Service(1000)
        watch = watch_of(service)
        watch.look()
        service.end(sorted(service.statuses)[:990])
        watch.look()
        service.calls.clear()
        service.read.clear()
        watch.look()
        assert service.calls.count("BatchGetDeploymentTargets") == 1
        assert service.read == sorted(service.statuses)[990:]

    def test_are_rarer_where_a_look_takes_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert pause(Service(1), monkeypatch) <= 1
        assert 1 < pause(Service(1000), monkeypatch) <= 10


def pause(service: Service, monkeypatch: pytest.MonkeyPatch) -> float:
    """Seconds between the two looks of a wait, after the first of which the deployment ends."""
    pauses: list[float] = []

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        finish(service)

    monkeypatch.setattr(SLEEP, sleep)
    assert until_over(watch_of(service), deadline=float("inf"))
    assert len(pauses) == 1
    return pauses[0]


def finish(service: Service) -> None:
    service.end(sorted(service.statuses))
    service.deployment["status"] = "Succeeded"


class TestNews:
    def test_tell_everything_once(self) -> None:
        service = Service(2)
        told: list[dict[str, Any]] = []
        watch = watch_of(service, told.append)
        watch.look()
        watch.look()
        service.end(["i-0000"])
        watch.look()
        finish(service)
        watch.look()
        assert [(item["kind"], item.get("target"), item["status"]) for item in told] == [
            ("deployment", None, "InProgress"),
            ("event", "i-0000", "InProgress"),
            ("event", "i-0001", "InProgress"),
            ("event", "i-0000", "Succeeded"),
            ("target", "i-0000", "Succeeded"),
            ("event", "i-0001", "Succeeded"),
            ("target", "i-0001", "Succeeded"),
            ("deployment", None, "Succeeded"),
        ]
        assert [item["left"] for item in told if item["kind"] == "target"] == [1, 0]


class TestOver:
    @pytest.mark.parametrize(
        ("status", "timeout", "over"),
        [
            ("Created", None, False),
            ("Baking", None, False),
            ("Ready", "CONTINUE_DEPLOYMENT", False),
            ("Ready", "STOP_DEPLOYMENT", True),
            ("Succeeded", None, True),
            ("Failed", None, True),
            ("Stopped", None, True),
        ],
    )
    def test_is_what_has_ended_or_waits_for_a_person(
        self, status: str, timeout: str | None, over: bool
    ) -> None:
        service = Service(0)
        option = {"deploymentReadyOption": {"actionOnTimeout": timeout}}
        service.deployment |= {"status": status, "blueGreenDeploymentConfiguration": option}
        watch = watch_of(service)
        watch.look()
        assert watch.over is over

    def test_is_false_at_the_deadline(self, slept: list[float]) -> None:
        watch = watch_of(Service(1))
        assert not until_over(watch, deadline=0)
        assert slept == []

    def test_a_lost_connection_does_not_end_the_wait(
        self, slept: list[float], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        service = Service(1)
        finish(service)
        lost = iter([EndpointConnectionError(endpoint_url="https://codedeploy")])
        real = service.get_deployment

        def sometimes(**request: Any) -> dict[str, Any]:
            for error in lost:
                raise error
            return real(**request)

        monkeypatch.setattr(service, "get_deployment", sometimes)
        watch = watch_of(service)
        assert until_over(watch, deadline=float("inf"))
        assert len(slept) == 1

    def test_another_error_does(self, monkeypatch: pytest.MonkeyPatch) -> None:
        service = Service(1)

        def refuse(**_: Any) -> None:
            raise EndpointConnectionError(endpoint_url="https://codedeploy")

        monkeypatch.setattr(service, "get_deployment", refuse)
        with pytest.raises(ModuleError, match="AWS_ENDPOINT_URL"):
            until_over(watch_of(service), deadline=0)
