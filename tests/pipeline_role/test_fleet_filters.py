"""The filters that say what changed settings keep and what they end."""

from typing import Any

import pytest

from tests.plugins import load


def filters_of(name: str) -> Any:
    return load(f"roles/pipeline/filter_plugins/{name}.py").FilterModule().filters()


FLEET = filters_of("fleet")["fleet"]
RECORDS = filters_of("records")
OWNED = filters_of("owned")
UNUSED = filters_of("unused")


def instance(name: str, day: int = 1, state: str = "running", **members: Any) -> dict[str, Any]:
    return {
        "instance_id": name,
        "launch_time": f"2026-11-{day:02}T09:00:00+00:00",
        "state": {"name": state},
        "instance_type": "t3a.nano",
        "root_device_name": "/dev/xvda",
        **members,
    }


def volume(name: str, size: int, device: str = "/dev/xvda") -> dict[str, Any]:
    return {"size": size, "attachment_set": [{"instance_id": name, "device": device}]}


@pytest.mark.parametrize(
    ("instances", "wanted", "keep", "retire", "missing"),
    [
        ([], {"count": "2"}, [], [], 2),
        ([instance("i-new", 2), instance("i-old", 1)], {"count": 1}, ["i-old"], ["i-new"], 0),
        # One that is stopped serves nobody.
        ([instance("i-new", 2), instance("i-old", 1, "stopped")], {"count": 1}, ["i-new"], ["i-old"], 0),
        ([instance("i-1")], {"count": 1, "instance_type": "t4g.nano"}, [], ["i-1"], 1),
        ([instance("i-1")], {"count": 1, "instance_type": "t3a.nano"}, ["i-1"], [], 0),
        # What is not asked for is not compared.
        ([instance("i-1", image_id="ami-1")], {"count": 1, "image_id": ""}, ["i-1"], [], 0),
        (
            [instance("i-old", 1), instance("i-new", 2, instance_type="t4g.nano")],
            {"count": 1, "instance_type": "t4g.nano"},
            ["i-new"],
            ["i-old"],
            0,
        ),
    ],
)
def test_the_oldest_that_fit_stay(
    instances: list[Any], wanted: dict[str, Any], keep: list[str], retire: list[str], missing: int
) -> None:
    found = FLEET(instances, [], wanted)
    assert (found["keep"], list(found["retire"]), found["missing"]) == (keep, retire, missing)


def test_alike_are_those_that_filters_of_type_and_subnet_find_whether_they_stay_or_not() -> None:
    there = [
        instance("i-1", subnet_id="subnet-1"),
        instance("i-2", subnet_id="subnet-1", image_id="ami-1"),
        instance("i-3", subnet_id="subnet-2"),
        instance("i-4", subnet_id="subnet-1", instance_type="t4g.nano"),
    ]
    wanted = {"count": 1, "instance_type": "t3a.nano", "subnet_id": "subnet-1", "image_id": "ami-2"}
    assert FLEET(there, [], wanted)["alike"] == 2
    assert FLEET(there, [], wanted | {"subnet_id": ""})["alike"] == 3


def test_it_is_the_root_volume_that_has_to_fit() -> None:
    disks = [volume("i-1", 100, "/dev/sdf"), volume("i-1", 8), volume("i-2", 8)]
    wanted = {"count": 2, "volume_size": 8}
    assert FLEET([instance("i-1"), instance("i-2")], disks, wanted)["keep"] == ["i-1", "i-2"]
    bigger = FLEET([instance("i-1")], disks, {"count": 1, "volume_size": "16"})
    assert bigger["retire"] == {"i-1": "volume_size is 8, and 16 is wanted"}


def address(ip: str, records: str = "", instance_id: str = "") -> dict[str, Any]:
    return {
        "allocation_id": f"eipalloc-{ip}",
        "public_ip": ip,
        "instance_id": instance_id,
        "association_id": instance_id and f"eipassoc-{ip}",
        "tags": {"Records": records} if records else {},
    }


def record(name: str, *values: str, ttl: int | None = 300) -> dict[str, Any]:
    return {"name": name, "zone": "example.com", "ttl": ttl, "values": list(values)}


def test_a_former_record_is_one_that_a_tag_names_and_that_leads_nowhere_else() -> None:
    ours = [address("1.1.1.1", "old.example.com www.example.com"), address("1.1.1.2", "gone.example.com")]
    records = [
        record("www.example.com", "1.1.1.1"),
        record("old.example.com", "1.1.1.1"),
        record("gone.example.com", "1.1.1.2", "9.9.9.9"),
        # Somebody's own name for the site: it leads to us, and we did not make it.
        record("example.com", "1.1.1.1"),
    ]
    former = RECORDS["former_records"](records, ours, "www.example.com.")
    assert [each["name"] for each in former] == ["old.example.com"]
    assert RECORDS["former_records"]([record("old.example.com")], ours, "www.example.com") == []


def test_only_addresses_that_a_record_leads_to_or_led_to_have_the_tag() -> None:
    ours = [address("1.1.1.1", "old.example.com"), address("1.1.1.2"), address("1.1.1.3")]
    changed = RECORDS["records_tags"](ours, ["www.example.com."], ["1.1.1.2"])
    assert changed == [
        {"allocation_id": "eipalloc-1.1.1.1", "value": "www.example.com"},
        {"allocation_id": "eipalloc-1.1.1.2", "value": "www.example.com"},
    ]
    right = [address("1.1.1.1", "a.example.com b.example.com")]
    assert RECORDS["records_tags"](right, ["b.example.com", "A.example.com"], ["1.1.1.1"]) == []


def test_an_address_that_a_record_leads_to_is_never_released() -> None:
    ours = [
        address("1.1.1.1", "www.example.com", "i-stays"),
        address("1.1.1.2", "www.example.com", "i-ends"),
        address("1.1.1.3"),
        address("1.1.1.4"),
    ]
    found = RECORDS["unused_addresses"](ours, ["i-ends"], [record("example.com", "1.1.1.4")])
    assert found == {
        "release": ["1.1.1.2", "1.1.1.3"],
        "kept": ["1.1.1.4, to which example.com leads"],
        "named": True,
    }
    # One whose allocation was answered into the void has never had a name.
    assert RECORDS["unused_addresses"](ours, [], [])["named"] is False


def test_resolvers_know_a_record_for_the_longest_time_to_live() -> None:
    assert RECORDS["seconds_known"]([record("a", ttl=None), record("b", ttl=60), record("c", ttl=5)]) == 60
    assert RECORDS["seconds_known"]([]) == 0
    # An alias says no time, and resolvers are told one all the same.
    alias = record("a", ttl=None) | {"alias": "web-1.us-east-1.elb.amazonaws.com", "values": []}
    assert RECORDS["seconds_known"]([alias, record("b", ttl=5)]) == 60


def test_a_role_that_is_used_stays_whatever_the_settings_name() -> None:
    roles = [
        {"role_name": name, "instance_profiles": [name] if name.startswith("ec2") else []}
        for name in ("ec2-new", "ec2-old", "codedeploy-old", "github-old")
    ]
    groups = [{"service_role_arn": "arn:aws:iam::1:role/codedeploy-old"}]
    carrying = [{"iam_instance_profile": {"arn": "arn:aws:iam::1:instance-profile/ec2-old"}}, {}]

    def names(*of: Any) -> list[str]:
        return [each["role_name"] for each in UNUSED["unused_roles"](roles, ["ec2-new"], *of)]

    assert names(groups, carrying) == ["github-old"]
    assert names([], []) == ["ec2-old", "codedeploy-old", "github-old"]


def test_what_carries_only_some_of_the_tags_is_somebody_elses() -> None:
    things = [{"tags": {"ManagedBy": "us", "Application": "a", "x": "y"}}, {"tags": {"ManagedBy": "us"}}, {}]
    assert OWNED["tagged"](things, {"ManagedBy": "us", "Application": "a"}) == things[:1]


def test_members_that_are_not_held_as_wanted_differ() -> None:
    differences = filters_of("balanced")["differences"]
    held = {"interval": 5, "matcher": {"http_code": "200"}, "tags": {"Team": "web", "Cost": 7}, "other": 1}
    wanted = {"interval": "5", "matcher": {"http_code": 200}, "tags": {"Cost": "7", "Team": "web"}}
    assert differences(held, wanted) == []
    assert differences(held, wanted | {"interval": 10, "tags": {"Team": "web"}}) == ["interval", "tags"]
    assert differences({}, wanted) == ["interval", "matcher", "tags"]


def test_of_several_zones_the_first_two_that_offer_the_type_are_taken() -> None:
    of_two_zones = filters_of("balanced")["of_two_zones"]
    subnets = [{"availability_zone": zone, "subnet_id": f"{zone}{n}"} for zone in "dcba" for n in (1, 2)]
    found = [each["subnet_id"] for each in of_two_zones(subnets, ["d", "b", "c"])]
    assert sorted(found) == ["b1", "b2", "c1", "c2"]
    assert {each["availability_zone"] for each in of_two_zones(subnets, ["c"])} == {"c"}


def test_a_group_differs_by_what_is_asked_of_it_alone() -> None:
    differences = filters_of("balanced")["scaling_group_differences"]
    group = {
        "min_size": 2,
        "max_size": 4,
        "desired_capacity": 3,
        "health_check_type": "EC2",
        "health_check_grace_period": 45,
        "vpc_zone_identifier": "subnet-b,subnet-a",
        "launch_template": {"launch_template_name": "shop", "version": "7"},
        "target_group_names": [],
        "tags": [{"key": "Team", "value": "web"}, {"key": "Other", "value": "x"}],
        "suspended_processes": [{"process_name": "Launch"}, {"process_name": "AZRebalance"}],
    }
    watch = {"health_check_type": "ELB", "health_check_period": 45, "target_group": "shop", "metrics": ["A"]}
    assert differences(group, watch) == ["health_check_type", "metrics", "target_group"]
    same = {"desired_capacity": 0, "max_size": 4, "tags": {"Team": "web"}, "launch_template": "shop:7"}
    assert differences(group, same | {"suspended_processes": ["AZRebalance", "Launch"]}) == []
    assert differences(group, same | {"suspended_processes": []}) == ["suspended_processes"]
    assert differences({}, watch) == sorted(watch)


def test_listeners_that_are_there_have_no_rules() -> None:
    without_rules = filters_of("balanced")["without_rules"]
    wanted = [{"Port": 80}, {"Port": 443}]
    there = [{"listeners": [{"port": 80}]}, {"load_balancer_name": "without"}]
    assert without_rules(wanted, there) == [{"Port": 80, "Rules": []}, {"Port": 443}]


def test_a_name_is_in_the_longest_public_zone_that_holds_it() -> None:
    def zone(name: str, *, private: bool = False) -> dict[str, Any]:
        return {"id": f"/hostedzone/{name}", "name": name, "config": {"private_zone": private}}

    zones = [zone("example.com."), zone("shop.example.com."), zone("www.shop.example.com.", private=True)]
    zone_of = RECORDS["zone_of"]
    assert zone_of("_a.www.shop.example.com.", zones) == "shop.example.com."
    assert zone_of("_a.workshop.example.com.", zones) == "example.com."
    assert zone_of("www.example.org", zones) == ""
