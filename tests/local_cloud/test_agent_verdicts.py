"""The agent's verdicts beside those of the real one, as recorded in appspec_verdicts.json.

There, `appspec` is text, or base64 where it is not UTF-8. `read` is what the real agent read:
scripts as [location, runas, sudo, timeout], permissions as [object, pattern, except, type, owner,
group, mode, acls, [context's type, name, range]].
"""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from local_cloud.agent.codedeploy_agent import appspec, psych, ruby
from local_cloud.agent.codedeploy_agent.errors import AppSpecError
from local_cloud.agent.codedeploy_agent.permissions import Permission

RECORDED = json.loads(Path(__file__).with_name("appspec_verdicts.json").read_text())["cases"]
HEAD = "version: 0.0\nos: linux\n"


def content(case: dict[str, Any]) -> bytes:
    given = case["appspec"]
    return given.encode() if isinstance(given, str) else base64.b64decode(given["base64"])


def text(value: object) -> str | None:
    return None if value is None else ruby.to_s(value)


def permission(parsed: Permission) -> list[Any]:
    context = parsed.context
    return [
        parsed.object,
        text(parsed.pattern),
        [text(each) for each in parsed.excepted],
        list(parsed.types),
        *(each if each is False else text(each) for each in (parsed.owner, parsed.group)),
        parsed.mode,
        None if parsed.acls is None else [str(entry) for entry in parsed.acls],
        context and [context.type, context.user, context.range],
    ]


def described(parsed: appspec.AppSpec, events: set[str]) -> dict[str, Any]:
    hooks = {
        event: [[each.location, each.runas, each.sudo, each.timeout] for each in scripts]
        for event, scripts in parsed.hooks.items()
        if event in events
    }
    whole = {
        "files": [[text(file.source), text(file.destination)] for file in parsed.files],
        "hooks": hooks,
        "permissions": [permission(each) for each in parsed.permissions],
        "behavior": parsed.file_exists_behavior,
    }
    return {name: value for name, value in whole.items() if value}


def verdict(path: Path, events: set[str]) -> dict[str, Any]:
    try:
        return {"read": described(appspec.read(path), events)}
    except AppSpecError as error:
        return {"refused": str(error)}


@pytest.mark.parametrize("case", RECORDED, ids=range(len(RECORDED)))
def test_the_verdict_is_the_real_agents(case: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "appspec.yml"
    path.write_bytes(content(case))
    expected = {name: value for name, value in case.items() if name != "appspec"}
    found = verdict(path, set(case.get("read", {}).get("hooks", {})))
    if expected == {"refused": True}:
        assert set(found) == {"refused"}
    else:
        assert found == expected


@pytest.mark.parametrize(
    "document",
    [
        "version: 0.0\t\nos: linux\n",
        "version:\t0.0\nos: linux\t# a comment\n",
        HEAD + "files: [{source: a,\tdestination: /b}]\n",
        "\ufeff# a comment\n" + HEAD,
    ],
)
def test_pyyamls_own_parser_takes_tabs_too(document: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psych, "PARSER", psych.PurePythonParser)
    assert appspec.parse(document).hooks == {}


@pytest.mark.parametrize("document", [HEAD + "files:\n\t- source: a\n", "\ufeff" + HEAD])
def test_and_refuses_what_libyaml_refuses(document: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psych, "PARSER", psych.PurePythonParser)
    with pytest.raises(AppSpecError):
        appspec.parse(document)


def test_deep_nesting_is_no_matter_of_pythons_stack() -> None:
    assert appspec.parse(HEAD + f"deep: {'[' * 900}{']' * 900}\n").files == ()
