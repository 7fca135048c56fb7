"""How healthy a target is after its checks.

Source: "Health checks for Application Load Balancer target groups".

A new target passes with one check; later states change after as many in a row as the thresholds say.
"""

from dataclasses import dataclass

from local_cloud.aws.moto.elbv2.targets import CHECKING, HEALTHY, Health
from local_cloud.hosts.load_balancers.model import HealthCheck


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a check came to; without a reason it passed."""

    reason: str = ""
    description: str = ""


PASSED = Outcome()
TIMED_OUT = Outcome(reason="Target.Timeout", description="Request timed out")
FAILED = Outcome(reason="Target.FailedHealthChecks", description="Health checks failed")


def mismatch(code: int | str) -> Outcome:
    return Outcome(
        reason="Target.ResponseCodeMismatch", description=f"Health checks failed with these codes: [{code}]"
    )


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A target's health, and how often in a row it passed or failed since it became so."""

    health: Health = CHECKING
    passed: int = 0
    failed: int = 0
    since: float = 0.0
    """When it became healthy."""

    @property
    def is_healthy(self) -> bool:
        return self.health.state == HEALTHY.state


def after(before: Checked, outcome: Outcome, check: HealthCheck, now: float) -> Checked:
    """The health after one more check."""
    if outcome is PASSED:
        passed = before.passed + 1
        is_enough = before.health.state == CHECKING.state or passed >= check.healthy
        if before.is_healthy:
            return Checked(health=HEALTHY, passed=passed, since=before.since)
        if is_enough:
            return Checked(health=HEALTHY, passed=passed, since=now)
        return Checked(health=before.health, passed=passed)
    failed = before.failed + 1
    if failed >= check.unhealthy or before.health.state == "unhealthy":
        return Checked(health=Health("unhealthy", outcome.reason, outcome.description), failed=failed)
    return Checked(health=before.health, failed=failed, since=before.since)


def weight(checked: Checked, slow_start: float, now: float, full: int) -> int:
    """Of a healthy target's share: in slow start it grows evenly from a tenth to all of it."""
    if slow_start <= 0 or now >= checked.since + slow_start:
        return full
    return max(full // 10, round(full * (now - checked.since) / slow_start))


def matches(code: int, matcher: str) -> bool:
    """Is a code among `200,202-299`?"""
    for part in matcher.split(","):
        first, _, last = part.strip().partition("-")
        if first.isdigit() and int(first) <= code <= int(last or first):
            return True
    return False
