"""The module pipeline_status: what it leaves beside a page, and finds there of other environments."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args

from plugins.modules import pipeline_status
from tests.unit.pipeline_status.facts import GOOD, facts, staging

TEMPLATE = Path(__file__).parents[3] / "playbooks" / "templates" / "status.html.j2"


def run(dest: Path, *, check: bool = False, **settings: str) -> dict[str, Any]:
    told = facts()
    told["settings"] |= settings
    arguments = {"facts": told, "template": str(TEMPLATE), "dest": str(dest), "_ansible_check_mode": check}
    said = io.StringIO()
    with patch_module_args(arguments), contextlib.redirect_stdout(said), pytest.raises(SystemExit):
        pipeline_status.main()
    result: dict[str, Any] = json.loads(said.getvalue())
    return result


def test_each_environment_leaves_what_the_others_show_beside_theirs(tmp_path: Path) -> None:
    first = run(tmp_path / "status-staging.html", environment="staging", application="shop-staging")
    assert first["verdict"].startswith("Broken: agent of")
    run(tmp_path / "status.html", application="shop")
    page = (tmp_path / "status.html").read_text()
    assert "Environments side by side" in page
    assert "shop-staging, us-east-1" in page
    assert json.loads((tmp_path / "status-staging.json").read_text())["live"]["commit"] == GOOD[:12]


def test_what_is_no_look_at_an_environment_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "status-a.json").write_text("[]")
    (tmp_path / "status-b.json").write_text("{")
    (tmp_path / "status-c.json").write_text('{"environment": "c"}')
    (tmp_path / "status-d.json").write_text(json.dumps(staging() | {"now": "yesterday"}))
    (tmp_path / "status-e.json").write_text(json.dumps(staging() | {"live": None}))
    assert "failed" not in run(tmp_path / "status.html")
    assert "Environments side by side" not in (tmp_path / "status.html").read_text()


def test_a_dry_run_writes_nothing(tmp_path: Path) -> None:
    assert run(tmp_path / "status.html", check=True)["verdict"].startswith("Broken: ")
    assert list(tmp_path.iterdir()) == []
