"""Fingerprints of secrets."""

import pytest

from plugins.module_utils.github import fingerprints

WRITTEN = "2026-11-22T21:47:41Z"


def test_the_same_value_since_the_same_write_matches() -> None:
    assert fingerprints.fingerprint("value", WRITTEN).matches("value", WRITTEN)


def test_another_value_does_not() -> None:
    assert not fingerprints.fingerprint("value", WRITTEN).matches("other", WRITTEN)


def test_a_write_by_somebody_else_does_not() -> None:
    assert not fingerprints.fingerprint("value", WRITTEN).matches("value", "2026-11-22T21:47:42Z")


def test_equal_values_have_different_digests() -> None:
    first, second = (fingerprints.fingerprint("value", WRITTEN) for _ in range(2))
    assert first.digest != second.digest


def test_the_text_of_the_variable_is_read_back_and_has_no_value_in_it() -> None:
    kept = {"B": fingerprints.fingerprint("canary", WRITTEN), "A": fingerprints.fingerprint("", WRITTEN)}
    text = fingerprints.dump(kept)
    assert fingerprints.load(text) == kept
    assert "canary" not in text


@pytest.mark.parametrize("text", [None, "", "nonsense", "[]", '{"A": 1}', '{"A": {"salt": "00"}}'])
def test_what_cannot_be_read_is_as_if_it_were_not_there(text: str | None) -> None:
    assert fingerprints.load(text) == {}
