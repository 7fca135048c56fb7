"""Deployments under visitors: no answer but the page, and no page whose parts come from two revisions.

GitHub answers an address without a token 60 times an hour, so these are two files, with a local cloud each.
"""

import sys
from dataclasses import replace

import pytest

from tests.faults.developer import Developer, come, deployments_are_met_by_no_visitor
from tests.faults.pipeline_runs import Pipeline
from tests.faults.visitors import Visitors

ARTICLE = """\
version: 0.0
os: linux
files:
  - source: index.html
    destination: /usr/share/nginx/html
  - source: icons
    destination: /usr/share/nginx/html/icons
  - source: assets
    destination: /usr/share/nginx/html/assets
"""


@pytest.fixture
def visitors(pipeline: Pipeline) -> Visitors:
    return come(pipeline)


def test_visitors_meet_the_gap_of_an_appspec_that_copies_into_the_document_root(
    author: Developer, visitors: Visitors
) -> None:
    """The article's way goes on working; and what follows could see a gap."""
    appspec = (author.checkout / "appspec.yml").read_text()
    author.commit("appspec.yml", ARTICLE)
    author.pipeline.on_hosts("ln -sfn /usr/share/nginx/html /srv/www/current")
    assert author.deploy(1) == "Succeeded"

    with visitors:
        ended = {author.deploy(number) for number in range(2, 12)}

    sys.stdout.write(f"article: {visitors.told()}\n")
    assert ended == {"Succeeded"}
    assert {status for visit in visitors.visits for status in visit.statuses} > {"200"}

    # The first revision of the other kind meets the files of these, and no visitor sees that.
    author.commit("appspec.yml", appspec)
    after = replace(visitors, visits=[])
    with after:
        assert author.deploy(12) == "Succeeded"
    sys.stdout.write(f"from there to releases: {after.told()}\n")
    assert not [visit for visit in after.visits if visit.failed or visit.mixed]


def test_deployments_are_met_by_no_visitor(author: Developer, visitors: Visitors) -> None:
    deployments_are_met_by_no_visitor(author, visitors, 100)


def test_a_page_that_is_not_the_revisions_is_taken_back_at_once(
    author: Developer, visitors: Visitors, pipeline: Pipeline
) -> None:
    assert author.deploy(200) == "Succeeded"
    page = pipeline.page()
    script = author.checkout / "scripts/validate-service.sh"
    known = script.read_text()
    # Another address is no page.
    elsewhere = known.replace("127.0.0.1/\n", "127.0.0.1/icons/\n").replace("attempts=10", "attempts=1")
    author.commit("scripts/validate-service.sh", elsewhere)
    assert author.deploy(201) == "Failed"
    assert pipeline.page() == page
    author.commit("scripts/validate-service.sh", known)
    with visitors:
        assert author.deploy(202) == "Succeeded"
    assert "revision 202" in pipeline.page()
    assert not [visit for visit in visitors.visits if visit.failed or visit.mixed]
