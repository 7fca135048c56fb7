"""Visitors keep a record for as long as it says; while settings change no request of theirs fails."""

import random
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from dnslib import QTYPE, DNSRecord

from local_cloud.testing.clouds import Settings
from tests.faults.pipeline_runs import Pipeline
from tests.faults.visitors import Addresses

RECORD = "www.local-cloud.example"
RESOLVER = Settings.gateway
TTL = 5
"""As the local inventory has it."""
COUNT = "pipeline_instance_count"


@dataclass
class Visitor:
    """Asks the local cloud's DNS, keeps the answer for the record's time, and fetches the page all along."""

    interval: float = 0.1
    """Seconds from one request to the next."""
    authorities: Path | None = None
    """By HTTPS, whose certificates are these authorities' (PEM)."""
    ended: threading.Event = field(default_factory=threading.Event)
    addresses: list[str] = field(default_factory=list)
    until: float = 0.0
    requests: int = 0
    failures: list[str] = field(default_factory=list)
    met: set[str] = field(default_factory=set)

    def resolve(self) -> str:
        if time.monotonic() >= self.until:
            answer = DNSRecord.parse(DNSRecord.question(RECORD).send(RESOLVER, 53, timeout=5))
            found = [each for each in answer.rr if each.rtype == QTYPE.A]
            self.addresses = [str(each.rdata) for each in found]
            self.until = time.monotonic() + min(each.ttl for each in found)
        return random.choice(self.addresses)  # noqa: S311 - as a browser does

    def fetch(self) -> None:
        address = self.resolve()
        way = Addresses([address], self.authorities)
        browser = urllib.request.build_opener(way, urllib.request.ProxyHandler({}))
        with browser.open(f"{'https' if self.authorities else 'http'}://{RECORD}/", timeout=10) as answer:
            text = answer.read().decode()
        assert "CodeDeploy + Github Actions + EC2" in text, f"{address} has another page"
        self.met.add(address)

    def visit(self) -> None:
        due = time.monotonic()
        while not self.ended.wait(max(0.0, due - time.monotonic())):
            due += self.interval
            self.requests += 1
            try:
                self.fetch()
            except (OSError, ValueError, AssertionError) as error:
                self.failures.append(f"{self.addresses}: {error!r}")


@contextmanager
def visited(
    people: int = 4, interval: float = 0.1, authorities: Path | None = None
) -> Iterator[list[Visitor]]:
    """Several visitors, whose memories of the record end at different times."""
    visitors = [Visitor(interval, authorities) for _ in range(people)]
    threads = [threading.Thread(target=each.visit) for each in visitors]
    for thread in threads:
        thread.start()
        time.sleep(TTL / len(threads))
    try:
        yield visitors
    finally:
        for each in visitors:
            each.ended.set()
        for thread in threads:
            thread.join()


def change(pipeline: Pipeline, *settings: str) -> None:
    arguments = [part for each in settings for part in ("-e", each)]
    done = pipeline.playbook("site.yml", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_request_fails_while_instances_come_go_and_are_renamed(pipeline: Pipeline) -> None:
    ec2 = pipeline.client("ec2")
    change(pipeline, f"{COUNT}=3")
    with visited() as visitors:
        change(pipeline, f"{COUNT}=1", "pipeline_instance_name=ec2.other.002")
        change(
            pipeline, f"{COUNT}=1", "pipeline_instance_name=ec2.other.002", "pipeline_instance_type=t3a.micro"
        )
        change(pipeline)

    assert [failure for each in visitors for failure in each.failures] == []
    assert all(each.requests > 100 for each in visitors)
    # Three at first, then other ones of the other type, then of the first type again.
    assert len(set().union(*(each.met for each in visitors))) > 3
    assert len(ec2.describe_addresses()["Addresses"]) == 1
