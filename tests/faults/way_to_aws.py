"""Provision over a bad line to AWS and GitHub, again and again, and print what came of it as a table.

    python -m tests.faults.way_to_aws [--runs 14] [--seed 1] [--rates 5 20 40] [--lost each] [--jobs 2]

A run is `site.yml` without hosts and the deployment, from an empty account, through proxies that spoil a
share of the calls. What it made is compared with what a run over a good line makes. One that failed, or left
something else, is run again over a good line, which must come to the same. Every run has a seed of its own: a
failing one is had again with --runs 1 --seed SEED --rates RATE. What failing runs said is in build/faults/.

The status is 1 where a goal is missed.
"""

import argparse
import json
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from local_cloud.testing.clouds import LocalCloud, running
from tests.faults.proxy import Plan, Proxy, at_random, every_answer_lost_once, lost_answer
from tests.iam.pipeline import CHECKOUT, REPOSITORY, Pipeline, PlaybookError

GOALS = {5: 14 / 14, 20: 14 / 14, 40: 12 / 14}
"""At a percentage of spoilt calls, the share of runs that must succeed."""
FINGERPRINTS = "ANSIBLE_SECRET_FINGERPRINTS"
SAID = CHECKOUT / "build" / "faults"
KNOWN_IDS = re.compile(
    r"\b(i|sg|sgr|eipalloc|eipassoc|vol|eni|key|vpc|subnet|r)-[0-9a-f]{8,}\b|(?<![0-9A-Za-z-])(d)-[0-9A-Z]{9}\b"
)


@dataclass(frozen=True)
class Trial:
    """One run. `rate` is the percentage of spoilt calls, `lost` the one whose answer is lost."""

    seed: int = 0
    rate: int = 0
    lost: int | None = None
    """Counted from 1 among the mutating calls; 0 stands for the first answer of every one of them."""

    def __str__(self) -> str:
        if self.lost is None:
            return f"{self.rate:2d} % of calls, seed {self.seed}"
        return f"answer {self.lost} lost" if self.lost else "every answer lost once"

    def plans(self) -> tuple[Plan, Plan]:
        """For AWS and for GitHub."""
        if self.lost is None:
            return at_random(self.rate / 100, self.seed), at_random(self.rate / 100, -self.seed)
        if self.lost == 0:
            return every_answer_lost_once(), every_answer_lost_once()
        # Counted over both: the two plans are one.
        both = lost_answer(self.lost)
        return both, both


@dataclass(frozen=True)
class Outcome:
    """`left` is what there was too much (+) or too little (-) after the run, one line each."""

    trial: Trial
    succeeded: bool
    calls: int
    spoilt: tuple[str, ...]
    seconds: float
    said: str = ""
    left: tuple[str, ...] = ()
    left_by_clean_run: tuple[str, ...] = ()
    converged: bool = True

    @property
    def good(self) -> bool:
        return self.succeeded and self.converged and not self.left


class Behind(LocalCloud):
    """A local cloud as it is, but that calls go through proxies."""

    def __init__(self, cloud: LocalCloud, aws: str, github: str) -> None:
        vars(self).update(vars(cloud))
        self._aws_endpoint, self._github_endpoint = aws, github

    @property
    def endpoint_url(self) -> str:
        return self._aws_endpoint

    @property
    def github_url(self) -> str:
        return self._github_endpoint


class Line:
    """One account behind a line that can be spoilt. There is one a process."""

    def __init__(self, directory: Path) -> None:
        self._open = ExitStack()
        self.cloud = self._open.enter_context(running(directory))
        self.aws = self._open.enter_context(Proxy(self.cloud.endpoint_url).running())
        self.github = self._open.enter_context(Proxy(self.cloud.github_url, github=True).running())
        behind = Behind(self.cloud, self.aws.endpoint, self.github.endpoint)
        self.pipeline = Pipeline(behind, directory)

    def close(self) -> None:
        self._open.close()

    def spoil(self, aws: Plan, github: Plan) -> None:
        self.aws.begin(aws)
        self.github.begin(github)

    def heal(self) -> None:
        self.spoil(lambda _: None, lambda _: None)

    def empty(self) -> None:
        """An empty account, the site's repository, and the agent's installer."""
        self.heal()
        self.cloud.reset()
        self.pipeline.publish()

    def provision(self) -> str:
        """What the run said where it failed; nothing where it succeeded."""
        try:
            self.pipeline.play("site.yml", "--skip-tags=hosts,deploy")
        except PlaybookError as error:
            return str(error)
        return ""

    def attempt(self, trial: Trial, wanted: Sequence[str]) -> Outcome:
        self.empty()
        self.spoil(*trial.plans())
        started = time.monotonic()
        said = self.provision()
        outcome = Outcome(
            trial=trial,
            succeeded=not said,
            calls=self.aws.calls + self.github.calls,
            spoilt=tuple(f"{call.service}:{call.action} {fault.value}" for call, fault in self.struck()),
            seconds=time.monotonic() - started,
            said=said,
        )
        # What is looked at now goes over the same line.
        self.heal()
        if not said:
            outcome = replace(outcome, left=tuple(differences(wanted, self.holdings())))
        if outcome.good:
            return outcome
        said_then = self.provision()
        left = tuple(differences(wanted, self.holdings()))
        return replace(
            outcome,
            said=said + said_then,
            converged=not said_then and not left,
            left_by_clean_run=left,
        )

    def struck(self) -> list[Any]:
        return self.aws.struck + self.github.struck

    def mutating_calls(self) -> int:
        """How many there are in a run over a good line."""
        seen = 0

        def count(call: Any) -> None:
            nonlocal seen
            seen += call.mutating

        self.empty()
        self.spoil(count, count)
        said = self.provision()
        assert not said, said
        return seen

    def holdings(self) -> list[str]:
        """What the account and the repository hold, one line each, without ids and addresses. Sorted."""
        lines = [f"{kind} {_plain(thing)}" for kind, thing in self._things()]
        return sorted(lines)

    def _things(self) -> Iterator[tuple[str, Any]]:
        yield from self._identities()
        yield from self._machines()
        yield from self._services()

    def _identities(self) -> Iterator[tuple[str, Any]]:
        iam = self.pipeline.client("iam")
        for provider in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
            held = iam.get_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])
            yield "provider", [held["Url"], held["ClientIDList"], _tags(held["Tags"])]
        for role in iam.list_roles()["Roles"]:
            name = {"RoleName": role["RoleName"]}
            yield (
                "role",
                [
                    *name.values(),
                    iam.list_role_policies(**name)["PolicyNames"],
                    iam.list_attached_role_policies(**name)["AttachedPolicies"],
                    _tags(iam.list_role_tags(**name)["Tags"]),
                ],
            )
        for profile in iam.list_instance_profiles()["InstanceProfiles"]:
            yield "profile", [profile["InstanceProfileName"], [role["RoleName"] for role in profile["Roles"]]]

    def _machines(self) -> Iterator[tuple[str, Any]]:
        ec2 = self.pipeline.client("ec2")
        running = [{"Name": "instance-state-name", "Values": ["pending", "running", "stopping", "stopped"]}]
        for reservation in ec2.describe_instances(Filters=running)["Reservations"]:
            for instance in reservation["Instances"]:
                yield (
                    "instance",
                    [
                        instance["InstanceType"],
                        instance.get("KeyName"),
                        instance.get("IamInstanceProfile", {}).get("Arn"),
                        [group["GroupName"] for group in instance["SecurityGroups"]],
                        _tags(instance.get("Tags", [])),
                    ],
                )
        for address in ec2.describe_addresses()["Addresses"]:
            attached = "attached" if address.get("AssociationId") else "free"
            yield "address", [attached, _tags(address.get("Tags", []))]
        for group in ec2.describe_security_groups()["SecurityGroups"]:
            if group["GroupName"] != "default":
                rules = [sorted(map(_plain, group[way])) for way in ("IpPermissions", "IpPermissionsEgress")]
                yield "security group", [group["GroupName"], rules, _tags(group.get("Tags", []))]
        for pair in ec2.describe_key_pairs()["KeyPairs"]:
            yield "key pair", [pair["KeyName"], _tags(pair.get("Tags", []))]
        yield "volumes", len(ec2.describe_volumes()["Volumes"])
        groups = self.pipeline.client("autoscaling").describe_auto_scaling_groups()["AutoScalingGroups"]
        for group in groups:
            sizes = [group["MinSize"], group["DesiredCapacity"], group["MaxSize"]]
            states = sorted(each["LifecycleState"] for each in group["Instances"])
            yield "Auto Scaling group", [group["AutoScalingGroupName"], sizes, states]

    def _services(self) -> Iterator[tuple[str, Any]]:
        route53, codedeploy = self.pipeline.client("route53"), self.pipeline.client("codedeploy")
        for zone in route53.list_hosted_zones()["HostedZones"]:
            for record in route53.list_resource_record_sets(HostedZoneId=zone["Id"])["ResourceRecordSets"]:
                yield "record", [record["Name"], record["Type"], len(record.get("ResourceRecords", []))]
        for application in codedeploy.list_applications()["applications"]:
            groups = codedeploy.list_deployment_groups(applicationName=application)["deploymentGroups"]
            yield "application", [application, groups]
        pages = self.pipeline.client("ssm").get_paginator("describe_parameters").paginate()
        for page in pages:
            for parameter in page["Parameters"]:
                # moto shows AWS's public ones among the account's own.
                if not parameter["Name"].startswith("/aws/"):
                    yield "parameter", parameter["Name"]
        yield from self._settings()

    def _settings(self) -> Iterator[tuple[str, Any]]:
        import github

        from local_cloud.testing.clouds import github_token

        token = github_token(self.cloud)
        hub = github.Github(auth=github.Auth.Token(token), base_url=f"{self.cloud.github_url}/api/v3")
        for environment in hub.get_repo(REPOSITORY).get_environments():
            names = [each.name for each in environment.get_secrets()]
            values = {
                each.name: each.value
                for each in environment.get_variables()
                # It has a salt, and says when.
                if each.name != FINGERPRINTS
            }
            yield "environment", [environment.name, sorted(names), values]


def differences(wanted: Sequence[str], there: Sequence[str]) -> Iterator[str]:
    """What is too little (-) and too much (+); of equal lines there may be several."""
    missing = list(wanted)
    for line in there:
        if line in missing:
            missing.remove(line)
        else:
            yield f"+ {line}"
    yield from (f"- {line}" for line in missing)


def _tags(tags: Sequence[Any]) -> list[str]:
    return sorted(f"{tag['Key']}={tag['Value']}" for tag in tags)


def _plain(thing: Any) -> str:
    told = json.dumps(thing, sort_keys=True, default=str)
    return KNOWN_IDS.sub(lambda found: f"{found[1] or found[2]}-ID", told)


@cache
def line(folder: Path) -> Line:
    """That of this worker; it ends with it. What it writes is in a folder of its own below this one."""
    return Line(Path(tempfile.mkdtemp(dir=folder)))


def survey(folder: Path) -> tuple[int, list[str]]:
    """Over a good line: how many calls change something, and what there is then."""
    return line(folder).mutating_calls(), line(folder).holdings()


def attempt(folder: Path, trial: Trial, wanted: Sequence[str]) -> Outcome:
    return line(folder).attempt(trial, wanted)


def reason(said: str) -> str:
    """The line in which a run says why it failed."""
    found = re.search(r"^(?:fatal: .*?=>\s+\S.*?|\[ERROR\]: .*)$", said, re.MULTILINE)
    return " ".join(found.group().split())[:300] if found else said.strip()[-300:]


def report(outcome: Outcome, number: int, total: int) -> None:
    """One line of progress, and why it is not good where it is not."""
    word = "ok" if outcome.good else "FAILED" if not outcome.succeeded else "LEFT"
    counted = f"{len(outcome.spoilt):3d} of {outcome.calls:3d} calls spoilt"
    print(f"[{number}/{total}] {outcome.trial}: {word}, {counted}, {outcome.seconds:.0f} s", flush=True)
    if outcome.good:
        return
    if outcome.trial.lost:
        print(f"    {', '.join(outcome.spoilt)}")
    if not outcome.succeeded:
        print(f"    {reason(outcome.said)}")
        SAID.mkdir(parents=True, exist_ok=True)
        (SAID / f"{re.sub(r'[^0-9a-z]+', '-', str(outcome.trial))}.txt").write_text(outcome.said)
    for each in outcome.left:
        print(f"    {each}")
    if not outcome.converged:
        print(
            "    the next clean run did not converge", *outcome.left_by_clean_run, sep="\n      ", flush=True
        )


def table(done: Sequence[Outcome]) -> tuple[str, bool]:
    """The table, and whether every goal is met."""
    lines, met = ["", f"{'':16s} runs good goal converged  seeds"], True
    at_rates = [each for each in done if each.trial.lost is None]
    for rate in sorted({each.trial.rate for each in at_rates}):
        group = [each for each in at_rates if each.trial.rate == rate]
        goal = round(GOALS.get(rate, 0) * len(group))
        seeds = sorted(each.trial.seed for each in group)
        failed = [str(each.trial.seed) for each in group if not each.good]
        told = f"{seeds[0]}-{seeds[-1]}" + (f", not good: {', '.join(failed)}" if failed else "")
        lines.append(_row(f"{rate} % of calls", group, goal, told))
        met = met and reached(group, goal)
    lost = [each for each in done if each.trial.lost is not None]
    if lost:
        told = "; ".join(str(each.trial) for each in lost if not each.good)
        lines.append(_row("an answer lost", lost, len(lost), told))
        met = met and reached(lost, len(lost))
    return "\n".join(lines), met


def reached(group: Sequence[Outcome], goal: int) -> bool:
    return sum(each.good for each in group) >= goal and all(each.converged for each in group)


def _row(name: str, group: Sequence[Outcome], goal: int, told: str) -> str:
    good, converged = sum(each.good for each in group), sum(each.converged for each in group)
    return f"{name:16s} {len(group):4d} {good:4d} {goal:4d} {f'{converged}/{len(group)}':>9s}  {told}"


def trials(arguments: argparse.Namespace, mutating: int) -> list[Trial]:
    lost = {"each": range(mutating + 1), "all": [0], "none": []}[arguments.lost]
    seeds = range(arguments.seed, arguments.seed + arguments.runs)
    return [Trial(lost=number) for number in lost] + [
        Trial(seed=seed, rate=rate) for rate in arguments.rates for seed in seeds
    ]


def outcomes(arguments: argparse.Namespace) -> Iterator[Outcome]:
    """Of every trial that is asked for, as they end; each is reported when it does."""
    shutil.rmtree(SAID, ignore_errors=True)
    with (
        tempfile.TemporaryDirectory(prefix="faults-") as name,
        # Ctrl-C ends a worker with its account; it would go on to the next trial otherwise.
        ProcessPoolExecutor(
            arguments.jobs, initializer=signal.signal, initargs=(signal.SIGINT, signal.SIG_DFL)
        ) as workers,
    ):
        folder = Path(name)
        mutating, wanted = workers.submit(survey, folder).result()
        print(f"a run makes {mutating} mutating calls", flush=True)
        asked = trials(arguments, mutating)
        begun = [workers.submit(attempt, folder, trial, wanted) for trial in asked]
        for number, future in enumerate(as_completed(begun), 1):
            report(future.result(), number, len(asked))
            yield future.result()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=14, help="of every rate")
    parser.add_argument("--seed", type=int, default=1, help="of the first run; the next ones follow")
    parser.add_argument(
        "--rates", type=int, nargs="*", default=sorted(GOALS), help="percentages of spoilt calls"
    )
    parser.add_argument(
        "--lost", choices=["each", "all", "none"], default="each", help="which answers are lost"
    )
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time")
    text, met = table(list(outcomes(parser.parse_args())))
    print(text)
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
