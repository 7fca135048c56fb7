# ruff: noqa: ANN401 - JSON
"""Services' models as moto reads them, without what only people read: half of what they take in memory."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.loaders import JSONFileLoader, Loader


class ServiceModels(JSONFileLoader):
    """What botocore's loaders read files with."""

    def _load_file(self, full_path: str, open_method: Callable[[str, str], Any]) -> Any:
        """None where there is no such file."""
        if not Path(full_path).is_file():
            return None
        with open_method(full_path, "rb") as file:
            return json.loads(file.read().decode(), object_pairs_hook=without_documentation)


def without_documentation(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of a model, with its words left empty; a member that is called so is no text, and stays."""
    return {
        name: "" if name == "documentation" and isinstance(value, str) else value for name, value in pairs
    }


REPLACED: tuple[tuple[Any, str, Any], ...] = ((Loader, "FILE_LOADER_CLASS", ServiceModels),)
