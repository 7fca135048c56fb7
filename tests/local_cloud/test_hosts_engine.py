"""What the container engine is told, and what of its words reaches a user."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_cloud.hosts.engines.engine import Engine, EngineError
from local_cloud.hosts.engines.podman import can_carry_layers


@pytest.fixture
def overlay(tmp_path: Path) -> Iterator[Path]:
    """A folder on an overlay, as a CI job in a container has it."""
    names = [tmp_path / name for name in ("lower", "upper", "work", "merged")]
    for name in names:
        name.mkdir()
    lower, upper, work, merged = names
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, merged], check=True)
    yield merged
    subprocess.run(["umount", merged], check=True)


def test_an_overlay_carries_no_layers_of_hosts(overlay: Path, tmp_path: Path) -> None:
    assert can_carry_layers(tmp_path)
    assert not can_carry_layers(overlay)
    assert list(overlay.iterdir()) == []


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (
            "Error response from daemon: unable to apply caps\nError: failed to start containers: i-1",
            "unable to apply caps",
        ),
        ("warning: old\nError: no such container i-1", "no such container i-1"),
        ("", "exit code 3"),
    ],
)
def test_an_engine_that_fails_is_quoted_with_its_reason(tmp_path: Path, said: str, reason: str) -> None:
    program = tmp_path / "engine"
    program.write_text(f"#!/bin/sh\nprintf '%s' '{said}' >&2\nexit 3\n")
    program.chmod(0o755)
    with pytest.raises(EngineError) as refused:
        Engine(program=str(program), owner="local-cloud-test").start("i-1")
    assert str(refused.value) == f"{program} start: {reason}"
