# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Ends a dry run with what a run would do: one line a resource, and apart from it which grants widen."""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: plan
type: aggregate
short_description: Show at the end of a dry run what a run would do
description:
  - After C(--check) of C(site.yml) or C(destroy.yml) it shows how many resources would be created, changed
    and deleted, each in one line, and which grants would widen; and what is no change but a decision
    to take, which the run gives as C(newer_image) to M(ansible.builtin.set_stats). The same is written as
    C(plan.md) and C(plan.json).
options:
  folder:
    description: Where the files are written; by default in C(build) beside the playbooks.
    type: path
    env:
      - name: PIPELINE_PLAN_FOLDER
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
"""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ansible.context
from ansible.plugins.callback import CallbackBase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Record = Mapping[str, Any]

BUILD = Path(__file__).resolve().parent.parent / "build"
PLANNED = {"site.yml", "destroy.yml", "roll-image.yml"}
CREATE, CHANGE, DELETE = "create", "change", "delete"
SIGNS = {CREATE: "+", CHANGE: "~", DELETE: "-"}
LONGEST = 80
KINDS = {
    "acm_public_certificate": ("certificate of", ("domain_name",)),
    "autoscaling_group": ("Auto Scaling group", ("name",)),
    "autoscaling_group_refresh": ("hosts of Auto Scaling group", ("name",)),
    "autoscaling_tracking_policy": ("scaling policy", ("name",)),
    "cloudwatch_metric_alarm": ("alarm", ("name",)),
    "codedeploy_application": ("CodeDeploy application", ("name",)),
    "codedeploy_deployment": ("deployment to", ("deployment_group_name",)),
    "codedeploy_deployment_config": ("deployment configuration", ("name",)),
    "codedeploy_deployment_group": ("deployment group", ("name",)),
    "ec2_eip": ("Elastic IP", ("public_ip", "device_id")),
    "ec2_instance": ("EC2 instance", ("instance_ids", "name")),
    "ec2_key": ("key pair", ("name",)),
    "ec2_launch_template": ("launch template", ("name", "template_name", "template_id")),
    "ec2_security_group": ("security group", ("name", "group_id")),
    "ec2_tag": ("tags of", ("resource",)),
    "elb_application_lb": ("load balancer", ("name",)),
    "elb_target_group": ("target group", ("name",)),
    "github_actions_settings": ("GitHub environment", ("environment",)),
    "github_repository": ("GitHub repository", ("repository",)),
    "iam_instance_profile": ("instance profile", ("name",)),
    "iam_oidc_provider": ("OIDC provider", ("url",)),
    "iam_role": ("IAM role", ("name",)),
    "route53": ("A record", ("record",)),
    "s3_bucket": ("S3 bucket", ("name",)),
    "sns_notification_topic": ("SNS topic", ("arn",)),
}
"""By the module's name: what AWS calls it, and the options that name it."""
SEVERAL = {"iam_role_policies": "IAM role", "ec2_instance_hardening": "EC2 instance"}
"""Modules whose diff holds several things, by their names."""
UNTIL_THEN = {"ec2_key": "key", "iam_role": "iam_role"}
"""Modules without a diff: what they return of a thing that is there."""


@dataclass
class Step:
    """What would happen to one resource, and why where there is a reason."""

    action: str
    kind: str
    name: str
    changes: list[str] = field(default_factory=list)
    replaces: list[str] = field(default_factory=list)
    count: int = 1

    @property
    def line(self) -> str:
        more = [*self.changes, *(f"replaces {each}" for each in self.replaces)]
        named = f"{self.kind} {self.name}".strip()
        return f"{SIGNS[self.action]} {named}" + (f": {', '.join(more)}" if more else "")


@dataclass
class Plan:
    """All steps, in the order of the run, and the environment that they are about."""

    environment: str = ""
    steps: list[Step] = field(default_factory=list)
    widening: list[str] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    """What is no change: somebody has to decide on it."""

    def add(self, step: Step) -> None:
        """Once a resource: what is new or ends is not said to change too."""
        same = next((each for each in self.steps if (each.kind, each.name) == (step.kind, step.name)), None)
        if same is None:
            self.steps.append(step)
        elif step.action == DELETE != same.action:
            same.action, same.changes = DELETE, step.changes
        elif same.action == CHANGE:
            same.changes += [each for each in step.changes if each not in same.changes]

    def counts(self) -> dict[str, int]:
        return {action: sum(each.count for each in self.steps if each.action == action) for action in SIGNS}

    def summary(self) -> str:
        return f"{', '.join(f'{count} to {action}' for action, count in self.counts().items())}"

    def title(self) -> str:
        return (
            f"Plan for {self.environment}: {self.summary()}"
            if self.environment
            else f"Plan: {self.summary()}"
        )

    def text(self) -> str:
        lines = [self.title(), *(f"  {each.line}" for each in self.steps)]
        if self.widening:
            lines += ["Grants that widen:", *(f"  {each}" for each in self.widening)]
        if self.notices:
            lines += ["To decide:", *(f"  {each}" for each in self.notices)]
        return "\n".join(lines)

    def markdown(self) -> str:
        lines = [f"**{self.title()}**"]
        if self.steps:
            lines += ["", "```diff", *(each.line.replace("~", "!", 1) for each in self.steps), "```"]
        if self.widening:
            lines += ["", "**Grants that widen**", "", *(f"- {each}" for each in self.widening)]
        if self.notices:
            lines += ["", "**To decide**", "", *(f"- {each}" for each in self.notices)]
        return "\n".join(lines) + "\n"

    def document(self) -> dict[str, Any]:
        return {
            **self.counts(),
            "environment": self.environment,
            "resources": [asdict(each) for each in self.steps],
            "widening": self.widening,
            "notices": self.notices,
        }


def steps(module: str, arguments: Record, result: Record) -> Iterator[Step]:
    """What one task on localhost would do. `result` is one of a loop's, `arguments` are those it had."""
    sides = list(_sides(result))
    if module in SEVERAL:
        for before, after in sides:
            for name in {**before, **after}:
                changes = list(_changes(_flat(before.get(name)), _flat(after.get(name))))
                if changes:
                    yield Step(CHANGE, SEVERAL[module], name, changes)
        return
    if module == "debug" and not str(result["msg"]).startswith("would launch"):
        said = str(result["msg"]).removeprefix("would ")
        created = said.removeprefix("create the ")
        yield Step(CREATE if created != said else CHANGE, "", created)
    # Launches are what the fleet lacks.
    if module not in KINDS or result.get("spec"):
        return
    kind, options = KINDS[module]
    named = next((arguments[each] for each in options if arguments.get(each)), "")
    for name in named if isinstance(named, list) else [named]:
        action = _action(module, arguments, result, sides)
        changes = [each for side in sides for each in _changes(*side)] if action == CHANGE else []
        yield Step(action, kind, str(name), changes)


def fleet_steps(fleet: Record) -> Iterator[Step]:
    """What find-fleet.yml found: instances that end, and those to launch in their place."""
    missing, retire = int(fleet["missing"]), fleet["retire"]
    if missing:
        name = f"{missing} x {fleet['instance_type']}"
        yield Step(CREATE, "EC2 instance", name, replaces=list(retire), count=missing)
        yield Step(CREATE, "Elastic IP", f"{missing} x", count=missing)
    for instance, why in retire.items():
        yield Step(DELETE, "EC2 instance", instance, [why])


def widening(module: str, arguments: Record, result: Record) -> Iterator[str]:
    """Who or what may do more than before."""
    for before, after in _sides(result):
        if module == "iam_role_policies":
            for role, policies in after.items():
                new = _granted(policies) - _granted(before.get(role) or {})
                if new:
                    yield f"IAM role {role}: {', '.join(sorted(new))}"
        elif module == "ec2_security_group":
            new = _reached(after) - _reached(before)
            if new:
                yield f"security group {arguments.get('name')}: {', '.join(sorted(new))}"
        elif module == "iam_oidc_provider" and not before:
            yield f"tokens of {arguments['url']} are trusted in this account"
    if module == "iam_role" and arguments.get("state") != "absent":
        trusted = _trusted(arguments.get("assume_role_policy_document"))
        held = _trusted((result.get("iam_role") or {}).get("assume_role_policy_document"))
        if trusted - held:
            yield f"IAM role {arguments['name']}: taken by {', '.join(sorted(trusted - held))}"


def _sides(result: Record) -> Iterator[tuple[Any, Any]]:
    """Both sides of a diff that says them as data."""
    told = result.get("diff") or []
    for each in told if isinstance(told, list) else [told]:
        if "before" in each and "after" in each:
            before, after = each["before"] or {}, each["after"] or {}
            if isinstance(before, dict) and isinstance(after, dict):
                yield before, after


def _action(module: str, arguments: Record, result: Record, sides: Iterable[tuple[Any, Any]]) -> str:
    if arguments.get("state") == "absent":
        return DELETE
    if module in UNTIL_THEN:
        return CHANGE if result.get(UNTIL_THEN[module]) else CREATE
    for before, _ in sides:
        return CHANGE if before else CREATE
    return CHANGE


def _changes(before: Any, after: Any) -> Iterator[str]:  # noqa: ANN401 - of any module
    before, after = before or {}, after or {}
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if old != new:
            yield f"{name}: {_short(old)} -> {_short(new)}"


def _flat(held: Record | None) -> dict[str, Any]:
    """A role's policies one by one: each is a change of its own."""
    flat = dict(held or {})
    for name, document in (flat.pop("inline", None) or {}).items():
        flat[f"policy {name}"] = document
    return flat


def _short(value: Any) -> str:  # noqa: ANN401 - of any module
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."


def _granted(policies: Record) -> set[str]:
    """The actions of a role's policies with what they are for, and the managed policies."""
    found = {f"all of {arn}" for arn in policies.get("attached") or ()}
    for document in (policies.get("inline") or {}).values():
        for statement in _list((document or {}).get("Statement")):
            if statement.get("Effect") == "Allow":
                found |= {
                    f"{action} on {resource}"
                    for action in _list(statement.get("Action"))
                    for resource in _list(statement.get("Resource"))
                }
    return found


def _reached(group: Record) -> set[str]:
    found = set()
    for rule in group.get("ip_permissions") or ():
        ports = "-".join(dict.fromkeys(str(rule[end]) for end in ("from_port", "to_port") if end in rule))
        for source in rule.get("ip_ranges") or ():
            found.add(f"{rule['ip_protocol']} {ports or 'all ports'} from {source['cidr_ip']}")
    return found


def _trusted(document: Any) -> set[str]:  # noqa: ANN401 - a policy, as text or not, or none
    """Whom a trust policy names, and on what condition."""
    policy = json.loads(document) if isinstance(document, str) and document else document or {}
    found = set()
    for statement in _list(policy.get("Statement")):
        principal = statement.get("Principal") or {}
        named = principal.values() if isinstance(principal, dict) else [principal]
        conditions = [
            f"{key} {operator} {' or '.join(map(str, _list(value)))}"
            for operator, pairs in (statement.get("Condition") or {}).items()
            for key, value in pairs.items()
        ]
        whom = ", ".join(str(each) for value in named for each in _list(value))
        found.add(f"{whom} where {' and '.join(conditions)}" if conditions else whom)
    return found


def _list(value: Any) -> list[Any]:  # noqa: ANN401 - policies have one thing or several
    return value if isinstance(value, list) else [] if value is None else [value]


class CallbackModule(CallbackBase):  # type: ignore[misc] # Ansible has no types
    """What Ansible loads."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "plan"

    def __init__(self) -> None:
        super().__init__()
        self._plan = Plan()
        self._planned = False

    def v2_playbook_on_start(self, playbook: Any) -> None:  # noqa: ANN401 - Ansible has no types
        """Whether this is a dry run that has a plan."""
        name = Path(playbook._file_name).name  # noqa: SLF001 - as Ansible's own callbacks ask it
        self._planned = bool(ansible.context.CLIARGS.get("check")) and name in PLANNED

    def v2_runner_on_ok(self, result: Any) -> None:  # noqa: ANN401 - Ansible has no types
        """Note what would be done."""
        if not self._planned:
            return
        module = result.task.action.rpartition(".")[2]
        for each in result.result.get("results") or [result.result]:
            if not isinstance(each, dict):
                continue
            fleet = (each.get("ansible_facts") or {}).get("fleet")
            if module == "set_fact" and fleet:
                for step in fleet_steps(fleet):
                    self._plan.add(step)
            elif each.get("changed") and result.host.name != "localhost":
                task = result.task.get_name().rpartition(" : ")[2]
                self._plan.add(Step(CHANGE, "host", result.host.name, [task]))
            elif each.get("changed"):
                self._note(module, each)

    def _note(self, module: str, result: Record) -> None:
        arguments = (result.get("invocation") or {}).get("module_args") or {}
        for step in steps(module, arguments, result):
            self._plan.add(step)
        self._plan.widening += [
            each for each in widening(module, arguments, result) if each not in self._plan.widening
        ]

    def v2_playbook_on_stats(self, stats: Any) -> None:  # noqa: ANN401 - as the base's
        """Show it and write it, where the dry run came to its end."""
        if not self._planned or stats.failures or stats.dark:
            return
        told = stats.custom.get("_run", {})
        self._plan.environment = told.get("environment", "")
        self._plan.notices = [told["newer_image"]] if "newer_image" in told else []
        folder = Path(self.get_option("folder") or BUILD)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "plan.md").write_text(self._plan.markdown())
        (folder / "plan.json").write_text(json.dumps(self._plan.document(), indent=2) + "\n")
        self._display.display(self._plan.text())
