"""Where the Python has not what a module of the controller needs, one line says so, and which one has."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.roles.test_specs import ON_CONTROLLER, ON_HOSTS

CHECKOUT = Path(__file__).resolve().parents[3]
LIBRARIES = {
    "boto3 and botocore": (
        "acm_public_certificate",
        "codedeploy_application",
        "codedeploy_application_info",
        "codedeploy_deployment",
        "codedeploy_deployment_config",
        "codedeploy_deployment_group",
        "codedeploy_deployment_group_info",
        "codedeploy_deployment_info",
        "autoscaling_group_refresh",
        "autoscaling_tracking_policy",
        "cloudwatch_metric_statistics_info",
        "aws_cost_estimate",
        "ec2_instance_hardening",
        "iam_oidc_provider",
        "iam_role_policies",
        "iam_tagged_roles_info",
        "pipeline_prerequisites",
        "pipeline_run",
        "route53_address_records_info",
        "sns_notification_topic",
    ),
    "PyGithub": ("github_actions_settings", "github_repository"),
    "Jinja2": ("pipeline_status",),
}
ARGUMENTS = {
    "github_actions_settings": {"repository": "OWNER/shop"},
    "github_repository": {"repository": "OWNER/shop", "source_dir": "/"},
    "pipeline_status": {"facts": {}, "template": "/status.j2", "dest": "/status.html"},
}
BARE = """
import importlib, sys
for name in ("boto3", "botocore", "github", "jinja2", "nacl"):
    sys.modules[name] = None
from ansible.module_utils.testing import patch_module_args
with patch_module_args({arguments!r}):
    importlib.import_module("plugins.modules.{name}").main()
"""


@pytest.mark.parametrize(
    ("library", "name"), [(library, name) for library, names in LIBRARIES.items() for name in names]
)
def test_a_missing_library_is_named_and_the_python_that_has_it(library: str, name: str) -> None:
    program = BARE.format(name=name, arguments=ARGUMENTS.get(name, {}))
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=CHECKOUT, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    result = json.loads(done.stdout)
    assert result["msg"].startswith(f"{library}: not installed for {sys.executable}")
    assert "ansible_python_interpreter='{{ ansible_playbook_python }}'" in result["msg"]


def test_no_module_is_left_out() -> None:
    needing_no_library = {*ON_HOSTS, *ON_CONTROLLER}
    others = {path.stem for path in CHECKOUT.glob("library/*.py")} - needing_no_library
    assert {name for names in LIBRARIES.values() for name in names} == others
