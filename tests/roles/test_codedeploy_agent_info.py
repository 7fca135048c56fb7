"""Whether an agent polls, by what its log and systemd say."""

import json
import time
from types import ModuleType
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

NOW = time.mktime((2026, 11, 22, 20, 0, 0, 0, 0, -1))
STARTED = NOW - 60


def at(seconds_ago: float, text: str) -> str:
    """A line of the agent's log."""
    written = time.strftime("%Y-%m-%dT%H:%M:%S", time.localtime(NOW - seconds_ago))
    return f"{written} {text}\n"


ASKED = (
    "INFO  [codedeploy-agent(7)]: Version file found in /opt/codedeploy-agent/.version with agent version 1."
)
GOOD = "INFO  [codedeploy-agent(7)]: [Aws::CodeDeployCommand::Client 200 45.0 0 retries] poll_host_command()"
BAD = "ERROR [codedeploy-agent(7)]: Missing credentials"


@pytest.fixture
def problem(codedeploy_agent_info: ModuleType) -> Any:
    def find(*lines: str, active: bool = True) -> str:
        service = codedeploy_agent_info.Service(active=active, enabled=True, since=STARTED)
        return str(codedeploy_agent_info.problem_of(list(lines), service, NOW))

    return find


class TestProblem:
    def test_a_good_answer_is_polling(self, problem: Any) -> None:
        assert problem(at(50, ASKED), at(5, GOOD)) == ""

    def test_so_is_a_request_that_is_held_open(self, problem: Any) -> None:
        assert problem(at(10, ASKED)) == ""

    def test_a_request_just_begun_tells_nothing(self, problem: Any) -> None:
        assert problem(at(0, ASKED)) == "it has not asked for work yet"

    def test_an_error_after_all_is_the_problem(self, problem: Any) -> None:
        assert "Missing credentials" in problem(at(20, GOOD), at(10, ASKED), at(9, BAD))

    def test_a_request_after_an_error_must_outlast_a_refusal(self, problem: Any) -> None:
        assert "Missing credentials" in problem(at(9, BAD), at(1, ASKED))
        assert problem(at(9, BAD), at(5, ASKED)) == ""

    def test_one_after_a_request_that_nobody_answered_must_outlast_that(self, problem: Any) -> None:
        unanswered = (at(45, ASKED), at(33, BAD))
        assert "Missing credentials" in problem(*unanswered, at(13, ASKED))
        assert problem(*unanswered, at(14, ASKED)) == ""
        assert problem(*unanswered, at(13, ASKED), at(9, GOOD), at(8, ASKED)) == ""

    def test_what_was_before_the_start_does_not_count(self, problem: Any) -> None:
        assert problem(at(100, GOOD)) == "it has not asked for work yet"

    def test_silence_is_a_problem(self, codedeploy_agent_info: ModuleType) -> None:
        service = codedeploy_agent_info.Service(active=True, enabled=True, since=NOW - 1000)
        assert "its last request was 300 seconds ago" in codedeploy_agent_info.problem_of(
            [at(300, GOOD)], service, NOW
        )

    def test_a_stopped_service_is_named_first(self, problem: Any) -> None:
        assert problem(at(5, GOOD), active=False) == "the service codedeploy-agent is not running"

    def test_lines_that_are_no_entries_are_read_over(self, problem: Any) -> None:
        assert problem("  from somewhere.rb:12\n", at(5, GOOD)) == ""


def utc(seconds_ago: float, text: str) -> str:
    """A line of agent 2's log."""
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.gmtime(NOW - seconds_ago))} {text}\n"


BEGUN = " INFO Starting host command poll loop host_identifier=arn:aws:ec2:us-east-1:1:instance/i-1"
FAILED = "ERROR Error polling for host commands: service error: AccessDeniedException"


class TestProblemOfTheSecondGeneration:
    def test_it_says_nothing_while_all_is_well(self, problem: Any) -> None:
        assert problem(utc(50, BEGUN)) == ""

    def test_a_request_just_begun_tells_nothing(self, problem: Any) -> None:
        assert problem(utc(0, BEGUN)) == "it has not asked for work yet"

    def test_one_that_does_not_get_so_far_says_why(self, problem: Any) -> None:
        line = utc(9, "ERROR Worker failed to resolve credentials: no instance profile")
        assert "no instance profile" in problem(line)

    def test_an_error_is_the_problem(self, problem: Any) -> None:
        assert "AccessDeniedException" in problem(utc(50, BEGUN), utc(40, FAILED))

    def test_until_there_would_have_been_another(self, codedeploy_agent_info: ModuleType) -> None:
        service = codedeploy_agent_info.Service(active=True, enabled=True, since=NOW - 1000)
        lines = [utc(900, BEGUN), utc(300, FAILED)]
        assert codedeploy_agent_info.problem_of(lines, service, NOW) == ""


class TestRegion:
    @pytest.mark.parametrize(
        ("region", "url"),
        [
            ("us-east-1", "https://aws-codedeploy-us-east-1.s3.us-east-1.amazonaws.com"),
            ("us-gov-west-1", "https://aws-codedeploy-us-gov-west-1.s3.us-gov-west-1.amazonaws.com"),
            ("cn-north-1", "https://aws-codedeploy-cn-north-1.s3.cn-north-1.amazonaws.com.cn"),
        ],
    )
    def test_the_bucket_is_the_regions(
        self, codedeploy_agent_info: ModuleType, region: str, url: str
    ) -> None:
        assert codedeploy_agent_info.bucket_url(region) == url

    def test_a_host_without_metadata_is_told_what_to_set(
        self, codedeploy_agent_info: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: Any
    ) -> None:
        monkeypatch.setattr(codedeploy_agent_info, "METADATA", "http://127.0.0.1:1")
        with patch_module_args({"package_type": "deb"}), pytest.raises(SystemExit):
            codedeploy_agent_info.main()
        assert "codedeploy_agent_region" in json.loads(capsys.readouterr().out)["msg"]


class TestVersion:
    @pytest.mark.parametrize(
        ("version", "kind", "machine"),
        [
            ("1.8.1-1", "rpm", "x86_64"),
            ("1.8.1-1", "deb", "aarch64"),
            ("2.1.0-1", "rpm", "aarch64"),
            ("2.1.0-1", "deb", "x86_64"),
        ],
    )
    def test_the_bucket_says_which_is_the_latest(
        self,
        codedeploy_agent_info: ModuleType,
        bucket: Any,
        *,
        version: str,
        kind: str,
        machine: str,
    ) -> None:
        major = int(version[0])
        package = codedeploy_agent_info.wanted_package(bucket.url, major, "latest", kind, machine)
        assert codedeploy_agent_info.version_of(package) == version
        assert package == f"releases/{codedeploy_agent_info.package_name(version, kind, machine)}"
        assert bucket.get(package)

    def test_half_an_answer_is_a_failure_of_the_way_to_it(
        self, codedeploy_agent_info: ModuleType, interrupted: str
    ) -> None:
        with pytest.raises(OSError, match=r"the answer was cut: IncompleteRead\(400 bytes read"):
            codedeploy_agent_info.wanted_package(interrupted, 1, "latest", "rpm", "x86_64")

    @pytest.mark.parametrize(
        ("version", "kind", "package"),
        [
            ("1.7.0-92", "rpm", "releases/codedeploy-agent-1.7.0-92.noarch.rpm"),
            ("1.7.0-92", "deb", "releases/codedeploy-agent_1.7.0-92_all.deb"),
            ("2.1.0-9745926189", "rpm", "releases/codedeploy-agent-2.1.0-9745926189.aarch64.rpm"),
            ("2.1.0-9745926189", "deb", "releases/codedeploy-agent_2.1.0-9745926189_arm64.deb"),
        ],
    )
    def test_a_pinned_one_needs_no_bucket(
        self, codedeploy_agent_info: ModuleType, version: str, kind: str, package: str
    ) -> None:
        found = codedeploy_agent_info.wanted_package("http://127.0.0.1:1", 1, version, kind, "aarch64")
        assert found == package
        assert codedeploy_agent_info.version_of(package) == version

    @pytest.mark.parametrize(("major", "version"), [(1, "2.1.0-1"), (2, "1.8.1-1")])
    def test_version_and_generation_must_fit(
        self,
        codedeploy_agent_info: ModuleType,
        capsys: pytest.CaptureFixture[str],
        major: int,
        version: str,
    ) -> None:
        given = {"package_type": "deb", "region": "us-east-1", "major": major, "version": version}
        with patch_module_args(given), pytest.raises(SystemExit):
            codedeploy_agent_info.main()
        assert json.loads(capsys.readouterr().out)["msg"] == (
            f"codedeploy_agent_version is {version}, and codedeploy_agent_major is {major}:"
            " set both to the same generation"
        )
