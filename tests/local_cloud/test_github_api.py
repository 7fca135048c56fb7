"""The REST API: repositories, commits, archives, tokens, rate limits."""

import io
import re
import tarfile
import zipfile
from pathlib import Path

import pytest

from local_cloud.github.api import ROUTES
from local_cloud.github.publish import publish
from local_cloud.server import LocalCloud
from tests.local_cloud.github_client import GitHub

REPOSITORY = "OWNER/codedeploy.nginx.001"


@pytest.fixture
def github(local_cloud: LocalCloud) -> GitHub:
    return GitHub(local_cloud)


@pytest.fixture
def commit(github: GitHub, tmp_path: Path) -> str:
    """The newest commit of a repository with two files."""
    folder = tmp_path / "site"
    (folder / "scripts").mkdir(parents=True)
    (folder / "index.html").write_text("<h1>site</h1>")
    script = folder / "scripts" / "validate-service.sh"
    script.write_text("#!/bin/sh\n")
    script.chmod(0o755)
    return publish(github.settings, folder, REPOSITORY, lambda _: None, url=github.url)


class TestRepository:
    def test_is_shown_with_its_addresses(self, github: GitHub) -> None:
        made = github.create(REPOSITORY)
        assert github.get(f"/repos/{REPOSITORY}").json() == made
        assert made["full_name"] == REPOSITORY
        assert made["clone_url"] == github.clone_url(REPOSITORY)
        assert made["default_branch"] == "main"

    def test_belongs_to_the_tokens_user(self, github: GitHub) -> None:
        login = github.get("/user").json()["login"]
        made = github.call("POST", "/user/repos", json={"name": "mine"})
        assert (made.status_code, made.json()["full_name"]) == (201, f"{login}/mine")

    def test_is_made_once(self, github: GitHub) -> None:
        github.create(REPOSITORY)
        again = github.call("POST", "/orgs/owner/repos", json={"name": "CodeDeploy.nginx.001"})
        assert again.status_code == 422
        assert again.json()["errors"][0]["message"] == "name already exists on this account"

    @pytest.mark.parametrize("name", ["..", "a/b", "a b", "", "x" * 101])
    def test_has_a_name_that_is_allowed(self, github: GitHub, name: str) -> None:
        assert github.call("POST", "/orgs/OWNER/repos", json={"name": name}).status_code == 422

    @pytest.mark.parametrize("owner", ["jane_acme", "acme_admin"])
    def test_may_belong_to_an_enterprise_managed_user(self, github: GitHub, owner: str) -> None:
        made = github.call("POST", f"/orgs/{owner}/repos", json={"name": "site"})
        assert (made.status_code, made.json()["full_name"]) == (201, f"{owner}/site")
        assert github.get(f"/repos/{owner}/site").json()["full_name"] == f"{owner}/site"

    def test_is_gone_after_delete(self, github: GitHub, commit: str) -> None:
        assert commit
        assert github.call("DELETE", f"/repos/{REPOSITORY}").status_code == 204
        assert github.get(f"/repos/{REPOSITORY}").status_code == 404

    def test_is_hidden_when_private(self, github: GitHub) -> None:
        github.create(REPOSITORY, private=True)
        assert github.get(f"/repos/{REPOSITORY}", token="").json()["message"] == "Not Found"

    def test_is_found_by_its_number(self, github: GitHub) -> None:
        number = github.create(REPOSITORY)["id"]
        assert github.get(f"/repositories/{number}").json()["full_name"] == REPOSITORY


class TestCommit:
    def test_of_a_branch(self, github: GitHub, commit: str) -> None:
        found = github.get(f"/repos/{REPOSITORY}/commits/main", token="").json()
        assert found["sha"] == commit
        assert found["commit"]["author"]["name"] == "Local Cloud"

    def test_as_text(self, github: GitHub, commit: str) -> None:
        accept = {"Accept": "application/vnd.github.sha"}
        for ref in ("main", "refs/heads/main", commit[:7]):
            assert github.get(f"/repos/{REPOSITORY}/commits/{ref}", headers=accept).text == commit

    @pytest.mark.parametrize("ref", ["nobody", "0" * 40, "--all"])
    def test_that_nobody_knows(self, github: GitHub, commit: str, ref: str) -> None:
        assert commit
        answer = github.get(f"/repos/{REPOSITORY}/commits/{ref}")
        assert answer.status_code == 422
        assert answer.json()["message"] == f"No commit found for SHA: {ref}"

    def test_of_an_empty_repository(self, github: GitHub) -> None:
        github.create(REPOSITORY)
        answer = github.get(f"/repos/{REPOSITORY}/commits/main")
        assert (answer.status_code, answer.json()["message"]) == (409, "Git Repository is empty.")

    def test_list(self, github: GitHub, commit: str) -> None:
        listed = github.get(f"/repos/{REPOSITORY}/commits", params={"per_page": 1}).json()
        assert [each["sha"] for each in listed] == [commit]
        assert github.get(f"/repos/{REPOSITORY}/branches/main").json()["commit"]["sha"] == commit


class TestArchive:
    def test_tarball_has_one_folder_named_after_the_commit(self, github: GitHub, commit: str) -> None:
        moved = github.get(f"/repos/{REPOSITORY}/tarball/{commit}", token="")
        assert moved.status_code == 302
        archive = github.raw("GET", moved.headers["Location"].removeprefix(github.url))
        top = f"OWNER-codedeploy.nginx.001-{commit[:7]}"
        with tarfile.open(fileobj=io.BytesIO(archive.content)) as opened:
            modes = {member.name: member.mode & 0o111 for member in opened}
        assert set(modes) == {
            top,
            f"{top}/index.html",
            f"{top}/scripts",
            f"{top}/scripts/validate-service.sh",
        }
        assert modes[f"{top}/scripts/validate-service.sh"]
        assert not modes[f"{top}/index.html"]

    def test_zipball(self, github: GitHub, commit: str) -> None:
        moved = github.get(f"/repos/{REPOSITORY}/zipball")
        archive = github.raw("GET", moved.headers["Location"].removeprefix(github.url))
        with zipfile.ZipFile(io.BytesIO(archive.content)) as opened:
            assert f"OWNER-codedeploy.nginx.001-{commit[:7]}/index.html" in opened.namelist()

    def test_by_githubs_own_names(self, github: GitHub, commit: str) -> None:
        moved = github.raw("GET", f"/repos/{REPOSITORY}/tarball/{commit}", host="api.github.com")
        there = moved.headers["Location"]
        assert there == f"https://codeload.github.com/{REPOSITORY}/legacy.tar.gz/{commit}"
        path = there.removeprefix("https://codeload.github.com")
        assert (
            github.raw("GET", path, host="codeload.github.com").headers["Content-Type"]
            == "application/x-gzip"
        )

    def test_of_an_unknown_ref(self, github: GitHub, commit: str) -> None:
        assert commit
        moved = github.get(f"/repos/{REPOSITORY}/tarball/nobody")
        assert github.raw("GET", moved.headers["Location"].removeprefix(github.url)).status_code == 404

    def test_of_a_private_repository_is_for_who_was_led_there(self, github: GitHub, tmp_path: Path) -> None:
        github.create(REPOSITORY, private=True)
        (tmp_path / "index.html").write_text("secret")
        publish(github.settings, tmp_path, REPOSITORY, lambda _: None, url=github.url)
        assert github.get(f"/repos/{REPOSITORY}/tarball/main", token="").status_code == 404
        there = github.get(f"/repos/{REPOSITORY}/tarball/main").headers["Location"].removeprefix(github.url)
        assert github.raw("GET", there).status_code == 200
        assert github.raw("GET", there.partition("?")[0]).status_code == 404


class TestToken:
    def test_that_nobody_gave_out(self, github: GitHub) -> None:
        answer = github.get("/user", token="ghp_wrong")
        assert (answer.status_code, answer.json()["message"]) == (401, "Bad credentials")

    def test_is_needed(self, github: GitHub) -> None:
        answer = github.get("/user", token="")
        assert (answer.status_code, answer.json()["message"]) == (401, "Requires authentication")

    def test_classic_says_its_scopes(self, github: GitHub) -> None:
        github.create(REPOSITORY)
        token = github.new_token(scopes=["public_repo"])
        answer = github.get(f"/repos/{REPOSITORY}/actions/secrets", token=token)
        assert answer.status_code == 403
        assert answer.headers["X-OAuth-Scopes"] == "public_repo"

    def test_fine_grained_is_told_what_it_lacks(self, github: GitHub) -> None:
        github.create(REPOSITORY)
        token = github.new_token(permissions={"variables": "write", "secrets": "read"})
        path = f"/repos/{REPOSITORY}/actions/secrets"
        assert github.get(path, token=token).status_code == 200
        answer = github.call("DELETE", f"{path}/NOBODY", token=token)
        assert answer.json()["message"] == "Resource not accessible by personal access token"
        assert answer.headers["X-Accepted-GitHub-Permissions"] == "secrets=write"

    def test_file_is_private(self, github: GitHub) -> None:
        path = github.settings.state_dir / "github" / "token"
        assert path.stat().st_mode & 0o077 == 0


class TestRateLimit:
    def test_is_told_in_every_answer(self, github: GitHub) -> None:
        first, second = (int(github.get("/user").headers["X-RateLimit-Remaining"]) for _ in range(2))
        assert second == first - 1
        assert github.get("/rate_limit").json()["rate"]["remaining"] == second

    def test_ends_the_hours_requests(self, github: GitHub) -> None:
        token = github.new_token(scopes=["repo"], limit=1)
        assert github.get("/user", token=token).status_code == 200
        answer = github.get("/user", token=token)
        assert answer.status_code == 403
        assert answer.json()["message"].startswith("API rate limit exceeded")
        assert answer.headers["X-RateLimit-Remaining"] == "0"


class TestDoors:
    def test_a_name_that_is_not_githubs_leads_nowhere(self, github: GitHub) -> None:
        assert github.raw("GET", "/api/v3/user", host="attacker.example").status_code == 421

    @pytest.mark.parametrize("host", ["api.github.com", "github.com"])
    def test_own_doors_are_on_loopback_only(self, github: GitHub, host: str) -> None:
        headers = {"Authorization": f"Bearer {github.token}"}
        answer = github.raw("POST", "/_local_cloud/tokens", host=host, json={}, headers=headers)
        assert answer.status_code == 404

    def test_own_doors_need_the_own_token(self, github: GitHub) -> None:
        token = github.new_token(scopes=["repo"])
        headers = {"Authorization": f"Bearer {token}"}
        assert github.raw("POST", "/_local_cloud/tokens", json={}, headers=headers).status_code == 403
        assert github.raw("POST", "/_local_cloud/jobs", json={}).status_code == 401

    def test_reset_forgets_everything_but_the_token(self, github: GitHub, local_cloud: LocalCloud) -> None:
        github.create(REPOSITORY)
        local_cloud.reset()
        assert github.get(f"/repos/{REPOSITORY}").status_code == 404


ODD_VALUES: list[object] = [
    None,
    True,
    -1,
    2**70,
    1.5,
    "",
    "\ud800",
    "\0",
    "x" * 100_000,
    [],
    [None],
    [[1]],
    {},
    {"a": {}},
]
KEYS = [
    *(
        "name",
        "value",
        "private",
        "encrypted_value",
        "key_id",
        "wait_timer",
        "reviewers",
        "prevent_self_review",
    ),
    *(
        "deployment_branch_policy",
        "use_default",
        "include_claim_keys",
        "use_immutable_subject",
        "description",
    ),
    *("default_branch", "sha", "ref", "auto_init", "visibility"),
]


class TestBodies:
    """Whatever is sent is answered as a client's error, or taken."""

    def writes(self, repository: str) -> list[tuple[str, str]]:
        owner, name = repository.split("/")
        fill = {"owner": owner, "name": name, "environment": "production", "variable": "ONE", "secret": "ONE"}
        return [
            (method, re.sub(r"<(?:\w+:)?(\w+)>", lambda found: fill.get(found[1], "1"), path))
            for method, path, _ in ROUTES
            if method in {"POST", "PUT", "PATCH"}
        ]

    @pytest.mark.parametrize(
        "body",
        [b"[]", b"5", b'"text"', b"{a:", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000],
        ids=lambda body: repr(body[:6]),
    )
    def test_are_json_objects(self, github: GitHub, body: bytes) -> None:
        github.create(REPOSITORY)
        for method, path in self.writes(REPOSITORY):
            assert github.call(method, path, data=body).status_code in {400, 404, 422}, (method, path)

    @pytest.mark.parametrize("value", ODD_VALUES, ids=lambda value: repr(value)[:12])
    def test_may_have_any_values(self, github: GitHub, value: object) -> None:
        github.create(REPOSITORY)
        github.call("PUT", f"/repos/{REPOSITORY}/environments/production", json={})
        for method, path in self.writes(REPOSITORY):
            for given in (dict.fromkeys(KEYS, value), {"name": "ONE", "value": value, "key_id": value}):
                assert github.call(method, path, json=given).status_code < 500, (method, path)
