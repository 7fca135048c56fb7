"""HTTPS on a host that really boots, with certificates of minutes from a real authority.

What browsers meet, what is renewed under requests, what is named when it breaks, and where secrets are not.
In this order: each test goes on with the certificate that the one before has left.
"""

import dataclasses
import http.client
import json
import re
import socket
import ssl
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.command_lines import Watch
from tests.faults.certificates import self_signed
from tests.faults.pipeline_runs import BINDING, CHECKOUT, Pipeline
from tests.faults.visitors import Visitors

NAME = "www.local-cloud.example"
TEXT = "CodeDeploy + Github Actions + EC2"
LIVE = "/etc/site-certificate/acme/live/site"
RENEWED_WITHIN = 240
"""Seconds. A certificate is valid for 120 here, and due when 40 are left."""
STAPLED_WITHIN = 20
SHORTENED = 720
"""By how much the timers' day is shorter where they are watched: six hours are 30 seconds."""
PATIENT: dict[str, Any] = {
    "pipeline_https": "acme",
    "certificate_renewal_calendar": "2100-01-01 00:00:00",
    "certificate_peers": [],
}
"""A timer that does not come while a test looks."""
EAGER = PATIENT | {"certificate_renewal_calendar": "*-*-* *:*:0/5", "certificate_renewal_delay": "0"}


@dataclass(frozen=True)
class Site:
    """The site on its host, and who may run the pipeline."""

    pipeline: Pipeline
    address: str
    authorities: Path

    def play(self, name: str, settings: dict[str, Any], *options: str, fails: bool = False) -> str:
        played = self.pipeline.playbook(name, f"--extra-vars={json.dumps(settings)}", *options)
        assert (played.returncode != 0) == fails, played.stdout + played.stderr
        return " ".join((played.stdout + played.stderr).split())

    def on_host(self, command: str) -> str:
        """What a command prints; on_hosts leaves out who prints nothing."""
        return "".join(self.pipeline.on_hosts(command))

    def certificate(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self.on_host("nginx-tls status"))
        return told

    def browser(self) -> ssl.SSLContext:
        """Trusts the authority of the local cloud, and nobody else."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_verify_locations(self.authorities)
        return context

    def get(self, path: str = "/", *, tls: bool = True, context: ssl.SSLContext | None = None) -> "Answer":
        with socket.create_connection((self.address, 443 if tls else 80), timeout=10) as link:
            stream = (context or self.browser()).wrap_socket(link, server_hostname=NAME) if tls else link
            with stream:
                connection = http.client.HTTPConnection(NAME)
                connection.sock = stream
                connection.request("GET", path, headers={"Host": NAME})
                answer = connection.getresponse()
                return Answer(answer.status, dict(answer.getheaders()), answer.read().decode())

    def named(self, what: str, settings: dict[str, Any] = PATIENT) -> dict[str, str]:
        """Where a fault is named, and what is said there; the prerequisites say what visitors can see."""
        return {
            "prerequisites": self.play("check-prerequisites.yml", settings),
            "status": self.play("show-status.yml", settings, "--extra-vars=drift=false"),
            "repair": self.play("repair-hosts.yml", settings, "--check", f"--tags={what}"),
        }


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str


@pytest.fixture(scope="module")
def secure(
    pipeline: Pipeline, monkeypatch_module: pytest.MonkeyPatch
) -> Iterator[tuple[Site, str, set[str]]]:
    """The site with a certificate by an external account binding; what was said and started meanwhile."""
    key_id, _, key = BINDING.partition(":")
    monkeypatch_module.setenv("ACME_EAB_KEY_ID", key_id)
    monkeypatch_module.setenv("ACME_EAB_HMAC_KEY", key)
    [address] = pipeline.client("ec2").describe_addresses()["Addresses"]
    authorities = Path(pipeline.status()["acme"]["authorities"])
    # Settings of the run come after those of the session.
    site = Site(dataclasses.replace(pipeline, options=()), address["PublicIp"], authorities)
    with Watch() as watch:
        said = site.play("site.yml", PATIENT, "-vvv", "--diff")
    yield site, said, watch.seen
    restored = pipeline.playbook("site.yml")
    assert restored.returncode == 0, restored.stdout
    # The group drops what comes for the port that was closed, and behind it nobody listens.
    with pytest.raises(TimeoutError):
        site.get()
    assert TEXT in site.get(tls=False).body
    assert (
        site.on_host("find /etc/nginx/tls* /etc/site-certificate /usr/local/sbin/*tls* 2>/dev/null || true")
        == ""
    )
    assert "refused" in site.on_host("bash -c '</dev/tcp/127.0.0.1/443' 2>&1 || true")


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture
def site(secure: tuple[Site, str, set[str]]) -> Site:
    return secure[0]


def test_a_browser_gets_the_page_by_https_and_is_led_there(site: Site) -> None:
    page = site.get()
    assert (page.status, TEXT in page.body) == (200, True)
    assert page.headers["Strict-Transport-Security"] == "max-age=86400"
    led = site.get("/a?b=c", tls=False)
    assert (led.status, led.headers["Location"]) == (301, f"https://{NAME}/a?b=c")
    # What an authority asks for is answered as it came.
    assert site.get("/.well-known/acme-challenge/none", tls=False).status == 404
    # And the host itself, whose name for itself is in no certificate.
    assert TEXT in site.on_host("curl --silent --fail http://localhost/")
    context = site.browser()
    context.set_alpn_protocols(["h2", "http/1.1"])
    with (
        socket.create_connection((site.address, 443), timeout=10) as link,
        context.wrap_socket(link, server_hostname=NAME) as channel,
    ):
        assert (channel.selected_alpn_protocol(), channel.version()) == ("h2", "TLSv1.3")
    old = site.browser()
    old.minimum_version = ssl.TLSVersion.TLSv1
    old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.raises(OSError, match=r"(?i)ssl|tls|reset"):
        site.get(context=old)


def stapled(site: Site) -> str:
    """What a host says of its certificate's revocation by itself, in the handshake."""
    command = ["openssl", "s_client", "-connect", f"{site.address}:443", "-servername", NAME, "-status"]
    said = subprocess.run(command, input="", capture_output=True, text=True, check=False, timeout=10).stdout
    return said.partition("OCSP response:")[2].partition("Certificate chain")[0]


def test_a_host_brings_its_authority_s_word_along(site: Site) -> None:
    end = time.monotonic() + STAPLED_WITHIN
    # Each worker of nginx asks the authority at its first handshake, and does not wait for the answer.
    said = [stapled(site)]
    while "Cert Status: good" not in said[-1] and time.monotonic() < end:
        time.sleep(0.2)
        said.append(stapled(site))
    sys.stdout.write(f"{len(said)} handshakes\n")
    assert "no response sent" in said[0]
    assert "OCSP Response Status: successful" in said[-1]
    assert "Cert Status: good" in said[-1]


def test_secrets_are_in_no_log_argument_or_file_for_all(secure: tuple[Site, str, set[str]]) -> None:
    site, said, arguments = secure
    secret = BINDING.partition(":")[2]
    account = json.loads(site.on_host(f"cat {LIVE}/../../accounts/*/*/*/private_key.json"))
    key = site.on_host(f"sed -n 2p {LIVE}/privkey.pem")
    assert any("playbooks/site.yml" in each for each in arguments)
    # The kept binding went when there was an account.
    assert site.on_host("ls /etc/site-certificate") == "acme\nauthorities.pem\nfiles\nrenewal.json"
    for canary in (secret, account["d"], account["p"], key):
        assert canary not in said
        assert not [each for each in arguments if canary in each]
        # By the shell's own words, so that the search is not what it finds.
        pattern = f"{canary[:8]}[{canary[8]}]{re.escape(canary[9:])}"
        folders = "/etc /var /run /tmp /usr/local /home /opt /root"
        searched = f"grep --recursive --devices=skip --files-with-matches --regexp='{pattern}' {folders}"
        found = site.on_host(
            f"{searched} 2>/dev/null || true; journalctl --quiet --no-pager --grep='{pattern}' | head -n 3"
        )
        assert all(path.startswith("/etc/site-certificate/acme/") for path in found.splitlines())
        for path in found.splitlines():
            opened = f"runuser -u nobody -- cat {path} >/dev/null 2>&1"
            assert site.on_host(f"{opened} && echo open || echo closed") == "closed"
        here = subprocess.run(
            [
                "grep",
                "--recursive",
                "--files-with-matches",
                "--",
                canary,
                "build",
                ".local_cloud",
                ".cache/ansible",
            ],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=False,
        ).stdout.split()
        # The authority itself knows the binding, in a file of root's; hosts' disks were searched there.
        elsewhere = [path for path in here if not path.startswith(".local_cloud/engine/")]
        assert [path for path in elsewhere if not path.endswith("pebble.json")] == []


def test_a_second_run_changes_nothing(site: Site) -> None:
    said = site.play("site.yml", PATIENT)
    # The certificate of minutes may be due again, and nothing else.
    changed = [int(number) for number in re.findall(r"changed=(\d+)", said)]
    assert sum(changed) <= 1


def test_it_is_renewed_under_requests_and_none_is_lost(site: Site) -> None:
    site.play("provision-certificate.yml", EAGER)
    serials = {site.certificate()["certificate"]["serial"]}
    reloads = "journalctl --quiet --no-pager --unit=nginx --grep='Reloaded' | wc -l"
    before = int(site.on_host(reloads))
    with Visitors(
        [site.address], f"https://{NAME}/", ("",), re.compile(re.escape(TEXT)), authorities=site.authorities
    ) as visitors:
        end = time.monotonic() + RENEWED_WITHIN
        while len(serials) < 3 and time.monotonic() < end:
            serials.add(site.certificate()["certificate"]["serial"])
            time.sleep(1)
    # Shown by pytest -rP.
    sys.stdout.write(f"{len(serials)} certificates, {visitors.told()}\n")
    assert len(serials) == 3
    assert {(visit.statuses, visit.revisions) for visit in visitors.visits} == {(("200",), (TEXT,))}
    assert len(visitors.visits) > 500
    # The timer came every few seconds: nginx is reloaded only by another certificate.
    assert int(site.on_host(reloads)) - before <= len(serials)
    site.play("provision-certificate.yml", PATIENT)


def renewed(site: Site) -> None:
    """By repair-hosts.yml, which finds nothing afterwards."""
    assert "repaired" in site.play("repair-hosts.yml", PATIENT, "--tags=nginx")
    assert site.certificate()["invalid"] == ""
    assert site.get().status == 200


def test_a_revoked_one_is_named_and_renewed(site: Site) -> None:
    site.on_host("renew-certificate renew")
    given_up = {"confirm": NAME, "reason": "cessationOfOperation"}
    site.play("revoke-certificate.yml", PATIENT | given_up)
    assert site.on_host("systemctl is-active renew-certificate.timer || true") == "inactive"
    for where, said in site.named("certificate_invalid").items():
        assert "was revoked by" in said, where
    assert site.get().status == 200
    renewed(site)


@pytest.mark.parametrize(
    ("subject", "lasts", "why"),
    [
        ("other.example", timedelta(days=90), f"is for other.example, not for {NAME}"),
        (NAME, timedelta(hours=-1), "expired on"),
    ],
)
def test_one_that_browsers_refuse_is_named_and_the_page_goes_on_by_http(
    site: Site, subject: str, lasts: timedelta, why: str
) -> None:
    certificate, key = (b64encode(each).decode() for each in self_signed(subject, lasts))
    site.on_host(
        f"cd {LIVE} && echo {certificate} | base64 -d >fullchain.pem && echo {key} | base64 -d >privkey.pem"
        " && nginx-tls use"
    )
    page = site.get(tls=False)
    assert (page.status, TEXT in page.body) == (200, True)
    unverified = ssl._create_unverified_context()  # noqa: S323 - who clicks the warning away
    assert "Strict-Transport-Security" not in site.get(context=unverified).headers
    named = site.named("certificate_invalid")
    assert why in named["status"]
    assert why in named["repair"]
    assert "the certificate that" in named["prerequisites"]
    assert "is not valid" in named["prerequisites"]
    renewed(site)
    assert site.get(tls=False).status == 301


@pytest.mark.parametrize("how", ["rm --force {}/privkey.pem", "echo broken >{}/fullchain.pem"])
def test_a_broken_one_does_not_keep_nginx_down(site: Site, how: str) -> None:
    site.on_host(how.format(LIVE) + " && systemctl restart nginx")
    assert TEXT in site.get(tls=False).body
    with pytest.raises(OSError, match="refused"):
        site.get()
    named = site.named("certificate_invalid")
    assert "the page by HTTP" in named["status"]
    assert "the page by HTTP" in named["repair"]
    renewed(site)


def test_a_port_that_another_holds_does_not_take_the_page_away(site: Site) -> None:
    site.on_host(f"mv {LIVE}/privkey.pem {LIVE}/away && nginx-tls use && mv {LIVE}/away {LIVE}/privkey.pem")
    site.on_host("systemd-run --quiet --unit=stranger python3 -m http.server 443")
    try:
        used = json.loads(site.on_host("sleep 1; nginx-tls use"))
        assert (used["serves"], used["problem"]) == (False, "nginx does not serve it on 443")
        assert TEXT in site.get(tls=False).body
    finally:
        site.on_host("systemctl stop stranger")
    assert json.loads(site.on_host("nginx-tls use"))["serves"]
    assert site.get().status == 200


def test_a_stopped_timer_is_named_and_started(site: Site) -> None:
    site.on_host("systemctl disable --now renew-certificate.timer")
    said = site.play("repair-hosts.yml", PATIENT, "--check", "--tags=certificate_timer_stopped")
    assert "nobody renews the certificate" in said
    site.play("repair-hosts.yml", PATIENT, "--tags=certificate_timer_stopped")
    assert site.on_host("systemctl is-active renew-certificate.timer") == "active"


def test_certificates_come_as_files_too(site: Site, tmp_path: Path) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"

    def make(name: str) -> None:
        for path, content in zip((certificate, key), self_signed(name, timedelta(days=90)), strict=True):
            path.write_bytes(content)

    settings = PATIENT | {
        "pipeline_https": "files",
        "pipeline_https_certificate_file": str(certificate),
        "pipeline_https_key_file": str(key),
        "pipeline_https_ca_file": str(certificate),
    }
    make("other.example")
    refused = site.play("check-prerequisites.yml", settings, fails=True)
    assert f"the certificate is for other.example, not for {NAME}" in refused
    make(NAME)
    said = site.play("configure-hosts.yml", settings, "--diff", "-vvv")
    assert key.read_text().splitlines()[1] not in said
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(certificate)
    assert site.get(context=context).status == 200
    assert site.on_host("stat --format=%a /etc/site-certificate/files/privkey.pem") == "600"
    site.play("site.yml", PATIENT)
    assert site.get().status == 200


def test_after_a_disclosure_there_is_another_key_at_once(site: Site) -> None:
    key = f"openssl pkey -pubout -in {LIVE}/privkey.pem"
    before, serial = site.on_host(key), site.certificate()["certificate"]["serial"]
    assert "Confirm with" in site.play("revoke-certificate.yml", PATIENT, fails=True)
    site.play("revoke-certificate.yml", PATIENT | {"confirm": NAME})
    assert site.on_host(key) != before
    after = site.certificate()
    assert (after["invalid"], after["certificate"]["serial"] != serial) == ("", True)
    assert site.get().status == 200


def test_an_authority_that_does_not_answer_is_named_and_the_page_goes_on(site: Site) -> None:
    site.on_host("renew-certificate renew")
    ends = site.certificate()["certificate"]["not_after"]
    nobody = PATIENT | {
        "pipeline_https_acme_directory": "https://198.19.255.254:14999/dir",
        "pipeline_hosts_acme_directory": "https://acme.local-cloud.test:14999/dir",
    }
    said = site.play("provision-certificate.yml", nobody, fails=True)
    assert "https://acme.local-cloud.test:14999/dir: " in said
    assert site.get().status == 200
    named = site.named("certificate_renewal_failed", nobody)
    assert "it does not answer" in named["prerequisites"]
    for where in ("status", "repair"):
        assert "not renewed since" in named[where], where
        assert "acme.local-cloud.test:14999" in named[where], where
    # Also when its time is over.
    time.sleep(max(0.0, ends - time.time()) + 1)
    site.on_host("renew-certificate renew || true")
    page = site.get(tls=False)
    assert (page.status, TEXT in page.body) == (200, True)
    said = site.play("show-status.yml", nobody, "--extra-vars=drift=false")
    assert re.search("expired on .* browsers warn of it; not renewed since", said)
    site.play("provision-certificate.yml", PATIENT)
    assert site.get().status == 200


def test_several_hosts_answer_in_route_53(site: Site) -> None:
    """With what the instances' role is granted, and no more."""
    site.pipeline.administer("PUT", "enforce-iam?on=1")
    try:
        site.play("site.yml", PATIENT | {"pipeline_instance_count": 2})
    finally:
        site.pipeline.administer("PUT", "enforce-iam?on=0")
    found = site.pipeline.client("ec2").describe_addresses()["Addresses"]
    hosts = [dataclasses.replace(site, address=each["PublicIp"]) for each in found]
    assert [host.get().status for host in hosts] == [200, 200]
    served = {ssl.get_server_certificate((host.address, 443)) for host in hosts}
    assert len(served) == 2
    route53 = site.pipeline.client("route53")
    [zone] = [each["Id"] for each in route53.list_hosted_zones()["HostedZones"]]
    records = route53.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
    assert [each["Name"] for each in records if each["Type"] == "TXT"] == []


def shortened(timer: str) -> str:
    """The times of a timer, all of a day, within two minutes."""
    moments = re.findall(r"^OnCalendar=\*-\*-\* (\d\d):(\d\d):00$", timer, re.MULTILINE)
    assert len(moments) == 4, timer
    seconds = [(int(hour) * 60 + int(minute)) * 60 // SHORTENED for hour, minute in moments]
    lines = sorted({f"OnCalendar=*-*-* *:*:{second % 60:02}" for second in seconds})
    return "\n".join(["[Timer]", "OnCalendar=", *lines, "RandomizedDelaySec=3", ""])


def test_several_hosts_renew_one_after_another(site: Site) -> None:
    """By their own timers, which have the same day as everywhere, in two minutes."""
    settings = {"pipeline_https": "acme", "pipeline_instance_count": 2}
    site.play("site.yml", settings)
    timer = "/etc/systemd/system/renew-certificate.timer"
    instances = [each["InstanceId"] for each in site.pipeline.client("ec2").describe_addresses()["Addresses"]]
    texts = {host: "".join(site.pipeline.on_hosts(f"cat {timer}", host)) for host in instances}
    first, second = (set(re.findall(r"^OnCalendar=.*", text, re.MULTILINE)) for text in texts.values())
    assert not first & second
    for host, text in texts.items():
        short = b64encode(shortened(text).encode()).decode()
        site.pipeline.on_hosts(
            f"mkdir {timer}.d; echo {short} | base64 -d >{timer}.d/short.conf; systemctl daemon-reload;"
            " systemctl restart renew-certificate.timer",
            host,
        )

    service = "systemctl show renew-certificate.service --value --property=ExecMainStartTimestampMonotonic"
    look = f"{service} --property=ExecMainExitTimestampMonotonic,ExecMainStatus"
    serial = f"openssl x509 -noout -serial -in {LIVE}/fullchain.pem"
    runs: list[set[tuple[int, ...]]] = [set(), set()]
    serials: list[set[str]] = [set(), set()]
    end = time.monotonic() + RENEWED_WITHIN
    while min(map(len, serials)) < 3 and time.monotonic() < end:
        for host, found in enumerate(site.pipeline.on_hosts(f"{look}; {serial}")):
            *run, named = found.split()
            runs[host].add(tuple(map(int, run)))
            serials[host].add(named)

    spans = [{run for run in host if run[0] < run[1]} for host in runs]
    sys.stdout.write(
        f"{[len(host) for host in spans]} runs, {[len(host) for host in serials]} certificates\n"
    )
    assert min(map(len, serials)) == 3
    told = "\n".join(site.pipeline.on_hosts("journalctl --unit=renew-certificate --no-pager --lines=200"))
    assert {status for host in spans for _, _, status in host} == {0}, told
    assert not [
        (one, other) for one in spans[0] for other in spans[1] if one[0] < other[1] and other[0] < one[1]
    ]
