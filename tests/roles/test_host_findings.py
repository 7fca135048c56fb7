"""What is concluded from what is seen on a host."""

import re
import stat
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
import yaml

CHECKOUT = Path(__file__).parents[2]
NOW = 1_800_000_000.0
HOUR = 3600


def names(findings: list[Any]) -> list[str]:
    return [finding.fault for finding in findings]


@pytest.fixture
def running(host_findings: ModuleType) -> Any:
    return host_findings.Service(known=True, active=True, enabled=True, since=NOW - HOUR)


@pytest.fixture
def dead(host_findings: ModuleType) -> Any:
    return host_findings.Service(known=True, active=False, enabled=False, since=NOW)


class TestService:
    def test_one_that_runs(self, host_findings: ModuleType) -> None:
        shown = "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n"
        shown += "ActiveEnterTimestampMonotonic=5000000\n"
        found = host_findings.service_of(shown, NOW, 65.0)
        assert (found.known, found.active, found.enabled, found.since) == (True, True, True, NOW - 60)

    def test_one_that_is_not_there(self, host_findings: ModuleType) -> None:
        found = host_findings.service_of(
            "LoadState=not-found\nActiveState=inactive\nUnitFileState=\n", NOW, 65.0
        )
        assert (found.known, found.active, found.enabled) == (False, False, False)

    def test_a_masked_one_is_there_and_not_enabled(self, host_findings: ModuleType) -> None:
        found = host_findings.service_of("LoadState=masked\nUnitFileState=masked\n", NOW, 65.0)
        assert (found.known, found.enabled) == (True, False)


class TestAgentSettings:
    def test_the_packages_own_file_is_well(self, host_findings: ModuleType) -> None:
        text = (CHECKOUT / "local_cloud/agent/package/codedeployagent.yml").read_text()
        settings, problem = host_findings.agent_settings(text)
        assert problem == ""
        assert settings["root_dir"] == "/opt/codedeploy-agent/deployment-root"
        assert settings["proxy_uri"] == ""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("", "it is empty"),
            (":log_dir: '/var/log\n", "line 1 has a quote without its end: :log_dir: '/var/log"),
            (":verbose: false\n:max_revisions 5\n", "line 2 is not a setting: :max_revisions 5"),
            (":root_dir: deployments\n", "root_dir is not an absolute path: deployments"),
            (":max_revisions: many\n", "max_revisions is not a number above 0: many"),
            (":max_revisions: 0\n", "max_revisions is not a number above 0: 0"),
        ],
    )
    def test_broken_ones(self, host_findings: ModuleType, text: str, expected: str) -> None:
        assert host_findings.agent_settings(text)[1] == expected


class TestPidFile:
    def test_the_agents_own(self, host_findings: ModuleType) -> None:
        assert host_findings.pid_problem("7\n", {7: "codedeploy-agent: master 7"}) == ""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("8\n", "names process 8, which does not exist"),
            ("9\n", "names process 9, which is sshd: root"),
            ("", "holds no process id: "),
        ],
    )
    def test_stale_ones(self, host_findings: ModuleType, text: str, expected: str) -> None:
        assert host_findings.pid_problem(text, {9: "sshd: root"}) == expected


class TestStaleCommands:
    def test_a_command_at_work_is_left_alone(self, host_findings: ModuleType, running: Any) -> None:
        assert host_findings.stale_commands({"d-1": NOW - 60}, running, NOW) == []

    def test_one_of_an_earlier_life_is_stale(self, host_findings: ModuleType, running: Any) -> None:
        assert host_findings.stale_commands({"d-1": NOW - 2 * HOUR}, running, NOW) == ["d-1"]

    def test_every_one_is_stale_without_an_agent(self, host_findings: ModuleType, dead: Any) -> None:
        assert host_findings.stale_commands({"d-1": NOW - 60}, dead, NOW) == ["d-1"]


class TestOldRevisions:
    def test_the_oldest_beyond_the_limit_go(self, host_findings: ModuleType) -> None:
        groups = {"one": {"d-3": 3.0, "d-1": 1.0, "d-2": 2.0}, "two": {"d-9": 9.0}}
        assert host_findings.old_revisions(groups, set(), 2) == ["d-1"]

    def test_the_last_successful_one_stays(self, host_findings: ModuleType) -> None:
        assert host_findings.old_revisions({"one": {"d-1": 1.0, "d-2": 2.0}}, {"d-1"}, 1) == []


class TestRoom:
    def test_enough_of_it(self, host_findings: ModuleType) -> None:
        assert host_findings.of_room({"/var/log/a": 5 << 20}, 5, {"/": 5}, 5) == []

    def test_logs_are_cut_where_they_are_large_or_closed(self, host_findings: ModuleType) -> None:
        logs = {"a.log": 9 << 20, "b.log": 10, "b.log.1": 10, "b.log-20260101": 10, "c.log.2.gz": 10}
        (found,) = host_findings.of_room(logs, 5, {}, 5)
        assert found.fault == "logs_large"
        assert set(found.paths) == {"a.log", "b.log.1", "b.log-20260101", "c.log.2.gz"}

    def test_a_full_disk_is_named(self, host_findings: ModuleType) -> None:
        (found,) = host_findings.of_room({}, 5, {"/": 4}, 5)
        assert (found.fault, found.repair) == ("disk_full", "")


class TestSystem:
    """What a container can't show."""

    def test_all_well(self, host_findings: ModuleType) -> None:
        metadata = host_findings.Metadata(role="r", ahead=-60)
        assert host_findings.of_system({"changed": False}, metadata, "chronyd", 60) == []

    def test_swap_is_missing(self, host_findings: ModuleType) -> None:
        swap = {"changed": True, "reason": "480 MiB of memory are less than 1024", "size_mb": 1024}
        (found,) = host_findings.of_system(swap, host_findings.Metadata(), "", 60)
        assert (found.fault, found.repair) == ("swap_missing", "make_swap")
        assert found.found == "480 MiB of memory are less than 1024"

    @pytest.mark.parametrize(("ahead", "text"), [(61, "61 seconds ahead"), (-400, "400 seconds behind")])
    def test_the_clock_is_off(self, host_findings: ModuleType, ahead: float, text: str) -> None:
        (found,) = host_findings.of_system({}, host_findings.Metadata(ahead=ahead), "chronyd", 60)
        assert (found.fault, found.repair, found.service) == ("clock_off", "restart_service", "chronyd")
        assert found.found == f"the clock is {text}"

    def test_nothing_keeps_the_time(self, host_findings: ModuleType) -> None:
        (found,) = host_findings.of_system({}, host_findings.Metadata(ahead=400), "", 60)
        assert (found.fault, found.repair) == ("clock_off", "")


class TestAgent:
    INFO: ClassVar = {
        "installed": True,
        "installed_version": "1.8.1-1",
        "wanted_version": "1.8.1-1",
        "problem": "",
    }

    def test_all_well(self, host_findings: ModuleType, running: Any) -> None:
        assert host_findings.of_agent_package(self.INFO, running, program=True) == []
        assert host_findings.of_agent_service(self.INFO, running, explained=False) == []
        assert host_findings.of_agent_files(running, "", {}, [], []) == []

    def test_the_package_is_whole_or_not(self, host_findings: ModuleType, running: Any) -> None:
        look = host_findings.of_agent_package
        assert names(look(self.INFO | {"installed": False}, running, program=False)) == [
            "agent_not_installed"
        ]
        assert names(look(self.INFO, running, program=False)) == ["agent_program_missing"]
        assert names(look(self.INFO | {"installed_version": "1.7"}, running, program=True)) == [
            "agent_wrong_version"
        ]

    def test_a_silent_agent_is_restarted_unless_it_is_explained(
        self, host_findings: ModuleType, running: Any
    ) -> None:
        silent = self.INFO | {"problem": "The CodeDeploy agent does not poll: it sleeps"}
        (found,) = host_findings.of_agent_service(silent, running, explained=False)
        assert (found.fault, found.found) == ("agent_not_polling", "it sleeps")
        assert host_findings.of_agent_service(silent, running, explained=True) == []

    def test_a_dead_agent(self, host_findings: ModuleType, dead: Any) -> None:
        found = host_findings.of_agent_service(self.INFO, dead, explained=False)
        assert names(found) == ["agent_disabled", "agent_stopped"]

    def test_a_stale_pid_file_is_replaced_by_the_agent(
        self, host_findings: ModuleType, running: Any, dead: Any
    ) -> None:
        stale = {"/run/a.pid": "names process 8, which does not exist"}
        assert host_findings.of_agent_files(running, "", stale, [], [])[0].repair == "restart_service"
        assert host_findings.of_agent_files(dead, "", stale, [], [])[0].repair == "remove_files"


class TestNginx:
    def test_all_well(self, host_findings: ModuleType, running: Any) -> None:
        assert host_findings.of_nginx(running, "", "", 80, ["nginx (pid 7)"]) == []

    def test_a_broken_configuration(self, host_findings: ModuleType, running: Any) -> None:
        (restored,) = host_findings.of_nginx(running, "unexpected }", "/good", 80, ["nginx (pid 7)"])
        assert (restored.repair, restored.paths) == ("restore_nginx", ("/good",))
        (written,) = host_findings.of_nginx(running, "unexpected }", "", 80, ["nginx (pid 7)"])
        assert written.repair == "install_nginx"

    def test_whoever_has_the_port_is_named_and_nginx_waits(
        self, host_findings: ModuleType, dead: Any
    ) -> None:
        found = host_findings.of_nginx(dead, "", "", 80, ["python3 (pid 12)"])
        assert names(found) == ["nginx_port_taken", "nginx_disabled", "nginx_stopped"]
        assert [finding.repair for finding in found] == ["", "enable_service", ""]
        assert "python3 (pid 12)" in found[0].found

    def test_one_that_listens_elsewhere_is_restarted(self, host_findings: ModuleType, running: Any) -> None:
        (found,) = host_findings.of_nginx(running, "", "", 80, [])
        assert (found.fault, found.repair) == ("nginx_not_listening", "restart_service")


class TestDocumentRoot:
    def test_it_is_missing(self, host_findings: ModuleType, tmp_path: Path) -> None:
        assert names(host_findings.document_root(tmp_path / "none")) == ["root_missing"]

    def test_modes(self, host_findings: ModuleType, tmp_path: Path) -> None:
        page = tmp_path / "index.html"
        page.write_text("x")
        for path, mode in ((page, 0o644), (tmp_path, 0o755)):
            path.chmod(mode)
        assert host_findings.document_root(tmp_path) == []
        page.chmod(0o666)
        (found,) = host_findings.document_root(tmp_path)
        assert found.fault == "root_modes_wrong"
        assert str(page) in found.found

    @pytest.mark.parametrize("mode", [0o755, 0o775])
    def test_folders_that_are_well(self, host_findings: ModuleType, mode: int) -> None:
        assert not host_findings.wrong_mode(stat.S_IFDIR | mode)

    @pytest.mark.parametrize("mode", [stat.S_IFDIR | 0o777, stat.S_IFDIR | 0o754, stat.S_IFREG | 0o640])
    def test_what_is_not(self, host_findings: ModuleType, mode: int) -> None:
        assert host_findings.wrong_mode(mode)


class TestSelection:
    def test_a_name_with_a_typing_error(self, host_findings: ModuleType) -> None:
        assert host_findings.unknown(["agent_stoped", "agent", "agent_stopped"]) == ["agent_stoped"]

    def test_order_of_repair_and_tags(self, host_findings: ModuleType) -> None:
        found = [
            host_findings.Finding(name, "", "") for name in ("nginx_stopped", "agent_stopped", "disk_full")
        ]
        chosen = host_findings.selected
        everything = ["disk_full", "agent_stopped", "nginx_stopped"]
        assert names(chosen(found, [], [])) == everything
        assert names(chosen(found, ["nginx_stopped"], [])) == ["nginx_stopped"]
        assert names(chosen(found, ["agent", "system"], [])) == ["disk_full", "agent_stopped"]
        assert names(chosen(found, [], ["agent"])) == ["disk_full", "nginx_stopped"]


class TestReport:
    BEFORE: ClassVar = {
        "fault": "agent_stopped",
        "found": "does not run",
        "cure": "started",
        "repair": "start_service",
    }

    def rows(self, module: ModuleType, *args: Any) -> list[tuple[str, str]]:
        return [(row["status"], row["text"]) for row in module.report(*args)]

    def test_first_look(self, host_findings: ModuleType) -> None:
        found = [
            host_findings.Finding(**self.BEFORE),
            host_findings.Finding("disk_full", "4 % free", "grow it"),
        ]
        assert self.rows(host_findings, [], found, {}) == [
            ("needs you", "4 % free: grow it"),
            ("to do", "does not run: started"),
        ]

    def test_second_look(self, host_findings: ModuleType) -> None:
        assert self.rows(host_findings, [self.BEFORE], [], {}) == [("repaired", "does not run: started")]
        still = [host_findings.Finding(**self.BEFORE)]
        assert self.rows(host_findings, [self.BEFORE], still, {"agent_stopped": "no such unit"}) == [
            ("left", "does not run: no such unit")
        ]


def test_a_log_is_cut_to_whole_lines(log_cut: ModuleType, tmp_path: Path) -> None:
    log = tmp_path / "access.log"
    log.write_bytes(b"first\nsecond\nthird\n")
    assert log_cut.cut(log, 13, dry_run=True) == 6
    assert log.stat().st_size == 19
    assert log_cut.cut(log, 13, dry_run=False) == 6
    assert log.read_bytes() == b"second\nthird\n"
    assert log_cut.cut(log, 13, dry_run=False) == 0


def test_the_documentation_lists_every_fault_and_its_area(host_findings: ModuleType) -> None:
    text = (CHECKOUT / "docs/repairing-hosts.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", text, re.MULTILINE)
    assert dict(rows) == host_findings.FAULTS
    assert [name for name, _area in rows] == list(host_findings.FAULTS)


def test_every_repair_has_its_tasks_and_every_fault_its_tag(host_findings: ModuleType) -> None:
    role = CHECKOUT / "roles/host_repair"
    source = (role / "library/host_findings.py").read_text()
    tasks = {path.stem for path in (role / "tasks/repairs").glob("*.yml")}
    named = set(re.findall(r'"([a-z]+_[a-z]+)"', source)) - set(host_findings.FAULTS)
    assert tasks <= named
    tags = next(
        task["tags"]
        for task in yaml.safe_load((role / "tasks/main.yml").read_text())
        if task["name"] == "Repair one after another"
    )
    assert set(tags) - {"always"} == {*host_findings.FAULTS, *host_findings.FAULTS.values()}
