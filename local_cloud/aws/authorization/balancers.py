"""What a request to Elastic Load Balancing is about.

AWS's reference has two APIs of one name in one, and some actions with the resources of the older one only. A
request of the newer one names ARNs; one of the older is told by the table of names.
"""

from collections.abc import Mapping
from typing import Any

from local_cloud.aws.authorization.account import Account
from local_cloud.aws.authorization.conditions import listed

Parameters = Mapping[str, Any]


def arns(operation: str, parameters: Parameters, account: Account, *, made: bool = False) -> list[str]:
    """The ARNs that a request to Elastic Load Balancing names, or of what it makes; `made`: of that alone.

    A request of the older API names none.
    """
    start = f"arn:{account.partition}:elasticloadbalancing:{account.region}:{account.id}"
    if operation == "CreateTargetGroup":
        return [f"{start}:targetgroup/{parameters.get('Name')}/*"]
    if operation == "CreateLoadBalancer" and "Name" in parameters:
        kind = {"network": "net", "gateway": "gwy"}.get(str(parameters.get("Type")), "app")
        return [f"{start}:loadbalancer/{kind}/{parameters['Name']}/*"]
    if made and operation == "CreateListener":
        return [f"{str(parameters.get('LoadBalancerArn')).replace(':loadbalancer/', ':listener/')}/*"]
    if made and operation == "CreateRule":
        return [f"{str(parameters.get('ListenerArn')).replace(':listener/', ':listener-rule/')}/*"]
    members = ("LoadBalancerArn", "ListenerArn", "RuleArn", "TargetGroupArn", "ResourceArns")
    return [] if made else [str(arn) for member in members for arn in listed(parameters.get(member))]
