"""What a fresh account has: everything of an earlier life is forgotten first."""

from moto.core import DEFAULT_ACCOUNT_ID
from moto.moto_api._internal.models import moto_api_backend
from moto.route53.models import route53_backends

from local_cloud.settings import Settings


def seed(settings: Settings) -> None:
    """Empty the account, then make its hosted zone."""
    moto_api_backend.reset()
    route53_backends[DEFAULT_ACCOUNT_ID]["aws"].create_hosted_zone(
        settings.zone, private_zone=False, vpcid=None, vpcregion=None, comment="The local cloud's own zone"
    )
