"""Simulated CodeDeploy agents: the real protocol over HTTP, and no host behind it."""

import http.client
import json
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Self
from urllib.parse import urlsplit

Answer = dict[str, Any]
HELD = 60
"""Seconds after which a held command ends all the same, so that a test that fails does end."""

EC2_ARN = "arn:aws:ec2:{region}:123456789012:instance/{instance}"


class AgentError(Exception):
    """The service refused: status and answer."""

    def __init__(self, status: int, answer: Answer) -> None:
        super().__init__(f"{status} {answer}")
        self.status = status
        self.answer = answer


@dataclass(frozen=True, kw_only=True)
class Result:
    """What an agent reports about one command. `error_code` is the agent's own number."""

    error_code: int = 0
    script_name: str = ""
    message: str = "Succeeded: "
    log: str = ""

    @property
    def status(self) -> str:
        return "Succeeded" if self.error_code == 0 else "Failed"

    def payload(self) -> str:
        return json.dumps(
            {
                "error_code": self.error_code,
                "script_name": self.script_name,
                "message": self.message,
                "log": self.log,
            }
        )


Work = Callable[[Answer], Result | None]
"""Runs a HostCommand. None: the agent dies with it, and reports nothing."""


def succeed(_command: Answer) -> Result:
    return Result()


class CommandClient:
    """One connection to the command service, as one agent has it."""

    def __init__(
        self,
        endpoint_url: str,
        host_identifier: str,
        *,
        region: str = "us-east-1",
        service: str = "codedeploy-commands",
        keys: Mapping[str, str] | None = None,
    ) -> None:
        self.host_identifier = host_identifier
        self._endpoint = urlsplit(endpoint_url)
        self._connection: http.client.HTTPConnection | None = None
        prefix = "CodeDeployCommandService" + ("" if service.endswith("-secure") else "_v20141006")
        self._prefix = prefix
        keys = keys or {"AccessKeyId": "AKIASIMULATEDAGENT00"}
        scope = f"{keys['AccessKeyId']}/20261122/{region}/{service}/aws4_request"
        self._headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "x-amz-codedeploy-agent-version": "OFFICIAL_1.8.1-1_rpm",
            "Authorization": (
                f"AWS4-HMAC-SHA256 Credential={scope}, "
                "SignedHeaders=content-type;host;x-amz-date;x-amz-target, Signature=0"
            ),
        }
        if "SessionToken" in keys:
            self._headers["X-Amz-Security-Token"] = keys["SessionToken"]

    def call(self, operation: str, request: Mapping[str, Any]) -> Answer:
        """One operation's answer. Raises AgentError where the service refuses."""
        headers = self._headers | {"X-Amz-Target": f"{self._prefix}.{operation}"}
        connection = self._connect()
        connection.request("POST", "/", json.dumps(request), headers)
        response = connection.getresponse()
        answer = json.loads(response.read() or b"{}")
        if response.will_close:
            self.close()
        if response.status != http.client.OK:
            raise AgentError(response.status, answer)
        return dict(answer)

    def poll(self) -> Answer | None:
        return self.call("PollHostCommand", {"HostIdentifier": self.host_identifier}).get("HostCommand")

    def specification(self, command: Answer) -> Answer:
        return self.call(
            "GetDeploymentSpecification",
            {
                "DeploymentExecutionId": command["DeploymentExecutionId"],
                "HostIdentifier": self.host_identifier,
            },
        )

    def acknowledge(self, command: Answer, *, noop: bool = False) -> str:
        answer = self.call(
            "PutHostCommandAcknowledgement",
            {
                "HostCommandIdentifier": command["HostCommandIdentifier"],
                "Diagnostics": {"Format": "JSON", "Payload": json.dumps({"IsCommandNoop": noop})},
            },
        )
        return str(answer["CommandStatus"])

    def complete(self, command: Answer, result: Result) -> None:
        self.call(
            "PutHostCommandComplete",
            {
                "HostCommandIdentifier": command["HostCommandIdentifier"],
                "CommandStatus": result.status,
                "Diagnostics": {"Format": "JSON", "Payload": result.payload()},
            },
        )

    def close(self) -> None:
        if self._connection:
            self._connection.close()
            self._connection = None

    def abort(self) -> None:
        """Cut the connection, also one that waits for an answer, as a killed process does."""
        connection = self._connection
        if connection and connection.sock:
            # It may end by itself just now.
            with suppress(OSError):
                connection.sock.shutdown(2)

    def _connect(self) -> http.client.HTTPConnection:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(self._endpoint.netloc, timeout=80)
        return self._connection


@dataclass(eq=False)
class Agent:
    """An agent that polls and works in a thread of its own, as long as the block lasts."""

    client: CommandClient
    work: Work = succeed
    commands: list[str] = field(default_factory=list)
    """The names of the commands that it was given."""
    failure: Exception | None = None

    def __post_init__(self) -> None:
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=self.client.host_identifier, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self.client.abort()
        self._thread.join()
        if self.failure:
            raise self.failure

    def _run(self) -> None:
        try:
            while not self._ending.is_set():
                command = self.client.poll()
                if command and not self._execute(command):
                    return
        except (OSError, http.client.HTTPException) as error:
            if not self._ending.is_set():
                self.failure = error
        except AgentError as error:
            self.failure = error
        finally:
            self.client.close()

    def _execute(self, command: Answer) -> bool:
        self.commands.append(command["CommandName"])
        self.client.specification(command)
        if self.client.acknowledge(command) in {"Succeeded", "Failed"}:
            return True
        result = self.work(command)
        if result is None:
            return False
        self.client.complete(command, result)
        if result.error_code:
            # The real agent reports a failure twice, the second time without the facts.
            self.client.complete(command, Result(error_code=5, message="Failed: "))
        return True


def ec2_agent(
    endpoint_url: str,
    instance: str,
    work: Work = succeed,
    region: str = "us-east-1",
    keys: Mapping[str, str] | None = None,
) -> Agent:
    """The agent of an EC2 instance; `keys` are the instance's own, where policies are enforced."""
    identifier = EC2_ARN.format(region=region, instance=instance)
    return Agent(CommandClient(endpoint_url, identifier, region=region, keys=keys), work)


@contextmanager
def agents_on(
    endpoint_url: str, instances: Iterable[str], work: Work = succeed, region: str = "us-east-1"
) -> Iterator[list[Agent]]:
    """An agent on each instance, as long as the block lasts."""
    with ExitStack() as stack:
        yield [stack.enter_context(ec2_agent(endpoint_url, i, work, region)) for i in instances]


@contextmanager
def agents_everywhere(
    endpoint_url: str,
    instances: Callable[[], Iterable[str]],
    work: Callable[[str], Work],
    region: str = "us-east-1",
    keys: Callable[[str], Mapping[str, str] | None] = lambda _instance: None,
) -> Iterator[dict[str, Agent]]:
    """An agent on each instance that there is, or comes to be, as long as the block lasts; by their ids.

    `instances` looks who there is, `work` says what the agent of an instance does, `keys` which keys it has.
    """
    agents: dict[str, Agent] = {}
    ending = threading.Event()
    with ExitStack() as stack:

        def look() -> None:
            while not ending.wait(0.02):
                for each in instances():
                    if each not in agents:
                        agent = ec2_agent(endpoint_url, each, work(each), region, keys(each))
                        agents[each] = stack.enter_context(agent)

        looking = threading.Thread(target=look, daemon=True)
        looking.start()
        try:
            yield agents
        finally:
            ending.set()
            looking.join()


class Hold:
    """Work that succeeds, but not before `ends` is set."""

    def __init__(self) -> None:
        self.ends = threading.Event()

    def __call__(self, _command: Answer) -> Result:
        self.ends.wait(HELD)
        return Result()


def failing_at(event: str, **report: Any) -> Work:
    """Work that fails at one lifecycle event, with the given parts of a Result."""
    failure = replace(Result(error_code=4, message="Script failed"), **report)
    return lambda command: failure if command["CommandName"] == event else Result()
