"""The agent's configuration file, /etc/codedeploy-agent/conf/codedeployagent.yml."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from . import psych, ruby
from .errors import AgentError

DEFAULT_PATH = Path("/etc/codedeploy-agent/conf/codedeployagent.yml")


@dataclass(frozen=True)
class Config:
    """The settings that the agent heeds; times are seconds. Others are read over, as the real agent does."""

    log_dir: str = "/var/log/aws/codedeploy-agent/"
    pid_dir: str = "/opt/codedeploy-agent/state/.pid/"
    program_name: str = "codedeploy-agent"
    root_dir: str = "/opt/codedeploy-agent/deployment-root"
    on_premises_config_file: str = "/etc/codedeploy-agent/conf/codedeploy.onpremises.yml"
    verbose: bool = False
    wait_between_runs: float = 30
    wait_after_error: float = 30
    http_read_timeout: float = 80
    max_revisions: int = 5
    kill_agent_max_wait_time_seconds: float = 7200
    enable_auth_policy: bool = False
    enable_deployments_log: bool = True
    deploy_control_endpoint: str | None = None
    s3_endpoint_override: str | None = None
    proxy_uri: str | None = None

    @property
    def pid_file(self) -> Path:
        """Holds the process id while the agent runs."""
        return Path(self.pid_dir) / f"{self.program_name}.pid"


def load(path: Path) -> Config:
    """Reads the file; its keys are Ruby symbols (`:log_dir:`). Raises AgentError."""
    if not path.is_file():
        raise AgentError(f"The config file {path} does not exist or is not readable")
    try:
        document = psych.load(path.read_bytes())
    except psych.LoadError as error:
        raise AgentError(
            f"An error occurred loading the CodeDeploy agent config file at {path}. Error message: {error}"
        ) from error
    if not isinstance(document, dict):
        raise AgentError(f"The config file {path} holds no settings")
    known = {field.name for field in fields(Config)}
    given = settings(document)
    config = Config(**{key: value for key, value in given.items() if key in known and value is not None})
    return replace(config, max_revisions=_max_revisions(config.max_revisions))


def _max_revisions(value: Any) -> int:  # noqa: ANN401 - a YAML document holds anything
    try:
        number = 0 if isinstance(value, bool) else int(value)
    except (TypeError, ValueError):
        number = 0
    if number < 1:
        raise AgentError(f"Invalid configuration :max_revision={ruby.to_s(value)}")
    return number


def settings(document: dict[Any, Any]) -> dict[str, Any]:
    """A file's settings by their names, which are symbols or text."""
    names = {key: key.shown.lstrip(":") if isinstance(key, ruby.Key) else key for key in document}
    return {names[key]: value for key, value in document.items()}
