"""site.yml against an account: in the warm interpreter it does, says and shows what it does elsewhere."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from local_cloud.testing.clouds import running
from tests.iam.pipeline import Pipeline
from tests.playbooks.said import banners
from tests.warm.plain import without_own

WITHOUT_HOSTS = "--skip-tags=hosts,deploy"


def steps(pipeline: Pipeline) -> dict[str, str]:
    """What each run said: the first one dry, in earnest, again, with a setting changed, and the end."""
    said = {
        "dry run": pipeline.play("site.yml", WITHOUT_HOSTS, "--check", "--diff"),
        "first": pipeline.play("site.yml", WITHOUT_HOSTS, "--diff"),
        "again": pipeline.play("site.yml", WITHOUT_HOSTS, "--diff"),
        "changed": pipeline.play("site.yml", WITHOUT_HOSTS, "--diff", pipeline_termination_protection=True),
        "in full": pipeline.play("site.yml", WITHOUT_HOSTS, "-v", pipeline_termination_protection=True),
    }
    return {step: plain(text, pipeline) for step, text in said.items()}


def plain(text: str, pipeline: Pipeline) -> str:
    """Without what each account has of its own."""
    text = text.replace(str(pipeline.directory), "FOLDER").replace(pipeline.cloud.endpoint_url, "CLOUD")
    return without_own(text)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[str, str]]:
    """`both("again")`: what that run said in the warm interpreter, and what elsewhere."""
    said: dict[str, Any] = {}
    for way in ("true", "false"):
        place = tmp_path_factory.mktemp("account")
        with pytest.MonkeyPatch.context() as patch, ExitStack() as cloud:
            patch.setenv("PIPELINE_WARM", way)
            patch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
            pipeline = Pipeline(cloud.enter_context(running(place / "local_cloud")), place)
            pipeline.publish()
            said[way] = steps(pipeline)
    return lambda step: (said["true"][step], said["false"][step])


@pytest.mark.long
@pytest.mark.parametrize("step", ["dry run", "first", "again", "changed", "in full"])
def test_a_run_says_the_same(both: Callable[[str], tuple[str, str]], step: str) -> None:
    warm, elsewhere = both(step)
    assert banners(warm)
    # In full, modules show some lists in the order of a set's, which no two processes have in common.
    order = sorted if step == "in full" else list
    assert order(warm.splitlines()) == order(elsewhere.splitlines())
    assert ("changed: [" in warm) == (step in {"dry run", "first", "changed"})


def test_modules_of_a_run_are_run_in_it(tmp_path: Path) -> None:
    with running(tmp_path / "local_cloud") as cloud:
        pipeline = Pipeline(cloud, tmp_path)
        pipeline.publish()
        said = pipeline.play("provision-iam.yml", "-vvv", "--check")
    assert "WARM: run the ordinary way" not in said
    assert said.count("WARM: run in the warm interpreter") > 5
