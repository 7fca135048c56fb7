# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""amazon.aws.aws_ec2, asked again where the way to AWS failed.

Inventory is read before there is a play: neither the environment of plays nor the tries of tasks reach it.
"""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: patient_aws_ec2
short_description: Read an aws_ec2.yml again where the way to AWS failed
description:
  - Reads what is written for P(amazon.aws.aws_ec2#inventory) with that plugin, several times where it fails.
  - ansible.cfg puts it before the plugin C(auto), which would read it once.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
"""

import time
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleError
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.plugins.loader import inventory_loader

if TYPE_CHECKING:
    from ansible.inventory.data import InventoryData
    from ansible.parsing.dataloader import DataLoader

PLUGIN = "amazon.aws.aws_ec2"
PAUSES = (1, 2, 4, 4)  # seconds between tries
PASSING = (
    "Unable to parse response",
    "Connection was closed",
    "timeout on endpoint URL",
    "RequestLimitExceeded",
    "InternalError",
    "Unavailable",
)
"""What is said where only the way was at fault, or the service for a moment."""


class InventoryModule(BaseInventoryPlugin):  # type: ignore[misc] # Ansible has no types
    """What Ansible loads."""

    NAME = "patient_aws_ec2"

    def verify_file(self, path: str) -> bool:
        """Whether it is a file for aws_ec2."""
        return bool(super().verify_file(path)) and path.endswith(("aws_ec2.yml", "aws_ec2.yaml"))

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: Any = True) -> None:  # noqa: ANN401 - as the base's
        """Have aws_ec2 read it. Raises what the last try raised."""
        for pause in (*PAUSES, None):
            plugin = inventory_loader.get(PLUGIN)
            if plugin is None:
                raise AnsibleError(f"{path} needs the collection amazon.aws (requirements.yml).")
            try:
                plugin.parse(inventory, loader, path, cache=cache)
            except Exception as error:  # what a cut answer raises has no class of its own
                if pause is None or not any(words in str(error) for words in PASSING):
                    raise
                time.sleep(pause)
            else:
                plugin.update_cache_if_changed()
                return
