# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prices as AWS has them today, from its Price List API.

The API answers with products as JSON strings; what a product is called on the bill is its `usagetype`,
which begins with a short name of the region everywhere but in us-east-1.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from ..aws.errors import ModuleError, Record, explained
from .sheet import GLOBAL, Price

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

ENDPOINT_REGION = "us-east-1"
"""One of the three regions that have the API; the prices of all regions are in each."""


@dataclass(frozen=True)
class Query:
    """How an item is found in the price list."""

    service_code: str
    usage_type: str
    unit: str
    filters: Mapping[str, str] = field(default_factory=dict)
    everywhere: bool = False  # the price is the same in all regions
    units: int = 1  # units of AWS in one of ours


SHEET_INSTEAD = "The price sheet needs nobody: prices=sheet (pipeline_cost_prices)."
INSTANCE = {"operatingSystem": "Linux", "tenancy": "Shared", "preInstalledSw": "NA", "capacitystatus": "Used"}
ITEMS = {
    ("Amazon CloudWatch", "alarm metric"): Query("AmazonCloudWatch", "CW:AlarmMonitorUsage", "month"),
    ("Amazon EBS", "snapshot"): Query("AmazonEC2", "EBS:SnapshotUsage", "GB-month"),
    ("Amazon EBS", "gp3 volume"): Query(
        "AmazonEC2", "EBS:VolumeUsage.gp3", "GB-month", {"volumeApiName": "gp3"}
    ),
    ("Amazon Route 53", "hosted zone"): Query(
        "AmazonRoute53", "HostedZone", "zone-month", {"usagetype": "HostedZone"}, everywhere=True
    ),
    ("Amazon Route 53", "standard queries"): Query(
        "AmazonRoute53",
        "DNS-Queries",
        "million",
        {"usagetype": "DNS-Queries", "routingType": "Standard"},
        everywhere=True,
        units=1_000_000,
    ),
    ("Amazon VPC", "public IPv4 address"): Query("AmazonVPC", "PublicIPv4:InUseAddress", "hour"),
    ("Amazon VPC", "NAT gateway"): Query("AmazonEC2", "NatGateway-Hours", "hour"),
    ("Amazon VPC", "NAT gateway data"): Query("AmazonEC2", "NatGateway-Bytes", "GB"),
    ("Elastic Load Balancing", "Application Load Balancer"): Query(
        "AWSELB", "LoadBalancerUsage", "hour", {"productFamily": "Load Balancer-Application"}
    ),
    ("Elastic Load Balancing", "LCU"): Query(
        "AWSELB", "LCUUsage", "LCU-hour", {"productFamily": "Load Balancer-Application"}
    ),
    ("VPN Connection", "Site-to-Site VPN"): Query("AmazonVPC", "VPN-Usage-Hours:ipsec.1", "hour"),
}


def query(service: str, item: str) -> Query | None:
    """How to ask for an item; None where its name in the price list is not known here."""
    if service == "Amazon EC2":
        return Query("AmazonEC2", f"BoxUsage:{item}", "hour", {**INSTANCE, "instanceType": item})
    return ITEMS.get((service, item))


@explained("ask the AWS Price List for {ServiceCode}")
def get_products(client: Any, request: Record) -> list[dict[str, Any]]:  # noqa: ANN401 - boto3-stubs[pricing] is not among the dependencies
    pages = client.get_paginator("get_products").paginate(**request)
    return [json.loads(product) for page in pages for product in page["PriceList"]]


def live_price(client: Any, region: str, service: str, item: str) -> Price | None:  # noqa: ANN401 - as above
    """Today's on-demand price, of the first tier; None where it is not known how to ask.

    `client` is boto3's `pricing`. Raises ModuleError where AWS has no such item in the region.
    """
    asked = query(service, item)
    if asked is None:
        return None
    try:
        products = get_products(client, _request(asked, region))
    except ModuleError as error:
        raise ModuleError(f"{error.message} {SHEET_INSTEAD}", code=error.code) from error
    usd = {
        (price, product["publicationDate"][:10])
        for product in products
        if _is_called(product["product"]["attributes"]["usagetype"], asked.usage_type)
        for price in _first_tiers(product)
    }
    if len(usd) != 1:
        found = f"{len(usd)} different prices" if usd else "no price"
        raise ModuleError(
            f"The AWS Price List has {found} of {service} {item} in {region}. "
            f"Check both names. {SHEET_INSTEAD}"
        )
    [(price, date)] = usd
    place = GLOBAL if asked.everywhere else region
    return Price(place, service, item, asked.unit, price * asked.units, "AWS Price List API", date)


def _request(asked: Query, region: str) -> dict[str, Any]:
    wanted = dict(asked.filters) | ({} if asked.everywhere else {"regionCode": region})
    filters: Sequence[dict[str, str]] = [
        {"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in sorted(wanted.items())
    ]
    return {"ServiceCode": asked.service_code, "FormatVersion": "aws_v1", "Filters": filters}


def _is_called(usage_type: str, wanted: str) -> bool:
    return usage_type == wanted or usage_type.endswith(f"-{wanted}")


def _first_tiers(product: Mapping[str, Any]) -> Iterator[Decimal]:
    for term in product["terms"].get("OnDemand", {}).values():
        for dimension in term["priceDimensions"].values():
            if dimension["beginRange"] == "0":
                yield Decimal(dimension["pricePerUnit"]["USD"]).normalize()
