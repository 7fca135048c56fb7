"""What is concluded from what is seen on a host."""

import dataclasses
import re
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any, ClassVar

import pytest
import yaml

from plugins.module_utils.host_faults import certificate, judge, read, site
from plugins.module_utils.host_faults.finding import Finding
from plugins.module_utils.host_faults.parse import (
    address_of_aws,
    agent_settings,
    nginx_complaint,
    service_of,
)
from plugins.module_utils.host_faults.seen import (
    Agent,
    Entry,
    Metadata,
    Needs,
    Nginx,
    Seen,
    Service,
    Visit,
    Wanted,
    Way,
)

CHECKOUT = Path(__file__).parents[2]
NOW = 1_800_000_000.0
WWW = 33
URL = "http://127.0.0.1/"


@pytest.mark.parametrize("cut", ["PUT", "GET"])
def test_metadata_that_hangs_up_in_the_middle_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, hanging_up: Callable[[str], str], cut: str
) -> None:
    monkeypatch.setattr(read, "METADATA", hanging_up(cut))
    found = read.metadata()
    assert "does not answer: IncompleteRead(400 bytes read, 600 more expected)" in found.problem
    assert found.role == ""


def folder(path: str, mode: int = 0o755, uid: int = 0, gid: int = 0) -> Entry:
    return Entry(path, stat.S_IFDIR | mode, "somebody", uid, gid)


def file(path: str, size: int = 1) -> Entry:
    return Entry(path, stat.S_IFREG | 0o644, "root", size=size)


PLACES = {entry.path: entry for entry in (folder("/"), folder("/srv"), file("/srv/index.html"))}
HOUR = 3600


def names(findings: list[Any]) -> list[str]:
    return [finding.fault for finding in findings]


@pytest.fixture
def running() -> Any:
    return Service(known=True, active=True, enabled=True, since=NOW - HOUR)


@pytest.fixture
def dead() -> Any:
    return Service(known=True, active=False, enabled=False, since=NOW)


class TestService:
    def test_one_that_runs(self) -> None:
        shown = "LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n"
        shown += "ActiveEnterTimestampMonotonic=5000000\n"
        found = service_of(shown, NOW, 65.0)
        assert (found.known, found.active, found.enabled, found.since) == (True, True, True, NOW - 60)

    def test_one_that_is_not_there(self) -> None:
        found = service_of("LoadState=not-found\nActiveState=inactive\nUnitFileState=\n", NOW, 65.0)
        assert (found.known, found.active, found.enabled) == (False, False, False)

    def test_a_masked_one_is_there_and_not_enabled(self) -> None:
        found = service_of("LoadState=masked\nUnitFileState=masked\n", NOW, 65.0)
        assert (found.known, found.enabled) == (True, False)


class TestAgentSettings:
    def test_the_packages_own_file_is_well(self) -> None:
        text = (CHECKOUT / "local_cloud/agent/package/codedeployagent.yml").read_text()
        settings, problem = agent_settings(text)
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
    def test_broken_ones(self, text: str, expected: str) -> None:
        assert agent_settings(text)[1] == expected


class TestPidFile:
    def test_the_agents_own(self) -> None:
        assert judge.pid_problem("7\n", {7: "codedeploy-agent: master 7"}) == ""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("8\n", "names process 8, which does not exist"),
            ("9\n", "names process 9, which is sshd: root"),
            ("", "holds no process id: "),
        ],
    )
    def test_stale_ones(self, text: str, expected: str) -> None:
        assert judge.pid_problem(text, {9: "sshd: root"}) == expected


class TestStaleCommands:
    def test_a_command_at_work_is_left_alone(self, running: Any) -> None:
        assert judge.stale_commands({"d-1": NOW - 60}, running, NOW) == []

    def test_one_of_an_earlier_life_is_stale(self, running: Any) -> None:
        assert judge.stale_commands({"d-1": NOW - 2 * HOUR}, running, NOW) == ["d-1"]

    def test_every_one_is_stale_without_an_agent(self, dead: Any) -> None:
        assert judge.stale_commands({"d-1": NOW - 60}, dead, NOW) == ["d-1"]


class TestOldRevisions:
    def test_the_oldest_beyond_the_limit_go(self) -> None:
        groups = {"one": {"d-3": 3.0, "d-1": 1.0, "d-2": 2.0}, "two": {"d-9": 9.0}}
        assert judge.old_revisions(groups, set(), 2) == ["d-1"]

    def test_the_last_successful_one_stays(self) -> None:
        assert judge.old_revisions({"one": {"d-1": 1.0, "d-2": 2.0}}, {"d-1"}, 1) == []


class TestRoom:
    def test_enough_of_it(self) -> None:
        assert judge.of_room({"/var/log/a": 5 << 20}, 5, {"/": 5}, 5) == []

    def test_logs_are_cut_where_they_are_large_or_closed(self) -> None:
        closed = {"b.log.1": 10, "b.log-20260101": 10, "c.log.2.gz": 10, "codedeploy-agent.20260101.log": 10}
        logs = {"a.log": 9 << 20, "b.log": 10, **closed}
        (found,) = judge.of_room(logs, 5, {}, 5)
        assert found.fault == "logs_large"
        assert set(found.paths) == {"a.log", *closed}

    def test_a_full_disk_is_named(self) -> None:
        (found,) = judge.of_room({}, 5, {"/": 4}, 5)
        assert (found.fault, found.repair) == ("disk_full", "")


class TestSystem:
    """What a container can't show."""

    def test_all_well(self) -> None:
        metadata = Metadata(role="r", ahead=-60)
        assert judge.of_system({"changed": False}, metadata, "chronyd", 60) == []

    def test_swap_is_missing(self) -> None:
        swap = {"changed": True, "reason": "480 MiB of memory are less than 1024", "size_mb": 1024}
        (found,) = judge.of_system(swap, Metadata(), "", 60)
        assert (found.fault, found.repair) == ("swap_missing", "make_swap")
        assert found.found == "480 MiB of memory are less than 1024"

    @pytest.mark.parametrize(("ahead", "text"), [(61, "61 seconds ahead"), (-400, "400 seconds behind")])
    def test_the_clock_is_off(self, ahead: float, text: str) -> None:
        (found,) = judge.of_system({}, Metadata(ahead=ahead), "chronyd", 60)
        assert (found.fault, found.repair, found.service) == ("clock_off", "restart_service", "chronyd")
        assert found.found == f"the clock is {text}"

    def test_nothing_keeps_the_time(self) -> None:
        (found,) = judge.of_system({}, Metadata(ahead=400), "", 60)
        assert (found.fault, found.repair) == ("clock_off", "")


class TestAgent:
    INFO: ClassVar = {
        "installed": True,
        "installed_version": "1.8.1-1",
        "wanted_version": "1.8.1-1",
        "problem": "",
    }

    def test_all_well(self, running: Any) -> None:
        assert judge.of_agent_package(self.INFO, running, program=True) == []
        assert judge.of_agent_service(self.INFO, running, explained=False) == []
        assert judge.of_agent_files(running, "", {}, [], []) == []

    def test_the_package_is_whole_or_not(self, running: Any) -> None:
        look = judge.of_agent_package
        assert names(look(self.INFO | {"installed": False}, running, program=False)) == [
            "agent_not_installed"
        ]
        assert names(look(self.INFO, running, program=False)) == ["agent_program_missing"]
        assert names(look(self.INFO | {"installed_version": "1.7"}, running, program=True)) == [
            "agent_wrong_version"
        ]

    def test_a_silent_agent_is_restarted_unless_it_is_explained(self, running: Any) -> None:
        silent = self.INFO | {"problem": "The CodeDeploy agent does not poll: it sleeps"}
        (found,) = judge.of_agent_service(silent, running, explained=False)
        assert (found.fault, found.found) == ("agent_not_polling", "it sleeps")
        assert judge.of_agent_service(silent, running, explained=True) == []

    def test_a_dead_agent(self, dead: Any) -> None:
        found = judge.of_agent_service(self.INFO, dead, explained=False)
        assert names(found) == ["agent_disabled", "agent_stopped"]

    def test_a_stale_pid_file_is_replaced_by_the_agent(self, running: Any, dead: Any) -> None:
        stale = {"/run/a.pid": "names process 8, which does not exist"}
        assert judge.of_agent_files(running, "", stale, [], [])[0].repair == "restart_service"
        assert judge.of_agent_files(dead, "", stale, [], [])[0].repair == "remove_files"


class TestNginx:
    def test_all_well(self, running: Any) -> None:
        assert site.of_nginx_config("", "", running) == []
        assert site.of_nginx_service(running, 80, ["nginx (pid 7)"]) == []

    def test_a_broken_configuration(self, running: Any, dead: Any) -> None:
        (restored,) = site.of_nginx_config("unexpected }", "/good", running)
        assert (restored.repair, restored.paths) == ("restore_nginx", ("/good",))
        assert restored.found.startswith("unexpected }: nginx goes on as it is")
        (written,) = site.of_nginx_config("unexpected }", "", dead)
        assert (written.repair, written.found) == ("install_nginx", "unexpected }: nginx does not start")

    def test_its_complaint_comes_without_the_time(self) -> None:
        said = '2026/11/23 03:40:38 [emerg] 7#7: unexpected "}" in /etc/nginx/nginx.conf:9\nnginx: failed\n'
        assert nginx_complaint(1, said) == '[emerg] 7#7: unexpected "}" in /etc/nginx/nginx.conf:9'
        assert nginx_complaint(1, "") == "nginx -t fails"
        assert nginx_complaint(0, "[warn] conflicting server name") == ""

    def test_whoever_has_the_port_is_named_and_nginx_waits(self, dead: Any) -> None:
        found = site.of_nginx_service(dead, 80, ["python3 (pid 12)"])
        assert names(found) == ["nginx_port_taken", "nginx_disabled", "nginx_stopped"]
        assert [finding.repair for finding in found] == ["", "enable_service", ""]
        assert "python3 (pid 12)" in found[0].found

    def test_one_that_listens_elsewhere_is_restarted(self, running: Any) -> None:
        (found,) = site.of_nginx_service(running, 80, [])
        assert (found.fault, found.repair) == ("nginx_not_listening", "restart_service")


class TestDocumentRoot:
    def test_modes(self, tmp_path: Path) -> None:
        page = tmp_path / "index.html"
        page.write_text("x")
        (tmp_path / "latest").symlink_to("nowhere")
        for path, mode in ((page, 0o644), (tmp_path, 0o755)):
            path.chmod(mode)
        assert site.of_root(read.entries(tmp_path)) == []
        page.chmod(0o666)
        (found,) = site.of_root(read.entries(tmp_path))
        assert (found.fault, found.paths) == ("root_modes_wrong", (str(tmp_path),))
        assert f"{page} ({page.owner()}, 0666)" in found.found

    def test_modes_of_the_release_that_it_leads_to(self, tmp_path: Path) -> None:
        release = tmp_path / "releases/d-1"
        release.mkdir(parents=True)
        release.chmod(0o777)
        (tmp_path / "current").symlink_to("releases/d-1")
        (found,) = site.of_root(read.entries(tmp_path / "current"))
        assert found.paths == (str(release),)

    @pytest.mark.parametrize("mode", [0o755, 0o775])
    def test_folders_that_are_well(self, mode: int) -> None:
        assert not site.wrong_mode(stat.S_IFDIR | mode)

    @pytest.mark.parametrize("mode", [stat.S_IFDIR | 0o777, stat.S_IFDIR | 0o754, stat.S_IFREG | 0o640])
    def test_what_is_not(self, mode: int) -> None:
        assert site.wrong_mode(mode)


class TestAddressOfAws:
    @pytest.mark.parametrize(
        ("region", "proxy", "settings", "host"),
        [
            ("us-east-1", "", {}, "codedeploy-commands.us-east-1.amazonaws.com"),
            ("cn-north-1", "", {}, "codedeploy-commands.cn-north-1.amazonaws.com.cn"),
            (
                "us-east-1",
                "",
                {"enable_auth_policy": "true"},
                "codedeploy-commands-secure.us-east-1.amazonaws.com",
            ),
            ("us-east-1", "", {"deploy_control_endpoint": "https://vpce.example/"}, "vpce.example"),
        ],
    )
    def test_codedeploy_itself(self, region: str, proxy: str, settings: dict[str, str], host: str) -> None:
        assert address_of_aws(region, proxy, settings) == ("CodeDeploy's endpoint", host, 443)

    def test_a_proxy_goes_first(self) -> None:
        proxy = "http://me:secret@proxy.example:3128/"
        assert address_of_aws("us-east-1", proxy, {}) == ("the proxy", "proxy.example", 3128)
        assert address_of_aws("", "http://proxy.example", {}) == ("the proxy", "proxy.example", 80)

    def test_nobody_is_named_without_a_region(self) -> None:
        assert address_of_aws("", "", {}) is None


class TestWholeHost:
    """What a finding explains is not found once more."""

    INFO: ClassVar = TestAgent.INFO
    SILENT: ClassVar = INFO | {"problem": "The CodeDeploy agent does not poll: it sleeps"}

    @pytest.fixture
    def wanted(self) -> Wanted:
        return Wanted(
            agent=self.INFO,
            swap={"changed": False},
            region="us-east-1",
            proxy="",
            agent_config_file="/etc/agent.yml",
            nginx_good_config="/etc/nginx/good",
            document_root="/srv",
            port=80,
            server_name="",
            page_text="",
            visit={},
            log_folders=[],
            log_limit_mb=9,
            disk_free_percent=5,
            clock_limit=60,
        )

    @pytest.fixture
    def seen(self, running: Any) -> Seen:
        return Seen(
            now=NOW,
            logs={},
            free={"/": 50},
            clock="chronyd",
            metadata=Metadata(role="ec2"),
            way=Way("CodeDeploy's endpoint", "codedeploy.example", 443),
            processes={7: "codedeploy-agent: master 7"},
            agent=Agent(
                service=running,
                program=True,
                settings={"max_revisions": "5"},
                config_problem="",
                on_premises=False,
                pid_file="/run/agent.pid",
                pid="7",
                commands={},
                revisions={},
                kept=frozenset(),
            ),
            nginx=Nginx(
                program=True,
                service=running,
                holders=("nginx (pid 8)",),
                needs=Needs("www", "www", WWW, frozenset([WWW])),
            ),
            root=(Entry("/srv", stat.S_IFDIR | 0o755, "root"),),
            places=PLACES,
            way_to_page=("/",),
            visit=Visit("http://127.0.0.1/", status=200),
        )

    def changed(self, seen: Seen, **fields: Any) -> Seen:
        return dataclasses.replace(seen, agent=dataclasses.replace(seen.agent, **fields))

    def test_all_well(self, wanted: Wanted, seen: Seen) -> None:
        assert judge.judge(wanted, seen) == []

    def test_a_silent_agent_alone_is_a_fault(self, wanted: Wanted, seen: Seen) -> None:
        wanted = dataclasses.replace(wanted, agent=self.SILENT)
        assert names(judge.judge(wanted, seen)) == ["agent_not_polling"]

    @pytest.mark.parametrize(
        ("fields", "fault"),
        [
            ({"way": Way("it", "aws.example", 443, unresolved="no such name")}, "dns_broken"),
            ({"way": Way("it", "aws.example", 443, unanswered="refused")}, "endpoint_unreachable"),
            ({"metadata": Metadata()}, "agent_credentials_missing"),
        ],
    )
    def test_why_it_is_silent_is_said_instead(
        self, wanted: Wanted, seen: Seen, fields: dict[str, Any], fault: str
    ) -> None:
        wanted = dataclasses.replace(wanted, agent=self.SILENT)
        assert names(judge.judge(wanted, dataclasses.replace(seen, **fields))) == [fault]

    def test_a_broken_configuration_explains_it_too(self, wanted: Wanted, seen: Seen) -> None:
        wanted = dataclasses.replace(wanted, agent=self.SILENT)
        (found,) = judge.judge(wanted, self.changed(seen, config_problem="is missing", settings={}))
        assert (found.fault, found.found) == ("agent_config_broken", "/etc/agent.yml is missing")

    def test_an_on_premises_host_needs_no_role(self, wanted: Wanted, seen: Seen) -> None:
        seen = dataclasses.replace(self.changed(seen, on_premises=True), metadata=Metadata())
        assert judge.judge(wanted, seen) == []

    def test_a_bucket_that_does_not_answer(self, wanted: Wanted, seen: Seen) -> None:
        wanted = dataclasses.replace(wanted, agent={"failed": True, "msg": "no LATEST_VERSION"})
        (found,) = judge.judge(wanted, seen)
        assert (found.fault, found.found) == ("endpoint_unreachable", "no LATEST_VERSION")

    def test_metadata_that_does_not_answer_is_no_fault_of_the_endpoint(
        self, wanted: Wanted, seen: Seen
    ) -> None:
        seen = dataclasses.replace(seen, metadata=Metadata(problem="does not answer"))
        found = judge.judge(dataclasses.replace(wanted, agent={"failed": True, "msg": "who is it?"}), seen)
        assert "agent_credentials_missing" in [each.fault for each in found]
        assert "endpoint_unreachable" not in [each.fault for each in found]

    def test_an_agent_of_which_nothing_is_said(self, wanted: Wanted, seen: Seen) -> None:
        (found,) = judge.judge(dataclasses.replace(wanted, agent={"failed": True}), seen)
        assert (found.fault, found.found) == ("endpoint_unreachable", "the state of the agent is not known")

    def test_a_host_without_programs(self, wanted: Wanted, seen: Seen, dead: Any) -> None:
        wanted = dataclasses.replace(wanted, agent=self.INFO | {"installed": False})
        seen = dataclasses.replace(
            self.changed(seen, program=False, service=dead),
            nginx=Nginx(program=False, service=dead),
            root=(),
            places={},
            visit=None,
        )
        found = names(judge.judge(wanted, seen))
        assert found == ["agent_not_installed", "nginx_not_installed", "root_missing", "page_missing"]

    @pytest.mark.parametrize(("good", "repair"), [("", "restore_nginx"), ("[emerg]", "install_nginx")])
    def test_only_a_good_copy_is_put_back(self, wanted: Wanted, seen: Seen, good: str, repair: str) -> None:
        nginx = dataclasses.replace(seen.nginx, config_problem="x", good_problem=good)
        (found,) = judge.judge(wanted, dataclasses.replace(seen, nginx=nginx))
        assert (found.fault, found.repair) == ("nginx_config_broken", repair)

    @pytest.mark.parametrize(
        ("here", "outside", "found"),
        [
            (Visit(URL, status=200), Visit(URL, status=200), ("", "")),
            (Visit(URL, status=200), None, ("", "")),
            (
                Visit(URL, status=403, log="[error] open() failed (13)"),
                None,
                ("page_wrong", "answers 403; nginx says: [error] open() failed (13)"),
            ),
            (Visit(URL, status=200, problem='without "x"'), None, ("page_wrong", 'answers without "x"')),
            (Visit(URL, unanswered="refused"), None, ("page_wrong", "does not answer (refused)")),
            (
                Visit(URL, status=200),
                Visit(URL, unanswered="timed out"),
                ("page_unreachable", "does not answer (timed out) to the machine that runs this"),
            ),
            (Visit(URL, status=200), Visit(URL, status=404), ("page_unreachable", "answers 404")),
            # What a visitor on the host meets explains what others meet.
            (Visit(URL, status=404), Visit(URL, status=404), ("page_wrong", "answers 404")),
        ],
    )
    def test_what_visitors_meet_where_nothing_explains_it(
        self, wanted: Wanted, seen: Seen, here: Visit, outside: Visit | None, found: tuple[str, str]
    ) -> None:
        fault, words = found
        wanted = dataclasses.replace(wanted, visit=dataclasses.asdict(outside) if outside else {})
        findings = judge.judge(wanted, dataclasses.replace(seen, visit=here))
        assert names(findings) == ([fault] if fault else [])
        assert all(words in finding.found for finding in findings)

    def test_a_page_that_is_explained_is_not_named_twice(self, wanted: Wanted, seen: Seen) -> None:
        places = {path: entry for path, entry in PLACES.items() if path != "/srv/index.html"}
        seen = dataclasses.replace(seen, places=places, visit=Visit(URL, status=403))
        assert names(judge.judge(wanted, seen)) == ["page_missing"]

    def test_nginx_is_not_started_before_what_somebody_has_to_mend(
        self, wanted: Wanted, seen: Seen, dead: Any
    ) -> None:
        needs = Needs("www", "www", WWW, frozenset([WWW]), certificates=("/srv/none.pem",))
        nginx = dataclasses.replace(seen.nginx, needs=needs, service=dead, holders=())
        found = judge.judge(wanted, dataclasses.replace(seen, nginx=nginx, visit=None))
        stopped = found[-1]
        assert (stopped.fault, stopped.repair) == ("nginx_stopped", "")
        assert stopped.cure == "mend nginx_certificate_missing first"


class TestReading:
    def test_what_goes_away_meanwhile_is_left_out(self, tmp_path: Path) -> None:
        for name in ("a.log", "b.log"):
            (tmp_path / name).write_text("line\n")

        def rotating() -> Iterator[Path]:
            yield tmp_path / "a.log"
            (tmp_path / "b.log").unlink()
            yield tmp_path / "b.log"

        assert list(read.times(rotating())) == [str(tmp_path / "a.log")]

    def test_sizes_are_those_of_files(self, tmp_path: Path) -> None:
        (tmp_path / "old").mkdir()
        (tmp_path / "old" / "a.log").write_text("line\n")
        (tmp_path / "b.log").symlink_to(tmp_path / "old" / "a.log")
        assert read.sizes([str(tmp_path), "/no/such/folder"]) == {str(tmp_path / "old" / "a.log"): 5}

    def test_revisions_of_groups_and_what_the_agent_needs_again(self, tmp_path: Path) -> None:
        (tmp_path / "group" / "d-1").mkdir(parents=True)
        (tmp_path / "deployment-logs").mkdir()
        instructions = tmp_path / "deployment-instructions"
        instructions.mkdir()
        (instructions / "group_last_successful_install").write_text(f"{tmp_path}/group/d-1\n")
        groups, kept = read.revisions(tmp_path)
        assert list(groups) == [f"{tmp_path}/group"]
        assert list(groups[f"{tmp_path}/group"]) == [f"{tmp_path}/group/d-1"] == sorted(kept)


class TestSelection:
    def test_a_name_with_a_typing_error(self) -> None:
        assert judge.unknown(["agent_stoped", "agent", "agent_stopped"]) == ["agent_stoped"]

    def test_order_of_repair_and_tags(self) -> None:
        found = [Finding(name, "", "") for name in ("nginx_stopped", "agent_stopped", "disk_full")]
        chosen = judge.selected
        everything = ["disk_full", "agent_stopped", "nginx_stopped"]
        assert names(chosen(found, [], [])) == everything
        assert names(chosen(found, ["nginx_stopped"], [])) == ["nginx_stopped"]
        assert names(chosen(found, ["agent", "system"], [])) == ["disk_full", "agent_stopped"]
        assert names(chosen(found, [], ["agent"])) == ["disk_full", "nginx_stopped"]


class TestReport:
    BEFORE: ClassVar[dict[str, Any]] = {
        "fault": "agent_stopped",
        "found": "does not run",
        "cure": "started",
        "repair": "start_service",
    }

    def rows(self, *args: Any) -> list[tuple[str, str]]:
        return [(row["status"], row["text"]) for row in judge.report(*args)]

    def test_first_look(self) -> None:
        found = [
            Finding(**self.BEFORE),
            Finding("disk_full", "4 % free", "grow it"),
        ]
        assert self.rows([], found, {}) == [
            ("needs you", "4 % free: grow it"),
            ("to do", "does not run: started"),
        ]

    def test_second_look(self) -> None:
        assert self.rows([self.BEFORE], [], {}) == [("repaired", "does not run: started")]
        still = [Finding(**self.BEFORE)]
        assert self.rows([self.BEFORE], still, {"agent_stopped": "no such unit"}) == [
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


def test_a_log_that_is_closed_is_removed(log_cut: ModuleType, tmp_path: Path) -> None:
    log = tmp_path / "access.log.1"
    log.write_bytes(b"first\n")
    assert log_cut.remove(log, dry_run=True) == 6
    assert log.exists()
    assert log_cut.remove(log, dry_run=False) == 6
    assert not log.exists()


def test_the_documentation_lists_every_fault_and_its_area() -> None:
    text = (CHECKOUT / "docs/repairing-hosts.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \|", text, re.MULTILINE)
    assert dict(rows) == judge.FAULTS
    assert [name for name, _area in rows] == list(judge.FAULTS)


def test_every_repair_has_its_tasks_and_every_fault_its_tag() -> None:
    role = CHECKOUT / "roles/host_repair"
    source = "".join(path.read_text() for path in (CHECKOUT / "module_utils/host_faults").glob("*.py"))
    tasks = {path.stem for path in (role / "tasks/repairs").glob("*.yml")}
    named = set(re.findall(r'"([a-z]+_[a-z]+)"', source)) - set(judge.FAULTS)
    assert tasks <= named
    tags = next(
        task["tags"]
        for task in yaml.safe_load((role / "tasks/main.yml").read_text())
        if task["name"] == "Repair the findings"
    )
    assert set(tags) - {"always"} == {*judge.FAULTS, *judge.FAULTS.values()}


def test_the_scenario_breaks_hosts_in_every_way_that_a_container_can_be_broken() -> None:
    variables = CHECKOUT / "molecule/repair/vars"
    faults = yaml.safe_load((variables / "faults.yml").read_text())["faults"]
    named = yaml.safe_load((variables / "named.yml").read_text())["named"]
    broken = {each["fault"] for each in faults}
    broken |= {name for each in named for name in (*each["faults"], *each["repaired"])}
    # Those of certificates need a certificate authority: tests/faults/test_https.py breaks hosts so.
    certificates = {name for name in judge.FAULTS if name.startswith("certificate_")}
    assert judge.FAULTS.keys() - broken - certificates == {"clock_off", "swap_missing", "disk_full"}


class TestCertificate:
    def status(self, **changes: Any) -> dict[str, Any]:
        tls = {"unusable": "", "invalid": "", "certificate": {"not_after": NOW + 60 * 86400}}
        tls |= {name: changes.pop(name) for name in ("unusable", "invalid") if name in changes}
        fine = {"directory": "https://ca.example/", "due": "", "error": "", "failing_since": 0, "timer": True}
        return fine | {"tls": tls} | changes

    @pytest.mark.parametrize(
        ("changes", "fault", "found", "repair"),
        [
            (
                {"unusable": "c.pem is missing"},
                "certificate_invalid",
                "the page by HTTP",
                "renew_certificate",
            ),
            ({"invalid": "expired on X"}, "certificate_invalid", "browsers warn of it", "renew_certificate"),
            (
                {"error": "refused", "failing_since": NOW},
                "certificate_renewal_failed",
                "not renewed since 2027-01-15 08:00 UTC: refused",
                "renew_certificate",
            ),
            ({"timer": False}, "certificate_timer_stopped", "nobody renews", "start_timer"),
            ({"directory": "", "due": "it ends in 20 days"}, "certificate_ending", "in 20 days", ""),
            ({"directory": "", "invalid": "expired on X"}, "certificate_invalid", "expired on X", ""),
        ],
    )
    def test_a_fault_is_named(self, changes: dict[str, Any], fault: str, found: str, repair: str) -> None:
        [finding] = certificate.of_certificate(self.status(**changes))
        assert (finding.fault, finding.repair) == (fault, repair)
        assert found in finding.found

    def test_without_one_and_with_a_good_one_nothing_is_wrong(self) -> None:
        assert certificate.of_certificate({}) == []
        assert certificate.of_certificate(self.status()) == []
        # The timer comes for it.
        assert certificate.of_certificate(self.status(due="it ends in 20 days")) == []

    def test_an_expired_one_says_why_it_was_not_renewed(self) -> None:
        status = self.status(invalid="expired on X", error="refused", failing_since=NOW)
        [finding] = certificate.of_certificate(status)
        assert "expired on X: browsers warn of it; not renewed since" in finding.found
