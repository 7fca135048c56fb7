"""haproxy takes the configuration that load balancers are made into."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from local_cloud.hosts.load_balancers.configuration import MAIN
from local_cloud.hosts.load_balancers.model import (
    Account,
    Action,
    Condition,
    FixedResponse,
    Forward,
    Group,
    Redirect,
    Rule,
    Stickiness,
    Unsupported,
)
from tests.local_cloud.balancer_models import GROUP, NASTY, WEB, account, listener, rendered

ACTIONS: list[Action] = [
    Forward(groups=()),
    Forward(groups=((WEB, 0),)),
    Forward(groups=((WEB, 3), (WEB, 2)), sticky=60),
    Redirect(status=301, host="a\nb", path="/\r\n'"),
    Redirect(status=302, host="x.example", path="/a b/#{path}", query=f"q=#{{query}}&n={NASTY.strip()}"),
    FixedResponse(status=503, body=NASTY, content_type="application/json"),
    FixedResponse(status=204),
    Unsupported(kind="authenticate-oidc"),
]
CONDITIONS = [
    Condition(field="path-pattern", values=(NASTY.strip(), "/*")),
    Condition(field="host-header", values=("*.Ä.example",)),
    Condition(field="http-header", values=("a*",), header="X-A"),
    Condition(field="http-header", values=("a",), header="no) header"),
    Condition(field="http-request-method", values=("GET", "M-SEARCH")),
    Condition(field="query-string", values=("a&b=c", "=d")),
    Condition(field="path-pattern", values=tuple("/" + character * 127 for character in "+'(\\*")),
    Condition(field="source-ip", values=("10.0.0.0/8", "::/0")),
]


class TestConfiguration:
    @pytest.mark.parametrize("action", ACTIONS, ids=lambda action: type(action).__name__)
    def test_haproxy_takes_each_action(self, tmp_path: Path, action: Action) -> None:
        rule = Rule(priority=7, conditions=(CONDITIONS[0],), action=action)
        check(tmp_path, account(listener(rule)))

    def test_haproxy_takes_all_conditions(self, tmp_path: Path) -> None:
        rules = [
            Rule(priority=number, conditions=(each,), action=FixedResponse(status=200))
            for number, each in enumerate(CONDITIONS, 1)
        ]
        check(tmp_path, account(listener(*rules)))

    @pytest.mark.parametrize(
        "group",
        [
            replace(GROUP, stickiness=Stickiness(seconds=60)),
            replace(GROUP, stickiness=Stickiness(seconds=60, cookie="SID")),
            replace(GROUP, algorithm="least_outstanding_requests", protocol="HTTPS"),
            replace(GROUP, version="GRPC", algorithm="weighted_random"),
            replace(GROUP, targets=()),
        ],
        ids=["cookie", "application's cookie", "https", "grpc", "empty"],
    )
    def test_haproxy_takes_each_kind_of_group(self, tmp_path: Path, group: Group) -> None:
        check(tmp_path, account(group=group))

    def test_haproxy_takes_what_attributes_ask_for(self, tmp_path: Path) -> None:
        attributes = {
            "idle_timeout.timeout_seconds": "4000",
            "routing.http.xff_client_port.enabled": "true",
            "routing.http.xff_header_processing.mode": "remove",
        }
        check(tmp_path, account(attributes=attributes))

    def test_haproxy_takes_a_network_load_balancer(self, tmp_path: Path) -> None:
        sticky = replace(GROUP, protocol="TCP", stickiness=Stickiness(seconds=60))
        check(tmp_path, account(listener(protocol="TCP", port=2222), group=sticky, kind="net"))


def check(folder: Path, given: Account) -> None:
    """haproxy's own verdict."""
    for name, content in rendered(given).items():
        (folder / name).write_text(content)
    result = subprocess.run(
        ["haproxy", "-c", "-f", MAIN], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (result.returncode, result.stderr) == (0, ""), result.stderr
