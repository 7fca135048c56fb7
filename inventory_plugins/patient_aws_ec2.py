# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""amazon.aws.aws_ec2, asked again where the way to AWS failed.

Inventory is read before there is a play: neither the environment of plays nor the tries of tasks reach it.
"""

from __future__ import annotations

DOCUMENTATION = r"""
---
name: patient_aws_ec2
short_description: Read an aws_ec2.yml again where the way to AWS failed
description:
  - Reads what is written for P(amazon.aws.aws_ec2#inventory) with that plugin, several times where it fails.
  - ansible.cfg puts it before the plugin C(auto), which would read it once.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
"""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible import constants as C  # noqa: N812 - as everywhere in Ansible
from ansible.errors import AnsibleError
from ansible.plugins.inventory import BaseInventoryPlugin
from ansible.plugins.loader import inventory_loader
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from ansible.inventory.data import InventoryData
    from ansible.parsing.dataloader import DataLoader

PLUGIN = "amazon.aws.aws_ec2"
PAUSES = (1, 2, 4, 4)  # seconds between tries
PASSING = (
    "Unable to parse response",
    "Connection was closed",
    "timeout on endpoint URL",
    "RequestLimitExceeded",
    "InternalError",
    "Unavailable",
)
"""What is said where only the way was at fault, or the service for a moment."""
ENDED = 1  # the exit status of ansible-playbook where an inventory cannot be read
LOG_IN = "Log in with aws sso login{profile}, and run it again."
WAYS_OUT = {
    ("NoCredentialsError", "PartialCredentialsError", "NoAuthTokenError"): (
        "Name a profile in AWS_PROFILE (aws configure list-profiles lists them), or set AWS_ACCESS_KEY_ID "
        "and AWS_SECRET_ACCESS_KEY."
    ),
    ("ProfileNotFound", "InvalidConfigError", "ConfigParseError", "InfiniteLoopConfigError"): (
        "Name another profile in AWS_PROFILE (aws configure list-profiles lists them), or mend ~/.aws/config."
    ),
    (
        "SSOError",
        "SSOTokenLoadError",
        "TokenRetrievalError",
        "UnauthorizedException",
        "UnauthorizedSSOTokenError",
        "PendingAuthorizationExpiredError",
    ): LOG_IN,
    ("LoginError", "LoginRefreshRequired", "LoginTokenLoadError", "LoginInsufficientPermissions"): (
        "Log in with aws login{profile}, and run it again."
    ),
    ("ExpiredToken", "ExpiredTokenException", "RequestExpired"): (
        "The session is over: log in again (aws sso login{profile}, aws login{profile}, or as you got it). "
        "Where it is new, check this machine's clock."
    ),
    (
        "CredentialRetrievalError",
        "MetadataRetrievalError",
    ): "Check where the profile has its credentials from.",
    (
        "MissingDependencyException",
    ): "Install that beside Ansible, or take a profile of another kind in AWS_PROFILE.",
    (
        "AuthFailure",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    ): (
        "Check the access key and its secret (AWS_PROFILE, AWS_ACCESS_KEY_ID), the region, and this "
        "machine's clock."
    ),
    ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation"): (
        "Take a role that may look at instances: docs/iam.md has its policies."
    ),
    (
        "ConnectTimeoutError",
        "ConnectionClosedError",
        "EndpointConnectionError",
        "ProxyConnectionError",
        "ReadTimeoutError",
        "SSLError",
    ): "Check the network, the region and the endpoint; the local cloud is started with make demo.",
    ("InvalidRegionError", "NoRegionError"): "Name a region under regions.",
}
"""What to do, by the API's error code or botocore's exception."""


def explained(error: BaseException) -> tuple[str, str]:
    """What botocore says in one line, without a full stop, and what to do about it."""
    cause: BaseException = error
    while not isinstance(cause, BotoCoreError | ClientError) and (cause.__cause__ or cause.__context__):
        cause = cause.__cause__ or cause.__context__ or cause
    code = type(cause).__name__
    words = str(cause)
    if isinstance(cause, ClientError):
        told = cause.response.get("Error", {})
        code, words = str(told.get("Code", "")), f"{told.get('Message', '')} ({told.get('Code', '')})"
    profile = os.environ.get("AWS_PROFILE") or os.environ.get("AWS_DEFAULT_PROFILE") or ""
    named = f" --profile {profile}" if profile else ""
    way_out = next(
        (way for codes, way in WAYS_OUT.items() if code in codes), "Check AWS_PROFILE and the region."
    )
    return " ".join(words.split()).rstrip(".:"), way_out.format(profile=named)


def relative(path: str) -> str:
    """A path as a user would write it."""
    return os.path.relpath(path) if path.startswith(str(Path.cwd())) else path


class InventoryModule(BaseInventoryPlugin):  # type: ignore[misc] # Ansible has no types
    """What Ansible loads."""

    NAME = "patient_aws_ec2"

    def _give_up(self, error: Exception, path: str) -> None:
        """End the run with the cause and the way out: the next plugins would each say that it is not theirs.

        Returns where all is to be shown, or where a run may go on without an inventory.
        """
        if self.display.verbosity or not C.INVENTORY_ANY_UNPARSED_IS_FAILED:
            return
        words, way_out = explained(error)
        self.display.error(
            f"{relative(path)} cannot ask AWS for the hosts: {words}. {way_out} (-v says more.)"
        )
        raise SystemExit(ENDED)

    def verify_file(self, path: str) -> bool:
        """Whether it is a file for aws_ec2."""
        return bool(super().verify_file(path)) and path.endswith(("aws_ec2.yml", "aws_ec2.yaml"))

    def parse(self, inventory: InventoryData, loader: DataLoader, path: str, cache: Any = True) -> None:  # noqa: ANN401 - as the base's
        """Have aws_ec2 read it. Raises what the last try raised."""
        for pause in (*PAUSES, None):
            plugin = inventory_loader.get(PLUGIN)
            if plugin is None:
                raise AnsibleError(f"{path} needs the collection amazon.aws (requirements.yml).")
            try:
                plugin.parse(inventory, loader, path, cache=cache)
            except Exception as error:  # what a cut answer raises has no class of its own
                if pause is None or not any(words in str(error) for words in PASSING):
                    self._give_up(error, path)
                    raise
                time.sleep(pause)
            else:
                # It has one only where the file asks for it.
                if plugin.get_option("cache"):
                    plugin.update_cache_if_changed()
                return
