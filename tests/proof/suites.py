"""Tests that are proof as well, counted: a row for each file or folder."""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from tests.bench.run import CHECKOUT
from tests.proof.table import Figure, counted

PYTEST = (sys.executable, "-m", "pytest", "-q", "--override-ini=junit_logging=system-out")
VISITS = re.compile(r"^.*\d+ visits, .*$", re.MULTILINE)
"""What tests tell of those who asked for pages meanwhile."""
SIMULATED: Mapping[str, Sequence[str]] = {
    "fuzz: every option of every module given values of each kind": ["tests/unit/modules"],
    "fuzz: appspecs beside the recorded verdicts of the real agent": [
        "tests/local_cloud/test_agent_verdicts.py",
        "tests/local_cloud/test_agent_appspec.py",
    ],
    "the agent killed, its network cut for 30 s, its disk full, in each lifecycle event": [
        "tests/local_cloud/test_agent_faults.py"
    ],
    "fuzz: what is not HTTP, JSON, a form or the agent's protocol": [
        "tests/local_cloud/test_server_requests.py",
        "tests/local_cloud/test_server_listeners.py",
        "tests/local_cloud/test_agent_protocol.py",
    ],
    "runs that get SIGINT in their first half second and in destroy.yml end within 5 s": [
        "tests/faults/test_interrupts.py"
    ],
    "the pipeline lock, two pipelines at once, each kind of fault at each service": [
        "tests/playbooks/test_two_operators.py",
        "tests/playbooks/test_two_pipelines.py",
        "tests/playbooks/test_way_to_aws.py",
    ],
}
WITH_HOSTS: Mapping[str, Sequence[str]] = {
    "an agent killed, a deployment stopped, nginx broken": ["tests/faults/test_pipeline_faults.py"],
    "a host without DNS or metadata, stopped, rebooted; nginx killed": ["tests/faults/test_host_outages.py"],
    "a host towards other hosts and this machine": ["tests/local_cloud/test_hosts_neighbours.py"],
    "deployments while requests come": [
        "tests/faults/test_no_gap.py::test_deployments_are_met_by_no_visitor",
        "tests/faults/test_no_gap_https.py::test_deployments_are_met_by_no_visitor_by_https",
    ],
    "hosts killed, replaced and deployed to behind a load balancer while requests come": [
        "tests/faults/test_balanced_fleet.py"
    ],
    "a certificate renewed while requests come": [
        "tests/faults/test_https.py::test_it_is_renewed_under_requests_and_none_is_lost"
    ],
    "nginx updated while requests come": [
        "tests/faults/test_update_hosts.py::test_nginx_is_updated_and_no_request_is_lost"
    ],
}


def figures(suites: Mapping[str, Sequence[str]], jobs: int = 0) -> Iterator[Figure]:
    """Tests with hosts share this machine's, one test at a time (`jobs` 0)."""
    for name, paths in suites.items():
        begun = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            report = Path(folder) / "report.xml"
            pytest(f"--numprocesses={jobs}", f"--junit-xml={report}", *paths)
            yield figure(name, report, time.monotonic() - begun)


def pytest(*arguments: str) -> None:
    """Ctrl-C reaches it too: it is given the time to end its local cloud and hosts, which run() would not."""
    with subprocess.Popen([*PYTEST, *arguments], cwd=CHECKOUT, stdout=sys.stderr) as process:
        try:
            process.wait()
        except KeyboardInterrupt:
            process.wait()
            raise


def figure(name: str, report: Path, seconds: float) -> Figure:
    """Of pytest's report. A skipped test has proved nothing."""
    if not report.exists():
        return counted(name, 0, 0, seconds=seconds, faults=["pytest wrote no report"])
    cases = list(ET.parse(report).getroot().iter("testcase"))  # noqa: S314 - pytest's own
    wrong = [f"{case.get('classname')}.{case.get('name')}" for case in cases if _bad(case)]
    told = [line for case in cases for line in VISITS.findall(case.findtext("system-out", ""))]
    good = len(cases) - len(wrong)
    return counted(f"tests: {name}", good, len(cases), seconds=seconds, faults=wrong, told=told)


def _bad(case: "ET.Element") -> bool:
    return any(case.find(kind) is not None for kind in ("failure", "error", "skipped"))
