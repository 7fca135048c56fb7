"""Plugins of Ansible as modules: it finds them by their files, and so do tests."""

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

CHECKOUT = Path(__file__).parents[1]


def load(path: str) -> ModuleType:
    """The plugin in a file, by its path in the checkout."""
    name = f"plugin_{Path(path).stem}"
    specification = importlib.util.spec_from_file_location(name, CHECKOUT / path)
    assert specification
    assert specification.loader
    module = importlib.util.module_from_spec(specification)
    # Dataclasses look up their module.
    sys.modules[name] = module
    specification.loader.exec_module(module)
    return module
