"""Where a group launches, and whom it ends, as pure decisions."""

import pytest

from local_cloud.aws.autoscaling.capacity import Candidate, to_terminate, zones_to_launch_in

ZONES = ("a", "b", "c")


def candidate(name: str, zone: str = "a", *, age: float = 0.0, vintage: int = 1, **more: bool) -> Candidate:
    return Candidate(instance_id=name, zone=zone, launched_at=-age, vintage=(vintage,), **more)


def ended(candidates: list[Candidate], count: int = 1, *policies: str) -> list[str]:
    return [each.instance_id for each in to_terminate(candidates, policies, count, now=0.0)]


class TestZones:
    @pytest.mark.parametrize(
        ("present", "count", "expected"),
        [
            ("", 3, "abc"),
            ("", 5, "abcab"),
            ("aab", 1, "c"),
            ("aab", 3, "cbc"),
            ("zz", 1, "a"),
        ],
    )
    def test_with_the_fewest_come_first(self, present: str, count: int, expected: str) -> None:
        assert zones_to_launch_in(present, ZONES, count) == list(expected)

    def test_that_have_several_subnets_are_one(self) -> None:
        assert zones_to_launch_in("", ("a", "a", "b"), 2) == ["a", "b"]


class TestScaleIn:
    def test_takes_from_the_largest_zone_first(self) -> None:
        oldest_alone = [candidate("old", "b", age=9000), candidate("one"), candidate("two")]

        assert ended(oldest_alone, 1, "OldestInstance")[0] in {"one", "two"}

    def test_keeps_zones_even_as_it_goes_on(self) -> None:
        six = [candidate(f"{zone}{number}", zone) for zone in ZONES for number in (1, 2)]

        assert sorted(name[0] for name in ended(six, 3)) == ["a", "b", "c"]

    @pytest.mark.parametrize(
        ("policy", "expected"),
        [
            ("OldestInstance", "oldest"),
            ("NewestInstance", "newest"),
            ("OldestLaunchTemplate", "outdated"),
            ("OldestLaunchConfiguration", "outdated"),
            ("ClosestToNextInstanceHour", "nearly"),
            ("Default", "outdated"),
        ],
    )
    def test_by_policy(self, policy: str, expected: str) -> None:
        fleet = [
            candidate("newest", age=10, vintage=2),
            candidate("nearly", age=3500, vintage=2),
            candidate("outdated", age=100, vintage=1),
            candidate("oldest", age=4000, vintage=2),
        ]

        assert ended(fleet, 1, policy) == [expected]

    def test_by_the_second_policy_where_the_first_leaves_several(self) -> None:
        fleet = [
            candidate("new", age=1),
            candidate("old", age=2),
            candidate("newer template", age=3, vintage=2),
        ]

        assert ended(fleet, 1, "OldestLaunchTemplate", "OldestInstance") == ["old"]

    def test_spares_what_is_protected(self) -> None:
        fleet = [candidate("kept", age=9, protected=True), candidate("ended")]

        assert ended(fleet, 2, "OldestInstance") == ["ended"]

    def test_takes_from_a_smaller_zone_where_the_largest_is_protected(self) -> None:
        fleet = [candidate("a1", protected=True), candidate("a2", protected=True), candidate("b1", "b")]

        assert ended(fleet) == ["b1"]
