# ruff: noqa: ANN401, SLF001 - moto's objects are duck-typed, and what is asked of them is private
"""The public parameters that there are, beside moto's own."""

from typing import Any, cast

from moto.core.utils import utcnow
from moto.ssm.models import Parameter, ParameterDict

from local_cloud.aws.moto.ec2.images import DEBIAN_IMAGES

DEBIAN_PARAMETERS = "/aws/service/debian/release/12/latest/"

_original_load = ParameterDict._check_loading_status


def load_parameters(parameters: Any, key: str) -> None:
    """moto's public parameters, and Debian's; each group when it is first asked for."""
    _original_load(parameters, key)
    if not str(key or "").startswith(DEBIAN_PARAMETERS):
        return
    for debian_name, (_, image_id) in DEBIAN_IMAGES.items():
        versions = dict.setdefault(parameters, f"{DEBIAN_PARAMETERS}{debian_name}", [])
        if not versions:
            versions.append(
                cast("Any", Parameter)(
                    account_id=parameters.account_id,
                    name=f"{DEBIAN_PARAMETERS}{debian_name}",
                    value=image_id,
                    parameter_type="String",
                    description=None,
                    allowed_pattern=None,
                    keyid=None,
                    last_modified_date=utcnow(),
                    version=1,
                    data_type="aws:ec2:image",
                )
            )


REPLACED: tuple[tuple[Any, str, Any], ...] = ((ParameterDict, "_check_loading_status", load_parameters),)
