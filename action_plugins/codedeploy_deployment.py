# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs a module that waits for hosts and, while it does, shows what happens to them.

Ansible finds it by the module's name: those of other modules are links to this file.

Display only: the module does all the work, and does the same without this plugin. It appends news
to a file (its option `events_file`); a thread reads them and prints lines. That needs the module to
run on the controller, as this user.
"""

from __future__ import annotations

import json
import tempfile
import threading
import time
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.constants import COLOR_ERROR
from ansible.plugins.action import ActionBase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    News = Mapping[str, Any]

INTERVAL = 0.3  # seconds between two looks at the file; what comes together is shown together
QUIET = 15  # seconds without news after which one line says that there is still somebody at work
WHOLE = 100  # percent
FEW = 5  # up to so many hosts every event of each has a line


class ActionModule(ActionBase):  # type: ignore[misc] # ansible has no types
    """The action of the same name as the module."""

    _supports_check_mode = True
    _supports_async = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The module's own result."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        if not self._can_show():
            return result | self._module(task_vars, self._task.args)
        with tempfile.TemporaryDirectory() as directory:
            file = Path(directory) / "events"
            file.touch()
            over = threading.Event()
            shower = threading.Thread(target=self._show, args=(file, over))
            shower.start()
            try:
                return result | self._module(task_vars, {**self._task.args, "events_file": str(file)})
            finally:
                over.set()
                shower.join()

    def _module(self, task_vars: dict[str, Any] | None, args: Mapping[str, Any]) -> dict[str, Any]:
        ran: dict[str, Any] = self._execute_module(
            module_name=self._task.action,
            module_args=dict(args),
            task_vars=task_vars,
            wrap_async=self._task.async_val,
        )
        return ran

    def _can_show(self) -> bool:
        elsewhere = self._connection.transport != "local" or self._play_context.become or self._task.async_val
        return not (elsewhere or self._task.check_mode or "events_file" in self._task.args)

    def _show(self, file: Path, over: threading.Event) -> None:
        started = told = time.monotonic()
        busy: dict[str, str] = {}
        with file.open(encoding="utf-8") as stream:
            rest = ""
            last = False
            while not last:
                last = over.wait(INTERVAL)
                *complete, rest = (rest + stream.read()).split("\n")
                news = [json.loads(item) for item in complete]
                busy = at_work(busy, news)
                now = time.monotonic()
                shown = list(lines(news))
                if not shown and not last and now - told >= QUIET:
                    shown = [(False, sign_of_life(busy))]
                for bad, line in shown:
                    told = now
                    self._display.display(f"{now - started:5.0f} s{line}", color=COLOR_ERROR if bad else None)


def lines(news: Sequence[News]) -> Iterator[tuple[bool, str]]:
    """What to print of news that came together, each line with whether it is bad.

    With few hosts a line an event a host; with many a line an event, and the same failure once.
    """
    for show, group in groupby(news, key=lambda item: SHOWN.get(item["kind"], _hosts)):
        yield from show(list(group))


def at_work(busy: Mapping[str, str], news: Iterable[News]) -> dict[str, str]:
    """Host -> the event that goes on there, after these news."""
    now = dict(busy)
    for item in news:
        if item["kind"] == "activity":
            continue
        if item["kind"] == "event" and item["status"] == "InProgress":
            now[item["target"]] = item["event"]
        elif item["kind"] == "refresh" and item["percentage"] < WHOLE:
            now[item["target"]] = f"instance refresh ({item['percentage']} %)"
        elif item["kind"] != "deployment" and item["status"] != "Pending":
            now.pop(item["target"], None)
    return now


def sign_of_life(busy: Mapping[str, str]) -> str:
    """What takes long."""
    if not busy:
        return "  no host is at work: CodeDeploy or an agent is waited for"
    events = dict.fromkeys(busy.values())
    where = (f"{event} on {_some([host for host in busy if busy[host] == event])}" for event in events)
    return f"  still at work: {', '.join(where)}"


def _deployments(news: Iterable[News]) -> Iterator[tuple[bool, str]]:
    for item in news:
        words = f": {item['message']}" if item["message"] else ""
        line = f"  {item['deployment_id']} of {item['revision']}: {item['status']}{words}"
        yield item["status"] in {"Failed", "Stopped"}, line


def _refreshes(news: Iterable[News]) -> Iterator[tuple[bool, str]]:
    for item in news:
        words = f": {item['reason']}" if item["reason"] else ""
        line = f"  instance refresh of {item['target']}: {item['status']}, {item['percentage']} %"
        bad = item["status"] not in {"Pending", "InProgress", "Baking", "Successful"}
        yield bad, f"{line}, {item['left']} left{words}"


def _activities(news: Iterable[News]) -> Iterator[tuple[bool, str]]:
    for item in news:
        yield True, f"  {item['message']}"


def _hosts(news: Sequence[News]) -> Iterator[tuple[bool, str]]:
    # What is skipped after a failure is no news.
    events = [item for item in news if item["kind"] == "event" and item["status"] != "Skipped"]
    many = any(item["total"] > FEW for item in news)
    yield from _summed(events) if many else _each(events)
    counts = [item for item in news if item["kind"] == "target"]
    if counts:
        yield False, _count(counts[-1])


def _each(events: Iterable[News]) -> Iterator[tuple[bool, str]]:
    for item in events:
        if item["status"] == "Failed":
            yield True, _failure(item["target"], item)
        else:
            yield (
                False,
                f"  {item['target']}  {item['event']:<20} {item['status']:<10} {_time(item)}".rstrip(),
            )


def _summed(events: Iterable[News]) -> Iterator[tuple[bool, str]]:
    """In the order of the lifecycle, hosts of the same fate together."""
    together: dict[tuple[Any, ...], list[News]] = {}
    for item in sorted(events, key=lambda item: item["position"]):
        fate = (item["event"], item["status"], item["script"], item["message"])
        together.setdefault(fate, []).append(item)
    for (event, status, *_), items in together.items():
        if status == "Failed":
            yield True, _failure(_some([item["target"] for item in items]), items[0])
        elif status == "Succeeded":
            yield False, f"  {event:<20} {status:<10} on {_number(items):<10} {_span(items)}".rstrip()


def _failure(where: str, item: News) -> str:
    script = f" in {item['script']}" if item["script"] else ""
    words = f": {item['message']}" if item["message"] else ""
    return f"  {where}  {item['event']} FAILED{script}{words}"


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:FEW])
    return f"{shown} and {len(names) - FEW} more" if len(names) > FEW else shown


def _number(items: Sequence[News]) -> str:
    return "1 host" if len(items) == 1 else f"{len(items)} hosts"


def _span(items: Iterable[News]) -> str:
    times = sorted(item["seconds"] for item in items if item["seconds"] is not None)
    if not times:
        return ""
    shortest, longest = f"{times[0]:.1f}", f"{times[-1]:.1f}"
    return f"{longest} s" if shortest == longest else f"{shortest} to {longest} s"


def _time(item: News) -> str:
    return "" if item["seconds"] is None else f"{item['seconds']:.1f} s"


SHOWN: dict[str, Callable[[Sequence[News]], Iterator[tuple[bool, str]]]] = {
    "deployment": _deployments,
    "refresh": _refreshes,
    "activity": _activities,
}
"""By the kind of news; all others are of hosts."""


def _count(item: News) -> str:
    parts = [f"{item['succeeded']} done"]
    parts += [f"{item[name]} {name}" for name in ("failed", "skipped") if item[name]]
    parts.append(f"{item['left']} left")
    return f"  hosts: {', '.join(parts)} of {item['total']}"
