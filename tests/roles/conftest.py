"""The modules that roles bring along, importable as Ansible runs them."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROLES = Path(__file__).resolve().parents[2] / "roles"


@pytest.fixture(scope="session")
def swap_file() -> ModuleType:
    return load(ROLES / "swap/library/swap_file.py")


@pytest.fixture(scope="session")
def codedeploy_agent_info() -> ModuleType:
    return load(ROLES / "codedeploy_agent/library/codedeploy_agent_info.py")


@pytest.fixture(scope="session")
def nginx_info() -> ModuleType:
    return load(ROLES / "nginx/library/nginx_info.py")


def load(path: Path) -> ModuleType:
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    sys.modules[path.stem] = module
    specification.loader.exec_module(module)
    return module
