"""What the command line shows in columns."""

from collections.abc import Iterator
from typing import Any


def status_lines(status: dict[str, Any]) -> Iterator[str]:
    """Endpoints, a table of the hosts, and of what security groups did."""
    yield f"AWS     {status['endpoint']}"
    yield f"GitHub  {status['github']}"
    yield f"calls   {status['requests']}, {status['mutating_requests']} of them writes"
    if status["enforce_iam"]:
        yield "IAM     policies are enforced"
    if acme := status["acme"]:
        yield f"ACME    {acme['directory']}, to hosts {acme['directory_on_hosts']}"
        yield f"        its authority: {acme['authorities']}"
    yield from table(status["hosts"])
    yield from table(status.get("load_balancers", []))
    groups = status.get("security_groups")
    if groups and groups["problem"]:
        yield f"security groups do not filter as they are: {groups['problem']}"
    elif groups and groups["rules"]:
        yield "packets that rules of security groups let through, and that none did:"
        yield from table(groups["rules"])
        yield from table(groups["dropped"])


def table(rows: list[dict[str, Any]]) -> Iterator[str]:
    """Dictionaries of the same keys, below these; nothing where there are none."""
    if rows:
        cells = [list(rows[0]), *[[str(value) for value in row.values()] for row in rows]]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        for row in cells:
            yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
