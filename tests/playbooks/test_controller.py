"""What awx/configure-controller.yml makes, with awx.awx's own modules, at a stand-in of AWX's API."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml

from scripts import awx

CHECKOUT = Path(__file__).parents[2]
TOKEN = "a-long-and-random-looking-token"
KEYS = ("name", "username", "url")
"""What AWX's modules look things up by."""


class Controller:
    """Objects by kind, made and changed as the API does; there is an organisation from the start."""

    def __init__(self) -> None:
        self.numbers = count(2)
        self.objects: dict[str, dict[int, dict[str, Any]]] = {"organizations": {1: {"name": "Default"}}}
        self.surveys: dict[int, Any] = {}
        self.written: list[str] = []

    def show(self, kind: str, number: int) -> dict[str, Any]:
        page = f"/api/v2/{kind}/{number}/"
        related = {
            each: f"{page}{each}/" for each in ("survey_spec", "credentials", "labels", "instance_groups")
        }
        return self.objects[kind][number] | {"id": number, "url": page, "type": kind[:-1], "related": related}

    def get(self, path: str, query: dict[str, str]) -> tuple[int, Any]:
        match path.strip("/").split("/"):
            case ["api"]:
                return 200, {"current_version": "/api/v2/", "available_versions": {"v2": "/api/v2/"}}
            case ["api", "v2", kind, number, "survey_spec"]:
                return 200, self.surveys.get(int(number), {})
            case ["api", "v2", _, _, "credentials" | "labels" | "instance_groups"]:
                return 200, {"count": 0, "results": [], "next": None}
            case ["api", "v2", kind, number] if number.isdigit():
                return 200, self.show(kind, int(number))
            case ["api", "v2", kind, *_]:
                wanted = {key: value for key, value in query.items() if key in KEYS}
                found = [
                    self.show(kind, number)
                    for number, item in self.objects.get(kind, {}).items()
                    if all(item.get(key) == value for key, value in wanted.items())
                ]
                return 200, {"count": len(found), "results": found, "next": None}
        return 404, {"detail": "Not found."}

    def write(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        self.written.append(f"{method} {path}")
        match path.strip("/").split("/"):
            case ["api", "v2", _, number, "survey_spec"]:
                self.surveys[int(number)] = body
                return 200, {}
            case ["api", "v2", kind, number]:
                self.objects[kind][int(number)] |= body
                return 200, self.show(kind, int(number))
            case ["api", "v2", kind]:
                number_of = next(self.numbers)
                self.objects.setdefault(kind, {})[number_of] = body
                return 201, self.show(kind, number_of)
        return 404, {"detail": "Not found."}


@contextmanager
def serving(controller: Controller) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def answer(self, status: int, body: Any) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            self.answer(*controller.get(parts.path, query))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or "{}")
            self.answer(*controller.write(self.command, urlsplit(self.path).path, body))

        do_PATCH = do_POST  # noqa: N815 - http.server's

        def log_message(self, *_: object) -> None:
            """Nothing is said of requests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def configure(url: str, **settings: Any) -> subprocess.CompletedProcess[str]:
    told = {
        "controller_project_url": "https://git.example/pipeline.git",
        "controller_environment_image": "registry.example/pipeline-ee:1",
        **settings,
    }
    program = Path(sys.executable).with_name("ansible-playbook")
    return subprocess.run(
        [program, "-i", "localhost,", "-e", json.dumps(told), "awx/configure-controller.yml"],
        cwd=CHECKOUT,
        env=os.environ
        | {"CONTROLLER_HOST": url, "CONTROLLER_OAUTH_TOKEN": TOKEN, "CONTROLLER_VERIFY_SSL": "false"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.long
def test_the_controller_has_every_template_with_its_survey_and_a_second_run_changes_nothing() -> None:
    controller = Controller()
    with serving(controller) as url:
        first = configure(
            url, controller_inventory="shop", controller_inventory_path="inventory/aws-staging/hosts.yml"
        )
        assert first.returncode == 0, first.stdout
        assert TOKEN not in first.stdout
        made = {item["name"]: number for number, item in controller.objects["job_templates"].items()}
        assert sorted(made) == sorted(f"shop {each['name']}" for each in awx.templates())
        assert controller.surveys[made["shop destroy"]]["spec"][0]["variable"] == "confirm"
        [source] = controller.objects["inventory_sources"].values()
        assert source["source_path"] == "inventory/aws-staging/hosts.yml"
        controller.written.clear()
        second = configure(
            url, controller_inventory="shop", controller_inventory_path="inventory/aws-staging/hosts.yml"
        )
        assert second.returncode == 0, second.stdout
        assert [each for each in controller.written if "survey_spec" not in each] == []


def test_a_survey_asks_nothing_that_an_inventory_sets() -> None:
    asked = {question["variable"] for each in awx.templates() for question in each["survey"]}
    folders = (CHECKOUT / "inventory").glob("*/group_vars/**/*.yml")
    set_there = {name for path in folders for name in yaml.safe_load(path.read_text()) or {}}
    assert "pipeline_domain_zone" in set_there
    assert asked & set_there == set()


def test_what_is_generated_is_what_the_specifications_say() -> None:
    assert (CHECKOUT / "awx" / "templates.yml").read_text() == awx.text()
    for each in awx.templates():
        assert (CHECKOUT / each["playbook"]).is_file()
        for question in each["survey"]:
            assert question["question_description"]
            assert "choices" not in question or question["default"] in question["choices"]
