# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is asked of them is private
"""What makes a reset quick, so that a test begins with an empty account in no time, and what lets it leave
nothing of the old one."""

from functools import cache
from typing import Any

from moto.core.base_backend import AccountSpecificBackend, BaseBackend
from moto.core.common_models import BaseModel

_original_regions: Any = AccountSpecificBackend._generate_regions


def forget(_backend: Any) -> None:
    """A service in a region is forgotten by the caller, BackendDict.reset: moto makes it anew just before."""


def duplicate(original: Any) -> Any:
    """A copy of what every new account of moto's has."""
    made = object.__new__(type(original))
    made.__dict__.update(original.__dict__)
    return made


def untracked(cls: Any, *_arguments: Any, **_named: Any) -> Any:
    """An object of moto's, which notes each of them, deleted or not, for a page that nobody opens here."""
    return super(BaseModel, cls).__new__(cls)


@cache
def _regions(service: str) -> list[str]:
    regions: list[str] = _original_regions.__wrapped__(None, service)
    return regions


def regions(_account: Any, service: str) -> list[str]:
    """A service's regions. moto keeps them with the account that asked first, and so all that account has."""
    return _regions(service)


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (AccountSpecificBackend, "_generate_regions", regions),
    (BaseBackend, "reset", forget),
    (BaseModel, "__new__", staticmethod(untracked)),
)
