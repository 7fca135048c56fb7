"""The same by HTTPS, and with three hosts."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.certificates import self_signed
from tests.faults.developer import NAME, Developer, come, deployments_are_met_by_no_visitor
from tests.faults.pipeline_runs import Pipeline


@pytest.fixture(scope="module")
def trusted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of the site's name, as a file."""
    folder = tmp_path_factory.mktemp("certificate")
    for name, content in zip(("certificate.pem", "key.pem"), self_signed(NAME), strict=True):
        (folder / name).write_bytes(content)
    return folder / "certificate.pem"


@pytest.fixture
def secured(pipeline: Pipeline, trusted: Path) -> Iterator[Pipeline]:
    """The pipeline with HTTPS; it is given back without."""
    secure = replace(pipeline, options=(f"--extra-vars={https(trusted)}",))
    played = secure.playbook("site.yml")
    assert played.returncode == 0, played.stdout
    yield secure
    played = pipeline.playbook("site.yml")
    assert played.returncode == 0, played.stdout


def https(certificate: Path) -> str:
    """Settings. One that is its own authority is trusted as that."""
    return json.dumps(
        {
            "pipeline_https": "files",
            "pipeline_https_certificate_file": str(certificate),
            "pipeline_https_key_file": str(certificate.with_name("key.pem")),
            "pipeline_https_ca_file": str(certificate),
        }
    )


def test_deployments_are_met_by_no_visitor_by_https(
    author: Developer, secured: Pipeline, trusted: Path
) -> None:
    deployments_are_met_by_no_visitor(author, come(secured, "https", trusted), 250)


@pytest.fixture
def three_hosts(pipeline: Pipeline, trusted: Path) -> Iterator[Pipeline]:
    """The pipeline with three, and with HTTPS; it is given back with one, and without."""
    three = replace(pipeline, options=(f"--extra-vars={https(trusted)}", "-e", "pipeline_instance_count=3"))
    more = three.playbook("site.yml")
    assert more.returncode == 0, more.stdout
    yield three
    for playbook in (("destroy.yml", "-e", "confirm=test.codeDeploy.001"), ("site.yml",)):
        played = pipeline.playbook(*playbook)
        assert played.returncode == 0, played.stdout


def test_deployments_to_three_hosts_are_met_by_no_visitor(
    author: Developer, three_hosts: Pipeline, trusted: Path
) -> None:
    visitors = come(three_hosts, "https", trusted)
    assert len(visitors.addresses) == 3
    assert author.deploy(300) == "Succeeded"
    deployments_are_met_by_no_visitor(author, visitors, 302)
