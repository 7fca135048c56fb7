"""The REST API's Actions settings: variables and secrets of a repository or an environment, OIDC subjects."""

from local_cloud.github import environments, errors
from local_cloud.github.calls import NO_CONTENT, Answer, Call, Route, page
from local_cloud.github.records import Setting, Vault, now
from local_cloud.github.store import SETTING_NAME, VARIABLE_BYTES

CREATED = Answer(body={}, status=201)


def list_variables(call: Call, owner: str, name: str, environment: str = "") -> Answer:
    """GET .../variables."""
    vault = _vault(call, owner, name, environment, ("variables", "read"))
    return page(call, "variables", _sorted(vault.variables), _show_variable, default=10, most=30)


def get_variable(call: Call, owner: str, name: str, variable: str, environment: str = "") -> Answer:
    """GET .../variables/VARIABLE."""
    vault = _vault(call, owner, name, environment, ("variables", "read"))
    return Answer(body=_show_variable(_find(vault.variables, variable)))


def create_variable(call: Call, owner: str, name: str, environment: str = "") -> Answer:
    """POST .../variables."""
    vault = _vault(call, owner, name, environment, ("variables", "write"))
    variable, value = _name(call.text("name")), _value(call.text("value"))
    if variable in vault.variables:
        raise errors.GitHubError(409, "Already exists - Variable already exists")
    _set(vault.variables, variable, value)
    return CREATED


def update_variable(call: Call, owner: str, name: str, variable: str, environment: str = "") -> Answer:
    """PATCH .../variables/VARIABLE."""
    vault = _vault(call, owner, name, environment, ("variables", "write"))
    found = _find(vault.variables, variable)
    body = call.body()
    renamed = _name(call.text("name")) if "name" in body else found.name
    value = _value(call.text("value")) if "value" in body else found.value
    del vault.variables[found.name]
    vault.variables[renamed] = Setting(renamed, value, found.created_at, now())
    return NO_CONTENT


def delete_variable(call: Call, owner: str, name: str, variable: str, environment: str = "") -> Answer:
    """DELETE .../variables/VARIABLE."""
    vault = _vault(call, owner, name, environment, ("variables", "write"))
    del vault.variables[_find(vault.variables, variable).name]
    return NO_CONTENT


def get_public_key(call: Call, owner: str, name: str, environment: str = "") -> Answer:
    """GET .../secrets/public-key: what secrets are sealed with."""
    vault = _vault(call, owner, name, environment, ("secrets", "read"))
    return Answer(body={"key_id": vault.key_id, "key": vault.public_key})


def list_secrets(call: Call, owner: str, name: str, environment: str = "") -> Answer:
    """GET .../secrets: names and times, never values."""
    vault = _vault(call, owner, name, environment, ("secrets", "read"))
    return page(call, "secrets", _sorted(vault.secrets), _show_secret, default=30, most=100)


def get_secret(call: Call, owner: str, name: str, secret: str, environment: str = "") -> Answer:
    """GET .../secrets/SECRET."""
    vault = _vault(call, owner, name, environment, ("secrets", "read"))
    return Answer(body=_show_secret(_find(vault.secrets, secret)))


def create_or_update_secret(call: Call, owner: str, name: str, secret: str, environment: str = "") -> Answer:
    """PUT .../secrets/SECRET: a sealed box, opened on arrival."""
    vault = _vault(call, owner, name, environment, ("secrets", "write"))
    opened = _value(vault.open(call.text("encrypted_value"), call.text("key_id")))
    known = _name(secret) in vault.secrets
    _set(vault.secrets, _name(secret), opened)
    return NO_CONTENT if known else CREATED


def delete_secret(call: Call, owner: str, name: str, secret: str, environment: str = "") -> Answer:
    """DELETE .../secrets/SECRET."""
    vault = _vault(call, owner, name, environment, ("secrets", "write"))
    del vault.secrets[_find(vault.secrets, secret).name]
    return NO_CONTENT


def get_subject(call: Call, owner: str, name: str) -> Answer:
    """GET .../actions/oidc/customization/sub."""
    repository = call.permitted(owner, name, "actions", "read")
    keys = repository.claim_keys
    body = {
        "use_default": keys is None,
        "use_immutable_subject": repository.immutable_subject,
        "sub_claim_prefix": repository.subject_prefix,
    }
    return Answer(body=body if keys is None else {**body, "include_claim_keys": keys})


def set_subject(call: Call, owner: str, name: str) -> Answer:
    """PUT .../actions/oidc/customization/sub."""
    repository = call.permitted(owner, name, "actions", "write")
    body = call.body()
    default, immutable = (
        body.get("use_default"),
        body.get("use_immutable_subject", repository.immutable_subject),
    )
    if not isinstance(default, bool) or not isinstance(immutable, bool):
        raise errors.GitHubError(422, 'Invalid request.\n\n"use_default" wasn\'t supplied.')
    keys = body.get("include_claim_keys")
    if not default and not isinstance(keys, list):
        raise errors.GitHubError(422, 'Invalid request.\n\n"include_claim_keys" wasn\'t supplied.')
    repository.claim_keys = None if default or not isinstance(keys, list) else [str(key) for key in keys]
    repository.immutable_subject = immutable
    return CREATED


def _vault(call: Call, owner: str, name: str, environment: str, right: tuple[str, str]) -> Vault:
    """The repository's own or an environment's; the latter has a right of its own."""
    if not environment:
        return call.permitted(owner, name, *right).vault
    return environments.find(call.permitted(owner, name, "environments", right[1]), environment).vault


def _find(settings: dict[str, Setting], name: str) -> Setting:
    found = settings.get(name.upper())
    if found is None:
        raise errors.not_found()
    return found


def _set(settings: dict[str, Setting], name: str, value: str) -> None:
    moment = now()
    before = settings.get(name)
    settings[name] = Setting(name, value, before.created_at if before else moment, moment)


def _sorted(settings: dict[str, Setting]) -> list[Setting]:
    return [settings[name] for name in sorted(settings)]


def _name(given: str) -> str:
    """Names are kept in capitals."""
    if SETTING_NAME.fullmatch(given.upper()):
        return given.upper()
    raise errors.GitHubError(
        422,
        "Name is invalid: only letters, digits and underscores, no digit first, no GITHUB_ in front.",
    )


def _value(given: str) -> str:
    if len(given.encode()) <= VARIABLE_BYTES:
        return given
    raise errors.GitHubError(422, "Value is too large: at most 48 KB are kept.")


def _show_variable(setting: Setting) -> dict[str, str]:
    return {**_show_secret(setting), "value": setting.value}


def _show_secret(setting: Setting) -> dict[str, str]:
    return {"name": setting.name, "created_at": setting.created_at, "updated_at": setting.updated_at}


REPOSITORY = "/repos/<owner>/<name>"
ROUTES: list[Route] = [
    ("GET", f"{REPOSITORY}/actions/oidc/customization/sub", get_subject),
    ("PUT", f"{REPOSITORY}/actions/oidc/customization/sub", set_subject),
    *(
        (method, f"{base}{path}", operation)
        for base in (f"{REPOSITORY}/actions", f"{REPOSITORY}/environments/<path:environment>")
        for method, path, operation in (
            ("GET", "/variables", list_variables),
            ("POST", "/variables", create_variable),
            ("GET", "/variables/<variable>", get_variable),
            ("PATCH", "/variables/<variable>", update_variable),
            ("DELETE", "/variables/<variable>", delete_variable),
            ("GET", "/secrets", list_secrets),
            ("GET", "/secrets/public-key", get_public_key),
            ("GET", "/secrets/<secret>", get_secret),
            ("PUT", "/secrets/<secret>", create_or_update_secret),
            ("DELETE", "/secrets/<secret>", delete_secret),
        )
    ),
]
