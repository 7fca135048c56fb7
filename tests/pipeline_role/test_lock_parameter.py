"""The policies grant the parameter that the module makes."""

import importlib.util
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from plugins.module_utils.pipeline.run import parameter_name

PLUGIN = Path(__file__).parents[2] / "roles" / "pipeline" / "filter_plugins" / "parameters.py"
specification = importlib.util.spec_from_file_location("parameters", PLUGIN)
assert specification
assert specification.loader
parameters = importlib.util.module_from_spec(specification)
specification.loader.exec_module(parameters)
SIGNS = "abzAZ09._+=,@- "


@given(st.text(SIGNS, min_size=1, max_size=100))
def test_the_filter_names_it_as_the_module_does(application: str) -> None:
    assert parameters.FilterModule().filters()["lock_parameter"](application) == parameter_name(application)
