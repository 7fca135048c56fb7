# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""amazon.aws's module, whose complaint about a value that is no dictionary names the option."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.amazon.aws.plugins.module_utils.botocore import HAS_BOTO3
from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

from .libraries import missing

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class NamingModule(AnsibleModule):  # type: ignore[misc] # Ansible has no types
    """ansible-core looks into a dictionary before it knows that it is one, and then names no option."""

    def __init__(self, argument_spec: Mapping[str, Any], **settings: Any) -> None:  # noqa: ANN401 - as Ansible's
        try:
            super().__init__(argument_spec, **settings)
        except TypeError:
            # A number where a dictionary should be is no validation error of ansible-core's, but an accident.
            problem = next(shape_problems(argument_spec, self._given), None)
            if problem is None:
                raise
            super().fail_json(problem)

    def _load_params(self) -> None:
        super()._load_params()
        # What cannot be converted is gone from `params` when the failure is told.
        self._given = deepcopy(self.params)

    def fail_json(self, msg: str, **result: Any) -> None:  # noqa: ANN401 - as Ansible's
        if not HAS_BOTO3:
            msg = missing("boto3 and botocore")
        if self.validation_result.errors:
            msg = next(shape_problems(self.argument_spec, self._given), msg)
        super().fail_json(msg, **result)


def aws_module(argument_spec: Mapping[str, Any], **settings: Any) -> AnsibleAWSModule:  # noqa: ANN401 - as its
    """AnsibleAWSModule of these settings. It ends the process where the arguments are not as specified."""
    AnsibleAWSModule.default_settings["module_class"] = NamingModule
    return AnsibleAWSModule(argument_spec=dict(argument_spec), **settings)


def shape_problems(spec: Mapping[str, Any], given: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """The values that should be dictionaries and are not, one line each.

    `spec` is an argument spec, `given` a value for some of its options, as the user wrote them.
    """
    canonical = {alias: name for name, option in spec.items() for alias in option.get("aliases", ())}
    for name, value in given.items():
        option = spec.get(canonical.get(name, name), {})
        inner = option.get("options")
        if inner and value is not None:
            in_list = isinstance(value, list) and option["type"] == "list"
            for index, item in enumerate(value if in_list else [value]):
                where = f"{above}{name}[{index}]" if in_list else f"{above}{name}"
                if isinstance(item, dict):
                    yield from shape_problems(inner, item, f"{where}.")
                else:
                    yield f"{where}: {item!r} is no dictionary. Allowed in it: {', '.join(sorted(inner))}."
