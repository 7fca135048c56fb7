# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Of EC2: key, image, quotas and network of the instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .keys import KeyFileError, public_key
from .sight import missing, ours, there
from .wanted import STANDARD_FAMILIES, Seen, Unseen, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


def key_file(wanted: Wanted, seen: Seen) -> Iterator[str]:
    path, content = wanted.ssh_public_key_file, seen["key_file"]
    advice = "make a key pair with ssh-keygen -t ed25519, or name the public half of yours"
    if isinstance(content, Unseen):
        yield f"{path} is not a file that can be read (pipeline_ssh_public_key_file): {advice}."
    elif "PRIVATE KEY" in content:
        yield (
            f"{path} is the private half of a key (pipeline_ssh_public_key_file): name the public half, "
            f"{path}.pub."
        )
    else:
        try:
            public_key(content)
        except KeyFileError as error:
            yield f"{path} {error} (pipeline_ssh_public_key_file): {advice}."


def key_pair(wanted: Wanted, seen: Seen) -> Iterator[str]:
    """A key pair is never changed: EC2 has no call for it, and instances keep the key of their launch."""
    held = (there(seen, "key_pair") or {}).get("PublicKey", "").split()[:2]
    content = there(seen, "key_file") or ""
    try:
        public_key(content)
    except KeyFileError:
        return  # key_file says it
    if held and held != content.split()[:2]:
        yield (
            f"pipeline_ssh_key_name is '{wanted.ssh_key_name}', a key pair that holds another key than "
            f"{wanted.ssh_public_key_file} (pipeline_ssh_public_key_file): give the key pair another name. "
            "Instances that are there keep their key, but for pipeline_instance_replace."
        )


def image(wanted: Wanted, seen: Seen) -> Iterator[str]:
    kind, found = there(seen, "instance_type"), there(seen, "image")
    if missing(seen, "instance_type"):
        yield (
            f"pipeline_instance_type is '{wanted.instance_type}': {wanted.region} has no such type. Name one "
            "of those that "
            "aws ec2 describe-instance-type-offerings lists."
        )
    if missing(seen, "image"):
        if wanted.instance_image:
            yield (
                f"pipeline_instance_image is '{wanted.instance_image}': {wanted.region} has no such image, "
                "or it is not "
                "shared with this account. Name another, or none for the newest Amazon Linux 2023."
            )
        else:
            yield (
                f"{wanted.image_parameter} cannot be read in {wanted.region}: name an image in "
                "pipeline_instance_image."
            )
    if kind and found:
        runs = kind["ProcessorInfo"]["SupportedArchitectures"]
        if found["Architecture"] not in runs:
            yield (
                f"pipeline_instance_type is '{wanted.instance_type}', which runs {' and '.join(runs)}, and "
                "the image "
                f"{found['ImageId']} (pipeline_instance_image) is for {found['Architecture']}: change one of "
                "them."
            )
    if found:
        yield from _of_image(wanted, found)


def _of_image(wanted: Wanted, found: Mapping[str, Any]) -> Iterator[str]:
    """Whether instances can be launched of an image that is there."""
    says = f"The image {found['ImageId']} (pipeline_instance_image)"
    if found.get("State", "available") != "available":
        yield f"{says} is {found['State']}: wait until it is available, or name another."
    if found.get("Platform") == "windows":
        yield f"{says} is of Windows, and the hosts' roles are of Linux: name another."
    if found.get("RootDeviceType", "ebs") != "ebs":
        yield f"{says} has no root volume in EBS, which cannot be encrypted: name another."
        return
    device = found.get("RootDeviceName", wanted.instance_root_device)
    if device != wanted.instance_root_device:
        yield (
            f"pipeline_instance_root_device is '{wanted.instance_root_device}', and the root device of "
            f"{found['ImageId']} is "
            f"{device}: set pipeline_instance_root_device to that."
        )
    least = max(
        (
            each["Ebs"].get("VolumeSize", 0)
            for each in found.get("BlockDeviceMappings", [])
            if each.get("DeviceName") == device and "Ebs" in each
        ),
        default=0,
    )
    if wanted.instance_volume_size < least:
        yield (
            f"pipeline_instance_volume_size is '{wanted.instance_volume_size}', and the root volume of "
            f"{found['ImageId']} has "
            f"{least} GiB: set it to {least} or more."
        )


def quotas(wanted: Wanted, seen: Seen) -> Iterator[str]:
    addresses, most = there(seen, "addresses"), there(seen, "address_quota")
    if addresses is not None and most is not None:
        staying = {each["InstanceId"] for each in _staying(wanted, seen)}
        free = [
            each
            for each in ours(wanted, addresses)
            if not each.get("InstanceId") or each["InstanceId"] in staying
        ]
        new = max(0, wanted.instance_count - len(free))
        if new and len(addresses) + new > most:
            yield (
                f"pipeline_instance_count is '{wanted.instance_count}': {new} more Elastic IPs beside the "
                f"{len(addresses)} "
                f"of this account are more than its quota of {most:.0f} in {wanted.region}. Release some, or "
                "ask for "
                "more: quota L-0263D0A3 of service ec2 in Service Quotas."
            )
    instances, kind, most = (
        there(seen, "instances"),
        there(seen, "instance_type"),
        there(seen, "instance_quota"),
    )
    if instances is not None and kind and most is not None:
        new = max(0, wanted.instance_count - len(_staying(wanted, seen))) * kind["VCpuInfo"]["DefaultVCpus"]
        used = sum(cpus(each) for each in instances if each["InstanceType"][0] in STANDARD_FAMILIES)
        if new and used + new > most:
            yield (
                f"pipeline_instance_count is '{wanted.instance_count}' and pipeline_instance_type is "
                f"'{wanted.instance_type}': {new} more vCPUs beside the {used} in use are more than the "
                "quota of "
                f"{most:.0f} in {wanted.region}. Take fewer or smaller instances, or ask for more: quota "
                "L-1216C47A of "
                "service ec2 in Service Quotas."
            )


def _staying(wanted: Wanted, seen: Seen) -> list[Mapping[str, Any]]:
    """Instances that the settings keep: others end when new ones, with addresses of their own, serve."""
    image = there(seen, "image") if wanted.instance_replace else None
    return [
        each
        for each in ours(wanted, there(seen, "instances") or [])
        if each["InstanceType"] == wanted.instance_type
        and (not wanted.vpc_subnet_id or each.get("SubnetId", wanted.vpc_subnet_id) == wanted.vpc_subnet_id)
        and (not image or each.get("ImageId", image["ImageId"]) == image["ImageId"])
    ]


def cpus(instance: Mapping[str, Any]) -> int:
    """The vCPUs of an instance that runs; others count for no quota."""
    options = instance.get("CpuOptions", {})
    running = instance["State"]["Name"] in {"pending", "running"}
    return int(options.get("CoreCount", 0)) * int(options.get("ThreadsPerCore", 1)) if running else 0


def network(wanted: Wanted, seen: Seen) -> Iterator[str]:
    if wanted.fleet:
        return
    found = there(seen, "subnet")
    if missing(seen, "subnet"):
        if wanted.vpc_subnet_id:
            yield (
                f"pipeline_vpc_subnet_id is '{wanted.vpc_subnet_id}': {wanted.region} has no such subnet. "
                "Name another."
            )
        else:
            yield (
                f"The account has no default VPC in {wanted.region}: name a VPC and a public subnet of it in "
                "pipeline_vpc_id "
                "and pipeline_vpc_subnet_id, or make one with aws ec2 create-default-vpc."
            )
    elif found and wanted.vpc_id and found["VpcId"] != wanted.vpc_id:
        yield (
            f"pipeline_vpc_subnet_id is '{wanted.vpc_subnet_id}', a subnet of {found['VpcId']}, and "
            "pipeline_vpc_id is "
            f"'{wanted.vpc_id}': name a subnet of that VPC."
        )
    if found:
        yield from _of_subnet(wanted, seen, found)


def _of_subnet(wanted: Wanted, seen: Seen, found: Mapping[str, Any]) -> Iterator[str]:
    """Whether instances can be launched in a subnet that is there."""
    offers, zone_name = there(seen, "offers"), found.get("AvailabilityZone", "")
    if offers and there(seen, "instance_type") and zone_name not in offers:
        yield (
            f"pipeline_instance_type is '{wanted.instance_type}', which {zone_name} does not offer, "
            "where the subnet "
            f"{found['SubnetId']} (pipeline_vpc_subnet_id) is: name a subnet in "
            f"{', '.join(sorted(offers))}, or another "
            "type."
        )
    new = max(0, wanted.instance_count - len(ours(wanted, there(seen, "instances") or [])))
    free = found.get("AvailableIpAddressCount", new)
    if free < new:
        yield (
            f"pipeline_instance_count is '{wanted.instance_count}': the subnet {found['SubnetId']} "
            "(pipeline_vpc_subnet_id) "
            f"has {free} free addresses for {new} more instances. Name a larger subnet, or take fewer."
        )
