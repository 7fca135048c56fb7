"""Which failures of a task are tried again: those that the way to AWS explains, and no other."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.plugins import load

PLUGIN = Path(__file__).parents[2] / "roles" / "pipeline" / "test_plugins" / "settled.py"


@pytest.fixture(scope="module")
def settled() -> Callable[[dict[str, Any]], bool]:
    module = load(str(PLUGIN))
    test: Callable[[dict[str, Any]], bool] = module.TestModule().tests()["settled"]
    return test


CALL = "An error occurred ({}) when calling the {} operation: {}"


@pytest.mark.parametrize(
    "words",
    [
        "Unable to parse response (no element found), invalid XML received. Further retries may succeed",
        'Connection was closed before we received a valid response from endpoint URL: "http://127.0.0.1:1/".',
        CALL.format("EntityAlreadyExists", "CreateRole", "Role with name x already exists."),
        CALL.format("InvalidKeyPair.Duplicate", "ImportKeyPair", "The keypair 'x' already exists."),
        CALL.format("InvalidGroup.Duplicate", "CreateSecurityGroup", "The security group 'x' already exists"),
        CALL.format(
            "InvalidPermission.Duplicate", "AuthorizeSecurityGroupIngress", "the rule already exists"
        ),
        CALL.format("BucketAlreadyOwnedByYou", "CreateBucket", "you already own it"),
        CALL.format(
            "LimitExceeded",
            "AddRoleToInstanceProfile",
            "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
        ),
        CALL.format(
            "InvalidChangeBatch",
            "ChangeResourceRecordSets",
            "Tried to create resource record set [name='x.', type='A'] but it already exists",
        ),
        CALL.format("NoSuchEntity", "DeleteRole", "The role with name x cannot be found."),
        CALL.format("Throttling", "GetRole", "Rate exceeded"),
        "Unable to authorize ingress rules: [{'ToPort': 22}]: Failed to authorize security group ingress",
        CALL.format("RequestLimitExceeded", "DescribeInstances", "Request limit exceeded."),
    ],
)
def test_what_the_way_explains_is_tried_again(settled: Callable[[dict[str, Any]], bool], words: str) -> None:
    assert not settled({"failed": True, "msg": words})


def test_a_module_that_broke_down_tells_it_in_its_traceback(
    settled: Callable[[dict[str, Any]], bool],
) -> None:
    assert not settled(
        {
            "failed": True,
            "msg": "MODULE FAILURE",
            "exception": "ResponseParserError: Unable to parse response",
        }
    )


def test_a_module_that_crashed_is_tried_again_whatever_it_will_have_said(tmp_path: Path) -> None:
    """In a real run, for what `until` sees of a crash is ansible-core's own."""
    (tmp_path / "library").mkdir()
    (tmp_path / "library" / "crash.py").write_text(
        "#!/usr/bin/python\nfrom ansible.module_utils.basic import AnsibleModule\n"
        "AnsibleModule(argument_spec={})\nraise ValueError('unclosed token')\n"
    )
    (tmp_path / "ansible.cfg").write_text("[defaults]\nlibrary = library\n")
    task = {"crash": None, "register": "tried", "until": "tried is settled", "retries": 1, "delay": 0}
    play = {"hosts": "localhost", "gather_facts": False, "tasks": [task]}
    (tmp_path / "play.yml").write_text(json.dumps([play]))

    done = subprocess.run(
        [Path(sys.executable).with_name("ansible-playbook"), "-i", "localhost,", "-c", "local", "play.yml"],
        cwd=tmp_path,
        env=os.environ
        | {
            "ANSIBLE_CONFIG": str(tmp_path / "ansible.cfg"),
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "ANSIBLE_TEST_PLUGINS": str(PLUGIN.parent),
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode != 0
    assert "FAILED - RETRYING" in done.stdout, done.stdout


def test_a_reason_that_is_kept_back_is_seen_though_a_traceback_follows(
    settled: Callable[[dict[str, Any]], bool],
) -> None:
    words = "Unable to create security group: Failed to create security group"
    assert not settled({"failed": True, "msg": words, "exception": "(traceback unavailable)"})
    assert settled({"failed": True, "msg": "Failed to create what is not there", "exception": "(none)"})


@pytest.mark.parametrize(
    "words",
    [
        CALL.format("AccessDenied", "CreateRole", "not authorized to perform: iam:CreateRole"),
        CALL.format("UnauthorizedOperation", "RunInstances", "You are not authorized"),
        CALL.format("ExpiredToken", "GetRole", "The security token included in the request is expired"),
        CALL.format("InvalidAMIID.NotFound", "RunInstances", "The image id '[ami-1]' does not exist"),
        CALL.format("LimitExceeded", "CreateRole", "Cannot exceed quota for RolesPerAccount: 1000"),
        CALL.format("DependencyViolation", "DeleteSecurityGroup", "has a dependent object"),
        CALL.format(
            "InvalidChangeBatch", "ChangeResourceRecordSets", "conflicts with other records of the name"
        ),
        "Unable to locate credentials",
    ],
)
def test_what_another_try_meets_again_is_told_at_once(
    settled: Callable[[dict[str, Any]], bool], words: str
) -> None:
    assert settled({"failed": True, "msg": words})


def test_a_success_is_settled_whatever_it_says(settled: Callable[[dict[str, Any]], bool]) -> None:
    assert settled({"msg": "Throttling"})
    assert settled({"failed": False, "changed": True})


@pytest.mark.parametrize(
    ("result", "changed"),
    [
        ({"changed": True, "attempts": 1}, True),
        ({"changed": False, "attempts": 1}, False),
        # The first answer was lost: the second try found it done.
        ({"changed": False, "attempts": 2}, True),
        ({"changed": False, "results": [{"changed": False}, {"changed": False, "attempts": 3}]}, True),
        ({"changed": False, "results": [{"changed": False, "attempts": 1}]}, False),
        ({"changed": False, "results": []}, False),
        ({"changed": False, "skipped": True}, False),
    ],
)
def test_what_was_tried_again_may_have_changed_something(result: dict[str, Any], changed: bool) -> None:
    assert load(str(PLUGIN)).TestModule().tests()["possibly_changed"](result) is changed
