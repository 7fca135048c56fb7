"""On-premises instances, as they are known."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from moto.core.common_models import BaseModel

from local_cloud.aws.codedeploy.records.deployments import now

Tags = list[dict[str, Any]]


@dataclass(kw_only=True, eq=False)
class OnPremisesInstance(BaseModel):
    instance_name: str
    instance_arn: str
    iam_session_arn: str | None = None
    iam_user_arn: str | None = None
    register_time: datetime = field(default_factory=now)
    deregister_time: datetime | None = None
    tags: Tags = field(default_factory=list)

    @property
    def host(self) -> str:
        """What its agent calls itself."""
        return self.iam_session_arn or self.iam_user_arn or ""
