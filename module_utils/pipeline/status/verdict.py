# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The one line above all others: how the worst of what is shown is, and what it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .states import WORST_FIRST, worst

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Record = Mapping[str, Any]

NAMES = {
    "ec2": "instance",
    "scaling": "Auto Scaling",
    "target": "load balancer",
    "agent": "agent",
    "nginx": "nginx",
    "certificate": "certificate",
    "page": "page",
}
"""Of what is known of a host, as people are told."""
BEGINNINGS = {
    "bad": "Broken",
    "busy": "Needs a look",
    "none": "Not all is known",
}


def verdict(shown: Record) -> dict[str, Any]:
    """`state`, `words` for one line, and all `problems`, the worst first, with where the page tells more.

    A deployment that failed and was followed by another one is history, and no problem.
    """
    problems = sorted(
        (item for item in _parts(shown) if item["state"] != "good"),
        key=lambda item: WORST_FIRST.index(item["state"]),
    )
    state = worst(item["state"] for item in problems)
    if problems:
        first, more = problems[0], len(problems) - 1
        words = f"{BEGINNINGS[state]}: {first['where']}: {first_sentence(first['words'])}" + (
            f", and {more} more" if more else ""
        )
    else:
        words = "All is well"
        if shown["drift"]["state"] == "none":
            words += "; drift was not looked for"
    return {"state": state, "words": words, "problems": problems}


def first_sentence(words: str) -> str:
    """What is wrong; what to do about it comes after that."""
    return words.partition(". ")[0].removesuffix(".")


def _parts(shown: Record) -> Iterator[dict[str, str]]:
    for node in shown["nodes"]:
        # Its state is that of the hosts' pages, which follow one by one.
        if node["kind"] != "Visitors" or not any("page" in each for each in shown["hosts"]):
            yield _part(node["kind"], "resources", node.get("itself", node))
    for item in shown["hosts"]:
        for part, name in NAMES.items():
            if part in item:
                yield _part(f"{name} of {item['id']}", "hosts", item[part])
    yield _part("alarms", "glance", shown["alarms"])
    if shown["drift"]["state"] != "none":
        yield _part("drift", "drift", shown["drift"])


def _part(where: str, anchor: str, told: Record) -> dict[str, str]:
    return {"where": where, "anchor": anchor, "state": told["state"], "words": told["words"]}
