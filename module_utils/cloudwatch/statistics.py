# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A statistic of a metric, period by period."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from ..aws.errors import ModuleError, Record, explained, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Client = Any  # boto3-stubs[cloudwatch] is not among the dependencies
MINUTE = 60  # seconds
SKEW = timedelta(minutes=5)
"""AWS takes requests of clocks that are off by less, and times that it told may be ahead of ours."""
MOST = 1440
"""As many datapoints GetMetricStatistics answers with."""


@explained("get the statistics of {Namespace} {MetricName}")
def get_metric_statistics(client: Client, request: Record) -> list[Record]:
    found: list[Record] = client.get_metric_statistics(**request)["Datapoints"]
    return found


def moment(text: str) -> datetime:
    """Of ISO 8601, in UTC where it names no time zone. Raises ModuleError."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        message = f"since is {text!r}: a time is wanted, such as 2026-01-31T12:00:00+00:00."
        raise ModuleError(message) from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Statistic:
    """What is asked. `since` is ISO 8601, `period` in seconds."""

    namespace: str
    metric_name: str
    statistic: str
    since: str
    period: int = MINUTE
    dimensions: Mapping[str, str] = field(default_factory=dict)

    def datapoints(self, client: Client, now: datetime) -> list[dict[str, Any]]:
        """Of the periods that ended after `since`, the first one first; `timestamp` is a period's begin.

        Raises ModuleError.
        """
        since = moment(self.since)
        refuse(self._problems(since, now))
        request = {
            "Namespace": self.namespace,
            "MetricName": self.metric_name,
            "Dimensions": [{"Name": name, "Value": value} for name, value in self.dimensions.items()],
            # CloudWatch files a period by its begin.
            "StartTime": since - timedelta(seconds=self.period),
            "EndTime": max(now, since) + timedelta(seconds=self.period),
            "Period": self.period,
            "Statistics": [self.statistic],
        }
        found = sorted(get_metric_statistics(client, request), key=lambda each: each["Timestamp"])
        return [
            {"timestamp": each["Timestamp"].isoformat(), "value": each[self.statistic]}
            for each in found
            if each["Timestamp"] + timedelta(seconds=self.period) > since
        ]

    def _problems(self, since: datetime, now: datetime) -> Iterator[str]:
        if self.period < MINUTE or self.period % MINUTE:
            yield f"period is {self.period}: allowed are multiples of {MINUTE} seconds."
        elif since > now + SKEW:
            yield f"since is {self.since}, which is yet to come."
        elif (now - since).total_seconds() / self.period > MOST - 1:
            yield (
                f"From {self.since} until now there are more than {MOST} periods of {self.period} seconds:"
                " CloudWatch answers with no more. Set since to a later time, or a longer period."
            )
