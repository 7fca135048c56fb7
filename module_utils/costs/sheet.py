# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A price sheet: CSV with a heading, lines that begin with # left out.

    region,service,item,unit,usd,source,date
    us-east-1,Amazon EC2,t3a.nano,hour,0.0047,https://aws.amazon.com/ec2/pricing/on-demand/,2026-11-22

The region `global` is a price that is the same everywhere.
"""

from __future__ import annotations

import csv
import datetime as dt
import difflib
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING

from ..aws.errors import ModuleError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

COLUMNS = ("region", "service", "item", "unit", "usd", "source", "date")
GLOBAL = "global"


@dataclass(frozen=True)
class Price:
    """What one unit costs, in US dollars."""

    region: str
    service: str
    item: str
    unit: str
    usd: Decimal
    source: str
    date: str


def amount(text: str, what: str) -> Decimal:
    """A number of zero or more. Raises ModuleError that begins with `what`."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or number < 0:
        raise ModuleError(f"{what}: {text!r} is not an amount. Allowed: a number, 0 or more, such as 0.0047.")
    return number


def parse(text: str, name: str) -> list[Price]:
    """The prices of a sheet; `name` is what it is called in errors. Raises ModuleError."""
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line and line[0] != "#"]
    rows = csv.reader(line for _, line in lines)
    heading = tuple(next(rows, ()))
    if heading != COLUMNS:
        raise ModuleError(
            f"{name}: the heading is {','.join(heading)!r}. It has to be {','.join(COLUMNS)!r}."
        )
    return [_price(f"{name}, line {number}", row) for (number, _), row in zip(lines[1:], rows, strict=True)]


def _price(where: str, row: Sequence[str]) -> Price:
    if len(row) != len(COLUMNS) or not all(row):
        raise ModuleError(f"{where}: every one of the columns {', '.join(COLUMNS)} has to be filled in.")
    cells = dict(zip(COLUMNS, row, strict=True))
    try:
        dt.date.fromisoformat(cells["date"])
    except ValueError:
        raise ModuleError(f"{where}: {cells['date']!r} is not a date such as 2026-11-22.") from None
    usd = amount(cells.pop("usd"), f"{where}, usd")
    return Price(usd=usd, **cells)


def find(prices: Iterable[Price], region: str, service: str, item: str) -> Price:
    """The one price of an item in a region. Raises ModuleError that names what is known instead."""
    of_item = [each for each in prices if (each.service, each.item) == (service, item)]
    fitting = [each for each in of_item if each.region in {region, GLOBAL}]
    if len(fitting) == 1:
        return fitting[0]
    wanted = f"the price of {service} {item} in {region}"
    if fitting:
        raise ModuleError(f"The price sheet has {wanted} {len(fitting)} times: leave one.")
    way_out = "Add the line to the price sheet, or ask AWS with prices=live."
    if of_item:
        regions = ", ".join(sorted({each.region for each in of_item}))
        raise ModuleError(f"The price sheet has not {wanted}. It knows it in {regions}. {way_out}")
    raise ModuleError(f"The price sheet has not {wanted}. {_known(prices, service, item)} {way_out}")


def _known(prices: Iterable[Price], service: str, item: str) -> str:
    """What there is of a service, nearest first; else which services there are."""
    items = sorted({each.item for each in prices if each.service == service})
    if not items:
        return f"It knows the services {', '.join(sorted({each.service for each in prices}))}."
    near = difflib.get_close_matches(item, items, n=1)
    guess = f"Did you mean {near[0]}? " if near else ""
    return f"{guess}Of {service} it knows {', '.join(items)}."
