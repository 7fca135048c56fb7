# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A deployment configuration of the pipeline's own, from words such as 75% and 2."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

LONGEST = 50
"""Letters of an application's name: the whole has 100 at most."""


def healthy_hosts(words: str) -> dict[str, Any]:
    """CodeDeploy's minimum of healthy hosts, from a share (75%) or a number (2)."""
    share = words.endswith("%")
    return {"type": "FLEET_PERCENT" if share else "HOST_COUNT", "value": int(words.rstrip("%"))}


def own_config_prefix(application: str) -> str:
    """With which the names of an application's own configurations begin."""
    if len(application) > LONGEST:
        digest = hashlib.sha1(application.encode(), usedforsecurity=False).hexdigest()[:8]
        application = f"{application[: LONGEST - 9]}-{digest}"
    return f"{application}.healthy-"


def own_config_name(wanted: Mapping[str, Any], application: str) -> str:
    """The name says all of it: AWS changes no configuration, so another one is made, and the former goes.

    `wanted` is as own_config returns it.
    """
    zonal = wanted["zonal_config"]
    parts = [_named(wanted["minimum_healthy_hosts"])]
    if zonal:
        parts.append(f"zonal-{zonal['monitor_duration_in_seconds']}s")
    if "minimum_healthy_hosts_per_zone" in zonal:
        parts.append(_named(zonal["minimum_healthy_hosts_per_zone"]))
    return own_config_prefix(application) + "-".join(parts)


def own_config(healthy: object, per_zone: object, watch: object, *, zonal: bool) -> dict[str, Any]:
    """`minimum_healthy_hosts` and `zonal_config`, as codedeploy_deployment_config takes them.

    `healthy` and `per_zone` as for healthy_hosts, or numbers; without `healthy` there is none, without
    `per_zone` no minimum of a zone. `watch` are seconds.
    """
    if str(healthy) == "":
        return {}
    config: dict[str, Any] = {}
    if zonal:
        watched = int(str(watch))
        config = {"first_zone_monitor_duration_in_seconds": watched, "monitor_duration_in_seconds": watched}
        if str(per_zone) != "":
            config["minimum_healthy_hosts_per_zone"] = healthy_hosts(str(per_zone))
    return {"minimum_healthy_hosts": healthy_hosts(str(healthy)), "zonal_config": config}


def _named(minimum: Mapping[str, Any]) -> str:
    return f"{minimum['value']}{'pct' if minimum['type'] == 'FLEET_PERCENT' else ''}"


class FilterModule:
    """How Ansible finds them."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {
            "own_config": own_config,
            "own_config_name": own_config_name,
            "own_config_prefix": own_config_prefix,
        }
