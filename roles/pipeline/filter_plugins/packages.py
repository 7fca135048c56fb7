# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a package manager says of packages that it could not bring."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

TELLING = re.compile(r"\b(error|fail(ed|ure)?)\b", re.IGNORECASE)


def package_errors(result: Mapping[str, Any]) -> str:
    """What a failed result of ansible.builtin.dnf or apt says of the cause, in one line.

    dnf's module has it in `failures`. apt's message is the standard error, and the package is named on the
    standard output.
    """
    lines = list(_texts(result.get("failures", [])))
    if not lines:
        lines = [line for line in str(result.get("stdout", "")).splitlines() if TELLING.search(line)]
        lines += str(result.get("msg", "")).splitlines()
    told = dict.fromkeys(" ".join(line.split()).rstrip(":.") for line in lines)
    return "; ".join(line for line in told if line)


def _texts(failures: object) -> Iterator[str]:
    """dnf's are texts for packages that are not there, and lists of lines for a transaction."""
    if isinstance(failures, list):
        for each in failures:
            yield from _texts(each)
    else:
        yield str(failures)


class FilterModule:
    """How Ansible finds it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"package_errors": package_errors}
