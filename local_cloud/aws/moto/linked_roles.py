"""The roles that services make for themselves in an account that has none, when somebody first needs them."""

from typing import Any

from moto.iam.models import SERVICE_NAME_CONVERSION, iam_backends

DESCRIPTIONS = {
    "autoscaling": "Default Service-Linked Role enables access to AWS Services and Resources used or managed"
    " by Auto Scaling",
    "elasticloadbalancing": "Allows ELB to call AWS services on your behalf.",
}
"""The service of an ARN -> what is said of its role."""

# Of the roles' names moto knows three; the others have the service's as it is.
SERVICE_NAME_CONVERSION["elasticloadbalancing"] = "ElasticLoadBalancing"


def ensure(service: str, account: str, partition: str) -> None:
    """The account has the service's role from now on."""
    iam: Any = iam_backends[account][partition]
    principal = f"{service}.amazonaws.com"
    if not any(principal in role.path for role in iam.roles.values()):
        iam.create_service_linked_role(principal, DESCRIPTIONS[service], "")
