# ruff: noqa: ANN401 - AWS's answers are what they are
"""What CodeDeploy does as a deployment group's service role: calls of other services, as AWS records them.

No lock may be held meanwhile, but for that of `options.calling`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.aws.codedeploy.options import options

_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"})


class ServiceError(Exception):
    """Another service has refused. `service` is its name for botocore; the message is AWS's."""

    def __init__(self, service: str, code: str, message: str) -> None:
        super().__init__(message)
        self.service = service
        self.code = code

    @property
    def is_denied(self) -> bool:
        return self.code in _DENIED


class Service:
    """The service on behalf of one deployment group."""

    def __init__(self, service_role_arn: str, region: str) -> None:
        self._role = service_role_arn
        self._region = region
        self._clients: dict[str, Any] = {}

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """`call("elbv2", "register_targets", ...)`: the answer. Raises ServiceError."""
        try:
            if service not in self._clients:
                self._clients[service] = options.client(self._role, self._region, service)
            return dict(getattr(self._clients[service], operation)(**parameters))
        except ClientError as error:
            told = error.response["Error"]
            raise ServiceError(service, told["Code"], told["Message"]) from error
        except BotoCoreError as error:
            raise ServiceError(service, type(error).__name__, str(error)) from error


@dataclass(frozen=True, eq=False)
class Errand:
    """Calls that a run makes between two looks, without its lock; `done` is told under it what came of it."""

    call: Callable[[Service], Any]
    done: Callable[[Any, ServiceError | None], None]
