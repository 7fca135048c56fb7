"""What the local cloud can be told, in one place.

Every part is given the same `Settings`; nothing else in `local_cloud` reads the
environment or knows a port, an address or a folder.
"""

from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
HOME = PACKAGE.parent if (PACKAGE / "pyproject.toml").exists() else Path.cwd()
"""Where state and caches lie: the checkout, or where it is started that was installed from a wheel."""
IMPERSONATED = ("amazonaws.com", "amazonaws.com.cn", "github.com", "githubusercontent.com")
"""Domains whose every name is this local cloud, for the hosts on its network."""

ACME_NAME = "acme.local-cloud.test"
"""By which hosts find the certificate authority."""


def is_impersonated(name: str) -> bool:
    """Is the local cloud what hosts reach under this DNS name?"""
    name = name.lower().rstrip(".")
    return any(name == domain or name.endswith(f".{domain}") for domain in IMPERSONATED)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One local cloud.

    Ports are on loopback; 0 lets the system choose one (the real one is in
    `LocalCloud.endpoint_url`). `hosts=False` is the control plane alone: no
    container engine, no network and no root are needed.
    """

    root: Path = HOME
    cache_dir: Path = HOME / ".cache"
    """Outlives the local cloud: images, the local certificate authority."""
    state_dir: Path = HOME / ".local_cloud"
    """Belongs to one run: pid, logs, SSH keys, tokens. Removed by `stop`."""

    address: str = "127.0.0.1"
    aws_port: int = 4580
    github_port: int = 4581

    hosts: bool = True
    host_image: str = ""
    """What Amazon Linux's hosts are made of, as `podman pull` takes it; empty: this machine's packages."""
    image_later: bool = False
    """Whether it answers before the hosts' image is made, for which the first host waits then."""
    gateway: str = "172.31.0.1"
    """The VPC's router and resolver, as hosts know them."""
    network_cidr: str = "172.31.0.0/16"
    """The default VPC's range: a container's address is the instance's private address."""
    public_cidr: str = "198.18.0.0/15"
    """Public and Elastic IPs. Reserved for benchmarks, so never a stranger's."""
    internet: str = "198.19.255.254"
    """This machine as hosts see it, in no VPC: AWS and GitHub under their names, and where the operator
    comes from. The last address of `public_cidr` that could be an Elastic IP."""

    agent_packages: Path | None = None
    """A folder laid out as the bucket `aws-codedeploy-<region>` is, in place of the agent made here."""

    acme_port: int = 14000
    ocsp_port: int = 14001
    """Where the certificate authority and its OCSP responder answer, on `internet`."""
    acme_validity: int = 0
    """Seconds that certificates are valid; 0 is Pebble's own, which is years."""
    acme_binding: tuple[str, str] | None = None
    """The id and the HMAC key of the external account binding that it asks for; None: it asks for none."""

    account_id: str = "123456789012"
    region: str = "us-east-1"
    zone: str = "local-cloud.example."
    """The hosted zone that the account has from the start."""

    iam_propagation_seconds: float = 0.0
    """How long a new role or instance profile cannot be used yet; AWS takes 10 to 30."""
    enforce_iam: bool = False
    """Whether callers may do only what the account's policies allow them."""
    root_access_key: str = "AKIALOCALCLOUDEXAMPL"
    """The account's own key, which no policy bears on. Every other one must be known to IAM or STS
    where policies are enforced."""
    root_secret_key: str = "local-cloud-accepts-any-secret-access-key"  # noqa: S105 - it keeps nobody out
    """Long, so that no tool masks parts of its output as secrets. Only presigned addresses are held to it."""
    autoscaling_speed: float = 1.0
    """How many seconds of grace periods, heartbeats and the like pass in one."""
    agent_timeout: float = 3600.0
    """Seconds that CodeDeploy waits for an agent, to fetch a lifecycle event and to report on one."""
    log_requests: bool = True
    latency: tuple[int, int] = (0, 0)
    """The shortest and the longest time, in milliseconds, that every answer is held back."""
    seed: int | None = None
    """Makes AWS's ids, the order of a deployment's hosts and the latencies the same in every run."""
    pending_instances: bool = False
    """A launched instance is `pending` until its host has started, as on EC2. Off because AWS's waiters
    ask every 15 seconds only."""
    maximum_connections: int = 2048

    @property
    def ca_certificate(self) -> Path:
        """The authority that the hosts trust (PEM); `certificates.ensure_authority` makes it."""
        return self.cache_dir / "ca" / "ca.pem"

    @classmethod
    def in_process(cls, directory: Path) -> "Settings":
        """A control plane for tests: free ports, nothing written outside `directory`."""
        return cls(
            cache_dir=directory / "cache",
            state_dir=directory / "state",
            aws_port=0,
            github_port=0,
            hosts=False,
        )
