"""boto3's forecasts against a live server: what a bill of 130 days says of the days after it."""

import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from brought import bring
from live_server import LiveServer

pytestmark = pytest.mark.wire
ACCOUNT = "424242424242"
ONLY = {"Dimensions": {"Key": "LINKED_ACCOUNT", "Values": [ACCOUNT]}}


def today() -> date:
    return datetime.now(UTC).date()


def amount(day: date) -> int:
    return 4 if day.weekday() > 4 else 10


@pytest.fixture(scope="module")
def ce(server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("bill") / "daily.csv"
    write(path)
    bring(server, path, "daily")
    made = {"endpoint_url": server.url, "region_name": "us-east-1"}
    return boto3.client("ce", aws_access_key_id="a", aws_secret_access_key="b", **made)


def write(path: Path) -> None:
    """A FOCUS file: ten hours a day, four at weekends, a dollar an hour."""
    with path.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow((
            "BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "BillingCurrency", "BillingAccountId",
            "SubAccountId", "BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd",
            "ChargeCategory", "ProviderName", "PublisherName", "InvoiceIssuerName", "ServiceName", "ServiceCategory",
            "ConsumedQuantity", "ConsumedUnit", "PricingQuantity", "PricingUnit",
        ))  # fmt: skip
        for ago in range(130, 0, -1):
            day = today() - timedelta(days=ago)
            first = day.replace(day=1)
            after = (first + timedelta(days=32)).replace(day=1)
            period = (f"{one}T00:00:00Z" for one in (first, after, day, day + timedelta(days=1)))
            cost = amount(day)
            names = ("Usage", "AWS", "AWS", "AWS", "Amazon EC2", "Compute")
            rows.writerow((*[cost] * 4, "USD", ACCOUNT, ACCOUNT, *period, *names, cost, "Hours", cost, "Hours"))


def ask(ce: Any, operation: str = "get_cost_forecast", days: int = 14, **more: Any) -> dict[str, Any]:
    period = {"Start": str(today()), "End": str(today() + timedelta(days=days))}
    asked = {"TimePeriod": period, "Granularity": "DAILY", "Metric": "UNBLENDED_COST", "Filter": ONLY, **more}
    found: dict[str, Any] = getattr(ce, operation)(**asked)
    return found


def test_days_ahead_are_forecast_with_intervals(ce: Any) -> None:
    found = ask(ce, PredictionIntervalLevel=90)
    assert found["Total"]["Unit"] == "USD"
    results = found["ForecastResultsByTime"]
    assert [one["TimePeriod"]["Start"] for one in results] == [str(today() + timedelta(days=at)) for at in range(14)]
    for one in results:
        low, mean, high = (
            Decimal(one[name]) for name in ("PredictionIntervalLowerBound", "MeanValue", "PredictionIntervalUpperBound")
        )
        assert low <= mean <= high
        assert round(mean) == amount(date.fromisoformat(one["TimePeriod"]["Start"]))
    assert abs(Decimal(found["Total"]["Amount"]) - sum(Decimal(one["MeanValue"]) for one in results)) < Decimal("0.1")


def test_usage_is_forecast_in_its_unit(ce: Any) -> None:
    found = ask(ce, "get_usage_forecast", Metric="USAGE_QUANTITY", Granularity="MONTHLY")
    assert found["Total"]["Unit"] == "Hours"
    assert abs(Decimal(found["Total"]["Amount"]) - sum(amount(today() + timedelta(days=at)) for at in range(14))) < 2


@pytest.mark.parametrize(
    ("more", "code", "message"),
    [
        ({"days": 120}, "ValidationException", "93 days at most"),
        ({"Granularity": "HOURLY"}, "ValidationException", "DAILY or MONTHLY"),
        ({"Metric": "USAGE_QUANTITY"}, "ValidationException", "Metric USAGE_QUANTITY is invalid"),
        ({"days": 300, "Granularity": "MONTHLY"}, "DataUnavailableException", "Insufficient amount of historical data"),
        (
            {"Filter": {"Dimensions": {"Key": "SERVICE", "Values": ["nothing"]}}},
            "DataUnavailableException",
            "Insufficient amount of historical data",
        ),
    ],
)
def test_refusals_are_the_documented_ones(ce: Any, more: dict[str, Any], code: str, message: str) -> None:
    with pytest.raises(ClientError) as told:
        ask(ce, **more)
    assert code == told.value.response["Error"]["Code"]
    assert message in told.value.response["Error"]["Message"]
