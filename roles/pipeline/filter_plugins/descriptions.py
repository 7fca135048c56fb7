# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the description of a deployment tells: what came, and who started it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

LONGEST = 256  # characters that CodeDeploy takes
SHORT = 12  # digits of a commit


def deployment_description(who: str, repository: str, commit: str) -> str:
    """`REPOSITORY@COMMIT by WHO`; too long, without the repository, which the revision names too."""
    whole = f"{repository}@{commit} by {who}"
    return whole if len(whole) <= LONGEST else f"{commit[:SHORT]} by {who}"[:LONGEST]


class FilterModule:
    """How Ansible finds it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"deployment_description": deployment_description}
