"""What EC2 asks of the hosts, read from moto's account; and what a host's own shutdown tells EC2."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.instance_types import INSTANCE_TYPES

from local_cloud.aws.moto.ec2 import instances as ec2_instances
from local_cloud.aws.moto.ec2.images import DEBIAN
from local_cloud.hosts.image import AMAZON_LINUX_2023, DEBIAN_12

RUNNING = "running"
GONE = "terminated"
ON = {"pending", RUNNING}


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """One instance as it should be.

    `power_cycle` is an object of moto's that is another one after each start and
    reboot: the only trace that RebootInstances leaves.
    """

    instance_id: str
    state: str
    private_ip: str
    public_ips: frozenset[str]
    distribution: str
    """Of the image that it was launched from."""
    content: str | None = None
    """Of that image, where it was made of a host."""
    hostname: str
    mac: str
    memory: int
    """MiB; 0 where the type is not known."""
    public_key: str | None
    """Line of authorized_keys; EC2 keeps it for the instance's life, whatever becomes of the key pair."""
    power_cycle: object = field(compare=False)


def wanted() -> dict[str, Wanted]:
    """Every instance of the account that is not terminated, in any region, by id."""
    return {instance.id: _wanted(instance) for instance in _instances() if instance.state != GONE}


def find(instance_id: str) -> Any:  # noqa: ANN401 - moto's Instance; moto has no types
    """moto's own record of an instance that is not terminated, or None."""
    for instance in _instances():
        if instance.id == instance_id and instance.state != GONE:
            return instance
    return None


def shut_down_by_host(instance_id: str) -> None:
    """The host switched itself off: EC2 stops or terminates the instance, as it was told at launch."""
    instance = find(instance_id)
    if instance is None or instance.state != RUNNING:
        return
    if instance.instance_initiated_shutdown_behavior == "terminate":
        instance.terminate()
    else:
        instance.stop()
    instance.state_reason.code = "Client.InstanceInitiatedShutdown"
    instance.state_reason.message = "Client.InstanceInitiatedShutdown: Instance initiated shutdown"


def host_has_started(instance_id: str) -> None:
    """A pending instance is running now, whether its host boots or not."""
    instance = find(instance_id)
    if instance is not None:
        ec2_instances.host_has_started(instance)


def _instances() -> Iterator[Any]:
    """A copy first at each level: the server's threads change them meanwhile."""
    for regions in list(ec2_backends.values()):
        for backend in list(regions.values()):
            for reservation in list(backend.reservations.values()):
                yield from list(reservation.instances)


def _wanted(instance: Any) -> Wanted:  # noqa: ANN401 - moto's Instance
    interface = instance.nics[0]
    return Wanted(
        instance_id=instance.id,
        state=RUNNING if instance.state in ON else instance.state,
        private_ip=interface.private_ip_address,
        public_ips=frozenset({interface.public_ip} if interface.public_ip else ()),
        distribution=_distribution(instance),
        content=getattr(instance.ec2_backend.amis.get(instance.image_id), "content", None),
        hostname=instance.private_dns_name,
        mac=interface.mac_address,
        memory=INSTANCE_TYPES.get(instance.instance_type, {}).get("MemoryInfo", {}).get("SizeInMiB", 0),
        public_key=_public_key(instance),
        power_cycle=instance.state_reason,
    )


def _distribution(instance: Any) -> str:  # noqa: ANN401 - moto's Instance
    """Debian where the image is Debian's own, or was made of such an instance; else Amazon Linux."""
    image = instance.ec2_backend.amis.get(instance.image_id)
    while image is not None and (hasattr(image, "instance") or hasattr(image, "copied_from")):
        copied = getattr(image, "copied_from", None)
        image = copied or image.ec2_backend.amis.get(image.instance.image_id)
    return DEBIAN_12.name if image is not None and image.owner_id == DEBIAN else AMAZON_LINUX_2023.name


def _public_key(instance: Any) -> str | None:  # noqa: ANN401 - moto's Instance
    pair = instance.ec2_backend.key_pairs.get(instance.key_name)
    return str(pair.public_key).strip() if pair else None
