"""The configuration that the role writes, as Ansible renders it."""

import re
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

ROLE = Path(__file__).resolve().parents[2] / "roles/nginx"
TLS: dict[str, Any] = {
    "nginx_tls_certificate": "/etc/pki/site.pem",
    "nginx_tls_certificate_key": "/etc/pki/site.key",
}


def render(**settings: Any) -> str:
    systems = yaml.safe_load((ROLE / "vars/main.yml").read_text())["__nginx_systems"]
    values = {
        **yaml.safe_load((ROLE / "defaults/main.yml").read_text()),
        **{f"__nginx_{name}": value for name, value in systems["RedHat"].items()},
        "ansible_managed": "managed",
        **settings,
    }
    tls = bool(values["nginx_tls_certificate"])
    environment = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 - not HTML
    environment.filters["comment"] = lambda text: f"# {text}"
    environment.filters["regex_escape"] = re.escape
    template = environment.from_string((ROLE / "templates/nginx.conf.j2").read_text())
    return template.render({**values, "__nginx_tls": tls, "__nginx_tls_folder": "/etc/nginx/tls"})


def servers(text: str) -> list[str]:
    """The server blocks."""
    return re.findall(r"^    server \{$.*?^    \}$", text, re.DOTALL | re.MULTILINE)


def test_no_version_is_told() -> None:
    assert "server_tokens off;" in render()


def test_there_is_one_server() -> None:
    assert len(servers(render())) == 1


def test_every_answer_has_the_headers_and_an_empty_one_is_left_out() -> None:
    text = render(nginx_headers={"X-Frame-Options": "DENY", "Referrer-Policy": ""})
    assert 'add_header X-Frame-Options "DENY" always;' in text
    assert "Referrer-Policy" not in text


def test_a_quotation_mark_ends_no_header() -> None:
    text = render(nginx_headers={"Report-To": '{"group":"csp"}'})
    assert r'add_header Report-To "{\"group\":\"csp\"}" always;' in text


@pytest.mark.parametrize("address", ["80", "[::]:80"])
def test_it_is_the_default_wherever_it_listens(address: str) -> None:
    assert f"listen {address} default_server;" in render(nginx_listen=[address])


def test_without_a_certificate_there_is_no_tls() -> None:
    text = render()
    assert "ssl" not in text.replace("$ssl_protocol", "")
    assert "Strict-Transport-Security" not in text


def test_with_one_the_same_server_includes_what_brings_tls() -> None:
    text = render(**TLS)
    [server] = servers(text)
    assert "listen 80 default_server;" in server
    assert "include /etc/nginx/tls/*.conf;" in server
    # Whatever becomes of the certificate, this is whole.
    assert "ssl_certificate" not in text


def test_an_authority_gets_what_it_asks_for_by_http() -> None:
    [server] = servers(render(nginx_acme_webroot="/srv/acme", **TLS))
    assert "location ^~ /.well-known/acme-challenge/" in server
    assert "root /srv/acme;" in server
    assert "acme-challenge" not in render()


@pytest.mark.parametrize(
    ("asked", "led"),
    [
        ("http www.local-cloud.example /", True),
        ("http 198.18.0.1 /a/b", True),
        ("http localhost.example /", True),
        ("http localhost /", False),
        ("http www.local-cloud.example /.well-known/acme-challenge/token", False),
        ("https www.local-cloud.example /", False),
    ],
)
def test_who_is_led_to_https(asked: str, led: bool) -> None:
    [pattern] = re.findall(r'^ *"~(\^http .*)" yes;$', render(**TLS), re.MULTILINE)
    assert bool(re.match(pattern, asked)) is led


def test_without_releases_there_is_no_cookie() -> None:
    text = render()
    assert "Cookie" not in text
    assert "site_root" not in text


def test_with_releases_a_page_names_its_own_and_the_parts_come_from_it() -> None:
    text = render(nginx_document_root="/srv/www/current", nginx_releases="/srv/www/releases")
    [server] = servers(text)
    assert "set $site_root $realpath_root;" in server
    assert "try_files /$site_pinned$uri @live;" in server
    assert '"~^/srv/www/releases/(?<release_served>[A-Za-z0-9-]+)$"' in text
    # By HTTPS the cookie needs no other way.
    assert 'SameSite=Strict$site_cookie_secure"' in text
    assert 'on "; Secure";' in text
