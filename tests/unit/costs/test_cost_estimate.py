"""Quantities times prices, and what is said where there is no price."""

import functools
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from plugins.module_utils.aws.errors import ModuleError
from plugins.module_utils.costs import estimate, sheet

COSTS = Path(__file__).resolve().parents[3] / "playbooks" / "files" / "costs"
PRICES = sheet.parse((COSTS / "prices.csv").read_text(), "prices.csv")
find = functools.partial(sheet.find, PRICES)
virginia = functools.partial(find, "us-east-1")


def cost(service: str, item: str, quantity: str) -> Decimal:
    usage = [{"service": service, "item": item, "quantity": quantity}]
    return estimate.estimate("one thing", usage, virginia).monthly


class TestArticle:
    told = estimate.estimate("article", yaml.safe_load((COSTS / "article.yml").read_text()), virginia)

    def test_a_month_of_each_service_is_as_in_its_table(self) -> None:
        assert {line.price.service: estimate.plain(line.monthly) for line in self.told.lines} == {
            "AWS CodeDeploy": "8.80",
            "Amazon EC2": "1.533",
            "Amazon Route 53": "0.40",
            "VPN Connection": "1.10",
        }

    def test_twelve_months_of_each_service_are_as_in_its_table(self) -> None:
        yearly = [estimate.plain(estimate.cents(line.monthly * 12)) for line in self.told.lines]
        assert yearly == ["105.60", "18.40", "4.80", "13.20"]

    def test_its_year_is_twelve_rounded_months_and_a_year_is_a_little_more(self) -> None:
        result = self.told.as_result()
        assert (result["monthly"], result["monthly_rounded"]) == ("11.833", "11.83")
        assert result["yearly_of_rounded_month"] == "141.96"
        assert (result["yearly"], result["yearly_rounded"]) == ("141.996", "142.00")


class TestSheet:
    def test_every_price_says_where_it_comes_from(self) -> None:
        assert all(price.source.startswith("https://aws.amazon.com/") for price in PRICES)
        assert len({(price.region, price.service, price.item) for price in PRICES}) == len(PRICES)

    def test_an_unknown_type_is_named_with_the_nearest(self) -> None:
        with pytest.raises(ModuleError, match=r"Amazon EC2 t3a\.nona in us-east-1.*mean t3a\.nano\?.*t4g"):
            virginia("Amazon EC2", "t3a.nona")

    def test_an_unknown_region_is_named_with_those_that_are_known(self) -> None:
        with pytest.raises(ModuleError, match=r"t3a\.nano in eu-west-9\. It knows it in us-east-1\."):
            find("eu-west-9", "Amazon EC2", "t3a.nano")

    def test_an_unknown_service_is_named_with_those_that_are_known(self) -> None:
        with pytest.raises(ModuleError, match=r"Amazon EC3 t3a\.nano.*services AWS CodeDeploy, Amazon C"):
            virginia("Amazon EC3", "t3a.nano")

    def test_a_price_that_is_the_same_everywhere_holds_in_every_region(self) -> None:
        assert find("cn-north-1", "Amazon Route 53", "hosted zone").usd == Decimal("0.50")

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "the heading is ''"),
            ("region,item\n", "the heading is 'region,item'"),
            ("# all\n\n{heading}\n# one\nglobal,a,b,hour,1,s\n", "line 5: every one of the columns"),
            ("{heading}\nglobal,a,b,hour,cheap,s,2026-11-22\n", "line 2, usd: 'cheap' is not an amount"),
            ("{heading}\nglobal,a,b,hour,-1,s,2026-11-22\n", "line 2, usd: '-1' is not an amount"),
            ("{heading}\nglobal,a,b,hour,1,s,today\n", "line 2: 'today' is not a date"),
        ],
    )
    def test_a_line_that_cannot_be_read_is_named(self, text: str, said: str) -> None:
        with pytest.raises(ModuleError) as raised:
            sheet.parse(text.format(heading=",".join(sheet.COLUMNS)), "mine.csv")
        assert str(raised.value).startswith("mine.csv")
        assert said in str(raised.value)

    def test_a_price_that_is_there_twice_is_refused(self) -> None:
        with pytest.raises(ModuleError, match=r"has the price of Amazon EC2 t3a\.nano in us-east-1 2 times"):
            sheet.find([*PRICES, virginia("Amazon EC2", "t3a.nano")], "us-east-1", "Amazon EC2", "t3a.nano")


class TestEstimate:
    def test_amounts_are_exact(self) -> None:
        assert cost("Amazon EC2", "t3a.nano", "730") == Decimal("3.4310")
        assert cost("Amazon VPC", "public IPv4 address", "0.1") == Decimal("0.0005")

    @pytest.mark.parametrize("quantity", ["many", "-1", "NaN", "Infinity", ""])
    def test_a_quantity_that_is_none_is_named(self, quantity: str) -> None:
        with pytest.raises(ModuleError, match=r"quantity of Amazon EC2 t3a\.nano: .* is not an amount"):
            cost("Amazon EC2", "t3a.nano", quantity)

    def test_nothing_used_is_refused(self) -> None:
        with pytest.raises(ModuleError, match="usage of 'nothing': it is empty"):
            estimate.estimate("nothing", [], virginia)

    @pytest.mark.parametrize(
        ("number", "shown"), [("8.8", "8.80"), ("1.5330", "1.533"), ("440", "440.00"), ("1E+2", "100.00")]
    )
    def test_numbers_are_shown_with_cents_and_what_is_beyond(self, number: str, shown: str) -> None:
        assert estimate.plain(Decimal(number)) == shown
