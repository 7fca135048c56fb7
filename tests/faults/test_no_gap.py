"""Deployments under visitors: no answer but the page, and no page whose parts come from two revisions."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from scripts import push_demo as developer
from tests.faults.certificates import self_signed
from tests.faults.pipeline_runs import REPOSITORY, Pipeline
from tests.faults.visitors import Visitors

NAME = "www.local-cloud.example"
STYLE = "assets/bootstrap/bootstrap.min.css"
MARKER = re.compile(r"revision \d+")
DEPLOYMENTS = 20
ICONS = 500
ARTICLE = """\
version: 0.0
os: linux
files:
  - source: index.html
    destination: /usr/share/nginx/html
  - source: icons
    destination: /usr/share/nginx/html/icons
  - source: assets
    destination: /usr/share/nginx/html/assets
"""


@dataclass(frozen=True)
class Developer:
    """Who changes page and style, and deploys that."""

    pipeline: Pipeline
    checkout: Path

    @classmethod
    def of(cls, pipeline: Pipeline, folder: Path) -> "Developer":
        github = developer.GitHub.running()
        checkout = developer.clone(github, REPOSITORY, folder / "site")
        # What takes the agent a moment, as a site does that has grown.
        for number in range(ICONS):
            (checkout / "icons" / f"{number}.svg").write_text(f"<svg><!-- {number} --></svg>\n")
        subprocess.run(["git", "add", "icons"], cwd=checkout, check=True)
        return cls(pipeline, checkout)

    def deploy(self, number: int) -> str:
        """Name the revision in the page and in its style, and deploy; how that ended."""
        page, style = self.checkout / "index.html", self.checkout / STYLE
        for path, comment in ((page, "<!-- {} -->"), (style, "/* {} */")):
            text = re.sub(r"\n\S+ revision \d+ \S+\Z", "", path.read_text())
            path.write_text(f"{text}\n{comment.format(f'revision {number}')}")
        commit = developer.push(developer.GitHub.running(), self.checkout, f"Revision {number}")
        codedeploy = self.pipeline.client("codedeploy")
        deployment = codedeploy.create_deployment(
            applicationName="test.codeDeploy.001",
            deploymentGroupName="test.deploymentGroup.001",
            revision={
                "revisionType": "GitHub",
                "gitHubLocation": {"repository": REPOSITORY, "commitId": commit},
            },
            fileExistsBehavior="OVERWRITE",
        )["deploymentId"]
        ended = self.ended(deployment)
        rollback = ended.get("rollbackInfo", {}).get("rollbackDeploymentId")
        if rollback:
            assert self.ended(rollback)["status"] == "Succeeded"
        return str(ended["status"])

    def ended(self, deployment: str) -> dict[str, Any]:
        """A deployment, when it has come to its end, and to its rollback where that is to come."""
        codedeploy = self.pipeline.client("codedeploy")
        found: dict[str, Any] = {}
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            found = codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]
            if found["status"] == "Succeeded" or (found["status"] == "Failed" and found.get("rollbackInfo")):
                return found
            time.sleep(0.1)
        raise AssertionError(f"{deployment} has not ended: {found}")

    def commit(self, name: str, text: str) -> None:
        """Goes along with the next revision."""
        (self.checkout / name).write_text(text)


@pytest.fixture(scope="module")
def author(pipeline: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Developer:
    return Developer.of(pipeline, tmp_path_factory.mktemp("developer"))


def come(pipeline: Pipeline, scheme: str = "http", authorities: Path | None = None) -> Visitors:
    """Visitors of every host."""
    addresses = [each["PublicIp"] for each in pipeline.client("ec2").describe_addresses()["Addresses"]]
    return Visitors(addresses, f"{scheme}://{NAME}/", ("", STYLE), MARKER, authorities)


@pytest.fixture
def visitors(pipeline: Pipeline) -> Visitors:
    return come(pipeline)


def test_visitors_meet_the_gap_of_an_appspec_that_copies_into_the_document_root(
    author: Developer, visitors: Visitors
) -> None:
    """The article's way goes on working; and what follows could see a gap."""
    appspec = (author.checkout / "appspec.yml").read_text()
    author.commit("appspec.yml", ARTICLE)
    author.pipeline.on_hosts("ln -sfn /usr/share/nginx/html /srv/www/current")
    assert author.deploy(1) == "Succeeded"

    with visitors:
        ended = {author.deploy(number) for number in range(2, 12)}

    sys.stdout.write(f"article: {visitors.told()}\n")
    assert ended == {"Succeeded"}
    assert {status for visit in visitors.visits for status in visit.statuses} > {"200"}

    # The first revision of the other kind meets the files of these, and no visitor sees that.
    author.commit("appspec.yml", appspec)
    after = replace(visitors, visits=[])
    with after:
        assert author.deploy(12) == "Succeeded"
    sys.stdout.write(f"from there to releases: {after.told()}\n")
    assert not [visit for visit in after.visits if visit.failed or visit.mixed]


def deployments_are_met_by_no_visitor(author: Developer, visitors: Visitors, first: int) -> None:
    """Not by 20 of changed content, nor by one in between whose hook fails."""
    wrong, half = first - 1, first + DEPLOYMENTS // 2
    script = (author.checkout / "scripts/application-start.sh").read_text()
    with visitors:
        for number in range(first, first + DEPLOYMENTS):
            assert author.deploy(number) == "Succeeded"
            if number == half:
                author.commit("scripts/application-start.sh", "#!/bin/bash\nexit 1\n")
                assert author.deploy(wrong) == "Failed"
                author.commit("scripts/application-start.sh", script)

    sys.stdout.write(f"releases, {visitors.site}, {len(visitors.addresses)} hosts: {visitors.told()}\n")
    assert not [visit for visit in visitors.visits if visit.failed or visit.mixed]
    seen = {revision for visit in visitors.visits for revision in visit.revisions}
    assert len(seen) > DEPLOYMENTS // 2
    assert f"revision {wrong}" not in seen


def test_deployments_are_met_by_no_visitor(author: Developer, visitors: Visitors) -> None:
    deployments_are_met_by_no_visitor(author, visitors, 100)


def test_a_page_that_is_not_the_revisions_is_taken_back_at_once(
    author: Developer, visitors: Visitors, pipeline: Pipeline
) -> None:
    assert author.deploy(200) == "Succeeded"
    page = pipeline.page()
    script = author.checkout / "scripts/validate-service.sh"
    known = script.read_text()
    # Another address is no page.
    elsewhere = known.replace("127.0.0.1/\n", "127.0.0.1/icons/\n").replace("attempts=10", "attempts=1")
    author.commit("scripts/validate-service.sh", elsewhere)
    assert author.deploy(201) == "Failed"
    assert pipeline.page() == page
    author.commit("scripts/validate-service.sh", known)
    with visitors:
        assert author.deploy(202) == "Succeeded"
    assert "revision 202" in pipeline.page()
    assert not [visit for visit in visitors.visits if visit.failed or visit.mixed]


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of the site's name, as a file."""
    folder = tmp_path_factory.mktemp("certificate")
    for name, content in zip(("certificate.pem", "key.pem"), self_signed(NAME), strict=True):
        (folder / name).write_bytes(content)
    return folder / "certificate.pem"


@pytest.fixture
def secured(pipeline: Pipeline, trusted: Path) -> Iterator[Pipeline]:
    """The pipeline with HTTPS; it is given back without."""
    secure = replace(pipeline, options=(f"--extra-vars={https(trusted)}",))
    played = secure.playbook("site.yml")
    assert played.returncode == 0, played.stdout
    yield secure
    played = pipeline.playbook("site.yml")
    assert played.returncode == 0, played.stdout


def https(certificate: Path) -> str:
    """Settings. One that is its own authority is trusted as that."""
    return json.dumps(
        {
            "pipeline_https": "files",
            "pipeline_https_certificate_file": str(certificate),
            "pipeline_https_key_file": str(certificate.with_name("key.pem")),
            "pipeline_https_ca_file": str(certificate),
        }
    )


def test_deployments_are_met_by_no_visitor_by_https(
    author: Developer, secured: Pipeline, trusted: Path
) -> None:
    deployments_are_met_by_no_visitor(author, come(secured, "https", trusted), 250)


@pytest.fixture
def three_hosts(pipeline: Pipeline, trusted: Path) -> Iterator[Pipeline]:
    """The pipeline with three, and with HTTPS; it is given back with one, and without."""
    three = replace(pipeline, options=(f"--extra-vars={https(trusted)}", "-e", "pipeline_instance_count=3"))
    more = three.playbook("site.yml")
    assert more.returncode == 0, more.stdout
    yield three
    for playbook in (("destroy.yml", "-e", "confirm=test.codeDeploy.001"), ("site.yml",)):
        played = pipeline.playbook(*playbook)
        assert played.returncode == 0, played.stdout


def test_deployments_to_three_hosts_are_met_by_no_visitor(
    author: Developer, three_hosts: Pipeline, trusted: Path
) -> None:
    visitors = come(three_hosts, "https", trusted)
    assert len(visitors.addresses) == 3
    assert author.deploy(300) == "Succeeded"
    deployments_are_met_by_no_visitor(author, visitors, 302)
