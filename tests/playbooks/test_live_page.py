"""What a run writes down of the live page is no part of the pipeline: no run tells it as a change."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).parents[2]


@pytest.fixture
def page(tmp_path: Path) -> Iterator[str]:
    """Address and port of a live page."""
    (tmp_path / "www").mkdir()
    (tmp_path / "www" / "index.html").write_text("the site")

    class Handler(SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(tmp_path / "www"))

        def log_message(self, *_: Any) -> None:
            """Not here."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.long
def test_another_deployment_is_no_drift(tmp_path: Path, page: str) -> None:
    play = {
        "hosts": "localhost",
        "connection": "local",
        "gather_facts": False,
        "tasks": [{"ansible.builtin.include_tasks": str(CHECKOUT / "playbooks" / "tasks" / "live-page.yml")}],
    }
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "look.yml").write_text(json.dumps([play]))

    def run(deployment: str, *options: str) -> str:
        settings = {
            "ansible_python_interpreter": sys.executable,
            "aws_caller": "arn:aws:iam::1:user/me",
            "deployment": {"deployment": {"deployment_id": deployment}},
            "live_commit": "0" * 40,
            "pipeline_application": "app",
            "pipeline_deployment_group": "group",
            "pipeline_addresses": [page],
            "pipeline_fleet": False,
            "pipeline_hosts": "localhost",
            "pipeline_record_name": "www.example.com",
            "pipeline_suffix": "",
            "pipeline_site_url": "http://www.example.com/",
            "pipeline_page_text": "the site",
        }
        result = subprocess.run(
            [
                Path(sys.executable).parent / "ansible-playbook",
                *("--inventory=localhost,", f"--extra-vars={json.dumps(settings)}", *options),
                tmp_path / "playbooks" / "look.yml",
            ],
            cwd=CHECKOUT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stdout + result.stderr
        return result.stdout

    def written() -> str:
        return str(json.loads((tmp_path / "build" / "deployment.json").read_text())["deployment"])

    first = run("d-1")
    assert "changed=0" in first
    assert written() == "d-1"
    # What the run has led to is what it ends with.
    *_, site, commit, deployed, by, log, hosts, seconds = [line.split() for line in first.splitlines()]
    assert site == ["site", "http://www.example.com/", "at", page]
    assert (commit, deployed, hosts) == (["commit", "0" * 12], ["deployment", "d-1"], ["hosts", "1"])
    assert (by, log) == (["by", "arn:aws:iam::1:user/me"], ["log", "build/deployments/d-1.json"])
    assert seconds[0] == "seconds"
    after_a_push = run("d-2", "--check", "--diff")
    assert "changed=0" in after_a_push
    assert "d-2" not in after_a_push
    assert written() == "d-1"
    assert "changed=0" in run("d-2")
    assert written() == "d-2"
