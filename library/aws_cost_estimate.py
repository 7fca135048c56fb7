#!/usr/bin/python
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: EXE001 - Ansible starts modules by their first line, not by their mode

from __future__ import annotations

DOCUMENTATION = r"""
---
module: aws_cost_estimate
version_added: "0.2.0"
short_description: Estimate what AWS costs a month and in twelve
description:
  - Multiplies what is used in a month with prices, from a price sheet in CSV or from the AWS Price List API.
  - Calculates with decimal numbers and rounds only what it shows.
author:
  - "The aws-codedeploy-pipeline authors (@aws-codedeploy-pipeline)"
options:
  estimates:
    description:
      - What to estimate, one beside the other.
    type: list
    elements: dict
    required: true
    suboptions:
      title:
        description:
          - What is estimated, in a line.
        type: str
        required: true
      usage:
        description:
          - What is used in a month.
        type: list
        elements: dict
        required: true
        suboptions:
          service:
            description:
              - The service, as the price sheet calls it.
            type: str
            required: true
          item:
            description:
              - What of the service is paid for, as the price sheet calls it. With Amazon EC2 the instance type.
            type: str
            required: true
          quantity:
            description:
              - How many units a month, a number of 0 or more. It is a string so that it stays exact.
            type: str
            required: true
  price_sheet:
    description:
      - A file in CSV with the columns C(region), C(service), C(item), C(unit), C(usd), C(source) and C(date), in US
        dollars. Comments, lines that begin with a number sign, are left out.
      - The region C(global) is a price that is the same everywhere.
    type: path
    required: true
  prices:
    description:
      - V(sheet) takes all prices from O(price_sheet), and needs neither network nor credentials.
      - V(live) asks the AWS Price List API for instances, gp3 volumes, snapshots, public IPv4 addresses, NAT gateways,
        Application Load Balancers, alarms, VPN connections, hosted zones and queries, and takes the rest from
        O(price_sheet).
    type: str
    choices: [sheet, live]
    default: sheet
notes:
  - O(region) is the region whose prices are wanted.
  - 'Permissions: none with O(prices=sheet); C(pricing:GetProducts) with O(prices=live).'
  - Of prices that fall with the quantity it takes the first, the highest.
  - O(prices=live) was tested against recorded forms of answers, never against AWS.
extends_documentation_fragment:
  - codedeploy.pipeline.shared_attributes.reads
  - amazon.aws.common.modules
  - amazon.aws.region.modules
  - amazon.aws.boto3
"""

EXAMPLES = r"""
- name: Estimate two instances and Elastic IPs
  codedeploy.pipeline.aws_cost_estimate:
    price_sheet: files/costs/prices.csv
    region: us-east-1
    estimates:
      - title: Two small instances
        usage:
          - {service: Amazon EC2, item: t3a.nano, quantity: 1460}
          - {service: Amazon VPC, item: public IPv4 address, quantity: 1460}
  register: costs

- name: Show the estimate
  ansible.builtin.debug:
    msg: "{{ costs.table }}"
"""

RETURN = r"""
csv:
  description: All estimates as CSV, a row for each line.
  returned: success
  type: str
  sample: "estimate,region,service,..."
estimates:
  description: The estimates. Amounts are strings, in US dollars, and exact where they are not called rounded.
  returned: success
  type: list
  elements: dict
  contains:
    lines:
      description: Each line with its quantity, unit, price, the price's source and date, and amounts.
      returned: always
      type: list
      elements: dict
      sample:
        - {region: us-east-1, service: Amazon EC2, item: t3a.nano, quantity: "730", unit: hour, usd_a_unit: "0.0047",
           monthly: "3.431", yearly: "41.172", source: AWS Price List API, date: "2026-11-22"}
    monthly:
      description: A month.
      returned: always
      type: str
      sample: "11.833"
    monthly_rounded:
      description: A month, in whole cents.
      returned: always
      type: str
      sample: "11.83"
    title:
      description: As it was given.
      returned: always
      type: str
      sample: Two small instances
    yearly:
      description: Twelve months.
      returned: always
      type: str
      sample: "141.996"
    yearly_of_rounded_month:
      description: Twelve times the rounded month, which is how calculators of AWS show a year.
      returned: always
      type: str
      sample: "141.96"
    yearly_rounded:
      description: Twelve months, in whole cents.
      returned: always
      type: str
      sample: "142.00"
table:
  description: All estimates as a table for people.
  returned: success
  type: str
  sample: "Two small instances\n..."
"""

from pathlib import Path
from typing import TYPE_CHECKING

from ..module_utils.aws.errors import ModuleError
from ..module_utils.aws.module import aws_module
from ..module_utils.costs import estimate, price_list, sheet

if TYPE_CHECKING:
    from ansible_collections.amazon.aws.plugins.module_utils.modules import AnsibleAWSModule

USAGE = {
    "service": {"type": "str", "required": True},
    "item": {"type": "str", "required": True},
    "quantity": {"type": "str", "required": True},
}
ESTIMATE = {
    "title": {"type": "str", "required": True},
    "usage": {"type": "list", "elements": "dict", "required": True, "options": USAGE},
}
ARGUMENT_SPEC = {
    "estimates": {"type": "list", "elements": "dict", "required": True, "options": ESTIMATE},
    "price_sheet": {"type": "path", "required": True},
    "prices": {"type": "str", "choices": ["sheet", "live"], "default": "sheet"},
}


def estimates(module: AnsibleAWSModule) -> list[estimate.Estimate]:
    path, region = module.params["price_sheet"], module.region
    if not region:
        raise ModuleError("region: name the region whose prices are wanted, or set AWS_REGION.")
    try:
        prices = sheet.parse(Path(path).read_text(encoding="utf-8"), path)
    except (OSError, ValueError) as error:
        raise ModuleError(f"price_sheet: {path} cannot be read: {error}.") from error
    live = module.params["prices"] == "live"
    client = module.client("pricing", region=price_list.ENDPOINT_REGION) if live else None

    def price(service: str, item: str) -> sheet.Price:
        asked = price_list.live_price(client, region, service, item) if client else None
        return asked or sheet.find(prices, region, service, item)

    return [estimate.estimate(each["title"], each["usage"], price) for each in module.params["estimates"]]


def main() -> None:
    module = aws_module(argument_spec=ARGUMENT_SPEC, supports_check_mode=True)
    try:
        found = estimates(module)
    except ModuleError as error:
        module.fail_json(msg=error.message)
    module.exit_json(
        changed=False,
        estimates=[each.as_result() for each in found],
        table=estimate.as_table(found),
        csv=estimate.as_csv(found),
    )


if __name__ == "__main__":
    main()
