"""Facts as show-status.yml gathers them: two hosts, one ill, and a failed deployment that was rolled back."""

from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
GOOD, BAD = "7fd1a60b01f91b314f59955a4e4d4e80d8edf11d", "0badc0de4e80d8edf11d7fd1a60b01f91b314f59"
HOSTS = ["i-0a1b2c3d4e5f60718", "i-0f9e8d7c6b5a41322"]
OPERATOR = "arn:aws:sts::123456789012:assumed-role/Operator/jane.doe@example.com"
RUN = "https://github.com/OWNER/codedeploy.nginx.001/actions/runs/11"
EVENTS = {
    "ApplicationStop": 0.3,
    "DownloadBundle": 1.8,
    "BeforeInstall": 0.9,
    "Install": 0.5,
    "AfterInstall": 0.7,
    "ApplicationStart": 1.1,
    "ValidateService": 2.2,
}
# What somebody's hook has printed must never become part of the page.
HOSTILE = "</pre><script>document.title = 'taken over'</script><img src='http://192.0.2.1/x.png'>"
FAILURE = {
    "error_code": "ScriptFailed",
    "script_name": "scripts/after-install.sh",
    "message": "Script at specified location: scripts/after-install.sh failed with exit code 1",
    "log_tail": "LifecycleEvent - AfterInstall\nScript - scripts/after-install.sh\n"
    f"[stdout]the owner is ngnix\n[stderr]chown: invalid user: 'ngnix'\n[stdout]{HOSTILE}\n",
}


def target(name: str, start: datetime, failing: str | None = None) -> dict[str, Any]:
    """A target whose events follow each other; after one that fails the others are skipped."""
    events: list[dict[str, Any]] = []
    for event, seconds in EVENTS.items():
        if events and events[-1]["status"] != "Succeeded":
            events.append({"lifecycle_event_name": event, "status": "Skipped"})
            continue
        end = start + timedelta(seconds=seconds)
        told = {"lifecycle_event_name": event, "start_time": start.isoformat(), "end_time": end.isoformat()}
        failed = {"status": "Failed", "diagnostics": FAILURE}
        events.append(told | (failed if event == failing else {"status": "Succeeded"}))
        start = end
    status = "Failed" if failing else "Succeeded"
    return {"target_id": name, "status": status, "lifecycle_events": events}


def deployment(name: str, created: datetime, commit: str, failing: str | None = None) -> dict[str, Any]:
    """A deployment to one host after the other."""
    first = target(HOSTS[0], created + timedelta(seconds=0.6), failing)
    last = max(e["end_time"] for e in first["lifecycle_events"] if "end_time" in e)
    second = target(HOSTS[1], datetime.fromisoformat(last) + timedelta(seconds=0.4), failing)
    ended = max(e["end_time"] for e in second["lifecycle_events"] if "end_time" in e)
    message = "The overall deployment failed because too many individual instances failed deployment."
    location = {"repository": "OWNER/codedeploy.nginx.001", "commit_id": commit}
    return {
        "deployment_id": name,
        "status": "Failed" if failing else "Succeeded",
        "create_time": created.isoformat(),
        "complete_time": ended,
        "creator": "user",
        "description": "",
        "error_information": {"code": "HEALTH_CONSTRAINTS", "message": message} if failing else None,
        "revision": {"revision_type": "GitHub", "github_location": location},
        "targets": [first, second],
    }


def facts() -> dict[str, Any]:
    """All of it, anew for every caller."""
    newest = deployment("d-C3D4E5F6G", NOW - timedelta(minutes=6), GOOD)
    failed = deployment("d-B2C3D4E5F", NOW - timedelta(minutes=9), BAD, failing="AfterInstall")
    nginx = {"installed": True, "active": True, "enabled": True, "listening": True}
    return {
        "commits": [
            {
                "sha": GOOD,
                "html_url": f"https://github.com/OWNER/codedeploy.nginx.001/commit/{GOOD}",
                "commit": {"message": "Greet\n\nMore", "author": {"name": "A Developer"}},
            },
            {
                "sha": BAD,
                "html_url": "javascript:alert(1)",
                "commit": {"message": "</p><script>", "author": {"name": "<b>"}},
            },
        ],
        "settings": {
            "account": "123456789012",
            "application": "test.codeDeploy.001",
            "deployment_group": "test.deploymentGroup.001",
            "endpoint": "",
            "environment": "production",
            "github_environment": "Prod",
            "github_url": "https://github.com",
            "https": "acme",
            "github_role": "AWSCodeDeployService-GitAssumeRoleWithAction-20241024T000000",
            "instance_count": 2,
            "instance_name": "ec2.cheaper.001",
            "page_text": "CodeDeploy",
            "record": "www.example.com",
            "region": "us-east-1",
            "repository": "OWNER/codedeploy.nginx.001",
            "zone": "example.com",
        },
        "head": GOOD,
        "provider": True,
        "role": True,
        "groups": [
            {
                "deployment_group_name": "test.deploymentGroup.001",
                "alarm_configuration": {"enabled": True, "alarms": [{"name": "site-status-check"}]},
                "last_successful_deployment": {
                    "deployment_id": "d-C3D4E5F6G",
                    "end_time": (NOW - timedelta(minutes=5)).isoformat(),
                },
                "target_revision": newest["revision"],
            }
        ],
        "alarms": [{"alarm_name": "site-status-check", "state_value": "OK"}],
        "cost": {"monthly": "17.35", "date": "2026-11-22", "problem": ""},
        "deployments": [
            newest | {"description": f"Rollback of d-B2C3D4E5F by {OPERATOR}"},
            failed | {"description": f"OWNER/codedeploy.nginx.001@{BAD} by jane in {RUN}"},
            deployment("d-A1B2C3D4E", NOW - timedelta(days=1), GOOD),
        ],
        "fleet": {},
        "instances": [
            {
                "instance_id": name,
                "instance_type": "t3a.nano",
                "state": {"name": "running"},
                "public_ip_address": f"198.51.100.{number}",
                "placement": {"availability_zone": "us-east-1a"},
            }
            for number, name in enumerate(HOSTS, 4)
        ],
        "addresses": [
            {"public_ip": f"198.51.100.{number}", "instance_id": name} for number, name in enumerate(HOSTS, 4)
        ],
        "record": ["198.51.100.4", "198.51.100.5"],
        "hosts": list(HOSTS),
        "agents": [
            {"polling": True, "installed_version": "1.8.1-1", "problem": ""},
            {"polling": False, "installed_version": "1.8.1-1", "problem": "The service is stopped."},
        ],
        "nginxes": [nginx, nginx],
        "certificates": [
            {"installed": True, "ends": "2027-01-20", "problem": ""},
            {
                "installed": True,
                "ends": "2026-11-23",
                "problem": "the certificate expired: browsers warn of it",
            },
        ],
        "pages": [
            {"item": "198.51.100.4", "visit": {"status": 200, "unanswered": "", "problem": ""}},
            {"item": "198.51.100.5", "visit": {"status": 0, "unanswered": "timed out", "problem": ""}},
        ],
        "drift": {
            "began": True,
            "changes": ["Provision the instances: Open the ports (localhost)"],
            "problems": [],
            "resources": [
                {
                    "action": "change",
                    "kind": "security group",
                    "name": "ec2.cheaper.001",
                    "changes": [
                        'ip_permissions: [{"from_port": 80}] -> [{"from_port": 80}, {"from_port": 443}]'
                    ],
                    "replaces": [],
                }
            ],
        },
    }


def staging() -> dict[str, Any]:
    """What a look at staging has left, a quarter of an hour ago."""
    return {
        "environment": "staging",
        "application": "test.codeDeploy.001-staging",
        "account": "123456789012",
        "region": "us-east-1",
        "verdict": {"state": "good", "words": "All is well"},
        "live": {"commit": BAD[:12], "who": "jane"},
        "subject": "Say hello <b>twice</b>",
        "page": "https://staging.example.com",
        "now": (NOW - timedelta(minutes=15)).isoformat(),
    }
