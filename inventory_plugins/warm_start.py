# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Is no inventory: begins what has to be there before Ansible reads inventories and playbooks.

The warm interpreter imports on another processor meanwhile. A play gets a copy of each file that it uses, a
template that is looked up one of all variables, and copies share what cannot change: Python's own strings,
numbers and dates, but not Ansible's, which know where they were written besides. Here they share those too.
Before its first play Ansible reads the documentation of all connections, shells and ways to become, so that
workers need not; here it reads that of those that hosts mostly have, and of others when a task needs one.
"""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: warm_start
short_description: Begin what has to be there before playbooks are read
description:
  - Reads no inventory. Ansible loads inventory plugins before it reads playbooks, and nothing else of ours.
  - Starts what P(warm#connection) runs modules in, of a run of C(ansible-playbook).
  - Has C(copy.deepcopy) return Ansible's strings, numbers and dates as they are, as it does with Python's.
  - Has Ansible load, before the first play, the plugins P(ansible.builtin.ssh#connection),
    P(ansible.builtin.local#connection), P(ansible.builtin.sh#shell) and P(ansible.builtin.sudo#become)
    instead of all of their kinds.
options:
  enabled:
    description: Whether it does. Where not, modules run and values are copied as elsewhere.
    type: bool
    default: true
    env:
      - name: PIPELINE_WARM
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
"""

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

from ansible import context
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.plugins.loader import become_loader, connection_loader, shell_loader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

AT_THE_START = ((connection_loader, ("ssh", "local")), (shell_loader, ("sh",)), (become_loader, ("sudo",)))
"""What hosts mostly have. A worker that needs another one reads its documentation itself."""
CANNOT_CHANGE = (str, bytes, int, float, datetime, date, time)


class InventoryModule(BaseInventoryPlugin):  # type: ignore[misc] # Ansible has no types
    """What Ansible loads."""

    NAME = "warm_start"

    def verify_file(self, path: str) -> bool:  # noqa: ARG002 - as the base's
        """Refuse every file, which is another plugin's."""
        if self.get_option("enabled"):
            for kind in tagged():
                kind.__deepcopy__ = itself
            for loader, names in AT_THE_START:
                loader.all = loading(loader, names)
            if runs_tasks():
                self._start()
        return False

    def _start(self) -> None:
        """Start the warm interpreter, where this Ansible and this system have what it takes."""
        try:
            connection = connection_loader.get("warm", class_only=True)
            # Each inventory is asked for.
            if connection.server is None:
                connection.start(place_of_collection())
                self.display.vvv("WARM: the warm interpreter is starting")
        except (AttributeError, OSError) as error:
            self.display.vvv(f"WARM: no warm interpreter was started: {error}")


def runs_tasks() -> bool:
    """Whether this is ansible-playbook, which alone takes --start-at-task, and not only lists or checks."""
    asked = context.CLIARGS
    return "start_at_task" in asked and not any(
        asked.get(name) for name in ("listhosts", "listtasks", "listtags", "syntax")
    )


def place_of_collection() -> str:
    """Where this run has amazon.aws from."""
    try:
        from ansible.utils.collection_loader._collection_finder import _get_collection_path  # noqa: PLC0415

        return str(_get_collection_path("amazon.aws"))
    except (ImportError, ValueError):  # another Ansible, or none is installed: then no module needs it
        return ""


def tagged() -> Iterator[Any]:
    """Ansible's kinds of what cannot change; none where it has others."""
    try:
        from ansible.module_utils._internal._datatag import AnsibleTaggedObject  # noqa: PLC0415 - is private
    except ImportError:
        return
    for kind in AnsibleTaggedObject.__subclasses__():
        if kind.__bases__[0] in CANNOT_CHANGE:
            yield kind


def loading(loader: Any, names: Sequence[str]) -> Callable[..., Iterator[Any]]:  # noqa: ANN401 - has no types
    """The loader's `all`, which gives only these where classes are asked for, as before the first play."""
    every = type(loader).all

    def some(*asked: Any, **how: Any) -> Iterator[Any]:  # noqa: ANN401 - as it is called
        if asked or how != {"class_only": True}:
            return iter(every(loader, *asked, **how))
        return iter([loader.get(name, class_only=True) for name in names])

    return some


def itself(value: Any, _memory: Any) -> Any:  # noqa: ANN401 - as Python calls it
    """The copy of what cannot change."""
    return value
