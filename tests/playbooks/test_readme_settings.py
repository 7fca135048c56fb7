"""What the README says to change, changed at once and far from the defaults, whichever way it is set."""

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from local_cloud.testing.clouds import LocalCloud, publish
from tests.inventories import KEYS, Side, inventory

CHECKOUT = Path(__file__).parents[2]
REGION = "eu-west-1"
SETTINGS: dict[str, Any] = {
    "pipeline_domain_zone": "shop.example",
    "pipeline_domain_record": "www.shop.example",
    "pipeline_github_repository": "OWNER/shop",
    "pipeline_revision_source": "s3",
    "pipeline_github_token_name": "shop-link",
    "pipeline_connection": "ssm",
    "pipeline_connection_bucket": "shop-modules",
    "pipeline_ssh_cidr": "192.0.2.7/32",
    "pipeline_tag_owner": "desk-7",
    "pipeline_tag_cost_center": "4711",
    "pipeline_tags": {"Desk": "fx"},
}
SHOWN = (
    "www.shop.example",
    "AmazonSSMManagedInstanceCore",
    "192.0.2.7/32",
    "desk-7",
    "4711",
    "Desk",
    f"-{REGION}",
)
DEFAULTS = re.compile(r"local-cloud\.example|codedeploy\.nginx|us-east-1|172\.31\.0\.1/32")
WAYS = ("group variables", "extra variables")


@pytest.mark.long
@pytest.mark.parametrize("way", WAYS)
def test_every_setting_reaches_every_play(
    cloud: LocalCloud, client: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    publish(cloud, CHECKOUT / "site", "OWNER/shop")
    for bucket in (f"aws-codedeploy-{REGION}", "shop-modules"):
        client("s3", REGION).create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
    client("s3").put_object(Bucket=f"aws-codedeploy-{REGION}", Key="latest/install", Body=b"")
    client("route53").create_hosted_zone(Name="shop.example", CallerReference="shop")
    key = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    settings = SETTINGS | {"pipeline_ssh_public_key_file": f"{key}.pub"}
    group, extra = (settings, {}) if way == "group variables" else ({}, settings)
    folder = inventory(tmp_path / "shop", cloud, *KEYS, **group)
    source = folder / "aws_ec2.yml"
    source.write_text(source.read_text().replace("us-east-1", REGION))
    cloud.log.clear()

    monkeypatch.setenv("PIPELINE_PLAN_FOLDER", str(tmp_path))
    done = Side(folder).play("site.yml", "--check", "--diff", **extra)

    assert done.returncode == 0, done.stdout + done.stderr
    assert [value for value in SHOWN if value not in done.stdout] == []
    assert DEFAULTS.findall(done.stdout) == []
    assert cloud.log.entries(mutating=True) == []
