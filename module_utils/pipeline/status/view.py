# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is known of a pipeline, made ready to be looked at: a summary in lines, and a page.

`Facts` is what the playbook has gathered, one key a question, each as the module that was asked answers.
`view` is pure: it turns them into words, states and places on a time axis. The template only lays out.

A state is one of `good`, `bad`, `busy` (under way, or worth a look) and `none` (not there, or not known).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, StrictUndefined, TemplateError
from markupsafe import Markup

from ..changes import known
from . import fleets, glance
from .deployments import deployment
from .drift import drift
from .hosts import HEADINGS, host, running
from .links import deployment_page, group_page, instance_page, repository_page
from .picture import address, addresses, codedeploy, dns, fleet, github, identity, images, visitors
from .verdict import NAMES, verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    Facts = Mapping[str, Any]
    Record = Mapping[str, Any]

UNSHOWN = (LookupError, TypeError, AttributeError, ValueError, TemplateError)
"""What facts of another shape end in."""
AFTER_SIGNS = re.compile(r"(?<=[-/:@_])(?=\w)|(?<=\.)(?=[A-Za-z])|(?<=[a-z])(?=[A-Z])")


def render(template: str, shown: Record) -> str:
    """The page. Everything is escaped: a hook's log is a stranger's text."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["breakable"] = breakable
    return environment.from_string(template).render(shown)


def breakable(words: str) -> Markup:
    """A name, address or ARN that may be broken after its own signs, as words are after blanks."""
    return Markup("<wbr>").join(AFTER_SIGNS.split(words))


def view(facts: Facts, now: datetime, others: Sequence[Record] = ()) -> dict[str, Any]:
    """All that the page shows; `others` are rows of other environments (`glance.row`)."""
    commits, settings = known(facts["commits"]), facts["settings"]
    deployments = [
        deployment(item, now, commits) | {"page": deployment_page(settings, item["deployment_id"])}
        for item in facts["deployments"]
    ]
    is_fleet = bool(facts["fleet"])
    look = fleets.host if is_fleet else host
    hosts = [
        look(item, facts) | {"link": instance_page(settings, item["instance_id"])} for item in running(facts)
    ]
    shown: dict[str, Any] = {
        "settings": settings,
        "address": address(facts),
        "moment": now.isoformat(),
        "now": now.strftime("%Y-%m-%d %H:%M:%S UTC"),
        "nodes": [
            github(facts) | {"link": repository_page(settings)},
            identity(facts),
            codedeploy(facts, deployments) | {"link": group_page(settings)},
            *(_fleet(facts) if is_fleet else _single_hosts(facts, hosts)),
        ],
        "hosts": hosts,
        "columns": fleets.HEADINGS if is_fleet else HEADINGS,
        "deployments": deployments,
        "live": glance.live(facts, deployments, now),
        "alarms": glance.alarms(facts),
        "certificate": fleets.certificate(facts) if is_fleet else glance.certificate(facts, hosts),
        "cost": glance.cost(facts),
        "images": fleets.images(facts) if is_fleet else images(facts),
        "drift": drift(facts),
    }
    shown["verdict"] = verdict(shown)
    shown["environments"] = glance.beside(glance.row(shown), others, now)
    return shown


def _single_hosts(facts: Facts, hosts: Sequence[Record]) -> Iterator[dict[str, Any]]:
    """The boxes from the hosts to the visitors."""
    yield fleet(facts, hosts)
    yield addresses(facts)
    yield dns(facts)
    yield visitors(facts, hosts) | {"link": address(facts)}


def _fleet(facts: Facts) -> Iterator[dict[str, Any]]:
    """The same where a load balancer is between them."""
    yield fleets.group(facts)
    yield fleets.balancer(facts)
    yield fleets.dns(facts)
    yield fleets.visitors(facts, address(facts)) | {"link": address(facts)}


def summary(shown: Record) -> list[str]:
    """The same in lines for a terminal."""
    lines = [f"{node['kind']:<12}{node['words']:<30}  {node['name']}" for node in shown["nodes"]]
    lines += [
        f"{'alarms':<12}{shown['alarms']['words']}",
        f"{'cost':<12}{shown['cost']['words']}",
    ]
    lines += [
        f"{item['environment']:<12}{item['verdict']['words']}, {item['live']['commit'] or 'nothing'} live, "
        f"looked at {item['ago']}"
        for item in shown["environments"]
        if item["environment"] != shown["settings"]["environment"]
    ]
    lines += [
        f"{'host':<12}{item['id']}  "
        + ", ".join(f"{NAMES[part]} {item[part]['words']}" for part in shown["columns"] if part != "ec2")
        for item in shown["hosts"]
    ]
    for item in shown["deployments"]:
        lines.append(
            f"{'deployment':<12}{item['id']}  {item['status']:<10}  {item['created']}  {item['took']:<8}"
            f"  {item['revision']}"
        )
        lines.append(f"{'':<12}{', '.join(filter(None, _story(item)))}")
        lines += [
            f"{'':<12}{', '.join(failure['targets'])}: {failure['event']} {failure['script']}".rstrip()
            for failure in item["failures"]
        ]
    return [
        *lines,
        *(f"{'image':<12}{line}" for line in shown["images"]),
        f"{'drift':<12}{shown['drift']['words']}",
        *(f"{'':<12}{line}" for line in _changes(shown["drift"])),
    ]


def _changes(drift: Record) -> Iterator[str]:
    """What a run would change: resource by resource with both sides, and the tasks that would do it."""
    for item in drift["resources"]:
        yield f"{item['sign']} {item['name']}"
        for side in item["sides"]:
            yield f"  {side['of']}: {side['old']} -> {side['new']}" if side["old"] else f"  {side['new']}"
    yield from drift["changes"]


def _story(item: Record) -> Iterator[str]:
    """What a deployment brought, and who started it from where."""
    yield item["change"]["subject"]
    yield item["change"]["author"] and f"by {item['change']['author']}"
    yield item["who"] and f"deployed by {item['who']}"
    yield item["run"]
