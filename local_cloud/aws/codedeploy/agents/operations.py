"""The five operations of the command service. Requests and answers are those of its API model."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any

from local_cloud.aws.codedeploy.agents.specification import envelope
from local_cloud.aws.codedeploy.models import CodeDeployBackend, codedeploy_backends
from local_cloud.aws.codedeploy.options import options
from local_cloud.aws.codedeploy.records.deployments import Deployment, Diagnostics, Status
from local_cloud.aws.codedeploy.runs.mailboxes import HostCommand, identifier

LONG_POLL = 50.0
"""Seconds that a poll is held. An agent gives up reading after 80."""

_INSTANCE_ARN = re.compile(r"arn:[^:]+:ec2:(?P<region>[^:]+):(?P<account>\d+):instance/(?P<id>[^/]+)")
_IDENTITY_ARN = re.compile(r"arn:[^:]+:(?:iam|sts)::(?P<account>\d+):.+")
_EXECUTION_ID = re.compile(
    r"CodeDeploy/[^/]+/Prod/arn:[^:]+:sds:(?P<region>[^:]+):(?P<account>\d+):deployment/[^/]+"
)
_LOG_TAIL_LIMIT = 4096
_ERROR_CODES = {
    "0": "Success",
    "1": "ScriptMissing",
    "2": "ScriptNotExecutable",
    "3": "ScriptTimedOut",
    "4": "ScriptFailed",
}
"""What the agent numbers. All others (unknown, output left open, restarted) are UnknownError."""

Request = dict[str, Any]
Operation = Callable[[Request, str], dict[str, Any]]


class ClientException(Exception):  # noqa: N818 - the protocol's name
    """The agent asked for what there is not."""


def poll_host_command(request: Request, region: str) -> dict[str, Any]:
    host_identifier = _required(request, "HostIdentifier")
    backend, host = _locate(host_identifier, region)
    command = backend.deployer.mailboxes.poll(host, LONG_POLL)
    if command is None:
        return {}
    return {
        "HostCommand": {
            "HostCommandIdentifier": command.identifier,
            "HostIdentifier": host_identifier,
            "DeploymentExecutionId": command.execution_id,
            "CommandName": command.name,
            "Nonce": command.nonce,
        }
    }


def get_deployment_specification(request: Request, region: str) -> dict[str, Any]:
    execution_id = _required(request, "DeploymentExecutionId")
    host = _locate(_required(request, "HostIdentifier"), region)[1]
    backend = _backend_of(execution_id)
    with backend.lock:
        deployment = _deployment(backend, execution_id)
        if deployment is None:
            raise ClientException(f"No deployment has the execution id {execution_id}.")
        backend.deployer.mailboxes.take(host, execution_id)
        if deployment.envelope is None:
            deployment.envelope = envelope(deployment, options.github_access_token)
        specification = {
            "VariantId": "default",
            "VariantEnvelope": deployment.envelope,
            "GenericEnvelope": deployment.envelope,
        }
    return {"DeploymentSystem": "CodeDeploy", "DeploymentSpecification": specification}


def put_host_command_acknowledgement(request: Request, _region: str) -> dict[str, Any]:
    backend, command = _command(request)
    return {"CommandStatus": backend.deployer.mailboxes.acknowledge(command)}


def put_host_command_complete(request: Request, _region: str) -> dict[str, Any]:
    backend, command = _command(request)
    status = _required(request, "CommandStatus")
    if status not in {"Succeeded", "Failed"}:
        raise ClientException(f"A command can't be completed with the status {status}.")
    backend.deployer.mailboxes.complete(command, _diagnostics(request), succeeded=status == "Succeeded")
    return {}


def post_host_command_update(request: Request, _region: str) -> dict[str, Any]:
    _, command = _command(request)
    return {"CommandStatus": command.status}


OPERATIONS: dict[str, Operation] = {
    "PollHostCommand": poll_host_command,
    "GetDeploymentSpecification": get_deployment_specification,
    "PutHostCommandAcknowledgement": put_host_command_acknowledgement,
    "PutHostCommandComplete": put_host_command_complete,
    "PostHostCommandUpdate": post_host_command_update,
}


def _required(request: Request, name: str) -> str:
    value = request.get(name)
    if not isinstance(value, str) or not value:
        raise ClientException(f"{name} is required.")
    return value


def _locate(host_identifier: str, region: str) -> tuple[CodeDeployBackend, str]:
    """The backend that a host belongs to, and the host's key there."""
    instance = _INSTANCE_ARN.fullmatch(host_identifier)
    if instance:
        return _backend(instance["account"], instance["region"]), instance["id"]
    identity = _IDENTITY_ARN.fullmatch(host_identifier)
    if identity:
        return _backend(identity["account"], region), host_identifier
    raise ClientException(f"{host_identifier} is not a host identifier.")


def _command(request: Request) -> tuple[CodeDeployBackend, HostCommand]:
    given = _required(request, "HostCommandIdentifier")
    unknown = ClientException(f"No command has the identifier {given}.")
    try:
        named = json.loads(base64.b64decode(given))[1]
        execution_id, host = str(named["deploymentId"]), named["hostId"]
    except (ValueError, LookupError, TypeError, RecursionError):
        raise unknown from None
    backend = _backend_of(execution_id)
    command = backend.deployer.mailboxes.find(execution_id, given)
    command = command or _past_command(backend, execution_id, host, given)
    if command is None:
        raise unknown
    return backend, command


def _past_command(backend: CodeDeployBackend, execution_id: str, host: str, given: str) -> HostCommand | None:
    """One of a deployment that has ended. An agent may still ask for it, or tell of it: it is complete."""
    with backend.lock:
        deployment = _deployment(backend, execution_id)
        if deployment is None or not deployment.finished:
            return None
        for target in (each for each in deployment.targets.values() if each.target_arn == host):
            for position, event in enumerate(target.lifecycle_events, start=1):
                name = event.lifecycle_event_name
                if given == identifier(execution_id, host, name, position):
                    return HostCommand(
                        identifier=given,
                        host=target.host,
                        execution_id=execution_id,
                        name=name,
                        on_taken=lambda: None,
                        on_complete=lambda _diagnostics, _succeeded: None,
                        status="Succeeded" if event.status is Status.SUCCEEDED else "Failed",
                    )
    return None


def _deployment(backend: CodeDeployBackend, execution_id: str) -> Deployment | None:
    return backend.deployments.get(execution_id.rpartition("/")[2])


def _backend_of(execution_id: str) -> CodeDeployBackend:
    found = _EXECUTION_ID.fullmatch(execution_id)
    if found is None:
        raise ClientException(f"No deployment has the execution id {execution_id}.")
    return _backend(found["account"], found["region"])


def _backend(account: str, region: str) -> CodeDeployBackend:
    regions = codedeploy_backends[account] if re.fullmatch(r"\d{12}", account) else {}
    if region not in regions:
        raise ClientException(f"There is no account {account} in a region {region}.")
    return regions[region]


def _diagnostics(request: Request) -> Diagnostics | None:
    given = request.get("Diagnostics") or {}
    payload = given.get("Payload") if isinstance(given, dict) else given
    if not payload:
        return None
    try:
        report = json.loads(str(payload))
    except (ValueError, RecursionError):
        report = None
    if not isinstance(report, dict):
        return Diagnostics(error_code="UnknownError", message=str(payload))
    return Diagnostics(
        error_code=_ERROR_CODES.get(str(report.get("error_code")), "UnknownError"),
        script_name=str(report.get("script_name") or ""),
        message=str(report.get("message") or "").removesuffix(": "),
        log_tail=str(report.get("log") or "")[-_LOG_TAIL_LIMIT:],
    )
