# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Says what is missing, from what was seen: pure. Each sentence names the setting, its value and the way out.

A check is a function of what is wanted and what was seen that yields problems; Note(...) for what is only
good to know. What could not be looked at is a note: the run itself will say whether it is needed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import account, deployment, domain, fleets, https, instances, repository
from .sight import Note
from .wanted import Findings, Seen, Unseen, Wanted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# What each reader looks at, for the note that it could not.
LOOKED_AT = {
    "acme_directory": "the authority's directory",
    "address_quota": "the quota of Elastic IPs",
    "addresses": "the Elastic IPs",
    "agent": "the agent's package",
    "alarms": "the alarms",
    "application": "the CodeDeploy application",
    "application_tags": "the tags of the CodeDeploy application",
    "boundary": "the permissions boundary",
    "balancer_quota": "the quota of load balancers",
    "balancers": "the load balancers",
    "bucket": "the bucket of revisions",
    "connection_bucket": "the bucket that Ansible's modules travel through",
    "delegation": "who the domain is delegated to",
    "environment": "the environment of the repository",
    "deployment_config": "the deployment configuration",
    "fleet_subnets": "the fleet's subnets",
    "github_links": "CodeDeploy's links to GitHub",
    "https_files": "the certificate and its key",
    "image": "the image",
    "instance_profile": "the instance profile",
    "instance_quota": "the quota of vCPUs",
    "instance_type": "the instance type",
    "instances": "the instances",
    "key_pair": "the key pair",
    "notification_topic": "the SNS topic",
    "offers": "where the instance type is offered",
    "region": "the region",
    "repository": "what the token may do in the repository",
    "reviewers": "the reviewers",
    "roles": "the roles",
    "scaling_group_quota": "the quota of Auto Scaling groups",
    "scaling_groups": "the Auto Scaling groups",
    "security_group": "the security group",
    "served_certificates": "the certificates that hosts serve",
    "subnet": "the subnet",
    "target_group_quota": "the quota of target groups",
    "target_groups": "the target groups",
    "zone": "the hosted zone",
}
QUOTAS = ("address_quota", "balancer_quota", "instance_quota", "scaling_group_quota", "target_group_quota")


CHECKS: tuple[Callable[[Wanted, Seen], Iterator[str]], ...] = (
    account.region,
    domain.zone,
    domain.record,
    https.way,
    https.directory,
    https.files,
    https.certificates,
    repository.commit,
    repository.token,
    repository.environment,
    repository.reviewers,
    repository.github_link,
    instances.key_file,
    instances.key_pair,
    deployment.agent,
    deployment.buckets,
    deployment.deployment_config,
    deployment.alarms,
    deployment.notification_topic,
    deployment.application,
    instances.image,
    instances.quotas,
    account.names,
    instances.network,
    fleets.network,
    fleets.quotas,
    account.boundary,
)


def judge(wanted: Wanted, seen: Seen) -> Findings:
    """All findings at once."""
    findings = Findings()
    if isinstance(seen["identity"], Unseen):
        findings.problems.append(f"AWS does not say whose credentials these are: {seen['identity'].reason}")
    for check in CHECKS:
        for said in check(wanted, seen):
            (findings.notes if isinstance(said, Note) else findings.problems).append(said)
    for name, what in LOOKED_AT.items():
        if isinstance(seen.get(name), Unseen):
            findings.notes.append(f"{what} could not be looked at: {seen[name].reason}")
    unknown = [LOOKED_AT[name] for name in QUOTAS if name in seen and seen[name] is None]
    if unknown:
        findings.notes.append(f"{' and '.join(unknown)} could not be read: Service Quotas has no value.")
    return findings
