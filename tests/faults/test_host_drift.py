"""What was changed by hand on a host is named by configure-hosts.yml, nothing else is, and it is mended."""

from tests.faults.pipeline_runs import CHECKOUT, Pipeline
from tests.playbooks.said import changes_of_tasks

FILES = "/etc/nginx/nginx.conf /etc/codedeploy-agent/conf/codedeployagent.yml"
# What somebody does on a host, and the task that names it.
DRIFTS = {
    "nginx's configuration edited": (
        "echo '# by hand' >>/etc/nginx/nginx.conf",
        "nginx : Configure nginx",
    ),
    "nginx stopped": (
        "systemctl stop nginx",
        "nginx : Start or reload nginx",
    ),
    "the agent's configuration edited": (
        "echo '# by hand' >>/etc/codedeploy-agent/conf/codedeployagent.yml",
        "codedeploy_agent : Configure the agent",
    ),
    "the agent stopped": (
        "systemctl stop codedeploy-agent",
        "codedeploy_agent : Start or restart the agent",
    ),
}


def look(pipeline: Pipeline) -> list[str]:
    return pipeline.on_hosts(f"sha256sum {FILES}; systemctl is-active nginx codedeploy-agent || true")


def dry_run(pipeline: Pipeline) -> dict[str, str]:
    dry = pipeline.playbook("configure-hosts.yml", "--check", "--diff")
    assert dry.returncode == 0, dry.stdout
    return changes_of_tasks(dry.stdout)


def test_every_drift_of_a_host_is_named_alone_and_mended(pipeline: Pipeline) -> None:
    right = look(pipeline)
    for command, _ in DRIFTS.values():
        pipeline.on_hosts(command)
    drifted = look(pipeline)
    assert drifted != right

    changes = dry_run(pipeline)

    assert set(changes) == {task for _, task in DRIFTS.values()}
    assert "-# by hand" in changes["nginx : Configure nginx"]
    assert look(pipeline) == drifted

    mended = pipeline.playbook("configure-hosts.yml")
    assert mended.returncode == 0, mended.stdout
    assert look(pipeline) == right
    assert dry_run(pipeline) == {}


def test_the_documentation_lists_these_drifts() -> None:
    listed = (CHECKOUT / "docs" / "drift.md").read_text().splitlines()
    assert [name for name in DRIFTS if f"- {name}" not in listed] == []
