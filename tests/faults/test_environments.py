"""Staging and production from one checkout, on real hosts: push, approve, promote, roll back, destroy."""

import json
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local_cloud.testing import workflows as workflow
from local_cloud.testing.shop import wait_for
from scripts import push_demo as developer
from tests.faults.pipeline_runs import CHECKOUT, REPOSITORY, Pipeline

STAGING = ("-i", "inventory/local-staging")
PRODUCTION = ("-i", "inventory/local")
APPROVED = ("-e", json.dumps({"pipeline_github_reviewers": ["alice"]}))
NEWS = "Seen on staging first"


@dataclass(frozen=True)
class Environments:
    """Both, and how long each step took."""

    pipeline: Pipeline
    took: dict[str, float]

    def play(self, name: str, *options: str) -> str:
        started = time.monotonic()
        played = self.pipeline.playbook(name, *options)
        assert played.returncode == 0, played.stdout + played.stderr
        environment = "staging" if options[:2] == STAGING else "production"
        self.took[f"{name} of {environment}"] = round(time.monotonic() - started, 1)
        return played.stdout

    def page(self, suffix: str = "") -> str:
        live = json.loads((CHECKOUT / "build" / f"deployment{suffix}.json").read_text())
        with urllib.request.urlopen(live["site"], timeout=30) as answer:  # noqa: S310 - a host of this machine
            text: str = answer.read().decode()
        return text

    def github(self, method: str, path: str, token: str = "", **body: Any) -> Any:
        """GitHub's API below the repository; a path that begins with /_ is the stand-in's own."""
        github = developer.GitHub.running()
        place = path if path.startswith("/_") else f"/api/v3/repos/{REPOSITORY}{path}"
        request = urllib.request.Request(  # noqa: S310 - loopback
            github.url + place,
            method=method,
            data=json.dumps(body).encode() if body else None,
            headers={"Authorization": f"Bearer {token or github.token}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - loopback
            return json.load(answer)

    def deployments(self, application: str) -> list[dict[str, Any]]:
        """Of its one group, the newest first."""
        codedeploy = self.pipeline.client("codedeploy")
        group = application.replace("codeDeploy", "deploymentGroup")
        listed = codedeploy.list_deployments(applicationName=application, deploymentGroupName=group)
        return [
            codedeploy.get_deployment(deploymentId=each)["deploymentInfo"] for each in listed["deployments"]
        ]

    def everything(self) -> str:
        """Production as AWS and GitHub tell of it, in all they tell."""
        client = self.pipeline.client
        application, group = "test.codeDeploy.001", "test.deploymentGroup.001"
        owned = [{"Name": "tag:Application", "Values": [application]}]
        ec2, iam, codedeploy = client("ec2"), client("iam"), client("codedeploy")
        roles = [
            role
            for page in iam.get_paginator("list_roles").paginate()
            for role in page["Roles"]
            if role["RoleName"].startswith("AWSCodeDeployService-")
        ]
        zones = client("route53").list_hosted_zones()["HostedZones"]
        records = [
            client("route53").list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]
            for zone in zones
        ]
        told = {
            "instances": ec2.describe_instances(Filters=owned)["Reservations"],
            "volumes": ec2.describe_volumes(Filters=owned)["Volumes"],
            "addresses": ec2.describe_addresses(Filters=owned)["Addresses"],
            "groups": ec2.describe_security_groups(Filters=owned)["SecurityGroups"],
            "keys": ec2.describe_key_pairs(Filters=owned)["KeyPairs"],
            "roles": roles,
            "policies": [
                iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"]
                for role in roles
                for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]
            ],
            "provider": [
                iam.get_open_id_connect_provider(OpenIDConnectProviderArn=each["Arn"])
                for each in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
            ],
            "application": codedeploy.get_application(applicationName=application)["application"],
            "group": codedeploy.get_deployment_group(applicationName=application, deploymentGroupName=group)[
                "deploymentGroupInfo"
            ],
            "deployments": self.deployments(application),
            "records": [each for page in records for each in page if not each["Name"].startswith("staging.")],
            "environment": self.github("GET", "/environments/Prod"),
            "variables": self.github("GET", "/environments/Prod/variables"),
            "secrets": self.github("GET", "/environments/Prod/secrets"),
        }
        for key in ("provider", "application", "group"):
            plain = told[key] if isinstance(told[key], dict) else told[key][0]
            plain.pop("ResponseMetadata", None)
        return json.dumps(told, default=str, sort_keys=True, indent=1)


@pytest.fixture(scope="module")
def environments(pipeline: Pipeline) -> Iterator[Environments]:
    both = Environments(pipeline, {})
    yield both
    (CHECKOUT / "build" / "environments.json").write_text(json.dumps(both.took, indent=1))
    pipeline.playbook("destroy.yml", *STAGING, "-e", "confirm=test.codeDeploy.001-staging")
    pipeline.publish()
    restored = pipeline.playbook("site.yml", *PRODUCTION, "-e", '{"pipeline_github_reviewers": []}')
    assert restored.returncode == 0, restored.stdout


def pushed(folder: Path) -> tuple[str, threading.Thread, list[workflow.Run]]:
    """A push, and its workflow in the background: the commit, the thread, and its end."""
    checkout = developer.clone(developer.GitHub.running(), REPOSITORY, folder / "site")
    developer.write_news(checkout, NEWS)
    commit = developer.push(developer.GitHub.running(), checkout, NEWS)
    cloud = workflow.Cloud.running(CHECKOUT / ".local_cloud")
    ended: list[workflow.Run] = []
    thread = threading.Thread(target=lambda: ended.append(workflow.run(cloud, checkout, lambda _: None)))
    thread.start()
    return commit, thread, ended


def test_staging_before_production(environments: Environments, tmp_path: Path) -> None:
    both = environments
    alice = both.github("POST", "/_local_cloud/tokens", login="alice", scopes=["repo"])["token"]
    both.play("site.yml", *PRODUCTION, *APPROVED)
    alone = both.pipeline.holdings()

    said = both.play("site.yml", *STAGING)
    assert said.count("staging, test.codeDeploy.001-staging in us-east-1") == 2
    both.pipeline.administer("PUT", "enforce-iam?on=1")

    # A push: staging has it, production waits.
    commit, thread, ended = pushed(tmp_path)
    started = time.monotonic()
    [run] = wait_for(
        lambda: both.github("GET", "/actions/runs?status=waiting")["workflow_runs"],
        bool,
        seconds=180,
        pause=0.5,
    )
    both.took["push to waiting"] = round(time.monotonic() - started, 1)
    assert NEWS in both.page("-staging")
    assert NEWS not in both.page()
    [pending] = both.github("GET", f"/actions/runs/{run['id']}/pending_deployments")
    assert pending["environment"]["name"] == "Prod"

    started = time.monotonic()
    both.github(
        "POST",
        f"/actions/runs/{run['id']}/pending_deployments",
        alice,
        environment_ids=[pending["environment"]["id"]],
        state="approved",
        comment="Ship it",
    )
    thread.join(180)
    both.took["approved to live"] = round(time.monotonic() - started, 1)
    assert [each.jobs for each in ended] == [{"staging": "success", "production": "success"}], ended
    assert NEWS in both.page()
    staged, live = (
        both.deployments(each)[0] for each in ("test.codeDeploy.001-staging", "test.codeDeploy.001")
    )
    assert live["revision"] == staged["revision"]
    assert live["description"] == staged["description"]
    assert live["revision"]["gitHubLocation"]["commitId"] == commit
    both.pipeline.administer("PUT", "enforce-iam?on=0")

    # Production goes back alone, and is promoted again without Actions.
    both.play("roll-back-site.yml", *PRODUCTION)
    assert NEWS not in both.page()
    assert NEWS in both.page("-staging")
    promoted = both.play("promote-site.yml", *PRODUCTION)
    assert f"{commit}, live in test.codeDeploy.001-staging" in promoted
    assert NEWS in both.page()

    # Staging ends, and nobody meets a trace of that.
    before = both.everything()
    shown = both.play("destroy.yml", *STAGING, "-e", "confirm=test.codeDeploy.001-staging")
    assert "AWSCodeDeployService-GitAssumeRoleWithAction-20241024T000000" in shown
    assert both.everything() == before
    assert both.pipeline.holdings() == alone
    assert both.github("GET", "/actions/variables")["variables"] == []
    assert NEWS in both.page()
    unchanged = both.play("site.yml", *PRODUCTION, *APPROVED, "--check")
    assert "0 to create, 0 to change, 0 to delete" in unchanged
