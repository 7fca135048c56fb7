# ruff: noqa: ANN401 - moto's objects are duck-typed
"""Instance profiles: an instance tells of the one that it is associated with now."""

from typing import Any

from moto.ec2.models.iam_instance_profile import (
    IamInstanceProfileAssociation,
    IamInstanceProfileAssociationBackend,
)
from moto.ec2.utils import random_iam_instance_profile_association_id

_original_association = IamInstanceProfileAssociation.__init__
_original_replace = IamInstanceProfileAssociationBackend.replace_iam_instance_profile_association


def associate_profile(association: Any, *arguments: Any, **named: Any) -> None:
    """Its instance tells of the profile, by the profile's own id."""
    _original_association(association, *arguments, **named)
    _show_profile(association)


def replace_profile(backend: Any, *arguments: Any, **named: Any) -> Any:
    """The instance tells of the new profile at once, and the association is another one."""
    association = _original_replace(backend, *arguments, **named)
    association.association_id = random_iam_instance_profile_association_id()
    _show_profile(association)
    return association


def _show_profile(association: Any) -> None:
    profile = association.iam_instance_profile
    association.instance.iam_instance_profile = {"Arn": profile.arn, "Id": profile.id}


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (IamInstanceProfileAssociation, "__init__", associate_profile),
    (IamInstanceProfileAssociationBackend, "replace_iam_instance_profile_association", replace_profile),
)
