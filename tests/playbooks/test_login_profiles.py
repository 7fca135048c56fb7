"""Profiles that `aws login` makes are credentials like others: nothing but the CLI's cache holds them."""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from local_cloud.testing.clouds import LocalCloud

SESSION = "arn:aws:iam::123456789012:user/operator"


@pytest.fixture
def settings(addresses: dict[str, Any], cloud: LocalCloud, tmp_path: Path) -> dict[str, Any]:
    """Those of a user whose only credentials are the profile `bank`."""
    config = tmp_path / "config"
    config.write_text(f"[profile bank]\nlogin_session = {SESSION}\nregion = us-east-1\n")
    return addresses | {
        "pipeline_aws_connection": {"region": "us-east-1", "endpoint_url": cloud.endpoint_url},
        "pipeline_aws_environment": {
            "AWS_ENDPOINT_URL": cloud.endpoint_url,
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_PROFILE": "bank",
            "AWS_CONFIG_FILE": str(config),
            "AWS_LOGIN_CACHE_DIRECTORY": str(tmp_path / "cache"),
        },
    }


def log_in(cache: Path) -> None:
    """Leave what `aws login` leaves."""
    cache.mkdir()
    token = {
        "accessToken": {
            "accessKeyId": "ASIALOCALCLOUDLOGIN0",
            "secretAccessKey": "a-secret-that-nobody-may-see",
            "sessionToken": "a-token-that-nobody-may-see",
            "accountId": "123456789012",
            "expiresAt": f"{datetime.now(UTC) + timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}",
        },
        "refreshToken": "a-refresh-token",
        "dpopKey": "unused before the token ends",
        "clientId": "arn:aws:signin:::devtools/same-device",
    }
    (cache / f"{hashlib.sha256(SESSION.encode()).hexdigest()}.json").write_text(json.dumps(token))


def test_a_session_is_used_while_it_lasts(
    ansible_playbook: Callable[..., Any], settings: dict[str, Any], tmp_path: Path
) -> None:
    log_in(tmp_path / "cache")

    result = ansible_playbook("provision-iam.yml", **settings)

    assert result.returncode == 0, result.stdout
    assert "nobody-may-see" not in result.stdout + result.stderr


def test_without_one_the_way_to_it_is_named(
    ansible_playbook: Callable[..., Any], settings: dict[str, Any]
) -> None:
    result = ansible_playbook("check-prerequisites.yml", **settings)

    assert result.returncode != 0
    assert "aws login" in result.stdout
    assert "Traceback" not in result.stdout + result.stderr
