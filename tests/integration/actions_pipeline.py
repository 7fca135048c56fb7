"""A local cloud with what the playbooks make in it, without hosts: agents of tests do what they are told."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import requests

from local_cloud.testing import workflows as workflow
from local_cloud.testing.agents import Agent, Answer, CommandClient, Result
from local_cloud.testing.clouds import LocalCloud, Settings

CHECKOUT = Path(__file__).resolve().parents[2]

REPOSITORY = "OWNER/codedeploy.nginx.001"
ROLE = "AWSCodeDeployService-GitAssumeRoleWithAction-20241024T000000"
ROLE_ARN = f"arn:aws:iam::123456789012:role/{ROLE}"
INSTANCE_ROLE = "AWSCodeDeployService-EC2AccessCodeDeployRole-20241024T000000"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": Settings.root_access_key,
    "AWS_SECRET_ACCESS_KEY": "a-long-and-random-looking-secret-of-the-tests",
    "AWS_REGION": "us-east-1",
}


@dataclass
class Pipeline:
    """A local cloud with what the playbooks made in it, and one instance without a host."""

    cloud: LocalCloud
    directory: Path
    instance: str = ""

    @property
    def token(self) -> str:
        return (self.cloud.settings.state_dir / "github" / "token").read_text()

    def client(self, service: str, session: Any = None) -> Any:
        session = session or boto3.Session(
            CREDENTIALS["AWS_ACCESS_KEY_ID"], CREDENTIALS["AWS_SECRET_ACCESS_KEY"], region_name="us-east-1"
        )
        return session.client(service, endpoint_url=self.cloud.endpoint_url)

    def id_token(self, job: dict[str, Any], audience: str = "sts.amazonaws.com") -> str:
        """What GitHub's token service gives a job."""
        answer = requests.get(
            f"{job['id_token_request_url']}&audience={audience}",
            headers={"Authorization": f"Bearer {job['id_token_request_token']}"},
            timeout=30,
        )
        token: str = answer.json()["value"]
        return token

    def session(self) -> Any:
        """The session of the role that a job of the environment takes."""
        taken = self.client("sts").assume_role_with_web_identity(
            RoleArn=ROLE_ARN,
            RoleSessionName="a-test",
            WebIdentityToken=self.id_token(self.job(environment="Prod")),
        )
        keys = taken["Credentials"]
        return boto3.Session(
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
            region_name="us-east-1",
        )

    def play(self, *arguments: str, token: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run playbooks with settings for this cloud."""
        region = CREDENTIALS["AWS_REGION"]
        addresses = {"AWS_ENDPOINT_URL": self.cloud.endpoint_url, "AWS_DEFAULT_REGION": region}
        settings = {
            "ansible_connection": "local",
            "ansible_python_interpreter": sys.executable,
            # It stands in the command lines of tasks, so the keys come from the environment.
            "pipeline_aws_environment": addresses,
            "pipeline_domain_record": "www.local-cloud.example",
            "pipeline_domain_zone": "local-cloud.example",
            "pipeline_github_api_url": f"{self.cloud.github_url}/api/v3",
            "pipeline_github_token": self.token if token is None else token,
            "pipeline_github_url": self.cloud.github_url,
            "pipeline_ssh_cidr": "127.0.0.1/32",
            "pipeline_ssh_public_key_file": str(self.directory / "id_ed25519.pub"),
        }
        path = self.directory / "settings.json"
        path.touch(mode=0o600)
        path.write_text(json.dumps(settings))
        program = Path(sys.executable).parent / "ansible-playbook"
        command = [str(program), "-i", "localhost,", "-e", f"@{path}", *arguments]
        return subprocess.run(
            command,
            cwd=CHECKOUT,
            env=os.environ | CREDENTIALS | addresses,
            capture_output=True,
            text=True,
            check=False,
        )

    def checkout(self, name: str) -> Path:
        """A clone of what is on GitHub."""
        folder = self.directory / name
        url = f"{self.cloud.github_url}/{REPOSITORY}.git"
        subprocess.run(["git", "clone", "--quiet", url, str(folder)], check=True)
        return folder

    def run_workflow(self, checkout: Path, **which: str) -> workflow.Run:
        where = workflow.Cloud(self.cloud.github_url, self.cloud.endpoint_url, self.token)
        with self.enforcement():
            return workflow.run(where, checkout, lambda _: None, **which)

    @contextmanager
    def enforcement(self) -> Iterator[None]:
        """IAM lets callers do only what their policies allow."""
        self.cloud.gate.enforcing = True
        try:
            yield
        finally:
            self.cloud.gate.enforcing = False

    def launch(self, application: str, name: str) -> str:
        """An instance that is a record alone; its id."""
        tags = {"ManagedBy": "aws-codedeploy-pipeline", "Application": application, "Name": name}
        listed = [{"Key": key, "Value": value} for key, value in tags.items()]
        started = self.client("ec2").run_instances(
            ImageId="ami-12c6146b",
            MinCount=1,
            MaxCount=1,
            TagSpecifications=[{"ResourceType": "instance", "Tags": listed}],
        )
        instance: str = started["Instances"][0]["InstanceId"]
        return instance

    def agent(
        self,
        work: Callable[[Answer], Result | None],
        *,
        instance: str = "",
        role: str = INSTANCE_ROLE,
    ) -> Agent:
        """An agent with the session that its instance would have."""
        instance = instance or self.instance
        arn = f"arn:aws:ec2:us-east-1:123456789012:instance/{instance}"
        client = CommandClient(self.cloud.endpoint_url, arn)
        role_arn = f"arn:aws:iam::123456789012:role/{role}"
        keys = self.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=instance)
        signed = client._headers["Authorization"]
        client._headers["Authorization"] = signed.replace(
            "AKIASIMULATEDAGENT00", keys["Credentials"]["AccessKeyId"]
        )
        client._headers["X-Amz-Security-Token"] = keys["Credentials"]["SessionToken"]
        return Agent(client, work)

    def job(self, repository: str = REPOSITORY, **body: str) -> dict[str, Any]:
        answer = requests.post(
            f"{self.cloud.github_url}/_local_cloud/jobs",
            json={"repository": repository, **body},
            headers={"Authorization": f"Bearer {self.token}"},
            timeout=30,
        )
        answer.raise_for_status()
        granted: dict[str, Any] = answer.json()
        return granted
