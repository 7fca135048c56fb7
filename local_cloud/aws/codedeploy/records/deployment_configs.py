"""Deployment configurations, as they are known."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.core.common_models import BaseModel
from moto.moto_api._internal import mock_random

from local_cloud.aws.codedeploy.records.deployments import now

Fields = dict[str, Any]


@dataclass(kw_only=True, eq=False)
class DeploymentConfig(BaseModel):
    deployment_config_name: str
    compute_platform: str = "Server"
    minimum_healthy_hosts: Fields | None = None
    traffic_routing_config: Fields | None = None
    zonal_config: Fields | None = None
    deployment_config_id: str = field(default_factory=lambda: str(mock_random.uuid4()))
    create_time: datetime = field(default_factory=now)
