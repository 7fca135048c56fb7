# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where more is said: pages of the AWS console, of the repository and of the site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    Record = Mapping[str, Any]

CONSOLES = {"cn-": "console.amazonaws.cn", "us-gov-": "console.amazonaws-us-gov.com"}
"""By the beginning of a region's name; all others have one."""


def console(settings: Record, page: str) -> str:
    """A page of the console; "" where AWS's services are reached at another endpoint than AWS's own."""
    if settings.get("endpoint"):
        return ""
    region = settings["region"]
    host = next(
        (host for start, host in CONSOLES.items() if region.startswith(start)), "console.aws.amazon.com"
    )
    path, _, fragment = page.partition("#")
    return f"https://{region}.{host}/{path}?region={region}" + (f"#{fragment}" if fragment else "")


def deployment_page(settings: Record, name: str) -> str:
    """The page of a deployment."""
    return console(settings, f"codesuite/codedeploy/deployments/{name}")


def group_page(settings: Record) -> str:
    """The page of the deployment group."""
    application, group = settings["application"], settings["deployment_group"]
    return console(settings, f"codesuite/codedeploy/applications/{application}/deployment-groups/{group}")


def instance_page(settings: Record, name: str) -> str:
    """The page of an instance."""
    return console(settings, f"ec2/home#InstanceDetails:instanceId={name}")


def repository_page(settings: Record) -> str:
    """The repository on GitHub; "" where its address is not known."""
    base = settings.get("github_url", "")
    return f"{base}/{settings['repository']}" if base.startswith(("https://", "http://")) else ""
