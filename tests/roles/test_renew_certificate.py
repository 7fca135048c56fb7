"""When a certificate is renewed, what certbot is asked, and what is made of its answer."""

from typing import Any

import pytest

from tests.plugins import load

PROGRAM = load("roles/certificate/files/renew_certificate.py")
DIRECTORY = "https://authority.example/dir"
CONFIG = PROGRAM.Config(
    directory=DIRECTORY,
    email="",
    challenge="http-01",
    names=["www.example.com"],
    webroot="/srv/acme",
    ca_file="",
)
NOW = 1_800_000_000.0
DAY = 86400
UNREACHABLE = """\
Saving debug log to /x
An unexpected error occurred:
requests.exceptions.ConnectionError: refused
Ask for help or search for solutions at https://community.letsencrypt.org.
"""
UNPROVEN = """\
Certbot failed to authenticate some domains (authenticator: webroot). The authority reported these problems:
  Domain: www.example.com
  Type:   dns
  Detail: no such\thost

Hint: ...
"""


def tls(lifetime: float, left: float, **more: str) -> dict[str, Any]:
    dates = {"not_before": NOW + left - lifetime, "not_after": NOW + left}
    return {"unusable": "", "invalid": "", "certificate": dates} | more


@pytest.mark.parametrize("days", [6, 64, 90, 198, 0.001])
def test_it_is_due_when_a_third_of_the_lifetime_is_left(days: float) -> None:
    lifetime = days * DAY
    assert PROGRAM.due(tls(lifetime, lifetime / 3 + 1), CONFIG, {}, NOW) == ""
    assert "the certificate ends in" in PROGRAM.due(tls(lifetime, lifetime / 3 - 1), CONFIG, {}, NOW)


def test_how_long_is_told_in_words() -> None:
    assert PROGRAM.due(tls(64 * DAY, 20 * DAY), CONFIG, {}, NOW) == (
        "the certificate ends in 20 days, of 64 days"
    )
    assert "in 40 seconds, of 2 minutes" in PROGRAM.due(tls(120, 40), CONFIG, {}, NOW)


def test_one_that_is_no_good_is_due_at_once() -> None:
    assert PROGRAM.due(tls(90 * DAY, 80 * DAY, unusable="x is missing"), CONFIG, {}, NOW) == "x is missing"
    revoked = tls(90 * DAY, 80 * DAY, invalid="was revoked by X")
    assert PROGRAM.due(revoked, CONFIG, {}, NOW) == "the certificate was revoked by X"


def test_another_authority_that_is_wanted_makes_it_due() -> None:
    fresh = tls(90 * DAY, 80 * DAY)
    assert PROGRAM.due(fresh, CONFIG, {"directory": DIRECTORY}, NOW) == ""
    assert PROGRAM.due(fresh, CONFIG, {"directory": "https://other/"}, NOW) == (
        "the certificate is of https://other/"
    )


def settings(config: Any, binding: dict[str, str] | None = None) -> dict[str, str]:
    text = PROGRAM.settings(config, binding or {})
    return dict(line.split(" = ", 1) for line in text.splitlines())


def test_what_certbot_is_asked() -> None:
    asked = settings(CONFIG)
    assert asked["server"] == DIRECTORY
    assert asked["domains"] == "www.example.com"
    assert (asked["authenticator"], asked["webroot-path"]) == ("webroot", "/srv/acme")
    assert asked["register-unsafely-without-email"] == "true"
    assert "eab-kid" not in asked


def test_a_binding_is_in_the_file_and_dns_needs_no_folder() -> None:
    config = PROGRAM.Config(DIRECTORY, "ops@example.com", "dns-01", ["*.example.com", "example.com"], "", "")
    asked = settings(config, {"key_id": "id", "hmac_key": "secret"})
    assert (asked["eab-kid"], asked["eab-hmac-key"]) == ("id", "secret")
    assert asked["authenticator"] == "dns-route53"
    assert asked["domains"] == "*.example.com,example.com"
    assert asked["email"] == "ops@example.com"
    assert "webroot-path" not in asked


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (UNREACHABLE, "requests.exceptions.ConnectionError: refused"),
        (UNPROVEN, "no such host"),
        (
            "Saving debug log to /x\nAccount registration cannot proceed",
            "Account registration cannot proceed",
        ),
        ("", "certbot failed without a word"),
    ],
)
def test_its_answer_in_a_line(said: str, why: str) -> None:
    assert PROGRAM.reason(said, DIRECTORY) == f"{DIRECTORY}: {why}"
    assert len(PROGRAM.reason("x" * 5000, DIRECTORY)) <= 400


def test_since_when_it_fails_is_kept_until_it_succeeds() -> None:
    good = {"directory": DIRECTORY, "succeeded": 1.0}
    first = PROGRAM.after(good, "no", DIRECTORY, 2.0)
    second = PROGRAM.after(first, "still no", DIRECTORY, 3.0)
    assert (second["failing_since"], second["attempted"], second["error"]) == (2.0, 3.0, "still no")
    assert second["succeeded"] == 1.0
    assert PROGRAM.after(second, "", DIRECTORY, 4.0) == {"directory": DIRECTORY, "succeeded": 4.0}


def test_what_certbot_is_asked_to_revoke() -> None:
    asked = PROGRAM.revocation(CONFIG)
    assert f"server = {DIRECTORY}" in asked
    # nginx serves it until there is another.
    assert "no-delete-after-revoke = true" in asked
    assert "domains" not in asked
