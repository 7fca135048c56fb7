"""docs/iam.md: every policy of playbooks/policies, statement by statement, with its reason and what used it.

Usage: python -m tests.iam.page [--record]. What used a grant is kept in usage.json; --record runs the whole
pipeline on a local cloud of its own with policies enforced (a minute or two) and writes it anew.
"""

from __future__ import annotations

import json
import re
import sys
import tempfile
from pathlib import Path

from tests.iam import policies, whole, whole_fleet

PAGE = policies.CHECKOUT / "docs" / "iam.md"

INTRODUCTION = """# Who may do what

Generated from `playbooks/policies` by `make docs`; do not edit.

The three roles have these policies where `pipeline_iam_policy_profile` is `least_privilege`, the
default; with `article` they have the article's managed policies instead, and no others. Either can
follow the other: what the one attached goes, what others attached stays.
`pipeline_iam_permissions_boundary` names a policy that bounds all three.

    ansible-playbook -i inventory/aws playbooks/write-policies.yml

writes all of them to `build/iam/*.json` for your account, region and names, without changing anything
(`-e aws_account=ID` asks no cloud at all). Each is small enough for a managed policy. Whoever runs
`site.yml` needs `operator_iam`, `operator` and `operator_deploy`, for a fleet `operator_fleet`,
`operator_balancer` and `operator_image` too; who moves back to single hosts, and with that deletes a fleet,
needs `destroy_fleet` besides. Whoever only deploys, rolls back or looks needs `operator_deploy` and the
reading statements of the others; `destroy`, and where there is a fleet `destroy_fleet`, are for
`destroy.yml` alone.

**Proof.** With the local cloud's policies enforced (`--enforce-iam`), `tests/iam/test_role_grants.py` takes
every single grant of the three roles away, one at a time, and sees a deployment, or what leads to it, fail.
The instances' role has no grant where revisions come from GitHub and no challenge is answered in Route 53:
agents are let in by their instance's identity alone.
`tests/iam/test_whole_pipeline.py` (in `make test-all`) provisions as a user with exactly the operator's
policies, deploys as GitHub's role, from GitHub and through S3, and removes everything as a user with exactly
`destroy`. `tests/iam/test_fleet_grants.py` and `tests/iam/test_whole_fleet.py` do the same for a fleet,
which is deployed to in place and by blue/green. "Used by" is from the request log of such a run; "not
recorded yet" is what no recorded run used.
No real account has confirmed it yet: which calls CodeDeploy makes with the service role, and what
CreateDeployment needs besides its own action, is known from documentation and from others' error messages.
What sessions of AWS Systems Manager need is from their documentation alone: the local cloud has no Session
Manager.
"""
TITLES = {
    "github": "GitHub Actions (`pipeline_iam_github_role`)",
    "codedeploy": "CodeDeploy (`pipeline_iam_codedeploy_role`)",
    "ec2": "The instances (`pipeline_iam_ec2_role`)",
    "operator_iam": "Operator: the roles",
    "operator": "Operator: instances, addresses and the record",
    "operator_deploy": "Operator: CodeDeploy",
    "destroy": "Whoever removes the pipeline",
}
WAYS = {
    "alarms": "Where `pipeline_alarms` names alarms, beside that:",
    "notifications": "Where `pipeline_notifications` or `pipeline_notification_topic` is set, beside that:",
    "topic": "Where the topic is the pipeline's own (`pipeline_notifications` has addresses), beside that:",
    "promote": "Where `pipeline_promote_from` names an application, beside that:",
    "dns": "Where `pipeline_https` is `acme` and its challenge `dns-01`, beside that:",
    "s3": "Where `pipeline_revision_source` is `s3`, beside that:",
    "bucket": "Where the bucket is the pipeline's own (`pipeline_revision_bucket` is empty), beside that:",
    "ssm": "Where `pipeline_connection` is `ssm`, beside that:",
    "fleet": "Where `pipeline_fleet` is set, beside that (of the operator and of `destroy` in policies of "
    "their own, `operator_fleet` and `destroy_fleet`):",
    "balancer": "For the fleet's load balancer, alarms and certificate, a policy of its own "
    "(`operator_balancer`), beside that:",
    "blue_green": "Where `pipeline_deployment_style` is `blue_green`, beside that:",
    "image": "For `bake-image.yml`, a policy of its own (`operator_image`), beside that:",
}
TESTS = {
    ("github", ""): "test_a_job_is_refused_without[{sid}-{action}]",
    ("github", "s3"): "test_a_job_brings_nothing_without[{sid}-{action}]",
    ("codedeploy", ""): "test_a_deployment_fails_without[{sid}-{action}]",
    ("codedeploy", "alarms"): "test_a_deployment_with_alarms_fails_without[{sid}-{action}]",
    ("codedeploy", "notifications"): "test_nobody_is_told_without[{sid}-{action}]",
    ("codedeploy", "fleet"): "test_a_deployment_of_a_fleet_fails_without[{sid}-{action}]",
    ("codedeploy", "fleet", "CatchNewHosts"): "test_new_hosts_are_not_caught_without[{sid}-{action}]",
    ("codedeploy", "blue_green"): "test_a_fleet_is_not_replaced_without[{sid}-{action}]",
    ("ec2", "dns"): "test_a_challenge_is_not_answered_without[{sid}-{action}]",
    ("ec2", "s3"): "test_an_instance_fetches_nothing_without[{sid}-{action}]",
}
"""Policy and way, or a statement of these -> the test case that fails without a grant: in
tests/iam/test_role_grants.py, a fleet's in test_fleet_grants.py."""
TAKERS = (
    (
        "GitHub Actions",
        "tokens of GitHub for the audience `sts.amazonaws.com`",
        "a token for another audience of the same provider gets in",
        "test_each_condition_of_githubs_trust_keeps_somebody_out[aud]",
    ),
    (
        "GitHub Actions",
        "whose subject is exactly this repository and environment",
        "every repository on GitHub gets in",
        "test_each_condition_of_githubs_trust_keeps_somebody_out[sub]",
    ),
    (
        "CodeDeploy",
        "the service `codedeploy.amazonaws.com`, in China the region's",
        "CodeDeploy does not get in",
        "test_a_service_takes_only_a_role_that_names_it[codedeploy]",
    ),
    (
        "The instances",
        "the service `ec2.amazonaws.com`",
        "EC2 does not get in",
        "test_a_service_takes_only_a_role_that_names_it[ec2]",
    ),
)
"""Role, who takes it, what happens without that, and the test case of tests/iam/test_role_grants.py."""


def page(usage: whole.Usage) -> str:
    """The whole page."""
    sections = [_section(name, usage) for name in TITLES]
    takers = [f"| {role} | {who} | {without} | `{test}` |" for role, who, without, test in TAKERS]
    trust = [
        "## Who may take the roles",
        "",
        "| role | taken by | without that | test case |",
        "|---|---|---|---|",
    ]
    return "\n".join([INTRODUCTION, *trust, *takers, "", *sections])


def _section(name: str, usage: whole.Usage) -> str:
    lines = [f"## {TITLES[name]}", "", f"`playbooks/policies/{name}.yml`", ""]
    if not policies.statements(name):
        lines += ["Nothing: a revision from GitHub, the agent's package and its calls need no grant.", ""]
    for way in ("", *policies.WAYS):
        statements = policies.beside(name, way) if way else policies.statements(name)
        if statements:
            lines += [WAYS[way], ""] if way else []
            # Some ways are policies of their own.
            used = usage.get(f"{name}_{way}", usage.get(name, {}))
            tests = {
                each["sid"]: TESTS.get((name, way, each["sid"]), TESTS.get((name, way)))
                for each in statements
            }
            lines += _table(statements, used, tests)
    return "\n".join(lines)


def _table(
    statements: list[policies.Statement],
    usage: dict[str, dict[str, list[str]]],
    tests: dict[str, str | None],
) -> list[str]:
    is_tested = any(tests.values())
    rows = [
        "| statement | grant | on | used by |" + (" fails without it |" if is_tested else ""),
        "|---|---|---|---|" + ("---|" if is_tested else ""),
    ]
    for statement in statements:
        test = tests[statement["sid"]]
        rows += [_row(statement, action, usage, test) for action in statement["actions"]]
    return [*rows, "", *(f"- **{each['sid']}**: {each['reason']}" for each in statements), ""]


def _row(
    statement: policies.Statement, action: str, usage: dict[str, dict[str, list[str]]], test: str | None
) -> str:
    sid = statement["sid"]
    steps = usage.get(sid, {}).get(action, [])
    otherwise = f"not in a first run: {statement['rarely']}" if "rarely" in statement else "not recorded yet"
    used = ", ".join(steps) or otherwise
    limit = ", by condition" if "condition" in statement else ""
    cells = [sid, f"`{action}`", f"{_resources(statement)}{limit}", used]
    if test:
        named = f"`{test.format(sid=sid, action=action)}`"
        cells.append("none" if policies.is_documented_only(statement) else named)
    return f"| {' | '.join(cells)} |"


def _resources(statement: policies.Statement) -> str:
    """What a person needs to know of the ARNs: the last part, without Jinja's braces."""
    given = statement["resources"]
    if isinstance(given, str):
        return "the three roles"
    names = policies.fleet_names()
    whole_arns = [
        re.sub(r"\{\{ policy_fleet_names\.(\w+) \}\}", lambda found: names[found[1]], each) for each in given
    ]
    short = [re.sub(r"\{\{\s*(\w+)[^}]*\}\}", r"<\1>", each).split(":", 5)[-1] for each in whole_arns]
    service = "^<policy_(autoscaling|cloudwatch|codedeploy|ec2|elb|iam|ssm)_arn>:"
    bare = [re.sub(service, "", each) for each in short]
    return ", ".join(f"`{re.sub('^<policy_(own_)?bucket_arn>', '<bucket>', each)}`" for each in bare)


def record() -> whole.Usage:
    """Run the whole pipeline, and write down what it used."""
    # It takes seconds that rendering has no use for.
    from local_cloud.testing.clouds import running
    from tests.iam.pipeline import Pipeline

    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as cloud:
        pipeline = Pipeline(cloud, Path(folder))
        pipeline.publish()
        cloud.gate.enforcing = True
        through_s3 = policies.write(
            pipeline_revision_source="s3", policy_folder=str(Path(folder) / "through_s3")
        )
        notified = policies.write(**whole.NOTIFIED, policy_folder=str(Path(folder) / "notified"))
        usage = whole.run(pipeline, policies.write(), through_s3, notified)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as cloud:
        pipeline = Pipeline(cloud, Path(folder))
        pipeline.publish()
        cloud.gate.enforcing = True
        whole.add(usage, whole_fleet.run(pipeline, Path(folder)))
    whole.USAGE.write_text(json.dumps(usage, indent=1, sort_keys=True) + "\n")
    return usage


if __name__ == "__main__":
    PAGE.write_text(page(record() if "--record" in sys.argv[1:] else whole.known()))
