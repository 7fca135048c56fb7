# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with settings: one line each, with the setting, its value and the way out."""

from __future__ import annotations

import difflib
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.module_utils.common.validation import (
    check_type_bool,
    check_type_dict,
    check_type_int,
    check_type_list,
    check_type_str,
)
from ansible.module_utils.common.yaml import yaml_load
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.loader import lookup_loader
from ansible.plugins.lookup import LookupBase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Settings = Mapping[str, Any]

ROLES = Path(__file__).resolve().parents[2]
SPECIFICATION = ROLES / "pipeline_check" / "meta" / "argument_specs.yml"
DERIVED = ROLES / "pipeline" / "vars" / "main.yml"
RULES = "__pipeline_check_rules"
PRODUCTION = "production"
TYPES = {
    "bool": (check_type_bool, "true or false"),
    "dict": (check_type_dict, "a mapping of names to values"),
    "int": (check_type_int, "a whole number"),
    "list": (check_type_list, "a list"),
    "str": (check_type_str, "a text"),
}
"""Ansible's types, as it checks them, and in words."""
ALIKE = 0.8  # of 1: one or two letters in a name of a dozen
TAG_KEY = r"^(?!(?i:aws):)[\w .:/=+@-]{1,128}"
BEGINNING = re.compile("p[a-z]*_")  # of a setting's name, and of what is meant to be one


def nearest(name: str, names: Iterable[str], alike: float = ALIKE) -> str:
    """The most similar of the names; "" where none is similar."""
    found = difflib.get_close_matches(name, list(names), n=1, cutoff=alike)
    return found[0] if found else ""


def problems(
    settings: Settings,
    options: Mapping[str, Mapping[str, Any]],
    rules: Mapping[str, Mapping[str, str]],
    variables: Iterable[str],
    derived: Iterable[str],
    *,
    hosts: Iterable[tuple[str, Mapping[str, str], Mapping[str, str]]],
    regions: Iterable[str],
) -> list[str]:
    """All of them; none where all is well. Contradictions are looked for where all have their types.

    `options` are the settings' argument specification, `rules` the patterns of their values, `variables` the
    names that the run knows, `derived` those that follow from settings, `hosts` the hosts of
    `pipeline_hosts`, each with its tags as the one or the other inventory plugin gives them, and `regions`
    where the inventory looks for them.
    """
    mistyped = dict(_types(settings, options))
    found = [
        *mistyped.values(),
        *_values(settings, {name: rule for name, rule in rules.items() if name not in mistyped}),
        *_names(variables, {*settings, *derived}),
    ]
    if mistyped:
        return found
    return [
        *found,
        *_hosts(settings, hosts),
        *_regions(settings, regions),
        *_tags(settings["pipeline_tags"], rules["pipeline_tag_owner"]),
        *_environment(settings),
        *_reviewers(settings),
        *_contradictions(settings),
    ]


def _types(settings: Settings, options: Mapping[str, Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for name, option in options.items():
        if not _fits(settings[name], option):
            value = "..." if option.get("no_log") else settings[name]
            yield name, f"{name} is '{value}': allowed is {_allowed(option)}."


def _fits(value: Any, option: Mapping[str, Any]) -> bool:  # noqa: ANN401 - that is the question
    """As Ansible's own validator, which copies with each value all variables of the run.

    Null is meant where it is the default.
    """
    if value is None:
        return option.get("default") is None
    try:
        checked = TYPES[option["type"]][0](value)
        elements = checked if option["type"] == "list" else [checked]
        if "elements" in option:
            elements = [TYPES[option["elements"]][0](element) for element in elements]
    except TypeError:
        return False
    return "choices" not in option or all(element in option["choices"] for element in elements)


def _allowed(option: Mapping[str, Any]) -> str:
    if "choices" in option:
        choices = " or ".join(option["choices"])
        return f"a list, each {choices}" if option["type"] == "list" else choices
    each = f", each {TYPES[option['elements']][1]}" if "elements" in option else ""
    return TYPES[option["type"]][1] + each


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
    yield from _deployment_config(settings)
    yield from _fleet(settings)
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


def _deployment_config(settings: Settings) -> Iterator[str]:
    zonal = boolean(settings["pipeline_deployment_zonal"])
    if zonal and not str(settings["pipeline_deployment_healthy_hosts"]):
        yield (
            "pipeline_deployment_zonal is true and pipeline_deployment_healthy_hosts is '': a zonal "
            "deployment has a configuration of the pipeline's own. Say how many hosts stay healthy, such "
            "as 75%."
        )
    for name in ("pipeline_deployment_zone_healthy_hosts", "pipeline_deployment_zone_watch"):
        if not zonal and str(settings[name]) not in {"", "0"}:
            yield f"{name} is {settings[name]} and pipeline_deployment_zonal is false: set that to true."


def _fleet(settings: Settings) -> Iterator[str]:
    if not boolean(settings["pipeline_fleet"]):
        style = settings["pipeline_deployment_style"]
        if style != "in_place":
            yield (
                f"pipeline_deployment_style is '{style}' and pipeline_fleet is false: only a fleet has hosts "
                "beside the former ones. Set pipeline_fleet to true, or the style to in_place."
            )
        return
    sizes = [int(settings[f"pipeline_fleet_{name}_size"]) for name in ("min", "desired", "max")]
    if sizes != sorted(sizes):
        yield (
            "pipeline_fleet_min_size, pipeline_fleet_desired_size and pipeline_fleet_max_size are "
            f"{', '.join(map(str, sizes))}: allowed are sizes of which none is less than the one before."
        )
    least, most = (int(settings[f"pipeline_fleet_refresh_{name}_healthy"]) for name in ("min", "max"))
    if most - least > 100:  # noqa: PLR2004 - StartInstanceRefresh says so
        yield (
            f"pipeline_fleet_refresh_min_healthy is {least} and pipeline_fleet_refresh_max_healthy is {most}:"
            " allowed is a difference of 100 at most."
        )
    if settings["pipeline_https"] == "files":
        yield (
            "pipeline_https is 'files' and pipeline_fleet is true: the load balancer has a certificate of "
            "AWS Certificate Manager. Set acme for HTTPS, or none for HTTP."
        )
    for name in ("pipeline_fleet_subnets", "pipeline_fleet_balancer_subnets"):
        if len(settings[name]) == 1:
            yield (
                f"{name} is {settings[name]}: name subnets of two zones at least, or none for the VPC's "
                "default ones."
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


class LookupModule(LookupBase):  # type: ignore[misc] # Ansible has no types
    """What Ansible loads. One lookup, since what a template reads, it reads again at each mention."""

    def run(self, _terms: list[str], variables: dict[str, Any] | None = None, **_: object) -> list[str]:
        """What is wrong with the run's settings."""
        known = variables or {}
        options = yaml_load(SPECIFICATION.read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
        rules, *values = self._ask("ansible.builtin.vars", [RULES, *options], known)
        settings = dict(zip(options, values, strict=True))
        members = self._ask("ansible.builtin.inventory_hostnames", [settings["pipeline_hosts"]], known)
        return problems(
            settings,
            options,
            rules,
            [name for name in known if BEGINNING.match(name)],
            yaml_load(DERIVED.read_text(encoding="utf-8")),
            hosts=[(name, *_tags_of(known["hostvars"][name])) for name in members],
            regions=self._ask("inventory_regions", [], known),
        )

    def _ask(self, plugin: str, terms: list[str], variables: dict[str, Any]) -> list[Any]:
        lookup = lookup_loader.get(plugin, loader=self._loader, templar=self._templar)
        found: list[Any] = lookup.run(terms, variables)
        return found


def _tags_of(host: Mapping[str, Any]) -> tuple[Mapping[str, str], Mapping[str, str]]:
    return host.get("aws_ec2_tags") or {}, host.get("aws_tags") or {}
