"""The whole pipeline in this process, with policies enforced: who did what with which rights.

The operator is an IAM user with one of the policies that write-policies.yml writes; the GitHub role is taken
with a token of the repository; the host's agent has the credentials of its instance.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any
from urllib.request import Request, urlopen

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local_cloud.testing import github
from local_cloud.testing.agents import agents_everywhere, ec2_agent, succeed
from local_cloud.testing.clouds import LocalCloud, github_token, publish
from local_cloud.testing.shop import wait_for
from tests import inventories

CHECKOUT = Path(__file__).parents[2]
REPOSITORY = "OWNER/codedeploy.nginx.001"
ACCOUNT = "123456789012"
STAGING = "test.codeDeploy.001-staging"
ISSUER = "token.actions.githubusercontent.com"
BUCKET = f"test-codedeploy-001-{ACCOUNT}-us-east-1"
SUBJECT = f"repo:{REPOSITORY}:environment:Prod"
NAMES = {
    "ec2": "AWSCodeDeployService-EC2AccessCodeDeployRole-20241024T000000",
    "codedeploy": "AWSCodeDeployService-DepolyEC2Role-20241024T000000",
    "github": "AWSCodeDeployService-GitAssumeRoleWithAction-20241024T000000",
}
"""The roles, by what their policies are called."""

Keys = Mapping[str, str]


class PlaybookError(AssertionError):
    """A playbook failed; what it said."""


@dataclass
class Pipeline:
    """One account. `directory` holds the inventory that leads playbooks to it."""

    cloud: LocalCloud
    directory: Path
    session: Any = field(default_factory=boto3.Session)
    _writing: Lock = field(default_factory=Lock)

    @property
    def root(self) -> Keys:
        return {"AccessKeyId": self.cloud.settings.root_access_key, "SecretAccessKey": "of-the-local-cloud"}

    def client(self, service: str, keys: Keys | None = None) -> Any:
        """A boto3 client of the account, of root where no keys are given."""
        keys = keys or self.root
        return self.session.client(
            service,
            region_name="us-east-1",
            endpoint_url=self.cloud.endpoint_url,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys.get("SessionToken"),
            config=Config(retries={"total_max_attempts": 1}),
        )

    def publish(self) -> None:
        """GitHub has the site's repository, and Amazon's bucket the agent's installer."""
        s3 = self.client("s3")
        s3.create_bucket(Bucket="aws-codedeploy-us-east-1")
        s3.put_object(
            Bucket="aws-codedeploy-us-east-1", Key="latest/install", Body=b"#!/bin/sh\n", ACL="public-read"
        )
        publish(self.cloud, CHECKOUT / "site", REPOSITORY)

    def user(self, name: str, *documents: Mapping[str, Any]) -> Keys:
        """A new IAM user with these managed policies and nothing else; its access key."""
        iam = self.client("iam")
        iam.create_user(UserName=name)
        for number, document in enumerate(documents):
            policy = iam.create_policy(PolicyName=f"{name}-{number}", PolicyDocument=json.dumps(document))
            iam.attach_user_policy(UserName=name, PolicyArn=policy["Policy"]["Arn"])
        key: Keys = iam.create_access_key(UserName=name)["AccessKey"]
        return key

    def play(self, playbook: str, *options: str, keys: Keys | None = None, **settings: Any) -> str:
        """Run a playbook as whoever has the keys; what it said. Raises PlaybookError."""
        where = self.inventory(keys or self.root)
        result = subprocess.run(
            [
                Path(sys.executable).parent / "ansible-playbook",
                f"--inventory={where}",
                f"--extra-vars={json.dumps(settings)}",
                *options,
                f"playbooks/{playbook}",
            ],
            cwd=CHECKOUT,
            env={k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "GITHUB_"))},
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise PlaybookError(result.stdout + result.stderr)
        return result.stdout

    def instances(self) -> list[str]:
        """The ids of those that run."""
        ec2 = self.client("ec2")
        running = [{"Name": "instance-state-name", "Values": ["running"]}]
        pages = ec2.get_paginator("describe_instances").paginate(Filters=running)
        found = [
            each
            for page in pages
            for reservation in page["Reservations"]
            for each in reservation["Instances"]
        ]
        return [each["InstanceId"] for each in found]

    def keys_of(self, instance: str) -> Keys:
        """The credentials that an instance's metadata service would give its agent."""
        from moto.core.models import DEFAULT_ACCOUNT_ID
        from moto.sts.models import sts_backends

        role = f"arn:aws:iam::{ACCOUNT}:role/{NAMES['ec2']}"
        with self.cloud.turn:
            taken = sts_backends[DEFAULT_ACCOUNT_ID]["aws"].assume_role(
                "us-east-1", instance, role, "", 3600, ""
            )
        return {
            "AccessKeyId": taken.access_key_id,
            "SecretAccessKey": taken.secret_access_key,
            "SessionToken": taken.session_token,
        }

    def instance(self) -> tuple[str, Keys]:
        """The one that runs, and its credentials."""
        [instance] = self.instances()
        return instance, self.keys_of(instance)

    def github_token(self, **claims: Any) -> str:
        """An OIDC token as a job of the repository's environment gets it, or with other claims."""
        import time

        now = int(time.time())
        all_claims = {
            "iss": f"https://{ISSUER}",
            "aud": "sts.amazonaws.com",
            "sub": SUBJECT,
            "iat": now,
            "nbf": now - 60,
            "exp": now + 300,
        } | claims
        return github.sign(all_claims, self.cloud.settings)

    def github_session(self, token: str | None = None) -> Keys:
        """The keys of the GitHub role, taken with a token."""
        from botocore import UNSIGNED

        sts = self.session.client(
            "sts",
            region_name="us-east-1",
            endpoint_url=self.cloud.endpoint_url,
            config=Config(signature_version=UNSIGNED),
        )
        answer = sts.assume_role_with_web_identity(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{NAMES['github']}",
            RoleSessionName="GitHubActions",
            WebIdentityToken=token or self.github_token(),
        )
        keys: Keys = answer["Credentials"]
        return keys

    def job_token(self) -> str:
        """An OIDC token as a job of the repository has it by now: subjects may name it by its number."""
        return self.github_token(sub=f"{self._subject_prefix()}:environment:Prod")

    def job(self) -> None:
        """What a job of GitHub does after a push: deploy the branch's commit, and follow that to its end."""
        codedeploy = self.client("codedeploy", self.github_session(self.job_token()))
        revision = {
            "revisionType": "GitHub",
            "gitHubLocation": {"repository": REPOSITORY, "commitId": 40 * "a"},
        }
        started = codedeploy.create_deployment(
            applicationName="test.codeDeploy.001",
            deploymentGroupName="test.deploymentGroup.001",
            revision=revision,
        )["deploymentId"]
        info = wait_for(
            lambda: codedeploy.get_deployment(deploymentId=started)["deploymentInfo"],
            lambda info: info["status"] in {"Succeeded", "Failed", "Stopped"},
        )
        assert info["status"] == "Succeeded", info
        targets = codedeploy.list_deployment_targets(deploymentId=started)["targetIds"]
        codedeploy.batch_get_deployment_targets(deploymentId=started, targetIds=targets)

    def stage(self) -> None:
        """Another application where the newest commit is live, as staging is: on the same instance."""
        codedeploy = self.client("codedeploy")
        [newest, *_] = codedeploy.list_deployments()["deployments"]
        live = codedeploy.get_deployment(deploymentId=newest)["deploymentInfo"]
        group = codedeploy.get_deployment_group(
            applicationName=live["applicationName"], deploymentGroupName=live["deploymentGroupName"]
        )["deploymentGroupInfo"]
        codedeploy.create_application(applicationName=STAGING)
        names = {"applicationName": STAGING, "deploymentGroupName": "staging"}
        same = {key: group[key] for key in ("serviceRoleArn", "ec2TagSet", "deploymentConfigName")}
        codedeploy.create_deployment_group(**names, **same)
        started = codedeploy.create_deployment(**names, revision=live["revision"])["deploymentId"]
        wait_for(
            lambda: codedeploy.get_deployment(deploymentId=started)["deploymentInfo"]["status"],
            lambda status: status == "Succeeded",
        )

    def bring(self) -> None:
        """What a job does beside, where revisions go through S3: look for the commit, and bring it."""
        s3 = self.client("s3", self.github_session(self.job_token()))
        place = {"Bucket": BUCKET, "Key": f"test.codeDeploy.001/{40 * 'b'}.tgz"}
        with pytest.raises(ClientError, match="404"):
            s3.head_object(**place)
        s3.put_object(**place, Body=b"content")

    def fetch(self) -> None:
        """What the agent fetches then: the revision, by its version where the deployment names one."""
        s3 = self.client("s3", self.instance()[1])
        place = {"Bucket": BUCKET, "Key": f"test.codeDeploy.001/{40 * 'b'}.tgz"}
        s3.get_object(**place, VersionId=s3.get_object(**place)["VersionId"])

    def used(self) -> dict[str, set[tuple[str, str]]]:
        """Caller -> the actions and resources that it was allowed, from the request log."""
        found: dict[str, set[tuple[str, str]]] = {}
        for entry in self.cloud.log.entries():
            for check in entry.checks:
                if check.allowed:
                    found.setdefault(_name(entry.caller), set()).add((check.action, check.resource))
        return found

    def _subject_prefix(self) -> str:
        """How the tokens of the repository begin, as GitHub says."""
        url = f"{self.cloud.github_url}/api/v3/repos/{REPOSITORY}/actions/oidc/customization/sub"
        token = github_token(self.cloud)
        request = Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310 - loopback
        with urlopen(request, timeout=10) as answer:  # noqa: S310 - loopback
            prefix: str = json.load(answer)["sub_claim_prefix"]
        return prefix

    def inventory(self, keys: Keys) -> Path:
        """inventory/local, leading to this account as whoever has the keys. Runs at once read one."""
        folder = self.directory / f"inventory-{keys['AccessKeyId']}"
        with self._writing:
            if not folder.exists():
                inventories.inventory(folder, self.cloud, keys["AccessKeyId"], keys["SecretAccessKey"])
        return folder


@contextmanager
def agent_at_work(pipeline: Pipeline) -> Iterator[None]:
    """The instance's agent does all that it is told, with the instance's credentials."""
    instance, keys = pipeline.instance()
    with ec2_agent(pipeline.cloud.endpoint_url, instance, keys=keys):
        yield


@contextmanager
def agents_at_work(pipeline: Pipeline) -> Iterator[None]:
    """So do the agents of all instances, also of those that are launched meanwhile."""
    url = pipeline.cloud.endpoint_url
    with agents_everywhere(url, pipeline.instances, lambda _instance: succeed, keys=pipeline.keys_of):
        yield


def _name(caller: str) -> str:
    """`user/operator`, or the role of a session."""
    resource = caller.split(":", 5)[-1]
    return resource.split("/")[1] if resource.startswith("assumed-role/") else resource


@contextmanager
def enforced(cloud: LocalCloud) -> Iterator[None]:
    """Policies bite as long as the block lasts."""
    cloud.gate.enforcing = True
    try:
        yield
    finally:
        cloud.gate.enforcing = False
