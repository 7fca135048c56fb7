#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: acm_public_certificate
version_added: "0.3.0"
short_description: Request public certificates of AWS Certificate Manager
description:
  - Requests a certificate for a name, to be proven by a record of DNS, and waits until it is issued.
  - The module C(community.aws.acm_certificate) imports certificates, and cannot request one.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  domain_name:
    description:
      - The name. Required where O(state) is not V(absent).
    type: str
  owned_tags:
    description:
      - The tags by which a certificate is the caller's own. Others are neither used nor deleted.
    type: dict
    required: true
  state:
    description:
      - V(present) requests a certificate where there is none for the name, and returns its record.
      - V(issued) waits until it is issued, too.
      - V(absent) deletes all of them, but for those of O(keep), when nothing uses them any more.
    type: str
    choices: [present, issued, absent]
    default: present
  keep:
    description:
      - Names whose certificates stay where O(state=absent).
    type: list
    elements: str
    default: []
  tags:
    description:
      - The tags of a new certificate. O(owned_tags) are put on too.
    type: dict
    default: {}
  wait_timeout:
    description:
      - How many seconds to wait for the record, for the certificate, or until nothing uses it any more. ACM
        knows for minutes of a load balancer that is deleted.
    type: int
    default: 600
notes:
  - 'Permissions: C(acm:ListCertificates), C(ListTagsForCertificate), C(DescribeCertificate), C(RequestCertificate),
    C(AddTagsToCertificate), C(DeleteCertificate).'
seealso:
  - module: community.aws.acm_certificate
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.reconciles
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Request a certificate
  codedeploy.pipeline.acm_public_certificate:
    domain_name: www.example.com
    owned_tags: {Application: shop}
  register: requested

- name: Create the validation record
  amazon.aws.route53:
    zone: example.com
    record: "{{ requested.certificate.record.name }}"
    type: CNAME
    value: "{{ requested.certificate.record.value }}"
    ttl: 300
    state: present

- name: Wait for the certificate
  codedeploy.pipeline.acm_public_certificate:
    domain_name: www.example.com
    owned_tags: {Application: shop}
    state: issued
"""

RETURN = r"""
certificate:
  description: The certificate; empty where there is none, and in check mode where it would be requested.
  returned: success
  type: dict
  sample:
    arn: arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012
    domain_name: www.example.com
    status: ISSUED
    record: {name: _a.www.example.com., type: CNAME, value: _b.acm-validations.aws.}
    in_use_by: []
certificates:
  description:
    - With O(state=absent), those that were deleted, or in check mode would be.
    - The record of one is empty where another certificate of the account has the same name, since ACM renews that by it.
  returned: where O(state=absent)
  type: list
  elements: dict
"""

from typing import Any

from ..module_utils.acm import certificates
from ..module_utils.aws.errors import ModuleError
from ..module_utils.aws.module import aws_module

ARGUMENT_SPEC = {
    "domain_name": {"type": "str"},
    "owned_tags": {"type": "dict", "required": True},
    "state": {"type": "str", "choices": ["present", "issued", "absent"], "default": "present"},
    "keep": {"type": "list", "elements": "str", "default": []},
    "tags": {"type": "dict", "default": {}},
    "wait_timeout": {"type": "int", "default": 600},
}


def diff(before: Any, after: Any) -> dict[str, Any]:  # noqa: ANN401 - what is shown
    return {"before": {"certificates": before}, "after": {"certificates": after}}


def remove(client: Any, asked: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:  # noqa: ANN401 - no stubs
    found = certificates.owned(client, asked["owned_tags"])
    unwanted = [each for each in found if each["DomainName"] not in asked["keep"]]
    shared = certificates.names_of_others(client, unwanted) if unwanted else set()
    shown = [
        certificates.summary(each) | ({"record": {}} if each["DomainName"] in shared else {})
        for each in unwanted
    ]
    for each in unwanted if not dry_run else []:
        certificates.wait_until_unused(client, each["CertificateArn"], asked["wait_timeout"])
        certificates.delete(client, {"CertificateArn": each["CertificateArn"]})
    names = [each["DomainName"] for each in unwanted]
    return {"changed": bool(unwanted), "certificate": {}, "certificates": shown, "diff": diff(names, [])}


def provide(client: Any, asked: dict[str, Any], *, dry_run: bool) -> dict[str, Any]:  # noqa: ANN401 - no stubs
    name, timeout = asked["domain_name"], asked["wait_timeout"]
    found = [
        each
        for each in certificates.owned(client, asked["owned_tags"])
        if each["DomainName"] == name and each["Status"] in certificates.USABLE
    ]
    if found:
        arn = found[0]["CertificateArn"]
    elif dry_run:
        return {"changed": True, "certificate": {}, "diff": diff([], [name])}
    else:
        arn = certificates.request(client, name, {**asked["tags"], **asked["owned_tags"]})
    if asked["state"] == "issued" and not dry_run:
        certificate = certificates.wait_until_issued(client, arn, timeout)
    else:
        certificate = certificates.read(client, arn, timeout)
    before = [name] if found else []
    return {
        "changed": not found,
        "certificate": certificates.summary(certificate),
        "diff": diff(before, [name]),
    }


def main() -> None:
    module = aws_module(
        argument_spec=ARGUMENT_SPEC,
        supports_check_mode=True,
        required_if=[("state", "present", ["domain_name"]), ("state", "issued", ["domain_name"])],
    )
    work = remove if module.params["state"] == "absent" else provide
    try:
        result = work(module.client("acm"), module.params, dry_run=module.check_mode)
    except ModuleError as error:
        module.fail_json(msg=error.message)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
