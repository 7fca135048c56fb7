"""The line that a user reads when AWS refuses."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from plugins.module_utils.aws import errors
from plugins.module_utils.aws.errors import ModuleError, explained, none_if
from plugins.module_utils.aws.waiters import backoff, until_usable

WAITERS = "plugins.module_utils.aws.waiters"


def refusal(code: str, message: str = "No.") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": message}}, "GetThing")


def service(*outcomes: Any) -> Any:
    """A call to AWS that has these outcomes, one after the other."""
    coming = iter(outcomes)

    def call(_client: object, _request: object) -> Any:
        outcome = next(coming)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    return call


class TestExplained:
    @pytest.mark.parametrize(
        ("error", "code", "said"),
        [
            (refusal("Odd", "It  is\nodd."), "Odd", "Cannot read the thing x: It is odd (Odd)."),
            (refusal("Odd", ""), "Odd", "(Odd)."),
            (refusal("InvalidRoleException"), "InvalidRoleException", "must exist, trust codedeploy"),
            (NoCredentialsError(), "NoCredentialsError", "Set AWS_PROFILE"),
        ],
    )
    def test_names_thing_reason_code_and_next_step(self, error: Exception, code: str, said: str) -> None:
        with pytest.raises(ModuleError) as caught:
            explained("read the thing {name}")(service(error))(None, {"name": "x"})
        assert caught.value.code == code
        assert said in caught.value.message
        assert "\n" not in caught.value.message

    def test_throttling_is_retried(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pauses: list[float] = []
        monkeypatch.setattr("time.sleep", pauses.append)
        call = explained("read it")(service(refusal("ThrottlingException"), refusal("Throttling"), {"a": 1}))
        assert call(None, {}) == {"a": 1}
        assert len(pauses) == 2

    def test_endless_throttling_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pauses: list[float] = []
        monkeypatch.setattr("time.sleep", pauses.append)
        with pytest.raises(ModuleError, match="still throttling"):
            explained("read it")(service(*[refusal("ThrottlingException")] * 99))(None, {})
        assert 0 < sum(pauses) < 120


class TestSpoiltAnswers:
    """With a real client, and a server whose answers arrive as the test says."""

    @pytest.fixture
    def ssm(self, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
        """`ssm.answers`: what the server sends, each a pair of a promised length and a body."""
        monkeypatch.setattr("time.sleep", lambda _seconds: None)
        answers: list[tuple[int, bytes]] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                length, body = answers.pop(0)
                self.send_response(200)
                self.send_header("Content-Length", str(length))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        keys = {"aws_access_key_id": "AKIAEXAMPLE", "aws_secret_access_key": "x", "region_name": "us-east-1"}

        def client(name: str) -> Any:
            made: Any = boto3.client(
                name,
                endpoint_url=f"http://127.0.0.1:{server.server_port}",
                **keys,  # type: ignore[call-overload]
            )
            return made

        yield SimpleNamespace(answers=answers, client=client)
        server.shutdown()
        server.server_close()

    WHOLE = b'{"Parameter": {"Name": "x", "Value": "1"}}'
    IDENTITY = (
        b"<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/x</Arn>"
        b"</GetCallerIdentityResult></GetCallerIdentityResponse>"
    )

    def test_half_a_json_text_is_asked_for_again(self, ssm: Any) -> None:
        def call(client: Any, request: Any) -> Any:
            return client.get_parameter(**request)["Parameter"]

        read = explained("read {Name}")(call)
        ssm.answers[:] = [(len(self.WHOLE), self.WHOLE[:20]), (len(self.WHOLE), self.WHOLE)]
        assert read(ssm.client("ssm"), {"Name": "x"})["Value"] == "1"

    def test_half_an_xml_text_is_asked_for_again(self, ssm: Any) -> None:
        def call(client: Any, _request: object) -> Any:
            return client.get_caller_identity()["Arn"]

        read = explained("ask who we are")(call)
        # Not even its length tells: a proxy on the way has written what it had.
        ssm.answers[:] = [(40, self.IDENTITY[:40]), (len(self.IDENTITY), self.IDENTITY)]
        assert read(ssm.client("sts"), {}) == "arn:aws:iam::1:user/x"

    @pytest.mark.parametrize(("service", "length"), [("ssm", 99), ("sts", 40)])
    def test_in_the_end_the_way_is_named(self, ssm: Any, service: str, length: int) -> None:
        def call(client: Any, _request: object) -> Any:
            return client.get_parameter(Name="x") if service == "ssm" else client.get_caller_identity()

        ssm.answers[:] = [(length, self.IDENTITY[:40])] * errors.TRIES
        with pytest.raises(ModuleError) as caught:
            explained("ask")(call)(ssm.client(service), {})
        assert "The way to AWS is at fault" in caught.value.message
        assert "GetCallerIdentity" not in caught.value.message
        assert "\n" not in caught.value.message


class TestNoneIf:
    def test_what_is_not_there_is_none(self) -> None:
        assert none_if("Missing")(service(refusal("Missing")))(None, {}) is None

    def test_another_error_is_one(self) -> None:
        with pytest.raises(ClientError):
            none_if("Missing")(service(refusal("Other")))(None, {})


class TestUntilUsable:
    @pytest.fixture
    def clock(self, monkeypatch: pytest.MonkeyPatch) -> list[float]:
        """The time, which only pauses move."""
        now = [0.0]

        def sleep(seconds: float) -> None:
            now[0] += seconds

        monkeypatch.setattr(f"{WAITERS}.time.sleep", sleep)
        monkeypatch.setattr(f"{WAITERS}.time.monotonic", lambda: now[0])
        return now

    def test_repeats_what_aws_does_not_know_yet(self, clock: list[float]) -> None:
        call = service(*[ModuleError("Not yet.", code="Young")] * 3, "done")
        assert until_usable(lambda: call(None, {}), codes={"Young"}, timeout=60) == "done"
        assert 0 < clock[0] < 60

    def test_gives_up_in_time(self, clock: list[float]) -> None:
        call = service(*[ModuleError("Not yet.", code="Young")] * 99)
        with pytest.raises(ModuleError, match="Not yet"):
            until_usable(lambda: call(None, {}), codes={"Young"}, timeout=20)
        assert clock[0] == pytest.approx(20)

    def test_does_not_repeat_other_errors(self, clock: list[float]) -> None:
        call = service(ModuleError("No.", code="Odd"), "done")
        with pytest.raises(ModuleError, match="No"):
            until_usable(lambda: call(None, {}), codes={"Young"}, timeout=20)
        assert clock[0] == 0

    def test_backs_off_with_jitter_up_to_a_limit(self) -> None:
        delays = backoff(first=1, most=8)
        for limit in (1, 2, 4, 8, 8):
            assert limit / 2 <= next(delays) <= limit


def test_every_next_step_is_a_sentence() -> None:
    assert all(step[0].isupper() and step.endswith(".") for step in errors.NEXT_STEPS.values())
