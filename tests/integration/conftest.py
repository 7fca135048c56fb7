"""GitHub's stand-in for the modules that talk to it, and how one of them is run."""

import importlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from tests.integration.github_stand_in import REPOSITORY, Run, StandIn


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    """The one of this file; `github` gives it emptied."""
    stand_in = StandIn(tmp_path_factory.mktemp("github"))
    stand_in.listener.start()
    yield stand_in
    stand_in.listener.stop()


@pytest.fixture
def github(running: StandIn) -> StandIn:
    """A stand-in without a repository."""
    running.app.reset()
    running.requests.clear()
    return running


@pytest.fixture
def run_module(github: StandIn, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """`run_module("github_repository", check=True, private=False)`: the result. None is not given."""
    monkeypatch.delenv("GITHUB_TOKEN", raising=False)

    def result(name: str, *, check: bool = False, **given: Any) -> dict[str, Any]:
        arguments = {
            "repository": REPOSITORY,
            "api_url": github.api_url,
            "token": github.token,
            "_ansible_check_mode": check,
        } | given
        with (
            patch_module_args({key: value for key, value in arguments.items() if value is not None}),
            pytest.raises(SystemExit),
        ):
            importlib.import_module(f"plugins.modules.{name}").main()
        said: dict[str, Any] = json.loads(capsys.readouterr().out)
        return said

    return result
