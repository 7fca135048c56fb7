# ruff: noqa: ANN401 - moto's objects are duck-typed
"""What happened goes into moto's CloudWatch and S3. Whoever calls has moto for itself."""

import gzip
import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.exceptions import ServiceException
from moto.moto_api._internal import mock_random
from moto.s3.models import s3_backends
from moto.utilities.utils import get_partition

from local_cloud.aws import alarms
from local_cloud.aws.metric_namespaces import BALANCERS
from local_cloud.hosts.load_balancers import access_logs
from local_cloud.hosts.load_balancers.metrics import Minute
from local_cloud.hosts.load_balancers.model import Balancer

LOG = logging.getLogger(__name__)
KEPT = timedelta(hours=6)
"""Metrics of load balancers that are older are forgotten: moto looks through all of them at each question."""
BUCKET = "access_logs.s3.bucket"
ENABLED = "access_logs.s3.enabled"
PREFIX = "access_logs.s3.prefix"


def put_metrics(minute: Minute, moment: datetime) -> bool:
    """A minute's metrics, of `moment` (UTC), and the alarms on them. Did an alarm change?"""
    namespaces = set(BALANCERS.values())
    changed = False
    for account, region, namespace, data in minute.data():
        backend = cloudwatch_backends[account][region]
        backend.metric_data = [
            each
            for each in backend.metric_data
            if each.namespace not in namespaces or not _is_old(each, moment)
        ]
        for each, counts in data:
            backend.put_metric_data(namespace, [{**each, "Timestamp": moment}])
            if counts:
                backend.metric_data[-1] = alarms.MeasuredDatum(backend.metric_data[-1], counts)
    for regions in list(cloudwatch_backends.values()):
        for backend in list(regions.values()):
            for alarm in list(backend.alarms.values()):
                if alarms.namespaces(alarm) & namespaces:
                    changed = alarms.evaluate(backend, alarm) or changed
    return changed


def _is_old(datum: Any, moment: datetime) -> bool:
    return bool(datum.timestamp.replace(tzinfo=moment.tzinfo) < moment - KEPT)


def put_logs(balancer: Balancer, address: str, lines: Iterable[str], end: datetime) -> None:
    """The lines of a node's five minutes up to `end` (UTC), where its load balancer keeps access logs."""
    if balancer.says(ENABLED) != "true":
        return
    bucket = balancer.says(BUCKET, "")
    unique = mock_random.get_random_hex(length=8)
    name = access_logs.key(balancer, balancer.says(PREFIX, ""), address, end, unique)
    content = gzip.compress("".join(f"{each}\n" for each in lines).encode())
    try:
        s3_backends[balancer.account][get_partition(balancer.region)].put_object(bucket, name, content)
    except ServiceException as error:
        LOG.warning("access logs of %s are lost: bucket %s: %s", balancer.name, bucket, error)
