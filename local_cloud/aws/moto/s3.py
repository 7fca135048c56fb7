# ruff: noqa: ANN401 - moto's objects are duck-typed
"""Where moto's S3 is not as AWS's."""

import json
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket


def bucket_permission(bucket: FakeBucket, action: str, resource: str) -> Any:
    """What a bucket's policy says, but for statements under conditions, which moto would take without them.

    So the usual refusal of what is not TLS refuses nothing: here HTTP stands for it.
    """
    policy = json.loads(bucket.policy or "{}")
    statements = [each for each in policy.get("Statement", []) if not each.get("Condition")]
    if not statements:
        return PermissionResult.NEUTRAL
    return IAMPolicy(json.dumps(policy | {"Statement": statements})).is_action_permitted(action, resource)


REPLACED: tuple[tuple[Any, str, Any], ...] = ((FakeBucket, "get_permission", bucket_permission),)
