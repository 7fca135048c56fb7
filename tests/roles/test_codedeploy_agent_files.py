"""The files that the role writes for the agent, as an agent reads them."""

import json
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

from local_cloud.testing.agent import config, metadata

TEMPLATES = Path(__file__).resolve().parents[2] / "roles/codedeploy_agent/templates"
PACKAGED = Path(__file__).resolve().parents[2] / "local_cloud/agent/package/codedeployagent.yml"
VARS = TEMPLATES.parent / "vars/main.yml"


def render(name: str, **variables: Any) -> str:
    environment = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 - not HTML
    environment.filters["to_json"] = json.dumps
    return environment.from_string((TEMPLATES / name).read_text()).render(variables)


def configuration(profile: str = "", **settings: Any) -> str:
    defaults = yaml.safe_load(VARS.read_text())["__codedeploy_agent_config_defaults"]
    return render(
        "codedeployagent.yml.j2",
        codedeploy_agent_info={"instance_profile": profile},
        __codedeploy_agent_settings={**defaults, "proxy_uri": "", **settings},
    )


class TestConfiguration:
    def test_without_settings_it_says_what_the_packages_says(self) -> None:
        assert yaml.safe_load(configuration()) == yaml.safe_load(PACKAGED.read_text())

    def test_an_agent_reads_what_was_set(self, tmp_path: Path) -> None:
        path = tmp_path / "codedeployagent.yml"
        path.write_text(
            configuration(max_revisions=2, enable_auth_policy=True, proxy_uri="http://proxy:8080")
        )
        read = config.load(path)
        assert (read.max_revisions, read.enable_auth_policy, read.proxy_uri) == (2, True, "http://proxy:8080")

    def test_another_instance_profile_is_another_configuration(self) -> None:
        assert configuration("arn:aws:iam::1:instance-profile/a") != configuration(
            "arn:aws:iam::1:instance-profile/b"
        )


class TestOnPremises:
    @pytest.mark.parametrize(
        "registration",
        [
            {
                "iam_user_arn": "arn:aws:iam::123456789012:user/host",
                "aws_access_key_id": "AKIAEXAMPLE",
                "aws_secret_access_key": 'with:colons #and "quotes"',
            },
            {
                "iam_session_arn": "arn:aws:sts::123456789012:assumed-role/hosts/host",
                "aws_credentials_file": "/etc/codedeploy-agent/credentials",
            },
        ],
    )
    def test_an_agent_knows_itself_by_it(self, tmp_path: Path, registration: dict[str, str]) -> None:
        path = tmp_path / "codedeploy.onpremises.yml"
        text = render(
            "codedeploy.onpremises.yml.j2",
            codedeploy_agent_region="eu-central-1",
            codedeploy_agent_on_premises=registration,
        )
        path.write_text(text)
        identity = metadata.identify(path)
        assert identity.region == "eu-central-1"
        assert identity.host_identifier == next(
            value for name, value in registration.items() if name.endswith("_arn")
        )
        if "aws_secret_access_key" in registration:
            assert identity.credentials().secret_access_key == registration["aws_secret_access_key"]
