"""The modules that roles use on hosts."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module
from types import ModuleType
from typing import Any, ClassVar

import boto3
import pytest

from local_cloud.testing.agent import packages
from local_cloud.testing.clouds import running


@dataclass(frozen=True)
class Bucket:
    """A bucket at `url`, and an S3 client to put something into it."""

    NAME: ClassVar = "aws-codedeploy-us-east-1"

    s3: Any
    url: str

    def put(self, key: str, content: bytes) -> str:
        """Returns the object's URL."""
        self.s3.put_object(Bucket=self.NAME, Key=key, Body=content, ACL="public-read")
        return f"{self.url}/{key}"

    def get(self, key: str) -> bytes:
        content: bytes = self.s3.get_object(Bucket=self.NAME, Key=key)["Body"].read()
        return content


@pytest.fixture(scope="session")
def swap_file() -> ModuleType:
    return import_module("plugins.modules.swap_file")


@pytest.fixture(scope="session")
def codedeploy_agent_info() -> ModuleType:
    return import_module("plugins.modules.codedeploy_agent_info")


@pytest.fixture(scope="session")
def codedeploy_agent_package() -> ModuleType:
    return import_module("plugins.modules.codedeploy_agent_package")


@pytest.fixture(scope="session")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    """A local cloud's bucket of agents, over HTTP."""
    folder = tmp_path_factory.mktemp("local_cloud")
    with running(folder) as cloud:
        session: Any = boto3.Session(
            aws_access_key_id="AKIALOCALCLOUDTESTS0", aws_secret_access_key="a-long-and-random-looking-secret"
        )
        s3 = session.client("s3", region_name="us-east-1", endpoint_url=cloud.endpoint_url)
        it = Bucket(s3, f"{cloud.endpoint_url}/{Bucket.NAME}")
        s3.create_bucket(Bucket=Bucket.NAME, ACL="public-read")
        built = packages.build(cloud.settings, lambda _line: None)
        for path in built.rglob("*"):
            if path.is_file():
                it.put(str(path.relative_to(built)), path.read_bytes())
        yield it


@pytest.fixture
def hanging_up() -> Iterator[Callable[[str], str]]:
    """`hanging_up(method)`: the URL of a server that hangs up in the middle of its answers to this method."""
    with ExitStack() as stack:

        def start(method: str) -> str:
            class Handler(BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    self.send_response(200)
                    self.send_header("Content-Length", "1000" if self.command == method else "400")
                    self.end_headers()
                    self.wfile.write(b"x" * 400)

                def do_PUT(self) -> None:
                    self.do_GET()

                def log_message(self, *_: object) -> None:
                    """Silent."""

            server = stack.enter_context(HTTPServer(("127.0.0.1", 0), Handler))
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_address[1]}"

        yield start


@pytest.fixture
def interrupted(hanging_up: Callable[[str], str]) -> str:
    """The URL of a server that hangs up in the middle."""
    return hanging_up("GET")


@pytest.fixture(scope="session")
def nginx_info() -> ModuleType:
    return import_module("plugins.modules.nginx_info")


@pytest.fixture(scope="session")
def log_cut() -> ModuleType:
    return import_module("plugins.modules.log_cut")


@pytest.fixture(scope="session")
def package_files() -> ModuleType:
    return import_module("plugins.modules.package_files")
