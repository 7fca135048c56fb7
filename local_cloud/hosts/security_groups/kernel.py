"""Puts the table into the kernel, and reads its counters."""

import json
import logging
import shutil
import subprocess
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from local_cloud.hosts.security_groups.table import TABLE, Table

T = TypeVar("T")
LOG = logging.getLogger(__name__)
NOT_INSTALLED = "the package nftables is not installed"


class Count(NamedTuple):
    packets: int
    bytes: int


class Filter:
    """The table of one network namespace, which ends with it. `inside` does work in there."""

    def __init__(self, inside: Callable[[Callable[[], Any]], Any]) -> None:
        self._inside = inside
        self._table: Table | None = None
        self.problem = ""
        """Why security groups filter nothing, or not what was asked for last; empty where they do."""

    def put_made_by(self, make: Callable[[], Table]) -> None:
        """Makes a table what filters, at once and as a whole. What was before goes on where that fails."""
        try:
            table = make()
            if table == self._table:
                return
            problem = self._load(table.replacing(self._table))
        except Exception as error:
            # Whatever it is, hosts are to boot and end all the same.
            LOG.exception("security groups")
            problem = f"{type(error).__name__}: {error}"
        if not problem:
            self._table = table
        elif problem != self.problem:
            LOG.warning("security groups do not filter as they are: %s", problem)
        self.problem = problem

    def counts(self) -> dict[str, Count]:
        """By the counter's name; empty where nothing filters."""
        if self._table is None:
            return {}
        result = self._run("-j", "list", "counters", "table", "ip", TABLE)
        if result.returncode:
            return {}
        found = [each["counter"] for each in json.loads(result.stdout)["nftables"] if "counter" in each]
        return {each["name"]: Count(each["packets"], each["bytes"]) for each in found}

    def _load(self, transaction: str) -> str:
        if shutil.which("nft") is None:
            return NOT_INSTALLED
        result = self._run("-f", "-", given=transaction)
        return " ".join(result.stderr.split()) if result.returncode else ""

    def _run(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        result: subprocess.CompletedProcess[str] = self._inside(
            lambda: subprocess.run(
                ["nft", *arguments], input=given, capture_output=True, text=True, check=False
            )
        )
        return result
