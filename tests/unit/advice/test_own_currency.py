"""What checks say themselves of money is in the bill's currency."""

from decimal import Decimal

import pytest

from trimtab.advice.check import Found
from trimtab.advice.checks import cross_zone_traffic, stopped_instance
from trimtab.advice.examples import ago, given, thing
from trimtab.advice.facts import Bill


@pytest.mark.parametrize(("currency", "days", "a_month"), [("CNY", 30, "121.67"), ("JPY", 15, "243.33")])
def test_transfer_between_zones_is_of_the_bills_currency_and_days(currency: str, days: int, a_month: str) -> None:
    box = thing("ec2:instance", "i-1", type_="c5.4xlarge")
    facts = given(box, transfers={"i-1": Bill(Decimal(120), currency=currency, days=days)}, billed=True)
    (found,) = cross_zone_traffic.CHECK.judge(facts, {"money": 10})
    assert isinstance(found, Found)
    assert (currency, Decimal(a_month)) == (found.currency, found.money)
    assert f"{currency} in {days} days" in found.summary


def test_volumes_of_a_stopped_instance_are_of_the_bills_currency_and_no_other_is_added() -> None:
    box = thing("ec2:instance", "i-1", State="stopped", BlockDeviceMappings=["v-1", "v-2"], StateTransitionMs=ago(45))
    bills = {"v-1": Bill(Decimal(60), currency="CNY"), "v-2": Bill(Decimal(5), currency="USD")}
    (found,) = stopped_instance.CHECK.judge(given(box, bills=bills), {"days": 30})
    assert isinstance(found, Found)
    assert ("CNY", Decimal("60.83")) == (found.currency, found.money)
