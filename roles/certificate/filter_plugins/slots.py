# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When each of several hosts that share the record of a challenge renews: apart from all others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

HOURS = 6
RUN = 11
"""Minutes for a run: TimeoutStartSec of renew-certificate.service, and one that systemd may be late."""
DAY = 24 * 60


def renewal_slot(host: str, peers: Iterable[str]) -> dict[str, Any]:
    """The calendar (systemd.time) of a host, and the minutes of delay after which its run still ends in time.

    Each has a slot of every six hours, of more where a run would not fit in it.
    """
    hosts = sorted(set(peers))
    every = next(each for each in (HOURS * 60, DAY // 2, DAY) if each >= len(hosts) * RUN or each == DAY)
    length = every // len(hosts)
    begins = hosts.index(host) * length
    times = [f"{at // 60:02}:{at % 60:02}" for at in range(begins, DAY, every)]
    return {"calendar": [f"*-*-* {at}:00" for at in times], "delay": max(0, length - RUN)}


class FilterModule:
    """How Ansible finds it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"renewal_slot": renewal_slot}
