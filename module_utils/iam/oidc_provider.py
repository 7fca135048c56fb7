# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An IAM OpenID Connect provider that others may share.

There is one provider a URL in an account, so it may have been there before us, and others may add
their audiences to ours. A tag on the provider keeps the account of what we added; nothing else is
ever removed. Who uses it is told by the trust policies of roles: the last one removes it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..aws.errors import Record, explained, none_if, refuse
from ..aws.transformations import from_tag_list, merged_tags, tag_changes, to_tag_list

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mypy_boto3_iam import IAMClient

    from ..aws.connection import Connection

# The value of the ownership tag of a provider that we made ourselves.
WHOLE = "provider"
URL_PATTERN = r"https://[A-Za-z0-9.-]+(/[A-Za-z0-9._~/-]*)?"


@explained("list the OpenID Connect providers")
def list_providers(client: IAMClient, request: Record) -> Sequence[Record]:
    return client.list_open_id_connect_providers(**request)["OpenIDConnectProviderList"]


@explained("read the OpenID Connect provider {OpenIDConnectProviderArn}")
@none_if("NoSuchEntity")
def get_provider(client: IAMClient, request: Record) -> Record:
    return client.get_open_id_connect_provider(**request)


@explained("create the OpenID Connect provider {Url}")
def create_provider(client: IAMClient, request: Record) -> Record:
    return client.create_open_id_connect_provider(**request)


@explained("delete the OpenID Connect provider {OpenIDConnectProviderArn}")
@none_if("NoSuchEntity")
def delete_provider(client: IAMClient, request: Record) -> None:
    client.delete_open_id_connect_provider(**request)


@explained("add the audience {ClientID} to {OpenIDConnectProviderArn}")
def add_audience(client: IAMClient, request: Record) -> None:
    client.add_client_id_to_open_id_connect_provider(**request)


@explained("remove the audience {ClientID} from {OpenIDConnectProviderArn}")
@none_if("NoSuchEntity")
def remove_audience(client: IAMClient, request: Record) -> None:
    client.remove_client_id_from_open_id_connect_provider(**request)


@explained("change the thumbprints of {OpenIDConnectProviderArn}")
def update_thumbprints(client: IAMClient, request: Record) -> None:
    client.update_open_id_connect_provider_thumbprint(**request)


@explained("tag {OpenIDConnectProviderArn}")
def tag(client: IAMClient, request: Record) -> None:
    client.tag_open_id_connect_provider(**request)


@explained("remove tags from {OpenIDConnectProviderArn}")
def untag(client: IAMClient, request: Record) -> None:
    client.untag_open_id_connect_provider(**request)


@explained("list the roles, for those that trust the OpenID Connect provider")
def list_roles(client: IAMClient, request: Record) -> Sequence[Record]:
    pages = client.get_paginator("list_roles").paginate(**request)
    return [role for page in pages for role in page["Roles"]]


@dataclass(frozen=True)
class OidcProvider:
    """What a user asks of the provider of one URL; None is "not asked for"."""

    connection: Connection
    url: str
    client_ids: Sequence[str] | None = None
    state: str = "present"
    purge_client_ids: bool = False
    thumbprints: Sequence[str] | None = None
    ownership_tag: str = ""
    own_roles: Sequence[str] | None = None
    """Roles that do not count as users of it; None asks for no users."""
    tags: Mapping[str, Any] | None = None
    purge_tags: bool = True

    already_exists = "EntityAlreadyExists"
    managed = ("clientIds", "tags", "thumbprints", "url")

    def check(self) -> None:
        """Refuse what AWS would refuse, before any call. Raises ModuleError."""
        refuse(self._problems())

    def describe(self) -> Record | None:
        """Find it by its URL: IAM's ARNs end in it."""
        client = self.connection.iam
        ending = f":oidc-provider/{_without_scheme(self.url)}"
        arns = [item["Arn"] for item in list_providers(client, {}) if item["Arn"].endswith(ending)]
        for arn in arns:
            provider = get_provider(client, {"OpenIDConnectProviderArn": arn})
            if provider is not None:
                return self._with_users(normalise(arn, provider))
        return None

    def desired(self, current: Record | None) -> Record | None:
        if self.state == "absent":
            return None if current is None else self._without_ours(current)
        if current is None:
            ours = {self.ownership_tag: WHOLE} if self.ownership_tag else {}
            return {
                "clientIds": sorted(set(self.client_ids or [])),
                "tags": merged_tags({}, self.tags or {}, purge=False) | ours,
                "thumbprints": sorted(set(self.thumbprints or [])),
                "url": self.url,
            }
        return self._with_ours(current)

    def apply(self, current: Record | None, wanted: Record | None) -> Record:
        client = self.connection.iam
        if wanted is None:
            if current is not None:
                delete_provider(client, {"OpenIDConnectProviderArn": current["arn"]})
        elif current is None:
            request = {
                "Url": self.url,
                "ClientIDList": wanted["clientIds"],
                "Tags": to_tag_list(wanted["tags"]),
            }
            if wanted["thumbprints"]:
                request["ThumbprintList"] = wanted["thumbprints"]
            create_provider(client, request)
        else:
            self._update(current, wanted)
        return {}

    def _with_users(self, current: Record) -> Record:
        """The provider and which others use it, where something of it would go or be written anew."""
        if self.own_roles is None or (self.state != "absent" and self._tags(current) == current["tags"]):
            return current
        users = roles_that_trust(current["arn"], list_roles(self.connection.iam, {}))
        return {**current, "usedBy": sorted(users - set(self.own_roles))}

    def _tags(self, current: Record) -> Mapping[str, str]:
        """The tags as asked for, where they are ours to decide on."""
        note = current["tags"].get(self.ownership_tag)
        if self.tags is None or current.get("usedBy") or (self.ownership_tag and note != WHOLE):
            return dict(current["tags"])
        wanted = merged_tags(current["tags"], self.tags, purge=self.purge_tags)
        return wanted | ({self.ownership_tag: WHOLE} if self.ownership_tag else {})

    def _with_ours(self, current: Record) -> Record:
        """The provider with our audiences, theirs kept unless they are to be purged."""
        asked = set(current["clientIds"] if self.client_ids is None else self.client_ids)
        keep = set() if self.purge_client_ids else set(current["clientIds"])
        wanted = {**current, "clientIds": sorted(asked | keep)}
        if self.thumbprints is not None:
            wanted["thumbprints"] = sorted(set(self.thumbprints))
        wanted["tags"] = self._tags(current)
        if self.ownership_tag:
            note = current["tags"].get(self.ownership_tag)
            added = _owned(note) | (asked - set(current["clientIds"]))
            account = WHOLE if note == WHOLE else " ".join(sorted(added))
            wanted["tags"] = wanted["tags"] | ({self.ownership_tag: account} if account else {})
        return wanted

    def _without_ours(self, current: Record) -> Record | None:
        """The provider without what is ours; None where nobody else's is left."""
        if current.get("usedBy"):
            return current
        named = set(self.client_ids or current["clientIds"])
        theirs = sorted(set(current["clientIds"]) - named)
        if not self.ownership_tag:
            return {**current, "clientIds": theirs} if theirs else None
        note = current["tags"].get(self.ownership_tag)
        if note is None:
            return current
        others = {key: value for key, value in current["tags"].items() if key != self.ownership_tag}
        if note == WHOLE:
            return {**current, "clientIds": theirs, "tags": others} if theirs else None
        left = sorted(set(current["clientIds"]) - (_owned(note) & named))
        account = " ".join(sorted(_owned(note) - named))
        return {
            **current,
            "clientIds": left,
            "tags": others | ({self.ownership_tag: account} if account else {}),
        }

    def _update(self, current: Record, wanted: Record) -> None:
        client = self.connection.iam
        provider = {"OpenIDConnectProviderArn": current["arn"]}
        # The note of what we add comes first: without it an interrupted run would leave it behind for good.
        fresh, obsolete = tag_changes(current["tags"], wanted["tags"])
        if fresh:
            tag(client, {**provider, "Tags": to_tag_list(fresh)})
        for audience in sorted(set(wanted["clientIds"]) - set(current["clientIds"])):
            add_audience(client, {**provider, "ClientID": audience})
        for audience in sorted(set(current["clientIds"]) - set(wanted["clientIds"])):
            remove_audience(client, {**provider, "ClientID": audience})
        if wanted["thumbprints"] != current["thumbprints"]:
            update_thumbprints(client, {**provider, "ThumbprintList": wanted["thumbprints"]})
        if obsolete:
            untag(client, {**provider, "TagKeys": obsolete})

    def _problems(self) -> Iterator[str]:
        if not re.fullmatch(URL_PATTERN, self.url):
            yield f"url: {self.url!r} is no provider's URL. Allowed: https://HOST or https://HOST/PATH."
        for audience in self.client_ids or []:
            if not re.fullmatch(r"\S{1,255}", audience):
                yield f"client_ids: {audience!r} is no audience. Allowed: 1 to 255 characters without spaces."
        for thumbprint in self.thumbprints or []:
            if not re.fullmatch(r"[0-9A-Fa-f]{40}", thumbprint):
                yield f"thumbprints: {thumbprint!r} is no SHA-1 thumbprint. Allowed: 40 hexadecimal digits."


def normalise(arn: str, provider: Record) -> dict[str, Any]:
    """GetOpenIDConnectProvider's answer; names as in the module's result."""
    url = str(provider["Url"])
    return {
        "arn": arn,
        "clientIds": sorted(provider.get("ClientIDList", [])),
        "createDate": provider.get("CreateDate"),
        "tags": from_tag_list(provider.get("Tags", [])),
        "thumbprints": sorted(provider.get("ThumbprintList", [])),
        "url": url if url.startswith("https://") else f"https://{url}",
    }


def roles_that_trust(arn: str, roles: Iterable[Record]) -> set[str]:
    """The names of the roles whose trust policies name the provider."""
    return {role["RoleName"] for role in roles if arn in _federated(role["AssumeRolePolicyDocument"])}


def _federated(document: Mapping[str, Any]) -> set[str]:
    statements = document.get("Statement", [])
    principals = [
        each.get("Principal") for each in (statements if isinstance(statements, list) else [statements])
    ]
    named = [each.get("Federated", []) for each in principals if isinstance(each, dict)]
    return {arn for each in named for arn in (each if isinstance(each, list) else [each])}


def _owned(note: str | None) -> set[str]:
    return set() if note in {None, WHOLE} else set(str(note).split())


def _without_scheme(url: str) -> str:
    return url.removeprefix("https://").rstrip("/")
