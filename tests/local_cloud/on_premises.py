"""The agent's program on a host that is a folder, and an application that is deployed to it."""

import io
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import yaml

PACKAGE = Path("local_cloud/agent").resolve()
FINAL = {"Succeeded", "Failed", "Stopped"}


class Agent:
    """The program on a host whose root is a folder."""

    def __init__(self, folder: Path, endpoint: str, user: dict[str, str]) -> None:
        self.root = folder / "deployment-root"
        self.log = folder / "log/codedeploy-agent.log"
        self._file = folder / "agent.yml"
        on_premises = folder / "onpremises.yml"
        on_premises.write_text(yaml.safe_dump({"region": "us-east-1", **user}))
        settings = {
            "root_dir": self.root,
            "log_dir": folder / "log",
            "pid_dir": folder / "pid",
            "on_premises_config_file": on_premises,
            "wait_between_runs": 0.1,
            "deploy_control_endpoint": endpoint,
            "s3_endpoint_override": endpoint,
        }
        self._file.write_text("".join(f":{name}: {value}\n" for name, value in settings.items()))
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        self.process = self.run("start")
        return self.process

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def run(self, command: str) -> subprocess.Popen[bytes]:
        program = [sys.executable, "-m", "codedeploy_agent", "--config-file", str(self._file), command]
        return subprocess.Popen(
            program, env={**os.environ, "PYTHONPATH": str(PACKAGE)}, stdout=subprocess.PIPE
        )

    def status(self) -> str:
        return self.run("status").communicate()[0].decode()


class OnPremises:
    """An application whose deployment group is the on-premises host."""

    def __init__(self, client: Callable[..., Any]) -> None:
        self.codedeploy = client("codedeploy")
        self.s3 = client("s3")
        iam = client("iam")
        trust = (
            '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",'
            ' "Principal": {"Service": "codedeploy.amazonaws.com"}}]}'
        )
        role = iam.create_role(RoleName="service", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
        user = iam.create_user(UserName="host")["User"]["Arn"]
        key = iam.create_access_key(UserName="host")["AccessKey"]
        self.user = {
            "iam_user_arn": user,
            "aws_access_key_id": key["AccessKeyId"],
            "aws_secret_access_key": key["SecretAccessKey"],
        }
        self.s3.create_bucket(Bucket="bundles")
        self.codedeploy.register_on_premises_instance(instanceName="host", iamUserArn=user)
        self.codedeploy.add_tags_to_on_premises_instances(
            tags=[{"Key": "Name", "Value": "host"}], instanceNames=["host"]
        )
        self.codedeploy.create_application(applicationName="app", computePlatform="Server")
        self.codedeploy.create_deployment_group(
            applicationName="app",
            deploymentGroupName="group",
            serviceRoleArn=role,
            onPremisesInstanceTagFilters=[{"Key": "Name", "Value": "host", "Type": "KEY_AND_VALUE"}],
        )

    def deploy(self, files: Mapping[str, str | bytes]) -> str:
        """A deployment of these files; its id."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in files.items():
                archive.writestr(name, text)
        self.s3.put_object(Bucket="bundles", Key="site.zip", Body=buffer.getvalue())
        location = {"bucket": "bundles", "key": "site.zip", "bundleType": "zip"}
        identifier: str = self.codedeploy.create_deployment(
            applicationName="app",
            deploymentGroupName="group",
            revision={"revisionType": "S3", "s3Location": location},
        )["deploymentId"]
        return identifier

    def finished(self, deployment: str, *, seconds: int = 30) -> str:
        """The deployment's final status; fails after so many seconds."""
        for _ in range(seconds * 10):
            status: str = self.codedeploy.get_deployment(deploymentId=deployment)["deploymentInfo"]["status"]
            if status in FINAL:
                return status
            time.sleep(0.1)
        return f"still {status}"

    def events(self, deployment: str) -> dict[str, dict[str, Any]]:
        targets = self.codedeploy.list_deployment_targets(deploymentId=deployment)["targetIds"]
        answer = self.codedeploy.get_deployment_target(deploymentId=deployment, targetId=targets[0])
        events = answer["deploymentTarget"]["instanceTarget"]["lifecycleEvents"]
        return {event["lifecycleEventName"]: event for event in events}
