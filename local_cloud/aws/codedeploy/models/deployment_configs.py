"""Deployment configurations: CodeDeploy's own, and those of the user."""

from datetime import UTC, datetime

from local_cloud.aws.codedeploy import exceptions as errors
from local_cloud.aws.codedeploy import validation
from local_cloud.aws.codedeploy.records.deployment_configs import DeploymentConfig, Fields
from local_cloud.aws.codedeploy.records.place import CodeDeployBase

DEFAULTS = {
    "Server": "CodeDeployDefault.OneAtATime",
    "Lambda": "CodeDeployDefault.LambdaAllAtOnce",
    "ECS": "CodeDeployDefault.ECSAllAtOnce",
}
"""By compute platform, for a deployment group that names none."""
ONE_AT_A_TIME = "00000000-0000-0000-0000-000000000001"
"""The documented id of CodeDeploy's first one."""
_LIMIT = 50
_PREDEFINED_PREFIX = "CodeDeployDefault."
_PREDEFINED_SINCE = datetime(2015, 1, 28, tzinfo=UTC)


def _canary(percentage: int, minutes: int) -> Fields:
    shift = {"canaryPercentage": percentage, "canaryInterval": minutes}
    return {"type": "TimeBasedCanary", "timeBasedCanary": shift}


def _linear(minutes: int) -> Fields:
    shift = {"linearPercentage": 10, "linearInterval": minutes}
    return {"type": "TimeBasedLinear", "timeBasedLinear": shift}


_SERVER = {
    "AllAtOnce": {"type": "HOST_COUNT", "value": 0},
    "HalfAtATime": {"type": "FLEET_PERCENT", "value": 50},
    "OneAtATime": {"type": "MOST_CONCURRENCY", "value": 1},
}
_LAMBDA = {
    **{f"LambdaCanary10Percent{m}Minutes": _canary(10, m) for m in (5, 10, 15, 30)},
    **{f"LambdaLinear10PercentEvery{m}Minute{'s' * (m > 1)}": _linear(m) for m in (1, 2, 3, 10)},
    "LambdaAllAtOnce": {"type": "AllAtOnce"},
}
_ECS = {
    **{f"ECSCanary10Percent{m}Minutes": _canary(10, m) for m in (5, 15)},
    # Recorded: in the plural for one minute as well, where Lambda's is not.
    **{f"ECSLinear10PercentEvery{m}Minutes": _linear(m) for m in (1, 3)},
    "ECSAllAtOnce": {"type": "AllAtOnce"},
}


def _predefined() -> dict[str, DeploymentConfig]:
    configs = [
        *(_config(name, "Server", hosts=hosts) for name, hosts in _SERVER.items()),
        *(_config(name, "Lambda", shift=shift) for name, shift in _LAMBDA.items()),
        *(_config(name, "ECS", shift=shift) for name, shift in _ECS.items()),
    ]
    one_by_one = next(each for each in configs if each.deployment_config_name.endswith(".OneAtATime"))
    one_by_one.deployment_config_id = ONE_AT_A_TIME
    return {config.deployment_config_name: config for config in configs}


def _config(
    name: str, platform: str, *, hosts: Fields | None = None, shift: Fields | None = None
) -> DeploymentConfig:
    return DeploymentConfig(
        deployment_config_name=_PREDEFINED_PREFIX + name,
        compute_platform=platform,
        minimum_healthy_hosts=hosts,
        traffic_routing_config=shift,
        create_time=_PREDEFINED_SINCE,
    )


class DeploymentConfigBackend(CodeDeployBase):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.deployment_configs |= _predefined()

    def create_deployment_config(
        self,
        deployment_config_name: str,
        minimum_healthy_hosts: Fields | None = None,
        traffic_routing_config: Fields | None = None,
        compute_platform: str | None = None,
        zonal_config: Fields | None = None,
    ) -> DeploymentConfig:
        name = validation.deployment_config_name(deployment_config_name)
        platform = validation.compute_platform(compute_platform)
        if name.startswith(_PREDEFINED_PREFIX):
            raise errors.InvalidDeploymentConfigNameException(name=name)
        if name in self.deployment_configs:
            raise errors.DeploymentConfigAlreadyExistsException(name=name)
        own = [each for each in self.deployment_configs if not each.startswith(_PREDEFINED_PREFIX)]
        validation.room(own, _LIMIT, errors.DeploymentConfigLimitExceededException)
        if platform == "Server":
            if traffic_routing_config:
                raise errors.InvalidTrafficRoutingConfigurationException
            minimum_healthy_hosts = validation.minimum_healthy_hosts(minimum_healthy_hosts)
            zonal_config = validation.zonal_config(zonal_config)
        elif zonal_config:
            raise errors.InvalidZonalDeploymentConfigurationException
        elif minimum_healthy_hosts:
            raise errors.InvalidMinimumHealthyHostValueException(value=minimum_healthy_hosts)
        config = DeploymentConfig(
            deployment_config_name=name,
            compute_platform=platform,
            minimum_healthy_hosts=minimum_healthy_hosts,
            traffic_routing_config=traffic_routing_config
            or ({"type": "AllAtOnce"} if platform != "Server" else None),
            zonal_config=zonal_config,
        )
        self.deployment_configs[name] = config
        return config

    def get_deployment_config(self, deployment_config_name: str) -> DeploymentConfig:
        name = validation.deployment_config_name(deployment_config_name)
        if name not in self.deployment_configs:
            raise errors.DeploymentConfigDoesNotExistException(name=name)
        return self.deployment_configs[name]

    def list_deployment_configs(self) -> list[str]:
        return list(self.deployment_configs)

    def delete_deployment_config(self, deployment_config_name: str) -> None:
        name = validation.deployment_config_name(deployment_config_name)
        if name.startswith(_PREDEFINED_PREFIX):
            raise errors.InvalidOperationException("Predefined deployment configurations can't be deleted.")
        if self.uses_of_config(name):
            raise errors.DeploymentConfigInUseException(name=name)
        self.deployment_configs.pop(name, None)

    def uses_of_config(self, name: str) -> list[str]:
        """The deployment groups that name this configuration."""
        raise NotImplementedError
