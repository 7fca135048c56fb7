# ruff: noqa: ANN401 - botocore makes its clients' types as it runs
"""Clients by which a service of the local cloud calls the others, as a role that it was given.

Such calls go the way of everybody's: they need the role's rights, are noted, and change hosts.
"""

import os
import threading
from collections.abc import Callable
from datetime import UTC
from typing import Any

from botocore.config import Config
from botocore.credentials import RefreshableCredentials
from botocore.session import Session
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sts.models import sts_backends
from moto.utilities.utils import get_partition

SESSION_SECONDS = 3600
CONFIG = Config(
    # What a user of this machine has set for AWS is not meant.
    proxies={},
    retries={"total_max_attempts": 1},
    read_timeout=120,
)


class RoleClients:
    """Of one service, which names its sessions by `name`, and itself as AWS's are. `endpoint_url` says where
    the account answers; `turn` is held while moto's account is changed."""

    def __init__(self, name: str, endpoint_url: Callable[[], str], turn: threading.Lock) -> None:
        self._name = name
        self._config = CONFIG.merge(Config(user_agent=f"{name.lower()}.amazonaws.com"))
        self._endpoint_url = endpoint_url
        self._turn = turn
        nowhere = (None, None, os.devnull, None)
        self._session: Any = Session(
            session_vars={
                "profile": (None, None, None, None),
                "config_file": nowhere,
                "credentials_file": nowhere,
            }
        )
        self._making = threading.Lock()

    def client(self, role_arn: str, region: str, service: str) -> Any:
        """A botocore client, whose session is renewed as long as it is used."""

        def assume() -> dict[str, str]:
            return self._assume(role_arn, region)

        with self._making:
            self._session._credentials = RefreshableCredentials.create_from_metadata(  # noqa: SLF001 - as botocore's documentation of assumed roles does
                metadata=assume(), refresh_using=assume, method="sts-assume-role"
            )
            return self._session.create_client(
                service, region_name=region, endpoint_url=self._endpoint_url(), config=self._config
            )

    def _assume(self, role_arn: str, region: str) -> dict[str, str]:
        with self._turn:
            role = sts_backends[DEFAULT_ACCOUNT_ID][get_partition(region)].assume_role(
                region_name=region,
                role_session_name=self._name,
                role_arn=role_arn,
                policy="",
                duration=SESSION_SECONDS,
                external_id="",
            )
        return {
            "access_key": role.access_key_id,
            "secret_key": role.secret_access_key,
            "token": role.session_token,
            "expiry_time": role.expiration.replace(tzinfo=UTC).isoformat(),
        }
