"""Hooks as the agent runs them: real processes, their output, their ends."""

import io
import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from local_cloud.agent.codedeploy_agent import appspec, daemon, errors, hooks
from local_cloud.agent.codedeploy_agent.errors import ScriptError


def hook(revision: Path, scripts: dict[str, str], options: str = "", mode: int = 0o755) -> hooks.Hook:
    """The AfterInstall hook of a revision whose scripts are bodies of shell scripts."""
    listed = ""
    for name, body in scripts.items():
        path = revision / "deployment-archive" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(mode)
        listed += f"  - {{location: {name}{options}}}\n"
    text = f"version: 0.0\nos: linux\nhooks:\n  AfterInstall:\n{listed}"
    environment = {"DEPLOYMENT_ID": "d-TEST00000"}
    return hooks.Hook("AfterInstall", "d-TEST00000", revision, revision, appspec.parse(text), environment)


def failure(run: hooks.Hook) -> ScriptError:
    with pytest.raises(ScriptError) as raised:
        run.run()
    return raised.value


def wait_until_gone(pid: int) -> None:
    """Fails after some seconds. A zombie is gone: it waits for this machine's init."""
    for _ in range(100):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return
        if state == "Z":
            return
        time.sleep(0.05)
    pytest.fail(f"process {pid} lives")


class TestSuccess:
    def test_scripts_run_in_order_with_the_deployment_in_their_environment(self, tmp_path: Path) -> None:
        said = tmp_path / "said"
        body = f'echo "$0 $DEPLOYMENT_ID" >>{said}'
        hook(tmp_path, {"scripts/b.sh": body, "scripts/a.sh": body}).run()
        lines = said.read_text().splitlines()
        assert [Path(line.split()[0]).name for line in lines] == ["b.sh", "a.sh"]
        assert {line.split()[1] for line in lines} == {"d-TEST00000"}

    @pytest.mark.parametrize("timeout", [10**11, 10**20])
    def test_a_timeout_may_be_longer_than_any_clock(self, tmp_path: Path, timeout: int) -> None:
        hook(tmp_path, {"x.sh": "true"}, options=f", timeout: {timeout}").run()

    def test_the_working_directory_is_the_agents_own(self, tmp_path: Path) -> None:
        hook(tmp_path, {"a.sh": f"pwd >{tmp_path}/pwd"}).run()
        assert (tmp_path / "pwd").read_text().strip() == os.getcwd()  # noqa: PTH109 - what a process inherits

    def test_a_script_without_interpreter_is_a_shells(self, tmp_path: Path) -> None:
        run = hook(tmp_path, {"a.sh": ""})
        (tmp_path / "deployment-archive/a.sh").write_text(f"echo ran >{tmp_path}/ran\n")
        run.run()
        assert (tmp_path / "ran").read_text() == "ran\n"

    def test_what_the_last_revisions_scripts_say_is_this_deployments(self, tmp_path: Path) -> None:
        run = replace(hook(tmp_path / "last", {"a.sh": "echo out"}), deployment=tmp_path / "this")
        run.run()
        assert "[stdout]out" in (tmp_path / "this/logs/scripts.log").read_text()
        assert not (tmp_path / "last/logs").exists()

    def test_what_it_says_is_in_scripts_log(self, tmp_path: Path) -> None:
        hook(tmp_path, {"scripts/a.sh": "echo out; echo err >&2"}).run()
        lines = [line[20:] for line in (tmp_path / "logs/scripts.log").read_text().splitlines()]
        assert lines[:2] == ["LifecycleEvent - AfterInstall", "Script - scripts/a.sh"]
        assert set(lines[2:]) == {"[stdout]out", "[stderr]err"}

    def test_a_script_that_is_not_executable_is_made_so(self, tmp_path: Path) -> None:
        hook(tmp_path, {"a.sh": "exit 0"}, mode=0o644).run()
        assert os.access(tmp_path / "deployment-archive/a.sh", os.X_OK)

    def test_an_event_without_scripts_is_a_noop(self, tmp_path: Path) -> None:
        nothing = appspec.parse("version: 0.0\nos: linux\n")
        run = hooks.Hook("BeforeInstall", "d-TEST00000", tmp_path, tmp_path, nothing, {})
        assert run.is_noop
        run.run()
        assert not (tmp_path / "logs").exists()


class TestFailure:
    def test_the_exit_code_and_the_tail_of_the_log(self, tmp_path: Path) -> None:
        error = failure(
            hook(tmp_path, {"scripts/x.sh": "echo about to fail; exit 7", "scripts/y.sh": "exit 0"})
        )
        assert (error.code, error.script) == (errors.SCRIPT_FAILED, "scripts/x.sh")
        assert str(error) == "Script at specified location: scripts/x.sh failed with exit code 7"
        assert error.log == "LifecycleEvent - AfterInstall\nScript - scripts/x.sh\n[stdout]about to fail\n"

    def test_a_missing_script_is_named_by_its_path(self, tmp_path: Path) -> None:
        run = hook(tmp_path, {"scripts/x.sh": ""})
        script = tmp_path / "deployment-archive/scripts/x.sh"
        script.unlink()
        error = failure(run)
        assert error.code == errors.SCRIPT_MISSING
        assert str(error) == f"Script does not exist at specified location: {script}"

    @pytest.mark.parametrize(
        ("script", "reason"),
        [
            ("#!/bin/sh\r\nexit 0\r\n", "Errno::ENOENT with message No such file or directory - {}"),
            ("#!/none\n", "Errno::ENOENT with message No such file or directory - {}"),
            (None, "Errno::EACCES with message Permission denied - {}"),
        ],
    )
    def test_what_cannot_be_executed(self, tmp_path: Path, script: str | None, reason: str) -> None:
        run = hook(tmp_path, {"x.sh": ""})
        path = tmp_path / "deployment-archive/x.sh"
        if script is None:
            path.unlink()
            path.mkdir()
        else:
            path.write_text(script)
        error = failure(run)
        assert error.code == errors.SCRIPT_FAILED
        assert str(error) == f"Script at specified location: x.sh failed with error {reason.format(path)}"
        assert error.log == "LifecycleEvent - AfterInstall\nScript - x.sh\n"

    def test_a_link_to_what_is_not_executable_stays_so(self, tmp_path: Path) -> None:
        run = hook(tmp_path, {"x.sh": ""}, mode=0o644)
        path = tmp_path / "deployment-archive/x.sh"
        target = path.rename(path.with_name("target.sh"))
        path.symlink_to("target.sh")
        assert str(failure(run)) == (
            "Script at specified location: x.sh failed with error Errno::EACCES with message"
            f" Permission denied - {path}"
        )
        assert target.stat().st_mode & 0o777 == 0o644

    def test_a_slash_after_a_scripts_name_asks_for_a_folder(self, tmp_path: Path) -> None:
        run = hook(tmp_path, {"x.sh": ""})
        (script,) = run.appspec.hooks["AfterInstall"]
        script = replace(script, location="x.sh/")
        error = failure(replace(run, appspec=replace(run.appspec, hooks={"AfterInstall": (script,)})))
        assert (error.code, error.script) == (errors.SCRIPT_MISSING, "x.sh/")

    def test_a_null_byte_is_no_user(self, tmp_path: Path) -> None:
        error = failure(hook(tmp_path, {"x.sh": ""}, options=', runas: "ro\\0ot"'))
        assert str(error) == (
            "Script at specified location: x.sh run as user ro\0ot failed with error ArgumentError with"
            " message string contains null byte"
        )

    def test_a_shell_speaks_as_sh(self, tmp_path: Path) -> None:
        error = failure(hook(tmp_path, {"x;none": ""}))
        assert f"[stderr]sh: 1: {tmp_path}/deployment-archive/x: not found\n" in error.log

    def test_a_path_ends_at_a_blank(self, tmp_path: Path) -> None:
        error = failure(hook(tmp_path, {"a b.sh": "exit 0"}))
        assert str(error) == (
            "Script at specified location: a b.sh failed with error Errno::ENOENT with message"
            f" No such file or directory - {tmp_path}/deployment-archive/a"
        )

    def test_a_signal_leaves_no_exit_code(self, tmp_path: Path) -> None:
        error = failure(hook(tmp_path, {"x.sh": "kill -KILL $$"}))
        assert str(error) == "Script at specified location: x.sh failed with exit code "

    def test_output_that_is_not_utf_8_is_kept_as_it_is(self, tmp_path: Path) -> None:
        error = failure(hook(tmp_path, {"x.sh": "printf 'caf\\351\\n'; exit 1"}))
        assert b"[stdout]caf\xe9\n" in (tmp_path / "logs/scripts.log").read_bytes()
        assert daemon.script_failed(error) == {
            "error_code": "Unknown",
            "script_name": "x.sh",
            "message": "Attempting minimal diagnostics",
            "log": "Exception JSON::GeneratorError occured",
        }

    def test_a_script_out_of_time_is_ended_with_its_children(self, tmp_path: Path) -> None:
        started = time.monotonic()
        error = failure(
            hook(tmp_path, {"x.sh": f"echo $$ >{tmp_path}/pid; sleep 60"}, options=", timeout: 1")
        )
        assert time.monotonic() - started < 30
        assert error.code == errors.SCRIPT_TIMED_OUT
        assert str(error) == "Script at specified location: x.sh failed to complete in 1 seconds"
        wait_until_gone(int((tmp_path / "pid").read_text()))

    def test_a_child_that_keeps_the_output_open_fails_the_hook(self, tmp_path: Path) -> None:
        error = failure(hook(tmp_path, {"x.sh": "sleep 20 &\necho $! >&2"}, options=", timeout: 1"))
        assert error.code == errors.OUTPUT_LEFT_OPEN
        assert str(error) == "Script at specified location: x.sh failed to close STDOUT"
        os.kill(int(error.log.rpartition("[stderr]")[2]), 9)


class TestCommand:
    @pytest.mark.parametrize(
        ("options", "command"),
        [
            ("", "/r/x.sh"),
            (", runas: ''", "su  -c /r/x.sh"),
            (", sudo: 0", "sudo /r/x.sh"),
            (", sudo: ''", "sudo /r/x.sh"),
            (", runas: web", "su web -c /r/x.sh"),
            (", sudo: true", "sudo /r/x.sh"),
            (", runas: web, sudo: true", "sudo su web -c /r/x.sh"),
        ],
    )
    def test_users(self, options: str, command: str) -> None:
        text = f"version: 0.0\nos: linux\nhooks: {{AfterInstall: [{{location: x.sh{options}}}]}}"
        assert hooks.command(appspec.parse(text).hooks["AfterInstall"][0], "/r/x.sh") == command


class TestTail:
    def test_whole_lines_below_the_limit_are_kept(self) -> None:
        lines = [f"{number:03}{'x' * 96}\n" for number in range(40)]
        kept = hooks.tail(lines)
        assert kept == lines[-20:]
        assert sum(map(len, kept)) < hooks.TAIL

    def test_the_room_of_the_line_before_goes_with_each_that_is_kept(self) -> None:
        long, short = "x" * 1500 + "\n", "short\n"
        assert hooks.tail([long, short]) == [short]
        assert hooks.tail([short, long]) == [short, long]
        assert hooks.tail([long, long]) == [long]

    def test_one_line_as_long_as_the_limit_is_not(self) -> None:
        assert hooks.tail(["x" * hooks.TAIL]) == []

    def test_the_log_tells_time_and_the_tail_does_not(self) -> None:
        file = io.StringIO()
        log = hooks.ScriptLog(file, "d-TEST00000")
        log.add("[stdout]hello\n")
        assert log.tail == "[stdout]hello\n"
        assert file.getvalue().endswith(" [stdout]hello\n")
