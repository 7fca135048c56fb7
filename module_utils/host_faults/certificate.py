# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with the site's certificate and its renewal: by what renew-certificate says on the host."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .finding import Finding

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Run = Callable[[list[str]], tuple[int, str, str]]
    Status = Mapping[str, Any]

PROGRAM = "/usr/local/sbin/renew-certificate"
TIMER = "renew-certificate.timer"
FILES = (
    "set pipeline_https_certificate_file and pipeline_https_key_file to another, then run configure-hosts.yml"
)


def status_of(run: Run) -> dict[str, Any]:
    """What the host's program knows; empty where there is none."""
    if not Path(PROGRAM).exists():
        return {}
    status, out, _error = run([PROGRAM, "status"])
    if status:
        return {}
    told: dict[str, Any] = json.loads(out)
    return told


def problem_of(status: Status) -> str:
    """What is wrong, in one line; "" = nothing."""
    return "; ".join(finding.found for finding in of_certificate(status))


def ends(status: Status) -> str:
    """The day on which the certificate ends, "" where there is none."""
    moment = status["tls"]["certificate"]["not_after"] if status else 0
    return time.strftime("%Y-%m-%d", time.gmtime(moment)) if moment else ""


def of_certificate(status: Status) -> list[Finding]:
    """The faults, where the site has a certificate, or ought to."""
    if not status:
        return []
    tls, findings = status["tls"], []
    acme = bool(status["directory"])
    cure, repair = ("renewed", "renew_certificate") if acme else (FILES, "")
    failed = (
        f"not renewed since {_moment(status['failing_since'])}: {status['error']}" if status["error"] else ""
    )
    broken = tls["unusable"] or (f"the certificate {tls['invalid']}" if tls["invalid"] else "")
    if broken:
        outlook = "visitors get the page by HTTP" if tls["unusable"] else "browsers warn of it"
        text = f"{broken}: {outlook}" + (f"; {failed}" if failed else "")
        findings.append(Finding("certificate_invalid", text, cure, repair))
    elif failed:
        text = f"the certificate, which ends on {ends(status)}, is {failed}"
        findings.append(Finding("certificate_renewal_failed", text, cure, repair))
    elif status["due"] and not acme:
        findings.append(Finding("certificate_ending", status["due"], cure))
    if acme and not status["timer"]:
        text = f"{TIMER} does not run: nobody renews the certificate"
        findings.append(Finding("certificate_timer_stopped", text, "started", "start_timer", service=TIMER))
    return findings


def _moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(seconds))
