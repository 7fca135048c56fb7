"""Whatever an option is given, a module ends with a result: no value is worth a traceback.

Every option of every module, and every place inside the dictionaries and lists of its examples, is given a
value of each kind. The module runs in check mode, and nothing that it asks of AWS, GitHub or the host's
services is answered.
"""

import contextlib
import importlib
import io
import json
from collections.abc import Iterator
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.error import URLError

import boto3
import pytest
import yaml
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.testing import patch_module_args
from botocore.exceptions import EndpointConnectionError

from scripts.collection import NAME
from tests.unit.pipeline_status.facts import facts

CHECKOUT = Path(__file__).resolve().parents[3]
MODULES = sorted(path.stem for path in CHECKOUT.glob("library/*.py"))
KINDS: list[Any] = [None, -1, "", "a\0b", [], [None], [1], [{}], {}, {"x": None}]
Arguments = dict[str, Any]
Step = str | int


def examples(name: str, module: Any) -> list[Arguments]:
    """The arguments of its examples."""
    if name == "pipeline_status":
        # The whole page takes long to lay out; what is wrong with facts shows before.
        template = "status.html.j2"
        Path(template).write_text("{{ settings.zone }}")
        return [{"facts": facts(), "template": template, "dest": "status.html"}]
    full = f"{NAME}.{name}"
    return [task[full] or {} for task in yaml.safe_load(module.EXAMPLES) if full in task]


def documented(options: Any, above: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """The place of every option; in a list it is the first item's."""
    for name, option in (options or {}).items():
        yield (*above, name)
        inside = (*above, name, 0) if option.get("type") == "list" else (*above, name)
        yield from documented(option.get("suboptions"), inside)


def places(value: Any, above: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    """Every place inside a value; of a list the first item stands for all."""
    if isinstance(value, dict | list):
        for key, item in list(value.items() if isinstance(value, dict) else enumerate(value[:1])):
            yield (*above, key)
            yield from places(item, (*above, key))


def with_value(arguments: Arguments, place: tuple[Step, ...], value: Any) -> Arguments:
    """The arguments with this value there; what is missing above it is made."""
    changed: Any = deepcopy(arguments)
    at = changed
    for step, following in pairwise(place):
        inner: Any = [] if isinstance(following, int) else {}
        if isinstance(step, int):
            at.extend([inner] * (step + 1 - len(at)))
        if not isinstance(at[step] if isinstance(step, int) else at.get(step), type(inner)):
            at[step] = inner
        at = at[step]
    if isinstance(place[-1], int):
        at.extend([None] * (place[-1] + 1 - len(at)))
    at[place[-1]] = value
    assert isinstance(changed, dict)
    return changed


@pytest.fixture(autouse=True)
def nobody_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise EndpointConnectionError(endpoint_url="http://192.0.2.1")

    def unreachable(*_: object, **__: object) -> None:
        raise URLError("unreachable")

    # Sessions and clients of botocore's take long to make, and each module makes some for each value.
    events = SimpleNamespace(register=lambda *_, **__: None)
    meta = SimpleNamespace(region_name="us-east-1", partition="aws", events=events)
    nobody = type("Nobody", (), {"meta": meta})()
    type(nobody).__getattr__ = lambda _self, _operation: refuse
    session = boto3.session.Session(region_name="us-east-1")
    monkeypatch.setattr(session, "client", lambda *_, **__: nobody)
    monkeypatch.setattr("boto3.session.Session", lambda *_, **__: session)
    # Before the certificates of the world's authorities are read, for every request anew.
    monkeypatch.setattr("ansible.module_utils.urls.Request.open", unreachable)
    monkeypatch.setattr("socket.getaddrinfo", unreachable)
    monkeypatch.setattr("socket.socket.connect", unreachable)
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(AnsibleModule, "run_command", lambda *_, **__: (1, "", "not here"))
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIALOCALCLOUDTESTS0")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-long-and-random-looking-secret")
    monkeypatch.chdir(tmp_path)


def outcome(module: Any, arguments: Arguments) -> str:
    """What is wrong with how the module ended; "" where nothing is."""
    output = io.StringIO()
    try:
        with (
            patch_module_args({**arguments, "_ansible_check_mode": True}),
            contextlib.redirect_stdout(output),
            contextlib.suppress(SystemExit),
        ):
            module.main()
        result = json.loads(output.getvalue())
    except Exception as error:  # noqa: BLE001 - any is a fault
        return f"{type(error).__name__}: {error}"
    said = json.dumps(result)
    if "Traceback" in said or (result.get("failed") and not result.get("msg")):
        return said
    return ""


@pytest.mark.long
@pytest.mark.parametrize("name", MODULES)
def test_no_value_ends_in_a_traceback(name: str) -> None:
    module = importlib.import_module(f"plugins.modules.{name}")
    options = yaml.safe_load(module.DOCUMENTATION)["options"]
    faults = []
    first, *others = examples(name, module)
    for arguments, above in [(first, documented(options)), *((other, ()) for other in others)]:
        for place in dict.fromkeys([*above, *places(arguments)]):
            for value in KINDS:
                wrong = outcome(module, with_value(arguments, place, value))
                if wrong:
                    faults.append(f"{place} {value!r}: {wrong[-300:]}")
    assert faults == []
