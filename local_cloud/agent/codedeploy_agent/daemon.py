"""Takes commands from the service, one poll after another, and reports how they went."""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from . import errors, ruby, specification
from .errors import AgentError, ScriptError
from .metadata import MissingCredentialsError
from .protocol import HostCommand, ServiceError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .deployments import Executor, Ongoing

log = logging.getLogger(__name__)

_WORKERS = 16


class Client(Protocol):
    """The part of `protocol.CommandsClient` that the daemon needs."""

    def poll(self) -> HostCommand | None: ...
    def specification(self, command: HostCommand) -> Mapping[str, str]: ...
    def acknowledge(self, command: HostCommand, *, noop: bool) -> str | None: ...
    def complete(self, identifier: str, status: str, diagnostics: Mapping[str, object]) -> None: ...


class Daemon:
    """One agent. `wait_between_runs` and `wait_after_error` are seconds."""

    def __init__(
        self,
        client: Client,
        executor: Executor,
        ongoing: Ongoing,
        *,
        wait_between_runs: float,
        wait_after_error: float,
    ) -> None:
        self._client = client
        self._executor = executor
        self._ongoing = ongoing
        self._wait_between_runs = wait_between_runs
        self._wait_after_error = wait_after_error
        self._stopping = threading.Event()
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="command")
        self._taken: set[Future[None]] = set()

    @property
    def idle(self) -> bool:
        """Whether no command is being carried out."""
        return not self._taken

    def stop(self) -> None:
        """Ends `run` after its poll; safe from a signal handler."""
        self._stopping.set()

    def run(self) -> None:
        """Polls until `stop`; then waits for what is being carried out."""
        self._recover()
        failures = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                command = self._client.poll()
            except ServiceError as error:
                log.error("Error polling for host commands: %s", error)  # noqa: TRY400 - expected, a trace says no more
                failures += 1
                self._stopping.wait(max(0.0, backoff(failures) - (time.monotonic() - began)))
            except MissingCredentialsError:
                log.error(  # noqa: TRY400 - as above
                    "Missing credentials - please check if this instance was started with an IAM instance"
                    " profile"
                )
                self._stopping.wait(self._wait_after_error)
            except Exception as error:  # the agent outlives whatever the service says
                log.exception("Error during perform: %s", type(error).__name__)
                self._stopping.wait(self._wait_after_error)
            else:
                failures = 0
                self._take(command)
        log.info("Gracefully shutting down agent child threads now")
        self._workers.shutdown()
        log.info("All agent child threads have been shut down")

    def _take(self, command: HostCommand | None) -> None:
        if command is None:
            self._stopping.wait(self._wait_between_runs)
        else:
            future = self._workers.submit(self.process, command)
            self._taken.add(future)
            future.add_done_callback(self._taken.discard)

    def process(self, command: HostCommand) -> None:
        """Carries out one command, from its specification to its completion."""
        log.debug("PollHostCommand: %s %s", command.name, command.identifier)
        try:
            deployment = specification.parse(self._client.specification(command))
            if self._acknowledged(command, deployment):
                self._carry_out(command, deployment)
        except Exception as error:  # noqa: BLE001 - whatever it is, the service must hear of it
            # The real agent reports a failure once more on its way out, without script and log.
            log.warning('Calling PutHostCommandComplete: "Code Error"')
            self._fail(command, diagnostics(errors.UNKNOWN, ruby.message(error)))

    def _acknowledged(self, command: HostCommand, deployment: specification.Specification) -> bool:
        noop = self._executor.is_noop(command.name, deployment)
        status = self._client.acknowledge(command, noop=noop)
        if status == "Failed":
            log.info("Received Failed for command %s, checking whether command is a noop...", command.name)
            again = specification.parse(self._client.specification(command))
            if self._executor.is_noop(command.name, again):
                self._client.complete(command.identifier, "Succeeded", succeeded("CompletedNoopCommand"))
        return status not in ("Succeeded", "Failed")

    def _carry_out(self, command: HostCommand, deployment: specification.Specification) -> None:
        self._ongoing.begin(deployment.deployment_id, command.identifier)
        try:
            self._executor.execute(command.name, deployment)
            self._client.complete(command.identifier, "Succeeded", succeeded())
        except ScriptError as error:
            self._fail(command, script_failed(error))
            raise
        except Exception as error:
            self._fail(command, diagnostics(errors.UNKNOWN, ruby.message(error)))
            raise
        finally:
            self._ongoing.end(deployment.deployment_id, command.identifier)

    def _fail(self, command: HostCommand, why: Mapping[str, object]) -> None:
        """A report that does not get through is logged; the service has a timeout of its own."""
        try:
            self._client.complete(command.identifier, "Failed", why)
        except AgentError as error:
            log.error("Could not report %s: %s", command.identifier, error)  # noqa: TRY400 - expected

    def _recover(self) -> None:
        identifier = self._ongoing.interrupted()
        if not identifier:
            return
        log.warning(
            "Deployment tracking file found. The agent likely restarted while running a customer-supplied"
            " script. Failing the lifecycle event."
        )
        message = "Failed: Failing in-progress lifecycle event after an agent restart."
        try:
            self._client.complete(identifier, "Failed", diagnostics(errors.FAILED_AFTER_RESTART, message))
        except AgentError as error:
            log.error("Exception thrown during restart recovery: %s", error)  # noqa: TRY400 - expected
            return
        self._ongoing.clear()


def backoff(failures: int) -> int:
    """Seconds to wait after that many failed polls in a row, at most 90."""
    return min(90, math.floor(1.2675**failures * 8.41))


def diagnostics(code: int, message: str, script: str = "", output: str = "") -> dict[str, object]:
    """The payload of a command's end, below the 8192 characters that the service takes."""
    payload: dict[str, object] = {
        "error_code": code,
        "script_name": script,
        "message": message,
        "log": output,
    }
    overflow = len(json.dumps(payload)) - 8192
    return payload if overflow <= 0 else {**payload, "log": output[overflow:]}


def succeeded(note: str = "") -> dict[str, object]:
    """The payload of a success."""
    return diagnostics(errors.SUCCEEDED, f"Succeeded: {note}")


def script_failed(error: ScriptError) -> dict[str, object]:
    """The payload of a failed script. Ruby cannot write what is not UTF-8, and says so instead."""
    try:
        error.log.encode()
    except UnicodeEncodeError:
        return {
            "error_code": "Unknown",
            "script_name": error.script,
            "message": "Attempting minimal diagnostics",
            "log": "Exception JSON::GeneratorError occured",
        }
    return diagnostics(error.code, str(error), error.script, error.log)
