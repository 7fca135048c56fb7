# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The regions in which the inventory looks for instances, from the configuration of its plugin."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from ansible.plugins.lookup import LookupBase

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

CONFIGURATION = "aws_ec2.yml"


def regions(sources: Iterable[str]) -> list[str]:
    """What the sources of the inventory name, each once; a template is left to its author."""
    found: dict[str, None] = {}
    for source in map(Path, sources):
        path = source / CONFIGURATION if source.is_dir() else source
        if path.name == CONFIGURATION and path.is_file():
            named = yaml.safe_load(path.read_text(encoding="utf-8")).get("regions") or []
            found |= dict.fromkeys(each for each in named if "{{" not in each)
    return list(found)


class LookupModule(LookupBase):  # type: ignore[misc] # ansible has no types
    """How Ansible finds it."""

    def run(self, _terms: list[str], variables: Mapping[str, Any] | None = None, **_: object) -> list[str]:
        return regions((variables or {}).get("ansible_inventory_sources", []))
