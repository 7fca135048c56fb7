# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keeps for a run what templates were compiled to: each task would compile the settings it uses again."""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: kept_templates
type: aggregate
short_description: Compile each template of a run once
description:
  - Ansible compiles a template or a condition each time it is used. With this it does so the first time, and
    takes the same code for the same text after that, where it is to be read in the same way.
options:
  enabled:
    description: Whether it does. Where not, or where Ansible compiles in another way, each use compiles anew.
    type: bool
    default: true
    env:
      - name: PIPELINE_WARM
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
"""

import inspect
from typing import TYPE_CHECKING, Any

from ansible.plugins.callback import CallbackBase
from ansible.plugins.loader import filter_loader, test_loader
from jinja2 import Environment, nodes
from jinja2.environment import TemplateExpression

if TYPE_CHECKING:
    from types import CodeType

MOST = 10_000
"""Codes that are kept; a run of many hosts uses the same ones."""
COMPILE = ("self", "source", "name", "filename", "raw", "defer_init")
COMPILE_EXPRESSION = ("self", "source", "undefined_to_none")


class CallbackModule(CallbackBase):  # type: ignore[misc] # Ansible has no types
    """What Ansible loads."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "kept_templates"

    def v2_playbook_on_start(self, playbook: Any) -> None:  # noqa: ANN401, ARG002 - as the base's
        """Stand between Ansible and Jinja, where both are as they are known."""
        if not self.get_option("enabled"):
            return
        try:
            from ansible._internal._templating import _jinja_bits as bits  # noqa: PLC0415 - is private

            Kept(bits).stand_between()
        except (ImportError, AttributeError, ValueError) as error:
            self._display.vvv(f"KEPT: no templates are kept: {error}")


class Kept:
    """What texts were compiled to.

    Nothing of a text is computed before it is used, as Ansible has Jinja compile, so that the code depends on
    the text, on how it is read, and on which filters and tests there are, but on no variable.
    """

    def __init__(self, bits: Any) -> None:  # noqa: ANN401 - a module of Ansible's
        self._codes: dict[tuple[Any, ...], CodeType] = {}
        self._of_expression: CodeType | None = None
        self._environment = bits.AnsibleEnvironment
        self._compile, self._compile_expression = known(self._environment)
        self._syntax = tuple(bits._TEMPLATE_OVERRIDE_FIELD_NAMES)  # noqa: SLF001 - as its lexers are kept
        self._context = bits._TemplateCompileContext  # noqa: SLF001 - as its lexer asks

    def stand_between(self) -> None:
        """From here on."""
        kept = self

        # As Jinja names what it takes.
        def compile(  # noqa: A001, PLR0917
            self: Any,  # noqa: ANN401
            source: Any,  # noqa: ANN401
            name: str | None = None,
            filename: str | None = None,
            raw: bool = False,
            defer_init: bool = False,
        ) -> Any:  # noqa: ANN401
            if name or filename or raw or defer_init:
                return kept._compile(self, source, name, filename, raw, defer_init)
            return kept.code(self, source)

        def compile_expression(self: Any, source: str, undefined_to_none: bool = True) -> TemplateExpression:  # noqa: ANN401
            return kept.expression(self, source, undefined_to_none)

        self._environment.compile = compile
        self._environment.compile_expression = compile_expression

    def code(self, environment: Any, source: Any) -> CodeType:  # noqa: ANN401 - of Jinja, and its text or tree
        """Of a template, or of the tree that an expression was made to."""
        if not isinstance(source, str):
            self._of_expression = self._compile(environment, source)
            return self._of_expression
        asked = self._asked(environment, source, nodes.Template)
        if asked not in self._codes:
            return self._keep(asked, self._compile(environment, source))
        return self._codes[asked]

    def expression(self, environment: Any, source: str, undefined_to_none: bool) -> TemplateExpression:  # noqa: ANN401
        """As Jinja makes it, with the code that is kept."""
        asked = self._asked(environment, source, nodes.Expr)
        if code := self._codes.get(asked):
            template = environment.template_class.from_code(environment, code, environment.make_globals(None))
            return TemplateExpression(template, undefined_to_none)
        self._of_expression = None
        made: TemplateExpression = self._compile_expression(environment, source, undefined_to_none)
        if self._of_expression:
            self._keep(asked, self._of_expression)
        return made

    def _keep(self, asked: tuple[Any, ...], code: CodeType) -> CodeType:
        if len(self._codes) < MOST:
            self._codes[asked] = code
        return code

    def _asked(self, environment: Any, source: str, kind: type) -> tuple[Any, ...]:  # noqa: ANN401
        """All that decides what the code is."""
        context = self._context.current(optional=True)
        return (
            kind,
            str.__str__(source),
            type(environment),
            *(getattr(environment, name) for name in self._syntax),
            context and context.escape_backslashes,
            # Roles that are included later bring their own.
            *(tuple(loader._extra_dirs) for loader in (filter_loader, test_loader)),  # noqa: SLF001
        )


def known(environment: Any) -> tuple[Any, Any]:  # noqa: ANN401 - a class of Ansible's
    """How it compiles templates and expressions. Raises ValueError where that is not what is known here."""
    ways = environment.compile, environment.compile_expression
    asked = [tuple(inspect.signature(way).parameters) for way in (ways[0], Environment.compile_expression)]
    if ways[0] is not Environment.compile or asked != [COMPILE, COMPILE_EXPRESSION]:
        raise ValueError("this Ansible compiles in another way")
    if environment._debuggable_template_source or environment().optimized:  # noqa: SLF001 - as it is asked
        raise ValueError("templates are compiled to be debugged")
    return ways
