"""GetConsoleOutput answers with what the host wrote to its console; moto has one text for all."""

from collections.abc import Callable

from moto.core.responses import ActionResult
from moto.core.types import Base64EncodedString
from moto.core.utils import utcnow
from moto.ec2.responses.general import General

KEPT = 64 * 1024
"""Bytes, the last ones, as on EC2."""


def answer_with(read: Callable[[str], str]) -> None:
    """From now on the console of an instance is what `read` gives for its id."""

    def get_console_output(self: General) -> ActionResult:
        instance = self.ec2_backend.get_instance(self._get_param("InstanceId"))
        text = read(instance.id).encode()[-KEPT:].decode(errors="replace")
        return ActionResult(
            {
                "InstanceId": instance.id,
                "Timestamp": utcnow(),
                "Output": Base64EncodedString.from_raw_string(text),
            }
        )

    General.get_console_output = get_console_output  # type: ignore[method-assign] # moto has no way to add to it
