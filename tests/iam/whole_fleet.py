"""All of it for a fleet, each step by who is meant to take it, and which grants that used; as in whole.py."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.iam import policies
from tests.iam.pipeline import Keys, Pipeline, agents_at_work
from tests.iam.whole import OPERATOR, Usage, Written, held, note
from tests.playbooks.test_changed_fleet import change_by_hand

AL2023 = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
FLEET: dict[str, Any] = {
    "pipeline_fleet": True,
    "pipeline_instance_name": "shop_web of the very long name @ Ltd",
    "pipeline_domain_ttl": 1,
}
OTHER: dict[str, Any] = {
    "pipeline_fleet_max_size": 5,
    "pipeline_fleet_requests_per_host": 100,
    "pipeline_fleet_deregistration_delay": 10,
    "pipeline_fleet_health_grace": 120,
    "pipeline_instance_type": "t3a.micro",
    "pipeline_tags": {"Team": "web"},
}
RENAMED: dict[str, Any] = {"pipeline_https": "acme", "pipeline_domain_record": "shop.local-cloud.example"}
UNSEEN: dict[str, Any] = {"pipeline_addresses": [], "balancer_addresses": []}
"""There is no web server whose page could be looked at."""
BLUE_GREEN: dict[str, Any] = {
    "pipeline_deployment_style": "blue_green",
    "pipeline_blue_green_termination_wait": 0,
    "pipeline_fleet_requests_per_host": 100,
}


def run(pipeline: Pipeline, folder: Path) -> Usage:
    """Provision, deploy, look and remove. Raises where somebody lacks a right, or something is left."""
    written = policies.write(**FLEET, policy_folder=str(folder / "fleet"))
    copied = policies.write(**FLEET, **BLUE_GREEN, policy_folder=str(folder / "blue_green"))
    of_operator = (*OPERATOR, "operator_fleet", "operator_balancer")
    operator = pipeline.user("operator", *(written[name] for name in of_operator))
    destroyer = pipeline.user("destroyer", written["destroy"], written["destroy_fleet"])
    image = pipeline.client("ssm").get_parameter(Name=AL2023)["Parameter"]["Value"]
    # Not every zone has the instance type.
    zones = [{"Name": "availability-zone", "Values": ["us-east-1a", "us-east-1b"]}]
    subnets = [each["SubnetId"] for each in pipeline.client("ec2").describe_subnets(Filters=zones)["Subnets"]]
    before = held(pipeline)
    used: Usage = {}

    def step(name: str, granted: Written, action: Callable[[], Any]) -> None:
        pipeline.cloud.log.clear()
        action()
        note(used, f"{name} of a fleet", granted, pipeline.used())

    def play(playbook: str, *options: str, keys: Keys = operator, **settings: Any) -> Callable[[], Any]:
        given = FLEET | {"pipeline_instance_image": image, "pipeline_fleet_subnets": subnets} | settings
        return lambda: pipeline.play(playbook, *options, keys=keys, **given)

    step("site.yml", written, play("site.yml", "--skip-tags=image,hosts,deploy"))
    step("site.yml again", written, play("site.yml", "--skip-tags=image,hosts,deploy"))
    for name, settings in (("other", OTHER), ("former", {}), ("other", OTHER)):
        step(f"provision-fleet.yml with {name} settings", written, play("provision-fleet.yml", **settings))
    [group] = pipeline.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
    change_by_hand(pipeline.client, group["AutoScalingGroupName"])
    step("provision-fleet.yml after drift", written, play("provision-fleet.yml", **OTHER))
    serve_nobody(pipeline)
    with agents_at_work(pipeline):
        step("deploy-site.yml", written, play("deploy-site.yml", **UNSEEN))
    step("site.yml blue/green", copied, play("site.yml", "--tags=iam,fleet,codedeploy", **BLUE_GREEN))
    with agents_at_work(pipeline):
        deploy = play("deploy-site.yml", **UNSEEN, pipeline_deployment_force=True, **BLUE_GREEN)
        step("deploy-site.yml blue/green", copied, deploy)
    step("provision-fleet.yml", copied, play("provision-fleet.yml", pipeline_fleet_alarm_seconds=0))
    step("provision-fleet.yml with HTTPS", copied, play("provision-fleet.yml", pipeline_https="acme"))
    renamed = policies.write(**FLEET, **RENAMED, policy_folder=str(folder / "renamed"))
    renamer = pipeline.user("renamer", *(renamed[name] for name in of_operator))
    for playbook in ("provision-fleet.yml", "provision-dns.yml", "remove-unused.yml"):
        step(f"{playbook} with another name", renamed, play(playbook, keys=renamer, **RENAMED))
    step("destroy.yml", written, play("destroy.yml", keys=destroyer, confirm="test.codeDeploy.001"))
    left = held(pipeline)
    assert left == before, f"destroy.yml left {left}, and there was {before}"
    return used


def serve_nobody(pipeline: Pipeline) -> None:
    """As hosts do that have no revision yet: without a web server all of them are healthy here."""
    elb = pipeline.client("elbv2")
    [group] = elb.describe_target_groups()["TargetGroups"]
    arn = group["TargetGroupArn"]
    found = elb.describe_target_health(TargetGroupArn=arn)["TargetHealthDescriptions"]
    elb.deregister_targets(TargetGroupArn=arn, Targets=[{"Id": each["Target"]["Id"]} for each in found])
