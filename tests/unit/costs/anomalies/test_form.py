"""What monitors and subscriptions must say, and which anomalies are large enough to be told."""

from decimal import Decimal
from typing import Any

import pytest

from trimtab.base.errors import InvalidInput, LimitExceeded
from trimtab.costs.anomalies.causes import ranked, stretches
from trimtab.costs.anomalies.form import meets, monitor_form, passes, subscription_form
from trimtab.costs.anomalies.model import Finding, Impact, Kind

ABSOLUTE, PERCENTAGE = "ANOMALY_TOTAL_IMPACT_ABSOLUTE", "ANOMALY_TOTAL_IMPACT_PERCENTAGE"
ANN = {"Type": "EMAIL", "Address": "ann@example.com"}
DAY = 86_400_000


def part(key: str, value: str, *options: str) -> dict[str, Any]:
    chosen = list(options or ("GREATER_THAN_OR_EQUAL",))
    return {"Dimensions": {"Key": key, "Values": [value], "MatchOptions": chosen}}


def impact(actual: int, expected: int) -> Impact:
    return Impact(Decimal(actual - expected), Decimal(actual), Decimal(expected))


def subscription(**changes: Any) -> dict[str, Any]:
    form = {"SubscriptionName": "s", "MonitorArnList": ["arn"], "Subscribers": [ANN], "Frequency": "DAILY"}
    return {**form, "Threshold": 10.0, **changes}


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        (part(ABSOLUTE, "100"), True),
        (part(ABSOLUTE, "100.01"), False),
        (part(PERCENTAGE, "50"), True),
        (part(PERCENTAGE, "50.5"), False),
        ({"And": [part(ABSOLUTE, "100"), part(PERCENTAGE, "51")]}, False),
        ({"Or": [part(ABSOLUTE, "100"), part(PERCENTAGE, "51")]}, True),
    ],
)
def test_an_anomaly_is_held_against_thresholds(expression: dict[str, Any], told: bool) -> None:
    assert told == meets(expression, impact(300, 200))


def test_what_was_not_expected_at_all_passes_every_percentage() -> None:
    assert impact(5, 0).percentage is None
    assert meets(part(PERCENTAGE, "100000"), impact(5, 0))
    assert passes(subscription(Threshold=5.0), impact(5, 0))


@pytest.mark.parametrize(
    "expression",
    [
        {},
        part("SERVICE", "1"),
        part(ABSOLUTE, "many"),
        part(ABSOLUTE, "-1"),
        part(ABSOLUTE, "1", "EQUALS"),
        {"And": [part(ABSOLUTE, "1")]},
        {"Or": [part(ABSOLUTE, "1"), {"And": [part(ABSOLUTE, "1"), part(ABSOLUTE, "1")]}]},
        {"Not": part(ABSOLUTE, "1")},
    ],
)
def test_other_thresholds_are_refused(expression: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match="ThresholdExpression is invalid"):
        meets(expression, impact(1, 0))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"Threshold": None}, "is required"),
        ({"ThresholdExpression": part(ABSOLUTE, "1")}, "cannot be used together"),
        ({"MonitorArnList": []}, "one monitor at least"),
        ({"Subscribers": []}, "one at least"),
        ({"Subscribers": [{"Type": "EMAIL", "Address": "nobody"}]}, "Invalid email address"),
        ({"Subscribers": [{"Type": "SNS", "Address": "arn:aws:sqs:::q"}]}, "Invalid SNS topic"),
        ({"SubscriptionName": " "}, "SubscriptionName must have"),
    ],
)
def test_what_is_no_subscription_is_refused(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        subscription_form(subscription(**changes))


def test_a_subscription_has_ten_addresses_at_most() -> None:
    many = [{"Type": "EMAIL", "Address": f"a{at}@example.com"} for at in range(11)]
    with pytest.raises(LimitExceeded, match="at most"):
        subscription_form(subscription(Subscribers=many))


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"MonitorType": "DIMENSIONAL"}, "MonitorDimension is required"),
        ({"MonitorType": "CUSTOM"}, "MonitorSpecification is required"),
        ({"MonitorType": "CUSTOM", "MonitorDimension": "SERVICE"}, "not allowed for CUSTOM"),
        ({"MonitorType": "DIMENSIONAL", "MonitorDimension": "TAG"}, "names their key"),
        (
            {"MonitorType": "DIMENSIONAL", "MonitorDimension": "SERVICE", "MonitorSpecification": {"Tags": {}}},
            "not allowed for SERVICE",
        ),
    ],
)
def test_what_is_no_monitor_is_refused(form: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        monitor_form({"MonitorName": "m", **form}, lambda _: None)


def test_the_part_that_rose_most_comes_first_and_what_fell_is_none() -> None:
    keys = {name: ("EC2", "1", "a", "us-east-1", name) for name in ("box", "disk", "gone")}
    now = {keys["box"]: Decimal(30), keys["disk"]: Decimal(110), keys["gone"]: Decimal(1)}
    before = [{keys["box"]: Decimal(10), keys["disk"]: Decimal(one), keys["gone"]: Decimal(9)} for one in (9, 10, 99)]
    assert [(one.usage_type, one.contribution) for one in ranked(now, before)] == [("disk", 100), ("box", 20)]


def test_an_anomaly_is_compared_with_the_same_weekdays_and_a_drift_with_those_before_it() -> None:
    spike = Finding("EC2", "USD", 100 * DAY, 103 * DAY, False, Kind.RISE, 0.9, 0.9, impact(1, 0))
    drift = Finding("EC2", "USD", 100 * DAY, 109 * DAY, False, Kind.DRIFT, 0.9, 0.9, impact(1, 0))
    assert [start // DAY for start, _ in stretches(spike)] == [93, 86, 79]
    assert [start // DAY for start, _ in stretches(drift)] == [58, 51, 44]


def test_a_percentage_is_never_of_nearly_nothing() -> None:
    assert impact(200, 2).percentage == 9900
    assert impact(200, 1).percentage is None
    assert impact(200, 0).percentage is None
