"""What becomes of an experiment that breaks."""

from collections.abc import Iterator

import pytest

from tests.proof.run import attempted
from tests.proof.table import Figure, counted

GOOD = counted("first", 1, 1)


def breaks(reason: str) -> Iterator[Figure]:
    yield GOOD
    raise LookupError(reason)


def test_one_that_breaks_is_missed_with_its_cause_and_keeps_what_it_had(
    capsys: pytest.CaptureFixture[str],
) -> None:
    figures = list(attempted("kills", breaks, "no account"))
    assert figures[0] == GOOD
    [broken] = figures[1:]
    assert not broken.met
    assert broken.experiment == "kills: the experiment itself broke"
    assert broken.faults == ("LookupError('no account')",)
    assert "in breaks" in capsys.readouterr().err
