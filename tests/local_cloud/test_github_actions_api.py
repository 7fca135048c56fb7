"""Actions settings, with PyGithub as the client."""

from collections.abc import Iterator

import github
import pytest
from github.Repository import Repository

from local_cloud.server import LocalCloud
from tests.local_cloud.github_client import GitHub

REPOSITORY = "OWNER/codedeploy.nginx.001"


@pytest.fixture
def stand_in(local_cloud: LocalCloud) -> GitHub:
    return GitHub(local_cloud)


@pytest.fixture
def repository(stand_in: GitHub) -> Iterator[Repository]:
    stand_in.create(REPOSITORY)
    with github.Github(
        auth=github.Auth.Token(stand_in.token),
        base_url=stand_in.api_url,
        retry=None,
        seconds_between_requests=None,
        seconds_between_writes=None,
    ) as client:
        yield client.get_repo(REPOSITORY)


class TestEnvironment:
    def test_comes_and_goes(self, repository: Repository) -> None:
        repository.create_environment("Prod", wait_timer=5)
        assert [each.name for each in repository.get_environments()] == ["Prod"]
        assert repository.get_environment("prod").protection_rules[0].wait_timer == 5
        repository.delete_environment("Prod")
        with pytest.raises(github.UnknownObjectException):
            repository.get_environment("Prod").id  # noqa: B018 - PyGithub asks when an attribute is read

    def test_is_reset_by_what_a_put_does_not_name(self, repository: Repository) -> None:
        repository.create_environment("Prod", wait_timer=5)
        repository.create_environment("Prod")
        assert repository.get_environment("Prod").protection_rules == []

    def test_keeps_to_named_branches(self, stand_in: GitHub, repository: Repository) -> None:
        path = f"/repos/{repository.full_name}/environments/Prod"
        policy = {"protected_branches": False, "custom_branch_policies": True}
        stand_in.call("PUT", path, json={"deployment_branch_policy": policy})
        made = stand_in.call("POST", f"{path}/deployment-branch-policies", json={"name": "main"}).json()
        listed = stand_in.get(f"{path}/deployment-branch-policies").json()
        assert [each["name"] for each in listed["branch_policies"]] == ["main"]
        gone = stand_in.call("DELETE", f"{path}/deployment-branch-policies/{made['id']}")
        assert gone.status_code == 204


class TestVariable:
    def test_of_the_repository(self, repository: Repository) -> None:
        repository.create_variable("aws_region", "us-east-1")
        variable = repository.get_variable("AWS_REGION")
        assert variable.value == "us-east-1"
        assert variable.edit("eu-west-1")
        assert {each.name: each.value for each in repository.get_variables()} == {"AWS_REGION": "eu-west-1"}
        assert repository.delete_variable("AWS_REGION")

    def test_of_an_environment_is_another_one(self, repository: Repository) -> None:
        environment = repository.create_environment("Prod / EU")
        environment.create_variable("AWS_REGION", "eu-west-1")
        assert environment.get_variable("AWS_REGION").value == "eu-west-1"
        assert list(repository.get_variables()) == []

    def test_is_created_once(self, repository: Repository) -> None:
        repository.create_variable("AWS_REGION", "us-east-1")
        with pytest.raises(github.GithubException) as refused:
            repository.create_variable("AWS_REGION", "us-east-1")
        assert refused.value.status == 409

    def test_list_has_pages(self, repository: Repository) -> None:
        names = [f"NAME_{number:02}" for number in range(35)]
        for name in names:
            repository.create_variable(name, "value")
        assert [each.name for each in repository.get_variables()] == names

    @pytest.mark.parametrize("name", ["GITHUB_TOKEN", "1ST", "A-B", ""])
    def test_has_a_name_that_is_allowed(self, repository: Repository, name: str) -> None:
        with pytest.raises(github.GithubException) as refused:
            repository.create_variable(name, "value")
        assert refused.value.status == 422

    def test_is_at_most_48_kilobytes(self, repository: Repository) -> None:
        repository.create_variable("LARGE", "x" * 48 * 1024)
        with pytest.raises(github.GithubException) as refused:
            repository.create_variable("LARGER", "x" * (48 * 1024 + 1))
        assert refused.value.status == 422


class TestSecret:
    def test_is_opened_for_jobs_and_shown_to_nobody(self, stand_in: GitHub, repository: Repository) -> None:
        repository.create_secret("IAMROLE_GITHUB_ARN", "arn:of-the-repository")
        environment = repository.create_environment("Prod")
        environment.create_secret("IAMROLE_GITHUB_ARN", "arn:of-the-environment")
        assert stand_in.job(REPOSITORY)["secrets"] == {"IAMROLE_GITHUB_ARN": "arn:of-the-repository"}
        inside = stand_in.job(REPOSITORY, environment="prod")
        assert inside["secrets"] == {"IAMROLE_GITHUB_ARN": "arn:of-the-environment"}
        assert "arn:" not in stand_in.get(f"/repos/{REPOSITORY}/actions/secrets").text

    def test_comes_and_goes(self, repository: Repository) -> None:
        repository.create_secret("NAME", "value")
        assert [each.name for each in repository.get_secrets()] == ["NAME"]
        assert repository.delete_secret("NAME")
        assert list(repository.get_secrets()) == []

    def test_sealed_with_another_key_is_refused(self, stand_in: GitHub, repository: Repository) -> None:
        other = repository.create_environment("Prod").get_public_key()
        own = repository.get_public_key()
        path = f"/repos/{REPOSITORY}/actions/secrets/NAME"
        for body in (
            {"key_id": other.key_id, "encrypted_value": other.encrypt("value")},
            {"key_id": own.key_id, "encrypted_value": other.encrypt("value")},
            {"key_id": own.key_id, "encrypted_value": "not a box"},
        ):
            assert stand_in.call("PUT", path, json=body).status_code == 422


class TestSubject:
    def test_of_a_new_repository_has_numbers_that_never_change(
        self, stand_in: GitHub, repository: Repository
    ) -> None:
        owner = repository.owner.id
        assert stand_in.get(f"/repos/{REPOSITORY}/actions/oidc/customization/sub").json() == {
            "use_default": True,
            "use_immutable_subject": True,
            "sub_claim_prefix": f"repo:OWNER@{owner}/codedeploy.nginx.001@{repository.id}",
        }

    def test_of_an_older_repository(self, stand_in: GitHub, repository: Repository) -> None:
        path = f"/repos/{repository.full_name}/actions/oidc/customization/sub"
        stand_in.call("PUT", path, json={"use_default": True, "use_immutable_subject": False})
        assert stand_in.get(path).json()["sub_claim_prefix"] == f"repo:{REPOSITORY}"
        assert stand_in.job(REPOSITORY)["subject"] == f"repo:{REPOSITORY}:ref:refs/heads/main"

    def test_needs_a_token(self, stand_in: GitHub, repository: Repository) -> None:
        path = f"/repos/{repository.full_name}/actions/oidc/customization/sub"
        assert stand_in.get(path, token="").status_code == 401
