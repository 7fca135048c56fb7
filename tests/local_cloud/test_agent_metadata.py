"""What an agent asks the instance metadata for, and what it goes on with when that is gone."""

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.error import URLError

import pytest

from local_cloud.agent.codedeploy_agent.metadata import InstanceIdentity

DAY = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))
ITEMS = {
    "/latest/dynamic/instance-identity/document": json.dumps(
        {"region": "eu-west-1", "accountId": "123456789012", "instanceId": "i-7"}
    ),
    "/latest/meta-data/services/partition": "aws",
    "/latest/meta-data/iam/security-credentials/": "web",
    "/latest/meta-data/iam/security-credentials/web": json.dumps(
        {"AccessKeyId": "AKIA", "SecretAccessKey": "s", "Token": "t", "Expiration": DAY}
    ),
}


class Metadata(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self._answer(ITEMS[self.path])

    def do_PUT(self) -> None:
        self._answer("token")

    def _answer(self, text: str) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Nothing."""


@pytest.fixture
def metadata() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Metadata)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.server_close()


def test_it_goes_on_without_metadata_while_it_has_keys(metadata: HTTPServer) -> None:
    address = f"http://127.0.0.1:{metadata.server_port}"
    identity = InstanceIdentity(address)
    known = identity.region, identity.host_identifier, identity.credentials()
    assert known[1] == "arn:aws:ec2:eu-west-1:123456789012:instance/i-7"

    metadata.shutdown()
    metadata.server_close()

    assert (identity.region, identity.host_identifier, identity.credentials()) == known
    with pytest.raises(URLError):
        assert InstanceIdentity(address).region
