"""Applications, their revisions, and their connection to GitHub."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from local_cloud.aws.codedeploy import exceptions as errors
from local_cloud.aws.codedeploy import validation
from local_cloud.aws.codedeploy.models.tags import TagBackend
from local_cloud.aws.codedeploy.options import options
from local_cloud.aws.codedeploy.records.applications import Application, RegisteredRevision, revision_key
from local_cloud.aws.codedeploy.records.deployments import Revision
from local_cloud.aws.codedeploy.revisions import check as check_revision

if TYPE_CHECKING:
    from datetime import datetime

_APPLICATION_LIMIT = 1000
_SORTABLE = {
    "registerTime": "register_time",
    "firstUsedTime": "first_used_time",
    "lastUsedTime": "last_used_time",
}


class ApplicationBackend(TagBackend):
    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.git_hub_account_tokens = [name for name in [options.github_connection] if name]

    def application_arn(self, name: str) -> str:
        return self.arn(f"application:{name}")

    def create_application(
        self,
        application_name: str,
        compute_platform: str | None = None,
        tags: list[dict[str, str]] | None = None,
    ) -> Application:
        validation.application_name(application_name)
        platform = validation.compute_platform(compute_platform)
        pairs = validation.tags(tags, errors.InvalidTagsToAddException)
        if application_name in self.applications:
            raise errors.ApplicationAlreadyExistsException(name=application_name)
        validation.room(self.applications, _APPLICATION_LIMIT, errors.ApplicationLimitExceededException)
        application = Application(
            application_name=application_name,
            compute_platform=platform,
            git_hub_account_name=next(iter(self.git_hub_account_tokens), None),
        )
        self.applications[application_name] = application
        self.tagger.tag_resource(self.application_arn(application_name), pairs)
        return application

    def get_application(self, application_name: str) -> Application:
        validation.application_name(application_name)
        if application_name not in self.applications:
            raise errors.ApplicationDoesNotExistException(name=application_name)
        return self.applications[application_name]

    def batch_get_applications(self, application_names: list[str]) -> list[Application]:
        validation.batch(application_names, errors.ApplicationNameRequiredException)
        return [self.get_application(name) for name in application_names]

    def list_applications(self) -> list[str]:
        return list(self.applications)

    def update_application(
        self, application_name: str | None = None, new_application_name: str | None = None
    ) -> None:
        application = self.get_application(application_name or "")
        if not new_application_name:
            return
        validation.application_name(new_application_name)
        if new_application_name in self.applications:
            raise errors.ApplicationAlreadyExistsException(name=new_application_name)
        del self.applications[application.application_name]
        self.applications[new_application_name] = application
        self._move_tags(application, new_application_name)
        application.application_name = new_application_name

    def _move_tags(self, application: Application, new_name: str) -> None:
        old = application.application_name
        moves = {self.application_arn(old): self.application_arn(new_name)}
        for group in application.groups:
            moves[self.deployment_group_arn(old, group)] = self.deployment_group_arn(new_name, group)
        for source, destination in moves.items():
            self.tagger.copy_tags(source, destination)
            self.tagger.delete_all_tags_for_resource(source)

    # Revisions.

    def register_application_revision(
        self, application_name: str, revision: Revision, description: str | None = None
    ) -> RegisteredRevision:
        application = self.get_application(application_name)
        validation.description(description)
        location = check_revision(revision)
        registered = application.register(location, "Application revision registered")
        registered.description = description or registered.description
        return registered

    def get_application_revision(self, application_name: str, revision: Revision) -> RegisteredRevision:
        application = self.get_application(application_name)
        key = revision_key(check_revision(revision))
        if key not in application.revisions:
            raise errors.RevisionDoesNotExistException(name=application_name, revision=key)
        return application.revisions[key]

    def batch_get_application_revisions(
        self, application_name: str, revisions: list[Revision]
    ) -> list[RegisteredRevision]:
        application = self.get_application(application_name)
        limit = 25
        if not revisions:
            raise errors.RevisionRequiredException
        if len(revisions) > limit:
            raise errors.BatchLimitExceededException(limit=limit)
        keys = [revision_key(check_revision(revision)) for revision in revisions]
        return [application.revisions[key] for key in keys if key in application.revisions]

    def list_application_revisions(
        self,
        application_name: str,
        *,
        sort_by: str | None = None,
        sort_order: str | None = None,
        s3_bucket: str | None = None,
        s3_key_prefix: str | None = None,
        deployed: str | None = None,
    ) -> list[Revision]:
        application = self.get_application(application_name)
        validation.choice(sort_by, _SORTABLE, errors.InvalidSortByException, value=sort_by)
        validation.choice(
            sort_order, ("ascending", "descending"), errors.InvalidSortOrderException, value=sort_order
        )
        validation.choice(
            deployed,
            ("include", "exclude", "ignore"),
            errors.InvalidDeployedStateFilterException,
            value=deployed,
        )
        if s3_key_prefix and not s3_bucket:
            raise errors.BucketNameFilterRequiredException
        found = [
            registered
            for registered in application.revisions.values()
            if _is_in_bucket(registered.revision_location, s3_bucket, s3_key_prefix)
            and _has_state(application, registered, deployed)
        ]
        return [r.revision_location for r in _sorted(found, sort_by, descending=sort_order == "descending")]

    # GitHub.

    def list_git_hub_account_token_names(self) -> list[str]:
        return self.git_hub_account_tokens

    def delete_git_hub_account_token(self, token_name: str | None = None) -> str:
        if not token_name:
            raise errors.GitHubAccountTokenNameRequiredException
        if token_name not in self.git_hub_account_tokens:
            raise errors.GitHubAccountTokenDoesNotExistException(name=token_name)
        self.git_hub_account_tokens.remove(token_name)
        for application in self.applications.values():
            if application.git_hub_account_name == token_name:
                application.git_hub_account_name = None
        return token_name


def _is_in_bucket(revision: Revision, bucket: str | None, prefix: str | None) -> bool:
    if bucket is None:
        return True
    location = revision.get("s3Location") or {}
    return location.get("bucket") == bucket and location.get("key", "").startswith(prefix or "")


def _has_state(application: Application, registered: RegisteredRevision, deployed: str | None) -> bool:
    if deployed in {None, "ignore"}:
        return True
    targets = [group.target_revision for group in application.groups.values()]
    return (registered.revision_location in targets) == (deployed == "include")


def _sorted(
    revisions: Iterable[RegisteredRevision], column: str | None, *, descending: bool
) -> list[RegisteredRevision]:
    if column is None:
        return list(revisions)

    def key(registered: RegisteredRevision) -> float:
        moment: datetime | None = getattr(registered, _SORTABLE[column])
        return moment.timestamp() if moment else 0.0

    return sorted(revisions, key=key, reverse=descending)
