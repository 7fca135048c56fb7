"""What a fresh account has: everything of an earlier life is forgotten first."""

from pathlib import Path

from boto3 import Session
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_api._internal.models import moto_api_backend
from moto.route53.models import route53_backends
from moto.s3.models import get_canned_acl, s3_backends

from local_cloud.settings import Settings

AMAZON = "137112412989"
"""The account that Amazon Linux comes from; what is Amazon's must not be among the user's own."""


def seed(settings: Settings, packages: Path | None) -> None:
    """Empty the account, then make its hosted zone, and the agent's buckets in every region.

    `packages` is a folder laid out as a bucket `aws-codedeploy-<region>` is.
    """
    moto_api_backend.reset()
    route53_backends[DEFAULT_ACCOUNT_ID]["aws"].create_hosted_zone(
        settings.zone, private_zone=False, vpcid=None, vpcregion=None, comment="The local cloud's own zone"
    )
    if packages:
        everywhere = Session().get_available_regions("codedeploy")
        # The real packages are large: one copy of them is enough.
        for region in [settings.region] if settings.agent_packages else everywhere:
            _publish(packages, f"aws-codedeploy-{region}", region)


def _publish(folder: Path, bucket: str, region: str) -> None:
    """Put a folder's files into a bucket that everybody may read, as Amazon's is."""
    s3 = s3_backends[AMAZON]["aws"]
    s3.create_bucket(bucket, region)
    s3.put_bucket_acl(bucket, get_canned_acl("public-read"))
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            key = s3.put_object(bucket, path.relative_to(folder).as_posix(), path.read_bytes())
            key.set_acl(get_canned_acl("public-read"))
