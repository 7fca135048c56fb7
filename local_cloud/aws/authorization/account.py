# ruff: noqa: ANN401 - moto's objects are duck-typed
"""What the account knows: who an access key is, what policies bear on whom, what tags a resource has.

Whoever asks has moto for itself.
"""

import json
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.core.utils import utcnow
from moto.ec2.models import ec2_backends
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition

from local_cloud.aws.authorization import tags
from local_cloud.aws.authorization.conditions import Context
from local_cloud.aws.authorization.policies import Document, Name, Policies
from local_cloud.aws.codedeploy.models import codedeploy_backends


class UnknownKeyError(Exception):
    """The account has no such access key, or the session's token does not fit it."""


class ExpiredSessionError(Exception):
    """The session was one, and is over."""


@dataclass(frozen=True, kw_only=True)
class Principal:
    """Who calls. Root may do everything, and no policy bears on it."""

    arn: str
    policies: Policies = field(default_factory=Policies)
    context: Context = field(default_factory=dict)
    is_root: bool = False

    @property
    def names(self) -> set[Name]:
        """How a policy of a resource may name this one and no other."""
        return {("AWS", self.arn), ("AWS", str(self.context.get("aws:principalarn", self.arn)))}

    @property
    def account_names(self) -> set[Name]:
        """How it may name everybody of the account."""
        _, partition, _, _, account, _ = self.arn.split(":", 5)
        return {("AWS", account), ("AWS", f"arn:{partition}:iam::{account}:root")}


@dataclass(frozen=True, kw_only=True)
class Account:
    """The local cloud's account as one region of it sees it."""

    region: str
    id: str = DEFAULT_ACCOUNT_ID

    @property
    def partition(self) -> str:
        return get_partition(self.region)

    @property
    def iam(self) -> Any:
        return iam_backends[self.id][self.partition]

    def root(self) -> Principal:
        arn = f"arn:{self.partition}:iam::{self.id}:root"
        return Principal(arn=arn, is_root=True, context={"aws:principalarn": arn})

    def principal(self, access_key: str, token: str) -> Principal:
        """Whose the key is. Raises UnknownKeyError or ExpiredSessionError."""
        session = sts_backends[self.id][self.partition].get_assumed_role_from_access_key(access_key)
        if session:
            if session.session_token != token:
                raise UnknownKeyError
            if session.expiration <= utcnow():
                raise ExpiredSessionError
            return self.session(session.role_arn, session.arn, session.policy)
        user = self.iam.get_user_from_access_key_id(access_key)
        if user is None or token:
            raise UnknownKeyError
        return self._user(user)

    def session(self, role_arn: str, arn: str, session_policy: str | None = None) -> Principal:
        """Somebody who has taken a role. A role that is gone grants nothing."""
        role = self.role(role_arn)
        name = arn.rpartition("/")[2]
        context: dict[str, Any] = {
            "aws:principalarn": role_arn,
            "aws:principaltype": "AssumedRole",
            "aws:principalaccount": self.id,
            "aws:userid": f"{role.id if role else ''}:{name}",
        }
        if role is None:
            return Principal(arn=arn, context=context)
        return Principal(
            arn=arn,
            context=context | _tags_of_principal(tags.pairs(role.tags)),
            policies=Policies(
                identity=tuple(_documents(role)),
                boundary=self._managed(role.permissions_boundary_arn),
                session=json.loads(session_policy) if session_policy else None,
            ),
        )

    def role(self, arn: str) -> Any:
        """None where there is none."""
        return next((role for role in list(self.iam.roles.values()) if role.arn == arn), None)

    def role_of_profile(self, name_or_arn: str) -> str:
        """The ARN of the role in an instance profile; `*` where it cannot be told."""
        for profile in self.iam.instance_profiles.values():
            if name_or_arn in {profile.name, profile.arn} and profile.roles:
                return str(profile.roles[0].arn)
        return "*"

    def launches_of(self, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        """RunInstances' parameters for the launch template that a request to Auto Scaling names."""
        policy = parameters.get("MixedInstancesPolicy") or {}
        mixed = (policy.get("LaunchTemplate") or {}).get("LaunchTemplateSpecification")
        named = [each for each in (parameters.get("LaunchTemplate"), mixed) if each]
        ec2 = ec2_backends[self.id][self.region]
        found = []
        for specification in named:
            with suppress(ServiceException, ValueError):
                template = ec2._get_template_from_args(specification)  # noqa: SLF001 - moto's own way
                found.append(dict(template.data) | {"LaunchTemplateId": template.template.id})
        return found

    def template_of(self, parameters: Mapping[str, Any]) -> str | None:
        """The ARN of the launch template that RunInstances is given, by whichever name; or None."""
        given = parameters.get("LaunchTemplate") or parameters
        template = given.get("LaunchTemplateId")
        if not template and given.get("LaunchTemplateName"):
            known = ec2_backends[self.id][self.region].launch_templates
            name = given["LaunchTemplateName"]
            template = next((each.id for each in known.values() if each.name == name), None)
        start = f"arn:{self.partition}:ec2:{self.region}:{self.id}"
        return f"{start}:launch-template/{template}" if template else None

    def path_of(self, kind: str, name: str) -> str:
        """The path of a role, user, group or instance profile, for its ARN: `/` when there is no such one."""
        members = {
            "role": {role.name: role for role in self.iam.roles.values()},
            "user": self.iam.users,
            "group": self.iam.groups,
            "instance-profile": {profile.name: profile for profile in self.iam.instance_profiles.values()},
        }[kind]
        return str(members[name].path) if name in members else "/"

    def allocation_of(self, association_id: str) -> str | None:
        """The Elastic IP of an association."""
        addresses = ec2_backends[self.id][self.region].addresses
        return next((a.allocation_id for a in addresses if a.association_id == association_id), None)

    def group_of_deployment(self, deployment_id: str) -> tuple[str, str] | None:
        """Application and deployment group of a deployment."""
        backend = codedeploy_backends[self.id][self.region]
        with backend.lock:
            deployment = backend.deployments.get(deployment_id)
        return (deployment.application_name, deployment.deployment_group_name) if deployment else None

    def config_of_group(self, application: str, group: str) -> str:
        """The deployment configuration that a deployment group has; `*` where there is no such group."""
        backend = codedeploy_backends[self.id][self.region]
        with backend.lock:
            found = backend.applications.get(application)
            known = found.groups.get(group) if found else None
        return str(known.deployment_config_name) if known else "*"

    def tags(self, arn: str) -> dict[str, str]:
        """The tags of a resource; {} where it has none, or is of a service whose tags are not asked."""
        return tags.of(arn, region=self.region, account=self.id, partition=self.partition)

    def _user(self, user: Any) -> Principal:
        groups = self.iam.get_groups_for_user(user.name)
        return Principal(
            arn=user.arn,
            policies=Policies(identity=tuple(d for owner in (user, *groups) for d in _documents(owner))),
            context={
                "aws:principalarn": user.arn,
                "aws:principaltype": "User",
                "aws:principalaccount": self.id,
                "aws:username": user.name,
                "aws:userid": user.id,
            }
            | _tags_of_principal(self.iam.tagger.get_tag_dict_for_resource(user.arn)),
        )

    def _managed(self, arn: str | None) -> Document | None:
        """A boundary that is gone allows nothing."""
        if not arn:
            return None
        policy = self.iam.managed_policies.get(arn)
        return _default_version(policy) if policy else {"Statement": []}


def _documents(owner: Any) -> Iterable[Document]:
    """The policies of a role, user or group: inline ones and attached ones."""
    yield from (json.loads(document) for document in list(owner.policies.values()))
    yield from (_default_version(policy) for policy in list(owner.managed_policies.values()))


def _default_version(policy: Any) -> Document:
    document = next(v.document for v in policy.versions if v.version_id == policy.default_version_id)
    parsed: Document = json.loads(document)
    return parsed


def _tags_of_principal(tags: Mapping[str, str]) -> dict[str, str]:
    return {f"aws:principaltag/{key.lower()}": value for key, value in tags.items()}
