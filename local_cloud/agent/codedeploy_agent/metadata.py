"""Who this host is and with which keys it calls AWS: instance metadata, or the on-premises file."""

from __future__ import annotations

import calendar
import configparser
import http
import json
import logging
import threading
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Protocol

from . import config, psych
from .errors import AgentError
from .signing import Credentials

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger(__name__)

ADDRESS = "http://169.254.169.254"
_TOKEN_SECONDS = 21600
_TIMEOUT = 5
_RENEW_BEFORE = 300
"""Seconds: keys that are as near to their end are fetched anew."""

# Metadata is a link-local address: no proxy of the environment may be asked for it.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class MissingCredentialsError(AgentError):
    """The host has no role."""


class Identity(Protocol):
    """A host, as the service knows it."""

    @property
    def region(self) -> str: ...

    @property
    def host_identifier(self) -> str: ...

    def credentials(self) -> Credentials:
        """Keys that are valid now. Raises MissingCredentialsError."""
        ...


class InstanceIdentity:
    """An EC2 instance: IMDSv2 tells everything."""

    def __init__(self, address: str = ADDRESS) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._token = ""
        self._token_until = 0.0
        self._credentials: Credentials | None = None
        self._document: dict[str, str] | None = None
        self._identifier = ""

    @property
    def region(self) -> str:
        return self._identity()["region"]

    @property
    def host_identifier(self) -> str:
        """The instance's ARN. It is asked for once: an agent goes on without metadata while it has keys."""
        if not self._identifier:
            document = self._identity()
            partition = self._get("/latest/meta-data/services/partition") or "aws"
            account = f"{document['region']}:{document['accountId']}"
            self._identifier = f"arn:{partition}:ec2:{account}:instance/{document['instanceId']}"
        return self._identifier

    def credentials(self) -> Credentials:
        with self._lock:
            known = self._credentials
            if known and known.expires and known.expires - time.time() > _RENEW_BEFORE:
                return known
            self._credentials = self._fetch_credentials()
            return self._credentials

    def _identity(self) -> dict[str, str]:
        if self._document is None:
            text = self._get("/latest/dynamic/instance-identity/document")
            if text is None:
                raise AgentError("The instance metadata has no identity document")
            self._document = json.loads(text)
        return self._document

    def _fetch_credentials(self) -> Credentials:
        path = "/latest/meta-data/iam/security-credentials/"
        role = (self._get(path) or "").strip()
        keys = json.loads(self._get(path + role) or "{}") if role else {}
        if not keys.get("AccessKeyId"):
            raise MissingCredentialsError("unable to sign request without credentials set")
        return Credentials(
            keys["AccessKeyId"],
            keys["SecretAccessKey"],
            keys["Token"],
            calendar.timegm(time.strptime(keys["Expiration"], "%Y-%m-%dT%H:%M:%SZ")),
        )

    def _get(self, path: str) -> str | None:
        """None where there is no such item."""
        request = urllib.request.Request(self._address + path)  # noqa: S310 - a fixed http address
        request.add_header("X-aws-ec2-metadata-token", self._session())
        try:
            with _DIRECT.open(request, timeout=_TIMEOUT) as response:
                text: str = response.read().decode()
                return text
        except urllib.error.HTTPError as error:
            if error.code == http.HTTPStatus.NOT_FOUND:
                return None
            raise

    def _session(self) -> str:
        if time.monotonic() > self._token_until:
            request = urllib.request.Request(f"{self._address}/latest/api/token", method="PUT")  # noqa: S310 - as above
            request.add_header("X-aws-ec2-metadata-token-ttl-seconds", str(_TOKEN_SECONDS))
            with _DIRECT.open(request, timeout=_TIMEOUT) as response:
                self._token = response.read().decode()
            self._token_until = time.monotonic() + _TOKEN_SECONDS / 2
        return self._token


class OnPremisesIdentity:
    """A machine that was registered: its file names it and holds, or points to, its keys."""

    def __init__(self, path: Path) -> None:
        invalid = AgentError(
            "The deployment failed because the format of the following on-premises configuration file is"
            f" invalid: {path}"
        )
        try:
            document = psych.load(path.read_bytes())
        except psych.LoadError as error:
            raise invalid from error
        if not isinstance(document, dict):
            raise invalid
        self._settings = config.settings(document)
        if "iam_user_arn" in self._settings and "iam_session_arn" in self._settings:
            raise AgentError(
                "On Premises config cannot contain both 'iam_user_arn' and 'iam_session_arn' keys."
            )
        owner = "iam_user_arn" if "iam_user_arn" in self._settings else "iam_session_arn"
        needed = {
            "iam_user_arn": ("region", "aws_access_key_id", "aws_secret_access_key"),
            "iam_session_arn": ("iam_session_arn", "region", "aws_credentials_file"),
        }[owner]
        for name in needed:
            if not self._settings.get(name):
                raise AgentError(f"'{name}' key is required when '{owner}' is provided.")
        self.region = str(self._settings["region"])
        self.host_identifier = str(self._settings[owner])

    def credentials(self) -> Credentials:
        if "iam_user_arn" in self._settings:
            return Credentials(self._settings["aws_access_key_id"], self._settings["aws_secret_access_key"])
        keys = configparser.ConfigParser()
        keys.read(self._settings["aws_credentials_file"])
        if not keys.has_section("default"):
            raise MissingCredentialsError(
                f"Failed to load credentials from path {self._settings['aws_credentials_file']}"
            )
        section = keys["default"]
        return Credentials(
            section["aws_access_key_id"], section["aws_secret_access_key"], section.get("aws_session_token")
        )


def identify(on_premises_file: Path) -> Identity:
    """This host's identity: the on-premises file where there is one, else instance metadata."""
    if on_premises_file.is_file():
        return OnPremisesIdentity(on_premises_file)
    log.info("On Premises config file does not exist or not readable")
    return InstanceIdentity()
