"""Who changes the site and deploys that, again and again, under visitors."""

import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts import push_demo as developer
from tests.faults.pipeline_runs import REPOSITORY, Pipeline
from tests.faults.visitors import Visitors

NAME = "www.local-cloud.example"
STYLE = "assets/bootstrap/bootstrap.min.css"
MARKER = re.compile(r"revision \d+")
DEPLOYMENTS = 20
ICONS = 500


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


def come(pipeline: Pipeline, scheme: str = "http", authorities: Path | None = None) -> Visitors:
    """Visitors of every host."""
    addresses = [each["PublicIp"] for each in pipeline.client("ec2").describe_addresses()["Addresses"]]
    return Visitors(addresses, f"{scheme}://{NAME}/", ("", STYLE), MARKER, authorities)


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
