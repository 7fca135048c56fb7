"""Arguments for any module, made from its own specification: valid, nearly so, and hostile."""

from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import strategies as st

WORDS = (
    "",
    "a",
    "shop",
    "web",
    "Shop.1_x",
    "é",
    "*",
    "${a}",
    "{{ a }}",
    "a\nb",
    "-x",
    "a" * 300,
    "0",
    "null",
    "[",
)
"""Of them `shop` and `web` are in the account."""
NUMBERS = (-1, 0, 1, 2, 80, 100, 70000, 2**31, 10**20)
TYPES: dict[str, st.SearchStrategy[Any]] = {
    "str": st.sampled_from(WORDS),
    "path": st.sampled_from(("/nowhere/at/all", "", "relative", "/dev/null", "/proc/self/mem")),
    "int": st.sampled_from(NUMBERS),
    "float": st.sampled_from((*NUMBERS, 0.5, float("inf"))),
    "bool": st.booleans(),
    "dict": st.dictionaries(st.sampled_from(WORDS), st.sampled_from((*WORDS, None, 1, True))),
    "raw": st.sampled_from((*WORDS, *NUMBERS)),
    "jsonarg": st.sampled_from(("{}", "[", '{"a": null}')),
}
WRONG: st.SearchStrategy[Any] = st.sampled_from(
    (None, "", "a", -1, 1.5, True, [], [None], [[]], {}, {"a": None}, {"": []}, [{"a": {"b": None}}], 10**20)
)
WRONG_IN_TEN = 2


def arguments(
    specification: Mapping[str, Any], given: Iterable[str] = ()
) -> st.SearchStrategy[dict[str, Any]]:
    """Options by name. `given` are those that the test gives itself; required ones are mostly there."""
    kept = {name: option for name, option in specification.items() if name not in set(given)}
    required = {name: _value(option) for name, option in kept.items() if option.get("required")}
    optional = {name: _value(option) for name, option in kept.items() if not option.get("required")}
    return st.one_of(
        st.fixed_dictionaries(required, optional=optional),
        st.fixed_dictionaries({}, optional={**required, **optional, "unknown": WRONG}),
    )


def _value(option: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    right = _right(option)
    return st.integers(0, 9).flatmap(lambda number: WRONG if number < WRONG_IN_TEN else right)


def _right(option: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    kind = option.get("type", "str")
    if kind == "list":
        element = {**option, "type": option.get("elements", "raw"), "elements": "raw"}
        return st.lists(_value(element), max_size=3)
    if option.get("options"):
        return arguments(option["options"])
    if option.get("choices"):
        return st.sampled_from(list(option["choices"]))
    return TYPES[kind]
