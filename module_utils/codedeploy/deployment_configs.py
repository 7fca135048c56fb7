# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A CodeDeploy deployment configuration. AWS can create and delete it, not change it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..aws.errors import ModuleError, refuse
from ..aws.reconcile import changes
from ..aws.transformations import snake_name, to_camel, without_empty
from . import api
from .options import name_problems, range_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ..aws.connection import Connection
    from ..aws.errors import Record

ALL_AT_ONCE = {"type": "AllAtOnce"}
# Kinds of traffic routing with the member that belongs to each.
ROUTES = {"TimeBasedCanary": "timeBasedCanary", "TimeBasedLinear": "timeBasedLinear"}
HUNDRED = 100
WHOLE_DAY = 2880  # minutes; AWS's limit of a canary's or a linear step's interval
# Every attribute of a configuration.
ATTRIBUTES = ("minimumHealthyHosts", "trafficRoutingConfig", "zonalConfig")


@dataclass(frozen=True)
class DeploymentConfig:
    """What a user asks of one deployment configuration; None is "not asked for"."""

    connection: Connection
    name: str
    attributes: Mapping[str, Any]  # options named as in ATTRIBUTES, in snake_case
    state: str = "present"
    compute_platform: str | None = None
    recreate: bool = False

    already_exists = "DeploymentConfigAlreadyExistsException"
    managed = ("computePlatform", "deploymentConfigName", *ATTRIBUTES)

    def check(self) -> None:
        """Refuse what AWS would refuse, before any call. Raises ModuleError."""
        refuse(self._problems())

    def describe(self) -> Record | None:
        request = {"deploymentConfigName": self.name}
        info = api.get_deployment_config(self.connection.codedeploy, request)
        return None if info is None else normalise(info)

    def desired(self, current: Record | None) -> Record | None:
        if self.state == "absent":
            return None
        asked = requested(self.attributes, self.compute_platform)
        if current is None:
            asked.setdefault("computePlatform", "Server")
            return normalise({**asked, "deploymentConfigName": self.name})
        wanted = normalise({**current, **asked})
        different = sorted(changes(current, wanted))
        if different and not self.recreate:
            names = ", ".join(map(snake_name, different))
            raise ModuleError(
                f"The deployment configuration {self.name} differs in {names}, and AWS cannot change it. Use "
                "another name, or set recreate to true (no deployment group may be using it)."
            )
        return wanted

    def apply(self, current: Record | None, wanted: Record | None) -> Record:
        client = self.connection.codedeploy
        if current is not None:
            api.delete_deployment_config(client, {"deploymentConfigName": self.name})
        if wanted is not None:
            members = ("deploymentConfigName", "computePlatform", *ATTRIBUTES)
            request = without_empty({name: wanted.get(name) for name in members})
            api.create_deployment_config(client, request)
        return {}

    def _problems(self) -> Iterator[str]:
        yield from name_problems({"name": self.name})
        if self.state == "absent":
            return
        hosts = self.attributes.get("minimum_healthy_hosts")
        routing = self.attributes.get("traffic_routing_config")
        zonal = self.attributes.get("zonal_config")
        server = (self.compute_platform or "Server") == "Server"
        if self.name.startswith("CodeDeployDefault."):
            yield f"name: {self.name!r} begins with CodeDeployDefault., which AWS keeps for its own."
        if server and routing:
            yield "traffic_routing_config: only for compute_platform Lambda and ECS."
        if not server and (hosts or zonal):
            yield f"{'minimum_healthy_hosts' if hosts else 'zonal_config'}: only for compute_platform Server."
        yield from _healthy_problems("minimum_healthy_hosts", hosts)
        yield from _routing_problems(routing)
        if zonal:
            yield from _healthy_problems(
                "zonal_config.minimum_healthy_hosts_per_zone", zonal["minimum_healthy_hosts_per_zone"]
            )


def normalise(info: Record) -> dict[str, Any]:
    """A configuration as GetDeploymentConfig tells it, with AWS's defaults."""
    platform = info.get("computePlatform") or "Server"
    full = {**info, **{name: info.get(name) or {} for name in ATTRIBUTES}, "computePlatform": platform}
    if platform == "Server":
        return full | {"trafficRoutingConfig": {}}
    # AWS tells healthy hosts, and means nothing by them, where traffic is shifted.
    return full | {
        "minimumHealthyHosts": {},
        "trafficRoutingConfig": full["trafficRoutingConfig"] or ALL_AT_ONCE,
    }


def requested(options: Mapping[str, Any], compute_platform: str | None) -> dict[str, Any]:
    """The attributes that these options ask for; what is None is not asked for."""
    asked: dict[str, Any] = to_camel(dict(options))
    zonal = asked.get("zonalConfig")
    if zonal is not None:
        asked["zonalConfig"] = without_empty(zonal)
    return asked | ({"computePlatform": compute_platform} if compute_platform else {})


def _healthy_problems(option: str, given: Mapping[str, Any] | None) -> Iterator[str]:
    if given:
        most = HUNDRED if given["type"] == "FLEET_PERCENT" else 100_000
        yield from range_problems(f"{option}.value", given["value"], 0, most)


def _routing_problems(given: Mapping[str, Any] | None) -> Iterator[str]:
    if not given:
        return
    wanted = ROUTES.get(given["type"])
    for member in ROUTES.values():
        option = snake_name(member)
        if member == wanted and not given.get(option):
            yield f"traffic_routing_config.{option}: type {given['type']} needs it."
        if member != wanted and given.get(option):
            yield f"traffic_routing_config.{option}: type {given['type']} does not take it."
    for option, percentage, interval in (
        ("time_based_canary", "canary_percentage", "canary_interval"),
        ("time_based_linear", "linear_percentage", "linear_interval"),
    ):
        values = given.get(option) or {}
        where = f"traffic_routing_config.{option}"
        yield from range_problems(f"{where}.{percentage}", values.get(percentage), 1, HUNDRED - 1)
        yield from range_problems(f"{where}.{interval}", values.get(interval), 1, WHOLE_DAY)
