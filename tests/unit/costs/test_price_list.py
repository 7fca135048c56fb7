"""Prices asked of AWS, against answers in the form that its Price List API documents."""

import json
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from plugins.module_utils.aws.errors import ModuleError
from plugins.module_utils.costs.price_list import live_price

INSTANCE = {
    "capacitystatus": "Used",
    "instanceType": "t3a.nano",
    "operatingSystem": "Linux",
    "preInstalledSw": "NA",
    "regionCode": "eu-west-1",
    "tenancy": "Shared",
}


def product(usage_type: str, *tiers: tuple[str, str]) -> str:
    """A product with one on-demand price for each (first unit, US dollars)."""
    dimensions = {
        f"SKU.TERM.{first}": {"unit": "Hrs", "beginRange": first, "pricePerUnit": {"USD": usd}}
        for first, usd in tiers
    }
    return json.dumps(
        {
            "product": {"sku": "SKU", "attributes": {"usagetype": usage_type}},
            "terms": {"OnDemand": {"SKU.TERM": {"priceDimensions": dimensions}}},
            "publicationDate": "2026-11-20T01:02:03Z",
        }
    )


@pytest.fixture
def pricing() -> Any:
    client: Any = boto3.client(
        "pricing", region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="secret"
    )
    return client


def ask(pricing: Any, products: list[str], *what: str, filters: Any = ANY) -> Any:
    with Stubber(pricing) as stub:
        stub.add_response(
            "get_products",
            {"PriceList": products, "FormatVersion": "aws_v1"},
            {"ServiceCode": ANY, "FormatVersion": "aws_v1", "Filters": filters},
        )
        return live_price(pricing, "eu-west-1", *what)


def test_an_instance_is_asked_for_by_type_region_and_system(pricing: Any) -> None:
    filters = [{"Type": "TERM_MATCH", "Field": name, "Value": value} for name, value in INSTANCE.items()]
    others = [
        product("EU-UnusedBox:t3a.nano", ("0", "0.9")),
        product("EU-BoxUsage:t3a.nano", ("0", "0.0051000000")),
    ]

    price = ask(pricing, others, "Amazon EC2", "t3a.nano", filters=filters)

    assert f"{price.usd:f}" == "0.0051"
    assert (price.region, price.source, price.date) == ("eu-west-1", "AWS Price List API", "2026-11-20")


def test_of_tiers_the_first_counts_and_queries_are_counted_in_millions(pricing: Any) -> None:
    tiers = [product("DNS-Queries", ("0", "0.0000004000"), ("1000000000", "0.0000002000"))]

    price = ask(pricing, tiers, "Amazon Route 53", "standard queries")

    assert f"{price.usd:.2f}" == "0.40"
    assert (price.unit, price.region) == ("million", "global")


@pytest.mark.parametrize(
    ("service", "item", "usage_type", "family"),
    [
        (
            *("Elastic Load Balancing", "Application Load Balancer"),
            *("EU-LoadBalancerUsage", "Load Balancer-Application"),
        ),
        ("Elastic Load Balancing", "LCU", "EU-LCUUsage", "Load Balancer-Application"),
        ("Amazon VPC", "NAT gateway", "EU-NatGateway-Hours", None),
        ("Amazon VPC", "NAT gateway data", "EU-NatGateway-Bytes", None),
        ("Amazon EBS", "snapshot", "EU-EBS:SnapshotUsage", None),
        ("Amazon CloudWatch", "alarm metric", "EU-CW:AlarmMonitorUsage", None),
    ],
)
def test_what_a_fleet_is_paid_for_is_asked_for(
    pricing: Any, service: str, item: str, usage_type: str, family: str | None
) -> None:
    """A classic load balancer's hours are called the same: the family says which is meant."""
    wanted = {"productFamily": family} if family else {}
    asked = [
        {"Type": "TERM_MATCH", "Field": name, "Value": value}
        for name, value in sorted((wanted | {"regionCode": "eu-west-1"}).items())
    ]
    price = ask(pricing, [product(usage_type, ("0", "0.0270000000"))], service, item, filters=asked)

    assert f"{price.usd:f}" == "0.027"


@pytest.mark.parametrize(
    ("products", "said"),
    [
        ([], "no price of Amazon EC2 t9.nano in eu-west-1"),
        (
            [product("EU-BoxUsage:t9.nano", ("0", "1")), product("BoxUsage:t9.nano", ("0", "2"))],
            "2 different prices",
        ),
    ],
)
def test_what_has_not_one_price_is_named(pricing: Any, products: list[str], said: str) -> None:
    with pytest.raises(ModuleError, match=said):
        ask(pricing, products, "Amazon EC2", "t9.nano")


def test_credentials_that_may_not_ask_are_named(pricing: Any) -> None:
    with Stubber(pricing) as stub:
        stub.add_client_error(
            "get_products", "AccessDeniedException", "not authorized to perform: pricing:GetProducts"
        )
        with pytest.raises(ModuleError, match="Cannot ask the AWS Price List for AmazonVPC: not authorized"):
            live_price(pricing, "eu-west-1", "Amazon VPC", "public IPv4 address")


def test_what_has_no_name_there_is_left_to_the_sheet(pricing: Any) -> None:
    assert live_price(pricing, "eu-west-1", "AWS CodeDeploy", "deployment on premises") is None
