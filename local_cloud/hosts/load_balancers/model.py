"""What load balancers are asked to do, without a word about who does it.

Read from moto's account (`account.py`); haproxy's configuration, health checks and metrics are made of it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from local_cloud.aws.moto.elbv2.targets import Health

Field = Literal[
    "host-header", "path-pattern", "http-header", "http-request-method", "query-string", "source-ip"
]


@dataclass(frozen=True, kw_only=True)
class Condition:
    """One condition of a rule; one of `values` is enough. `*` and `?` are wildcards where AWS has them."""

    field: Field
    values: tuple[str, ...]
    """Of a query string `KEY=VALUE` or `=VALUE`, where the key is any."""
    header: str = ""


@dataclass(frozen=True, kw_only=True)
class Forward:
    """To one of target groups, by weight. `sticky`: for how many seconds a client stays with a group."""

    groups: tuple[tuple[str, int], ...]
    """ARN and weight."""
    sticky: int = 0


@dataclass(frozen=True, kw_only=True)
class Redirect:
    """Parts may hold `#{protocol}`, `#{host}`, `#{port}`, `#{path}`, `#{query}`."""

    status: int
    protocol: str = "#{protocol}"
    host: str = "#{host}"
    port: str = "#{port}"
    path: str = "/#{path}"
    query: str = "#{query}"


@dataclass(frozen=True, kw_only=True)
class FixedResponse:
    status: int
    content_type: str = "text/plain"
    body: str = ""


@dataclass(frozen=True, kw_only=True)
class Unsupported:
    """What needs a service that is not here (Cognito, OIDC): answered with an error."""

    kind: str


Action = Forward | Redirect | FixedResponse | Unsupported


@dataclass(frozen=True, kw_only=True)
class Rule:
    priority: int
    """0 is the default rule, which is asked last."""
    conditions: tuple[Condition, ...] = ()
    action: Action


@dataclass(frozen=True, kw_only=True)
class TlsPolicy:
    """A security policy, in OpenSSL's names."""

    lowest: str = "TLSv1.2"
    highest: str = "TLSv1.3"
    ciphers: str = ""
    suites: str = ""


@dataclass(frozen=True, kw_only=True)
class Listener:
    key: str
    """The last part of its ARN."""
    protocol: str
    """HTTP, HTTPS, TCP or TLS."""
    port: int
    rules: tuple[Rule, ...]
    """As they are asked."""
    certificates: tuple[str, ...] = ()
    """PEM, each with its chain and its private key; the first one is the default."""
    policy: TlsPolicy = TlsPolicy()

    @property
    def is_tls(self) -> bool:
        return self.protocol in {"HTTPS", "TLS"}


@dataclass(frozen=True, kw_only=True)
class Node:
    """A load balancer's interface in one of its subnets."""

    interface: str
    """Its id."""
    zone: str
    private: str
    public: str | None
    mac: str

    @property
    def addresses(self) -> tuple[str, ...]:
        return (self.private, self.public) if self.public else (self.private,)


@dataclass(frozen=True, kw_only=True)
class Balancer:
    key: str
    """The last part of its ARN."""
    name: str
    """`app/NAME/ID` or `net/NAME/ID`."""
    account: str
    region: str
    nodes: tuple[Node, ...]
    listeners: tuple[Listener, ...]
    attributes: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_http(self) -> bool:
        return self.name.startswith("app/")

    def says(self, attribute: str, default: str = "false") -> str:
        return self.attributes.get(attribute) or default


@dataclass(frozen=True, kw_only=True)
class HealthCheck:
    """`port` is 0 where it is the target's own; `matcher` are the codes of success, as `200,202-299`."""

    protocol: str = "HTTP"
    port: int = 0
    path: str = "/"
    interval: float = 30
    timeout: float = 5
    healthy: int = 5
    unhealthy: int = 2
    matcher: str = "200"


@dataclass(frozen=True, kw_only=True)
class Target:
    """`unused`: why nothing is sent there, whatever its checks say. `leaving`: it drains."""

    target_id: str
    address: str
    port: int
    unused: Health | None = None
    leaving: bool = False


@dataclass(frozen=True, kw_only=True)
class Stickiness:
    """By a cookie of the load balancer (AWSALB), or of the application named `cookie`."""

    seconds: int
    cookie: str = ""


@dataclass(frozen=True, kw_only=True)
class Group:
    """A target group that some load balancer forwards to."""

    arn: str
    name: str
    """`targetgroup/NAME/ID`."""
    protocol: str
    version: str = "HTTP1"
    algorithm: str = "round_robin"
    stickiness: Stickiness | None = None
    slow_start: float = 0
    check: HealthCheck = HealthCheck()
    targets: tuple[Target, ...] = ()

    @property
    def key(self) -> str:
        """The last part of its ARN."""
        return self.arn.rpartition("/")[2]


@dataclass(frozen=True, kw_only=True)
class Account:
    """All load balancers, of every region, and the groups that they forward to, by ARN."""

    balancers: tuple[Balancer, ...] = ()
    groups: Mapping[str, Group] = field(default_factory=dict)


def groups_of(balancer: Balancer) -> tuple[str, ...]:
    """The ARNs of the groups that a load balancer forwards to, each once."""
    return tuple(
        dict.fromkeys(
            arn
            for listener in balancer.listeners
            for rule in listener.rules
            if isinstance(rule.action, Forward)
            for arn, _ in rule.action.groups
        )
    )
