# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The names by which a host finds CodeDeploy, in every partition of AWS: pure."""

from __future__ import annotations

DOMAINS = (
    ("cn-", "amazonaws.com.cn"),
    ("eusc-", "amazonaws.eu"),
    ("us-iso-", "c2s.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov"),
    ("us-isof-", "csp.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk"),
)
"""The partitions that have a domain of their own, by the beginnings of their regions."""


def domain(region: str) -> str:
    """The DNS suffix of a region's partition."""
    return next((suffix for start, suffix in DOMAINS if region.startswith(start)), "amazonaws.com")


def bucket_url(region: str) -> str:
    """Where AWS offers the agent in a region."""
    return f"https://aws-codedeploy-{region}.s3.{region}.{domain(region)}"


def commands_host(region: str, *, secure: bool = False) -> str:
    """Where the agent polls; `secure` is the endpoint that asks IAM (enable_auth_policy)."""
    return f"codedeploy-commands{'-secure' if secure else ''}.{region}.{domain(region)}"
