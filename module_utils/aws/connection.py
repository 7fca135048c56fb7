# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The clients of one run, and whose account, in which partition and region, they work in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from .errors import Record, explained

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from mypy_boto3_codedeploy import CodeDeployClient
    from mypy_boto3_ec2 import EC2Client
    from mypy_boto3_iam import IAMClient
    from mypy_boto3_sts import STSClient


CONSOLES = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-eusc": "console.amazonaws-eusc.eu",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


@explained("find out which account the credentials belong to")
def get_caller_identity(client: STSClient, request: Record) -> Record:
    return client.get_caller_identity(**request)


@dataclass(frozen=True)
class Account:
    partition: str  # aws, aws-cn, aws-us-gov, aws-eusc, aws-iso...
    id: str


def account_in(arn: str) -> Account:
    """The account that an ARN belongs to, for example `arn:aws-cn:iam::123456789012:role/x`."""
    _, partition, _, _, account_id, *_ = arn.split(":", 5)
    return Account(partition, account_id)


class Connection:
    """Clients made when first needed, and once; the account asked for once."""

    def __init__(self, client: Callable[[str], Any]) -> None:
        """Take AnsibleAWSModule.client, or anything that makes a client of the name of a service."""
        self._client = cache(client)

    @property
    def autoscaling(self) -> Any:  # noqa: ANN401 - boto3-stubs[autoscaling] is not among the dependencies
        return self._client("autoscaling")

    @property
    def codedeploy(self) -> CodeDeployClient:
        client: CodeDeployClient = self._client("codedeploy")
        return client

    @property
    def ec2(self) -> EC2Client:
        client: EC2Client = self._client("ec2")
        return client

    @property
    def iam(self) -> IAMClient:
        client: IAMClient = self._client("iam")
        return client

    @property
    def s3(self) -> Any:  # noqa: ANN401 - boto3-stubs[s3] is not among the dependencies
        return self._client("s3")

    @property
    def sns(self) -> Any:  # noqa: ANN401 - boto3-stubs[sns] is not among the dependencies
        return self._client("sns")

    @property
    def region(self) -> str:
        return self.codedeploy.meta.region_name

    @cached_property
    def account(self) -> Account:
        """The account of the credentials; one call to STS a run."""
        return account_in(get_caller_identity(self._client("sts"), {})["Arn"])

    def arn(self, service: str, resource: str, account: Account | None = None) -> str:
        """The ARN of a service's resource in this region, of this account where no other is given."""
        owner = account or self.account
        return f"arn:{owner.partition}:{service}:{self.region}:{owner.id}:{resource}"

    def console_url(self, path: str) -> str:
        """Where a person sees it: `path` is the console's, without a slash in front."""
        host = CONSOLES.get(self.codedeploy.meta.partition, CONSOLES["aws"])
        return f"https://{self.region}.{host}/{path}?region={self.region}"
