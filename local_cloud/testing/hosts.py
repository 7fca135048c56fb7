"""Hosts of this checkout's local cloud, from outside of them."""

from local_cloud.hosts import engines
from local_cloud.settings import Settings

__all__ = ["first_process"]


def first_process(instance: str) -> int:
    """The id that a running host's first process has on this machine."""
    return int(engines.find(Settings()).inspect(instance)["State"]["Pid"])
