"""What is read of nginx on a host."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 11 1 0 100 0 0 10 0
   1: 0100007F:1F90 00000000:0000 01 00000000:00000000 00:00000000 00000000     0        0 12 1 0 100 0 0 10 0
"""
RUNNING = "ActiveState=active\nUnitFileState=enabled\nMainPID=7\n"

Process = Callable[..., None]


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    (tmp_path / "net").mkdir()
    (tmp_path / "net/tcp").write_text(TABLE)
    return tmp_path


@pytest.fixture
def process(proc: Path) -> Process:
    """`process(7, "nginx", parent=1, sockets=[11])`: one more process in `proc`."""

    def add(pid: int, name: str, parent: int = 1, sockets: tuple[int, ...] = ()) -> None:
        folder = proc / str(pid)
        (folder / "fd").mkdir(parents=True)
        (folder / "comm").write_text(f"{name}\n")
        (folder / "status").write_text(f"Name:\t{name}\nPPid:\t{parent}\n")
        for number, inode in enumerate(sockets):
            (folder / "fd" / str(number)).symlink_to(f"socket:[{inode}]")

    return add


def test_nginx_that_listens_has_no_problem(nginx_info: ModuleType, proc: Path, process: Process) -> None:
    process(7, "nginx", sockets=(11,))
    process(8, "nginx", parent=7, sockets=(11,))
    nginx = nginx_info.look(RUNNING, proc, [80])
    assert (nginx.active, nginx.enabled, nginx.listening, nginx.workers) == (True, True, True, [8])
    assert nginx_info.problem_of(nginx, [80], []) == ""


def test_only_listening_sockets_count(nginx_info: ModuleType, proc: Path, process: Process) -> None:
    process(7, "nginx", sockets=(11, 12))
    nginx = nginx_info.look(RUNNING, proc, [80, 8080])
    assert "80, 8080" in nginx_info.problem_of(nginx, [80, 8080], [])


def test_who_has_the_port_is_named(nginx_info: ModuleType, proc: Path, process: Process) -> None:
    process(9, "python3", sockets=(11,))
    nginx = nginx_info.look("ActiveState=failed\nUnitFileState=disabled\nMainPID=0\n", proc, [80])
    assert (nginx.active, nginx.enabled, nginx.listening) == (False, False, False)
    assert nginx_info.problem_of(nginx, [80], []) == "ports are held by others: 80 by python3 (9)"


def test_a_stopped_nginx(nginx_info: ModuleType, proc: Path) -> None:
    nginx = nginx_info.look("ActiveState=inactive\nUnitFileState=\n", proc, [443])
    assert nginx_info.problem_of(nginx, [443], []) == "the service nginx is not running"


def test_the_same_workers_have_the_earlier_configuration(
    nginx_info: ModuleType, proc: Path, process: Process
) -> None:
    process(7, "nginx", sockets=(11,))
    process(8, "nginx", parent=7, sockets=(11,))
    nginx = nginx_info.look(RUNNING, proc, [80])
    assert nginx_info.problem_of(nginx, [80], [8]) == "nginx goes on with its earlier configuration"
    assert nginx_info.problem_of(nginx, [80], [6]) == ""
