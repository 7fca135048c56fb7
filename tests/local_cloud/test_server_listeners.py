"""Connections stay open, TLS names are whatever is asked for, and everything ends when told to."""

import http.client
import re
import socket
import ssl
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING

import pytest
from cryptography import x509

from local_cloud import listeners
from local_cloud.certificates import ensure_authority, server_certificate, server_context
from local_cloud.listeners import Listener
from local_cloud.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


def echo(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
    """Answer with method, Host and body; fail where told to."""
    body = environ["wsgi.input"].read()
    if body == b"fail":
        raise ValueError("as told")
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{environ['REQUEST_METHOD']} {environ['HTTP_HOST']} ".encode(), body]


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings.in_process(tmp_path_factory.mktemp("listeners"))


@pytest.fixture
def listener() -> Iterator[Listener]:
    running = Listener("127.0.0.1", 0, echo, maximum=4)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def tls_listener(settings: Settings) -> Iterator[Listener]:
    running = Listener("127.0.0.1", 0, echo, maximum=4, tls=server_context(settings))
    running.start()
    yield running
    running.stop()


def test_a_connection_serves_many_requests(listener: Listener) -> None:
    link = http.client.HTTPConnection("127.0.0.1", listener.port)
    answers = []
    for body in (b"one", b"", b"two" * 100_000):
        link.request("POST", "/", body, {"Host": "here"})
        used = link.sock
        answers.append(link.getresponse().read())
        assert link.sock is used
    link.close()

    assert answers == [b"POST here one", b"POST here ", b"POST here " + b"two" * 100_000]


def test_a_chunked_body_is_read_whole_and_the_connection_stays(listener: Listener) -> None:
    link = http.client.HTTPConnection("127.0.0.1", listener.port)
    for _ in range(2):
        link.request("PUT", "/", iter([b"in ", b"parts"]), {"Host": "here"}, encode_chunked=True)
        assert link.getresponse().read() == b"PUT here in parts"
    link.close()


def test_head_has_no_body(listener: Listener) -> None:
    link = http.client.HTTPConnection("127.0.0.1", listener.port)
    for _ in range(2):
        link.request("HEAD", "/", headers={"Host": "here"})
        answer = link.getresponse()
        assert (answer.status, answer.read()) == (200, b"")
    link.close()


def test_a_failure_is_answered_without_its_details(listener: Listener) -> None:
    link = http.client.HTTPConnection("127.0.0.1", listener.port)
    link.request("POST", "/", b"fail")
    answer = link.getresponse()

    assert answer.status == 500
    assert b"as told" not in answer.read()
    link.close()


def answered(listener: Listener, sent: Iterable[bytes]) -> bytes:
    """All that comes back for these bytes until the listener closes."""
    with socket.create_connection(("127.0.0.1", listener.port), timeout=10) as link:
        with suppress(ConnectionError):
            for part in sent:
                link.sendall(part)
        return b"".join(iter(lambda: link.recv(65536), b""))


HOST = b"Host: here\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / x HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/9.9.9\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\n\r\n", 505),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n", 400),
        (b"GET http://[ HTTP/1.1\r\n" + HOST + b"\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n" + HOST * 2 + b"\r\n", 400),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X-Long: " + b"a" * 70_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HOST + b"X-Many: a\r\n" * 200 + b"\r\n", 431),
        *(
            (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: " + length + b"\r\n\r\nbody", 400)
            for length in (b"-1", b"+4", b"4.0", b"0x4", b"four", b"\xb2", b"9" * 5000, b"4, 4", b"")
        ),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\nbody", 400),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 999999999999\r\n\r\n", 413),
        (
            b"POST / HTTP/1.1\r\n"
            + HOST
            + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            400,
        ),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip\r\n\r\n", 501),
        *(
            (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks, 400)
            for chunks in (b"x\r\n", b"-1\r\n", b"0x2\r\nab\r\n", b"2\r\nabc\r\n", b"\r\n", b"f" * 9000)
        ),
        (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nffffffffff\r\n", 413),
    ],
)
def test_what_is_not_http_is_refused_as_such(
    listener: Listener, caplog: pytest.LogCaptureFixture, sent: bytes, status: int
) -> None:
    assert answered(listener, [sent]).startswith(b"HTTP/1.1 %d " % status)
    assert not caplog.records


def test_a_second_request_that_is_not_http_ends_the_connection(listener: Listener) -> None:
    good = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"

    answer = answered(listener, [good, b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n", good])

    assert re.findall(rb"HTTP/1.1 (\d+) ", answer) == [b"200", b"414"]


def test_a_body_without_end_is_not_kept(listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listeners, "MAXIMUM_BODY", 2**20)
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"

    assert answered(listener, [head, *[chunk] * 100]).startswith(b"HTTP/1.1 413 ")


def test_a_body_that_is_cut_short_is_told(listener: Listener) -> None:
    with socket.create_connection(("127.0.0.1", listener.port), timeout=10) as link:
        link.sendall(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 10\r\n\r\nbody")
        link.shutdown(socket.SHUT_WR)
        assert link.recv(65536).startswith(b"HTTP/1.1 400 ")


def test_a_body_that_will_not_be_taken_is_not_asked_for(listener: Listener) -> None:
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n"

    assert answered(listener, [head % 2**40]).startswith(b"HTTP/1.1 413 ")
    with socket.create_connection(("127.0.0.1", listener.port), timeout=10) as link:
        link.sendall(head % 4)
        assert link.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        link.sendall(b"body")
        assert link.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_chunks_may_have_extensions_and_trailers(listener: Listener) -> None:
    chunks = b"4;name=value\r\nbody\r\n0\r\nX-Trailer: here\r\n\r\n"
    with socket.create_connection(("127.0.0.1", listener.port), timeout=10) as link:
        link.sendall(b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n" + chunks)
        assert link.recv(65536).endswith(b"POST here body")


def test_no_more_connections_than_allowed_are_served_at_once(listener: Listener) -> None:
    links = [http.client.HTTPConnection("127.0.0.1", listener.port) for _ in range(5)]
    for link in links[:4]:
        link.request("POST", "/", b"now")
        link.getresponse().read()
    answered = threading.Event()

    def ask() -> None:
        links[4].request("POST", "/", b"later")
        links[4].getresponse().read()
        answered.set()

    waiting = threading.Thread(target=ask)
    waiting.start()
    assert not answered.wait(0.3)
    links[0].close()
    waiting.join(10)

    assert answered.is_set()
    for link in links:
        link.close()


def test_stopping_ends_idle_connections_and_frees_the_port(listener: Listener) -> None:
    with socket.create_connection(("127.0.0.1", listener.port), timeout=10) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        assert idle.recv(4096)

        listener.stop()

        assert idle.recv(4096) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", listener.port), timeout=10)


def test_a_taken_port_is_an_error_of_the_caller(listener: Listener) -> None:
    with pytest.raises(OSError, match="in use"):
        Listener("127.0.0.1", listener.port, echo, maximum=1)


@pytest.mark.parametrize(
    "name",
    [
        "aws-codedeploy-us-east-1.s3.us-east-1.amazonaws.com",
        "api.github.com",
        "sts.cn-north-1.amazonaws.com.cn",
    ],
)
def test_tls_verifies_for_every_name_of_aws_and_github(
    tls_listener: Listener, settings: Settings, name: str
) -> None:
    context = ssl.create_default_context(cafile=settings.ca_certificate)
    with (
        socket.create_connection(("127.0.0.1", tls_listener.port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname=name) as link,
    ):
        link.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n".encode())
        assert b"".join(iter(lambda: link.recv(4096), b"")).endswith(f"GET {name} ".encode())


def test_tls_has_no_certificate_for_anybody_else(tls_listener: Listener, settings: Settings) -> None:
    context = ssl.create_default_context(cafile=settings.ca_certificate)
    with (
        socket.create_connection(("127.0.0.1", tls_listener.port), timeout=10) as plain,
        pytest.raises(ssl.SSLError),
    ):
        context.wrap_socket(plain, server_hostname="example.org")


def test_the_authority_is_made_once_and_its_key_is_private(settings: Settings) -> None:
    path = ensure_authority(settings)
    first = path.read_bytes()

    assert ensure_authority(settings).read_bytes() == first
    assert {each.stat().st_mode & 0o077 for each in path.parent.glob("[kl]e*.pem")} == {0}


def test_a_kept_certificate_is_made_anew_for_another_address(settings: Settings) -> None:
    name, now = "acme.local-cloud.test", "198.19.255.254"
    first = server_certificate(settings, name, ("172.31.0.1",)).read_bytes()
    assert server_certificate(settings, name, ("172.31.0.1",)).read_bytes() == first

    second = x509.load_pem_x509_certificate(server_certificate(settings, name, (now,)).read_bytes())
    names = second.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.IPAddress) == [ip_address(now)]
