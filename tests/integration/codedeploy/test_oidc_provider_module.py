"""iam_oidc_provider: what was there before us stays."""

import json
from typing import Any

import pytest
from moto.core.responses import EmptyResult
from moto.iam.responses import IamResponse

from tests.integration.codedeploy.runner import Client, Module

URL = "https://token.actions.githubusercontent.com"
ARN = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
OURS = "sts.amazonaws.com"
THEIRS = "https://github.com/their-organisation"
NOTE = "ansible-iam-oidc-provider"
ASKED: dict[str, Any] = {"url": URL, "client_ids": [OURS]}


def _add_audience(response: Any) -> EmptyResult:
    audiences = _audiences(response)
    audience = response._get_param("ClientID")
    if audience not in audiences:
        audiences.append(audience)
    return EmptyResult()


def _remove_audience(response: Any) -> EmptyResult:
    audiences = _audiences(response)
    audience = response._get_param("ClientID")
    if audience in audiences:
        audiences.remove(audience)
    return EmptyResult()


def _audiences(response: Any) -> list[str]:
    arn = response._get_param("OpenIDConnectProviderArn")
    found: list[str] = response.backend.get_open_id_connect_provider(arn).client_id_list
    return found


@pytest.fixture(autouse=True)
def audiences_can_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two operations of IAM that moto 5.2 does not have; the local cloud's own go first."""
    for name, operation in (("add_client_id_to", _add_audience), ("remove_client_id_from", _remove_audience)):
        if not hasattr(IamResponse, f"{name}_open_id_connect_provider"):
            monkeypatch.setattr(IamResponse, f"{name}_open_id_connect_provider", operation, raising=False)


@pytest.fixture
def theirs(client: Client) -> Any:
    """IAM, in which somebody else has made the provider already."""
    iam = client("iam")
    iam.create_open_id_connect_provider(
        Url=URL, ClientIDList=[THEIRS], Tags=[{"Key": "Team", "Value": "platform"}]
    )
    return iam


def provider(iam: Any) -> dict[str, Any]:
    return dict(iam.get_open_id_connect_provider(OpenIDConnectProviderArn=ARN))


class TestAlone:
    def test_creates_once(self, oidc_provider: Module) -> None:
        result = oidc_provider.four_beats(**ASKED)
        made = result["open_id_connect_provider"]
        assert made["arn"] == ARN
        assert made["client_ids"] == [OURS]
        assert made["tags"] == {NOTE: "provider"}
        assert result.writes == ["CreateOpenIDConnectProvider"]

    def test_makes_two_calls_when_nothing_changes(self, oidc_provider: Module) -> None:
        oidc_provider(**ASKED)
        calls = ["ListOpenIDConnectProviders", "GetOpenIDConnectProvider"]
        assert oidc_provider(**ASKED).calls == calls

    def test_is_deleted_once(self, oidc_provider: Module) -> None:
        oidc_provider(**ASKED)
        result = oidc_provider.four_beats(**ASKED, state="absent")
        assert result.writes == ["DeleteOpenIDConnectProvider"]
        assert result["open_id_connect_provider"] == {}

    def test_was_never_there(self, oidc_provider: Module) -> None:
        assert not oidc_provider.four_beats(**ASKED, state="absent")["changed"]

    def test_takes_tags_and_thumbprints(self, oidc_provider: Module) -> None:
        oidc_provider.four_beats(**ASKED, tags={"Stage": "test"}, thumbprints=["a" * 40])
        result = oidc_provider.four_beats(**ASKED, tags={"Stage": "live"}, thumbprints=["b" * 40])
        assert result.shown == {
            "tags": ({"Stage": "test", NOTE: "provider"}, {"Stage": "live", NOTE: "provider"}),
            "thumbprints": (["a" * 40], ["b" * 40]),
        }

    def test_stays_while_others_have_audiences_in_it(self, oidc_provider: Module, client: Client) -> None:
        iam = client("iam")
        oidc_provider(**ASKED)
        iam.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=ARN, ClientID=THEIRS)
        oidc_provider.four_beats(**ASKED, state="absent")
        assert provider(iam)["ClientIDList"] == [THEIRS]


class TestShared:
    def test_adds_ours_and_keeps_theirs(self, oidc_provider: Module, theirs: Any) -> None:
        result = oidc_provider.four_beats(**ASKED)
        assert result["open_id_connect_provider"]["client_ids"] == sorted([OURS, THEIRS])
        assert result["open_id_connect_provider"]["tags"] == {"Team": "platform", NOTE: OURS}
        assert sorted(provider(theirs)["ClientIDList"]) == sorted([OURS, THEIRS])

    def test_takes_back_only_what_it_added(self, oidc_provider: Module, theirs: Any) -> None:
        before = provider(theirs)
        oidc_provider(**ASKED)
        oidc_provider.four_beats(**ASKED, state="absent")
        after = provider(theirs)
        assert after["ClientIDList"] == before["ClientIDList"]
        assert after["Tags"] == before["Tags"]

    def test_an_audience_that_was_there_is_not_ours(self, oidc_provider: Module, theirs: Any) -> None:
        asked = {"url": URL, "client_ids": [THEIRS]}
        assert not oidc_provider.four_beats(**asked)["changed"]
        assert not oidc_provider.four_beats(**asked, state="absent")["changed"]
        assert provider(theirs)["ClientIDList"] == [THEIRS]

    def test_without_an_account_of_it_removes_what_is_named(self, oidc_provider: Module, theirs: Any) -> None:
        theirs.add_client_id_to_open_id_connect_provider(OpenIDConnectProviderArn=ARN, ClientID=OURS)
        oidc_provider.four_beats(**ASKED, state="absent", ownership_tag="")
        assert provider(theirs)["ClientIDList"] == [THEIRS]
        oidc_provider.four_beats(url=URL, state="absent", ownership_tag="")
        assert theirs.list_open_id_connect_providers()["OpenIDConnectProviderList"] == []

    def test_purges_on_request(self, oidc_provider: Module, theirs: Any) -> None:
        result = oidc_provider.four_beats(**ASKED, purge_client_ids=True)
        assert result["open_id_connect_provider"]["client_ids"] == [OURS]
        assert provider(theirs)["ClientIDList"] == [OURS]

    def test_keeps_their_tags(self, oidc_provider: Module, theirs: Any) -> None:
        result = oidc_provider.four_beats(**ASKED, tags={"Stage": "test"})
        assert result["open_id_connect_provider"]["tags"] == {"Team": "platform", NOTE: OURS}
        assert len(provider(theirs)["Tags"]) == 2

    def test_without_an_account_of_it_sets_the_tags(self, oidc_provider: Module, theirs: Any) -> None:
        result = oidc_provider.four_beats(**ASKED, tags={"Stage": "test"}, ownership_tag="")
        assert result["open_id_connect_provider"]["tags"] == {"Stage": "test"}
        assert len(provider(theirs)["Tags"]) == 1


class TestUsedByRolesOfOthers:
    MINE = "mine"

    @pytest.fixture
    def asked(self, oidc_provider: Module) -> dict[str, Any]:
        asked = {**ASKED, "own_roles": [self.MINE], "tags": {"Application": "first"}}
        oidc_provider(**asked)
        return asked

    @pytest.fixture
    def roles(self, client: Client) -> Any:
        """`roles(name, principal)`: a role with this principal in its trust policy; IAM."""
        iam = client("iam")

        def make(name: str, federated: str | list[str]) -> Any:
            statement = {
                "Effect": "Allow",
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Principal": {"Federated": federated},
            }
            policy = {"Version": "2012-10-17", "Statement": statement}
            iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(policy))
            return iam

        return make

    @pytest.mark.parametrize("federated", [ARN, [ARN]])
    def test_stays_until_the_last_of_them_is_gone(
        self, oidc_provider: Module, asked: dict[str, Any], roles: Any, federated: str | list[str]
    ) -> None:
        roles(self.MINE, ARN)
        iam = roles("theirs", federated)

        kept = oidc_provider.four_beats(**asked, state="absent")
        assert not kept["changed"]
        assert kept["open_id_connect_provider"]["used_by"] == ["theirs"]
        assert provider(iam)["ClientIDList"] == [OURS]

        iam.delete_role(RoleName="theirs")
        assert oidc_provider.four_beats(**asked, state="absent").writes == ["DeleteOpenIDConnectProvider"]

    def test_who_trusts_another_provider_does_not_keep_it(
        self, oidc_provider: Module, asked: dict[str, Any], roles: Any
    ) -> None:
        roles("theirs", f"{ARN}.example")
        assert oidc_provider(**asked, state="absent")["changed"]

    def test_keeps_its_tags_while_it_is_shared(
        self, oidc_provider: Module, asked: dict[str, Any], roles: Any
    ) -> None:
        iam = roles("theirs", ARN)
        second = asked | {"tags": {"Application": "second"}}
        assert not oidc_provider.four_beats(**second)["changed"]
        iam.delete_role(RoleName="theirs")
        assert oidc_provider.four_beats(**second).writes == [
            "TagOpenIDConnectProvider",
        ]

    def test_nobody_is_asked_where_nothing_would_go(
        self, oidc_provider: Module, asked: dict[str, Any]
    ) -> None:
        assert oidc_provider(**asked).calls == ["ListOpenIDConnectProviders", "GetOpenIDConnectProvider"]
