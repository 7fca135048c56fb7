"""What a host image can be made of: one of these for each folder beside this file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

LEFT_OUT = ("./usr/share/doc", "./usr/share/man", "./usr/share/locale", "./usr/share/info", "./boot")
"""Of every package."""


class ImageError(Exception):
    """The image can't be made; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Distribution:
    """A system that hosts can have."""

    name: str
    title: str
    """For people."""
    user: str
    """Who logs in."""
    folder: Path
    """Has `configure.sh` and what is copied into the image, in `root`."""
    lay_out: Callable[[Path, Path, Callable[[str], None]], Mapping[str, str]]
    """Given the empty root, a folder for downloads and a voice, it puts there what `configure.sh` begins
    with, and returns its environment. Raises `ImageError` or `AptError`."""
    source: str = ""
    """The container image that it is made of; else it is made of this machine's packages."""
