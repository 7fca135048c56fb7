# ruff: noqa: ANN401 - moto's objects are duck-typed
"""Where moto's instances and addresses are not as EC2's: methods that take the place of moto's.

`moto_changes` puts them there.
"""

from collections.abc import Callable
from typing import Any

from moto.ec2.models import ec2_backends
from moto.ec2.models.elastic_block_store import Volume
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.models.iam_instance_profile import (
    IamInstanceProfileAssociation,
    IamInstanceProfileAssociationBackend,
)
from moto.ec2.models.instances import Instance
from moto.ec2.models.subnets import Subnet
from moto.ec2.utils import random_iam_instance_profile_association_id

Health = Callable[[str], str]
"""By an instance's id: ok, initializing or impaired."""

_PENDING, _RUNNING = ("pending", 0), ("running", 16)
_REACHABILITY = {"ok": "passed", "initializing": "initializing", "impaired": "failed"}

_original_terminate = Instance.terminate
_original_stop = NetworkInterface.stop
_original_assign = NetworkInterface.check_auto_public_ip
_original_address = Subnet.get_available_subnet_ip
_original_volume = Volume.__init__
_original_association = IamInstanceProfileAssociation.__init__
_original_replace = IamInstanceProfileAssociationBackend.replace_iam_instance_profile_association
_health: Health = lambda _: "ok"  # noqa: E731 - replaced by `answer_with`


def terminate(instance: Any) -> Any:
    """Its Elastic IPs are free for the next one; those of an interface that was attached stay with that."""
    for address in instance.ec2_backend.addresses:
        if address.instance is instance:
            address.instance = address.eni = address.association_id = None
    return _original_terminate(instance)


def stop_interface(interface: Any) -> None:
    """An Elastic IP stays through a stop."""
    if not _elastic(interface):
        _original_stop(interface)


def assign_public_ip(interface: Any) -> None:
    """At each start another public address, but for an Elastic IP."""
    if not _elastic(interface):
        _original_assign(interface)


def _elastic(interface: Any) -> bool:
    """Is its public address an Elastic IP? Whoever disassociates one takes the address away first."""
    addresses = interface.ec2_backend.addresses
    return any(address.eni is interface and address.public_ip == interface.public_ip for address in addresses)


def make_volume(volume: Any, *arguments: Any, **named: Any) -> None:
    """One that is of no snapshot says so, where moto leaves the member out."""
    _original_volume(volume, *arguments, **named)
    volume.snapshot_id = volume.snapshot_id or ""


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


def free_private_ip(subnet: Any, instance: Any) -> str:
    """An address that no instance of another region has: all regions' hosts are on one network here."""
    used = {
        interface.private_ip_address
        for regions in ec2_backends.values()
        for backend in regions.values()
        if backend is not subnet.ec2_backend
        for interface in backend.enis.values()
    }
    address: str = _original_address(subnet, instance)
    while address in used:
        address = _original_address(subnet, instance)
    return address


def begin_pending(instance: Any) -> None:
    """Until its host has been started."""
    instance._state.name, instance._state.code = _PENDING  # noqa: SLF001 - moto has no other way


def host_has_started(instance: Any) -> None:
    """Whatever came of it: its status checks tell."""
    if instance.state == _PENDING[0]:
        instance._state.name, instance._state.code = _RUNNING  # noqa: SLF001 - moto has no other way


def answer_with(health: Health) -> None:
    """From now on status checks are what `health` says."""
    global _health  # noqa: PLW0603 - moto's classes have no place for it
    _health = health


def status(instance: Any) -> dict[str, Any]:
    """Both status checks: there is no hardware here that could fail by itself."""
    if instance.state_code != _RUNNING[1]:
        return {"Status": "not-applicable"}
    health = _health(instance.id)
    return {"Details": [{"Name": "reachability", "Status": _REACHABILITY[health]}], "Status": health}


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (Instance, "terminate", terminate),
    (Instance, "instance_status", property(status)),
    (Instance, "system_status", property(status)),
    (NetworkInterface, "stop", stop_interface),
    (NetworkInterface, "check_auto_public_ip", assign_public_ip),
    (Subnet, "get_available_subnet_ip", free_private_ip),
    (Volume, "__init__", make_volume),
    (IamInstanceProfileAssociation, "__init__", associate_profile),
    (IamInstanceProfileAssociationBackend, "replace_iam_instance_profile_association", replace_profile),
)
