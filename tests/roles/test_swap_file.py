"""Where swap is made, by what is known of a host. What a container can't show is shown here."""

from types import ModuleType

import pytest

NANO = "MemTotal:         474212 kB\nMemFree:           12345 kB\n"
NO_SWAP = "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"
SWAP = NO_SWAP + "/dev/zram0                              partition\t473084\t\t0\t\t100\n"


class TestFacts:
    def test_memory(self, swap_file: ModuleType) -> None:
        assert swap_file.memory_mb(NANO) == 463

    def test_swaps(self, swap_file: ModuleType) -> None:
        assert swap_file.swaps_in_use(NO_SWAP) == []
        assert swap_file.swaps_in_use(SWAP) == ["/dev/zram0"]

    @pytest.mark.parametrize(
        ("environ", "markers", "kind"),
        [
            (b"PATH=/bin\0container=podman\0", [], "podman"),
            (b"PATH=/bin\0container=\0", [], "container"),
            (b"PATH=/bin\0", ["/.dockerenv"], "container"),
            (b"PATH=/bin\0mycontainer=x\0", [], ""),
            (b"", [], ""),
        ],
    )
    def test_container(self, swap_file: ModuleType, environ: bytes, markers: list[str], kind: str) -> None:
        assert swap_file.container_of(environ, markers) == kind


class TestDecision:
    def test_a_small_host_gets_at_least_a_gibibyte(self, swap_file: ModuleType) -> None:
        decision = swap_file.decide(463, [], "", 0, 1024)
        assert (decision.size_mb, decision.reason) == (1024, "463 MiB of memory are less than 1024")

    def test_else_twice_its_memory(self, swap_file: ModuleType) -> None:
        assert swap_file.decide(900, [], "", 0, 1024).size_mb == 1800

    def test_or_what_was_asked_for(self, swap_file: ModuleType) -> None:
        assert swap_file.decide(463, [], "", 512, 1024).size_mb == 512

    @pytest.mark.parametrize(
        ("memory", "used", "container", "reason"),
        [
            (2048, [], "", "2048 MiB of memory are enough"),
            (463, ["/swapfile"], "", "in use already: /swapfile"),
            (463, [], "podman", "a container (podman)"),
        ],
    )
    def test_none_where_it_is_not_needed_or_can_not_be_had(
        self, swap_file: ModuleType, memory: int, used: list[str], container: str, reason: str
    ) -> None:
        decision = swap_file.decide(memory, used, container, 0, 1024)
        assert decision.size_mb == 0
        assert reason in decision.reason


class TestFstab:
    ENTRY = "/swapfile none swap defaults 0 0\n"

    def test_the_entry_is_added(self, swap_file: ModuleType) -> None:
        assert swap_file.with_entry("UUID=1 / xfs defaults 0 0\n", "/swapfile") == (
            "UUID=1 / xfs defaults 0 0\n" + self.ENTRY
        )

    def test_once(self, swap_file: ModuleType) -> None:
        assert swap_file.with_entry("/swapfile swap swap sw 0 0\n", "/swapfile") == self.ENTRY
