# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keeps for a run what each utility imports: Ansible would parse all of them again for every module."""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: kept_imports
type: aggregate
short_description: Parse each utility of modules once
description:
  - To find what a module needs, Ansible parses it and the fifty to a hundred utilities that it leads to.
    With this it parses a utility of the same name and content once in a run.
options:
  enabled:
    description: Whether it does. Where not, all are parsed for each module.
    type: bool
    default: true
    env:
      - name: PIPELINE_WARM
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
"""

import ast
import inspect
from typing import TYPE_CHECKING, Any

from ansible.executor import module_common
from ansible.plugins.callback import CallbackBase

if TYPE_CHECKING:
    from collections.abc import Callable

PARSED = ["module_name", "source_code"]
OF_TREES = ["self", "module_fqn", "tree", "is_pkg_init"]
OF_SOURCES = ["self", "module_fqn", "module_data", "is_pkg_init"]
"""What the parser and the finder of ansible-core 2.19 take, and the finder of 2.21, which parses itself."""


class CallbackModule(CallbackBase):  # type: ignore[misc] # Ansible has no types
    """What Ansible loads."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kept_imports"

    def v2_playbook_on_start(self, playbook: Any) -> None:  # noqa: ANN401, ARG002 - as the base's
        """Stand between Ansible and its finder, where that is one that is known."""
        if not self.get_option("enabled"):
            return
        try:
            parse, finder = module_common._compile_module_ast, module_common.ModuleDepFinder  # noqa: SLF001
            taken = list(inspect.signature(finder.__init__).parameters)[: len(OF_TREES)]
            if taken == OF_TREES and list(inspect.signature(parse).parameters) == PARSED:
                module_common._compile_module_ast = later(parse)  # noqa: SLF001
                finder.__init__ = once(parsing(finder.__init__, parse))
            elif taken == OF_SOURCES:
                finder.__init__ = once(finder.__init__)
            else:
                raise AttributeError("this Ansible finds imports in another way")  # noqa: TRY301
        except AttributeError as error:
            self._display.vvv(f"KEPT: no imports are kept: {error}")


class Unparsed(ast.Module):
    """The tree of a utility, of which nothing has been asked yet."""

    def __init__(self, source: Any) -> None:  # noqa: ANN401 - text or bytes
        super().__init__([], [])
        self.source = source


def later(parse: Callable[[str, Any], ast.Module]) -> Callable[[str, Any], ast.Module]:
    """The same parser, which leaves utilities to the finder."""

    def compile_module_ast(module_name: str, source_code: Any) -> ast.Module:  # noqa: ANN401 - text or bytes
        return Unparsed(source_code) if is_utility(module_name) else parse(module_name, source_code)

    return compile_module_ast


def parsing(begin: Callable[..., None], parse: Callable[[str, Any], ast.Module]) -> Callable[..., None]:
    """The same beginning of a finder, which parses what was left to it."""

    def __init__(self: Any, module_fqn: str, tree: ast.Module, is_pkg_init: bool) -> None:  # noqa: ANN401, N807 - a class of Ansible's
        begin(
            self,
            module_fqn,
            parse(module_fqn, tree.source) if isinstance(tree, Unparsed) else tree,
            is_pkg_init,
        )

    return __init__


def is_utility(name: str) -> bool:
    """Not a module, into whose tree Ansible looks: a collection may have any name, `module_utils` too."""
    parts = name.split(".")
    if parts[0] == "ansible_collections":
        return parts[3:5] == ["plugins", "module_utils"]
    return parts[:2] == ["ansible", "module_utils"]


def once(begin: Callable[..., None]) -> Callable[..., None]:
    """The same beginning of a finder, which knows what it found in the same source before."""
    known: dict[tuple[Any, ...], dict[str, Any]] = {}

    def __init__(self: Any, module_fqn: str, given: Any, is_pkg_init: bool = False) -> None:  # noqa: ANN401, N807 - a class of Ansible's
        if not is_utility(module_fqn):
            begin(self, module_fqn, given, is_pkg_init)
            return
        asked = module_fqn, is_pkg_init, given.source if isinstance(given, Unparsed) else given
        if asked not in known:
            begin(self, module_fqn, given, is_pkg_init)
            # All that it has found, whatever this Ansible looks for; without the tree, which is large.
            known[asked] = {name: value for name, value in vars(self).items() if isinstance(value, set)}
        vars(self).update(known[asked])

    return __init__
