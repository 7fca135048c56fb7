# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Watching one instance refresh to its end, with every piece of news told once.

News are of the kind `refresh`: `target` (the group), `refresh_id`, `status`, `percentage`, `left` (hosts to
replace), `reason`; and of the kind `activity`, a launch or an end that failed: `message`.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..aws.errors import PASSING
from ..aws.waiters import until_usable
from . import refreshes

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..aws.errors import Record

# A long wait outlives what passes: the refresh goes on whether we see it or not.
PASSING_SECONDS = 60
FIRST_PAUSE, LONGEST_PAUSE = 1.0, 10.0
BAD = frozenset({"Failed", "Cancelled"})


class Watch:
    """What is known of one instance refresh."""

    def __init__(self, client: Any, group: str, identifier: str, tell: Callable[[Record], None]) -> None:  # noqa: ANN401 - no stubs
        """`tell` hears every piece of news once, in order."""
        self.refresh: Record = {}
        self.failed: list[str] = []
        """What hosts failed with, each kind once."""
        self._client = client
        self._group = group
        self._identifier = identifier
        self._tell = tell
        self._told: Record = {}
        self._activities: set[str] = set()

    @property
    def over(self) -> bool:
        return self.refresh.get("Status", "Pending") not in refreshes.ACTIVE

    def look(self) -> None:
        """Bring everything up to date. Raises ModuleError."""
        [self.refresh] = refreshes.describe_refreshes(
            self._client,
            {"AutoScalingGroupName": self._group, "InstanceRefreshIds": [self._identifier]},
        )
        self._look_at_activities()
        news = _news(self.refresh)
        if news != self._told:
            self._told = news
            self._tell(news)

    def _look_at_activities(self) -> None:
        began = self.refresh.get("StartTime")
        found = refreshes.describe_activities(
            self._client, {"AutoScalingGroupName": self._group, "MaxRecords": 100}
        )
        for each in reversed(found):
            is_ours = began is None or each["StartTime"] >= began
            if is_ours and each["StatusCode"] in BAD and each["ActivityId"] not in self._activities:
                self._activities.add(each["ActivityId"])
                message = f"{each.get('Description', '')}: {each.get('StatusMessage', '')}".rstrip(": .")
                self.failed = list(dict.fromkeys([*self.failed, message]))
                self._tell({"kind": "activity", "message": message})


def _news(refresh: Record) -> dict[str, Any]:
    return {
        "kind": "refresh",
        "target": refresh["AutoScalingGroupName"],
        "refresh_id": refresh["InstanceRefreshId"],
        "status": refresh["Status"],
        "percentage": refresh.get("PercentageComplete", 0),
        "left": refresh.get("InstancesToUpdate", 0),
        "reason": "" if refresh["Status"] == refreshes.GOOD else refresh.get("StatusReason", ""),
    }


def until_over(watch: Watch, *, deadline: float) -> bool:
    """Look until the refresh has ended; False where `deadline` (time.monotonic) came first."""
    pause = FIRST_PAUSE
    while True:
        left = deadline - time.monotonic()
        until_usable(watch.look, codes=PASSING, timeout=min(max(left, 0), PASSING_SECONDS))
        if watch.over:
            return True
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(left, pause))
        # A refresh takes minutes, and DescribeScalingActivities is throttled early.
        pause = min(LONGEST_PAUSE, pause * 1.2)
