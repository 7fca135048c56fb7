"""What every part of the backend stands on."""

from typing import Any

from moto.core.base_backend import BaseBackend, backend_lock


class CodeDeployBase(BaseBackend):
    """One account and region. Whoever reads or writes holds `lock`.

    It is moto's own lock, which every look at another service's state takes, and a reset holds: a
    second lock beside it could only be taken in the wrong order.
    """

    lock: Any = backend_lock

    def arn(self, resource: str) -> str:
        return f"arn:{self.partition}:codedeploy:{self.region_name}:{self.account_id}:{resource}"
