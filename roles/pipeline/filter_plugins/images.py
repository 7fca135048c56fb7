# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which baked images are kept, and which snapshots no image has any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    Image = Mapping[str, Any]


def old_images(images: Iterable[Image], keep: int, used: Iterable[str]) -> list[str]:
    """The ids of those beyond the `keep` newest, without those that are `used`.

    Takes what ec2_ami_info returns.
    """
    ordered = sorted(images, key=lambda each: (each["creation_date"], each["image_id"]), reverse=True)
    return [each["image_id"] for each in ordered[int(keep) :] if each["image_id"] not in set(used)]


def unused_snapshots(snapshots: Iterable[Mapping[str, Any]], images: Iterable[Image]) -> list[str]:
    """The ids of snapshots that none of the images has.

    An image that was deregistered leaves them behind where the run broke off, or the answer was lost.
    Takes what ec2_snapshot_info and ec2_ami_info return.
    """
    disks = [disk for image in images for disk in image.get("block_device_mappings", [])]
    held = {disk.get("ebs", {}).get("snapshot_id") for disk in disks}
    return sorted(each["snapshot_id"] for each in snapshots if each["snapshot_id"] not in held)


def launched_images(
    templates: Iterable[Mapping[str, Any]],
    instances: Iterable[Mapping[str, Any]],
    groups: Iterable[Mapping[str, Any]],
) -> list[str]:
    """The ids of images that an instance runs, or that a launch template would launch: its latest or default
    version, or the one of an Auto Scaling group.

    Takes what ec2_launch_template_info, ec2_instance_info and autoscaling_group_info return.
    """
    used = {each["image_id"] for each in instances}
    of_groups = [each.get("launch_template") or {} for each in groups]
    for template in templates:
        numbers = {template.get("latest_version_number"), template.get("default_version_number")}
        numbers |= {
            int(each["version"])
            for each in of_groups
            if each.get("launch_template_id") == template["launch_template_id"] and each["version"].isdigit()
        }
        for each in template.get("versions", []):
            if each["version_number"] in numbers:
                used.add(each["launch_template_data"].get("image_id"))
    return sorted(used - {None})


class FilterModule:
    """How Ansible finds them."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "launched_images": launched_images,
            "old_images": old_images,
            "unused_snapshots": unused_snapshots,
        }
