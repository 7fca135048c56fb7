"""Lets tests import the modules and their helpers by the names that Ansible gives them."""

from pathlib import Path

from hypothesis import settings

CHECKOUT = Path(__file__).resolve().parents[3]

# How long an example takes depends on who else uses the machine.
settings.register_profile("codedeploy", deadline=None, max_examples=50)
settings.load_profile("codedeploy")
