"""No module answers arguments with a traceback, whatever they are: it says what is wrong, or does it."""

import contextlib
import importlib
import io
import json
import time
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from ansible.module_utils.testing import patch_module_args
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_cloud.testing.clouds import LocalCloud
from local_cloud.testing.shop import Shop
from tests.integration.codedeploy.module_arguments import arguments
from tests.integration.codedeploy.runner import Client

CHECKOUT = Path(__file__).resolve().parents[3]
ASKS_THE_MACHINE = {
    # The machine's package manager goes to its mirrors.
    "package_updates_info",
}
MODULES = sorted({path.stem for path in (CHECKOUT / "library").glob("*.py")} - ASKS_THE_MACHINE)
NOBODY = "http://127.0.0.1:9"
"""The port of discard, where nobody listens."""
FIXED: dict[str, dict[str, Any]] = {
    "autoscaling_group_refresh": {"wait_timeout": 1},
    "codedeploy_agent_package": {"url": f"{NOBODY}/agent", "proxy": ""},
    "codedeploy_deployment": {"wait_timeout": 1},
    "github_actions_settings": {"api_url": NOBODY, "token": "t"},
    "github_repository": {"api_url": NOBODY, "token": "t"},
    "host_findings": {"proxy": ""},
    "nginx_info": {"wait": 1},
    "page_info": {"address": "127.0.0.1", "use_proxy": False},
    "pipeline_prerequisites": {"github_api_url": NOBODY, "https_acme_directory": "", "region": "us-east-1"},
}
"""What leads to this machine alone, and ends soon."""
LONGEST = 60.0
"""Seconds of one call."""


@pytest.fixture
def shop(local_cloud: LocalCloud, client: Client) -> Shop:
    """An application and a deployment group that has no instance, where the environment says that AWS is."""
    assert local_cloud
    return Shop.open(client, instances=0)


def answer(name: str, options: dict[str, Any], *, check: bool) -> dict[str, Any]:
    """What the module prints. Whatever it raises but its exit is raised."""
    output = io.StringIO()
    main = importlib.import_module(f"plugins.modules.{name}").main
    with (
        patch_module_args({**options, "_ansible_check_mode": check, "_ansible_diff": True}),
        mock.patch("ansible.module_utils._internal.is_controller", new=False),
        contextlib.redirect_stdout(output),
        pytest.raises(SystemExit),
    ):
        main()
    found: dict[str, Any] = json.loads(output.getvalue().splitlines()[-1])
    return found


def specification(name: str) -> dict[str, Any]:
    module = importlib.import_module(f"plugins.modules.{name}")
    return {**module.ARGUMENT_SPEC, **getattr(module, "ATTRIBUTES", {})}


@pytest.mark.long
@pytest.mark.parametrize("name", MODULES)
def test_whatever_the_arguments_are_it_is_said_in_words(name: str, shop: Shop) -> None:
    assert shop
    fixed = FIXED.get(name, {})
    # What runs on hosts would change this machine.
    calls_aws = "amazon.aws" in (CHECKOUT / "library" / f"{name}.py").read_text()
    modes: st.SearchStrategy[bool] = st.booleans() if calls_aws else st.just(True)

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(options=arguments(specification(name), fixed), check=modes)
    def hold(options: dict[str, Any], check: bool) -> None:
        begun = time.monotonic()
        found = answer(name, {**options, **fixed}, check=check)
        assert time.monotonic() - begun < LONGEST
        if found.get("failed"):
            assert found["msg"].strip()
            assert "Traceback" not in json.dumps(found)
            assert "exception" not in found

    hold()
