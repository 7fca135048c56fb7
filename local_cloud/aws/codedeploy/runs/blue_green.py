"""Blue/green deployments on EC2: new instances get the revision, and then the traffic of the old ones.

Source: "Overview of a blue/green deployment", recorded calls (see `fleets`). Minimum healthy hosts bear on
the replacement instances; a single original instance that cannot be deregistered fails the deployment.
"""

from local_cloud.aws.codedeploy.records.applications import Selection, target_instances
from local_cloud.aws.codedeploy.records.deployments import DeploymentStatus, Fleets, Label, Status, Target
from local_cloud.aws.codedeploy.runs import colours, endings, fleets, in_place, lifecycle, rollout, targets
from local_cloud.aws.codedeploy.runs.strategy import Error, Outcome, Task
from local_cloud.aws.codedeploy.runs.waits import Steps

READY_WAIT, TERMINATION_WAIT = "READY_WAIT", "TERMINATION_WAIT"
MINUTE = 60


class BlueGreen:
    waits_for: str | None = None
    is_final = False

    def __init__(self, task: Task) -> None:
        self._task = task
        self._goes_on = False
        given = task.deployment.blue_green_deployment_configuration or {}
        self._ready = given.get("deploymentReadyOption", {})
        self._ending = given.get("terminateBlueInstancesOnDeploymentSuccess", {})
        self._copies = (
            given.get("greenFleetProvisioningOption", {}).get("action") == "COPY_AUTO_SCALING_GROUP"
        )

    def look(self) -> Error | None:
        task = self._task
        deployment, names = task.deployment, task.group.auto_scaling_group_names
        if not deployment.blue_green_deployment_configuration:
            return endings.NO_BLUE_GREEN_CONFIGURATION
        if self._copies and len(names) != 1:
            return endings.nothing_to_copy(names)
        deployment.fleets = Fleets(blue_groups=list(names))
        if self._copies:
            copied = fleets.name(task.group.deployment_group_name, deployment.deployment_id)
            deployment.fleets.green_groups, deployment.fleets.is_copied = [copied], True
            self._add_blue()
            return None
        given = target_instances(deployment.target_instances)
        deployment.fleets.green_groups = list(given.auto_scaling_group_names)
        refused = self._add_green(given)
        self._add_blue()
        return refused

    def _add_green(self, selection: Selection) -> Error | None:
        task = self._task
        found = targets.select(task.backend, selection)
        return in_place.impossible(task, targets.add(task.deployment, found, Label.GREEN))

    def _add_blue(self) -> list[Target]:
        """Also those that came while the deployment went on."""
        task = self._task
        found = targets.select(task.backend, task.group)
        targets.add(task.deployment, found, Label.BLUE)
        return task.deployment.labelled(Label.BLUE)

    def steps(self) -> Steps[Outcome]:
        if self._copies:
            refused = yield from self._provision()
            if refused:
                return DeploymentStatus.FAILED, refused
        if not (yield from self._install()):
            return in_place.verdict(succeeded=False)
        if not (yield from self._wait_until_continued()):
            return DeploymentStatus.STOPPED, endings.NOT_CONTINUED
        if not (yield from self._allow()) or not (yield from self._block()):
            return in_place.verdict(succeeded=False)
        yield from colours.lead(self._task)
        yield from self._end_blue()
        self.is_final = True
        return DeploymentStatus.SUCCEEDED, None

    def _provision(self) -> Steps[Error | None]:
        """A new Auto Scaling group, and its instances in service."""
        task = self._task
        [old], [new] = colours.of(task).blue_groups, colours.of(task).green_groups
        identifier = task.deployment.deployment_id
        yield from task.waits.answer(fleets.copy, old, new, identifier)
        while not targets.is_complete(task.backend, new):
            if not targets.exists(task.backend, new):
                return endings.gone(new)
            yield
        return self._add_green(Selection(auto_scaling_group_names=[new]))

    def _install(self) -> Steps[bool]:
        task = self._task
        green = task.deployment.labelled(Label.GREEN)
        for target in green:
            target.waits_before = lifecycle.BEFORE_ALLOW_TRAFFIC
        return (yield from rollout.run(task.events, task.config, green, task.waits, ends=Status.READY))

    def _wait_until_continued(self) -> Steps[bool]:
        """With CONTINUE_DEPLOYMENT nobody is waited for (DeploymentReadyOption)."""
        if self._ready.get("actionOnTimeout") != "STOP_DEPLOYMENT":
            return True
        deployment = self._task.deployment
        deployment.status = DeploymentStatus.READY
        self._task.tell()
        try:
            return (yield from self._wait(READY_WAIT, self._ready.get("waitTimeInMinutes") or 0))
        finally:
            deployment.status = DeploymentStatus.IN_PROGRESS

    def _wait(self, kind: str, minutes: int) -> Steps[bool]:
        self.waits_for, self._goes_on = kind, False
        try:
            return (yield from self._task.waits.wait(minutes * MINUTE, lambda: self._goes_on))
        finally:
            self.waits_for = None

    def proceed(self) -> None:
        self._goes_on = True

    def _allow(self) -> Steps[bool]:
        task = self._task
        green = task.deployment.labelled(Label.GREEN)
        for target in green:
            target.waits_before = None
        return (yield from rollout.run(task.events, task.config, green, task.waits, begins=Status.READY))

    def _block(self) -> Steps[bool]:
        return (yield from colours.block(self._task, self._add_blue()))

    def _end_blue(self) -> Steps[None]:
        task = self._task
        if self._ending.get("action") == "KEEP_ALIVE":
            return
        task.deployment.instance_termination_wait_time_started = True
        yield from self._wait(TERMINATION_WAIT, self._ending.get("terminationWaitTimeInMinutes") or 0)
        yield from colours.terminate_blue(task, self._set_final)

    def _set_final(self) -> None:
        self.is_final = True

    def retreat(self, *, rolls_back: bool) -> Steps[None]:
        if not rolls_back:
            yield from colours.restore(self._task)


class TrafficReturn:
    """The rollback of a blue/green deployment: the original instances get their traffic again."""

    waits_for: str | None = None
    is_final = False

    def __init__(self, task: Task) -> None:
        self._task = task

    def look(self) -> Error | None:
        """Only instances whose traffic was switched have something to do: it may be none."""
        task = self._task
        failed = task.deployment.rolled_back
        if failed is None or failed.fleets is None:
            return None
        task.deployment.fleets = failed.fleets
        living = targets.living_hosts(task.backend)
        for label, event in ((Label.BLUE, lifecycle.BLOCK_TRAFFIC), (Label.GREEN, lifecycle.ALLOW_TRAFFIC)):
            switched = [t for t in failed.labelled(label) if t.has_begun(event) and t.host in living]
            targets.add(task.deployment, [targets.candidate_again(each) for each in switched], label)
        return None

    def steps(self) -> Steps[Outcome]:
        task = self._task
        blue, green = (task.deployment.labelled(label) for label in (Label.BLUE, Label.GREEN))
        is_allowed = not blue or (yield from colours.allow_again(task, blue))
        is_blocked = yield from colours.block(task, green)
        yield from colours.restore(task)
        self.is_final = True
        return in_place.verdict(is_allowed and is_blocked)

    def retreat(self, *, rolls_back: bool) -> Steps[None]:  # noqa: ARG002 - a rollback is not rolled back
        yield from colours.restore(self._task)

    def proceed(self) -> None:
        """It waits for nobody."""
