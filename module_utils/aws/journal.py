# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""News of a module that waits, for whoever shows them: one JSON object a line, each with its `kind`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from .errors import Record


def journal(path: str | None) -> Callable[[Record], None]:
    """A function that appends news to a file, one line each, at once; without a path it does nothing."""
    if not path:
        return lambda _news: None
    file = Path(path)

    def write(news: Record) -> None:
        with file.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(news) + "\n")

    return write
