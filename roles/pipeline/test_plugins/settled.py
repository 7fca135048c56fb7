# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether another try of a task could end otherwise, because only the way to AWS was at fault.

botocore tries a call again whose answer does not come, but no answer that came cut; and a try whose effect
it does not know makes the next one fail, for the thing is there, or gone. The modules of amazon.aws find that
out when they run again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

TOLD = (
    # Of Route 53, and of IAM where an instance profile has its role already.
    "but it already exists",
    "but it was not found",
    "Cannot exceed quota for InstanceSessionsPerInstanceProfile",
)
"""Words that say more than the code with them."""
SPOILT = ("Unable to parse response", "IncompleteRead")
UNREACHED = (
    "ConnectionClosedError",
    "Connection was closed before we received a valid response",
    "Connection reset by peer",
    "Read timeout on endpoint URL",
    "Connect timeout on endpoint URL",
)
OVERLOADED = (
    "InternalError",
    "InternalFailure",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "SlowDown",
    "Throttling",
    "Unavailable",
)
THERE = (
    "BucketAlreadyOwnedByYou",
    "EntityAlreadyExists",
    "InvalidGroup.Duplicate",
    "InvalidKeyPair.Duplicate",
    "InvalidPermission.Duplicate",
    "Resource.AlreadyAssociated",
)
GONE = (
    "InvalidAllocationID.NotFound",
    "InvalidGroup.NotFound",
    "InvalidKeyPair.NotFound",
    "InvalidPermission.NotFound",
    "NoSuchBucket",
    "NoSuchEntity",
)
CODES = "|".join(re.escape(code) for code in OVERLOADED + THERE + GONE)
PASSING = re.compile(
    rf"\b(?:{CODES})\b|"
    + "|".join(re.escape(words) for words in SPOILT + UNREACHED + TOLD)
    # ec2_security_group says of a rule that it failed, and keeps AWS's reason to itself.
    + r"|: Failed to [a-z ]+$",
    re.MULTILINE,
)


def settled(result: Mapping[str, Any]) -> bool:
    """Succeeded, or failed for a reason that another try would meet again."""
    if not result.get("failed"):
        return True
    # What a module that crashed said, as of a cut answer, ansible-core adds when the last try is over.
    if "msg" not in result:
        return False
    said = "\n".join(str(result.get(name) or "") for name in ("msg", "exception", "module_stderr", "error"))
    return PASSING.search(said) is None


def possibly_changed(result: Mapping[str, Any]) -> bool:
    """Changed something, or was tried again: the last try of several finds what an earlier one has changed.

    Of a loop any of its results.
    """
    results = result.get("results", [result])
    return any(each.get("changed") or each.get("attempts", 1) > 1 for each in results)


class TestModule:
    """What Ansible loads."""

    def tests(self) -> dict[str, Callable[..., bool]]:
        return {"possibly_changed": possibly_changed, "settled": settled}
