# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# Longer than 300 lines: secrets, variables and environment are one state, read, compared and written.
"""The Actions settings of a repository or environment: what is there, what is wanted, and the way between."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import api, fingerprints
from . import rules as guards
from .errors import GitHubActionsError, MissingError
from .rules import Rules, WantedRules

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .api import Connection, Level
    from .fingerprints import Fingerprint

NAME = re.compile(r"(?!GITHUB_)[A-Z_][A-Z0-9_]*")
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*(?:_[A-Za-z0-9]+)?/[A-Za-z0-9._-]+")
LARGEST = 48 * 1024
PROTECTED = "(protected branches)"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a user asks of one level; None is "not asked for". Names are in capitals, as GitHub keeps them.

    A variable or secret whose value is None must not be there.
    """

    level: Level
    state: str = "present"
    variables: Mapping[str, str | None] | None = None
    secrets: Mapping[str, str | None] | None = None
    purge_variables: bool = False
    purge_secrets: bool = False
    update_secrets: str = "changed"
    branches: frozenset[str] | None = None
    """Name patterns of the branches that an environment admits; none of them is all of them."""
    rules: WantedRules = field(default_factory=WantedRules)
    owner: Mapping[str, str | None] | None = None
    """Variables that say whose the level is; one that is not there says nothing."""

    @property
    def concerns_secrets(self) -> bool:
        """Do secrets have to be read? A token without that right can still do the rest."""
        return self.secrets is not None or self.purge_secrets or self.removes_environment

    @property
    def removes_environment(self) -> bool:
        return self.state == "absent" and self.level.environment is not None


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is there; `secrets` are names with the time of their last write."""

    exists: bool
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    fingerprints: Mapping[str, Fingerprint] = field(default_factory=dict)
    branches: frozenset[str] = frozenset()
    policy: Mapping[str, Any] | None = None
    """How branches are admitted, as a PUT takes it."""
    rules: Rules = field(default_factory=Rules)
    reviewers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Those that are there and those that are asked for, by their names in lower case."""


@dataclass(frozen=True, kw_only=True)
class Changes:
    """The writes that lead from what is there to what is wanted. False when there is none."""

    create: bool = False
    delete: bool = False
    set_variables: Mapping[str, str] = field(default_factory=dict)
    set_secrets: Mapping[str, str] = field(default_factory=dict)
    drop_variables: tuple[str, ...] = ()
    drop_secrets: tuple[str, ...] = ()
    set_branches: frozenset[str] | None = None
    set_rules: Rules | None = None

    def __bool__(self) -> bool:
        return self.create or self.delete or self.guards or bool(self.kinds())

    @property
    def guards(self) -> bool:
        """Does what guards the environment change?"""
        return self.set_branches is not None or self.set_rules is not None

    def kinds(self) -> list[str]:
        """The kinds of settings that are written, the one that needs the greater right first."""
        secrets = bool(self.set_secrets or self.drop_secrets)
        variables = bool(self.set_variables or self.drop_variables)
        # Secrets have their fingerprints in a variable.
        return [kind for kind, used in (("secrets", secrets), ("variables", variables or secrets)) if used]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run did, or in check mode would do."""

    settings: Settings
    before: Found
    changes: Changes

    def as_result(self) -> dict[str, Any]:
        """The module's result."""
        after = predict(self.before, self.changes)
        settings: dict[str, Any] = {
            "repository": self.settings.level.repository,
            "environment": self.settings.level.environment,
            "exists": after.exists,
            "variables": dict(sorted(after.variables.items())),
        }
        if self.settings.concerns_secrets:
            settings["secrets"] = sorted(after.secrets)
        if self.settings.owner is not None:
            settings["owner"] = foreign(self.before, self.settings)
        if self.settings.branches is not None:
            settings["deployment_branches"] = sorted(after.branches)
        if self.settings.level.environment:
            settings |= after.rules.as_result()
        return {
            "changed": bool(self.changes),
            "github_actions_settings": settings,
            "diff": {"before": self._shown(self.before), "after": self._shown(after)},
        }

    def _shown(self, found: Found) -> dict[str, Any]:
        """What a diff tells: of a secret never more than that it is written anew."""
        if not found.exists:
            return {}
        written = found is not self.before
        anew = self.changes.set_secrets if written else ()
        return {
            "environment": self.settings.level.environment,
            "deployment_branches": sorted(found.branches),
            **(found.rules.as_result() if self.settings.level.environment else {}),
            "variables": dict(sorted(found.variables.items())),
            "secrets": {name: "a new value" if name in anew else "set" for name in sorted(found.secrets)},
        }


def from_parameters(parameters: Mapping[str, Any]) -> Settings:
    """Read the module's parameters. Raises GitHubActionsError for what GitHub would refuse."""
    repository, environment = parameters["repository"], parameters["environment"]
    if not REPOSITORY.fullmatch(repository):
        raise GitHubActionsError(f"repository: '{repository}' is not a repository: give OWNER/NAME.")
    branches = parameters["deployment_branches"]
    return Settings(
        level=api.Level(repository, environment or None),
        state=parameters["state"],
        variables=_named("variables", parameters["variables"]),
        secrets=_named("secrets", parameters["secrets"]),
        purge_variables=parameters["purge_variables"],
        purge_secrets=parameters["purge_secrets"],
        update_secrets=parameters["update_secrets"],
        branches=None if branches is None else frozenset(branches),
        rules=guards.from_parameters(parameters),
        owner=_named("owner", parameters["owner"]),
    )


def describe(connection: Connection, wanted: Settings) -> Found:
    """Read everything before anything is written, so that a token that may not read fails first."""
    level = wanted.level
    if wanted.removes_environment:
        environment = api.environment_if_any(connection, level)
    else:
        environment = api.environment(connection, level) if level.environment else {}
    if environment is None:
        return Found(exists=False, reviewers=_reviewers(connection, wanted, Rules()))
    try:
        variables = api.variables(connection, level)
    except MissingError:
        api.require_repository(connection, level)
        raise
    kept = fingerprints.load(variables.pop(fingerprints.VARIABLE, None))
    secrets = api.secrets(connection, level) if wanted.concerns_secrets else {}
    rules = guards.rules(environment, level.repository.partition("/")[0])
    return Found(
        exists=True,
        variables=variables,
        secrets=secrets,
        fingerprints=kept,
        branches=_branches(connection, wanted, environment),
        policy=environment.get("deployment_branch_policy"),
        rules=rules,
        reviewers=_reviewers(connection, wanted, rules),
    )


def foreign(found: Found, wanted: Settings) -> dict[str, str]:
    """The variables that say that the level is another's."""
    return {
        name: found.variables[name]
        for name, value in (wanted.owner or {}).items()
        if found.variables.get(name, value) != value
    }


def changes(found: Found, wanted: Settings) -> Changes:
    """What to write; empty when all is as wanted. Raises GitHubActionsError for what is another's."""
    if theirs := foreign(found, wanted):
        if wanted.state == "absent":
            return Changes()
        raise GitHubActionsError(_of_another(wanted, theirs))
    if wanted.state == "absent":
        return _removal(found, wanted)
    variables, surplus_variables = _sorted_out(
        wanted.variables, found.variables, purge=wanted.purge_variables
    )
    secrets, surplus_secrets = _sorted_out(wanted.secrets, found.secrets, purge=wanted.purge_secrets)
    rules = wanted.rules.applied_to(found.rules, found.reviewers)
    return Changes(
        create=not found.exists,
        set_variables={name: text for name, text in variables.items() if found.variables.get(name) != text},
        set_secrets={name: text for name, text in secrets.items() if _differs(found, wanted, name, text)},
        drop_variables=tuple(sorted(surplus_variables)),
        drop_secrets=tuple(sorted(surplus_secrets)),
        set_branches=None if wanted.branches in {None, found.branches} else wanted.branches,
        set_rules=None if rules == found.rules else rules,
    )


def _of_another(wanted: Settings, theirs: Mapping[str, str]) -> str:
    ours = wanted.owner or {}
    said = ", ".join(f"{name} is '{value}', not '{ours[name]}'" for name, value in theirs.items())
    return (
        f"{wanted.level} is another's: its variable {said}. Name another environment, or delete that "
        "variable where nobody needs it."
    )


def predict(found: Found, planned: Changes) -> Found:
    """What is there after the changes. The time of a write is GitHub's, so it stays empty."""
    if planned.delete:
        return Found(exists=False)
    variables = {**found.variables, **planned.set_variables}
    secrets = {**found.secrets, **dict.fromkeys(planned.set_secrets, "")}
    return Found(
        exists=found.exists or planned.create,
        variables={name: text for name, text in variables.items() if name not in planned.drop_variables},
        secrets={name: time for name, time in secrets.items() if name not in planned.drop_secrets},
        fingerprints=found.fingerprints,
        branches=found.branches if planned.set_branches is None else planned.set_branches,
        policy=found.policy if planned.set_branches is None else api.branch_policy(planned.set_branches),
        rules=found.rules if planned.set_rules is None else planned.set_rules,
        reviewers=found.reviewers,
    )


def apply(connection: Connection, wanted: Settings, found: Found, planned: Changes) -> None:
    """Write the changes. A token that may not write leaves everything as it was."""
    level = wanted.level
    if planned.delete:
        api.delete_environment(connection, level)
        return
    _prepare(connection, level, found, planned)
    # Before the secrets: a branch that may not have them must not meet them.
    if planned.set_branches:
        api.set_branches(connection, level, planned.set_branches)
    _write_secrets(connection, wanted, found, planned)
    for name, value in planned.set_variables.items():
        api.set_variable(connection, level, name, value, known=name in found.variables)
    for name in planned.drop_variables:
        api.delete_variable(connection, level, name)


def reconcile(connection: Connection, wanted: Settings, *, dry_run: bool) -> Outcome:
    """Make it so; in a dry run only tell. Raises GitHubActionsError."""
    found = describe(connection, wanted)
    planned = changes(found, wanted)
    if planned and not dry_run:
        apply(connection, wanted, found, planned)
    return Outcome(settings=wanted, before=found, changes=planned)


def _reviewers(connection: Connection, wanted: Settings, rules: Rules) -> Mapping[str, Mapping[str, Any]]:
    if wanted.state == "absent":
        return {}
    return guards.know(connection, wanted.rules, rules, wanted.level.repository)


def _branches(connection: Connection, wanted: Settings, environment: Mapping[str, Any]) -> frozenset[str]:
    policy = environment.get("deployment_branch_policy")
    if wanted.branches is None or not policy:
        return frozenset()
    if policy["protected_branches"]:
        return frozenset({PROTECTED})
    return frozenset(api.branches(connection, wanted.level))


def _sorted_out(
    wanted: Mapping[str, str | None] | None, there: Mapping[str, str], *, purge: bool
) -> tuple[dict[str, str], set[str]]:
    """The values to have, and the names of those that are there and must go."""
    values = {name: text for name, text in (wanted or {}).items() if text is not None}
    unwanted = set(there) if purge else set(wanted or {})
    return values, (unwanted & set(there)) - set(values)


def _named(parameter: str, given: Mapping[str, Any] | None) -> dict[str, str | None] | None:
    if given is None:
        return None
    named: dict[str, str | None] = {}
    for name, value in given.items():
        upper = str(name).upper()
        if not NAME.fullmatch(upper) or upper == fingerprints.VARIABLE:
            raise GitHubActionsError(
                f"{parameter}: '{name}' is no name for a setting: letters, digits and underscores, "
                f"no digit first, no GITHUB_ in front, and not {fingerprints.VARIABLE}."
            )
        if upper in named:
            raise GitHubActionsError(
                f"{parameter}: {upper} is given twice: capitals make no difference to GitHub."
            )
        named[upper] = None if value is None else _text(parameter, upper, value)
    return named


def _text(parameter: str, name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise GitHubActionsError(
            f"{parameter}: {name} is not text. Use the filter to_json for lists and dictionaries."
        )
    if len(str(value).encode()) > LARGEST:
        raise GitHubActionsError(f"{parameter}: {name} is larger than the 48 KB that GitHub keeps.")
    return str(value)


def _differs(found: Found, wanted: Settings, name: str, value: str) -> bool:
    if name not in found.secrets or wanted.update_secrets == "always":
        return True
    if wanted.update_secrets == "on_create":
        return False
    kept = found.fingerprints.get(name)
    return kept is None or not kept.matches(value, found.secrets[name])


def _removal(found: Found, wanted: Settings) -> Changes:
    """The named settings, and the environment when nothing is left in it and nobody guards it."""
    named = Changes(
        drop_variables=tuple(sorted(set(wanted.variables or {}) & set(found.variables))),
        drop_secrets=tuple(sorted(set(wanted.secrets or {}) & set(found.secrets))),
    )
    left = predict(found, named)
    if (
        found.exists
        and wanted.removes_environment
        and not (left.variables or left.secrets or wanted.rules.left_of(found.rules))
    ):
        return Changes(delete=True)
    return named


def _prepare(connection: Connection, level: Level, found: Found, planned: Changes) -> None:
    """Set the rules, and learn whether every kind of write is allowed, before the first that lasts."""
    try:
        if not planned.create:
            _require_write_access(connection, level, planned)
        if planned.create or planned.guards:
            after = predict(found, planned)
            made = api.put_environment(connection, level, after.rules.as_body(), after.policy)
            guards.require_taken(made, after.rules, level)
        if planned.create:
            _require_write_access(connection, level, planned)
    except GitHubActionsError:
        if planned.create:
            api.delete_environment(connection, level)
        raise


def _require_write_access(connection: Connection, level: Level, planned: Changes) -> None:
    for kind in planned.kinds():
        api.require_write_access(connection, level, kind)


def _write_secrets(connection: Connection, wanted: Settings, found: Found, planned: Changes) -> None:
    level = wanted.level
    if planned.set_secrets:
        key = api.public_key(connection, level)
        for name, value in planned.set_secrets.items():
            api.set_secret(connection, level, name, value, key)
    for name in planned.drop_secrets:
        api.delete_secret(connection, level, name)
    if planned.set_secrets or planned.drop_secrets:
        _remember(connection, wanted, found, planned)


def _remember(connection: Connection, wanted: Settings, found: Found, planned: Changes) -> None:
    """Keep the fingerprints of what was written, with the times that GitHub gave the writes."""
    times = api.secrets(connection, wanted.level)
    kept = {name: known for name, known in found.fingerprints.items() if name in times}
    if wanted.update_secrets == "changed":
        kept |= {
            name: fingerprints.fingerprint(value, times[name])
            for name, value in planned.set_secrets.items()
            if name in times
        }
    if kept:
        text, known = fingerprints.dump(kept), bool(found.fingerprints)
        api.set_variable(connection, wanted.level, fingerprints.VARIABLE, text, known=known)
    elif found.fingerprints:
        api.delete_variable(connection, wanted.level, fingerprints.VARIABLE)
