"""The configuration that the role writes, as Ansible renders it."""

from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

ROLE = Path(__file__).resolve().parents[2] / "roles/nginx"


def render(**settings: Any) -> str:
    defaults = yaml.safe_load((ROLE / "defaults/main.yml").read_text())
    system = yaml.safe_load((ROLE / "vars/RedHat.yml").read_text())
    environment = jinja2.Environment(trim_blocks=True, undefined=jinja2.StrictUndefined, autoescape=False)  # noqa: S701 - not HTML
    environment.filters["comment"] = lambda text: f"# {text}"
    template = environment.from_string((ROLE / "templates/nginx.conf.j2").read_text())
    return template.render({**defaults, **system, "ansible_managed": "managed", **settings})


def test_no_version_is_told() -> None:
    assert "server_tokens off;" in render()


def test_every_answer_has_the_headers_and_an_empty_one_is_left_out() -> None:
    text = render(nginx_headers={"X-Frame-Options": "DENY", "Referrer-Policy": ""})
    assert 'add_header X-Frame-Options "DENY" always;' in text
    assert "Referrer-Policy" not in text


@pytest.mark.parametrize("address", ["80", "[::]:80"])
def test_it_is_the_default_wherever_it_listens(address: str) -> None:
    assert f"listen {address} default_server;" in render(nginx_listen=[address])
