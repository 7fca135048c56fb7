"""What destroy.yml says that it leaves."""

from typing import Any

import pytest

from tests.plugins import load

KEPT: Any = load("roles/pipeline/filter_plugins/kept.py")
OWNED = {"owner": {"CODEDEPLOY_APPLICATION_NAME": "shop"}}


def test_a_record_that_leads_elsewhere() -> None:
    assert KEPT.kept_record([], "www.example.com") == []
    [words] = KEPT.kept_record(["192.0.2.1", "192.0.2.2"], "www.example.com")
    assert words == "www.example.com leads to 192.0.2.1, 192.0.2.2, which is not only ours"


@pytest.mark.parametrize(
    ("users", "words"),
    [
        ([], []),
        (["shop"], ["the trust in https://issuer, which shop uses"]),
        (["shop", "web"], ["the trust in https://issuer, which shop, web use"]),
    ],
)
def test_a_provider_that_others_use(users: list[str], words: list[str]) -> None:
    assert KEPT.kept_provider(users, "https://issuer") == words


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({}, []),
        ({"owner": {}}, []),
        (OWNED, ["the environment Prod of OWNER/site, which is of the application shop"]),
        (None, ["what the workflow of OWNER/site was told: there is no GITHUB_TOKEN"]),
    ],
)
def test_settings_of_another_application_and_without_a_token(
    found: dict[str, Any] | None, words: list[str]
) -> None:
    assert KEPT.kept_settings(found, "Prod", "OWNER/site") == words
