"""Calls a module of library/ as Ansible calls it, and notes what it asked of AWS."""

import contextlib
import importlib
import io
import json
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from ansible.module_utils.testing import patch_module_args

from local_cloud.testing.clouds import LocalCloud

AGENTS = "codedeploy-commands"
Client = Callable[..., Any]
"""`client("ec2")`: a boto3 client of the local cloud."""


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
        self.defaults: dict[str, Any] = {}

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
        assert predicted.shown == applied.shown
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
        main = importlib.import_module(f"plugins.modules.{self.name}").main
        arguments = {**self.defaults, **options, "_ansible_check_mode": check, "_ansible_diff": True}
        with (
            patch_module_args(arguments),
            # Another test of this process may have loaded a plugin of the controller, which warns elsewhere.
            mock.patch("ansible.module_utils._internal.is_controller", new=False),
            contextlib.redirect_stdout(output),
            pytest.raises(SystemExit),
        ):
            main()
        # Agents that poll meanwhile are not the module.
        made = [entry for entry in self.cloud.log.entries()[seen:] if not entry.service.startswith(AGENTS)]
        return Result(
            json.loads(output.getvalue()),
            [entry.action for entry in made],
            [entry.action for entry in made if entry.mutating],
        )
