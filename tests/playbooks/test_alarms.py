"""What stops a deployment and what rolls it back, as settings: followed, and forgotten again."""

from collections.abc import Callable
from typing import Any

import pytest

from local_cloud.testing.clouds import LocalCloud
from local_cloud.testing.shop import make_role

GROUP = {"applicationName": "test.codeDeploy.001", "deploymentGroupName": "test.deploymentGroup.001"}
EVENTS = ["DEPLOYMENT_FAILURE", "DEPLOYMENT_STOP_ON_ALARM", "DEPLOYMENT_STOP_ON_REQUEST"]


@pytest.mark.long
def test_rollback_is_on_by_default_and_alarms_follow_their_settings(
    ansible_playbook: Callable[..., Any],
    cloud: LocalCloud,
    addresses: dict[str, Any],
    client: Callable[..., Any],
) -> None:
    role = make_role(client)

    def configure(**settings: Any) -> tuple[str, Any, Any]:
        settings |= {"pipeline_iam_codedeploy_role": role.rpartition("/")[2]}
        result = ansible_playbook("configure-codedeploy.yml", "--diff", **addresses, **settings)
        assert result.returncode == 0, result.stdout + result.stderr
        group = client("codedeploy").get_deployment_group(**GROUP)["deploymentGroupInfo"]
        return result.stdout, group["autoRollbackConfiguration"], group.get("alarmConfiguration")

    _, rollback, _ = configure()
    assert rollback == {"enabled": True, "events": EVENTS}

    watched = {"pipeline_alarms": ["site errors", "a/b"], "pipeline_alarms_ignore_poll_failure": True}
    _, _, alarms = configure(**watched)
    named = [{"name": "a/b"}, {"name": "site errors"}]
    assert alarms == {"enabled": True, "ignorePollAlarmFailure": True, "alarms": named}
    assert "changed=0" in configure(**watched)[0]

    _, rollback, alarms = configure(pipeline_rollback_events=[])
    assert rollback == {"enabled": False, "events": []}
    assert alarms == {"enabled": False, "ignorePollAlarmFailure": False, "alarms": []}
    assert cloud.log.entries(mutating=True)
