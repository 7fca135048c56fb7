"""moto looks through all tags for those of each resource: a list took the square of the resources' number."""

from moto.ec2.models.core import TaggedEC2Resource
from moto.ec2.utils import EC2_PREFIX_TO_RESOURCE, get_prefix


def get_tags(resource: TaggedEC2Resource) -> list[dict[str, str]]:
    """As moto's own, read where they are."""
    identifier: str | None = resource.id  # type: ignore[attr-defined]
    if not identifier:
        return []
    # Without a look at what is not there, which would make it.
    tags = resource.ec2_backend.tags.get(identifier) or {}  # type: ignore[attr-defined]
    if not tags:
        return []
    kind = EC2_PREFIX_TO_RESOURCE.get(get_prefix(identifier), "")
    return [
        {"resource_id": identifier, "key": key, "value": value, "resource_type": kind}
        for key, value in tags.copy().items()
    ]


REPLACED = ((TaggedEC2Resource, "get_tags", get_tags),)
