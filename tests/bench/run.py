"""How long things take, as a table: `make bench`, with the local cloud as `make demo` leaves it.

Each figure is the median of several runs. Nothing is asserted: a figure is
compared with the goal beside it by whoever reads it.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import boto3

CHECKOUT = Path(__file__).resolve().parents[2]
RUNS = 3

# What a careful shell script would ask before it changes anything: the reads behind a run of site.yml.
ROLES = (
    "AWSCodeDeployService-EC2AccessCodeDeployRole-20241024T000000",
    "AWSCodeDeployService-DepolyEC2Role-20241024T000000",
    "AWSCodeDeployService-GitAssumeRoleWithAction-20241024T000000",
)
APPLICATION, GROUP = "test.codeDeploy.001", "test.deploymentGroup.001"
READS = (
    "sts get-caller-identity",
    "iam list-open-id-connect-providers",
    *(f"iam get-role --role-name {role}" for role in ROLES),
    *(f"iam list-role-policies --role-name {role}" for role in ROLES),
    f"iam get-instance-profile --instance-profile-name {ROLES[0]}",
    "ec2 describe-key-pairs",
    "ec2 describe-security-groups",
    "ec2 describe-instances",
    "ec2 describe-addresses",
    "route53 list-hosted-zones",
    f"deploy get-application --application-name {APPLICATION}",
    f"deploy get-deployment-group --application-name {APPLICATION} --deployment-group-name {GROUP}",
    "deploy list-deployments",
)


def main() -> int:
    """Print the table; 1 where no demo is running."""
    try:
        status = json.loads((CHECKOUT / ".local_cloud/status.json").read_text())
    except FileNotFoundError:
        print("bench: no local cloud is running: run make demo first", file=sys.stderr)
        return 1
    environment = os.environ | {
        "AWS_ENDPOINT_URL": status["endpoint"],
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "AKIALOCALCLOUDEXAMPL",
        "AWS_SECRET_ACCESS_KEY": "local-cloud-accepts-any-secret-access-key",
    }
    rows: list[tuple[str, Callable[[], None], str]] = [
        ("no-change site.yml", lambda: playbook("site.yml", environment), "below the AWS CLI script"),
        (f"AWS CLI script, {len(READS)} reads", lambda: cli_script(environment), "-"),
        (f"boto3 in one process, {len(READS)} reads", lambda: boto3_reads(status["endpoint"]), "-"),
        ("no-change codedeploy_application", lambda: module(OUR_TASK, environment), "as iam_role"),
        ("no-change amazon.aws.iam_role", lambda: module(IAM_ROLE_TASK, environment), "-"),
        ("ansible ping on localhost", lambda: module(("ansible.builtin.ping", ""), environment), "-"),
    ]
    print(f"{'figure':44} {'seconds':>8}  goal")
    for name, action, goal in rows:
        print(f"{name:44} {median_seconds(action):8.2f}  {goal}", flush=True)
    return 0


OUR_TASK = ("codedeploy_application", f"name={APPLICATION} compute_platform=Server")
IAM_ROLE_TASK = ("amazon.aws.iam_role", f"name={ROLES[0]} create_instance_profile=false")


def median_seconds(action: Callable[[], None]) -> float:
    """The median duration of RUNS runs."""
    durations = []
    for _ in range(RUNS):
        begun = time.perf_counter()
        action()
        durations.append(time.perf_counter() - begun)
    return statistics.median(durations)


def run(command: list[str], environment: dict[str, str]) -> None:
    subprocess.run(command, check=True, cwd=CHECKOUT, env=environment, stdout=subprocess.DEVNULL)


def playbook(name: str, environment: dict[str, str]) -> None:
    run(["ansible-playbook", f"playbooks/{name}"], environment)


def module(task: tuple[str, str], environment: dict[str, str]) -> None:
    name, arguments = task
    run(["ansible", "localhost", "-i", "localhost,", "-c", "local", "-m", name, "-a", arguments], environment)


def cli_script(environment: dict[str, str]) -> None:
    for read in READS:
        run(["aws", *read.split()], environment)


def boto3_reads(endpoint: str) -> None:
    """The same reads through one session: what the API itself costs."""
    session = boto3.Session(
        aws_access_key_id="AKIALOCALCLOUDEXAMPL",
        aws_secret_access_key="local-cloud-accepts-any-secret-access-key",
        region_name="us-east-1",
    )
    clients: dict[str, object] = {}
    for read in READS:
        service, operation, *options = read.split()
        service = {"deploy": "codedeploy"}.get(service, service)
        if service not in clients:
            clients[service] = session.client(service, endpoint_url=endpoint)  # type: ignore[call-overload]
        names = options[::2]
        keywords = {camel(name, service): value for name, value in zip(names, options[1::2], strict=True)}
        getattr(clients[service], operation.replace("-", "_"))(**keywords)


def camel(option: str, service: str) -> str:
    """`--role-name` as boto3 spells it: IAM begins with a capital letter, CodeDeploy does not."""
    words = option.removeprefix("--").split("-")
    first = words[0] if service == "codedeploy" else words[0].title()
    return first + "".join(word.title() for word in words[1:])


if __name__ == "__main__":
    sys.exit(main())
