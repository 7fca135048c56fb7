# ruff: noqa: ANN401 - moto's objects are duck-typed
"""Classic load balancers: one that is not there is refused, and an instance is in it once or not at all."""

from collections.abc import Iterable
from typing import Any

from moto.elb.exceptions import NoActiveLoadBalancerFoundError
from moto.elb.models import ELBBackend

LISTS = ("instance_sparse_ids", "instance_autoscaling_ids")
"""Where moto keeps who was registered, by users and by Auto Scaling."""


def _found(backend: Any, name: str) -> Any:
    if name not in backend.load_balancers:
        raise NoActiveLoadBalancerFoundError(name)
    return backend.load_balancers[name]


def register(
    backend: Any, load_balancer_name: str, instance_ids: Iterable[str], from_autoscaling: bool = False
) -> Any:
    balancer = _found(backend, load_balancer_name)
    known = {each for name in LISTS for each in getattr(balancer, name)}
    getattr(balancer, LISTS[from_autoscaling]).extend(each for each in instance_ids if each not in known)
    return balancer


def deregister(
    backend: Any,
    load_balancer_name: str,
    instance_ids: Iterable[str],
    from_autoscaling: bool = False,  # noqa: ARG001 - whoever registered it
) -> Any:
    balancer, leaving = _found(backend, load_balancer_name), set(instance_ids)
    for name in LISTS:
        setattr(balancer, name, [each for each in getattr(balancer, name) if each not in leaving])
    return balancer


REPLACED: tuple[tuple[Any, str, Any], ...] = (
    (ELBBackend, "register_instances", register),
    (ELBBackend, "deregister_instances", deregister),
)
