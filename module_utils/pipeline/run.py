# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The pipeline lock: one run at a time changes a pipeline, and who comes second is told who holds it.

It is a parameter of Systems Manager that is made and never overwritten, so that of two who come at once one
acquires it. A run that ended without releasing it is known by its process, on its machine, and by its age.
"""

from __future__ import annotations

import json
import re
import socket
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from ..aws.errors import ModuleError, Record, explained, none_if

# Longer than any run: one that is older has died where nobody saw it.
FORGOTTEN = timedelta(hours=6)
PROC = Path("/proc")


@explained("begin a run, with the parameter {Name}")
@none_if("ParameterAlreadyExists")
def put_parameter(client: Any, request: Record) -> Record:  # noqa: ANN401 - boto3-stubs[ssm] is no dependency
    answer: Record = client.put_parameter(**request)
    return answer


@explained("read the parameter {Name}")
@none_if("ParameterNotFound")
def get_parameter(client: Any, request: Record) -> Record:  # noqa: ANN401 - boto3-stubs[ssm] is no dependency
    answer: Record = client.get_parameter(**request)["Parameter"]
    return answer


@explained("end a run, with the parameter {Name}")
@none_if("ParameterNotFound")
def delete_parameter(client: Any, request: Record) -> None:  # noqa: ANN401 - boto3-stubs[ssm] is no dependency
    client.delete_parameter(**request)


@dataclass(frozen=True)
class Run:
    """Who has it, and since when.

    `holder` is the caller's ARN. A process is known by the machine, the name space in which its number means
    something, and its start, for numbers come again; empty where the system does not tell.
    """

    holder: str
    host: str
    space: str
    process: int
    started: str
    since: str

    def __str__(self) -> str:
        return f"{self.holder}, on {self.host}, process {self.process}, since {self.since}"

    def same_as(self, other: Run) -> bool:
        return self.is_near(other) and (self.process, self.started) == (other.process, other.started)

    def is_near(self, other: Run) -> bool:
        """Whether the one sees the other's process."""
        return (self.host, self.space) == (other.host, other.space)

    def is_over(self, onlooker: Run, now: datetime) -> bool:
        """Whether it surely runs no more."""
        return now > self.forgotten() or self.broke_off(onlooker)

    def broke_off(self, onlooker: Run) -> bool:
        """Whether its process is seen to be gone."""
        return self.is_visible(onlooker) and beginning(self.process) != self.started

    def is_visible(self, onlooker: Run) -> bool:
        """Whether it can be told from here if it goes on."""
        return self.is_near(onlooker) and self.started != ""

    def forgotten(self) -> datetime:
        """When anybody gets its place."""
        return datetime.fromisoformat(self.since) + FORGOTTEN

    def refusal(self, application: str, onlooker: Run) -> str:
        """Who has it, whether it goes on, and how the onlooker gets it."""
        if self.is_visible(onlooker):
            return (
                f"The pipeline lock of {application} is held by {self}. Wait until it is released, or end "
                "that process: the next run breaks the lock then."
            )
        return (
            f"The pipeline lock of {application} is held by {self}. Whether that run goes on cannot be "
            "seen from here: wait until it is released; where the run broke off, break the lock with "
            "-e take_over=true. "
            f"From {self.forgotten().isoformat(timespec='seconds')} on the next run breaks it."
        )

    def farewell(self, application: str, onlooker: Run, now: datetime) -> str:
        """Why its place was taken, by the onlooker."""
        if self.broke_off(onlooker):
            why = "because its process is gone"
        elif now > self.forgotten():
            why = f"because it is older than {FORGOTTEN.total_seconds() / 3600:.0f} hours"
        else:
            why = "as take_over asks"
        return f"Broke the pipeline lock of {application}, {why}: it was held by {self}."


def parameter_name(application: str) -> str:
    """Names of parameters have fewer signs than names of applications: the others become _ and their code."""
    safe = re.sub(r"[^A-Za-z0-9.-]", lambda found: f"_{ord(found.group()):x}", application)
    return f"/pipeline/{safe}/run"


def beginning(process: int) -> str:
    """When a process began, in the kernel's ticks; empty where it is not there or nobody tells."""
    try:
        return (PROC / str(process) / "stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def space() -> str:
    """The name space of the numbers of processes; empty where the system has none."""
    try:
        return str((PROC / "self" / "ns" / "pid").readlink())
    except OSError:
        return ""


def outermost(process: int) -> int:
    """The process of the whole run: the outermost ansible-playbook above this one; itself where none is."""
    found, at = process, process
    while at > 1:
        try:
            command = (PROC / str(at) / "cmdline").read_bytes().split(b"\0")[:2]
            parent = int((PROC / str(at) / "stat").read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError, ValueError):
            break
        if any(Path(part.decode(errors="replace")).name == "ansible-playbook" for part in command):
            found = at
        at = parent
    return found


def this_run(holder: str, process: int, now: datetime) -> Run:
    """The run that a process belongs to."""
    whole = outermost(process)
    return Run(
        holder=holder,
        host=socket.gethostname(),
        space=space(),
        process=whole,
        started=beginning(whole),
        since=now.isoformat(timespec="seconds"),
    )


def acquire(client: Any, application: str, run: Run, now: datetime, *, take_over: bool) -> Run | None:  # noqa: ANN401
    """Acquire it; the run whose lock was broken, where there was one.

    Raises ModuleError where somebody else has it.
    """
    name = parameter_name(application)
    wanted = {"Name": name, "Value": json.dumps(asdict(run)), "Type": "String"}
    if put_parameter(client, wanted):
        return None
    there = holding(client, name)
    if there and there.same_as(run):
        return None
    if there and not take_over and not there.is_over(run, now):
        raise ModuleError(there.refusal(application, run))
    delete_parameter(client, {"Name": name})
    if put_parameter(client, wanted):
        return there
    # Where the answer was lost, it is ours by now.
    other = holding(client, name)
    if other and not other.same_as(run):
        raise ModuleError(other.refusal(application, run))
    return there


def release(client: Any, application: str, run: Run) -> bool:  # noqa: ANN401 - boto3-stubs[ssm] is no dependency
    """Release it, unless it is another's by now; whether it was ours."""
    name = parameter_name(application)
    there = holding(client, name)
    if there is None or not there.same_as(run):
        return False
    delete_parameter(client, {"Name": name})
    return True


def holding(client: Any, name: str) -> Run | None:  # noqa: ANN401 - boto3-stubs[ssm] is no dependency
    """The run that has it now. Raises ModuleError where the parameter is not of our making."""
    parameter = get_parameter(client, {"Name": name})
    if parameter is None:
        return None
    try:
        return Run(**json.loads(parameter["Value"]))
    except (ValueError, TypeError) as error:
        raise ModuleError(
            f"The parameter {name} does not say who has the run: look who made it, then delete it."
        ) from error
