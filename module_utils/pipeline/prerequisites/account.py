# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Of the account: its region, the names in it, and the permissions boundary."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from ...aws.connection import account_in
from .sight import missing, ours, there
from .wanted import PREFIX, Seen, Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

MOST_NAMED = 3
COLONS = 5
"""In an ARN."""


def unknown_region(name: str, known: Iterable[str]) -> str:
    """What there is to say of a region that botocore does not know; "" where it knows it."""
    names = list(known)
    if name in names:
        return ""
    near = difflib.get_close_matches(name, names, n=MOST_NAMED)
    return (
        f"pipeline_region is '{name}', which botocore does not know: name one of its regions, such as "
        f"{', '.join(near or names[:1])}; where it is a new one of AWS, update botocore."
    )


def region(wanted: Wanted, seen: Seen) -> Iterator[str]:
    if missing(seen, "region"):
        yield (
            f"pipeline_region is '{wanted.region}': AWS has no such region in this partition. "
            "Name one of those that aws ec2 describe-regions --all-regions lists."
        )
    elif there(seen, "region") and seen["region"].get("OptInStatus") == "not-opted-in":
        yield (
            f"pipeline_region is '{wanted.region}', which is not enabled in this account: enable it with "
            f"aws account enable-region --region-name {wanted.region} and wait, or name another."
        )


def names(wanted: Wanted, seen: Seen) -> Iterator[str]:
    """Each name is free, or what has it is ours."""
    held: list[tuple[str, str, str, Any]] = [
        ("security group", wanted.security_group, "security_group", there(seen, "security_group")),
        ("key pair", wanted.ssh_key_name, "ssh_key_name", there(seen, "key_pair")),
        ("instance profile", wanted.instance_profile, "iam_ec2_role", there(seen, "instance_profile")),
    ]
    roles = there(seen, "roles") or {}
    held += [("role", wanted.roles[setting], setting, role) for setting, role in roles.items()]
    if there(seen, "application") and there(seen, "application_tags") is not None:
        tags = {"Tags": seen["application_tags"]}
        held.append(("CodeDeploy application", wanted.application, "application", tags))
    tags_needed = " and ".join(f"{key}={value}" for key, value in wanted.owned_tags.items())
    for kind, name, setting, thing in held:
        if thing is not None and not ours(wanted, [thing]):
            yield (
                f"The {kind} {name} ({PREFIX}{setting}) is there and not this pipeline's, for it has not the "
                "tags "
                f"{tags_needed}: choose another name, or give it these tags where the pipeline is to take it "
                "over."
            )


def boundary(wanted: Wanted, seen: Seen) -> Iterator[str]:
    arn = wanted.iam_permissions_boundary
    if not arn or "roles" not in seen:
        return
    says = f"pipeline_iam_permissions_boundary is '{arn}'"
    if arn.count(":") < COLONS:
        yield f"{says}, which is no ARN of a policy: it is like arn:aws:iam::123456789012:policy/NAME."
        return
    _, partition, _, _, owner, _ = arn.split(":", COLONS)
    ours = account_in(seen["identity"]["Arn"])
    if partition != ours.partition:
        yield f"{says}, an ARN of the partition {partition}: this account is in {ours.partition}."
    elif owner not in {ours.id, "aws"}:
        yield (
            f"{says}, a policy of the account {owner}: a boundary has to be of this account, {ours.id}, or "
            "of AWS."
        )
    elif missing(seen, "boundary"):
        yield f"{says}: there is no such policy. Create it, or name another, or none."
