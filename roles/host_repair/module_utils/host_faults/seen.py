# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is asked of a host, and what was seen there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Wanted:
    """What a host should be like; each field is the option of the module host_findings of this name."""

    agent: Mapping[str, Any]
    swap: Mapping[str, Any]
    region: str
    proxy: str
    agent_config_file: str
    nginx_good_config: str
    document_root: str
    port: int
    log_folders: list[str]
    log_limit_mb: int
    disk_free_percent: int
    clock_limit: int


@dataclass(frozen=True)
class Service:
    """A service as systemd has it; `since` is when it started, in seconds since the epoch."""

    known: bool
    active: bool
    enabled: bool
    since: float


@dataclass(frozen=True)
class Metadata:
    """What the instance metadata tells: the role ("" = none), seconds the clock is ahead, a problem."""

    role: str = ""
    ahead: float = 0
    problem: str = ""


@dataclass(frozen=True)
class Way:
    """The way to an address: whose it is, and what is wrong with it, "" = nothing."""

    owner: str
    host: str
    port: int
    unresolved: str = ""
    unanswered: str = ""


@dataclass(frozen=True)
class Agent:
    """The agent's service and files. `pid` is what its pid file says, None = there is no such file."""

    service: Service
    program: bool
    settings: Mapping[str, str]
    config_problem: str
    on_premises: bool
    pid_file: str
    pid: str | None
    commands: Mapping[str, float]  # the files of commands at work, with their times
    revisions: Mapping[str, Mapping[str, float]]  # of each group: the folders, with their times
    kept: frozenset[str]  # the revisions that the agent needs again


@dataclass(frozen=True)
class Nginx:
    """What nginx says of its configuration, "" = nothing; None where it has no copy of a good one."""

    program: bool
    service: Service
    config_problem: str = ""
    good_problem: str | None = None
    holders: tuple[str, ...] = ()  # the programs that listen on its port


@dataclass(frozen=True)
class Entry:
    """A file or folder that visitors get."""

    path: str
    mode: int
    owner: str


@dataclass(frozen=True)
class Seen:
    """All of it. Times are in seconds since the epoch."""

    now: float
    logs: Mapping[str, int]  # bytes, by path
    free: Mapping[str, int]  # percent, by file system
    clock: str  # the service that keeps the time, "" = none
    metadata: Metadata
    way: Way | None  # None = nobody asked for it
    processes: Mapping[int, str]
    agent: Agent
    nginx: Nginx
    root: tuple[Entry, ...]  # empty = there is no document root
