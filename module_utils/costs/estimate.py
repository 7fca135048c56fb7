# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Quantities times prices, exactly: decimal numbers, rounded only where they are shown."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import TYPE_CHECKING, Any

from ..aws.errors import ModuleError
from .sheet import amount

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .sheet import Price

MONTHS = 12
CENT = Decimal("0.01")
HEADING = ("service", "item", "quantity", "unit", "USD a unit", "USD a month", "USD in 12 months")
NUMBERS = (2, 4, 5, 6)
"""The columns that are set to the right."""


@dataclass(frozen=True)
class Line:
    """One thing that is paid for."""

    quantity: Decimal  # a month
    price: Price

    @property
    def monthly(self) -> Decimal:
        return self.quantity * self.price.usd


@dataclass(frozen=True)
class Estimate:
    title: str
    lines: Sequence[Line]

    @property
    def monthly(self) -> Decimal:
        return sum((line.monthly for line in self.lines), Decimal(0))

    def as_result(self) -> dict[str, Any]:
        """For the module's result. Numbers are strings: JSON's own would not keep them exact."""
        return {
            "title": self.title,
            "lines": [_record(line) for line in self.lines],
            "monthly": plain(self.monthly),
            "monthly_rounded": plain(cents(self.monthly)),
            "yearly": plain(self.monthly * MONTHS),
            "yearly_rounded": plain(cents(self.monthly * MONTHS)),
            "yearly_of_rounded_month": plain(cents(self.monthly) * MONTHS),
        }


def cents(usd: Decimal) -> Decimal:
    return usd.quantize(CENT, ROUND_HALF_UP)


def plain(number: Decimal) -> str:
    """A number without an exponent and without idle zeros, but with cents: 8.80, 1.533, 440.00."""
    text = f"{number:f}"
    whole, _, fraction = text.partition(".")
    return f"{whole}.{fraction.rstrip('0').ljust(2, '0')}"


def estimate(title: str, usage: Iterable[Mapping[str, Any]], price: Callable[[str, str], Price]) -> Estimate:
    """Price what is used in a month: each has `service`, `item` and `quantity`. Raises ModuleError."""
    lines = [
        Line(
            amount(str(each["quantity"]), f"quantity of {each['service']} {each['item']}"),
            price(each["service"], each["item"]),
        )
        for each in usage
    ]
    if not lines:
        raise ModuleError(f"usage of {title!r}: it is empty. Name what is used in a month.")
    return Estimate(title, lines)


def as_table(estimates: Sequence[Estimate]) -> str:
    """For people: a block for each estimate, columns aligned over all of them."""
    blocks = [[_cells(line) for line in each.lines] for each in estimates]
    rows = [HEADING, *(row for block in blocks for row in block)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADING))]
    text: list[str] = []
    for each, block in zip(estimates, blocks, strict=True):
        yearly = each.monthly * MONTHS
        total = ("total", "", "", "", "", plain(cents(each.monthly)), plain(cents(yearly)))
        rule = "-" * (sum(widths) + 2 * (len(widths) - 1))
        text += [each.title, rule, *(_aligned(row, widths) for row in (HEADING, *block)), rule]
        text += [_aligned(total, widths), *_remark(each), ""]
    return "\n".join(text)


def as_csv(estimates: Sequence[Estimate]) -> str:
    """For spreadsheets: a row for each line of each estimate."""
    names = ["estimate", *_record(estimates[0].lines[0])]
    output = io.StringIO()
    writer = csv.DictWriter(output, names, lineterminator="\n")
    writer.writeheader()
    for each in estimates:
        writer.writerows({"estimate": each.title, **_record(line)} for line in each.lines)
    return output.getvalue()


def _record(line: Line) -> dict[str, str]:
    price = line.price
    return {
        "region": price.region,
        "service": price.service,
        "item": price.item,
        "quantity": f"{line.quantity:f}",
        "unit": price.unit,
        "usd_a_unit": f"{price.usd:f}",
        "monthly": plain(line.monthly),
        "yearly": plain(line.monthly * MONTHS),
        "source": price.source,
        "date": price.date,
    }


def _cells(line: Line) -> tuple[str, ...]:
    record = _record(line)
    yearly = plain(cents(line.monthly * MONTHS))
    names = ("service", "item", "quantity", "unit", "usd_a_unit", "monthly")
    return (*(record[name] for name in names), yearly)


def _aligned(cells: Sequence[str], widths: Sequence[int]) -> str:
    padded = [
        cell.rjust(width) if column in NUMBERS else cell.ljust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()


def _remark(each: Estimate) -> list[str]:
    """Twelve rounded months are another sum than a year, and people calculate both ways."""
    rounded = cents(each.monthly) * MONTHS
    if rounded == cents(each.monthly * MONTHS):
        return []
    return [f"(12 x {plain(cents(each.monthly))}, the rounded month, is {plain(rounded)})"]
