"""Credentials that expire during a run, and a clock that is off: what the run says, and the next one."""

import json
import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sts.models import sts_backends

from tests.faults.proxy import Call
from tests.faults.way_to_aws import Line, differences
from tests.iam.pipeline import Keys, PlaybookError
from tests.proof.kills import PROVISION
from tests.proof.table import Figure, bounded, counted

SECONDS_TO_END = 30
"""Nothing is to be had by trying again; some modules keep to themselves that it is this."""
OFF = (-6, 6)
"""Minutes: AWS takes five."""


@dataclass
class Session:
    """Of an operator's role, which may do all."""

    taken: Any
    keys: Keys

    def expire(self) -> None:
        self.taken.expiration = datetime.now(UTC).replace(tzinfo=None)


def session(line: Line) -> Session:
    iam = line.pipeline.client("iam")
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": DEFAULT_ACCOUNT_ID}, "Action": "sts:AssumeRole"}
            ],
        }
    )
    role = iam.create_role(RoleName="operator", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    iam.attach_role_policy(RoleName="operator", PolicyArn="arn:aws:iam::aws:policy/AdministratorAccess")
    backend = sts_backends[DEFAULT_ACCOUNT_ID]["aws"]
    taken = backend.assume_role("us-east-1", "ann", role, "", 3600, "")
    # The inventories of tests have no place for one.
    taken.session_token = ""
    return Session(taken, {"AccessKeyId": taken.access_key_id, "SecretAccessKey": taken.secret_access_key})


def provision(line: Line, keys: Keys) -> tuple[str, float]:
    """What it said where it failed, and when it ended."""
    try:
        line.pipeline.play(*PROVISION, keys=keys)
    except PlaybookError as error:
        return str(error), time.monotonic()
    return "", time.monotonic()


def wrong_after(line: Line, keys: Keys, wanted: list[str]) -> list[str]:
    """Of the run after it with credentials that hold."""
    said, _ = provision(line, keys)
    return [said[-300:]] if said else list(differences(wanted, line.holdings()))


class Counted:
    """The calls of a run; at one of them something happens."""

    def __init__(self, number: int, happens: Callable[[], None]) -> None:
        self.calls, self.at, self._number, self._happens = 0, 0.0, number, happens

    def __call__(self, _call: Call) -> None:
        self.calls += 1
        if self.calls == self._number:
            self.at = time.monotonic()
            self._happens()


def expired(line: Line, number: int, wanted: list[str]) -> tuple[float, str]:
    """How long a run went on whose credentials expired before this call; what is wrong after it."""
    line.empty()
    of_operator = session(line)
    counting = Counted(number, of_operator.expire)
    line.spoil(counting, lambda _call: None)
    said, ended = provision(line, of_operator.keys)
    line.heal()
    wrong = []
    # The lock is released with the last call, and a run that did all is not spoilt by that.
    if not said:
        wrong.append("it took expired credentials for good ones")
    elif "expired" not in said.lower():
        wrong.append(f"it does not name the cause: {said[-300:]}")
    wrong += wrong_after(line, line.pipeline.root, wanted)
    return ended - counting.at, "; ".join(wrong)


def skewed(line: Line, minutes: int) -> str:
    """What is wrong with a run on a machine with this clock."""
    line.empty()
    before = line.holdings()
    line.aws.ahead = timedelta(minutes=minutes)
    said, _ = provision(line, line.pipeline.root)
    line.aws.ahead = timedelta()
    wrong = list(differences(before, line.holdings()))
    if "clock" not in said:
        wrong.append(f"it does not name the cause: {said[-300:]}")
    return "; ".join(wrong)


@contextmanager
def account() -> Iterator[Line]:
    """One whose policies are enforced, as only such a one looks at who calls."""
    with tempfile.TemporaryDirectory(prefix="access-") as folder:
        line = Line(Path(folder))
        try:
            line.cloud.gate.enforcing = True
            yield line
        finally:
            line.close()


def figures(seed: int, runs: int) -> Iterator[Figure]:
    """So many runs whose credentials expire at moments by the seed; and one for each direction of a clock."""
    chance, begun = random.Random(seed), time.monotonic()  # noqa: S311 - a seed is the point
    with account() as line:
        line.empty()
        counting = Counted(0, lambda: None)
        keys = session(line).keys
        line.spoil(counting, lambda _call: None)
        said, _ = provision(line, keys)
        assert not said, said
        # Of its last call the next run does not know.
        calls, wanted = counting.calls - 1, line.holdings()
        ended = [expired(line, chance.randint(1, calls), wanted) for _ in range(runs)]
        faults = [wrong for _, wrong in ended if wrong]
        took, name = time.monotonic() - begun, "credentials that expire during a provisioning"
        words = f"{name}: it says so, and the next run comes to the same"
        yield counted(words, runs - len(faults), runs, seconds=took, faults=faults)
        yield bounded(f"{name}: it ends after", max(after for after, _ in ended), SECONDS_TO_END, "s")
        begun = time.monotonic()
        faults = [wrong for minutes in OFF if (wrong := skewed(line, minutes))]
        took = time.monotonic() - begun
        words = "a clock six minutes behind or ahead: it says so, and changes nothing"
        yield counted(words, len(OFF) - len(faults), len(OFF), seconds=took, faults=faults)
