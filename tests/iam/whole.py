"""Everything the pipeline is for, each step by who is meant to take it, and which grants that used.

The result is kept in usage.json: policy -> statement -> action -> the steps that used it.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from local_cloud.testing.policies import arn_like
from tests.iam.pipeline import NAMES, STAGING, Keys, Pipeline, agent_at_work
from tests.playbooks.said import MOST_BANNERS, MOST_LINES, banners

USAGE = Path(__file__).parent / "usage.json"
OPERATOR = ("operator_iam", "operator", "operator_deploy")
NOTIFIED: dict[str, Any] = {
    "pipeline_alarms": ["errors"],
    "pipeline_notifications": ["operations@example.com"],
}

Usage = dict[str, dict[str, dict[str, list[str]]]]
Written = dict[str, dict[str, Any]]


def run(pipeline: Pipeline, written: Written, through_s3: Written, notified: Written) -> Usage:
    """Provision, deploy, look and remove. Raises where somebody lacks a right, or something is left."""
    operator = pipeline.user("operator", *(written[name] for name in OPERATOR))
    destroyer = pipeline.user("destroyer", written["destroy"])
    before = held(pipeline)
    used: Usage = {}

    def step(name: str, policies: Written, action: Callable[[], Any]) -> None:
        pipeline.cloud.log.clear()
        action()
        note(used, name, policies, pipeline.used())

    def play(playbook: str, *options: str, keys: Keys = operator, **settings: Any) -> Callable[[], Any]:
        # There is no web server whose page could be looked at.
        return lambda: pipeline.play(playbook, *options, keys=keys, **settings)

    def again() -> None:
        said = play("site.yml", "--skip-tags=prerequisites,hosts,deploy", **protected)()
        # Hosts and the deployment have the rest of the lines.
        assert len(said.splitlines()) <= MOST_LINES * 2 // 3, said
        assert len(banners(said)) <= MOST_BANNERS * 2 // 3, said
        assert "skipping:" not in said, said

    protected: dict[str, Any] = {"pipeline_termination_protection": True}
    step("site.yml", written, play("site.yml", "--skip-tags=hosts,deploy", **protected))
    step("site.yml again", written, again)
    with agent_at_work(pipeline):
        step("deploy-site.yml", written, play("deploy-site.yml", pipeline_addresses=[]))
        step("the workflow", written, pipeline.job)
        pipeline.stage()
        promote = play("promote-site.yml", pipeline_addresses=[])
        step("promote-site.yml", written, promote)
    pipeline.client("codedeploy").delete_application(applicationName=STAGING)
    step("show-status.yml", written, play("show-status.yml", pipeline_hosts="nobody"))

    operator_s3 = pipeline.user("operator_s3", *(through_s3[name] for name in OPERATOR))
    other_way: dict[str, Any] = {"keys": operator_s3, "pipeline_revision_source": "s3"}
    step("site.yml through S3", through_s3, play("site.yml", "--tags=iam,codedeploy,github", **other_way))
    with agent_at_work(pipeline):
        deploy = play("deploy-site.yml", pipeline_addresses=[], **other_way)
        step("deploy-site.yml through S3", through_s3, deploy)
    step("the workflow through S3", through_s3, pipeline.bring)
    step("the agent through S3", through_s3, pipeline.fetch)

    operator_notified = pipeline.user("operator_notified", *(notified[name] for name in OPERATOR))
    told: dict[str, Any] = {"keys": operator_notified, **NOTIFIED}
    alarm(pipeline.client("cloudwatch"), NOTIFIED["pipeline_alarms"][0])
    topic = play("site.yml", "--tags=prerequisites,iam,codedeploy", **told)
    step("site.yml with notifications", notified, topic)
    with agent_at_work(pipeline):
        deploy = play("deploy-site.yml", pipeline_addresses=[], **told)
        step("deploy-site.yml with notifications", notified, deploy)

    # As if revisions had never gone another way: what S3 was used for goes all the same.
    step("destroy.yml", written, play("destroy.yml", keys=destroyer, confirm="test.codeDeploy.001"))
    left = held(pipeline)
    assert left == before, f"destroy.yml left {left}, and there was {before}"
    return used


def alarm(cloudwatch: Any, name: str) -> None:
    """One that is quiet."""
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        Namespace="shop",
        MetricName="errors",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Period=60,
        Statistic="Sum",
        Threshold=1,
    )


def note(used: Usage, step: str, written: Written, accesses: dict[str, set[tuple[str, str]]]) -> None:
    """Write down which grants allowed a step's accesses."""
    for name, policy in written.items():
        done = {each for caller, made in accesses.items() if has(caller, name) for each in made}
        for statement in policy["Statement"]:
            for action in statement["Action"]:
                if any(action == did and covers_any(statement["Resource"], on) for did, on in done):
                    steps = used.setdefault(name, {}).setdefault(statement["Sid"], {})
                    steps.setdefault(action, []).append(step)


def has(caller: str, policy: str) -> bool:
    """Does this user or role have this policy?"""
    if policy in NAMES:
        return caller == NAMES[policy]
    return caller.startswith("user/destroyer" if policy.startswith("destroy") else "user/operator")


def covers_any(granted: list[str], resource: str) -> bool:
    """Does one of the granted resources hold this one?"""
    return any(each == "*" or arn_like(resource, each) for each in granted)


def held(pipeline: Pipeline) -> dict[str, list[str]]:
    """What of the pipeline's kinds the account holds, but for the users."""
    iam, ec2, elb = pipeline.client("iam"), pipeline.client("ec2"), pipeline.client("elbv2")
    running = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}]
    zones = pipeline.client("route53").list_hosted_zones()["HostedZones"]
    return {
        # A service's own stays, as on AWS.
        "roles": sorted(
            role["RoleName"]
            for role in iam.list_roles()["Roles"]
            if not role["Path"].startswith("/aws-service-role/")
        ),
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
        "balancers": [each["LoadBalancerArn"] for each in elb.describe_load_balancers()["LoadBalancers"]],
        "target groups": [each["TargetGroupArn"] for each in elb.describe_target_groups()["TargetGroups"]],
        "scaling groups": [
            each["AutoScalingGroupName"]
            for each in pipeline.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        ],
        "templates": [
            each["LaunchTemplateName"] for each in ec2.describe_launch_templates()["LaunchTemplates"]
        ],
        "alarms": [
            each["AlarmName"]
            for each in pipeline.client("cloudwatch").describe_alarms()["MetricAlarms"]
            if each["AlarmName"] not in NOTIFIED["pipeline_alarms"]
        ],
        "certificates": [
            each["CertificateArn"]
            for each in pipeline.client("acm").list_certificates()["CertificateSummaryList"]
        ],
        "topics": [each["TopicArn"] for each in pipeline.client("sns").list_topics()["Topics"]],
        "buckets": [bucket["Name"] for bucket in pipeline.client("s3").list_buckets()["Buckets"]],
        "applications": pipeline.client("codedeploy").list_applications()["applications"],
        "records": [
            record["Name"]
            for zone in zones
            for record in pipeline.client("route53").list_resource_record_sets(HostedZoneId=zone["Id"])[
                "ResourceRecordSets"
            ]
        ],
    }


def add(used: Usage, more: Usage) -> None:
    """What else was used, by another run."""
    for policy, statements in more.items():
        for sid, actions in statements.items():
            for action, steps in actions.items():
                used.setdefault(policy, {}).setdefault(sid, {}).setdefault(action, []).extend(steps)


def known() -> Usage:
    """What was used when it was last recorded."""
    usage: Usage = json.loads(USAGE.read_text())
    return usage
