"""GitHub's stand-in without AWS: its application, what it keeps, and the tokens that it signs."""

from local_cloud.github.app import GitHub, create_app
from local_cloud.github.errors import GitHubError
from local_cloud.github.oidc import ISSUER, sign
from local_cloud.github.records import Environment, Repository, Vault
from local_cloud.github.store import Token
from local_cloud.listeners import Listener

__all__ = [
    "ISSUER",
    "Environment",
    "GitHub",
    "GitHubError",
    "Listener",
    "Repository",
    "Token",
    "Vault",
    "create_app",
    "sign",
]
