"""Hosts that share a challenge's record: their runs never overlap."""

import itertools
import re
from typing import Any

import pytest

from tests.plugins import load

RUN = 11
DAY = 24 * 60


@pytest.fixture(scope="module")
def renewal_slot() -> Any:
    return load("roles/certificate/filter_plugins/slots.py").FilterModule().filters()["renewal_slot"]


def runs(slot: dict[str, Any]) -> list[tuple[int, int]]:
    """From when to when the host may be at it, in minutes of the day."""
    found = [re.fullmatch(r"\*-\*-\* (\d\d):(\d\d):00", each) for each in slot["calendar"]]
    begins = [int(each[1]) * 60 + int(each[2]) for each in found if each]
    assert len(begins) == len(found) > 0
    return [(at, at + slot["delay"] + RUN) for at in begins]


@pytest.mark.parametrize("count", [1, 2, 3, 7, 32, 33, 100])
def test_runs_of_no_two_hosts_overlap(renewal_slot: Any, count: int) -> None:
    hosts = [f"i-{number:017x}" for number in range(count)]
    spans = sorted(span for host in hosts for span in runs(renewal_slot(host, reversed(hosts))))
    assert all(before[1] <= after[0] for before, after in itertools.pairwise(spans))
    assert spans[-1][1] <= spans[0][0] + DAY


def test_a_pair_has_half_of_every_six_hours_each(renewal_slot: Any) -> None:
    assert renewal_slot("b", ["b", "a"]) == {
        "calendar": ["*-*-* 03:00:00", "*-*-* 09:00:00", "*-*-* 15:00:00", "*-*-* 21:00:00"],
        "delay": 169,
    }
