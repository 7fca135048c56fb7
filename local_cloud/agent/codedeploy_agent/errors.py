"""What can go wrong on a host, in the terms of the agent's diagnostics."""

from __future__ import annotations

SUCCEEDED = 0
SCRIPT_MISSING = 1
SCRIPT_NOT_EXECUTABLE = 2
SCRIPT_TIMED_OUT = 3
SCRIPT_FAILED = 4
UNKNOWN = 5
OUTPUT_LEFT_OPEN = 6
FAILED_AFTER_RESTART = 7


class AgentError(Exception):
    """A command failed; the text is the message of its diagnostics."""


class AppSpecError(AgentError):
    """The appspec is refused."""


class ScriptError(AgentError):
    """A hook's script failed: `code` is one of this module's, `log` the tail of its output."""

    def __init__(self, code: int, script: str, message: str, log: str) -> None:
        super().__init__(message)
        self.code = code
        self.script = script
        self.log = log
