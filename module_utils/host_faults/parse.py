# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What commands and files say, understood: pure."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from ..codedeploy.endpoints import commands_host
from .seen import Needs, Service

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

LISTEN = "0A"
SETTING = re.compile(r"^:?(\w+):(?:\s+(.*?))?\s*$")
CLOSED = re.compile(r"\.(?:gz|xz|bz2|zst|[0-9]+)$|-[0-9]{8}$|\.[0-9]{8}\.log$")
STAMP = re.compile(r"^[0-9/]+ [0-9:]+ ")
TOKEN = re.compile(
    r"""#[^\n]*|"((?:\\.|[^"\\])*)"|'((?:\\.|[^'\\])*)'|([{};])|((?:\$\{[^}]*\}|[^\s;{}"'#])[^\s;{}]*)"""
)
ELSEWHERE = ("off", "stderr", "syslog:", "memory:", "data:", "engine:", "store:")
"""What stands where a path could: nothing in the file system."""


def service_of(properties: str, now: float, monotonic: float) -> Service:
    """From the output of `systemctl show`; the clocks are in seconds."""
    values = dict(line.split("=", 1) for line in properties.splitlines() if "=" in line)
    entered = int(values.get("ActiveEnterTimestampMonotonic") or 0) / 1_000_000
    return Service(
        known=values.get("LoadState") in ("loaded", "masked"),
        active=values.get("ActiveState") in ("active", "reloading"),
        enabled=values.get("UnitFileState") == "enabled",
        since=now - (monotonic - entered),
    )


def agent_settings(text: str) -> tuple[dict[str, str], str]:
    """The settings of the agent's configuration, and what is wrong with it ("" = nothing).

    The file is flat: `:name: value`, a line each. Hosts need not have a YAML parser.
    """
    settings: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith(("#", "---")):
            continue
        found = SETTING.match(line)
        if not found:
            return settings, f"line {number} is not a setting: {line.strip()[:60]}"
        value = found.group(2) or ""
        if value[:1] in ("'", '"') and (len(value) == 1 or value[-1] != value[0]):
            return settings, f"line {number} has a quote without its end: {line.strip()[:60]}"
        settings[found.group(1)] = value.strip("'\"")
    for name in ("root_dir", "log_dir", "pid_dir"):
        if not settings.get(name, "/").startswith("/"):
            return settings, f"{name} is not an absolute path: {settings[name]}"
    for name in ("max_revisions", "wait_between_runs"):
        if name in settings and not re.match(r"[1-9][0-9]*$", settings[name]):
            return settings, f"{name} is not a number above 0: {settings[name]}"
    return settings, "" if settings else "it is empty"


def listeners(tables: Iterable[str], port: int) -> set[str]:
    """The inodes of the sockets that listen on a port, by /proc/net/tcp and tcp6."""
    rows = [line.split() for table in tables for line in table.splitlines()[1:]]
    return {row[9] for row in rows if row[3] == LISTEN and int(row[1].rpartition(":")[2], 16) == port}


def nginx_complaint(status: int, said: str) -> str:
    """Why `nginx -t` does not take a configuration, "" = it does."""
    problem = (said.strip().splitlines() or ["nginx -t fails"])[0] if status else ""
    return STAMP.sub("", problem)


def nginx_directives(text: str) -> list[list[str]]:
    """The directives of a configuration, name and arguments; the ones of blocks too, in their order."""
    directives: list[list[str]] = []
    words: list[str] = []
    for found in TOKEN.finditer(text):
        double, single, mark, word = found.groups()
        if mark:
            directives += [words] if words else []
            words = []
        elif not found[0].startswith("#"):
            words.append(next(each for each in (double, single, word) if each is not None))
    return directives


def nginx_arguments(said: str) -> dict[str, str]:
    """The paths and names that nginx was compiled with, by `nginx -V`."""
    return dict(re.findall(r"--([a-z-]+)=(\S+)", said))


def nginx_needs(directives: Sequence[Sequence[str]], compiled: Mapping[str, str]) -> Needs:
    """Who nginx runs as, and the paths that it needs, by its directives, included ones among them."""
    prefix = PurePosixPath(compiled.get("prefix", "/"))
    folder = PurePosixPath(compiled.get("conf-path", "/etc/nginx/nginx.conf")).parent

    def paths(start: PurePosixPath, *names: str, default: str = "") -> list[str]:
        given = [each[1] for each in directives if each[0] in names and len(each) > 1]
        real = [each for each in given or [default] if each and not each.startswith(ELSEWHERE)]
        return [str(start / each) for each in real if "$" not in each]

    user = next((each[1:] for each in directives if each[0] == "user" and len(each) > 1), [])
    written = [
        *paths(prefix, "error_log", default=compiled.get("error-log-path", "")),
        *paths(prefix, "access_log", default=compiled.get("http-log-path", "")),
        *paths(prefix, "pid", default=compiled.get("pid-path", "")),
    ]
    temporary = [
        path
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        for path in paths(
            prefix,
            f"{kind}_temp_path",
            default=compiled.get(f"http-{kind.replace('_', '-')}-temp-path", ""),
        )
    ]
    included = [path for path in paths(folder, "include") if not set("*?[") & set(path)]
    return Needs(
        user=user[0] if user else compiled.get("user", "nobody"),
        group=user[-1] if user else compiled.get("group", ""),
        files=tuple(dict.fromkeys([*included, *paths(prefix, "load_module")])),
        certificates=tuple(dict.fromkeys(paths(folder, "ssl_certificate", "ssl_certificate_key"))),
        folders=tuple(dict.fromkeys(str(PurePosixPath(path).parent) for path in written)),
        temporary=tuple(dict.fromkeys(temporary)),
    )


def nginx_error(log: str) -> str:
    """The last thing that nginx complains of in a piece of its error log, without what is of the request."""
    lines = [line for line in log.splitlines() if re.search(r"\[(?:error|crit|alert|emerg)\]", line)]
    return STAMP.sub("", lines[-1]).partition(", client: ")[0] if lines else ""


def address_of_aws(region: str, proxy: str, settings: Mapping[str, str]) -> tuple[str, str, int] | None:
    """Who must answer so that the agent can poll, its name and port. None = nobody was named."""
    if proxy:
        try:
            named = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
            host, port = named.hostname or proxy, named.port or 80
        except ValueError:
            host, port = proxy, 80
        return "the proxy", host, port
    if not region:
        return None
    endpoint = settings.get("deploy_control_endpoint", "").rpartition("://")[2].rstrip("/")
    secure = settings.get("enable_auth_policy") == "true"
    return "CodeDeploy's endpoint", endpoint or commands_host(region, secure=secure), 443


def is_closed_log(path: str) -> bool:
    """Whether a rotation has put a log aside, by its name. The agent's are called NAME.YYYYMMDD.log."""
    return CLOSED.search(path) is not None
