# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A CodeDeploy application."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..aws.errors import ModuleError, refuse
from ..aws.transformations import merged_tags, to_tag_list
from . import api, tags
from .options import name_problems

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..aws.connection import Connection
    from ..aws.errors import Record


@dataclass(frozen=True)
class Application:
    """What a user asks of one application; None is "not asked for"."""

    connection: Connection
    name: str
    state: str = "present"
    new_name: str | None = None
    compute_platform: str | None = None
    tags: Mapping[str, Any] | None = None
    purge_tags: bool = True

    already_exists = "ApplicationAlreadyExistsException"
    managed = ("applicationName", "computePlatform", "tags")

    def check(self) -> None:
        """Refuse what AWS would refuse, before any call. Raises ModuleError."""
        refuse(name_problems({"name": self.name, "new_name": self.new_name}))

    def describe(self) -> Record | None:
        """Read it under its new name where one is given (it may have it already), else its name."""
        names = [self.new_name, self.name] if self.new_name and self.state == "present" else [self.name]
        client = self.connection.codedeploy
        for name in filter(None, names):
            info = api.get_application(client, {"applicationName": name})
            if info is not None:
                found = normalise(info)
                return found if self.tags is None else found | {"tags": tags.read(client, self._arn(name))}
        return None

    def desired(self, current: Record | None) -> Record | None:
        if self.state == "absent":
            return None
        name = self.new_name or self.name
        if current is None:
            wanted = {"applicationName": name, "computePlatform": self.compute_platform or "Server"}
            return wanted if self.tags is None else wanted | {"tags": merged_tags({}, self.tags, purge=False)}
        if self.compute_platform not in {None, current["computePlatform"]}:
            raise ModuleError(
                f"compute_platform: {self.name} is for {current['computePlatform']}; AWS cannot "
                f"change that to {self.compute_platform}. Choose another name, or delete it first."
            )
        wanted = {**current, "applicationName": name}
        if self.tags is None:
            return wanted
        return wanted | {"tags": merged_tags(current["tags"], self.tags, purge=self.purge_tags)}

    def apply(self, current: Record | None, wanted: Record | None) -> Record:
        client = self.connection.codedeploy
        if wanted is None:
            api.delete_application(client, {"applicationName": self.name})
        elif current is None:
            given = {"tags": to_tag_list(wanted["tags"])} if wanted.get("tags") else {}
            request = {key: wanted[key] for key in ("applicationName", "computePlatform")}
            api.create_application(client, request | given)
        else:
            name = wanted["applicationName"]
            if name != current["applicationName"]:
                renaming = {"applicationName": current["applicationName"], "newApplicationName": name}
                api.update_application(client, renaming)
            if self.tags is not None:
                tags.write(client, self._arn(name), current["tags"], wanted["tags"])
        return {}

    def _arn(self, name: str) -> str:
        return self.connection.arn("codedeploy", f"application:{name}")


def normalise(info: Record) -> dict[str, Any]:
    """GetApplication's answer, with the members that AWS leaves out where they say nothing."""
    defaults = {"computePlatform": "Server", "linkedToGitHub": False, "gitHubAccountName": None}
    return {**defaults, **info}
