"""What checks say themselves of money is in the bill's currency."""

from decimal import Decimal

import pytest

from trimtab.advice.check import Found
from trimtab.advice.checks import cross_zone_traffic
from trimtab.advice.examples import given, thing
from trimtab.advice.facts import Bill


@pytest.mark.parametrize(("currency", "days", "a_month"), [("CNY", 30, "121.67"), ("JPY", 15, "243.33")])
def test_transfer_between_zones_is_of_the_bills_currency_and_days(currency: str, days: int, a_month: str) -> None:
    box = thing("ec2:instance", "i-1", type_="c5.4xlarge")
    facts = given(box, transfers={"i-1": Bill(Decimal(120), currency=currency, days=days)}, billed=True)
    (found,) = cross_zone_traffic.CHECK.judge(facts, {"money": 10})
    assert isinstance(found, Found)
    assert (currency, Decimal(a_month)) == (found.currency, found.money)
    assert f"{currency} in {days} days" in found.summary
