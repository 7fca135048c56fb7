# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is asked of a host, and what was seen there."""

from __future__ import annotations

from dataclasses import dataclass, field
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
    server_name: str
    page_text: str
    visit: Mapping[str, Any]
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
class Entry:
    """A file or folder. A link that leads somewhere is what it leads to; one that does not is a link."""

    path: str
    mode: int
    owner: str
    uid: int = 0
    gid: int = 0
    size: int = 0


@dataclass(frozen=True)
class Needs:
    """What nginx needs, by its last good configuration."""

    user: str
    group: str  # "" = the user's own
    uid: int | None = None  # None = there is no such user
    gids: frozenset[int] | None = None  # the user's groups and `group`; None = there is no such group
    files: tuple[str, ...] = ()  # read when it takes its configuration
    certificates: tuple[str, ...] = ()  # and keys, read likewise
    folders: tuple[str, ...] = ()  # of logs and the pid file: must be there
    temporary: tuple[str, ...] = ()  # nginx makes the last part of each path itself
    packages: Mapping[str, str] = field(default_factory=dict)  # that brought `files`, by path


@dataclass(frozen=True)
class Visit:
    """What a visitor gets: a status, 0 = no answer; why there is none; what else is wrong with the page."""

    url: str
    status: int = 0
    unanswered: str = ""
    problem: str = ""
    log: str = ""  # what nginx wrote into its error log meanwhile


@dataclass(frozen=True)
class Nginx:
    """What nginx says of its configuration, "" = nothing; None where it has no copy of a good one."""

    program: bool
    service: Service
    config_problem: str = ""
    good_problem: str | None = None
    holders: tuple[str, ...] = ()  # the programs that listen on its port
    needs: Needs | None = None  # None = there is no nginx
    package: str = ""  # that brought a program which is not there, "" = none


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
    places: Mapping[str, Entry]  # what is there of the paths that nginx and visitors take, folder by folder
    way_to_page: tuple[str, ...]  # the folders on the way to the document root, and behind links
    visit: Visit | None  # by a visitor on the host; None = nginx does not listen
    certificate: Mapping[str, Any] = field(
        default_factory=dict
    )  # what renew-certificate knows; empty = there is none
