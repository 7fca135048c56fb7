"""The log of a run: who, what, every task, and how it ended; no value of a variable, nothing with no_log."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
PLAYBOOK = """
- name: Work
  hosts: localhost
  connection: local
  gather_facts: false
  vars:
    ansible_python_interpreter: "{{ ansible_playbook_python }}"
  tasks:
    - name: Create a directory
      ansible.builtin.file: {path: "{{ playbook_dir }}/new", state: directory, mode: "0755"}
    - name: Show the word
      ansible.builtin.debug: {msg: "{{ word }}"}
    - name: Skip
      ansible.builtin.debug: {msg: never}
      when: false
    - name: Fail in secret
      ansible.builtin.command: {argv: ["false", "{{ word }}"]}
      changed_when: false
      failed_when: false
      no_log: true
    - name: Fail twice
      ansible.builtin.fail:
        msg: |-
          {{ item }} is
          wrong
      loop: [one, two]
      when: fail | default(false) | bool
"""
SECRET = "a-long-and-random-looking-secret"


def run(
    folder: Path, *options: str, **environment: str
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """The run, and the lines of its log without their times."""
    (folder / "work.yml").write_text(PLAYBOOK)
    done = subprocess.run(
        [
            Path(sys.executable).with_name("ansible-playbook"),
            "-i",
            "localhost,",
            *options,
            folder / "work.yml",
        ],
        cwd=CHECKOUT,
        env=os.environ | {"PIPELINE_LOG_FOLDER": str(folder / "logs")} | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    files = sorted((folder / "logs").glob("*.log"))
    lines = files[-1].read_text().splitlines() if files else []
    assert all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ ", line) for line in lines)
    return done, [" ".join(line.split()[1:]) for line in lines]


def test_every_task_has_a_line_and_no_value_is_in_it(tmp_path: Path) -> None:
    done, lines = run(tmp_path, "-e", f"word={SECRET}", "-e", f'{{"other": "{SECRET}"}}', "--tags", "all")
    assert done.returncode == 0, done.stdout
    assert lines[0].startswith("begin work.yml -i localhost, -e word=... -e {...} by ")
    assert lines[1:-1] == [
        "play Work",
        "changed localhost Create a directory",
        "ok localhost Show the word",
        "skipped localhost Skip",
        "ok localhost Fail in secret",
        "skipped localhost Fail twice",
        "recap localhost ok=3 failures=0 unreachable=0 changed=1 skipped=2 rescued=0 ignored=0",
    ]
    assert re.fullmatch(r"end succeeded after \d+ s", lines[-1])
    [file] = (tmp_path / "logs").iterdir()
    assert SECRET not in file.read_text()
    assert file.stat().st_mode & 0o077 == 0
    assert "Log of this run" not in done.stdout


def test_a_run_that_failed_says_why_and_where_its_log_is(tmp_path: Path) -> None:
    done, lines = run(tmp_path, "-e", "word=x fail=true", "--check")
    assert done.returncode == 2
    assert "--check" in lines[0]
    assert "failed localhost Fail twice: one is wrong; two is wrong" in lines
    assert re.fullmatch(r"end failed after \d+ s", lines[-1])
    [file] = (tmp_path / "logs").iterdir()
    assert f"Log of this run: {file}" in done.stdout


@pytest.mark.long
def test_the_newest_stay_and_none_is_written_where_that_is_asked_for_or_impossible(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    for number in range(5):
        (tmp_path / "logs" / f"2020010{number}T000000Z-site-1.log").touch()
    run(tmp_path, "-e", "word=x", PIPELINE_LOGS_KEPT="3")
    kept = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert kept[:2] == ["20200103T000000Z-site-1.log", "20200104T000000Z-site-1.log"]
    assert len(kept) == 3

    silent, _ = run(tmp_path, "-e", "word=x", PIPELINE_LOG_FOLDER="")
    assert silent.returncode == 0
    assert sorted(path.name for path in (tmp_path / "logs").iterdir()) == kept

    blocked, _ = run(tmp_path, "-e", "word=x", PIPELINE_LOG_FOLDER="/proc/nowhere")
    assert blocked.returncode == 0
    assert "/proc/nowhere: no log of this run can be written there" in blocked.stderr
