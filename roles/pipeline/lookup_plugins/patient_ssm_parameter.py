# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""amazon.aws.ssm_parameter, asked again where the way to AWS failed.

Lookups run in the controller: neither the environment of plays nor the tries of tasks reach them.
"""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: patient_ssm_parameter
short_description: Read a parameter of Systems Manager again where the way to AWS failed
description:
  - Asks the lookup P(amazon.aws.ssm_parameter#lookup), with all its options, several times where it fails.
options: {}
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
"""

import re
import time
from typing import Any

from ansible.plugins.loader import lookup_loader
from ansible.plugins.lookup import LookupBase

PLUGIN = "amazon.aws.ssm_parameter"
PAUSES = (1, 2, 4)  # seconds between tries
# What another try would meet again. All else is tried: half an answer ends as whatever its reader stumbles
# over.
FINAL = re.compile(
    r"NotFound|Denied|Expired|[Cc]redentials|InvalidClientTokenId|UnrecognizedClient|Could not connect"
)


class LookupModule(LookupBase):  # type: ignore[misc] # Ansible has no types
    """What Ansible loads."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **options: Any) -> list[Any]:  # noqa: ANN401 - as the plugin's
        """What the parameters hold. Raises what the last try raised."""
        for pause in (*PAUSES, None):
            plugin = lookup_loader.get(PLUGIN, loader=self._loader, templar=self._templar)
            try:
                held: list[Any] = plugin.run(terms, variables, **options)
            except Exception as error:
                if pause is None or FINAL.search(str(error)):
                    raise
                time.sleep(pause)
            else:
                return held
        raise AssertionError  # the last try returns or raises
