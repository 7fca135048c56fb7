"""CloudWatch's counts of healthy hosts where there are no hosts: otherwise local_cloud/hosts sends them.

Source: "CloudWatch metrics for your Application Load Balancer": told as long as there are registered targets.
"""

from typing import Any

from moto.cloudwatch.models import MetricDatum
from moto.core.common_models import CloudWatchMetricProvider
from moto.core.utils import utcnow
from moto.elbv2.models import elbv2_backends

from local_cloud.aws.metric_namespaces import BALANCERS
from local_cloud.aws.moto.elbv2.targets import are_asked


class HostCounts(CloudWatchMetricProvider):
    """moto asks each subclass of CloudWatchMetricProvider at each question for metrics."""

    @staticmethod
    def get_cloudwatch_metrics(account_id: str, region: str) -> list[MetricDatum]:
        if are_asked():
            return []
        backend: Any = elbv2_backends[account_id][region]
        return [
            MetricDatum(
                namespace=BALANCERS[balancer.partition("/")[0]],
                name=name,
                value=count,
                dimensions=[
                    {"Name": "TargetGroup", "Value": group.arn.rpartition(":")[2]},
                    {"Name": "LoadBalancer", "Value": balancer},
                ],
                timestamp=utcnow().replace(second=0, microsecond=0),
                unit="Count",
            )
            for group in backend.target_groups.values()
            if group.targets
            for balancer in {arn.partition(":loadbalancer/")[2] for arn in group.load_balancer_arns}
            for name, count in (("HealthyHostCount", len(group.targets)), ("UnHealthyHostCount", 0))
            if balancer.partition("/")[0] in BALANCERS
        ]
