"""Tags of applications and deployment groups."""

import re
from collections.abc import Iterator

from moto.core.resource_tagging import TaggableResourcesMixin, TaggedResource
from moto.utilities.tagging_service import TaggingService

from local_cloud.aws.codedeploy import exceptions as errors
from local_cloud.aws.codedeploy import validation
from local_cloud.aws.codedeploy.records.place import CodeDeployBase

_ARN = re.compile(r"arn:[^:]+:(?P<service>[^:]+):[^:]*:[^:]*:(?P<kind>[a-z]+)[:/](?P<name>.+)")


class TagBackend(CodeDeployBase, TaggableResourcesMixin):
    SERVICE_NAMESPACE = "codedeploy"

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.tagger = TaggingService()

    def deployment_group_arn(self, application: str, group: str) -> str:
        return self.arn(f"deploymentgroup:{application}/{group}")

    def list_tags_for_resource(self, resource_arn: str) -> list[dict[str, str]]:
        self._check_arn(resource_arn)
        return self.tagger.list_tags_for_resource(resource_arn)["Tags"]

    def add_tags(self, resource_arn: str, tags: list[dict[str, str]]) -> None:
        self._check_arn(resource_arn)
        if not tags:
            raise errors.TagRequiredException
        self.tagger.tag_resource(resource_arn, validation.tags(tags, errors.InvalidTagsToAddException))

    def remove_tags(self, resource_arn: str, tag_keys: list[str]) -> None:
        self._check_arn(resource_arn)
        if not tag_keys:
            raise errors.TagRequiredException
        self.tagger.untag_resource_using_names(resource_arn, tag_keys)

    # The Resource Groups Tagging API asks these.

    def tag_resource(self, arn: str, tags: dict[str, str]) -> None:
        self.add_tags(arn, [{"Key": key, "Value": value} for key, value in tags.items()])

    def untag_resource(self, arn: str, tag_keys: list[str]) -> None:
        self.remove_tags(arn, tag_keys)

    def iter_tagged_resources(self) -> Iterator[TaggedResource]:
        for application in self.applications.values():
            arn = self.arn(f"application:{application.application_name}")
            yield TaggedResource(arn, self.tagger.get_tag_dict_for_resource(arn), "codedeploy:application")
            for group in application.groups:
                arn = self.deployment_group_arn(application.application_name, group)
                tags = self.tagger.get_tag_dict_for_resource(arn)
                yield TaggedResource(arn, tags, "codedeploy:deploymentgroup")

    def _check_arn(self, arn: str) -> None:
        if not arn:
            raise errors.ResourceArnRequiredException
        parts = _ARN.fullmatch(arn)
        if not parts or parts["service"] != "codedeploy":
            raise errors.InvalidArnException(arn=arn)
        if parts["kind"] not in {"application", "deploymentgroup"}:
            raise errors.ArnNotSupportedException(arn=arn)
        application, _, group = parts["name"].partition("/")
        if application not in self.applications:
            raise errors.ApplicationDoesNotExistException(name=application)
        if parts["kind"] == "deploymentgroup" and group not in self.applications[application].groups:
            raise errors.DeploymentGroupDoesNotExistException(name=group)
