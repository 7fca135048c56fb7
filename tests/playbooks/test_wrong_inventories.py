# ruff: noqa: E501 - a case is a line
"""Wrong inventories stop site.yml before its first change, each with the variable, its value and the way out.

The playbook runs once, over a group `localhost` whose every host is a controller with something wrong.
"""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from moto.servicequotas.models import ServiceQuotasBackend

from local_cloud.testing.clouds import LocalCloud

CHECKOUT = Path(__file__).parents[2]
Settings = dict[str, Any]
OTHER_ACCOUNT = "arn:aws:iam::999999999999:policy/boundary"
CHINA = "arn:aws-cn:iam::123456789012:policy/boundary"
NO_POLICY = "arn:aws:iam::123456789012:policy/boundary"
COMMIT = "0123456789abcdef0123456789abcdef01234567"
LINUX = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-"

# What is set wrong, and what has to be said about it.
WRONG_VALUES: list[tuple[Settings, str]] = [
    ({"pipeline_instnace_type": "t3a.nano"}, "pipeline_instnace_type is not a setting: did you mean pipeline_instance_type?"),
    ({"pipline_region": "us-east-1"}, "pipline_region is not a setting: did you mean pipeline_region?"),
    ({"pipeline_colour": "blue"}, "pipeline_colour is not a setting: look for a typing error? roles/pipeline/defaults"),
    ({"pipeline_instance_count": "many"}, "pipeline_instance_count is 'many': allowed is a whole number."),
    ({"pipeline_instance_count": 0}, "pipeline_instance_count is '0': allowed is a whole number, at least 1"),
    ({"pipeline_instance_count": -1}, "pipeline_instance_count is '-1': allowed is a whole number"),
    ({"pipeline_instance_volume_size": 0}, "pipeline_instance_volume_size is '0': allowed is a whole number"),
    ({"pipeline_instance_volume_size": 65537}, "pipeline_instance_volume_size is '65537': allowed is a whole"),
    ({"pipeline_instance_replace": "maybe"}, "pipeline_instance_replace is 'maybe': allowed is true or false."),
    ({"pipeline_tags": ["Owner"]}, "pipeline_tags is '['Owner']': allowed is a mapping of names to values."),
    ({"pipeline_region": "useast1"}, "pipeline_region is 'useast1': allowed is the name of an AWS region"),
    ({"pipeline_region": "us-east-1a"}, "pipeline_region is 'us-east-1a': allowed is the name of an AWS region"),
    ({"pipeline_domain_zone": ""}, "pipeline_domain_zone is '': allowed is the name of a hosted zone"),
    ({"pipeline_domain_zone": "Local-Cloud.example"}, "is 'Local-Cloud.example': allowed is the name of a hosted zone in lower"),
    ({"pipeline_domain_record": "http://local-cloud.example"}, "is 'http://local-cloud.example': allowed is the site's name"),
    ({"pipeline_domain_ttl": 0}, "pipeline_domain_ttl is '0': allowed is a number of seconds, at least 1"),
    ({"pipeline_ssh_cidr": "192.0.2.7"}, "pipeline_ssh_cidr is '192.0.2.7': allowed is an IPv4 range"),
    ({"pipeline_ssh_cidr": "192.0.2.7/33"}, "pipeline_ssh_cidr is '192.0.2.7/33': allowed is an IPv4 range"),
    ({"pipeline_ssh_public_key_file": ""}, "pipeline_ssh_public_key_file is '': allowed is the path of a public SSH key"),
    ({"pipeline_github_repository": "codedeploy.nginx.001"}, "is 'codedeploy.nginx.001': allowed is OWNER/NAME"),
    ({"pipeline_github_repository": "https://github.com/o/r"}, "is 'https://github.com/o/r': allowed is OWNER/NAME"),
    ({"pipeline_github_environment": "Prod*"}, "is 'Prod*': allowed is the name of an environment of the repository"),
    ({"pipeline_github_subject_prefix": "repo:*"}, "is 'repo:*': allowed is repo:OWNER/NAME"),
    ({"pipeline_github_api_url": "api.github.com"}, "is 'api.github.com': allowed is a URL that begins with https://"),
    ({"pipeline_commit": "main"}, "pipeline_commit is 'main': allowed is a commit's 40 hexadecimal digits"),
    ({"pipeline_iam_policy_profile": "administrator"}, "is 'administrator': allowed is least_privilege or article."),
    ({"pipeline_iam_ec2_role": "my role"}, "pipeline_iam_ec2_role is 'my role': allowed is at most 64 letters"),
    ({"pipeline_iam_timestamp": "yesterday"}, "is 'yesterday': allowed is a date and a time written like 20241024T000000"),
    ({"pipeline_iam_permissions_boundary": "boundary"}, "is 'boundary': allowed is the ARN of an IAM policy"),
    ({"pipeline_application": "my application"}, "pipeline_application is 'my application': allowed is at most 100"),
    ({"pipeline_deployment_group": "g" * 101}, "ggg': allowed is at most 100 letters"),
    ({"pipeline_instance_type": "nano"}, "pipeline_instance_type is 'nano': allowed is an EC2 instance type"),
    ({"pipeline_instance_image": "ubuntu"}, "pipeline_instance_image is 'ubuntu': allowed is the id of an image"),
    ({"pipeline_security_group": "sg-0123"}, "pipeline_security_group is 'sg-0123': allowed is at most 255 letters"),
]  # fmt: skip
# Judged where all settings have their types, and so on controllers of their own.
CONTRADICTIONS: list[tuple[Settings, str]] = [
    ({"pipeline_domain_record": "www.elsewhere.example"}, "is 'www.elsewhere.example': allowed is a name inside the zone"),
    ({"pipeline_ssh_cidr": "0.0.0.0/0"}, "is '0.0.0.0/0', the whole world: name your own address/32, or set"),
    ({"pipeline_vpc_id": "vpc-0123456789abcdef0"}, "pipeline_vpc_subnet_id is '': set both or none"),
]  # fmt: skip

# As above, several a controller, for looking takes its time: that they are wrong is known to AWS, to GitHub and to the
# file system alone. tests/unit/prerequisites has each of them alone.
WRONG_IN_THE_WORLD: list[list[tuple[Settings, str]]] = [
    [({"pipeline_region": "us-east-9"}, "pipeline_region is 'us-east-9', which botocore does not know: name one")],
    [
        ({"pipeline_region": "ap-east-1"}, "pipeline_region is 'ap-east-1', which is not enabled in this account"),
        ({"pipeline_iam_permissions_boundary": CHINA}, "an ARN of the partition aws-cn: this account is in aws"),
    ],
    [
        (
            {"pipeline_domain_zone": "nobodys.example", "pipeline_domain_record": "www.nobodys.example"},
            "(nobodys.example, pipeline_domain_zone): the account 123456789012 needs the public hosted zone",
        ),
        ({"pipeline_instance_type": "t9.nano"}, "pipeline_instance_type is 't9.nano': us-east-1 has no such type"),
        ({"pipeline_commit": COMMIT}, f"answered 422 for commit {COMMIT} of OWNER/codedeploy.nginx.001"),
        ({"pipeline_iam_permissions_boundary": OTHER_ACCOUNT}, "a policy of the account 999999999999: a boundary has to be"),
    ],
    [
        (
            {"pipeline_instance_type": "t4g.nano", "pipeline_instance_image": f"{LINUX}x86_64"},
            "'t4g.nano', which runs arm64, and the image",
        ),
        ({"pipeline_github_repository": "OWNER/nothing"}, "answered 404 for commit HEAD of OWNER/nothing (pipeline_github"),
        ({"pipeline_ssh_public_key_file": "nowhere.pub"}, "nowhere.pub is not a file that can be read"),
        ({"pipeline_iam_permissions_boundary": NO_POLICY}, f"is '{NO_POLICY}': there is no such policy"),
        (
            {"pipeline_vpc_id": "vpc-0123456789abcdef0", "pipeline_vpc_subnet_id": "subnet-0123456789abcdef0"},
            "pipeline_vpc_subnet_id is 'subnet-0123456789abcdef0': us-east-1 has no such subnet",
        ),
    ],
    [
        ({"pipeline_instance_image": "ami-0123456789abcdef0"}, "is 'ami-0123456789abcdef0': us-east-1 has no such image"),
        ({"pipeline_instance_count": 6}, "pipeline_instance_count is '6': 6 more Elastic IPs beside the 0 of this account"),
        ({"pipeline_deployment_config": "Mine"}, "pipeline_deployment_config is 'Mine': CodeDeploy has no such deployment configuration"),
        ({"pipeline_alarms": ["nobodys"]}, "pipeline_alarms has 'nobodys': CloudWatch has no such alarm in us-east-1"),
        ({"pipeline_notification_topic": "arn:aws:sns:us-east-1:123456789012:gone"}, "pipeline_notification_topic is 'arn:aws:sns:us-east-1:123456789012:gone': SNS has no such topic"),
        ({"pipeline_ssh_public_key_file": "ecdsa.pub"}, "holds an ECDSA key, and EC2 takes RSA and ED25519 (pipeline_ssh_public_key_file)"),
    ],
    [
        ({"pipeline_instance_root_device": "/dev/sdz"}, "pipeline_instance_root_device is '/dev/sdz', and the root device of ami-"),
        (
            {"pipeline_connection": "ssm", "pipeline_connection_bucket": "nobodys-bucket"},
            "pipeline_connection_bucket is 'nobodys-bucket': there is no such bucket",
        ),
    ],
]  # fmt: skip


def packed(cases: list[tuple[Settings, str]]) -> list[list[tuple[Settings, str]]]:
    """As few controllers as give no setting two values: all that is wrong with one is named at once."""
    controllers: list[list[tuple[Settings, str]]] = []
    for settings, said in cases:
        for controller in controllers:
            if not any(given.keys() & settings.keys() for given, _ in controller):
                controller.append((settings, said))
                break
        else:
            controllers.append([(settings, said)])
    return controllers


WRONG = {
    f"wrong-{number}": each
    for number, each in enumerate([*packed(WRONG_VALUES), *packed(CONTRADICTIONS), *WRONG_IN_THE_WORLD], 1)
}


@pytest.fixture
def image(client: Callable[[str], Any]) -> Callable[[str], str]:
    """The image that a public parameter names."""
    return lambda name: str(client("ssm").get_parameter(Name=name)["Parameter"]["Value"])


def inventory(addresses: Settings, image: Callable[[str], str], keys: Path) -> dict[str, Any]:
    """A group `localhost` of right controllers, each made wrong."""
    right = {
        **addresses,
        "ansible_connection": "local",
        "ansible_python_interpreter": sys.executable,
        "pipeline_domain_record": "www.local-cloud.example",
        "pipeline_domain_zone": "local-cloud.example",
        "pipeline_ssh_cidr": "192.0.2.7/32",
    }
    hosts: dict[str, Settings] = {name: {} for name in WRONG}
    for name, cases in WRONG.items():
        for settings, _ in cases:
            hosts[name] |= settings
        if hosts[name].get("pipeline_ssh_public_key_file") == "ecdsa.pub":
            hosts[name]["pipeline_ssh_public_key_file"] = str(keys / "ecdsa.pub")
        if str(hosts[name].get("pipeline_instance_image", "")).startswith(LINUX):
            hosts[name]["pipeline_instance_image"] = image(hosts[name]["pipeline_instance_image"])
    return {"all": {"vars": right, "children": {"localhost": {"hosts": hosts}}}}


def said_of_each(output: str) -> dict[str, str]:
    """What was said of each host that failed, in one line."""
    _, *parts = re.split(r"^fatal: \[([^\]]+)\]", output, flags=re.MULTILINE)
    return {name: " ".join(text.split()) for name, text in zip(parts[::2], parts[1::2], strict=True)}


@pytest.mark.long
def test_each_is_stopped_before_the_first_change(
    cloud: LocalCloud,
    addresses: Settings,
    image: Callable[[str], str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(ServiceQuotasBackend, "get_service_quota", lambda *_, **__: {"Value": 5.0})
    key = ["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", str(tmp_path / "ecdsa")]
    subprocess.run(key, check=True)
    (tmp_path / "hosts.json").write_text(json.dumps(inventory(addresses, image, tmp_path)))
    playbook = Path(sys.executable).with_name("ansible-playbook")

    result = subprocess.run(
        [playbook, f"--inventory={tmp_path / 'hosts.json'}", "--forks=4", "playbooks/site.yml"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )

    said = said_of_each(result.stdout)
    missing = [
        (words, said.get(name, "nothing"))
        for name, cases in WRONG.items()
        for _, words in cases
        if words not in said.get(name, "")
    ]
    assert missing == []
    assert "Traceback" not in result.stdout + result.stderr
    assert cloud.log.entries(mutating=True) == []
