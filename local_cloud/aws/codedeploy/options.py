"""How long the service waits, and what it gives its agents. Read anew at every use, so that a
running local cloud (or a test) can change one."""

from collections.abc import Callable
from dataclasses import dataclass


def _anything(*_: str) -> bool:
    return True


@dataclass(kw_only=True)
class Options:
    """Durations are in seconds; the defaults are AWS's."""

    agent_timeout: float = 3600.0
    """Until a host that does not fetch its command has failed."""
    event_timeout: float = 3600.0
    """Until a lifecycle event that the agent does not report on has failed."""
    deployment_timeout: float = 8 * 3600.0
    recheck_interval: float = 2.0
    """How often a running deployment looks at alarms and at whether its instances still exist."""
    redelivery_delay: float = 5.0
    """A command that was handed out, and whose deployment no agent asked about, went to an agent that is
    no more: after this time the next poll gets it again."""
    creation_time: float = 1.0
    """How long a deployment that cannot begin is Created before it has failed."""
    role_propagation: float = 0.0
    """How long a new service role cannot be assumed yet."""
    service_role_may: Callable[[str, str, str, str], bool] = _anything
    """Is a service role (ARN, region) allowed an action on a resource? Asked before the service acts."""
    shuffles_targets: bool = False
    """AWS promises no order of hosts. Here it is that of their launch, or a random one."""
    github_connection: str | None = "local-cloud-github"
    """The GitHub account connection ("token name") that every account has from the start."""
    github_access_token: str | None = None
    """Sent to agents, who authenticate to GitHub with it."""


options = Options()
