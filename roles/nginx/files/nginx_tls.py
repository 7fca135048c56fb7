#!/usr/bin/python3
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Lets nginx serve TLS as long as there is a certificate for it, and goes on without one where there is none.

    nginx-tls use      compares nginx with the certificate, and reloads it where that changes something
    nginx-tls guard    the same before nginx starts: a missing or broken certificate must not keep it down
    nginx-tls check    whether nginx has been told of the certificate as it is, as JSON; changes nothing
    nginx-tls status   what is known of the certificate, its authority's word among it; changes nothing

What is to be served is in /etc/nginx/tls.json. nginx.conf includes what this writes, /etc/nginx/tls/*.conf,
and is whole without it. HTTP leads to HTTPS only while the certificate is valid for the site's names: an
expired one is still served, and visitors who come by HTTP get the page.
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

CONFIG = Path("/etc/nginx/tls.json")
SNIPPET = Path("/etc/nginx/tls/site.conf")
NEW_HTTP2 = (1, 25, 1)
"""From this nginx on, HTTP/2 is a directive and no parameter of `listen`."""
SERVED_WITHIN = 15.0
ASKED_WITHIN = 5
MOST_BYTES = 32 * 1024 * 1024
PEM = re.compile(r"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----\n?", re.DOTALL)


@dataclass(frozen=True)
class Config:
    """What is to be served, by the options of the role nginx."""

    certificate: str
    key: str
    names: list[str]
    listen: list[str]
    hsts_seconds: int
    redirect: bool


@dataclass(frozen=True)
class Certificate:
    """What a certificate says of itself. Times are in seconds since the epoch."""

    subject_names: tuple[str, ...] = ()
    issuer: str = ""
    serial: str = ""
    not_before: float = 0
    not_after: float = 0
    fingerprint: str = ""
    ocsp: str = ""
    crl: str = ""

    @property
    def lifetime(self) -> float:
        return self.not_after - self.not_before


@dataclass(frozen=True)
class Judged:
    """`unusable`: why nginx can't serve it; `invalid`: why browsers would not take it. "" is nothing."""

    certificate: Certificate
    unusable: str = ""
    invalid: str = ""


def run(*command: str, text: str = "") -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)
    except (OSError, subprocess.TimeoutExpired) as error:
        return subprocess.CompletedProcess(command, 127, "", str(error))


# What the certificate is


def judge(config: Config, now: float) -> Judged:
    """Looks at the certificate and its key, without the network."""
    for path in (config.certificate, config.key):
        if why := unreadable(Path(path)):
            return Judged(Certificate(), unusable=f"{path} {why}")
    said = run(
        *("openssl", "x509", "-noout", "-in", config.certificate, "-subject", "-issuer", "-serial", "-dates"),
        *("-fingerprint", "-sha256", "-ext", "subjectAltName,authorityInfoAccess,crlDistributionPoints"),
    )
    if said.returncode:
        return Judged(Certificate(), unusable=f"{config.certificate} is no certificate")
    certificate = parse(said.stdout)
    public = run("openssl", "x509", "-noout", "-in", config.certificate, "-pubkey").stdout
    own = run("openssl", "pkey", "-in", config.key, "-pubout", "-passin", "pass:").stdout
    if own != public:
        why = f"is not the key of {config.certificate}" if own else "is no key, or has a passphrase"
        return Judged(certificate, unusable=f"{config.key} {why}")
    return Judged(certificate, invalid=invalid(certificate, config.names, now))


def unreadable(path: Path) -> str:
    """Why there is nothing to read in a file, "" = there is."""
    try:
        return "" if path.read_bytes().strip() else "is empty"
    except FileNotFoundError:
        return "is missing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"


def parse(said: str) -> Certificate:
    """What `openssl x509` says."""
    fields = dict(line.split("=", 1) for line in said.splitlines() if re.match(r"[A-Za-z0-9 ]+=", line))
    names = [name for line in said.splitlines() for name in re.findall(r"(?:DNS|IP Address):([^,\s]+)", line)]
    common = re.search(r"CN ?= ?([^,/]+)", fields.get("subject", ""))
    fingerprint = next((value for name, value in fields.items() if name.lower().endswith("fingerprint")), "")
    return Certificate(
        subject_names=tuple(names or ([common[1].strip()] if common else [])),
        issuer=fields.get("issuer", "").strip(),
        serial=fields.get("serial", "").upper(),
        not_before=moment(fields.get("notBefore", "")),
        not_after=moment(fields.get("notAfter", "")),
        fingerprint=fingerprint.replace(":", "").lower(),
        ocsp=next(iter(re.findall(r"^\s*OCSP - URI:(http\S+)", said, re.MULTILINE)), ""),
        crl=next(iter(re.findall(r"^\s*URI:(http\S+)", said, re.MULTILINE)), ""),
    )


def moment(text: str) -> float:
    """A time as openssl writes it, `Nov 28 20:05:00 2026 GMT`."""
    if not text:
        return 0
    return datetime.strptime(text, "%b %d %H:%M:%S %Y %Z").replace(tzinfo=timezone.utc).timestamp()  # noqa: UP017 - 3.9


def invalid(certificate: Certificate, names: list[str], now: float) -> str:
    """Why browsers would not take a certificate, as far as it says so itself."""
    if now >= certificate.not_after:
        return f"expired on {day(certificate.not_after)}"
    if now < certificate.not_before:
        return f"is not valid before {day(certificate.not_before)}"
    missing = [name for name in names if not any(matches(name, each) for each in certificate.subject_names)]
    if missing:
        return f"is for {', '.join(certificate.subject_names) or 'nobody'}, not for {', '.join(missing)}"
    return ""


def matches(name: str, pattern: str) -> bool:
    """Whether a certificate's name is for a host; `*` is one label (RFC 6125)."""
    name, pattern = name.lower(), pattern.lower()
    if name == pattern:
        return True
    first, _, rest = name.partition(".")
    return bool(first) and pattern == f"*.{rest}"


def day(moment: float) -> str:
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%d %H:%M UTC")  # noqa: UP017 - 3.9


# Whether its authority stands by it


def revoked(config: Config, certificate: Certificate) -> str:
    """That the authority has revoked it, "" where it has not, or does not say."""
    if certificate.ocsp:
        return revoked_by_ocsp(config, certificate)
    if certificate.crl:
        return revoked_by_list(certificate)
    return ""


def revoked_by_ocsp(config: Config, certificate: Certificate) -> str:
    chain = PEM.findall(Path(config.certificate).read_text(encoding="ascii", errors="replace"))
    if len(chain) < 2:  # noqa: PLR2004 - itself and its issuer
        return ""
    with tempfile.TemporaryDirectory() as folder:
        own, issuer = Path(folder, "certificate.pem"), Path(folder, "issuer.pem")
        own.write_text(chain[0], encoding="ascii")
        issuer.write_text(chain[1], encoding="ascii")
        said = run(
            *("openssl", "ocsp", "-no_nonce", "-timeout", str(ASKED_WITHIN), "-url", certificate.ocsp),
            *("-issuer", str(issuer), "-cert", str(own), "-CAfile", str(issuer), "-partial_chain"),
        )
    return f"was revoked by {certificate.issuer}" if f"{own}: revoked" in said.stdout else ""


def revoked_by_list(certificate: Certificate) -> str:
    """Asks the authority's list; its issuer is not verified: who forges it can only make us renew."""
    try:
        with urllib.request.urlopen(certificate.crl, timeout=ASKED_WITHIN) as answer:  # noqa: S310 - as the certificate says
            content = answer.read(MOST_BYTES)
    except (OSError, ValueError):
        return ""
    with tempfile.NamedTemporaryFile(suffix=".crl") as file:
        file.write(content)
        file.flush()
        said = run("openssl", "crl", "-inform", "DER", "-in", file.name, "-noout", "-text")
    serials = re.findall(r"Serial Number: ([0-9A-Fa-f]+)", said.stdout)
    return f"was revoked by {certificate.issuer}" if certificate.serial in map(str.upper, serials) else ""


# What nginx is told


def snippet(config: Config, judged: Judged, version: tuple[int, ...]) -> str:
    """Directives of the site's server; "" = none, TLS is not served."""
    if judged.unusable:
        return ""
    modern = version >= NEW_HTTP2
    parameters = "ssl default_server" if modern else "ssl http2 default_server"
    lines = [f"# {config.certificate}, SHA-256 {judged.certificate.fingerprint}"]
    lines += [f"listen {address} {parameters};" for address in config.listen]
    lines += ["http2 on;"] if modern else []
    lines += [
        f"ssl_certificate {config.certificate};",
        f"ssl_certificate_key {config.key};",
        "ssl_protocols TLSv1.2 TLSv1.3;",
        "ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;",
        "ssl_prefer_server_ciphers off;",
        "ssl_session_cache shared:site:10m;",
        "ssl_session_tickets off;",
    ]
    if judged.certificate.ocsp:
        lines.append("ssl_stapling on;")
    if judged.invalid:
        lines.append(f"# HTTP does not lead here: the certificate {judged.invalid}.")
        return "\n".join([*lines, ""])
    if config.hsts_seconds > 0:
        lines.append(f'add_header Strict-Transport-Security "max-age={config.hsts_seconds}" always;')
    if config.redirect:
        lines += ["if ($site_leads_to_https) {", "    return 301 https://$host$request_uri;", "}"]
    return "\n".join([*lines, ""])


def nginx_version() -> tuple[int, ...]:
    found = re.search(r"nginx/([0-9.]+)", run("nginx", "-v").stderr)
    return tuple(int(part) for part in found[1].split(".")) if found else ()


def write(text: str) -> None:
    """The snippet as a whole, or none."""
    if not text:
        SNIPPET.unlink(missing_ok=True)
        return
    SNIPPET.parent.mkdir(mode=0o755, exist_ok=True)
    new = SNIPPET.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(SNIPPET)


def present() -> str:
    return SNIPPET.read_text(encoding="utf-8") if SNIPPET.exists() else ""


def complaint() -> str:
    """Why nginx would not take its configuration, "" = it would."""
    said = run("nginx", "-t", "-q")
    return said.stderr.strip().splitlines()[0] if said.returncode and said.stderr.strip() else ""


def unserved(config: Config, fingerprint: str) -> str:
    """Waits until nginx serves this certificate wherever it should; why it does not, "" = it does."""
    end = time.monotonic() + SERVED_WITHIN
    while True:
        left = [address for address in config.listen if served(address) != fingerprint]
        if not left:
            return ""
        if time.monotonic() > end:
            return f"nginx does not serve it on {', '.join(left)}"
        time.sleep(0.1)


def served(address: str) -> str:
    """The fingerprint of the certificate that somebody serves at an address of this host, "" = none."""
    host, _, port = address.rpartition(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    place = (host.strip("[]").replace("*", "") or "127.0.0.1", int(port))
    try:
        with (
            socket.create_connection(place, timeout=ASKED_WITHIN) as link,
            context.wrap_socket(link) as channel,
        ):
            return hashlib.sha256(channel.getpeercert(binary_form=True) or b"").hexdigest()
    except OSError:
        return ""


# What is done


def use(config: Config, now: float, *, reload: bool) -> dict[str, Any]:
    """Lets nginx serve what there is; what it does not take is taken back."""
    judged = judge(config, now)
    before, wanted = present(), snippet(config, judged, nginx_version())
    problem = judged.unusable or judged.invalid
    if wanted == before:
        return outcome(judged, problem, changed=False)
    write(wanted)
    refused = complaint()
    if refused and not wanted:
        # Nothing of ours: nginx goes on as it is.
        return outcome(judged, refused, changed=True)
    if refused:
        # With an earlier certificate, if nginx would still take that, else without any.
        write(before)
        if complaint():
            write("")
        return outcome(judged, refused, changed=present() != before)
    if not reload or run("systemctl", "is-active", "--quiet", "nginx").returncode:
        return outcome(judged, problem, changed=True)
    run("systemctl", "reload", "nginx")
    if wanted and (missed := unserved(config, judged.certificate.fingerprint)):
        write("")
        run("systemctl", "reload", "nginx")
        return outcome(judged, missed, changed=True)
    return outcome(judged, problem, changed=True)


def outcome(judged: Judged, problem: str, *, changed: bool) -> dict[str, Any]:
    return {
        "changed": changed,
        "serves": bool(present()),
        "valid": not (judged.unusable or judged.invalid),
        "problem": problem,
    }


def current(config: Config, judged: Judged) -> bool:
    """Whether nginx has been told of all this."""
    return present() == snippet(config, judged, nginx_version())


def status(config: Config, now: float) -> dict[str, Any]:
    """What is known, its authority's word on it included."""
    judged = judge(config, now)
    known = bool(judged.certificate.fingerprint)
    return {
        "names": config.names,
        "certificate": asdict(judged.certificate) | {"path": config.certificate, "key": config.key},
        "unusable": judged.unusable,
        "invalid": judged.invalid or (revoked(config, judged.certificate) if known else ""),
        "serves": bool(present()),
        "redirects": "return 301" in present(),
        "current": current(config, judged),
    }


def main() -> None:
    arguments = sys.argv[1:]
    if arguments not in (["use"], ["guard"], ["check"], ["status"]):
        sys.exit("usage: nginx-tls use|guard|check|status")
    config = Config(**json.loads(CONFIG.read_text(encoding="utf-8")))
    [verb] = arguments
    now = time.time()
    if verb == "check":
        done = {"current": current(config, judge(config, now))}
    else:
        done = status(config, now) if verb == "status" else use(config, now, reload=verb == "use")
    sys.stdout.write(json.dumps(done) + "\n")


if __name__ == "__main__":
    main()
