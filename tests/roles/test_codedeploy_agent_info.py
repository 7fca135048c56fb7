"""Whether an agent polls, by what its log and systemd say."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import ModuleType
from typing import Any

import pytest

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


class TestRegion:
    @pytest.mark.parametrize(
        ("region", "url"),
        [
            ("us-east-1", "https://aws-codedeploy-us-east-1.s3.us-east-1.amazonaws.com"),
            ("cn-north-1", "https://aws-codedeploy-cn-north-1.s3.cn-north-1.amazonaws.com.cn"),
        ],
    )
    def test_the_bucket_is_the_regions(
        self, codedeploy_agent_info: ModuleType, region: str, url: str
    ) -> None:
        assert codedeploy_agent_info.bucket_url(region) == url


class TestVersion:
    @pytest.fixture
    def bucket(self) -> Iterator[str]:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps({"rpm": "releases/codedeploy-agent-1.8.1-1.noarch.rpm"}).encode()
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Silent."""

        with HTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_address[1]}"
            server.shutdown()

    def test_the_bucket_says_which_is_the_latest(
        self, codedeploy_agent_info: ModuleType, bucket: str
    ) -> None:
        package = codedeploy_agent_info.wanted_package(bucket, "latest", "rpm")
        assert codedeploy_agent_info.version_of(package) == "1.8.1-1"

    @pytest.mark.parametrize(
        ("kind", "package"),
        [
            ("rpm", "releases/codedeploy-agent-1.7.0-92.noarch.rpm"),
            ("deb", "releases/codedeploy-agent_1.7.0-92_all.deb"),
        ],
    )
    def test_a_pinned_one_needs_no_bucket(
        self, codedeploy_agent_info: ModuleType, kind: str, package: str
    ) -> None:
        assert codedeploy_agent_info.wanted_package("http://127.0.0.1:1", "1.7.0-92", kind) == package
        assert codedeploy_agent_info.version_of(package) == "1.7.0-92"
