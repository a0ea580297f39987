"""boto3's comparisons, drivers, coverage and utilisation against a live server, on a bill worked out by hand."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from tests.wire.aws.test_cost_explorer import AUGUST, JULY, MADE, client_of, dimension, refusal

from brought import bring
from live_server import LiveServer
from made_bill import PLAN, PROD, RESEARCH, RESERVATION, cur2

pytestmark = pytest.mark.wire
EMPTY = {"Start": "2020-01-01", "End": "2020-02-01"}
MONTHS = {"BaselineTimePeriod": JULY, "ComparisonTimePeriod": AUGUST, "Filter": MADE}


@pytest.fixture(scope="module")
def ce(server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("bill") / "made.csv"
    path.write_text(cur2())
    bring(server, Path(path))
    return client_of(server.url)


def sides(metrics: dict[str, Any], name: str = "AmortizedCost") -> tuple[str, str, str]:
    value = metrics[name]
    assert value["Unit"] == "USD"
    return value["BaselineTimePeriodAmount"], value["ComparisonTimePeriodAmount"], value["Difference"]


def test_two_months_side_by_side(ce: Any) -> None:
    answer = ce.get_cost_and_usage_comparisons(
        **MONTHS, MetricForComparison="AmortizedCost", GroupBy=[{"Type": "DIMENSION", "Key": "LINKED_ACCOUNT"}]
    )
    found = {
        one["CostAndUsageSelector"]["Dimensions"]["Values"][0]: sides(one["Metrics"])
        for one in answer["CostAndUsageComparisons"]
    }
    assert found == {RESEARCH: ("75", "85.48", "10.48"), PROD: ("206.56", "219.31", "12.75")}
    assert sides(answer["TotalCostAndUsage"]) == ("281.56", "304.79", "23.23")


def test_comparisons_are_of_whole_months(ce: Any) -> None:
    weeks = {**MONTHS, "BaselineTimePeriod": {"Start": "2026-07-01", "End": "2026-07-08"}}
    code, message = refusal(ce, "get_cost_and_usage_comparisons", **weeks, MetricForComparison="UnblendedCost")
    assert code == "ValidationException"
    assert "BaselineTimePeriod must start and end on the first day of a month" in message


def test_drivers_add_up_to_the_change_and_name_the_charge(ce: Any) -> None:
    drivers, token = [], None
    while True:
        more = {"NextPageToken": token} if token else {}
        page = ce.get_cost_comparison_drivers(**MONTHS, MetricForComparison="AmortizedCost", MaxResults=3, **more)
        drivers += page["CostComparisonDrivers"]
        if not (token := page.get("NextPageToken")):
            break
    assert sum(Decimal(sides(one["Metrics"])[2]) for one in drivers) == Decimal("23.23")
    for one in drivers:
        inside = sum(Decimal(sides(driver["Metrics"])[2]) for driver in one["CostDrivers"])
        assert inside == Decimal(sides(one["Metrics"])[2])
    kinds = {driver["Type"] for one in drivers for driver in one["CostDrivers"]}
    assert kinds == {
        "CREDIT",
        "RECURRING_RESERVATION_FEE",
        "REFUND",
        "RESERVATION_USAGE",
        "SAVINGS_PLAN_RECURRING_FEE",
        "SAVINGS_PLAN_USAGE",
        "TAX",
        "USAGE_CHANGE",
    }
    first = drivers[0]["CostSelector"]["And"]
    assert [part["Dimensions"]["Key"] for part in first] == ["SERVICE", "USAGE_TYPE"]


def test_reserved_hours_of_a_month(ce: Any) -> None:
    answer = ce.get_reservation_coverage(
        TimePeriod=AUGUST, Granularity="MONTHLY", Filter=MADE, Metrics=["Hour", "Cost"]
    )
    [month] = answer["CoveragesByTime"]
    assert month["Total"]["CoverageHours"] == {
        "OnDemandHours": "180",
        "ReservedHours": "1116",
        "TotalRunningHours": "1296",
        "CoverageHoursPercentage": "86.1111111111",
    }
    assert answer["Total"]["CoverageCost"] == {"OnDemandCost": "32.4"}


def test_reserved_hours_by_instance_type(ce: Any) -> None:
    answer = ce.get_reservation_coverage(
        TimePeriod=AUGUST,
        Filter=MADE,
        GroupBy=[{"Type": "DIMENSION", "Key": "INSTANCE_TYPE"}],
        SortBy={"Key": "CoverageHoursPercentage", "SortOrder": "ASCENDING"},
    )
    groups = answer["CoveragesByTime"][0]["Groups"]
    assert [one["Attributes"] for one in groups] == [{"instanceType": "m5.large"}, {"instanceType": "m5.xlarge"}]
    assert [one["Coverage"]["CoverageHours"]["ReservedHours"] for one in groups] == ["0", "1116"]


def test_use_of_a_reservation(ce: Any) -> None:
    answer = ce.get_reservation_utilization(
        TimePeriod=AUGUST, Filter=MADE, GroupBy=[{"Type": "DIMENSION", "Key": "SUBSCRIPTION_ID"}]
    )
    [group] = answer["UtilizationsByTime"][0]["Groups"]
    assert group["Value"] == RESERVATION.rpartition("/")[2]
    expected = {
        "UtilizationPercentage": "75",
        "PurchasedHours": "1488",
        "TotalActualHours": "1116",
        "UnusedHours": "372",
        "OnDemandCostOfRIHoursUsed": "223.2",
        "TotalAmortizedFee": "178.56",
        "AmortizedUpfrontFee": "104.16",
        "AmortizedRecurringFee": "74.4",
        "NetRISavings": "44.64",
        "TotalPotentialRISavings": "119.04",
        "RICostForUnusedHours": "44.64",
        "RealizedSavings": "89.28",
        "UnrealizedSavings": "74.4",
    }
    assert expected.items() <= group["Utilization"].items()
    assert answer["Total"] == group["Utilization"]


def test_a_reservations_days_add_up_to_its_month(ce: Any) -> None:
    answer = ce.get_reservation_utilization(TimePeriod=AUGUST, Granularity="DAILY", Filter=MADE)
    days = [one["Total"] for one in answer["UtilizationsByTime"]]
    assert {day["PurchasedHours"] for day in days} == {"48"}
    assert sum(Decimal(day["TotalAmortizedFee"]) for day in days) == Decimal("178.56")


def test_use_of_a_savings_plan(ce: Any) -> None:
    answer = ce.get_savings_plans_utilization(TimePeriod=AUGUST, Granularity="MONTHLY", Filter=MADE)
    [month] = answer["SavingsPlansUtilizationsByTime"]
    assert month["Utilization"] == {
        "TotalCommitment": "40",
        "UsedCommitment": "36",
        "UnusedCommitment": "4",
        "UtilizationPercentage": "90",
    }
    assert month["Savings"] == {"NetSavings": "11", "OnDemandCostEquivalent": "51"}
    details = ce.get_savings_plans_utilization_details(TimePeriod=AUGUST, Filter=MADE, DataType=["UTILIZATION"])
    assert details["SavingsPlansUtilizationDetails"] == [{"SavingsPlanArn": PLAN, "Utilization": month["Utilization"]}]


def test_spend_covered_by_savings_plans(ce: Any) -> None:
    # 51 under the plan; 26.4 + 6 on EC2 and 14.08 on SageMaker could have been.
    answer = ce.get_savings_plans_coverage(TimePeriod=AUGUST, Filter=MADE)
    [found] = answer["SavingsPlansCoverages"]
    assert found["Coverage"] == {
        "SpendCoveredBySavingsPlans": "51",
        "OnDemandCost": "46.48",
        "TotalCost": "97.48",
        "CoveragePercentage": "52.3184242922",
    }
    by = ce.get_savings_plans_coverage(
        TimePeriod=AUGUST,
        Filter=MADE,
        GroupBy=[{"Type": "DIMENSION", "Key": "INSTANCE_FAMILY"}],
        SortBy={"Key": "OnDemandCost", "SortOrder": "DESCENDING"},
    )
    families = [one["Attributes"]["InstanceFamily"] for one in by["SavingsPlansCoverages"]]
    assert families == ["m5", "g5", "c5"]


@pytest.mark.parametrize(
    "operation",
    ["get_reservation_coverage", "get_reservation_utilization", "get_savings_plans_coverage",
     "get_savings_plans_utilization", "get_savings_plans_utilization_details"],
)  # fmt: skip
def test_a_time_without_data_says_so(ce: Any, operation: str) -> None:
    code, message = refusal(ce, operation, TimePeriod=EMPTY)
    assert code == "DataUnavailableException"
    assert message.startswith("Data is not available. Please try to adjust the time period")


def test_groups_and_granularity_exclude_each_other(ce: Any) -> None:
    code, message = refusal(
        ce,
        "get_reservation_coverage",
        TimePeriod=AUGUST,
        Granularity="MONTHLY",
        GroupBy=[{"Type": "DIMENSION", "Key": "REGION"}],
        Filter=dimension("REGION", "us-east-1"),
    )
    assert (code, message) == ("ValidationException", "Granularity can't be set if GroupBy is set")
