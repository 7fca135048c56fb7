# ruff: noqa: ANN401 - moto's objects are duck-typed
"""Attributes of load balancers and target groups: the defaults that AWS shows, and what it refuses."""

import json
from collections.abc import Mapping
from typing import Any

from moto.core.exceptions import ServiceException
from moto.elbv2.exceptions import ELBClientError as ElbError
from moto.elbv2.models import ELBv2Backend
from moto.s3.models import s3_backends
from moto.utilities.utils import get_partition

from local_cloud.aws.moto.elbv2.balancers import short_name

ENABLED, BUCKET, PREFIX = (f"access_logs.s3.{name}" for name in ("enabled", "bucket", "prefix"))
LOG_DELIVERY = "elasticloadbalancing"
PUTS = {"s3:PutObject", "s3:Put*", "s3:*", "*"}

DEFAULTS = {
    "routing.http.desync_mitigation_mode": "defensive",
    "routing.http.drop_invalid_header_fields.enabled": "false",
    "routing.http.preserve_host_header.enabled": "false",
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": "false",
    "routing.http.xff_client_port.enabled": "false",
    "routing.http.xff_header_processing.mode": "append",
    "routing.http2.enabled": "true",
    "waf.fail_open.enabled": "false",
}
"""What an application load balancer shows besides, as long as nobody sets it; moto shows nothing of it."""

_original_describe = ELBv2Backend.describe_load_balancer_attributes
_original_modify = ELBv2Backend.modify_load_balancer_attributes


def describe_attributes(backend: Any, arn: str) -> Any:
    balancer = backend.load_balancers.get(arn)
    shown: Mapping[str, Any] = _original_describe(backend, arn)
    return {**DEFAULTS, **shown} if balancer.type == "application" else shown


def modify_attributes(backend: Any, arn: str, attrs: dict[str, Any]) -> Any:
    """Access logs need a bucket that lets them in; a first object shows it."""
    balancer = backend.load_balancers.get(arn)
    wanted = (dict(balancer.attrs) if balancer is not None else {}) | attrs
    if ENABLED in attrs and str(wanted.get(ENABLED)) == "true":
        _try_bucket(backend, short_name(arn), wanted)
    return _original_modify(backend, arn, attrs)


def _try_bucket(backend: Any, name: str, wanted: Mapping[str, Any]) -> None:
    bucket = str(wanted.get(BUCKET) or "")
    s3 = s3_backends[backend.account_id][get_partition(backend.region_name)]
    try:
        lets_in = _lets_in(s3.get_bucket(bucket).policy)
    except ServiceException:
        lets_in = False
    if not lets_in:
        raise ElbError(
            "InvalidConfigurationRequest",
            f"Access Denied for bucket: {bucket}. Please check S3bucket permission",
        )
    start = f"{str(wanted.get(PREFIX) or '').strip('/')}/".lstrip("/")
    key = f"{start}AWSLogs/{backend.account_id}/ELBAccessLogTestFile"
    s3.put_object(bucket, key, f"Enable AccessLog for ELB: {name}".encode())


def _lets_in(policy: Any) -> bool:
    """Whether a statement lets Elastic Load Balancing, or an account of its, put objects."""
    if not policy:
        return False
    statements = json.loads(policy).get("Statement", [])
    return any(
        each.get("Effect") == "Allow"
        and _is_delivery(each.get("Principal"))
        and PUTS & {*_list(each.get("Action"))}
        for each in _list(statements)
    )


def _is_delivery(principal: Any) -> bool:
    if not isinstance(principal, Mapping):
        return bool(principal == "*")
    return bool(principal.get("AWS")) or any(LOG_DELIVERY in each for each in _list(principal.get("Service")))


def _list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [] if given is None else [given]


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (ELBv2Backend, "describe_load_balancer_attributes", describe_attributes),
    (ELBv2Backend, "modify_load_balancer_attributes", modify_attributes),
)
