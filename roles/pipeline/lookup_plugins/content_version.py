# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A version by content: the same files and values have the same one, on every machine."""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: content_version
short_description: Tell a version by the content of folders and of values
description:
  - Returns 12 hexadecimal digits, which change when a file of the folders or one of the values changes.
  - Files count by their path within the folder and their content. What Python compiled does not count, nor do
    C(*.md), which people read.
options:
  _terms:
    description: Folders and files.
    type: list
    elements: path
    required: true
  values:
    description: What else makes another version, in a form that JSON has.
    type: dict
    default: {}
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
"""

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

DIGITS = 12
UNCOUNTED = {".md", ".pyc"}


def version(paths: Iterable[Path], values: Mapping[str, Any]) -> str:
    """Of files, folders and values. Raises FileNotFoundError where there is no such path."""
    digest = hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode())
    for root in paths:
        for path in _files(root):
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"\n{root.name}/{path.relative_to(root)} {content}".encode())
    return digest.hexdigest()[:DIGITS]


def _files(root: Path) -> Iterator[Path]:
    if root.is_file():
        yield root
    elif root.is_dir():
        found = (each for each in root.rglob("*") if each.is_file() and each.suffix not in UNCOUNTED)
        yield from sorted(found, key=lambda each: each.relative_to(root).parts)
    else:
        raise FileNotFoundError(root)


class LookupModule(LookupBase):  # type: ignore[misc] # Ansible has no types
    """What Ansible loads."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **options: Any) -> list[str]:  # noqa: ANN401 - as the plugin's
        """One version of all that is named."""
        self.set_options(var_options=variables, direct=options)
        try:
            return [version(map(Path, terms), self.get_option("values"))]
        except OSError as error:
            raise AnsibleError(f"content_version: {error.filename or error} could not be read") from error
