"""Everything the pipeline is for, each step by who is meant to take it, and which grants that used.

The result is kept in usage.json: policy -> statement -> action -> the steps that used it.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local_cloud.aws.authorization.conditions import arn_like
from tests.iam.pipeline import NAMES, Keys, Pipeline, agent_at_work

USAGE = Path(__file__).parent / "usage.json"
OPERATOR = ("operator_iam", "operator", "operator_deploy")

Usage = dict[str, dict[str, dict[str, list[str]]]]
Written = dict[str, dict[str, Any]]


def run(pipeline: Pipeline, written: Written) -> Usage:
    """Provision, deploy, look and remove. Raises where somebody lacks a right, or something is left."""
    operator = pipeline.user("operator", *(written[name] for name in OPERATOR))
    destroyer = pipeline.user("destroyer", written["destroy"])
    before = held(pipeline)
    used: Usage = {}

    def step(name: str, action: Callable[[], Any]) -> None:
        pipeline.cloud.log.clear()
        action()
        note(used, name, written, pipeline.used())

    def play(playbook: str, *options: str, keys: Keys = operator, **settings: Any) -> Callable[[], Any]:
        # There is no web server whose page could be looked at.
        return lambda: pipeline.play(playbook, *options, keys=keys, **settings)

    step("site.yml", play("site.yml", "--skip-tags=hosts,deploy"))
    step("provision-iam.yml again", play("provision-iam.yml"))
    with agent_at_work(pipeline):
        step("deploy-site.yml", play("deploy-site.yml", pipeline_hosts="nobody"))
        step("the workflow", pipeline.job)
    step("show-status.yml", play("show-status.yml", pipeline_hosts="nobody"))
    step("destroy.yml", play("destroy.yml", keys=destroyer, confirm="test.codeDeploy.001"))
    left = held(pipeline)
    assert left == before, f"destroy.yml left {left}, and there was {before}"
    return used


def note(used: Usage, step: str, written: Written, accesses: dict[str, set[tuple[str, str]]]) -> None:
    """Write down which grants allowed a step's accesses."""
    callers = {name: NAMES.get(name) for name in written} | dict.fromkeys(OPERATOR, "user/operator")
    for name, caller in (callers | {"destroy": "user/destroyer"}).items():
        for statement in written[name]["Statement"]:
            for action in statement["Action"]:
                if any(
                    action == done and any(covers(resource, on) for resource in statement["Resource"])
                    for done, on in accesses.get(str(caller), ())
                ):
                    steps = used.setdefault(name, {}).setdefault(statement["Sid"], {})
                    steps.setdefault(action, []).append(step)


def covers(granted: str, resource: str) -> bool:
    """Does a granted resource hold this one?"""
    return granted == "*" or arn_like(resource, granted)


def held(pipeline: Pipeline) -> dict[str, list[str]]:
    """What of the pipeline's kinds the account holds, but for the users."""
    iam, ec2 = pipeline.client("iam"), pipeline.client("ec2")
    running = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}]
    zones = pipeline.client("route53").list_hosted_zones()["HostedZones"]
    return {
        "roles": sorted(role["RoleName"] for role in iam.list_roles()["Roles"]),
        "profiles": [each["Arn"] for each in iam.list_instance_profiles()["InstanceProfiles"]],
        "providers": [
            each["Arn"] for each in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
        ],
        "instances": [
            each["ReservationId"] for each in ec2.describe_instances(Filters=running)["Reservations"]
        ],
        "addresses": [each["AllocationId"] for each in ec2.describe_addresses()["Addresses"]],
        "keys": [each["KeyName"] for each in ec2.describe_key_pairs()["KeyPairs"]],
        "security groups": sorted(
            each["GroupName"] for each in ec2.describe_security_groups()["SecurityGroups"]
        ),
        "applications": pipeline.client("codedeploy").list_applications()["applications"],
        "records": [
            record["Name"]
            for zone in zones
            for record in pipeline.client("route53").list_resource_record_sets(HostedZoneId=zone["Id"])[
                "ResourceRecordSets"
            ]
        ],
    }


def known() -> Usage:
    """What was used when it was last recorded."""
    usage: Usage = json.loads(USAGE.read_text())
    return usage
