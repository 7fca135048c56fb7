"""The web project: a page that stands on its own, an appspec that the agent takes, scripts that run."""

import importlib
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import yaml

from local_cloud.testing.agent import Plan, appspec

SITE = Path(__file__).resolve().parents[2] / "site"
FOLLOW = SITE / ".github/actions/follow_deployment/follow_deployment.py"
VOID = {"link", "meta", "img", "br", "hr", "input"}
COMMIT = "0123456789abcdef0123456789abcdef01234567"
DOCUMENT_ROOT = "/srv/www/incoming"


class Page(HTMLParser):
    """Elements in order, references, texts by element; refuses what is not closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and data.strip():
            self.texts[self.open[-1]] = data.strip()

    @property
    def references(self) -> list[str]:
        return [
            value
            for _, attrs in self.elements
            for key, value in attrs.items()
            if key in {"src", "href"} and value
        ]


@pytest.fixture(scope="module")
def page() -> Page:
    return Page((SITE / "index.html").read_text())


class TestPage:
    def test_it_is_a_whole_document(self, page: Page) -> None:
        assert (SITE / "index.html").read_text().startswith("<!DOCTYPE html>")
        assert page.open == []
        assert [tag for tag, _ in page.elements if tag in {"html", "head", "title", "body"}] == [
            "html",
            "head",
            "title",
            "body",
        ]

    def test_title_heading_and_text(self, page: Page) -> None:
        assert page.texts["title"] == "Alana Lam"
        assert page.texts["h1"] == "CodeDeploy + Github Actions + EC2"
        assert page.texts["p"] == "Alana Lam (AWS Builder Community Manager, Hong Kong)"

    def test_everything_it_needs_is_shipped_with_it(self, page: Page) -> None:
        assert page.references
        for reference in page.references:
            assert (SITE / reference).is_file(), reference

    def test_styles_come_before_scripts_and_images_say_what_they_are(self, page: Page) -> None:
        tags = [tag for tag, attrs in page.elements if tag == "script" or attrs.get("rel") == "stylesheet"]
        assert tags == ["link", "script"]
        assert all(attrs.get("alt") for tag, attrs in page.elements if tag == "img")

    def test_the_portrait_is_a_jpeg(self) -> None:
        assert (SITE / "icons/ic_alana_002_20241022_a.jpg").read_bytes()[:3] == b"\xff\xd8\xff"


class TestAppspec:
    @pytest.fixture
    def parsed(self) -> appspec.AppSpec:
        return appspec.read(SITE / "appspec.yml")

    def test_five_hooks_as_root_with_five_minutes(self, parsed: appspec.AppSpec) -> None:
        assert list(parsed.hooks) == [
            "ApplicationStop",
            "BeforeInstall",
            "AfterInstall",
            "ApplicationStart",
            "ValidateService",
        ]
        scripts = [script for scripts in parsed.hooks.values() for script in scripts]
        assert {(script.runas, script.timeout) for script in scripts} == {("root", 300)}
        assert all(os.access(SITE / script.location, os.X_OK) for script in scripts)

    def test_only_what_visitors_may_see_is_copied(self, parsed: appspec.AppSpec) -> None:
        plan = Plan(SITE, "OVERWRITE")
        for file in parsed.files:
            plan.add(file.source, file.destination)
        copied = {each["destination"] for each in plan.instructions if each["type"] == "copy"}
        assert f"{DOCUMENT_ROOT}/index.html" in copied
        names = {path.removeprefix(f"{DOCUMENT_ROOT}/").split("/")[0] for path in copied}
        assert names == {"index.html", "icons", "assets"}

    def test_what_the_page_refers_to_is_copied(self, parsed: appspec.AppSpec, page: Page) -> None:
        plan = Plan(SITE, "OVERWRITE")
        for file in parsed.files:
            plan.add(file.source, file.destination)
        copied = {each["destination"] for each in plan.instructions if each["type"] == "copy"}
        for reference in page.references:
            assert f"{DOCUMENT_ROOT}/{reference.removeprefix('./')}" in copied

    def test_what_is_served_is_readable_and_not_writable(self, parsed: appspec.AppSpec) -> None:
        assert {entry.mode for entry in parsed.permissions} == {"644", "755"}


class TestScripts:
    @pytest.mark.parametrize("script", sorted((SITE / "scripts").glob("*.sh")), ids=lambda path: path.name)
    def test_bash_can_read_it_and_it_stops_at_the_first_error(self, script: Path) -> None:
        subprocess.run(["bash", "-n", script], check=True)
        assert "set -euo pipefail" in script.read_text()

    def test_validation_fails_after_its_last_attempt(self, tmp_path: Path) -> None:
        """curl and sleep are stand-ins here: no page is served, and nobody waits."""
        done = self.validate(tmp_path, page="<title>Welcome to nginx!</title>")
        assert done.returncode == 1
        assert done.stderr.count("attempt") == 10
        assert 'has the title "Welcome to nginx!"' in done.stderr

    def test_validation_passes_with_this_revisions_page(self, tmp_path: Path) -> None:
        done = self.validate(tmp_path, page=(SITE / "index.html").read_text())
        assert (done.returncode, done.stdout) == (0, 'nginx serves "Alana Lam" of this revision\n')

    def validate(self, folder: Path, page: str) -> subprocess.CompletedProcess[str]:
        (folder / "page").write_text(page)
        for name, body in {"curl": f"cat {folder}/page", "sleep": "exit 0"}.items():
            (folder / name).write_text(f"#!/bin/sh\n{body}\n")
            (folder / name).chmod(0o755)
        path = f"{folder}:{os.environ['PATH']}"
        (folder / "web/releases").mkdir(parents=True)
        return subprocess.run(
            [SITE / "scripts/validate-service.sh"],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "PATH": path, "WEB": str(folder / "web")},
        )


class TestWorkflow:
    @pytest.fixture
    def workflow(self) -> str:
        return (SITE / ".github/workflows/main.yml").read_text()

    @pytest.fixture
    def action(self) -> str:
        """What both jobs do."""
        return (SITE / ".github/actions/deploy/action.yml").read_text()

    def test_actions_are_pinned_by_commit_with_their_version(self, workflow: str, action: str) -> None:
        uses = re.findall(r"uses: (\S+)@(\S+)(.*)", workflow + action)
        assert {name for name, _, _ in uses} == {"actions/checkout", "aws-actions/configure-aws-credentials"}
        assert all(re.fullmatch(r"[0-9a-f]{40}", commit) for _, commit, _ in uses)
        assert all(re.fullmatch(r" # v\d+\.\d+\.\d+", comment) for _, _, comment in uses)

    def test_it_may_do_nothing_but_take_its_role_and_read(self, workflow: str) -> None:
        document = yaml.safe_load(workflow)
        assert document["permissions"] == {}
        for job in document["jobs"].values():
            assert job["permissions"] == {"id-token": "write", "contents": "read"}
            assert job["concurrency"]["cancel-in-progress"] is False

    def test_production_comes_after_staging_where_there_is_one_and_does_the_same(self, workflow: str) -> None:
        staging, production = yaml.safe_load(workflow)["jobs"].values()
        assert staging["environment"] == "${{ vars.STAGING_ENVIRONMENT }}"
        assert production["environment"] == "Prod"
        assert production["needs"] == "staging"
        assert production["steps"] == staging["steps"]
        assert production["concurrency"]["group"] != staging["concurrency"]["group"]

    def test_no_expression_is_pasted_into_a_shell(self, workflow: str, action: str) -> None:
        jobs = [*yaml.safe_load(workflow)["jobs"].values(), yaml.safe_load(action)["runs"]]
        assert all("${{" not in step.get("run", "") for job in jobs for step in job["steps"])

    def test_the_deployment_is_the_articles(self, action: str) -> None:
        assert "--ignore-application-stop-failures" in action
        assert yaml.safe_load(action)["inputs"]["file-exists-behavior"]["default"] == "OVERWRITE"

    @pytest.mark.parametrize(
        ("names", "said"),
        [
            ({}, f"OWNER/site@{COMMIT} by jane in https://github.com/OWNER/site/actions/runs/7"),
            (
                {"GITHUB_TRIGGERING_ACTOR": "joe"},
                f"OWNER/site@{COMMIT} by joe in https://github.com/OWNER/site/actions/runs/7",
            ),
            (
                {"GITHUB_REPOSITORY": "o/" + "r" * 100},
                f"{COMMIT[:12]} by jane in https://github.com/o/{'r' * 100}/actions/runs/7",
            ),
        ],
    )
    def test_a_deployment_says_who_started_it(
        self, tmp_path: Path, action: str, names: dict[str, str], said: str
    ) -> None:
        """The step as it is, with an `aws` that writes down what it is asked."""
        steps = yaml.safe_load(action)["runs"]["steps"]
        [script] = [step["run"] for step in steps if step["name"] == "Create the deployment"]
        (tmp_path / "aws").write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{tmp_path}/asked\necho d-1\n')
        (tmp_path / "aws").chmod(0o755)
        known = {
            "PATH": f"{tmp_path}:{os.environ['PATH']}",
            "APPLICATION": "app",
            "BUCKET": "",
            "DEPLOYMENT_GROUP": "group",
            "FILE_EXISTS_BEHAVIOR": "OVERWRITE",
            "GITHUB_ACTOR": "jane",
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "GITHUB_REPOSITORY": "OWNER/site",
            "GITHUB_RUN_ID": "7",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_SHA": COMMIT,
        }
        subprocess.run(["bash", "-euo", "pipefail", "-c", script], env=known | names, check=True)

        asked = (tmp_path / "asked").read_text().splitlines()
        assert asked[asked.index("--description") + 1] == said
        assert len(said) <= 256
        assert (tmp_path / "output").read_text() == "id=d-1\n"


class TestSummary:
    """follow_deployment.py, with an `aws` that answers as the AWS CLI does."""

    ANSWERS: dict[str, dict[str, object]] = {  # noqa: RUF012 - read only
        "get-deployment": {
            "deploymentInfo": {
                "deploymentId": "d-ABC",
                "status": "Failed",
                "errorInformation": {"code": "HEALTH_CONSTRAINTS", "message": "Too few hosts: 0 < 1."},
            }
        },
        "list-deployment-targets": {"targetIds": ["i-1"]},
        "batch-get-deployment-targets": {
            "deploymentTargets": [
                {
                    "instanceTarget": {
                        "targetId": "i-1",
                        "lifecycleEvents": [
                            {
                                "lifecycleEventName": "Install",
                                "status": "Succeeded",
                                "startTime": "2026-11-23T09:24:00+00:00",
                                "endTime": "2026-11-23T09:24:01.500000+00:00",
                            },
                            {
                                "lifecycleEventName": "ValidateService",
                                "status": "Failed",
                                "diagnostics": {
                                    "errorCode": "ScriptFailed",
                                    "scriptName": "scripts/validate-service.sh",
                                    "message": "It failed with exit code 1",
                                    "logTail": "[stderr]no <h1> & no page\n```\n",
                                },
                            },
                        ],
                    }
                }
            ]
        },
    }

    def summary(self, folder: Path, region: str, more: dict[str, object] | None = None, **env: str) -> str:
        """The summary. An answer of ANSWERS is for any deployment, one of `more` for that of its name."""
        answers = "\n".join(
            f"{name}) cat <<'END'\n{json.dumps(said)}\nEND\n;;"
            for name, said in [*(more or {}).items(), *((f"{name}*", a) for name, a in self.ANSWERS.items())]
        )
        (folder / "aws").write_text(f'#!/bin/sh\ncase "$2:$4" in\n{answers}\nesac\n')
        (folder / "aws").chmod(0o755)
        written = folder / "summary.md"
        done = subprocess.run(
            [sys.executable, FOLLOW, "d-ABC", "--summary", written, "--outputs", folder / "outputs"],
            env={"PATH": f"{folder}:{os.environ['PATH']}", "AWS_REGION": region} | env,
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1, done.stderr
        assert re.search(r"\d s  i-1  ValidateService +Failed", done.stdout)
        (folder / "log").write_text(done.stdout)
        return written.read_text()

    def test_it_tells_what_was_deployed_whose_it_is_and_who_did_it(self, tmp_path: Path) -> None:
        commit = ["commit", "--quiet", "--allow-empty", "--message", "Say *hello* [x](y)\n\nMore"]
        identity = ["-c", "user.name=A_b", "-c", "user.email=a@localhost"]
        subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
        subprocess.run(["git", "-C", tmp_path, *identity, *commit], check=True)
        sha = subprocess.run(
            ["git", "-C", tmp_path, "rev-parse", "HEAD"], check=True, capture_output=True, text=True
        ).stdout.strip()
        said = self.summary(
            tmp_path,
            "us-east-1",
            GITHUB_SERVER_URL="https://github.example",
            GITHUB_REPOSITORY="OWNER/site",
            GITHUB_SHA=sha,
            GITHUB_RUN_ID="7",
            GITHUB_ACTOR="jane",
        )
        page = "https://github.example/OWNER/site"
        words = r"Say \*hello\* \[x\]\(y\)\, by A\_b"
        assert f"[{sha[:12]}]({page}/commit/{sha}) {words}  " in said.splitlines()
        assert f"Deployed by jane in [run 7]({page}/actions/runs/7)." in said.splitlines()

    def test_the_log_begins_with_what_and_by_whom_and_ends_with_how_long(self, tmp_path: Path) -> None:
        self.summary(
            tmp_path,
            "eu-west-1",
            GITHUB_SERVER_URL="https://github.example",
            GITHUB_REPOSITORY="OWNER/site",
            GITHUB_SHA=COMMIT,
            GITHUB_RUN_ID="7",
            GITHUB_ACTOR="jane",
        )
        lines = (tmp_path / "log").read_text().splitlines()
        assert lines[:6] == [
            f"Deploying {COMMIT[:12]}",
            "  as      d-ABC",
            "  by      jane",
            f"  commit  https://github.example/OWNER/site/commit/{COMMIT}",
            "  run     https://github.example/OWNER/site/actions/runs/7",
            "  console https://eu-west-1.console.aws.amazon.com/codesuite/codedeploy/deployments/d-ABC?region=eu-west-1",
        ]
        assert lines[6].split() == ["0", "s", "i-1", "Install", "Succeeded", "1.5", "s"]
        assert lines[-1] == "d-ABC: Failed after 0 s, 0 of 1 succeeded: Too few hosts: 0 < 1."

    def test_a_hooks_words_are_no_commands_to_the_runner(self, tmp_path: Path) -> None:
        self.summary(tmp_path, "us-east-1")
        lines = (tmp_path / "log").read_text().splitlines()
        [stop] = [number for number, line in enumerate(lines) if line.startswith("::stop-commands::")]
        token = lines[stop].removeprefix("::stop-commands::")
        assert lines[stop + 1] == "i-1: ValidateService failed in scripts/validate-service.sh"
        assert "    | [stderr]no <h1> & no page" in lines[stop : lines.index(f"::{token}::")]

    def test_it_follows_the_rollback_too(self, tmp_path: Path) -> None:
        told = {"rollbackDeploymentId": "d-DEF", "rollbackMessage": "d-DEF is triggered"}
        events = {"enabled": True, "events": ["DEPLOYMENT_FAILURE"]}
        failed = {"deploymentId": "d-ABC", "status": "Failed", "autoRollbackConfiguration": events}
        back = {"deploymentId": "d-DEF", "status": "Succeeded"}
        more: dict[str, object] = {
            "get-deployment:d-ABC": {"deploymentInfo": failed | {"rollbackInfo": told}},
            "get-deployment:d-DEF": {"deploymentInfo": back},
        }
        lines = self.summary(tmp_path, "us-east-1", more).splitlines()
        [at] = [number for number, line in enumerate(lines) if line.startswith("### Deployment [d-DEF]")]
        assert lines[at].endswith(": Succeeded after 0 s")
        assert r"This rolls back d\-ABC\." in lines[at:]
        assert (tmp_path / "outputs").read_text() == "status=Failed\nrollback-id=d-DEF\n"

    def test_it_tells_what_happened_on_each_host_and_why(self, tmp_path: Path) -> None:
        said = self.summary(tmp_path, "us-east-1")
        for line in (
            "Too few hosts: 0 &lt; 1.",
            "| i-1 | Install | Succeeded | 1.5 s |",
            "| i-1 | ValidateService | Failed |  |",
            "#### i-1: ValidateService, scripts/validate-service.sh",
        ):
            assert line in said.splitlines()
        log = "ScriptFailed: It failed with exit code 1\n[stderr]no &lt;h1&gt; &amp; no page\n```\n"
        assert f"<pre>{log}</pre>" in said

    @pytest.mark.parametrize(
        ("region", "console"),
        [
            ("eu-central-1", "eu-central-1.console.aws.amazon.com"),
            ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
            ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
        ],
    )
    def test_it_leads_to_the_console_of_the_partition(
        self, tmp_path: Path, region: str, console: str
    ) -> None:
        link = f"(https://{console}/codesuite/codedeploy/deployments/d-ABC?region={region})"
        assert (
            f"### Deployment [d-ABC]{link}: Failed after 0 s" in self.summary(tmp_path, region).splitlines()
        )


class TestProgress:
    """What the log of a job is told while a deployment goes on."""

    @pytest.fixture
    def watch(self, monkeypatch: pytest.MonkeyPatch) -> Any:
        monkeypatch.syspath_prepend(FOLLOW.parent)
        return importlib.import_module("progress").Watch()

    @staticmethod
    def host(name: str, status: str, **more: object) -> dict[str, Any]:
        return {
            "targetId": name,
            "lifecycleEvents": [{"lifecycleEventName": "Install", "status": status, **more}],
        }

    def test_news_are_told_once(self, watch: Any) -> None:
        begun = self.host("i-1", "InProgress", startTime=1.0)
        assert list(watch.news([begun])) == ["i-1  Install              InProgress"]
        assert list(watch.news([begun])) == []
        ended = self.host("i-1", "Succeeded", startTime=1.0, endTime=3.5)
        assert list(watch.news([ended])) == ["i-1  Install              Succeeded  2.5 s"]

    def test_many_hosts_share_a_line(self, watch: Any) -> None:
        hosts = [self.host(f"i-{number}", "Succeeded") for number in range(7)]
        assert list(watch.news(hosts)) == ["Install              Succeeded  on 7 of 7"]

    def test_long_silence_is_broken_by_what_takes_long(self, watch: Any) -> None:
        deployment = {"status": "InProgress"}
        busy = [self.host(f"i-{number}", "InProgress") for number in range(7)]
        said = watch.sign_of_life(deployment, busy)
        assert said.startswith("still at work: Install on i-0, Install on i-1,")
        assert said.endswith(" and 2 more")
        waiting = watch.sign_of_life(deployment, [self.host("i-1", "Pending")])
        assert waiting.startswith("still InProgress, and no host is at work")
        long_ago = datetime.now(UTC) - timedelta(seconds=40)
        one = [self.host("i-1", "InProgress", startTime=long_ago.isoformat())]
        assert re.fullmatch(r"still at work: Install on i-1 for 4\d s", watch.sign_of_life(deployment, one))
