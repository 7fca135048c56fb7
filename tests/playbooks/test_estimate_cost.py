"""estimate-cost.yml: the article's table, the pipeline's own, and what is said where a price is missing."""

import csv
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BUILD = Path(__file__).parents[2] / "build"


def test_both_tables_are_shown_and_reported_from_the_settings(ansible_playbook: Callable[..., Any]) -> None:
    result = ansible_playbook(
        "estimate-cost.yml",
        pipeline_cost_report="json",
        pipeline_instance_type="t4g.micro",
        pipeline_instance_count=3,
    )

    assert result.returncode == 0, result.stdout + result.stderr
    for amounts in (
        "AWS CodeDeploy deployment on premises 440 instance update 0.02 8.80 105.60",
        "Amazon EC2 t4g.nano 365 hour 0.0042 1.533 18.40",
        "total 11.83 142.00",
        "is 141.96",
        "3 x t4g.micro in us-east-1",
        "Amazon EC2 t4g.micro 2190 hour 0.0084 18.396 220.75",
        "Amazon EBS gp3 volume 24 GB-month 0.08 1.92 23.04",
        "Amazon VPC public IPv4 address 2190 hour 0.005 10.95 131.40",
        "deployment to EC2 440 instance update 0 0.00 0.00",
    ):
        assert amounts in " ".join(result.stdout.split())
    article, built = json.loads((BUILD / "cost.json").read_text())
    assert article["monthly"] == "11.833"
    assert built["monthly"] == "32.166"
    assert all(line["source"] and line["date"] for line in built["lines"])


def test_a_fleet_is_estimated_in_several_sizes_each_with_its_source(
    ansible_playbook: Callable[..., Any],
) -> None:
    """Without public addresses of its hosts, which costs a NAT gateway in each zone and its address."""
    result = ansible_playbook(
        "estimate-cost.yml",
        pipeline_cost_report="json",
        pipeline_fleet=True,
        pipeline_fleet_desired_size=3,
        pipeline_fleet_public_addresses=False,
        pipeline_cost_fleet_sizes=[2, 20],
    )

    assert result.returncode == 0, result.stdout + result.stderr
    said = " ".join(result.stdout.split())
    for amounts in (
        "What production builds, a fleet of 3 x t3a.nano in us-east-1",
        "Amazon EC2 t3a.nano 14600 hour 0.0047 68.62 823.44",
        "Elastic Load Balancing Application Load Balancer 730 hour 0.0225 16.425 197.10",
        "Elastic Load Balancing LCU 730 LCU-hour 0.008 5.84 70.08",
        "Amazon VPC NAT gateway 1460 hour 0.045 65.70 788.40",
        "Amazon VPC NAT gateway data 20 GB 0.045 0.90 10.80",
        "Amazon VPC public IPv4 address 2920 hour 0.005 14.60 175.20",
    ):
        assert amounts in said
    _, three, two, twenty = json.loads((BUILD / "cost.json").read_text())
    assert [float(each["monthly"]) for each in (two, three, twenty)] == sorted(
        float(each["monthly"]) for each in (two, three, twenty)
    )
    assert two["title"] == "A fleet of 2 x t3a.nano in us-east-1"
    assert all(line["source"] and line["date"] for line in twenty["lines"])


def test_a_usage_file_and_a_price_sheet_of_ones_own(
    ansible_playbook: Callable[..., Any], tmp_path: Path
) -> None:
    sheet = (BUILD.parent / "playbooks" / "files" / "costs" / "prices.csv").read_text()
    (tmp_path / "prices.csv").write_text(sheet.replace("us-east-1", "eu-west-1"))
    (tmp_path / "ours.yml").write_text("- {service: Amazon EC2, item: t3a.nano, quantity: 100}\n")

    result = ansible_playbook(
        "estimate-cost.yml",
        pipeline_cost_report="csv",
        pipeline_region="eu-west-1",
        pipeline_cost_price_sheet=str(tmp_path / "prices.csv"),
        pipeline_cost_usage_file=str(tmp_path / "ours.yml"),
    )

    assert result.returncode == 0, result.stdout + result.stderr
    with (BUILD / "cost.csv").open() as file:
        first, *_ = csv.DictReader(file)
    assert (first["region"], first["item"], first["monthly"]) == ("eu-west-1", "t3a.nano", "0.47")


def test_without_a_local_cloud_there_is_no_token_and_that_is_no_error(tmp_path: Path) -> None:
    inventory = shutil.copytree(BUILD.parent / "inventory" / "local", tmp_path / "inventory" / "local")
    result = subprocess.run(
        [
            *(Path(sys.executable).parent / "ansible", "localhost", f"--inventory={inventory / 'hosts.yml'}"),
            *("--module-name=ansible.builtin.debug", "--args=msg={{ pipeline_github_token | length }}"),
        ],
        cwd=BUILD.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "msg: 0" in result.stdout.replace('"', "")
    assert "file" not in result.stderr


def test_an_unknown_type_is_named_with_what_is_known(ansible_playbook: Callable[..., Any]) -> None:
    result = ansible_playbook("estimate-cost.yml", pipeline_instance_type="t3a.nona")

    assert result.returncode != 0
    said = " ".join(result.stdout.split())
    assert "has not the price of Amazon EC2 t3a.nona in us-east-1. Did you mean t3a.nano?" in said
    assert "Traceback" not in result.stdout


@pytest.mark.long
def test_an_unknown_region_is_named_with_what_is_known(ansible_playbook: Callable[..., Any]) -> None:
    result = ansible_playbook("estimate-cost.yml", pipeline_region="eu-west-9")

    assert result.returncode != 0
    said = " ".join(result.stdout.split())
    assert "in eu-west-9. It knows it in us-east-1. Add the line to the price sheet" in said


@pytest.mark.long
def test_a_cloud_without_a_price_list_leads_to_the_sheet(
    ansible_playbook: Callable[..., Any], addresses: dict[str, Any]
) -> None:
    result = ansible_playbook("estimate-cost.yml", **addresses, pipeline_cost_prices="live")

    assert result.returncode != 0
    said = " ".join(result.stdout.split())
    assert "Cannot ask the AWS Price List for AmazonEC2: " in said
    assert "The price sheet needs nobody: prices=sheet (pipeline_cost_prices)." in said
    assert "Traceback" not in result.stdout
