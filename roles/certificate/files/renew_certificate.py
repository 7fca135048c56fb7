#!/usr/bin/python3
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Renews the site's certificate by certbot when it is due, and lets nginx serve it.

    renew-certificate renew            asks the authority where the certificate is due; the timer does so
    renew-certificate revoke REASON    has the authority revoke it, for one of RFC 5280's reasons
    renew-certificate status           whether it is due, and how the last time went, as JSON; changes nothing

A certificate is due when a third of its lifetime is left, whether that is 6 days or 198, and at once where it
is missing, expired, revoked, or for other names or of another authority than is wanted. What failed is kept,
with its reason and since when. Secrets are in files that root alone reads, never among arguments.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

FOLDER = Path("/etc/site-certificate")
CONFIG = FOLDER / "renewal.json"
BINDING = FOLDER / "binding.json"
"""The external account binding, until there is an account."""
CERTBOT = FOLDER / "acme"
STATE = Path("/var/lib/site-certificate/renewal.json")
LOCK = Path("/run/renew-certificate.lock")
LOGS = Path("/var/log/site-certificate")
NAME = "site"
TWO = 2
DONE = {"renew": "renewed", "revoke": "revoked"}
SHARE = 3
"""Renewed when one of so many parts of the lifetime is left."""
TRIES = 3
LONGEST = 400
PASSING = ("badNonce",)
"""Refusals that the protocol wants tried again (RFC 8555, 6.5)."""


@dataclass(frozen=True)
class Config:
    """What is wanted, by the options of the role certificate. Without a directory it comes as files."""

    directory: str
    email: str
    challenge: str
    names: list[str]
    webroot: str
    ca_file: str


def run(
    *command: str, environment: Mapping[str, str] = MappingProxyType({})
) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | dict(environment),
        )
    except OSError as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))


# Whether it is due


def due(tls: dict[str, Any], config: Config, state: dict[str, Any], now: float) -> str:
    """Why the certificate is due, "" = it is not. `tls` is what nginx-tls knows."""
    if tls["unusable"] or tls["invalid"]:
        return str(tls["unusable"] or f"the certificate {tls['invalid']}")
    if config.directory and state.get("directory", config.directory) != config.directory:
        return f"the certificate is of {state['directory']}"
    start, end = tls["certificate"]["not_before"], tls["certificate"]["not_after"]
    if (end - now) * SHARE <= end - start:
        return f"the certificate ends in {duration(end - now)}, of {duration(end - start)}"
    return ""


def duration(seconds: float) -> str:
    for unit, length in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{seconds:.0f} seconds"


# What certbot is asked


def settings(config: Config, binding: dict[str, str]) -> str:
    """certbot's configuration. Secrets are in it, so that none is among the arguments."""
    lines = {
        "server": config.directory,
        "domains": ",".join(config.names),
        "cert-name": NAME,
        "config-dir": str(CERTBOT),
        "work-dir": str(STATE.parent / "certbot"),
        "logs-dir": str(LOGS),
        "max-log-backups": "20",
        "key-type": "ecdsa",
        "agree-tos": "true",
        "no-eff-email": "true",
        "non-interactive": "true",
        # Whether it is due has been decided.
        "force-renewal": "true",
    }
    lines |= {"email": config.email} if config.email else {"register-unsafely-without-email": "true"}
    if config.challenge == "dns-01":
        lines["authenticator"] = "dns-route53"
    else:
        lines |= {"authenticator": "webroot", "webroot-path": config.webroot}
    if binding:
        lines |= {"eab-kid": binding["key_id"], "eab-hmac-key": binding["hmac_key"]}
    return "".join(f"{name} = {value}\n" for name, value in lines.items())


def has_account(config: Config) -> bool:
    """Whether certbot is registered with this authority."""
    place = config.directory.partition("://")[2]
    return bool(place) and any((CERTBOT / "accounts" / place).glob("*/private_key.json"))


def environment(config: Config) -> dict[str, str]:
    """Of certbot: by whom it trusts the directory. Route 53, which boto3 asks, is trusted by the system."""
    return {"REQUESTS_CA_BUNDLE": config.ca_file} if config.ca_file else {}


def clear() -> None:
    """Removes a certificate that nginx cannot serve: beside what is left certbot would begin another."""
    for folder in ("live", "archive"):
        shutil.rmtree(CERTBOT / folder / NAME, ignore_errors=True)
    (CERTBOT / "renewal" / f"{NAME}.conf").unlink(missing_ok=True)


def issue(config: Config) -> str:
    """Gets a certificate; why there is none, "" = there is one."""
    binding = {}
    if BINDING.exists() and not has_account(config):
        binding = json.loads(BINDING.read_text(encoding="utf-8"))
    # Root's alone, as tempfile makes it.
    with tempfile.NamedTemporaryFile("w", suffix=".ini", dir=FOLDER) as file:
        file.write(settings(config, binding))
        file.flush()
        said = run("certbot", "certonly", "--config", file.name, environment=environment(config))
        for _ in range(TRIES - 1):
            if not said.returncode or not any(each in said.stderr + said.stdout for each in PASSING):
                break
            said = run("certbot", "certonly", "--config", file.name, environment=environment(config))
    return reason(said.stderr + said.stdout, config.directory) if said.returncode else ""


def reason(said: str, directory: str) -> str:
    """What certbot says went wrong, in one line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    details = [line.partition(":")[2].strip() for line in lines if line.startswith("Detail:")]
    if not details and "An unexpected error occurred:" in lines:
        rest = lines[lines.index("An unexpected error occurred:") + 1 :]
        details = [line for line in rest if not line.startswith(("Ask for help", "Saving debug"))][:1]
    if not details:
        details = [line for line in lines if not line.startswith(("Ask for help", "Saving debug"))][-1:]
    words = re.sub(r"\s+", " ", "; ".join(dict.fromkeys(details)) or "certbot failed without a word")
    return f"{directory}: {words}"[:LONGEST]


# What is done


def read_state() -> dict[str, Any]:
    try:
        state = json.loads(STATE.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) else {}


def write_state(state: dict[str, Any]) -> None:
    STATE.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    new = STATE.with_suffix(".new")
    new.write_text(json.dumps(state), encoding="utf-8")
    new.replace(STATE)


def after(state: dict[str, Any], error: str, directory: str, now: float) -> dict[str, Any]:
    """The state after a try."""
    if not error:
        return {"directory": directory, "succeeded": now}
    return state | {"error": error, "attempted": now, "failing_since": state.get("failing_since", now)}


def tls_status() -> dict[str, Any]:
    said = run("nginx-tls", "status")
    if said.returncode:
        sys.exit(f"nginx-tls: {(said.stderr.strip().splitlines() or ['it failed'])[-1]}")
    status: dict[str, Any] = json.loads(said.stdout)
    return status


def use() -> dict[str, Any]:
    said = run("nginx-tls", "use")
    if said.returncode:
        sys.exit(f"nginx-tls: {(said.stderr.strip().splitlines() or ['it failed'])[-1]}")
    used: dict[str, Any] = json.loads(said.stdout)
    return used


def renew(config: Config) -> dict[str, Any]:
    """Asks the authority where the certificate is due; nginx follows in any case, since time passes."""
    state, tls, error = read_state(), tls_status(), ""
    why = due(tls, config, state, time.time())
    if why and config.directory:
        LOGS.mkdir(mode=0o700, exist_ok=True)
        if tls["unusable"]:
            clear()
        error = issue(config)
        write_state(after(state, error, config.directory, time.time()))
    elif "error" in state:
        write_state({key: state[key] for key in ("directory", "succeeded") if key in state})
    if has_account(config):
        BINDING.unlink(missing_ok=True)
    used = use()
    issued = bool(why and config.directory and not error)
    return used | {"changed": issued or used["changed"], "due": why, "issued": issued, "error": error}


def revoke(config: Config, why: str) -> dict[str, Any]:
    """Has the authority revoke the certificate; nginx serves it until there is another."""
    certificate = CERTBOT / "live" / NAME / "cert.pem"
    if not certificate.exists():
        return {"changed": False, "error": ""}
    with tempfile.NamedTemporaryFile("w", suffix=".ini", dir=FOLDER) as file:
        file.write(revocation(config))
        file.flush()
        said = run(
            *("certbot", "revoke", "--config", file.name, "--cert-path", str(certificate), "--reason", why),
            environment=environment(config),
        )
    error = reason(said.stderr + said.stdout, config.directory) if said.returncode else ""
    return {"changed": not error, "error": error}


def revocation(config: Config) -> str:
    """certbot's configuration to revoke. The certificate stays where it is: nginx needs it until then."""
    wanted = (
        "server",
        "config-dir",
        "work-dir",
        "logs-dir",
        "max-log-backups",
        "non-interactive",
        "agree-tos",
    )
    lines = [line for line in settings(config, {}).splitlines() if line.partition(" = ")[0] in wanted]
    return "\n".join([*lines, "no-delete-after-revoke = true", ""])


def status(config: Config) -> dict[str, Any]:
    state, tls = read_state(), tls_status()
    timer = run("systemctl", "is-active", "--quiet", "renew-certificate.timer").returncode == 0
    why, error, account = due(tls, config, state, time.time()), state.get("error", ""), has_account(config)
    return {
        "tls": tls,
        "directory": config.directory,
        "due": why,
        "error": error,
        "failing_since": state.get("failing_since", 0),
        "account": account,
        "timer": timer,
        # Whether `renew` would find nothing to do.
        "current": tls["current"] and not (why or error or (account and BINDING.exists())),
    }


def main() -> None:
    arguments = sys.argv[1:]
    if arguments not in (["renew"], ["status"]) and not (len(arguments) == TWO and arguments[0] == "revoke"):
        sys.exit("usage: renew-certificate renew|revoke REASON|status")
    os.environ["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    config = Config(**json.loads(CONFIG.read_text(encoding="utf-8")))
    if arguments == ["status"]:
        sys.stdout.write(json.dumps(status(config)) + "\n")
        return
    with LOCK.open("w") as lock:
        # The timer, and whoever runs Ansible.
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = renew(config) if arguments == ["renew"] else revoke(config, arguments[1])
    sys.stdout.write(json.dumps(done) + "\n")
    if done["error"]:
        sys.exit(f"the certificate is not {DONE[arguments[0]]}: {done['error']}")


if __name__ == "__main__":
    main()
