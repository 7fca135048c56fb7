# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Watching one deployment to its end, with few calls and every piece of news told once."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..aws.errors import PASSING
from ..aws.waiters import until_usable
from . import api
from .progress import deployment_news, target_news
from .targets import FINISHED, batches, flatten

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_codedeploy import CodeDeployClient

    from ..aws.errors import Record

ACTIVE = frozenset({"Created", "Queued", "InProgress", "Baking", "Ready"})
# A long wait outlives what passes: the deployment goes on whether we see it or not.
PASSING_SECONDS = 60


class Watch:
    """What is known of one deployment and its targets; each `look` asks only for what may have changed."""

    def __init__(self, client: CodeDeployClient, deployment_id: str, tell: Callable[[Record], None]) -> None:
        """`tell` hears every piece of news once, in order."""
        self.deployment: Record = {"deploymentId": deployment_id}
        self.targets: dict[str, dict[str, Any]] = {}
        self._client = client
        self._request = {"deploymentId": deployment_id}
        self._tell = tell

    @property
    def over(self) -> bool:
        """Whether waiting longer is of no use: it has ended, or it waits for somebody to continue it."""
        status = self.deployment.get("status", "Created")
        return status not in ACTIVE or (status == "Ready" and _waits_for_a_person(self.deployment))

    @property
    def unfinished(self) -> list[str]:
        return sorted(name for name, target in self.targets.items() if target["status"] not in FINISHED)

    def look(self) -> int:
        """Bring everything up to date; returns the number of calls that it took. Raises ModuleError."""
        before = self.deployment.get("status")
        self.deployment = api.get_deployment(self._client, self._request)
        status = self.deployment["status"]
        if status != before and status in ACTIVE:
            self._tell(deployment_news(self.deployment))
        calls = 1 if status == "Created" else 1 + self._look_at_targets()
        # The end of the deployment is told after the end of its targets.
        if status != before and status not in ACTIVE:
            self._tell(deployment_news(self.deployment))
        return calls

    def _look_at_targets(self) -> int:
        listed = api.list_deployment_targets(self._client, self._request) or []
        wanted = [name for name in listed if self.targets.get(name, {}).get("status") not in FINISHED]
        for names in batches(wanted):
            for found in api.batch_get_deployment_targets(
                self._client, {**self._request, "targetIds": names}
            ):
                target = flatten(found)
                known = self.targets.get(target["targetId"], {})
                self.targets[target["targetId"]] = target
                for news in target_news(known, target, self.targets.values(), total=len(listed)):
                    self._tell(news)
        return 1 + len(list(batches(wanted)))


def until_over(watch: Watch, *, deadline: float) -> bool:
    """Look until the deployment is over; False where `deadline` (time.monotonic) came first.

    Looks at least every second while that costs few calls, more rarely with many hosts.
    """
    while True:
        left = deadline - time.monotonic()
        calls = until_usable(watch.look, codes=PASSING, timeout=min(max(left, 0), PASSING_SECONDS))
        if watch.over:
            return True
        left = deadline - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(left, max(0.5, min(10, calls * 0.15))))


def _waits_for_a_person(deployment: Record) -> bool:
    blue_green = deployment.get("blueGreenDeploymentConfiguration") or {}
    return (blue_green.get("deploymentReadyOption") or {}).get("actionOnTimeout") == "STOP_DEPLOYMENT"
