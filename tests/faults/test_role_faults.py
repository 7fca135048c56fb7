"""What goes wrong while roles change a host leaves it as it was; what goes right interrupts nobody.

On hosts of both families: Amazon Linux's likeness, and Debian 12.
"""

import dataclasses
import hashlib
import http.client
import json
import re
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local_cloud.testing.agent import archives, packages
from tests.faults.pipeline_runs import CHECKOUT, Pipeline

NAME = "www.local-cloud.example"
BUCKET = "aws-codedeploy-us-east-1"
DEBIAN_12 = "ami-0deb120000000a001"
OLDER, TRUNCATED, DEAD = "1.8.0-1", "1.8.2-1", "1.8.3-1"
STATE = (
    "command -v rpm >/dev/null && rpm --query codedeploy-agent"
    " || dpkg-query --show --showformat '${Version} ${db:Status-Status}' codedeploy-agent;"
    " systemctl is-active codedeploy-agent; systemctl is-enabled codedeploy-agent;"
    " ls /etc/codedeploy-agent/conf; cat /etc/codedeploy-agent/conf/codedeployagent.yml;"
    " ls -d /tmp/codedeploy-agent-* 2>/dev/null || true"
)
"""The agent as it is on a host, in a form to compare."""
OK = 200
PLAYS = 3
"""Lines of a recap: two hosts and this machine."""

Configure = Callable[..., str]


@pytest.fixture(scope="module")
def fleet(pipeline: Pipeline) -> Pipeline:
    """The pipeline with a second host, of Debian, which no deployment goes to."""
    ec2 = pipeline.client("ec2")
    running = [{"Name": "instance-state-name", "Values": ["running"]}]
    [reservation] = ec2.describe_instances(Filters=running)["Reservations"]
    [first] = reservation["Instances"]
    tags = [tag for tag in first["Tags"] if tag["Key"] != "Name"]
    [second] = ec2.run_instances(
        ImageId=DEBIAN_12,
        InstanceType=first["InstanceType"],
        KeyName=first["KeyName"],
        SecurityGroupIds=[group["GroupId"] for group in first["SecurityGroups"]],
        IamInstanceProfile={"Arn": first["IamInstanceProfile"]["Arn"]},
        MinCount=1,
        MaxCount=1,
        TagSpecifications=[{"ResourceType": "instance", "Tags": [*tags, {"Key": "Name", "Value": "debian"}]}],
    )["Instances"]
    inventory = {"all": {"hosts": {second["InstanceId"]: {"ansible_user": "admin"}}}}
    (pipeline.folder / "users.json").write_text(json.dumps(inventory))
    return dataclasses.replace(
        pipeline,
        options=(
            *pipeline.options,
            "--inventory=inventory/local",
            f"--inventory={pipeline.folder / 'users.json'}",
        ),
    )


@pytest.fixture(scope="module")
def configure(fleet: Pipeline) -> Configure:
    """`configure(codedeploy_agent_major=2)`: what configure-hosts.yml says; `fails` = it is to fail."""

    def run(*options: str, fails: bool = False, **settings: object) -> str:
        result = fleet.playbook("configure-hosts.yml", f"--extra-vars={json.dumps(settings)}", *options)
        assert (result.returncode != 0) == fails, result.stdout + result.stderr
        return " ".join((result.stdout + result.stderr).split())

    run()
    return run


@pytest.fixture(scope="module", autouse=True)
def bucket(fleet: Pipeline) -> None:
    """More packages: an older one, one of which a half is missing, one whose agent dies."""
    s3 = fleet.client("s3")

    def put(kind: str, version: str, change: Callable[[bytes], bytes] = bytes, **fields: Any) -> None:
        package = dataclasses.replace(packages.package(kind, version), **fields)
        content = archives.rpm(package) if kind == "rpm" else archives.deb(package)
        s3.put_object(
            Bucket=BUCKET, Key=packages.name(kind, version), Body=change(content), ACL="public-read"
        )

    for kind in ("rpm", "deb"):
        dead = tuple(
            dataclasses.replace(entry, content=b"#!/bin/sh\nexit 1\n")
            if entry.path.endswith("/bin/codedeploy-agent")
            else entry
            for entry in packages.package(kind, DEAD).entries
        )
        put(kind, OLDER)
        put(kind, TRUNCATED, lambda content: content[: len(content) // 2])
        put(kind, DEAD, entries=dead)


def versions(fleet: Pipeline) -> set[str]:
    """What is installed, by the package managers."""
    query = "command -v rpm >/dev/null && rpm -q --qf '%{VERSION}' codedeploy-agent || "
    query += "dpkg-query --show --showformat '${Version}' codedeploy-agent"
    return {line.split("-")[0] for line in fleet.on_hosts(query)}


@pytest.mark.parametrize("major", [2, 1])
def test_a_host_goes_from_one_generation_to_the_other_and_back(
    fleet: Pipeline, configure: Configure, major: int
) -> None:
    configure("--tags=codedeploy_agent", codedeploy_agent_major=major)
    assert versions(fleet) == {{1: "1.8.1", 2: "2.1.0"}[major]}
    again = configure("--tags=codedeploy_agent", codedeploy_agent_major=major)
    assert again.count("changed=0") == PLAYS


def test_a_version_can_be_pinned(fleet: Pipeline, configure: Configure) -> None:
    configure("--tags=codedeploy_agent", codedeploy_agent_version=OLDER)
    assert versions(fleet) == {"1.8.0"}
    configure("--tags=codedeploy_agent")
    assert versions(fleet) == {"1.8.1"}


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"codedeploy_agent_version": "1.7.9-1"}, "it can't be downloaded (HTTP Error 404"),
        ({"codedeploy_agent_version": TRUNCATED}, "it is no whole package"),
        ({"codedeploy_agent_version": OLDER, "codedeploy_agent_checksum": "0" * 64}, "its SHA-256 sum is"),
        (
            {"codedeploy_agent_version": DEAD, "codedeploy_agent_timeout": 5},
            "The CodeDeploy agent does not poll",
        ),
    ],
    ids=["missing", "truncated", "another checksum", "dead agent"],
)
def test_an_agent_that_can_not_be_had_leaves_the_host_as_it_was(
    fleet: Pipeline, configure: Configure, settings: dict[str, Any], reason: str
) -> None:
    before = fleet.on_hosts(STATE)

    said = configure(
        "--tags=codedeploy_agent", fails=True, codedeploy_agent_config={"max_revisions": 2}, **settings
    )

    assert said.count(reason) >= 2
    assert "(The host has, as before: 1.8.1-1)" in said
    assert "Traceback" not in said
    assert fleet.on_hosts(STATE) == before


def test_a_host_without_an_agent_gets_none_that_is_dead(fleet: Pipeline, configure: Configure) -> None:
    configure("--tags=codedeploy_agent", codedeploy_agent_state="absent")
    again = configure("--tags=codedeploy_agent", codedeploy_agent_state="absent")
    assert again.count("changed=0") == PLAYS
    said = configure(
        "--tags=codedeploy_agent",
        fails=True,
        codedeploy_agent_version=DEAD,
        codedeploy_agent_timeout=5,
    )
    assert "(The host has, as before: no agent)" in said
    fleet.on_hosts("test ! -e /etc/codedeploy-agent; ! systemctl is-active codedeploy-agent")
    configure("--tags=codedeploy_agent")
    assert versions(fleet) == {"1.8.1"}


def test_another_instance_profile_restarts_the_agent(fleet: Pipeline, configure: Configure) -> None:
    iam, ec2 = fleet.client("iam"), fleet.client("ec2")
    associations = ec2.describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    role = iam.get_instance_profile(
        InstanceProfileName=associations[0]["IamInstanceProfile"]["Arn"].rpartition("/")[2]
    )["InstanceProfile"]["Roles"][0]["RoleName"]
    iam.create_instance_profile(InstanceProfileName="another")
    iam.add_role_to_instance_profile(InstanceProfileName="another", RoleName=role)
    pids = fleet.on_hosts("systemctl show --property MainPID codedeploy-agent")

    for association in associations:
        ec2.replace_iam_instance_profile_association(
            AssociationId=association["AssociationId"], IamInstanceProfile={"Name": "another"}
        )
    configure("--tags=codedeploy_agent")

    assert set(fleet.on_hosts("systemctl show --property MainPID codedeploy-agent")).isdisjoint(pids)
    fleet.on_hosts("grep -q instance-profile/another /etc/codedeploy-agent/conf/codedeployagent.yml")


def get(url: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer, by a connection of its own."""
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - the site's
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read()


@contextmanager
def visitors(url: str) -> Iterator[list[str]]:
    """Two visitors, who ask for the page again and again; yields what was wrong with the answers."""
    wrong: list[str] = []
    served: list[float] = []
    over = threading.Event()
    page = get(url)[2]

    def visit() -> None:
        while not over.is_set():
            try:
                status, _, body = get(url)
                if status != OK or body != page:
                    wrong.append(f"{status}: {body[:100]!r}")
                served.append(time.monotonic())
            except OSError as error:
                wrong.append(repr(error))
            # Often enough to meet any gap, seldom enough to leave the machine to the others.
            over.wait(0.005)

    threads = [threading.Thread(target=visit) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield wrong
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert len(served) > 50


@pytest.fixture(scope="module")
def site(fleet: Pipeline) -> str:
    """The live page."""
    addresses = fleet.client("ec2").describe_addresses()["Addresses"]
    return f"http://{addresses[0]['PublicIp']}/"


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"nginx_cache_seconds": 60, "nginx_listen": ["80", "8080"]}, ""),
        ({}, ""),
        ({"nginx_headers": {"X-Broken": "a\\"}}, "[emerg]"),
        ({"nginx_server_name": "{{ no_such_variable }}"}, "no_such_variable"),
        # It may come later.
        ({"nginx_tls_certificate": "/no/such.pem", "nginx_tls_certificate_key": "/no/such.key"}, ""),
        ({"nginx_listen": ["80", "22"]}, "22 by sshd"),
    ],
)
def test_a_configuration_interrupts_no_request(
    fleet: Pipeline, configure: Configure, site: str, settings: dict[str, Any], reason: str
) -> None:
    before = fleet.on_hosts("sha256sum /etc/nginx/nginx.conf")

    with visitors(site) as wrong:
        said = configure("--tags=nginx", fails=bool(reason), **settings)

    assert wrong == []
    assert reason in said
    assert "Traceback" not in said
    fleet.on_hosts("nginx -t && systemctl is-active nginx")
    assert (fleet.on_hosts("sha256sum /etc/nginx/nginx.conf") == before) == bool(reason)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("start", "(nginx goes on as it was)"),
        ("stop", "(nginx does not serve: the service nginx is not running)"),
    ],
)
def test_what_nginx_does_with_a_configuration_that_it_can_not_take_is_true(
    fleet: Pipeline, configure: Configure, state: str, words: str
) -> None:
    fleet.on_hosts(f"mv /etc/nginx/mime.types /run/; systemctl {state} nginx")

    said = configure("--tags=nginx", fails=True, nginx_cache_seconds=7)

    assert said.count(words) >= 2
    assert "/etc/nginx/mime.types" in said
    fleet.on_hosts("mv /run/mime.types /etc/nginx/; systemctl start nginx")


@contextmanager
def open_port(fleet: Pipeline, port: int) -> Iterator[None]:
    """Open to everybody, in the group that the pipeline made."""
    ec2 = fleet.client("ec2")
    [group] = ec2.describe_security_groups(GroupNames=["ec2.cheaper.001"])["SecurityGroups"]
    rule = {
        "GroupId": group["GroupId"],
        "IpPermissions": [
            {
                "IpProtocol": "tcp",
                "FromPort": port,
                "ToPort": port,
                "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
            }
        ],
    }
    ec2.authorize_security_group_ingress(**rule)
    try:
        yield
    finally:
        ec2.revoke_security_group_ingress(**rule)


@pytest.fixture(scope="module")
def copied(fleet: Pipeline) -> None:
    """What belongs to a deployment lies in the document root."""
    fleet.on_hosts(
        "cd /srv/www/current/ && mkdir -p scripts .git .github/workflows icons"
        " && touch appspec.yml appspec.yaml scripts/after-install.sh .git/config .github/workflows/main.yml"
        " icons/.hidden"
    )


@pytest.mark.usefixtures("copied")
@pytest.mark.parametrize(
    "path",
    [
        "appspec.yml",
        "appspec.yaml",
        "//appspec.yml",
        "x/../appspec.yml",
        "scripts/",
        "scripts/after-install.sh",
        "%73cripts/after-install.sh",
        ".git/config",
        "%2egit/config",
        ".github/",
        ".github/workflows/main.yml",
        "icons/.hidden",
    ],
)
def test_what_is_not_public_is_not_there_even_where_it_was_copied(site: str, path: str) -> None:
    status, _, body = get(site + path)
    assert status == 404
    assert b"nginx/" not in body


def test_headers_are_those_of_the_readme(site: str) -> None:
    text = (Path(__file__).parents[2] / "roles/nginx/README.md").read_text()
    documented = dict(
        line.strip().split(": ", 1) for line in text.splitlines() if re.match(r" {4}[A-Z]", line)
    )
    for path in ("", "no-such-page"):
        _, headers, _ = get(site + path)
        assert documented == {name: headers.get(name) for name in documented}
        assert headers["Server"] == "nginx"
    assert get(site)[1]["Cache-Control"] == "no-cache"


def test_each_request_is_a_line_of_json(fleet: Pipeline, site: str) -> None:
    mark = hashlib.sha256(site.encode()).hexdigest()
    get(f"{site}?{mark}")
    [line] = fleet.on_hosts(f"grep -h {mark} /var/log/nginx/access.log || true")
    entry = json.loads(line)
    assert (entry["method"], entry["status"], entry["uri"]) == ("GET", 200, f"/?{mark}")


def test_a_certificate_brings_tls_and_leads_there(fleet: Pipeline, configure: Configure, site: str) -> None:
    fleet.on_hosts(
        "mkdir -p /etc/pki/site && cd /etc/pki/site && openssl req -x509 -newkey rsa:2048 -nodes -days 1"
        f" -subj /CN=site -addext subjectAltName=DNS:{NAME} -keyout key.pem -out cert.pem 2>/dev/null"
    )
    settings = {
        "nginx_tls_certificate": "/etc/pki/site/cert.pem",
        "nginx_tls_certificate_key": "/etc/pki/site/key.pem",
    }
    with visitors(site) as wrong:
        configure("--tags=nginx", nginx_tls_redirect=False, **settings)
    assert wrong == []
    configure("--tags=nginx", **settings)

    address = site.removeprefix("http://").rstrip("/")
    plain = http.client.HTTPConnection(address, timeout=10)
    plain.request("GET", "/a?b", headers={"Host": NAME})
    answer = plain.getresponse()
    assert (answer.status, answer.headers["Location"]) == (301, f"https://{NAME}/a?b")

    # Which certificate it is, is not the question here.
    context = ssl._create_unverified_context()  # noqa: S323 - as said
    with open_port(fleet, 443):
        secure = http.client.HTTPSConnection(address, timeout=10, context=context)
        secure.request("GET", "/")
        answer = secure.getresponse()
    assert (answer.status, answer.headers["Strict-Transport-Security"]) == (200, "max-age=86400")

    configure("--tags=nginx")
    assert get(site)[0] == OK


def test_the_token_of_a_private_repository_shows_nowhere(fleet: Pipeline, configure: Configure) -> None:
    token = (CHECKOUT / ".local_cloud/github/token").read_text().strip()
    request = urllib.request.Request(
        "http://127.0.0.1:4581/api/v3/orgs/OWNER/repos",
        data=json.dumps({"name": "private.site", "private": True}).encode(),
        headers={"Authorization": f"Bearer {token}"},
    )
    with urllib.request.urlopen(request) as answer:  # noqa: S310 - the local cloud's
        assert json.load(answer)["private"]
    published = fleet.cloud("publish", str(CHECKOUT / "site"), "OWNER/private.site")
    assert published.returncode == 0, published.stderr
    settings = {"pipeline_site_checkout": True, "pipeline_github_repository": "OWNER/private.site"}
    # Whatever processes say of themselves, again and again, until the file is gone.
    fleet.on_hosts(
        "touch /run/watched; (while [ -e /run/watched ]; do"
        " cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'; sleep 0.02; done"
        " >/root/seen 2>/dev/null </dev/null &) 2>/dev/null >/dev/null"
    )

    said = configure("-vvv", "--diff", "--tags=site_checkout", **settings)

    fleet.on_hosts("rm /run/watched; grep -q git-remote-http /root/seen && mv /root/seen /srv/site/.git/seen")
    assert token not in said
    fleet.on_hosts(f"! grep -rqF {token} /srv/site /root /run /tmp; rm /srv/site/.git/seen")
    fleet.on_hosts("test -e /srv/site/appspec.yml && ! find /srv/site -perm /022 | grep .")

    configure("--tags=site_checkout", site_checkout_owner="daemon", **settings)
    again = configure("--tags=site_checkout", site_checkout_owner="daemon", **settings)
    assert again.count("changed=0") == PLAYS
