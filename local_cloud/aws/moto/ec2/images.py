# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is asked of them is private
"""The images (AMIs) that there are, beside moto's own."""

from typing import Any

from moto.ec2.models.amis import Ami, AmiBackend

from local_cloud.aws.moto.reset import duplicate

DEBIAN = "136693071363"
"""The account that Debian's images come from."""
DEBIAN_IMAGES = {"amd64": ("x86_64", "ami-0deb120000000a001"), "arm64": ("arm64", "ami-0deb120000000a002")}
"""Debian's word for an architecture -> EC2's, and the image of Debian 12."""

_loaded: dict[tuple[str, str], list[Any]] = {}
"""Account and region -> the images, once loaded: there are some 1,300, and each has a snapshot."""

_original_load = AmiBackend._load_amis
_original_mappings: Any = Ami.block_device_mappings


def block_device_mappings(ami: Any) -> list[dict[str, Any]]:
    """Amazon Linux's and Debian's images have root volumes of 8 GiB; moto says 15 of every image."""
    mappings: list[dict[str, Any]] = _original_mappings.fget(ami)
    return [each | {"Ebs": each["Ebs"] | {"VolumeSize": 8}} for each in mappings]


def load_amis(backend: Any) -> None:
    """The images that every account has; a reset makes a new backend."""
    whose = backend.account_id, backend.region_name
    if whose in _loaded:
        for each in _loaded[whose]:
            image = _image(each, backend)
            backend.amis[image.id], backend.snapshots[image.ebs_snapshot.id] = image, image.ebs_snapshot
    else:
        _load(backend)
        _loaded[whose] = [_template(image) for image in backend.amis.values()]


def _template(image: Any) -> Any:
    """An image that belongs to no backend. The volume that moto made its snapshot of, and deleted, is out of
    reach for every call: all share it."""
    made, snapshot = duplicate(image), duplicate(image.ebs_snapshot)
    del snapshot.create_volume_permission_groups, snapshot.create_volume_permission_userids
    made.ebs_snapshot = snapshot
    made.ec2_backend = snapshot.ec2_backend = snapshot.volume.ec2_backend = None
    return made


def _image(template: Any, backend: Any) -> Any:
    """A backend's own image, with its snapshot."""
    made, snapshot = duplicate(template), duplicate(template.ebs_snapshot)
    snapshot.create_volume_permission_groups = set()
    snapshot.create_volume_permission_userids = set()
    made.ebs_snapshot, made.launch_permissions = snapshot, list(template.launch_permissions)
    made.ec2_backend = snapshot.ec2_backend = backend
    return made


def _load(backend: Any) -> None:
    """moto's images and Debian 12, which moto does not know."""
    _original_load(backend)
    for debian_name, (architecture, image_id) in DEBIAN_IMAGES.items():
        backend.amis[image_id] = Ami(
            backend,
            image_id,
            architecture=architecture,
            name=f"debian-12-{debian_name}-20261110-2294",
            description="Debian 12 (20261110-2294)",
            owner_id=DEBIAN,
            public=True,
            hypervisor="xen",
            root_device_name="/dev/xvda",
            root_device_type="ebs",
            virtualization_type="hvm",
        )


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (AmiBackend, "_load_amis", load_amis),
    (Ami, "block_device_mappings", property(block_device_mappings)),
)
