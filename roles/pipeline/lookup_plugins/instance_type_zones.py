# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The availability zones that offer an instance type, which no module of amazon.aws tells."""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: instance_type_zones
short_description: List the availability zones that offer an instance type
description:
  - Not every zone of a region offers every type; an Auto Scaling group launches nothing in one that does not.
  - Asks again where the way to AWS failed.
options:
  _terms:
    description: The instance type, such as V(t3a.nano).
    required: true
extends_documentation_fragment:
  - amazon.aws.boto3
  - amazon.aws.common.plugins
  - amazon.aws.region.plugins
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
"""

RETURN = r"""
_raw:
  description: For each instance type, the names of its zones in the region, sorted.
  type: list
  elements: list
"""

from typing import Any

from ansible_collections.amazon.aws.plugins.module_utils.retries import AWSRetry
from ansible_collections.amazon.aws.plugins.plugin_utils.lookup import AWSLookupBase
from botocore.exceptions import BotoCoreError, ClientError


class LookupModule(AWSLookupBase):  # type: ignore[misc] # the collection has no types
    """What Ansible loads."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **options: Any) -> list[Any]:  # noqa: ANN401 - as the base's
        """The zones of each type. Raises AnsibleLookupError where AWS cannot be asked."""
        super().run(terms, variables, **options)
        client = self.client("ec2", AWSRetry.jittered_backoff())
        return [self._zones(client, instance_type) for instance_type in terms]

    def _zones(self, client: Any, instance_type: str) -> list[str]:  # noqa: ANN401 - no stubs
        request = {
            "LocationType": "availability-zone",
            "Filters": [{"Name": "instance-type", "Values": [instance_type]}],
        }
        try:
            # A region has some six zones: they come at once.
            found = client.describe_instance_type_offerings(aws_retry=True, **request)
        except (BotoCoreError, ClientError) as error:
            self.fail_aws(f"Cannot list the zones of {instance_type}", exception=error)
        zones: list[str] = sorted(each["Location"] for each in found["InstanceTypeOfferings"])
        return zones
