"""How long the property tests look for an example."""

from hypothesis import settings

# How long an example takes depends on who else uses the machine.
settings.register_profile("codedeploy", deadline=None, max_examples=50)
settings.load_profile("codedeploy")
