# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which partition of AWS a region is in, as botocore knows it."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from botocore.endpoint_provider import RuleSetStandardLibrary
from botocore.loaders import create_loader

if TYPE_CHECKING:
    from collections.abc import Callable


@cache
def partition(region: str) -> str:
    """`aws`, `aws-cn`, `aws-eusc` ...; a region that nobody knows is in `aws`."""
    known = RuleSetStandardLibrary(create_loader().load_data("partitions"))
    return str(known.aws_partition(region)["name"])


class FilterModule:
    """How Ansible finds it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"aws_partition": partition}
