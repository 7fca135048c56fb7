"""A load balancer and a target group, without an account behind them."""

from collections.abc import Mapping
from typing import Any

from local_cloud.hosts.load_balancers.configuration import render
from local_cloud.hosts.load_balancers.frontends import backend_name
from local_cloud.hosts.load_balancers.model import (
    Account,
    Balancer,
    Forward,
    Group,
    Listener,
    Node,
    Rule,
    Target,
)
from local_cloud.hosts.load_balancers.slots import assign

REGION = "eu-north-1"
ACCOUNT = "210987654321"
WEB = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:targetgroup/web/00aa"
TARGETS = tuple(Target(target_id=f"i-{number}", address=f"10.0.0.{number}", port=8080) for number in (1, 2))
GROUP = Group(arn=WEB, name="targetgroup/web/00aa", protocol="HTTP", targets=TARGETS)
NODES = (
    Node(
        interface="eni-1",
        zone="eu-north-1a",
        private="10.0.0.8",
        public="198.18.0.8",
        mac="02:00:00:00:00:08",
    ),
    Node(interface="eni-2", zone="eu-north-1b", private="10.0.1.8", public=None, mac="02:00:00:00:00:09"),
)
NASTY = "it's \"#$%\\ ${HOME} %[src] é\n"


def listener(*rules: Rule, **options: Any) -> Listener:
    default = Rule(priority=0, action=Forward(groups=((WEB, 1),)))
    given: dict[str, Any] = {"protocol": "HTTP", "port": 80} | options
    return Listener(key="11bb", rules=(*rules, default), **given)


def account(
    *listeners: Listener, group: Group = GROUP, kind: str = "app", attributes: Mapping[str, str] | None = None
) -> Account:
    balancer = Balancer(
        key="22cc",
        name=f"{kind}/front/22cc",
        account=ACCOUNT,
        region=REGION,
        nodes=NODES,
        listeners=listeners or (listener(),),
        attributes=attributes or {},
    )
    return Account(balancers=(balancer,), groups={group.arn: group})


def rendered(given: Account) -> dict[str, str]:
    slots = {
        backend_name(balancer, arn): assign({}, group, {each.target_id: 100 for each in group.targets})
        for balancer in given.balancers
        for arn, group in given.groups.items()
    }
    return render(given, slots, socket="1.sock", noted=2)
