"""The policies grant the parameter that the module makes."""

from hypothesis import given
from hypothesis import strategies as st

from plugins.module_utils.pipeline.run import parameter_name
from tests.plugins import load

PLUGIN = "roles/pipeline/filter_plugins/parameters.py"
parameters = load(PLUGIN)
SIGNS = "abzAZ09._+=,@- "


@given(st.text(SIGNS, min_size=1, max_size=100))
def test_the_filter_names_it_as_the_module_does(application: str) -> None:
    assert parameters.FilterModule().filters()["lock_parameter"](application) == parameter_name(application)
