# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A public certificate of ACM for one name, proven by a record of DNS; while that is there ACM renews it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from ..aws.errors import ModuleError, Record, explained
from ..aws.transformations import from_tag_list, to_tag_list
from ..aws.waiters import backoff

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

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
    """Those with all of the tags, of any name and status; issued ones first, and of these the latest."""
    found = [
        describe(client, {"CertificateArn": each["CertificateArn"]})
        for each in list_certificates(client, {})
        if owned_tags.items() <= list_tags(client, {"CertificateArn": each["CertificateArn"]}).items()
    ]
    return sorted(found, key=lambda each: (is_issued(each), str(each.get("CreatedAt"))), reverse=True)


def names_of_others(client: Client, certificates: Iterable[Record]) -> set[str]:
    """The names of all the account's other certificates, whosever: of one name all have the same record."""
    mine = {each["CertificateArn"] for each in certificates}
    return {
        name
        for each in list_certificates(client, {})
        if each["CertificateArn"] not in mine
        for name in (each["DomainName"], *each.get("SubjectAlternativeNameSummaries", ()))
    }


def request(client: Client, name: str, tags: Mapping[str, str]) -> str:
    """The ARN of a new certificate, which waits for its record."""
    asked = {"DomainName": name, "ValidationMethod": "DNS", "Tags": to_tag_list(dict(tags))}
    # Asked again after a lost answer, ACM makes no second one.
    return request_certificate(client, asked | {"IdempotencyToken": uuid4().hex})


def wait(client: Client, arn: str, is_reached: Callable[[Record], bool], timeout: float) -> Record:
    """The certificate, once it is so far or past hope, or as it is after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    for delay in backoff(first=1, most=8):
        found = describe(client, {"CertificateArn": arn})
        left = deadline - time.monotonic()
        if is_reached(found) or found["Status"] not in USABLE or left <= 0:
            return found
        time.sleep(min(delay, left))
    raise AssertionError  # backoff never ends


def is_issued(found: Record) -> bool:
    return bool(found["Status"] == ISSUED)


def is_unused(found: Record) -> bool:
    return not found.get("InUseBy")


def has_record(found: Record) -> bool:
    """Has ACM thought of the record that proves each name? That takes some seconds."""
    options = found.get("DomainValidationOptions")
    return bool(options) and all(each.get("ResourceRecord") for each in options or ())


def read(client: Client, arn: str, timeout: float) -> Record:
    """The certificate with its record. Raises ModuleError where ACM has none after `timeout` seconds."""
    found = wait(client, arn, has_record, timeout)
    if has_record(found):
        return found
    raise ModuleError(f"ACM has no validation record for {arn} after {timeout:.0f} s: run again.")


def wait_until_issued(client: Client, arn: str, timeout: float) -> Record:
    """The issued certificate. Raises ModuleError where it failed, or is still pending."""
    found = wait(client, arn, is_issued, timeout)
    if is_issued(found):
        return found
    why = found.get("FailureReason") or f"after {timeout:.0f} seconds"
    raise ModuleError(
        f"The certificate {arn} of {found['DomainName']} is {found['Status']} ({why}): is its zone "
        "the one that the world asks? dig CNAME of the validation record shows it. Then run again."
    )


def wait_until_unused(client: Client, arn: str, timeout: float) -> None:
    """Raises ModuleError where something uses the certificate all the time."""
    found = wait(client, arn, is_unused, timeout)
    if not is_unused(found):
        raise ModuleError(
            f"The certificate {arn} is still used by {', '.join(found['InUseBy'])}: give that another one, "
            "or delete it. Then run again."
        )


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
