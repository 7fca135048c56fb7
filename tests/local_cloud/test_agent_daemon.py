"""What the agent tells the service, command by command."""

import json
import shutil
import socket
import ssl
import subprocess
import urllib.error
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from local_cloud.agent.codedeploy_agent import bundle, config, daemon, ruby
from local_cloud.agent.codedeploy_agent.deployments import Executor, Ongoing
from local_cloud.agent.codedeploy_agent.errors import AgentError
from local_cloud.agent.codedeploy_agent.protocol import HostCommand, ServiceError, domain
from local_cloud.agent.codedeploy_agent.signing import Credentials


class Host:
    region = "us-east-1"
    host_identifier = "arn:aws:iam::123456789012:user/host"

    def credentials(self) -> Credentials:
        raise AssertionError("nothing is signed here")


class Service:
    """Remembers what it was told. `polls` are answered in order; the last one ends the agent."""

    def __init__(self, data: Mapping[str, Any], seal: Callable[[Mapping[str, Any]], str]) -> None:
        self.data = data
        self.seal = seal
        self.status: str | None = "InProgress"
        self.calls: list[tuple[str, Any]] = []
        self.polls: list[HostCommand | Exception | None] = []
        self.stop: Callable[[], None] = lambda: None

    def poll(self) -> HostCommand | None:
        answer = self.polls.pop(0)
        if not self.polls:
            self.stop()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def specification(self, _command: HostCommand) -> Mapping[str, str]:
        self.calls.append(("specification", None))
        return {"Format": "PKCS7/JSON", "Payload": self.seal(self.data)}

    def acknowledge(self, _command: HostCommand, *, noop: bool) -> str | None:
        self.calls.append(("acknowledge", noop))
        return self.status

    def complete(self, identifier: str, status: str, diagnostics: Mapping[str, object]) -> None:
        self.calls.append(("complete", (identifier, status, dict(diagnostics))))

    @property
    def completions(self) -> list[tuple[str, str, dict[str, Any]]]:
        return [what for name, what in self.calls if name == "complete"]


@pytest.fixture(scope="module")
def seal(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Mapping[str, Any]], str]:
    folder = tmp_path_factory.mktemp("signer")
    key, certificate = str(folder / "k.pem"), str(folder / "c.pem")
    options = ["-subj", "/CN=signer", "-nodes", "-newkey", "rsa:2048", "-keyout", key, "-out", certificate]
    subprocess.run(["openssl", "req", "-x509", *options], check=True, capture_output=True)

    def sealed(data: Mapping[str, Any]) -> str:
        command = ["openssl", "smime", "-sign", "-binary", "-nodetach", "-outform", "PEM"]
        command += ["-signer", certificate, "-inkey", key]
        done = subprocess.run(command, input=json.dumps(data).encode(), check=True, capture_output=True)
        return done.stdout.decode()

    return sealed


@pytest.fixture
def revision(tmp_path: Path) -> Path:
    folder = tmp_path / "revision"
    folder.mkdir()
    (folder / "appspec.yml").write_text(
        "version: 0.0\nos: linux\nhooks:\n"
        "  AfterInstall: [{location: ok.sh}]\n  ValidateService: [{location: bad.sh}]\n"
    )
    (folder / "ok.sh").write_text("#!/bin/sh\necho fine\n")
    (folder / "bad.sh").write_text("#!/bin/sh\necho wrong\nexit 3\n")
    return folder


@pytest.fixture
def service(revision: Path, seal: Callable[[Mapping[str, Any]], str]) -> Service:
    local = {"Location": str(revision), "BundleType": "directory"}
    return Service(
        {
            "ApplicationName": "app",
            "DeploymentId": "d-TEST00000",
            "DeploymentGroupName": "group",
            "DeploymentGroupId": "1234",
            "Revision": {"RevisionType": "Local Directory", "LocalRevision": local},
        },
        seal,
    )


@pytest.fixture
def agent(tmp_path: Path, service: Service) -> daemon.Daemon:
    executor = Executor(tmp_path / "root", 5, bundle.Source(Host()))
    made = daemon.Daemon(
        service, executor, Ongoing(tmp_path / "root"), wait_between_runs=0, wait_after_error=0
    )
    service.stop = made.stop
    return made


def command(name: str) -> HostCommand:
    return HostCommand(f"command-{name}", "host", "123456789012/us-east-1/x/d-TEST00000", name)


class TestCommand:
    def test_success_is_acknowledged_and_completed(self, agent: daemon.Daemon, service: Service) -> None:
        agent.process(command("DownloadBundle"))
        assert [name for name, _ in service.calls] == ["specification", "acknowledge", "complete"]
        assert service.calls[1] == ("acknowledge", False)
        assert service.completions == [
            (
                "command-DownloadBundle",
                "Succeeded",
                {"error_code": 0, "script_name": "", "message": "Succeeded: ", "log": ""},
            )
        ]

    def test_an_event_without_scripts_is_a_noop_and_completed_all_the_same(
        self, agent: daemon.Daemon, service: Service
    ) -> None:
        agent.process(command("DownloadBundle"))
        service.calls.clear()
        agent.process(command("BeforeInstall"))
        assert service.calls[1] == ("acknowledge", True)
        assert service.completions[0][1] == "Succeeded"

    def test_a_failure_is_told_twice_the_second_time_without_its_script(
        self, agent: daemon.Daemon, service: Service
    ) -> None:
        agent.process(command("DownloadBundle"))
        service.calls.clear()
        agent.process(command("ValidateService"))
        first, second = (diagnostics for _, _, diagnostics in service.completions)
        assert first == {
            "error_code": 4,
            "script_name": "bad.sh",
            "message": "Script at specified location: bad.sh failed with exit code 3",
            "log": "LifecycleEvent - ValidateService\nScript - bad.sh\n[stdout]wrong\n",
        }
        assert second == {**first, "error_code": 5, "script_name": "", "log": ""}

    def test_a_broken_appspec_fails_before_it_is_acknowledged(
        self, agent: daemon.Daemon, service: Service, revision: Path
    ) -> None:
        (revision / "appspec.yml").write_text("version: 1.0\nos: linux\n")
        agent.process(command("DownloadBundle"))
        service.calls.clear()
        agent.process(command("BeforeInstall"))
        assert [name for name, _ in service.calls] == ["specification", "complete"]
        assert "invalid version value (1.0)" in service.completions[0][2]["message"]

    def test_an_unknown_command_is_acknowledged_as_a_noop_and_fails(
        self, agent: daemon.Daemon, service: Service
    ) -> None:
        agent.process(command("BlockTraffic"))
        assert service.calls[1] == ("acknowledge", True)
        assert service.completions[0][2]["message"] == "Unsupported command type: BlockTraffic."

    def test_what_the_service_calls_done_is_dropped(self, agent: daemon.Daemon, service: Service) -> None:
        service.status = "Succeeded"
        agent.process(command("DownloadBundle"))
        assert service.completions == []

    def test_what_the_service_calls_failed_is_completed_only_as_a_noop(
        self, agent: daemon.Daemon, service: Service
    ) -> None:
        agent.process(command("DownloadBundle"))
        service.calls.clear()
        service.status = "Failed"
        agent.process(command("AfterInstall"))
        assert service.completions == []
        agent.process(command("BeforeInstall"))
        assert [diagnostics["message"] for _, _, diagnostics in service.completions] == [
            "Succeeded: CompletedNoopCommand"
        ]


class TestRun:
    def test_it_takes_what_it_is_handed(self, agent: daemon.Daemon, service: Service) -> None:
        service.polls = [None, command("DownloadBundle"), None]
        agent.run()
        assert [status for _, status, _ in service.completions] == ["Succeeded"]
        assert agent.idle

    def test_it_outlives_whatever_the_service_says(self, agent: daemon.Daemon, service: Service) -> None:
        service.polls = [AgentError("Command Name missing"), ValueError("not JSON"), None]
        agent.run()
        assert service.polls == []

    def test_a_command_that_a_crash_interrupted_is_reported_at_the_next_start(
        self, agent: daemon.Daemon, service: Service, tmp_path: Path
    ) -> None:
        Ongoing(tmp_path / "root").begin("d-TEST00000", "command-1")
        service.polls = [None]
        agent.run()
        assert service.completions == [
            (
                "command-1",
                "Failed",
                {
                    "error_code": 7,
                    "script_name": "",
                    "message": "Failed: Failing in-progress lifecycle event after an agent restart.",
                    "log": "",
                },
            )
        ]
        assert Ongoing(tmp_path / "root").interrupted() is None

    def test_it_stops_while_it_waits_after_an_error(self, agent: daemon.Daemon, service: Service) -> None:
        service.polls = [ServiceError("ServerException - busy")]
        agent.run()
        assert service.polls == []


class TestPureParts:
    def test_the_wait_after_errors_grows_to_a_minute_and_a_half(self) -> None:
        assert [daemon.backoff(failures) for failures in range(1, 12)] == [
            10, 13, 17, 21, 27, 34, 44, 56, 71, 90, 90,
        ]  # fmt: skip

    def test_diagnostics_fit_the_service(self) -> None:
        payload = daemon.diagnostics(4, "m", "s", "x" * 10_000)
        assert len(json.dumps(payload)) == 8192

    @pytest.mark.parametrize(
        ("region", "suffix"), [("us-east-1", "amazonaws.com"), ("cn-north-1", "amazonaws.com.cn")]
    )
    def test_partitions(self, region: str, suffix: str) -> None:
        assert domain(region) == suffix


class TestWords:
    """What the system says reaches people in Ruby's words."""

    @pytest.mark.parametrize(
        ("error", "words"),
        [
            (FileNotFoundError(2, "No such file", "/a"), "No such file or directory - /a"),
            (PermissionError(13, "no", b"/a"), "Permission denied - /a"),
            (OSError(28, "full"), "No space left on device"),
            (urllib.error.URLError(ConnectionRefusedError(111, "no")), "Connection refused"),
            (TimeoutError("timed out"), "timed out"),
            (socket.gaierror(-2, "Name or service not known"), "Name or service not known"),
            (ssl.SSLError(1, "certificate verify failed"), "certificate verify failed"),
            (shutil.Error([("/a", "/b", str(PermissionError(13, "no")))]), "[('/a', '/b', 'no')]"),
            (KeyError(), "KeyError"),
        ],
    )
    def test_an_error(self, error: Exception, words: str) -> None:
        assert ruby.message(error) == words

    def test_a_missing_local_bundle(self, service: Service, agent: daemon.Daemon) -> None:
        service.data["Revision"]["LocalRevision"]["Location"] = "/none"
        agent.process(command("DownloadBundle"))
        told = service.completions[0][2]["message"]
        assert told == "No such file or directory @ rb_check_realpath_internal - /none"


class TestConfiguration:
    def test_the_packages_own_file_is_read(self) -> None:
        loaded = config.load(Path("local_cloud/agent/package/codedeployagent.yml"))
        assert (loaded.max_revisions, loaded.wait_between_runs, loaded.proxy_uri) == (5, 1, None)

    @pytest.mark.parametrize(
        "text",
        [
            "---\t\n:max_revisions:\t3 # a comment\n",
            ":max_revisions: '3'\n---\n",
            "max_revisions: 3\n:a: =\n",
        ],
    )
    def test_it_is_read_as_ruby_reads_it(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "agent.yml").write_text(text)
        assert config.load(tmp_path / "agent.yml").max_revisions == 3

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "# nothing\n",
            ":max_revisions: 0",
            ":max_revisions: many",
            ":max_revisions: 1.5x",
            "- a",
            ":a: [",
        ],
    )
    def test_a_broken_one_is_refused(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "agent.yml").write_text(text)
        with pytest.raises(AgentError):
            config.load(tmp_path / "agent.yml")

    def test_a_missing_one_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(AgentError, match="does not exist"):
            config.load(tmp_path / "agent.yml")
