"""What is read of nginx on a host."""

from types import ModuleType

TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 00000000:0050 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0
   1: 0100007F:1F90 00000000:0000 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0 100 0 0 10 0
"""


def test_only_listening_sockets_count(nginx_info: ModuleType) -> None:
    assert nginx_info.listens([TABLE], 80)
    assert not nginx_info.listens([TABLE], 8080)
    assert not nginx_info.listens([], 80)


def test_the_service(nginx_info: ModuleType) -> None:
    assert nginx_info.service_state("ActiveState=active\nUnitFileState=disabled\n") == (True, False)
    assert nginx_info.service_state("ActiveState=inactive\nUnitFileState=\n") == (False, False)
