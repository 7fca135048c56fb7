"""What `status` says of security groups."""

from typing import Any

from local_cloud.hosts.security_groups.kernel import Filter
from local_cloud.hosts.security_groups.model import Account
from local_cloud.hosts.security_groups.table import DIRECTIONS, chain_of
from local_cloud.hosts.security_groups.verdict import describe_traffic


def report(account: Account, kernel: Filter) -> dict[str, Any]:
    """Whether they filter, each rule of hosts' groups with how many packets it has let through, and each
    host's interface with how many were dropped there.

    Of a tracked flow a rule counts the first packet; the rest goes by the tracking.
    """
    counts = kernel.counts()
    hosts = [each for each in account.interfaces if each.link]
    used = {group for each in hosts for group in each.groups}
    return {
        "filter": not kernel.problem,
        "problem": kernel.problem,
        "rules": [
            {
                "group_id": rule.group_id,
                "rule_id": rule.rule_id,
                "direction": rule.direction,
                "traffic": describe_traffic(rule),
                "peer": rule.peer,
                "packets": counts[rule.rule_id].packets,
                "bytes": counts[rule.rule_id].bytes,
            }
            for rule in account.rules
            if rule.group_id in used and rule.rule_id in counts
        ],
        "dropped": [
            {
                "instance_id": each.instance_id,
                **{
                    direction: counts[chain_of(each, direction)].packets
                    for direction in DIRECTIONS
                    if chain_of(each, direction) in counts
                },
            }
            for each in hosts
        ],
    }
