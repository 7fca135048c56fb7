# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A public certificate of ACM for one name, proven by a record of DNS; while that is there ACM renews it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from ..aws.errors import ModuleError, Record, explained
from ..aws.transformations import from_tag_list, to_tag_list
from ..aws.waiters import backoff

if TYPE_CHECKING:
    from collections.abc import Mapping

Client = Any  # boto3-stubs[acm] is not among the dependencies
PENDING, ISSUED = "PENDING_VALIDATION", "ISSUED"
USABLE = (PENDING, ISSUED)


@explained("list the certificates")
def list_certificates(client: Client, request: Record) -> list[Record]:
    pages = client.get_paginator("list_certificates").paginate(**request)
    return [each for page in pages for each in page["CertificateSummaryList"]]


@explained("list the tags of the certificate {CertificateArn}")
def list_tags(client: Client, request: Record) -> dict[str, str]:
    return from_tag_list(client.list_tags_for_certificate(**request)["Tags"])


@explained("read the certificate {CertificateArn}")
def describe(client: Client, request: Record) -> Record:
    found: Record = client.describe_certificate(**request)["Certificate"]
    return found


@explained("request a certificate for {DomainName}")
def request_certificate(client: Client, request: Record) -> str:
    return str(client.request_certificate(**request)["CertificateArn"])


@explained("delete the certificate {CertificateArn}")
def delete(client: Client, request: Record) -> None:
    client.delete_certificate(**request)


def owned(client: Client, owned_tags: Mapping[str, str]) -> list[Record]:
    """Those with all of the tags, of any name; the latest first. One that failed or expired is none."""
    found = [
        describe(client, {"CertificateArn": each["CertificateArn"]})
        for each in list_certificates(client, {})
        if owned_tags.items() <= list_tags(client, {"CertificateArn": each["CertificateArn"]}).items()
    ]
    return sorted(found, key=lambda each: str(each.get("CreatedAt")), reverse=True)


def request(client: Client, name: str, tags: Mapping[str, str]) -> str:
    """The ARN of a new certificate, which waits for its record."""
    return request_certificate(
        client, {"DomainName": name, "ValidationMethod": "DNS", "Tags": to_tag_list(dict(tags))}
    )


def read(client: Client, arn: str, timeout: float) -> Record:
    """The certificate, once ACM has thought of its record, which takes some seconds."""
    deadline = time.monotonic() + timeout
    for delay in backoff(first=1, most=8):
        found = describe(client, {"CertificateArn": arn})
        if all(each.get("ResourceRecord") for each in found.get("DomainValidationOptions") or [{}]):
            return found
        if time.monotonic() > deadline:
            raise ModuleError(f"ACM has no validation record for {arn} after {timeout:.0f} s: run again.")
        time.sleep(delay)
    raise AssertionError  # backoff never ends


def wait_until_issued(client: Client, arn: str, timeout: float) -> Record:
    """The issued certificate. Raises ModuleError where it failed, or is still pending."""
    deadline = time.monotonic() + timeout
    for delay in backoff(first=1, most=8):
        found = describe(client, {"CertificateArn": arn})
        if found["Status"] == ISSUED:
            return found
        if found["Status"] != PENDING or time.monotonic() > deadline:
            why = found.get("FailureReason") or f"after {timeout:.0f} seconds"
            raise ModuleError(
                f"The certificate {arn} of {found['DomainName']} is {found['Status']} ({why}): is its zone "
                "the one that the world asks? dig CNAME of the validation record shows it. Then run again."
            )
        time.sleep(delay)
    raise AssertionError  # backoff never ends


def wait_until_unused(client: Client, arn: str, timeout: float) -> None:
    """Raises ModuleError where something uses the certificate all the time."""
    deadline = time.monotonic() + timeout
    for delay in backoff(first=1, most=8):
        users = describe(client, {"CertificateArn": arn}).get("InUseBy")
        if not users:
            return
        if time.monotonic() > deadline:
            raise ModuleError(
                f"The certificate {arn} is still used by {', '.join(users)}: give that another one, "
                "or delete it. Then run again."
            )
        time.sleep(delay)


def summary(found: Record) -> dict[str, Any]:
    """What a playbook needs of it."""
    option: Record = next(iter(found.get("DomainValidationOptions") or []), {})
    record: Record = option.get("ResourceRecord") or {}
    return {
        "arn": found["CertificateArn"],
        "domain_name": found["DomainName"],
        "status": found["Status"],
        "record": {key.lower(): str(value) for key, value in record.items()},
        "in_use_by": list(found.get("InUseBy") or []),
    }
