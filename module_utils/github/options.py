# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every module that talks to GitHub has: the repository, the token, and where GitHub is."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import env_fallback

from ..aws.libraries import missing
from .api import MISSING_LIBRARY, Connection
from .errors import GitHubActionsError

if TYPE_CHECKING:
    from collections.abc import Mapping

PUBLIC_API = "https://api.github.com"
# The documentation fragment github_api tells of these.
GITHUB_OPTIONS = {
    "repository": {"type": "str", "required": True},
    "token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["GITHUB_TOKEN"])},
    "api_url": {
        "type": "str",
        "default": PUBLIC_API,
        "fallback": (env_fallback, ["GITHUB_API_URL"]),
    },
}


def connect(parameters: Mapping[str, Any], purpose: str) -> Connection:
    """A connection with the token that was given. `purpose` completes "one that may ...".

    Raises GitHubActionsError where there is no token, or no PyGithub.
    """
    if MISSING_LIBRARY:
        raise GitHubActionsError(missing("PyGithub"))
    if not parameters["token"]:
        raise GitHubActionsError(
            f"token: there is no GitHub token. Set GITHUB_TOKEN, or token, to one that may {purpose}."
        )
    api_url = parameters["api_url"] or PUBLIC_API
    if not re.match(r"https?://[^/\s]", api_url):
        raise GitHubActionsError(f"api_url: {api_url!r} is no URL such as {PUBLIC_API}.")
    return Connection(token=parameters["token"], api_url=api_url)
