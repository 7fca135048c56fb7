# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What destroy.yml leaves, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def kept_record(points_to: Sequence[str], record: str) -> list[str]:
    """The A record, where it leads to addresses that are not all the pipeline's."""
    return [f"{record} leads to {', '.join(points_to)}, which is not only ours"] if points_to else []


def kept_provider(users: Sequence[str], url: str) -> list[str]:
    """The OIDC provider, where roles of others trust it."""
    verb = "uses" if len(users) == 1 else "use"
    return [f"the trust in {url}, which {', '.join(users)} {verb}"] if users else []


def kept_settings(found: dict[str, Any] | None, environment: str, repository: str) -> list[str]:
    """The workflow's settings, where another application has them, or nobody could ask for them (None)."""
    if found is None:
        return [f"what the workflow of {repository} was told: there is no GITHUB_TOKEN"]
    owner = found.get("owner") or {}
    name = owner.get("CODEDEPLOY_APPLICATION_NAME")
    return (
        [f"the environment {environment} of {repository}, which is of the application {name}"]
        if owner
        else []
    )


class FilterModule:
    """How Ansible finds them."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"kept_provider": kept_provider, "kept_record": kept_record, "kept_settings": kept_settings}
