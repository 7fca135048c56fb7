# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with settings: one line each, with the setting, its value and the way out."""

from __future__ import annotations

import difflib
import json
import re
from typing import TYPE_CHECKING, Any

from ansible.module_utils.parsing.convert_bool import boolean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    Settings = Mapping[str, Any]

PRODUCTION = "production"
ALIKE = 0.8  # of 1: one or two letters in a name of a dozen
TAG_KEY = r"^(?!(?i:aws):)[\w .:/=+@-]{1,128}"
BEGINNING = re.compile("p[a-z]*_")  # of a setting's name, and of what is meant to be one


def nearest(name: str, names: Iterable[str], alike: float = ALIKE) -> str:
    """The most similar of the names; "" where none is similar."""
    found = difflib.get_close_matches(name, list(names), n=1, cutoff=alike)
    return found[0] if found else ""


def problems(
    settings: Settings,
    rules: Mapping[str, Mapping[str, str]],
    variables: Iterable[str],
    derived: Iterable[str],
    *,
    hosts: Iterable[tuple[str, Mapping[str, str], Mapping[str, str]]],
    regions: Iterable[str],
) -> list[str]:
    """All of them; none where all is well.

    `variables` are the names that the run knows, `derived` those that follow from settings, `hosts` the hosts
    of `pipeline_hosts`, each with its tags as the one or the other inventory plugin gives them, and `regions`
    where the inventory looks for them.
    """
    return [
        *_values(settings, rules),
        *_names(variables, {*settings, *derived}),
        *_hosts(settings, hosts),
        *_regions(settings, regions),
        *_tags(settings["pipeline_tags"], rules["pipeline_tag_owner"]),
        *_environment(settings),
        *_reviewers(settings),
        *_contradictions(settings),
    ]


def _values(settings: Settings, rules: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    for name, rule in rules.items():
        if not matches(rule["pattern"], settings[name]):
            value = "..." if "secret" in rule else settings[name]
            yield f"{name} is '{value}': allowed is {rule['allowed']}."


def matches(pattern: str, value: object) -> bool:
    """Whether a setting has its form: `$` alone would let a newline at the end through."""
    return re.search(rf"{pattern}\Z", str(value)) is not None


def _tags(tags: Mapping[Any, Any], rule: Mapping[str, str]) -> Iterator[str]:
    for key, value in tags.items():
        plain = isinstance(value, str | bool | int | float)
        if not (matches(TAG_KEY, key) and plain and matches(rule["pattern"], value)):
            yield (
                f"pipeline_tags has {json.dumps(key)}: {json.dumps(value)}: allowed are keys of 1 to 128 "
                f"letters that do not begin with aws:, and values of {rule['allowed']}."
            )


def _names(variables: Iterable[str], known: set[str]) -> Iterator[str]:
    for name in variables:
        if name in known or not BEGINNING.match(name):
            continue
        near = nearest(name, sorted(known))
        if near or name.startswith("pipeline_"):
            hint = f"did you mean {near}" if near else "look for a typing error"
            yield f"{name} is not a setting: {hint}? roles/pipeline/defaults/main.yml lists the settings."


def _hosts(
    settings: Settings, hosts: Iterable[tuple[str, Mapping[str, str], Mapping[str, str]]]
) -> Iterator[str]:
    own = settings["pipeline_application"]
    for host, tags, other_tags in hosts:
        application = (tags or other_tags or {}).get("Application")
        if application and application != own:
            yield (
                f"pipeline_hosts is '{settings['pipeline_hosts']}', which takes in {host} of the "
                f"application {application}, and pipeline_application is '{own}': give one of them a name "
                "that differs in letters or digits."
            )


def _regions(settings: Settings, regions: Iterable[str]) -> Iterator[str]:
    for region in regions:
        if region != settings["pipeline_region"]:
            yield (
                f"pipeline_region is '{settings['pipeline_region']}', and the inventory's aws_ec2.yml looks "
                f"for hosts in '{region}' (regions): name the region there alone, and leave pipeline_region "
                "as the inventory has it."
            )


def _environment(settings: Settings) -> Iterator[str]:
    """By its application a pipeline knows what is its own: each environment's must have a name of its own."""
    environment, application = settings["pipeline_environment"], settings["pipeline_application"]
    if environment != PRODUCTION and environment not in application.lower():
        yield (
            f"pipeline_application is '{application}' and pipeline_environment is '{environment}': allowed "
            f"is a name with {environment} in it, such as {application}-{environment}; where environments "
            f"share the setting, write {application}{{{{ pipeline_suffix }}}}."
        )
    source = settings["pipeline_promote_from"]
    if source == application:
        yield (
            f"pipeline_promote_from is '{source}', the application itself (pipeline_application): name the "
            "application of the environment before this one, or nothing."
        )


def _reviewers(settings: Settings) -> Iterator[str]:
    owner = settings["pipeline_github_repository"].partition("/")[0]
    for name in settings["pipeline_github_reviewers"] or ():
        of, team = str(name).partition("/")[::2]
        if team and of.lower() != owner.lower():
            yield (
                f"pipeline_github_reviewers has '{name}', a team of {of}: allowed are teams of {owner}, "
                "whose the repository is (pipeline_github_repository)."
            )


def _contradictions(settings: Settings) -> Iterator[str]:
    cidr, anywhere = settings["pipeline_ssh_cidr"], settings["pipeline_ssh_from_anywhere"]
    if cidr.endswith("/0") and not boolean(anywhere):
        yield (
            f"pipeline_ssh_cidr is '{cidr}', the whole world: name your own address/32, or set "
            "pipeline_ssh_from_anywhere to true as well."
        )
    if settings["pipeline_connection"] == "ssm" and not settings["pipeline_connection_bucket"]:
        yield (
            "pipeline_connection is 'ssm' and pipeline_connection_bucket is '': name a bucket for Ansible's "
            "modules to travel through (docs/connecting.md)."
        )
    yield from _https(settings)
    topic = settings["pipeline_notification_topic"]
    if topic and settings["pipeline_notifications"]:
        yield (
            f"pipeline_notification_topic is '{topic}' and pipeline_notifications is not empty: subscribe to "
            "the named topic by its owner's means, or name none for one of the pipeline's own."
        )
    vpc, subnet = settings["pipeline_vpc_id"], settings["pipeline_vpc_subnet_id"]
    if bool(vpc) != bool(subnet):
        yield f"pipeline_vpc_id is '{vpc}' and pipeline_vpc_subnet_id is '{subnet}': set both or none."
    record, zone = settings["pipeline_domain_record"], settings["pipeline_domain_zone"]
    if not f".{record.rstrip('.')}".endswith(f".{zone.rstrip('.')}"):
        yield (
            f"pipeline_domain_record is '{record}': allowed is a name inside the zone '{zone}' "
            "(pipeline_domain_zone)."
        )


def _https(settings: Settings) -> Iterator[str]:
    way = settings["pipeline_https"]
    for name in ("pipeline_https_certificate_file", "pipeline_https_key_file"):
        if way == "files" and not settings[name]:
            yield f"pipeline_https is 'files' and {name} is '': name the file (docs/https.md)."
    if way != "acme":
        return
    if settings["pipeline_https_acme_eab_hmac_key"] and not settings["pipeline_https_acme_eab_key_id"]:
        yield (
            "pipeline_https_acme_eab_hmac_key is set and pipeline_https_acme_eab_key_id is '': set both, by "
            "ACME_EAB_HMAC_KEY and ACME_EAB_KEY_ID, or none."
        )
    if settings["pipeline_https_acme_challenge"] != "http-01":
        return
    count, record = settings["pipeline_instance_count"], settings["pipeline_domain_record"]
    for name, value, plain in (
        ("pipeline_instance_count", count, str(count) == "1"),
        ("pipeline_domain_record", record, not record.startswith("*")),
    ):
        if not plain:
            yield (
                f"{name} is '{value}' and pipeline_https_acme_challenge is 'http-01', which proves one host "
                "of one name: set the challenge to dns-01."
            )


class FilterModule:
    """How Ansible finds it."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"problems": problems}
