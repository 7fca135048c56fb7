"""The CodeDeploy commands service: JSON 1.1 over HTTPS, four operations."""

from __future__ import annotations

import json
import logging
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import https
from .errors import AgentError
from .signing import sign

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .metadata import Identity

log = logging.getLogger(__name__)

_TARGETS = {
    False: ("codedeploy-commands", "CodeDeployCommandService_v20141006"),
    True: ("codedeploy-commands-secure", "CodeDeployCommandService"),
}


class ServiceError(AgentError):
    """The service refused a call, or could not be reached."""


@dataclass(frozen=True)
class HostCommand:
    """What the service wants done next."""

    identifier: str
    host_identifier: str
    execution_id: str
    name: str


def domain(region: str) -> str:
    """The DNS suffix of a region's partition."""
    return "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"


class CommandsClient:
    """Calls the service as one host.

    `endpoint` overrides the region's, `secure` is the configuration's
    `enable_auth_policy`, `timeout` is in seconds and must exceed the service's long poll.
    """

    def __init__(
        self,
        identity: Identity,
        *,
        version: str,
        endpoint: str | None = None,
        secure: bool = False,
        proxy: str | None = None,
        timeout: float = 80,
    ) -> None:
        self._identity = identity
        self._version = version
        self._service, self._target = _TARGETS[secure]
        region = identity.region
        self._endpoint = (endpoint or f"https://{self._service}.{region}.{domain(region)}").rstrip("/") + "/"
        self._opener = https.opener(proxy)
        self._timeout = timeout

    def poll(self) -> HostCommand | None:
        """Waits for a command; None when the service has none. Raises ServiceError."""
        answer = self._call("PollHostCommand", {"HostIdentifier": self._identity.host_identifier})
        command = answer.get("HostCommand")
        if not command:
            return None
        if command["HostIdentifier"] not in self._identity.host_identifier:
            raise AgentError(
                f"Host Identifier mismatch: {self._identity.host_identifier} != {command['HostIdentifier']}"
            )
        if not command.get("CommandName"):
            raise AgentError("Command Name missing")
        return HostCommand(
            command["HostCommandIdentifier"],
            command["HostIdentifier"],
            command["DeploymentExecutionId"],
            command["CommandName"],
        )

    def specification(self, command: HostCommand) -> Mapping[str, str]:
        """The envelope (`Format`, `Payload`) of a command's deployment. Raises AgentError."""
        answer = self._call(
            "GetDeploymentSpecification",
            {"DeploymentExecutionId": command.execution_id, "HostIdentifier": self._identity.host_identifier},
        )
        system = answer.get("DeploymentSystem")
        if system != "CodeDeploy":
            raise AgentError(f"Deployment System mismatch: CodeDeploy != {system}")
        specification = answer.get("DeploymentSpecification")
        if not specification:
            raise AgentError("Deployment Specification missing")
        envelope: Mapping[str, str] = specification["GenericEnvelope"]
        return envelope

    def acknowledge(self, command: HostCommand, *, noop: bool) -> str | None:
        """Takes a command on; the service's idea of its status. Raises ServiceError."""
        answer = self._call(
            "PutHostCommandAcknowledgement",
            {
                "HostCommandIdentifier": command.identifier,
                "Diagnostics": {"Format": "JSON", "Payload": json.dumps({"IsCommandNoop": noop})},
            },
        )
        status: str | None = answer.get("CommandStatus")
        return status

    def complete(self, identifier: str, status: str, diagnostics: Mapping[str, object]) -> None:
        """Reports a command's end: `status` is Succeeded or Failed. Raises ServiceError."""
        self._call(
            "PutHostCommandComplete",
            {
                "HostCommandIdentifier": identifier,
                "CommandStatus": status,
                "Diagnostics": {"Format": "JSON", "Payload": json.dumps(diagnostics)},
            },
        )

    def _call(self, operation: str, parameters: Mapping[str, object]) -> dict[str, Any]:
        body = json.dumps(parameters).encode()
        log.info("Version file found in /opt/codedeploy-agent/.version with agent version %s.", self._version)
        headers = sign(
            self._identity.credentials(),
            method="POST",
            url=self._endpoint,
            headers={
                "content-type": "application/x-amz-json-1.1",
                "x-amz-target": f"{self._target}.{operation}",
                "x-amz-codedeploy-agent-version": self._version,
            },
            body=body,
            region=self._identity.region,
            service=self._service,
        )
        request = urllib.request.Request(self._endpoint, data=body, headers=headers)  # noqa: S310 - the agent's own
        began = time.monotonic()
        status = 0
        try:
            with self._opener.open(request, timeout=self._timeout) as response:
                status = response.status
                answer: dict[str, Any] = json.loads(response.read() or b"{}")
                return answer
        except urllib.error.HTTPError as error:
            status = error.code
            raise ServiceError(f"{_error_of(error)}") from error
        except OSError as error:
            raise ServiceError(f"Cannot reach InstanceService: {type(error).__name__} - {error}") from error
        finally:
            log.info(
                "[Aws::CodeDeployCommand::Client %s %.6f 0 retries] %s(%s)",
                status,
                time.monotonic() - began,
                _snake(operation),
                _shown(parameters),
            )


def _error_of(error: urllib.error.HTTPError) -> str:
    try:
        answer = json.loads(error.read())
        return f"{answer['__type'].rsplit('#', 1)[-1]} - {answer.get('message') or answer.get('Message')}"
    except (ValueError, KeyError, AttributeError):
        return f"{error.code} {error.reason}"


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).lstrip("_")


def _shown(parameters: Mapping[str, object]) -> str:
    plain = {key: value for key, value in parameters.items() if isinstance(value, str)}
    return ",".join(f'{_snake(key)}:"{value}"' for key, value in plain.items())
