"""How long the service waits, and what it gives its agents. Read anew at every use, so that a
running local cloud (or a test) can change one."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from local_cloud.aws.trail import Tell, untold


def _anything(*_: str) -> bool:
    return True


def _nobody(role_arn: str, region: str, service: str) -> Any:  # noqa: ANN401 - botocore's clients
    raise NotImplementedError(f"{role_arn} calls {service} in {region}: no account answers")


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
    session: str = "CodeDeploy"
    """The name of the service's sessions as a service role."""
    tell: Tell = untold
    """Told of each call that the service would make of another one, and does by itself."""
    client: Callable[[str, str, str], Any] = _nobody
    """A client of another service, in a region, as a service role: ARN, region, botocore's name."""
    calling: Any = field(default_factory=threading.Lock)
    """Held while the service calls another one, and while the account is made anew: no call for the old
    account reaches the new one. Whoever takes it holds no other lock."""
    traffic_interval: float = 0.5
    """How often load balancers are asked whether an instance is in service, or out of it, by now."""
    shuffles_targets: bool = False
    """AWS promises no order of hosts. Here it is that of their launch, or a random one."""
    github_connection: str | None = "local-cloud-github"
    """The GitHub account connection ("token name") that every account has from the start."""
    github_access_token: str | None = None
    """Sent to agents, who authenticate to GitHub with it."""


options = Options()
