# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is replaced or asked of them is private
"""Images that are made of instances, and copies of images.

`content` of a record names what is in it: copies have that of their source, in whatever region.
"""

import re
from collections.abc import Iterator
from typing import Any

from moto.ec2.exceptions import EC2ClientError, InvalidAMIIdError
from moto.ec2.models import ec2_backends
from moto.ec2.models.amis import AmiBackend
from moto.ec2.responses.amis import AmisResponse

NAME = re.compile(r"[A-Za-z0-9()\[\] ./\-'@_]{3,128}")
_original_create: Any = AmiBackend.create_image
_original_copy: Any = AmiBackend.copy_image
_original_respond_copy: Any = AmisResponse.copy_image


class _Door:
    """Are there hosts, whose disks are captured? Without them an image is available at once."""

    captures = False


def capture(is_on: bool) -> None:
    """From now on images of instances are pending until `captured` says what became of them."""
    _Door.captures = is_on


def create(
    backend: Any, instance_id: str, name: str, description: str, tag_specifications: list[dict[str, Any]]
) -> Any:
    """CreateImage. Tags may be for the image and for its snapshot."""
    _check_name(backend, name)
    instance = backend.get_instance(instance_id)
    if instance.state not in {"running", "stopped", "stopping", "pending"}:
        raise EC2ClientError(
            "IncorrectState",
            f"Instance '{instance_id}' is not in a state from which an image can be made:"
            f" {instance.state}. It must be running or stopped.",
        )
    of_image = [each for each in tag_specifications if each["ResourceType"] != "snapshot"]
    image = _original_create(backend, instance_id, name, description, of_image)
    for each in tag_specifications:
        if each["ResourceType"] == "snapshot":
            image.ebs_snapshot.add_tags({tag["Key"]: tag.get("Value") or "" for tag in each["Tags"]})
    _be_like(image, backend.amis.get(instance.image_id))
    _encrypt(backend, image, instance)
    image.content = image.id
    image.state = "pending" if _Door.captures else "available"
    return image


def _encrypt(backend: Any, image: Any, instance: Any) -> None:
    """The snapshot of an encrypted disk is encrypted, with the same key."""
    disk = backend.volumes.get(
        getattr(instance.block_device_mapping.get(instance.root_device_name), "volume_id", None)
    )
    if disk is not None:
        image.ebs_snapshot.encrypted = disk.encrypted
        image.ebs_snapshot.kms_key_id = disk.kms_key_id


def _be_like(image: Any, source: Any) -> None:
    """What an image has from the one that its instance was launched from."""
    for member in ("root_device_name", "root_device_type", "hypervisor", "sriov", "boot_mode"):
        if source is not None:
            setattr(image, member, getattr(source, member))


def _check_name(backend: Any, name: str | None) -> None:
    if not name or not NAME.fullmatch(name):
        raise EC2ClientError(
            "InvalidAMIName.Malformed",
            "AMI names must be between 3 and 128 characters long, and may contain letters, numbers, '(', ')',"
            " '.', '-', '/' and '_'",
        )
    taken = [
        each for each in backend.amis.values() if (each.name, each.owner_id) == (name, backend.account_id)
    ]
    if taken:
        raise EC2ClientError(
            "InvalidAMIName.Duplicate", f"AMI name {name} is already in use by AMI {taken[0].id}"
        )


def copy(
    backend: Any,
    source_image_id: str,
    source_region: str,
    name: str | None = None,
    description: str | None = None,
) -> Any:
    """CopyImage. The source must be there already."""
    source = ec2_backends[backend.account_id][source_region].amis.get(source_image_id)
    if source is not None and source.state != "available":
        raise unavailable(source_image_id)
    _check_name(backend, name)
    image = _original_copy(backend, source_image_id, source_region, name, description)
    _be_like(image, source)
    image.content = getattr(source, "content", None)
    image.copied_from = source
    return image


def respond_copy(response: Any) -> Any:
    """Also tags: the source's where CopyImageTags says so, and those that are given."""
    result = _original_respond_copy(response)
    backend = response.ec2_backend
    image = backend.amis[result.result["ImageId"]]
    tags: dict[str, str] = {}
    if response._get_bool_param("CopyImageTags", False):
        tags |= {
            each["key"]: each["value"]
            for each in image.copied_from.get_tags()
            if not each["key"].startswith("aws:")
        }
    for each in response._get_param("TagSpecifications", []):
        given = {tag["Key"]: tag.get("Value") or "" for tag in each["Tags"]}
        if each["ResourceType"] == "image":
            tags |= given
        else:
            image.ebs_snapshot.add_tags(given)
    image.add_tags(tags)
    return result


def unavailable(image_id: str) -> EC2ClientError:
    return EC2ClientError("InvalidAMIID.Unavailable", f"The image ID '{image_id}' is not available")


def check_available(backend: Any, image_id: str | None) -> None:
    """Raises EC2's error for an image that is not finished, failed or was deregistered."""
    if image_id and image_id in backend.deleted_amis:
        raise InvalidAMIIdError(image_id)
    image = backend.amis.get(image_id)
    if image is not None and image.state != "available":
        raise unavailable(str(image_id))


def of_account() -> Iterator[Any]:
    """Every record of an image that was made of an instance, or copied of such a one."""
    for regions in list(ec2_backends.values()):
        for backend in list(regions.values()):
            yield from (each for each in list(backend.amis.values()) if getattr(each, "content", None))


def captured(content: str, *, succeeded: bool) -> None:
    """A pending image has its content, or never will have."""
    for image in of_account():
        if image.id == content and image.state == "pending":
            image.state = "available" if succeeded else "failed"


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (AmiBackend, "create_image", create),
    (AmiBackend, "copy_image", copy),
    (AmisResponse, "copy_image", respond_copy),
)
