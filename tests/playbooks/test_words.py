"""What keeps a run from beginning is said in one line: the cause and the way out. The rest is for -v."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[2]
CONFIG = """
[profile sso]
sso_session = company
sso_account_id = 123456789012
sso_role_name = developer
region = us-east-1
[sso-session company]
sso_region = us-east-1
sso_start_url = https://company.awsapps.example/start
[profile from-nobody]
role_arn = arn:aws:iam::123456789012:role/operator
source_profile = nobody
[profile half]
aws_access_key_id = AKIALOCALCLOUDTESTS0
[profile program]
credential_process = /bin/false
"""
KEYS = {"AWS_ACCESS_KEY_ID": "AKIALOCALCLOUDTESTS0", "AWS_SECRET_ACCESS_KEY": "secret"}
NO_PROFILE = "Name a profile in AWS_PROFILE"
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def check(tmp_path: Path) -> Run:
    """`check(AWS_PROFILE="x")`: check-prerequisites.yml on AWS's inventory, in this environment alone."""
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(CONFIG)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GITHUB_"))}

    def run(*options: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [
                Path(sys.executable).parent / "ansible-playbook",
                *("--inventory=inventory/aws", *options, "playbooks/check-prerequisites.yml"),
            ],
            cwd=CHECKOUT,
            env=kept | {"HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"} | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.mark.parametrize(
    ("profile", "cause", "way_out"),
    [
        ("", "Unable to locate credentials", NO_PROFILE),
        ("nobody", "The config profile (nobody) could not be found", "Name another profile in AWS_PROFILE"),
        ("sso", "Token for company does not exist", "Log in with aws sso login --profile sso"),
        pytest.param(
            *(
                "from-nobody",
                'source_profile "nobody" referenced in the profile',
                "Name another profile in AWS",
            ),
            marks=pytest.mark.long,
        ),
        pytest.param(
            *("half", "Partial credentials found in config-file, missing: aws_secret_access_key", NO_PROFILE),
            marks=pytest.mark.long,
        ),
        pytest.param(
            *(
                "program",
                "credentials from custom-process",
                "Check where the profile has its credentials from",
            ),
            marks=pytest.mark.long,
        ),
    ],
)
def test_credentials_that_are_not_there(check: Run, profile: str, cause: str, way_out: str) -> None:
    result = check(**({"AWS_PROFILE": profile} if profile else {}))

    assert result.returncode != 0
    [line] = (result.stdout + result.stderr).strip().splitlines()
    assert line.startswith("[ERROR]: inventory/aws/aws_ec2.yml cannot ask AWS for the hosts: ")
    assert cause in line
    assert way_out in line


@pytest.fixture
def refuse() -> Iterator[Callable[[str, str], str]]:
    """`refuse("ExpiredToken", "The token has expired.")`: where an EC2 is that says so to everybody."""
    servers = []

    def start(code: str, message: str) -> str:
        error = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
        body = f"<Response><Errors>{error}</Errors></Response>"

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.send_response(400)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: Any) -> None:
                """Not here."""

        servers.append(HTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=servers[-1].serve_forever).start()
        return f"http://127.0.0.1:{servers[-1].server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.mark.parametrize(
    ("code", "way_out"),
    [
        ("RequestExpired", "The session is over: log in again"),
        pytest.param("AuthFailure", "this machine's clock", marks=pytest.mark.long),
        pytest.param("UnauthorizedOperation", "docs/iam.md", marks=pytest.mark.long),
    ],
)
def test_credentials_that_aws_refuses(
    check: Run, refuse: Callable[[str, str], str], code: str, way_out: str
) -> None:
    result = check(AWS_ENDPOINT_URL=refuse(code, "What AWS says."), **KEYS)

    assert result.returncode != 0
    [line] = (result.stdout + result.stderr).strip().splitlines()
    assert f"What AWS says. ({code}). " in line
    assert way_out in line


def test_an_endpoint_that_is_not_there(check: Run) -> None:
    result = check(AWS_ENDPOINT_URL="http://127.0.0.1:9", AWS_MAX_ATTEMPTS="1", **KEYS)

    [line] = (result.stdout + result.stderr).strip().splitlines()
    assert 'Could not connect to the endpoint URL: "http://127.0.0.1:9/". Check the network' in line


@pytest.mark.long
def test_v_shows_all(check: Run) -> None:
    result = check("-v")

    assert result.returncode != 0
    assert "Unable to locate credentials" in result.stderr
    assert "Completely failed to parse inventory source" in result.stderr


def test_a_wrong_setting_shows_no_other(ansible_playbook: Callable[..., Any]) -> None:
    result = ansible_playbook("estimate-cost.yml", pipeline_instance_count="many", pipeline_tags=["Owner"])

    assert result.returncode != 0
    said = result.stdout + result.stderr
    _, _, failure = said.partition("fatal: [localhost]: FAILED!")
    shown, _, _ = failure.partition("PLAY RECAP")
    assert len(shown.strip().splitlines()) == 3
    assert "pipeline_domain_zone" not in said


def test_a_module_of_aws_that_fails_says_why_once(
    ansible_playbook: Callable[..., Any], addresses: dict[str, Any]
) -> None:
    unknown = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_MAX_ATTEMPTS": "1"}
    environment = addresses["pipeline_aws_environment"] | unknown
    result = ansible_playbook(
        "configure-codedeploy.yml", **addresses | {"pipeline_aws_environment": environment}
    )

    assert result.returncode != 0
    said = result.stdout + result.stderr
    assert said.count("Could not connect to the endpoint URL") == 1
    assert "boto3_version" not in said
    assert "Traceback" not in said


def test_a_reason_that_a_module_keeps_to_itself(tmp_path: Path, refuse: Callable[[str, str], str]) -> None:
    """It says only that it failed. So it is said what to look at."""
    keys = {"access_key": KEYS["AWS_ACCESS_KEY_ID"], "secret_key": KEYS["AWS_SECRET_ACCESS_KEY"]}
    look = {"region": "eu-west-3", "endpoint_url": refuse("RequestExpired", "Request has expired."), **keys}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [{"amazon.aws.ec2_eip_info": look}]}
    (tmp_path / "play.yml").write_text(json.dumps([play]))

    result = subprocess.run(
        [
            Path(sys.executable).with_name("ansible-playbook"),
            "--inventory=inventory/local/hosts.yml",
            tmp_path / "play.yml",
        ],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode != 0
    assert "Failed to describe addresses. The module does not tell AWS's reason. Often" in result.stdout
