# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is asked of them is private
"""Which security groups a network interface has: its own, and an instance's are those of its first one.

moto keeps a list at the instance and one at each interface, and calls both together the interface's, so
that a group that was replaced stays.
"""

from typing import Any

from moto.ec2.exceptions import InvalidSecurityGroupNotFoundError
from moto.ec2.models.elastic_network_interfaces import NetworkInterface, NetworkInterfaceBackend
from moto.ec2.models.instances import Instance, InstanceBackend

_original_prepare = Instance.prep_nics
_original_modify = NetworkInterfaceBackend.modify_network_interface_attribute


def prepare(instance: Any, *arguments: Any, **named: Any) -> None:
    """An instance that was launched without a group has that of its interface: the VPC's default one."""
    _original_prepare(instance, *arguments, **named)
    first = instance.nics.get(0)
    if first is not None:
        instance.security_groups = list(first._group_set)


def modify_groups_of_instance(backend: Any, instance_id: str, group_ids: list[str]) -> Any:
    """ModifyInstanceAttribute."""
    instance = backend.get_instance(instance_id)
    _set_groups(instance.nics[0], _groups(backend, group_ids))
    return instance


def modify_interface(backend: Any, eni_id: str, group_ids: list[str], *arguments: Any, **named: Any) -> None:
    """ModifyNetworkInterfaceAttribute."""
    groups = _groups(backend, group_ids)
    _original_modify(backend, eni_id, [], *arguments, **named)
    if groups:
        _set_groups(backend.get_network_interface(eni_id), groups)


def _groups(backend: Any, group_ids: list[str]) -> list[Any]:
    groups = []
    for group_id in dict.fromkeys(group_ids):
        group = backend.get_security_group_from_id(group_id)
        if group is None:
            raise InvalidSecurityGroupNotFoundError(group_id)
        groups.append(group)
    return groups


def _set_groups(interface: Any, groups: list[Any]) -> None:
    interface._group_set = groups
    if interface.instance is not None and interface.device_index == 0:
        interface.instance.security_groups = groups


def groups_of(interface: Any) -> list[Any]:
    """Its own, each once: moto puts an instance's into what a launch says of its interface."""
    return list(dict.fromkeys(interface._group_set))


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (Instance, "prep_nics", prepare),
    (InstanceBackend, "modify_instance_security_groups", modify_groups_of_instance),
    (NetworkInterfaceBackend, "modify_network_interface_attribute", modify_interface),
    (NetworkInterface, "group_set", property(groups_of)),
)
