# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A group's target tracking policy, which keeps a metric of CloudWatch near a value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..aws.errors import Record, explained, refuse

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..aws.connection import Connection

Client = Any  # boto3-stubs[autoscaling] is not among the dependencies
TRACKING = "TargetTrackingScaling"


@explained("read the scaling policy {PolicyNames[0]} of {AutoScalingGroupName}")
def describe_policies(client: Client, request: Record) -> list[Record]:
    found: list[Record] = client.describe_policies(**request)["ScalingPolicies"]
    return found


@explained("put the scaling policy {PolicyName} of {AutoScalingGroupName}")
def put_policy(client: Client, request: Record) -> None:
    client.put_scaling_policy(**request)


@explained("delete the scaling policy {PolicyName} of {AutoScalingGroupName}")
def delete_policy(client: Client, request: Record) -> None:
    client.delete_policy(**request)


@dataclass(frozen=True)
class TrackingPolicy:
    """What a user asks of one policy."""

    connection: Connection
    group_name: str
    name: str
    state: str = "present"
    target_value: float | None = None
    metric: Mapping[str, Any] = field(default_factory=dict)
    scale_in: bool = True

    already_exists = "none, PutScalingPolicy changes a policy that is there"
    managed = ("PolicyType", "TargetValue", "Metric", "ScaleIn", "Enabled")

    def check(self) -> None:
        """Refuse what AWS would refuse, before any call. Raises ModuleError."""
        refuse(self._problems())

    def _problems(self) -> Iterator[str]:
        if self.state == "present" and (self.target_value or 0) <= 0:
            yield f"target_value is {self.target_value}: allowed is a number greater than 0."

    @property
    def _names(self) -> dict[str, str]:
        return {"AutoScalingGroupName": self.group_name, "PolicyName": self.name}

    def describe(self) -> Record | None:
        """The policy of this group: others have policies of the same name."""
        request = {"AutoScalingGroupName": self.group_name, "PolicyNames": [self.name]}
        found = describe_policies(self.connection.autoscaling, request)
        return normalise(found[0]) if found else None

    def desired(self, _current: Record | None) -> Record | None:
        if self.state == "absent":
            return None
        return normalise({**self._names, **self._request()})

    def _request(self) -> dict[str, Any]:
        dimensions = self.metric.get("dimensions") or {}
        return {
            "PolicyType": TRACKING,
            "Enabled": True,
            "TargetTrackingConfiguration": {
                "TargetValue": self.target_value,
                "DisableScaleIn": not self.scale_in,
                "CustomizedMetricSpecification": {
                    "Namespace": self.metric["namespace"],
                    "MetricName": self.metric["name"],
                    "Statistic": self.metric["statistic"],
                    "Dimensions": [
                        {"Name": key, "Value": str(dimensions[key])} for key in sorted(dimensions)
                    ],
                },
            },
        }

    def apply(self, current: Record | None, wanted: Record | None) -> Record:
        if wanted is not None:
            put_policy(self.connection.autoscaling, {**self._names, **self._request()})
        elif current is not None:
            delete_policy(self.connection.autoscaling, self._names)
        return {}


def normalise(policy: Record) -> dict[str, Any]:
    """What decides of a policy, as AWS tells of it; one of another kind has neither target nor metric."""
    tracking: Record = policy.get("TargetTrackingConfiguration") or {}
    custom: Record = tracking.get("CustomizedMetricSpecification") or {}
    return {
        "PolicyName": policy["PolicyName"],
        "PolicyType": policy.get("PolicyType"),
        "TargetValue": float(tracking.get("TargetValue") or 0),
        "ScaleIn": not tracking.get("DisableScaleIn"),
        "Enabled": bool(policy.get("Enabled", True)),
        "Metric": {
            "Namespace": custom.get("Namespace"),
            "Name": custom["MetricName"],
            "Statistic": custom.get("Statistic"),
            "Dimensions": {each["Name"]: each["Value"] for each in custom.get("Dimensions") or ()},
        }
        if custom.get("MetricName")
        # What AWS has made out of a name of its own, and of mathematics.
        else dict(tracking.get("PredefinedMetricSpecification") or {}),
    }
