"""The policies grant the parameter that the module makes."""

import importlib.util
from pathlib import Path

import ansible.module_utils
from hypothesis import given
from hypothesis import strategies as st

CHECKOUT = Path(__file__).parents[2]
ansible.module_utils.__path__.append(str(CHECKOUT / "module_utils"))
from ansible.module_utils.pipeline_run import parameter_name  # noqa: E402 - the path is set above

specification = importlib.util.spec_from_file_location(
    "parameters", CHECKOUT / "roles" / "pipeline" / "filter_plugins" / "parameters.py"
)
assert specification
assert specification.loader
parameters = importlib.util.module_from_spec(specification)
specification.loader.exec_module(parameters)
SIGNS = "abzAZ09._+=,@- "


@given(st.text(SIGNS, min_size=1, max_size=100))
def test_the_filter_names_it_as_the_module_does(application: str) -> None:
    assert parameters.FilterModule().filters()["lock_parameter"](application) == parameter_name(application)
