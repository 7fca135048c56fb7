# ruff: noqa: ANN401 - moto's objects are duck-typed
"""Reads load balancers from moto's account, of all regions.

Without any lock: calls change the records meanwhile, so that lists are copied first; what is half-made is
complete when the call has ended, and is read again then.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from moto.ec2.models import ec2_backends
from moto.elbv2.ssl_policies import SSL_POLICIES

from local_cloud.aws.moto.elbv2 import balancers as moto_balancers
from local_cloud.aws.moto.elbv2 import listeners as moto_listeners
from local_cloud.aws.moto.elbv2 import targets as moto_targets
from local_cloud.aws.moto.elbv2.targets import NOT_IN_USE, TRAFFIC_PORT, ZONE_NOT_ENABLED, Health
from local_cloud.hosts.load_balancers.actions import action_of
from local_cloud.hosts.load_balancers.conditions import TOKEN
from local_cloud.hosts.load_balancers.model import (
    Account,
    Balancer,
    Condition,
    Forward,
    Group,
    HealthCheck,
    Listener,
    Node,
    Rule,
    Stickiness,
    Target,
    TlsPolicy,
    groups_of,
)

Instances = Mapping[str, Any]
"""moto's, by id."""
RUNNING = {"pending", "running"}
CONFIGS = {
    "host-header": "HostHeaderConfig",
    "path-pattern": "PathPatternConfig",
    "http-header": "HttpHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "query-string": "QueryStringConfig",
    "source-ip": "SourceIpConfig",
}


def read() -> Account:
    balancers = tuple(_balancer(each) for each in moto_balancers.all_balancers() if each.type != "gateway")
    zones: dict[str, set[str]] = {}
    for balancer in balancers:
        for arn in groups_of(balancer):
            zones.setdefault(arn, set()).update(node.zone for node in balancer.nodes)
    groups = {each.arn: _group(each, zones[each.arn]) for each in moto_targets.groups() if each.arn in zones}
    return Account(balancers=balancers, groups=groups)


def zones_of(arn: str) -> set[str] | None:
    """Where the load balancers are that forward to a target group; None: none does."""
    zones: set[str] = set()
    for balancer in moto_balancers.all_balancers():
        if any(
            arn in action_arns(rule.actions)
            for each in list(balancer.listeners.values())
            for rule in list(each.rules.values())
        ):
            zones |= {subnet.availability_zone for subnet in balancer.subnets}
    return zones or None


def action_arns(actions: Any) -> set[str]:
    """The target groups that a rule's actions name."""
    forward = action_of([each.data for each in actions])
    return {arn for arn, _ in forward.groups} if isinstance(forward, Forward) else set()


def unused(group: Any, target_id: str) -> Health | None:
    """Why nothing is sent to a registered target, whatever its checks say."""
    zones = zones_of(group.arn)
    if zones is None:
        return NOT_IN_USE
    return _unused(_instances(group).get(target_id), zones)


def _unused(instance: Any, zones: set[str]) -> Health | None:
    """`instance`: None where the target is an address."""
    if instance is None:
        return None
    if instance.state not in RUNNING:
        return Health("unused", "Target.InvalidState", f"Target is in the {instance.state} state")
    return ZONE_NOT_ENABLED if instance.placement.zone not in zones else None


def _balancer(balancer: Any) -> Balancer:
    return Balancer(
        key=balancer.arn.rpartition("/")[2],
        name=moto_balancers.short_name(balancer.arn),
        account=balancer.arn.split(":")[4],
        region=balancer.arn.split(":")[3],
        nodes=tuple(
            Node(
                interface=each.id,
                zone=each.subnet.availability_zone,
                private=each.private_ip_address,
                public=each.public_ip,
                mac=each.mac_address,
            )
            for each in moto_balancers.interfaces_of(balancer)
        ),
        listeners=tuple(_listener(each) for each in list(balancer.listeners.values())),
        attributes={name: str(value) for name, value in dict(balancer.attrs).items()},
    )


def _listener(listener: Any) -> Listener:
    rules = [_rule(each) for each in list(listener.rules.values())]
    found = [_pem(each) for each in listener.certificates]
    return Listener(
        key=listener.arn.rpartition("/")[2],
        protocol=listener.protocol,
        port=int(listener.port),
        # The default rule, 0, is asked last.
        rules=tuple(sorted(rules, key=lambda rule: (rule.priority == 0, rule.priority))),
        certificates=tuple(each for each in found if each),
        policy=_policy(listener.ssl_policy),
    )


def _rule(rule: Any) -> Rule:
    return Rule(
        priority=0 if rule.is_default else int(rule.priority),
        conditions=tuple(_condition(each) for each in rule.conditions),
        action=action_of([each.data for each in rule.actions]),
    )


def _condition(given: Mapping[str, Any]) -> Condition:
    config = given.get(CONFIGS[given["Field"]]) or {}
    values = config.get("Values") or given.get("Values") or []
    return Condition(
        field=given["Field"],
        values=tuple(
            f"{each.get('Key', '')}={each['Value']}" if isinstance(each, Mapping) else str(each)
            for each in values
        ),
        header=config.get("HttpHeaderName", ""),
    )


def _policy(name: str) -> TlsPolicy:
    known = SSL_POLICIES.get(name)
    if known is None:
        return TlsPolicy()
    protocols = sorted({"TLSv1": "TLSv1.0"}.get(each, each) for each in known["ssl_protocols"])
    ciphers = list(known["ciphers"])
    return TlsPolicy(
        lowest=protocols[0],
        highest=protocols[-1],
        ciphers=":".join(each for each in ciphers if not each.startswith("TLS_")),
        suites=":".join(each for each in ciphers if each.startswith("TLS_")),
    )


def _pem(arn: str) -> str:
    """A certificate of ACM or IAM with its chain and key; empty where there is none that can be served."""
    bundle = moto_listeners.acm_certificate(arn)
    if bundle is not None:
        parts = [bundle.cert, bundle.chain, bundle.key] if bundle.status == "ISSUED" else []
        return _usable("".join(f"{each.decode().strip()}\n" for each in parts if each))
    found = moto_listeners.iam_certificate(arn)
    parts = [found.cert_body, found.cert_chain, found.private_key] if found is not None else []
    return _usable("".join(f"{each.strip()}\n" for each in parts if each))


@lru_cache(maxsize=64)
def _usable(pem: str) -> str:
    """Empty where haproxy would refuse it, and with it all other load balancers."""
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError):
        return ""
    return pem if certificate.public_key() == key.public_key() else ""


def _group(group: Any, zones: set[str]) -> Group:
    attributes = {name: str(value) for name, value in dict(group.attributes).items()}
    return Group(
        arn=group.arn,
        name=group.arn.rpartition(":")[2],
        protocol=group.protocol or "HTTP",
        version=group.protocol_version or "HTTP1",
        algorithm=attributes["load_balancing.algorithm.type"],
        stickiness=_stickiness(attributes),
        slow_start=float(attributes.get("slow_start.duration_seconds", 0)),
        check=_check(group),
        targets=tuple(_targets(group, zones, _instances(group))),
    )


def _stickiness(attributes: Mapping[str, str]) -> Stickiness | None:
    if attributes.get("stickiness.enabled") != "true":
        return None
    if attributes.get("stickiness.type") == "app_cookie":
        if not TOKEN.fullmatch(attributes.get("stickiness.app_cookie.cookie_name", "")):
            return None
        return Stickiness(
            seconds=int(attributes.get("stickiness.app_cookie.duration_seconds", 86400)),
            cookie=attributes.get("stickiness.app_cookie.cookie_name", ""),
        )
    return Stickiness(seconds=int(attributes.get("stickiness.lb_cookie.duration_seconds", 86400)))


def _check(group: Any) -> HealthCheck:
    port = str(group.health_check_port or TRAFFIC_PORT)
    matcher = getattr(group, "matcher", None) or {}
    return HealthCheck(
        protocol=group.health_check_protocol or "HTTP",
        port=0 if port == TRAFFIC_PORT else int(port),
        path=group.health_check_path or "/",
        interval=float(group.health_check_interval_seconds),
        timeout=float(group.health_check_timeout_seconds),
        healthy=int(group.healthy_threshold_count),
        unhealthy=int(group.unhealthy_threshold_count),
        matcher=str(matcher.get("HttpCode") or matcher.get("GrpcCode") or "200"),
    )


def _targets(group: Any, zones: set[str], known: Instances) -> Iterator[Target]:
    if group.target_type not in moto_targets.REACHED:
        return
    for target_id, target in list(group.targets.items()):
        yield Target(
            target_id=target_id,
            address=_address(group, target_id, known),
            port=int(target["Port"]),
            unused=_unused(known.get(target_id), zones),
        )
    for leaving in moto_targets.leaving(group):
        yield Target(
            target_id=leaving.target_id,
            address=_address(group, leaving.target_id, known),
            port=leaving.port,
            leaving=True,
        )


def _address(group: Any, target_id: str, known: Instances) -> str:
    """Where a target is reached; empty where it is not."""
    if group.target_type == "ip":
        return target_id
    return str(known[target_id].nics[0].private_ip_address) if target_id in known else ""


def _instances(group: Any) -> Instances:
    """Those of a target group's region, by id."""
    reservations = list(ec2_backends[group.account_id][group.region_name].reservations.values())
    return {instance.id: instance for each in reservations for instance in list(each.instances)}
