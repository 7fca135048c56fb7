"""On-premises instances: registered by name and IAM identity, chosen by tags."""

import re

from moto.moto_api._internal import mock_random

from local_cloud.aws.codedeploy import exceptions as errors
from local_cloud.aws.codedeploy import validation
from local_cloud.aws.codedeploy.records.deployments import now
from local_cloud.aws.codedeploy.records.on_premises_instances import OnPremisesInstance, Tags
from local_cloud.aws.codedeploy.records.place import CodeDeployBase
from local_cloud.aws.codedeploy.runs import targets

_USER_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:user/.+")
_SESSION_ARN = re.compile(r"arn:aws[a-z-]*:sts::\d{12}:assumed-role/[^/]+/[^/]+")
_TAG_LIMIT = 10


class OnPremisesInstanceBackend(CodeDeployBase):
    def register_on_premises_instance(
        self, instance_name: str, iam_session_arn: str | None = None, iam_user_arn: str | None = None
    ) -> None:
        validation.instance_name(instance_name)
        self._check_identity(iam_session_arn, iam_user_arn)
        if instance_name in self._registered():
            raise errors.InstanceNameAlreadyRegisteredException(name=instance_name)
        self.on_premises_instances[instance_name] = OnPremisesInstance(
            instance_name=instance_name,
            instance_arn=self.arn(f"instance/{instance_name}_{mock_random.uuid4().hex[:10]}"),
            iam_session_arn=iam_session_arn,
            iam_user_arn=iam_user_arn,
        )

    def deregister_on_premises_instance(self, instance_name: str) -> None:
        validation.instance_name(instance_name)
        instance = self.on_premises_instances.get(instance_name)
        if instance and not instance.deregister_time:
            instance.deregister_time = now()
            instance.tags = []

    def get_on_premises_instance(self, instance_name: str) -> OnPremisesInstance:
        validation.instance_name(instance_name)
        if instance_name not in self.on_premises_instances:
            raise errors.InstanceNotRegisteredException(name=instance_name)
        return self.on_premises_instances[instance_name]

    def batch_get_on_premises_instances(self, instance_names: list[str]) -> list[OnPremisesInstance]:
        validation.batch(instance_names, errors.InstanceNameRequiredException, limit=25)
        names = [validation.instance_name(name) for name in instance_names]
        return [self.on_premises_instances[name] for name in names if name in self.on_premises_instances]

    def list_on_premises_instances(
        self, registration_status: str | None = None, tag_filters: Tags | None = None
    ) -> list[str]:
        validation.choice(
            registration_status,
            ("Registered", "Deregistered"),
            errors.InvalidRegistrationStatusException,
            status=registration_status,
        )
        for tag_filter in tag_filters or []:
            if not validation.is_tag_filter(tag_filter):
                raise errors.InvalidTagFilterException(filter=tag_filter)
        deregistered = registration_status == "Deregistered"
        return [
            instance.instance_name
            for instance in self.on_premises_instances.values()
            if bool(instance.deregister_time) == deregistered
            and (not tag_filters or targets.matches_any(_as_mapping(instance.tags), tag_filters))
        ]

    def add_tags_to_on_premises_instances(self, tags: Tags, instance_names: list[str]) -> None:
        for instance in self._to_tag(tags, instance_names):
            merged = _as_mapping(instance.tags) | _as_mapping(tags)
            if len(merged) > _TAG_LIMIT:
                raise errors.TagLimitExceededException(limit=_TAG_LIMIT)
            instance.tags = [{"Key": key, "Value": value} for key, value in merged.items()]

    def remove_tags_from_on_premises_instances(self, tags: Tags, instance_names: list[str]) -> None:
        instances = self._to_tag(tags, instance_names)
        unwanted = _as_mapping(tags)
        for instance in instances:
            instance.tags = [tag for tag in instance.tags if unwanted.get(tag["Key"], ...) != tag["Value"]]

    def _to_tag(self, tags: Tags, instance_names: list[str]) -> list[OnPremisesInstance]:
        if not tags:
            raise errors.TagRequiredException
        if not instance_names:
            raise errors.InstanceNameRequiredException
        if len(instance_names) > (limit := 100):
            raise errors.InstanceLimitExceededException(limit=limit)
        for tag in tags:
            if not tag.get("Key"):
                raise errors.InvalidTagException(tag=tag)
        missing = [name for name in instance_names if name not in self._registered()]
        if missing:
            raise errors.InstanceNotRegisteredException(name=missing[0])
        return [self.on_premises_instances[name] for name in instance_names]

    def _registered(self) -> dict[str, OnPremisesInstance]:
        return {
            n: instance for n, instance in self.on_premises_instances.items() if not instance.deregister_time
        }

    def _check_identity(self, session_arn: str | None, user_arn: str | None) -> None:
        if session_arn and user_arn:
            raise errors.MultipleIamArnsProvidedException
        if not session_arn and not user_arn:
            raise errors.IamArnRequiredException
        if session_arn and not _SESSION_ARN.fullmatch(session_arn):
            raise errors.InvalidIamSessionArnException(arn=session_arn)
        if user_arn and not _USER_ARN.fullmatch(user_arn):
            raise errors.InvalidIamUserArnException(arn=user_arn)
        others = self._registered().values()
        if session_arn and session_arn in {other.iam_session_arn for other in others}:
            raise errors.IamSessionArnAlreadyRegisteredException(arn=session_arn)
        if user_arn and user_arn in {other.iam_user_arn for other in others}:
            raise errors.IamUserArnAlreadyRegisteredException(arn=user_arn)


def _as_mapping(tags: Tags) -> dict[str, str | None]:
    return {tag["Key"]: tag.get("Value") or "" for tag in tags}
