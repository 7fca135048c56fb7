# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who approves jobs of an environment, and how long they wait: as GitHub shows it, as a PUT takes it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .errors import GitHubActionsError, MissingError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .api import Connection, Level

    Reviewer = Mapping[str, Any]

MOST_REVIEWERS = 6
LONGEST_WAIT = 43_200  # minutes
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(/[A-Za-z0-9_.-]+)?")


@dataclass(frozen=True, kw_only=True)
class Rules:
    """What guards an environment beside its branches. Reviewers are by login or OWNER/TEAM."""

    reviewers: Mapping[str, Reviewer] = field(default_factory=dict)
    prevent_self_review: bool = False
    wait_timer: int = 0

    def as_body(self) -> dict[str, Any]:
        """Of what is not there GitHub is told nothing: some plans refuse the very words."""
        body: dict[str, Any] = {}
        if self.wait_timer:
            body["wait_timer"] = self.wait_timer
        if self.reviewers:
            body["prevent_self_review"] = self.prevent_self_review
            body["reviewers"] = [dict(each) for each in self.reviewers.values()]
        return body

    def as_result(self) -> dict[str, Any]:
        return {
            "reviewers": sorted(self.reviewers),
            "prevent_self_review": self.prevent_self_review,
            "wait_timer": self.wait_timer,
        }


@dataclass(frozen=True, kw_only=True)
class WantedRules:
    """What a user asks for; None is "not asked for"."""

    reviewers: tuple[str, ...] | None = None
    prevent_self_review: bool | None = None
    wait_timer: int | None = None

    def applied_to(self, found: Rules, known: Mapping[str, Reviewer]) -> Rules:
        """The rules to have; `known` are the reviewers by their names in lower case.

        Raises GitHubActionsError for a rule about reviewers where there are none.
        """
        reviewers = found.reviewers
        if self.reviewers is not None:
            # As GitHub spells them, where they are there.
            spelled = {name.lower(): name for name in found.reviewers}
            reviewers = {spelled.get(name.lower(), name): known[name.lower()] for name in self.reviewers}
        own = found.prevent_self_review if self.prevent_self_review is None else self.prevent_self_review
        if self.prevent_self_review and not reviewers:
            raise GitHubActionsError("prevent_self_review: there are no reviewers; name them in reviewers.")
        return Rules(
            reviewers=reviewers,
            prevent_self_review=bool(reviewers) and own,
            wait_timer=found.wait_timer if self.wait_timer is None else self.wait_timer,
        )

    def left_of(self, found: Rules) -> bool:
        """Is there a rule that is not among those that are asked for?"""
        return bool(found.reviewers and self.reviewers is None) or bool(
            found.wait_timer and self.wait_timer is None
        )


def from_parameters(parameters: Mapping[str, Any]) -> WantedRules:
    """Read the module's parameters. Raises GitHubActionsError for what GitHub would refuse."""
    named = parameters["reviewers"]
    owner = parameters["repository"].partition("/")[0]
    for name in named or ():
        of, _, team = name.partition("/")
        if not NAME.fullmatch(name):
            raise GitHubActionsError(f"reviewers: '{name}' is neither a login nor a team: give OWNER/TEAM.")
        if team and of.lower() != owner.lower():
            raise GitHubActionsError(
                f"reviewers: '{name}' is a team of {of}: the repository takes teams of {owner} alone."
            )
    distinct = {name.lower(): name for name in named or ()}
    if len(distinct) > MOST_REVIEWERS:
        raise GitHubActionsError(
            f"reviewers: {len(distinct)} are named, and GitHub takes at most {MOST_REVIEWERS}: name a team."
        )
    wait = parameters["wait_timer"]
    if wait is not None and not 0 <= wait <= LONGEST_WAIT:
        raise GitHubActionsError(
            f"wait_timer: {wait} is not a number of minutes from 0 to {LONGEST_WAIT}, which are 30 days."
        )
    return WantedRules(
        reviewers=None if named is None else tuple(sorted(distinct.values())),
        prevent_self_review=parameters["prevent_self_review"],
        wait_timer=wait,
    )


def rules(environment: Mapping[str, Any], owner: str) -> Rules:
    """The rules of an environment. Its teams are the owner's."""
    found: dict[str, Any] = {}
    for rule in environment.get("protection_rules", []):
        if rule["type"] == "wait_timer":
            found["wait_timer"] = rule["wait_timer"]
        elif rule["type"] == "required_reviewers":
            found["prevent_self_review"] = rule.get("prevent_self_review", False)
            found["reviewers"] = {_name(each, owner): _as_body(each) for each in rule["reviewers"]}
    return Rules(**found)


def know(connection: Connection, wanted: WantedRules, found: Rules, repository: str) -> dict[str, Reviewer]:
    """The reviewers that are asked for and those that are there, by their names in lower case.

    Raises GitHubActionsError for one whom nobody knows.
    """
    known = {name.lower(): reviewer for name, reviewer in found.reviewers.items()}
    for name in wanted.reviewers or ():
        if name.lower() not in known:
            known[name.lower()] = _find(connection, name, repository)
    return known


def require_taken(environment: Mapping[str, Any], wanted: Rules, level: Level) -> None:
    """Raises for reviewers that GitHub has left out of the environment, which it does without a word."""
    taken = [dict(each) for each in rules(environment, "").reviewers.values()]
    left_out = [name for name, each in wanted.reviewers.items() if dict(each) not in taken]
    if left_out:
        raise GitHubActionsError(
            f"reviewers: GitHub left out {', '.join(sorted(left_out))} of {level}: a reviewer must have "
            "access to the repository. Give it, or name others, and run again."
        )


def _find(connection: Connection, name: str, repository: str) -> dict[str, Any]:
    owner, _, team = name.partition("/")
    kind, path = ("Team", f"/orgs/{owner}/teams/{team}") if team else ("User", f"/users/{name}")
    try:
        found = connection.call("GET", path, f"find the reviewer {name}")
    except MissingError as error:
        why = (
            "no team that the token may see: correct it, or give the token the right to read the organization"
            if team
            else f"no user at {connection.api_url}: correct it"
        )
        raise GitHubActionsError(f"reviewers: '{name}' is {why}.") from error
    if not team and found.get("type") == "Organization":
        raise GitHubActionsError(
            f"reviewers: '{name}' is an organization: name users, or teams of {repository.partition('/')[0]}."
        )
    return {"type": kind, "id": found["id"]}


def _name(reviewer: Mapping[str, Any], owner: str) -> str:
    who = reviewer["reviewer"]
    return f"{owner}/{who['slug']}" if reviewer["type"] == "Team" else str(who["login"])


def _as_body(reviewer: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": reviewer["type"], "id": reviewer["reviewer"]["id"]}
