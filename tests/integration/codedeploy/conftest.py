"""The modules' real main(), against the local cloud in this process."""

import contextlib
import importlib
import io
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import ansible.module_utils
import boto3
import pytest
from ansible.module_utils.testing import patch_module_args

from local_cloud.server import LocalCloud
from local_cloud.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[3]
if str(CHECKOUT / "module_utils") not in ansible.module_utils.__path__:
    ansible.module_utils.__path__.append(str(CHECKOUT / "module_utils"))
# The modules, and the simulated agents that test the local cloud itself.
sys.path[:0] = [str(CHECKOUT / "library"), str(CHECKOUT / "tests" / "local_cloud")]

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "AKIALOCALCLOUDTESTS0",
    "AWS_SECRET_ACCESS_KEY": "a-long-and-random-looking-secret-of-the-tests",
    "AWS_REGION": "us-east-1",
}

Client = Callable[..., Any]


@pytest.fixture(scope="session")
def running_cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """The one local cloud of this test process; `local_cloud` gives it emptied."""
    cloud = LocalCloud(Settings.in_process(tmp_path_factory.mktemp("local_cloud")))
    cloud.start()
    yield cloud
    cloud.stop()


@pytest.fixture
def local_cloud(running_cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> LocalCloud:
    """A local cloud whose account is as new, and where the environment says that AWS is."""
    running_cloud.reset()
    monkeypatch.setenv("AWS_ENDPOINT_URL", running_cloud.endpoint_url)
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    return running_cloud


@pytest.fixture
def client(local_cloud: LocalCloud) -> Client:
    """`client("ec2")`: a boto3 client of the local cloud, any region."""
    session = boto3.Session()

    def make(service: str, region: str = "us-east-1") -> Any:
        return session.client(service, region, endpoint_url=local_cloud.endpoint_url)

    return make


class Result(dict[str, Any]):
    """What a module returned, and the calls that it made."""

    def __init__(self, answer: dict[str, Any], calls: list[str], writes: list[str]) -> None:
        super().__init__(answer)
        self.calls = calls
        self.writes = writes

    @property
    def shown(self) -> dict[str, tuple[Any, Any]]:
        """The members that the diff shows as different: before and after."""
        before, after = self["diff"]["before"], self["diff"]["after"]
        names = sorted({*before, *after})
        return {
            name: (before.get(name), after.get(name)) for name in names if before.get(name) != after.get(name)
        }


class Module:
    """A module of library/, called as Ansible calls it."""

    def __init__(self, name: str, cloud: LocalCloud) -> None:
        self.name = name
        self.cloud = cloud

    def __call__(self, *, check: bool = False, **options: Any) -> Result:
        """Its result. AssertionError where it fails."""
        result = self._run(check, options)
        assert not result.get("failed"), result["msg"]
        return result

    def check(self, **options: Any) -> Result:
        return self(check=True, **options)

    def refuse(self, *, check: bool = False, **options: Any) -> Result:
        """The result of a run that has to fail."""
        result = self._run(check, options)
        assert result.get("failed"), result
        return result

    def four_beats(self, **options: Any) -> Result:
        """Check, apply, again, check again; returns what apply did.

        Check mode tells what apply does and writes nothing; the second run is silent.
        """
        predicted = self.check(**options)
        applied = self(**options)
        assert predicted["changed"] == applied["changed"]
        assert predicted["diff"] == applied["diff"]
        assert predicted.writes == []
        for check in (False, True):
            again = self(check=check, **options)
            assert not again["changed"], again["diff"]
            assert again["diff"]["before"] == again["diff"]["after"]
            assert again.writes == []
        return applied

    def _run(self, check: bool, options: dict[str, Any]) -> Result:
        seen = len(self.cloud.log.entries())
        output = io.StringIO()
        main = importlib.import_module(self.name).main
        arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": True}
        with patch_module_args(arguments), contextlib.redirect_stdout(output), pytest.raises(SystemExit):
            main()
        made = self.cloud.log.entries()[seen:]
        return Result(
            json.loads(output.getvalue()),
            [entry.action for entry in made],
            [entry.action for entry in made if entry.mutating],
        )


@pytest.fixture
def module(local_cloud: LocalCloud) -> Callable[[str], Module]:
    """`module("codedeploy_application")`, to be called with options."""
    return lambda name: Module(name, local_cloud)


@pytest.fixture
def application(module: Callable[[str], Module]) -> Module:
    return module("codedeploy_application")


@pytest.fixture
def deployment_group(module: Callable[[str], Module]) -> Module:
    return module("codedeploy_deployment_group")


@pytest.fixture
def deployment(module: Callable[[str], Module]) -> Module:
    return module("codedeploy_deployment")


@pytest.fixture
def oidc_provider(module: Callable[[str], Module]) -> Module:
    return module("iam_oidc_provider")
