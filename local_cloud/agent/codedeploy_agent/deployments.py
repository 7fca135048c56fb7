"""Carries out one command of a deployment: download, install, or the hooks of an event.

Everything lies where the real agent has it:

    <root>/<group id>/<deployment id>/{bundle.tar,deployment-archive,logs/scripts.log}
    <root>/deployment-instructions/<group id>{-install.json,-cleanup}
    <root>/deployment-instructions/<group id>{_last_successful_install,_most_recent_install}
    <root>/ongoing-deployment/<deployment id>
"""

from __future__ import annotations

import logging
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING

from . import appspec, bundle, hooks, installer
from .errors import AgentError

if TYPE_CHECKING:
    from .specification import Specification

log = logging.getLogger(__name__)

_STALE = 86400
"""Seconds after which an interrupted command is no longer reported."""


class Executor:
    """Deployments below `root`; `max_revisions` of a group are kept."""

    def __init__(self, root: Path, max_revisions: int, source: bundle.Source) -> None:
        self._root = root
        self._instructions = root / "deployment-instructions"
        self._max_revisions = max_revisions
        self._source = source

    def execute(self, command: str, specification: Specification) -> None:
        """Carries out one command by its name. Raises AgentError and ScriptError."""
        self._directory(specification).mkdir(parents=True, exist_ok=True)
        if command == "DownloadBundle":
            self._download(specification)
        elif command == "Install":
            self._install(specification)
        elif command in hooks.EVENTS:
            hook = self._hook(command, specification)
            if hook:
                hook.run()
        else:
            raise AgentError(f"Unsupported command type: {command}.")

    def is_noop(self, command: str, specification: Specification) -> bool:
        """Whether a command would run no script. Raises AgentError for a broken appspec."""
        if command in ("DownloadBundle", "Install"):
            return False
        if command not in hooks.EVENTS:
            return True
        hook = self._hook(command, specification)
        return hook is None or hook.is_noop

    def _download(self, specification: Specification) -> None:
        self._prune(specification)
        bundle.fetch(specification, self._directory(specification), self._source)
        self._remember("most_recent_install", specification)

    def _install(self, specification: Specification) -> None:
        self._instructions.mkdir(parents=True, exist_ok=True)
        archive = self._directory(specification) / "deployment-archive"
        path = appspec.locate(archive, specification.appspec_filename, install=True)
        installer.install(
            appspec.read(path),
            archive,
            self._instructions,
            specification.group_id,
            specification.file_exists_behavior,
        )
        self._remember("last_successful_install", specification)

    def _hook(self, event: str, specification: Specification) -> hooks.Hook | None:
        """The scripts for an event, of the revision that they belong to; None = there is no such revision."""
        revision = self._revision_for(event, specification)
        if revision is None:
            return None
        path = appspec.locate(revision / "deployment-archive", specification.appspec_filename)
        return hooks.Hook(
            event=event,
            deployment_id=specification.deployment_id,
            revision=revision,
            deployment=self._directory(specification),
            appspec=appspec.read(path),
            environment={
                "LIFECYCLE_EVENT": event,
                "DEPLOYMENT_ID": specification.deployment_id,
                "APPLICATION_NAME": specification.application,
                "DEPLOYMENT_GROUP_NAME": specification.group,
                "DEPLOYMENT_GROUP_ID": specification.group_id,
                **specification.bundle_environment,
            },
        )

    def _revision_for(self, event: str, specification: Specification) -> Path | None:
        current = self._directory(specification)
        rolled_back = (specification.creator, specification.type) == ("codeDeployRollback", "BLUE_GREEN")
        if rolled_back and event in ("BeforeBlockTraffic", "AfterBlockTraffic"):
            return self._recall("most_recent_install", specification)
        from_last = event in hooks.FROM_LAST_SUCCESSFUL or (
            rolled_back and event in ("BeforeAllowTraffic", "AfterAllowTraffic")
        )
        if from_last and not (current / "deployment-archive").exists():
            return self._recall("last_successful_install", specification)
        return current

    def _directory(self, specification: Specification) -> Path:
        return self._root / specification.group_id / specification.deployment_id

    def _remember(self, what: str, specification: Specification) -> None:
        self._instructions.mkdir(parents=True, exist_ok=True)
        path = self._instructions / f"{specification.group_id}_{what}"
        path.write_text(str(self._directory(specification)))

    def _recall(self, what: str, specification: Specification) -> Path | None:
        path = self._instructions / f"{specification.group_id}_{what}"
        return Path(path.read_text().strip()) if path.exists() else None

    def _prune(self, specification: Specification) -> None:
        """Makes room for the new revision. The last successful one never goes."""
        current = self._directory(specification)
        others = [path for path in current.parent.iterdir() if path != current]
        extra = len(others) - self._max_revisions + 1
        if extra <= 0:
            return
        last = self._recall("last_successful_install", specification)
        oldest = sorted((path for path in others if path != last), key=lambda path: path.stat().st_mtime)
        for path in oldest[:extra]:
            log.debug("Delete Files %s", path)
            shutil.rmtree(path)


class Ongoing:
    """Files that tell, after a crash, which command was being carried out."""

    def __init__(self, root: Path) -> None:
        self._directory = root / "ongoing-deployment"

    def begin(self, deployment_id: str, command: str) -> None:
        """`command` is a host command identifier."""
        self._directory.mkdir(parents=True, exist_ok=True)
        (self._directory / deployment_id).write_text(command)

    def end(self, deployment_id: str, command: str) -> None:
        """The command is over, however it went. The next one may have begun already: its file stays."""
        path = self._directory / deployment_id
        if path.exists() and path.read_text() == command:
            path.unlink()

    def interrupted(self) -> str | None:
        """The most recent host command identifier that was never finished, if it is not stale."""
        if not self._directory.is_dir():
            return None
        files = [path for path in self._directory.iterdir() if time.time() - path.stat().st_mtime <= _STALE]
        if not files:
            return None
        return max(files, key=lambda path: path.stat().st_mtime).read_text()

    def clear(self) -> None:
        """Forgets everything."""
        shutil.rmtree(self._directory, ignore_errors=True)
