"""Brings a revision to the host and unpacks it."""

from __future__ import annotations

import logging
import shutil
import subprocess
import time
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from . import https, ruby
from .errors import AgentError
from .protocol import domain
from .signing import sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from .metadata import Identity
    from .specification import Specification

log = logging.getLogger(__name__)

_GITHUB = "https://api.github.com"
_DISK_FULL = 50
"""unzip's exit status."""
_RETRY_AFTER = (10, 30, 90)
"""Seconds between the attempts to download from GitHub."""


@dataclass(frozen=True)
class Source:
    """How bundles are reached. `s3_endpoint` overrides the region's; `wait` takes seconds."""

    identity: Identity
    proxy: str | None = None
    s3_endpoint: str | None = None
    github: str = _GITHUB
    wait: Callable[[float], object] = time.sleep


def fetch(specification: Specification, directory: Path, source: Source) -> None:
    """Puts the revision into `directory`: `bundle.tar` and `deployment-archive`. Raises AgentError."""
    archive, bundle = directory / "deployment-archive", directory / "bundle.tar"
    kind, revision = specification.revision_type, specification.revision
    bundle_type = revision.get("BundleType") or "tar"
    if kind == "Local Directory" or bundle_type == "directory":
        with ruby.calling("rb_check_realpath_internal", revision["Location"]):
            shutil.copytree(revision["Location"], archive, symlinks=True)
        return
    if kind == "S3":
        _from_s3(specification, bundle, source)
    elif kind == "GitHub":
        _from_github(specification, bundle_type, bundle, source)
        # GitHub's tarballs are compressed; tar finds that out by itself.
    else:
        bundle.unlink(missing_ok=True)
        bundle.symlink_to(revision["Location"])
    shutil.rmtree(archive, ignore_errors=True)
    unpack(bundle, bundle_type, archive)
    _strip_leading_directory(archive)


def unpack(bundle: Path, bundle_type: str, archive: Path) -> None:
    """Unpacks tar, tgz or zip into `archive`. Raises AgentError."""
    archive.mkdir(parents=True, exist_ok=True)
    if bundle_type == "zip":
        _unzip(bundle, archive)
        return
    flags = "-zxpsf" if bundle_type == "tgz" else "-xpsf"
    done = subprocess.run(
        ["/bin/tar", flags, str(bundle), "-C", str(archive)], capture_output=True, check=False
    )
    log.debug("Command output: %s", done.stderr.decode(errors="replace"))
    if done.returncode:
        raise AgentError(f"Error extracting tar archive: {done.returncode}")


def _unzip(bundle: Path, archive: Path) -> None:
    if shutil.which("unzip"):
        done = subprocess.run(
            ["unzip", "-qo", str(bundle), "-d", str(archive)], capture_output=True, check=False
        )
        if done.returncode == 0:
            return
        if done.returncode == _DISK_FULL:
            raise AgentError("The disk is (or was) full during extraction.")
        log.warning("Encountered non-zero exit code with default system unzip util.")
    try:
        _unzip_here(bundle, archive)
    except zipfile.BadZipFile as error:
        raise AgentError("Zip end of central directory signature not found") from error


def _unzip_here(bundle: Path, archive: Path) -> None:
    with zipfile.ZipFile(bundle) as content:
        for entry in content.infolist():
            path = content.extract(entry, archive)
            mode = entry.external_attr >> 16 & 0o7777
            if mode:
                Path(path).chmod(mode)


def _strip_leading_directory(archive: Path) -> None:
    entries = list(archive.iterdir())
    if len(entries) != 1 or not entries[0].is_dir():
        return
    if not any("appspec" in entry.name.lower() for entry in entries[0].iterdir()):
        return
    log.info("Stripping leading directory from archive bundle contents.")
    outer = archive.with_name("deployment-archive-temp")
    shutil.rmtree(outer, ignore_errors=True)
    archive.rename(outer)
    (outer / entries[0].name).rename(archive)
    outer.rmdir()


def _from_s3(specification: Specification, bundle: Path, source: Source) -> None:
    revision, region = specification.revision, source.identity.region
    endpoint = source.s3_endpoint or f"https://s3.{region}.{domain(region)}"
    version = f"?versionId={quote(revision['Version'], safe='')}" if revision.get("Version") else ""
    url = f"{endpoint.rstrip('/')}/{revision['Bucket']}/{quote(revision['Key'])}{version}"
    headers = sign(
        source.identity.credentials(),
        method="GET",
        url=url,
        headers={},
        body=b"",
        region=region,
        service="s3",
    )
    try:
        etag = _download(url, headers, bundle, source)
    except urllib.error.HTTPError as error:
        raise AgentError(_s3_message(error)) from error
    expected = (revision.get("ETag") or "").replace('"', "")
    if expected and expected != etag.replace('"', ""):
        message = f"Expected deployment artifact bundle etag {revision['ETag']} but was actually {etag}"
        log.error(message)
        raise AgentError(message)


def _s3_message(error: urllib.error.HTTPError) -> str:
    """The text of S3's answer, which is XML."""
    body = error.read().decode(errors="replace")
    return body.partition("<Message>")[2].partition("</Message>")[0] or f"{error.code} {error.reason}"


def _from_github(specification: Specification, bundle_type: str, bundle: Path, source: Source) -> None:
    revision = specification.revision
    formats = {"tar": "tarball", "zip": "zipball"}
    if bundle_type not in formats:
        raise AgentError(
            f"GitHub revision specified with bundle_type other than zip or tar [bundle_type={bundle_type}"
        )
    path = f"{revision['Account']}/{revision['Repository']}/{formats[bundle_type]}/{revision['CommitId']}"
    url = f"{source.github}/repos/{path}"
    token = specification.github_token
    headers = {"Authorization": f"token {token}"} if token else {}
    answers: list[str] = []
    while True:
        log.info("Requesting URL: '%s'", url)
        try:
            _download(url, headers, bundle, source)
        except urllib.error.HTTPError as error:
            log.exception(
                "Could not download bundle at '%s'. Server returned code %s '%s'",
                url,
                error.code,
                error.reason,
            )
            answers.append(f"{error.code} '{error.reason}'")
            if len(answers) > len(_RETRY_AFTER):
                raise AgentError(
                    f"Could not download bundle at '{url}' after {len(_RETRY_AFTER)} retries."
                    f" Server returned codes: {'; '.join(answers)}."
                ) from error
            source.wait(_RETRY_AFTER[len(answers) - 1])
        else:
            return


def _download(url: str, headers: dict[str, str], bundle: Path, source: Source) -> str:
    """Streams `url` to `bundle`; returns its ETag. Raises HTTPError, and AgentError where nobody answers."""
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - https, or what the configuration names
    try:
        with https.opener(source.proxy).open(request, timeout=80) as response, bundle.open("wb") as file:
            shutil.copyfileobj(response, file)
            return response.headers.get("ETag") or ""
    except urllib.error.HTTPError:
        raise
    except OSError as error:
        raise AgentError(f"Could not download bundle at '{url}': {ruby.message(error)}") from error
