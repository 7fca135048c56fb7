"""Bundles come over the wire, are unpacked, and old revisions make room."""

import gzip
import http.server
import io
import os
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cloud.agent.codedeploy_agent import bundle, specification
from local_cloud.agent.codedeploy_agent.deployments import Executor, Ongoing
from local_cloud.agent.codedeploy_agent.errors import AgentError
from local_cloud.agent.codedeploy_agent.signing import Credentials

APPSPEC = "version: 0.0\nos: linux\n"


class Host:
    region = "us-east-1"
    host_identifier = "arn:aws:iam::123456789012:user/host"

    def credentials(self) -> Credentials:
        return Credentials("AKIATESTS00000000000", "a-secret-of-the-tests")


class Server(http.server.ThreadingHTTPServer):
    """Answers paths from `content`; `refusals` are status codes to give before."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.content: dict[str, bytes] = {}
        self.refusals: list[int] = []
        self.requests: list[tuple[str, str | None]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.requests.append((self.path, self.headers["Authorization"]))
        status = self.server.refusals.pop(0) if self.server.refusals else 200
        body = self.server.content.get(self.path, b"") if status == 200 else b"<Message>no such key</Message>"
        self.send_response(status)
        self.send_header("ETag", '"an-etag"')
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def waits() -> list[float]:
    """Seconds that were waited between attempts."""
    return []


@pytest.fixture
def source(server: Server, waits: list[float]) -> bundle.Source:
    return bundle.Source(Host(), s3_endpoint=server.url, github=server.url, wait=waits.append)


def deployment(kind: str, fields: dict[str, str], number: int = 0) -> specification.Specification:
    return specification.from_data(
        {
            "ApplicationName": "app",
            "DeploymentId": f"d-TEST{number:05}",
            "DeploymentGroupName": "group",
            "DeploymentGroupId": "1234",
            "GitHubAccessToken": "canary-of-the-tests",
            "Revision": {"RevisionType": kind, f"{kind.split(maxsplit=1)[0]}Revision": fields},
        }
    )


def tarball(files: dict[str, str], prefix: str = "") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, text in files.items():
            member = tarfile.TarInfo(prefix + name)
            member.size = len(text)
            member.mode = 0o755
            archive.addfile(member, io.BytesIO(text.encode()))
    return buffer.getvalue()


def zipped(files: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


FILES = {"appspec.yml": APPSPEC, "scripts/a.sh": "#!/bin/sh\n"}
GITHUB = {"Account": "OWNER", "Repository": "site", "CommitId": "abc"}


class TestFetch:
    @pytest.mark.parametrize(
        ("bundle_type", "content"),
        [("tar", tarball(FILES)), ("tgz", gzip.compress(tarball(FILES))), ("zip", zipped(FILES))],
    )
    def test_s3(
        self, tmp_path: Path, server: Server, source: bundle.Source, bundle_type: str, content: bytes
    ) -> None:
        server.content["/bucket/a%20key"] = content
        fields = {"Bucket": "bucket", "Key": "a key", "BundleType": bundle_type, "ETag": "an-etag"}
        bundle.fetch(deployment("S3", fields), tmp_path, source)
        assert (tmp_path / "deployment-archive/appspec.yml").read_text() == APPSPEC
        assert (tmp_path / "bundle.tar").read_bytes() == content

    def test_s3_answers_with_another_etag(
        self, tmp_path: Path, server: Server, source: bundle.Source
    ) -> None:
        server.content["/bucket/key"] = tarball(FILES)
        fields = {"Bucket": "bucket", "Key": "key", "BundleType": "tar", "ETag": "expected"}
        with pytest.raises(AgentError) as raised:
            bundle.fetch(deployment("S3", fields), tmp_path, source)
        assert str(raised.value) == (
            'Expected deployment artifact bundle etag expected but was actually "an-etag"'
        )

    def test_s3_refuses(self, tmp_path: Path, server: Server, source: bundle.Source) -> None:
        server.refusals = [404]
        with pytest.raises(AgentError, match="no such key"):
            bundle.fetch(deployment("S3", {"Bucket": "b", "Key": "k", "BundleType": "tar"}), tmp_path, source)

    def test_github_puts_a_folder_around_it_that_is_stripped(
        self, tmp_path: Path, server: Server, source: bundle.Source
    ) -> None:
        server.content["/repos/OWNER/site/tarball/abc"] = gzip.compress(tarball(FILES, "OWNER-site-abc/"))
        bundle.fetch(deployment("GitHub", GITHUB), tmp_path, source)
        script = tmp_path / "deployment-archive/scripts/a.sh"
        assert os.access(script, os.X_OK)
        assert server.requests == [("/repos/OWNER/site/tarball/abc", "token canary-of-the-tests")]

    def test_github_is_asked_four_times(
        self, tmp_path: Path, server: Server, source: bundle.Source, waits: list[float]
    ) -> None:
        server.refusals = [500, 502, 503, 404]
        with pytest.raises(AgentError, match=r"after 3 retries\. Server returned codes: 500.*; 404"):
            bundle.fetch(deployment("GitHub", GITHUB), tmp_path, source)
        assert waits == [10, 30, 90]

    def test_github_recovers(
        self, tmp_path: Path, server: Server, source: bundle.Source, waits: list[float]
    ) -> None:
        server.content["/repos/OWNER/site/tarball/abc"] = gzip.compress(tarball(FILES, "top/"))
        server.refusals = [500]
        bundle.fetch(deployment("GitHub", GITHUB), tmp_path, source)
        assert waits == [10]

    def test_nobody_answers(self, tmp_path: Path) -> None:
        gone = bundle.Source(Host(), github="http://127.0.0.1:1")
        with pytest.raises(AgentError, match="Could not download bundle"):
            bundle.fetch(deployment("GitHub", GITHUB), tmp_path, gone)

    def test_a_local_directory_is_copied(self, tmp_path: Path, source: bundle.Source) -> None:
        (tmp_path / "here").mkdir()
        (tmp_path / "here/appspec.yml").write_text(APPSPEC)
        fields = {"Location": str(tmp_path / "here"), "BundleType": "directory"}
        bundle.fetch(deployment("Local Directory", fields), tmp_path / "deployment", source)
        assert (tmp_path / "deployment/deployment-archive/appspec.yml").exists()

    def test_what_is_no_archive_is_an_error(self, tmp_path: Path, source: bundle.Source) -> None:
        (tmp_path / "junk").write_text("junk")
        fields = {"Location": str(tmp_path / "junk"), "BundleType": "tar"}
        with pytest.raises(AgentError, match="Error extracting tar archive: 2"):
            bundle.fetch(deployment("Local File", fields), tmp_path, source)


class TestRevisions:
    def revision(self, tmp_path: Path, number: int, **hooks: str) -> specification.Specification:
        """A deployment of a revision whose hooks are bodies of shell scripts."""
        folder = tmp_path / f"source{number}"
        folder.mkdir()
        listed = "".join(f"  {event}:\n  - location: {event}.sh\n" for event in hooks)
        (folder / "appspec.yml").write_text(f"{APPSPEC}hooks:\n{listed}" if hooks else APPSPEC)
        for event, body in hooks.items():
            (folder / f"{event}.sh").write_text(f"#!/bin/sh\n{body}\n")
        return deployment("Local Directory", {"Location": str(folder), "BundleType": "directory"}, number)

    @pytest.fixture
    def executor(self, tmp_path: Path, source: bundle.Source) -> Executor:
        return Executor(tmp_path / "root", 5, source)

    def test_five_are_kept_and_the_last_successful_never_goes(
        self, tmp_path: Path, executor: Executor
    ) -> None:
        for number in range(8):
            each = self.revision(tmp_path, number)
            executor.execute("DownloadBundle", each)
            directory = tmp_path / "root/1234" / each.deployment_id
            os.utime(directory, (number, number))
            if number == 0:
                executor.execute("Install", each)
                os.utime(directory, (number, number))
        kept = sorted(path.name for path in (tmp_path / "root/1234").iterdir())
        assert kept == [f"d-TEST{number:05}" for number in (0, 4, 5, 6, 7)]

    def test_application_stop_is_the_last_installed_revisions(
        self, tmp_path: Path, executor: Executor
    ) -> None:
        old = self.revision(tmp_path, 1, ApplicationStop=f"echo old >>{tmp_path}/said")
        new = self.revision(tmp_path, 2, ApplicationStop=f"echo new >>{tmp_path}/said")
        assert executor.is_noop("ApplicationStop", old)
        executor.execute("ApplicationStop", old)
        executor.execute("DownloadBundle", old)
        executor.execute("Install", old)
        executor.execute("ApplicationStop", new)
        assert (tmp_path / "said").read_text() == "old\n"

    def test_scripts_learn_what_they_belong_to(self, tmp_path: Path, executor: Executor) -> None:
        each = self.revision(tmp_path, 1, AfterInstall=f"env >{tmp_path}/env")
        executor.execute("DownloadBundle", each)
        executor.execute("AfterInstall", each)
        told = dict(line.split("=", 1) for line in (tmp_path / "env").read_text().splitlines() if "=" in line)
        expected = {
            "LIFECYCLE_EVENT": "AfterInstall",
            "DEPLOYMENT_ID": "d-TEST00001",
            "APPLICATION_NAME": "app",
            "DEPLOYMENT_GROUP_NAME": "group",
            "DEPLOYMENT_GROUP_ID": "1234",
        }
        assert {name: told.get(name) for name in expected} == expected

    def test_events_that_never_reach_the_agent_are_refused(self, tmp_path: Path, executor: Executor) -> None:
        each = self.revision(tmp_path, 1)
        assert executor.is_noop("BlockTraffic", each)
        with pytest.raises(AgentError, match=r"Unsupported command type: BlockTraffic\."):
            executor.execute("BlockTraffic", each)


class TestOngoing:
    def test_an_unfinished_command_is_remembered(self, tmp_path: Path) -> None:
        Ongoing(tmp_path).begin("d-TEST00000", "command-1")
        assert Ongoing(tmp_path).interrupted() == "command-1"

    def test_a_finished_one_is_not(self, tmp_path: Path) -> None:
        ongoing = Ongoing(tmp_path)
        ongoing.begin("d-TEST00000", "command-1")
        ongoing.end("d-TEST00000", "command-1")
        assert ongoing.interrupted() is None

    def test_the_next_command_outlives_the_end_of_the_last(self, tmp_path: Path) -> None:
        ongoing = Ongoing(tmp_path)
        ongoing.begin("d-TEST00000", "command-2")
        ongoing.end("d-TEST00000", "command-1")
        assert ongoing.interrupted() == "command-2"

    def test_after_a_day_nobody_cares(self, tmp_path: Path) -> None:
        Ongoing(tmp_path).begin("d-TEST00000", "command-1")
        os.utime(tmp_path / "ongoing-deployment/d-TEST00000", (0, 0))
        assert Ongoing(tmp_path).interrupted() is None


def test_no_import_of_the_project() -> None:
    """The agent is copied to hosts alone: its modules name each other and nothing else of the project."""
    for path in Path(bundle.__file__).parent.glob("*.py"):
        assert "local_cloud" not in path.read_text()
