"""Where moto is not as AWS is, and a pipeline would notice.

moto has no way to add to it, so attributes of its modules are replaced. It is pinned, and `install` fails at
once where a new version has no such attribute. Each service has a file here.
"""

from collections.abc import Iterator
from typing import Any

import moto.codedeploy.urls
import moto.moto_server.werkzeug_app
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE
from moto.sts.responses import TokenResponse

from local_cloud.aws import codedeploy
from local_cloud.aws.autoscaling import options as scaling_options
from local_cloud.aws.codedeploy import urls as codedeploy_urls
from local_cloud.aws.moto import (
    acm,
    answers,
    autoscaling,
    cloudformation,
    cloudtrail,
    cloudwatch,
    ec2,
    elb,
    elbv2,
    events,
    iam,
    reset,
    route53,
    s3,
    service_models,
    sqs,
    ssm,
    sts,
)
from local_cloud.aws.trail import History
from local_cloud.settings import Settings


def install(settings: Settings, history: History) -> None:
    """Make moto of this process behave as the local cloud of `settings`, whose calls are in `history`. Public
    addresses begin anew."""
    codedeploy.options.role_propagation = settings.iam_propagation_seconds
    codedeploy.options.agent_timeout = codedeploy.options.event_timeout = settings.agent_timeout
    scaling_options.clock.begin(settings.autoscaling_speed)
    codedeploy.options.shuffles_targets = settings.seed is not None
    for owner, name, replacement in _replaced(settings):
        if not hasattr(owner, name):
            raise AttributeError(f"this version of moto has no {owner.__name__}.{name}")
        setattr(owner, name, replacement)
    for owner, name, operation in (*autoscaling.ADDED, *cloudtrail.added(history), *ec2.ADDED, *iam.ADDED):
        setattr(owner, name, operation)
    # moto's word is vpc-elastic-ip, so the filter that AWS has finds no tags of Elastic IPs.
    EC2_PREFIX_TO_RESOURCE["eipalloc"] = "elastic-ip"


def _replaced(settings: Settings) -> Iterator[tuple[Any, str, Any]]:
    """Owner, attribute, and what takes its place."""
    yield from acm.replaced(settings)
    yield from answers.REPLACED
    yield from autoscaling.REPLACED
    yield from cloudformation.REPLACED
    yield from cloudwatch.REPLACED
    yield from ec2.replaced(settings)
    yield from elb.REPLACED
    yield from events.REPLACED
    yield from elbv2.REPLACED
    yield from iam.REPLACED
    yield from reset.REPLACED
    yield from route53.REPLACED
    yield from s3.REPLACED
    yield from service_models.REPLACED
    yield from sqs.REPLACED
    yield from ssm.REPLACED
    yield moto.codedeploy.urls, "url_bases", codedeploy_urls.url_bases
    yield moto.codedeploy.urls, "url_paths", codedeploy_urls.url_paths
    yield moto.moto_server.werkzeug_app, "DISABLE_GLOBAL_CORS", True
    yield TokenResponse, "assume_role_with_web_identity", sts.handler(settings)
