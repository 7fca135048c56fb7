# ruff: noqa: ANN401 - moto's objects are duck-typed
"""Where moto's instances are not as EC2's: how they end, become running, and what their status checks say."""

from collections.abc import Callable
from copy import copy
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models.elastic_block_store import Volume
from moto.ec2.models.instances import Instance, InstanceBackend

Health = Callable[[str], str]
"""By an instance's id: ok, initializing or impaired."""

_PENDING, _RUNNING = ("pending", 0), ("running", 16)
_REACHABILITY = {"ok": "passed", "initializing": "initializing", "impaired": "failed"}

_original_start, _original_stop = Instance.start, Instance.stop
_original_terminate = Instance.terminate
_original_modify = InstanceBackend.modify_instance_attribute
_original_volume = Volume.__init__
_health: Health = lambda _: "ok"  # noqa: E731 - replaced by `answer_with`


def terminate(instance: Any) -> Any:
    """Its Elastic IPs are free for the next one; those of an interface that was attached stay with that.

    Ending what has ended succeeds and changes nothing (TerminateInstances): who lost the answer calls again.
    """
    if instance.state == "terminated":
        return copy(instance._state)  # noqa: SLF001 - moto's own answer
    for address in instance.ec2_backend.addresses:
        if address.instance is instance:
            address.instance = address.eni = address.association_id = None
    return _original_terminate(instance)


def start(instance: Any) -> Any:
    """Not one that has ended. One that was stopped is launched anew, on other hardware, and says so."""
    _refuse_ended(instance, "started")
    if instance.state == "stopped":
        instance.launch_time = utcnow()
    return _original_start(instance)


def stop(instance: Any) -> Any:
    """Not one that has ended."""
    _refuse_ended(instance, "stopped")
    return _original_stop(instance)


def _refuse_ended(instance: Any, wanted: str) -> None:
    if instance.state in {"shutting-down", "terminated"}:
        raise EC2ClientError(
            "IncorrectInstanceState",
            f"The instance '{instance.id}' is not in a state from which it can be {wanted}.",
        )


def modify(backend: Any, instance_id: str, key: str, value: Any) -> Any:
    """A type is that of a machine: another one is for an instance that is stopped."""
    instance = backend.get_instance(instance_id)
    if key == "instance_type" and instance.state != "stopped":
        raise EC2ClientError(
            "IncorrectInstanceState", f"The instance '{instance_id}' is not in the 'stopped' state."
        )
    return _original_modify(backend, instance_id, key, value)


def make_volume(volume: Any, *arguments: Any, **named: Any) -> None:
    """One that is of no snapshot says so, where moto leaves the member out."""
    _original_volume(volume, *arguments, **named)
    volume.snapshot_id = volume.snapshot_id or ""


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
    (Instance, "start", start),
    (Instance, "stop", stop),
    (Instance, "terminate", terminate),
    (InstanceBackend, "modify_instance_attribute", modify),
    (Instance, "instance_status", property(status)),
    (Instance, "system_status", property(status)),
    (Volume, "__init__", make_volume),
)
