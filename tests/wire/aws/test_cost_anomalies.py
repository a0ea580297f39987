"""boto3's `ce` against a live server: monitors, subscriptions, anomalies of an imported bill, feedback and tags."""

import csv
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import boto3
import pytest
from botocore.exceptions import ClientError

from live_server import LiveServer
from trimtab.client.api import Client
from trimtab.client.cost_anomalies import CostAnomalies
from trimtab.client.cost_anomalies_wire import PutMonitor, PutSubscription
from trimtab.client.costs import Costs
from trimtab.client.costs_wire import StartImport

pytestmark = pytest.mark.wire
ACCOUNT, DAYS = "353535353535", 40
MAIL = {"Type": "EMAIL", "Address": "ann@example.com"}
LEAST = {
    "Dimensions": {
        "Key": "ANOMALY_TOTAL_IMPACT_ABSOLUTE",
        "Values": ["50"],
        "MatchOptions": ["GREATER_THAN_OR_EQUAL"],
    }
}


@pytest.fixture(scope="module")
def ce(server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("bill") / "days.csv"
    write(path)
    with Client(server.url) as client:
        costs = Costs(client)
        begun = costs.start(StartImport(str(path), source="anomalies"))
        wait_for(lambda: costs.one(begun.id).state not in ("reading", "committing"), "the import")
        assert costs.one(begun.id).state == "done", costs.one(begun.id).problem
    made = {"endpoint_url": server.url, "region_name": "us-east-1"}
    return boto3.client("ce", aws_access_key_id="a", aws_secret_access_key="b", **made)


def write(path: Path) -> None:
    """A FOCUS file of the last 40 days: 100 a day for compute, and 300 from ten days ago on, for two days."""
    today = datetime.now(UTC).date()
    with path.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow((
            "BilledCost", "EffectiveCost", "BillingCurrency", "BillingAccountId", "SubAccountId", "BillingPeriodStart",
            "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd", "ChargeCategory", "ProviderName",
            "ServiceName", "RegionId", "ResourceId", "Tags",
        ))  # fmt: skip
        for back in range(DAYS, 0, -1):
            day = today - timedelta(days=back)
            month = day.replace(day=1)
            after = (month + timedelta(days=32)).replace(day=1)
            amount = 300 if back in (10, 9) else 100
            period = [f"{one}T00:00:00Z" for one in (month, after, day, day + timedelta(days=1))]
            names = ("Usage", "AWS", "Anomalous Compute", "us-east-1", "i-dear", '{"team": "ml"}')
            rows.writerow((amount, amount, "USD", ACCOUNT, ACCOUNT, *period, *names))


def wait_for(found: Callable[[], Any], what: str) -> Any:
    """What `found` answers once that is something; a minute is far more than a judgement takes."""
    until = time.monotonic() + 90
    while not (answer := found()):
        assert time.monotonic() < until, f"waited for {what}"
        time.sleep(0.3)
    return answer


def refused(code: str, call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    assert caught.value.response["Error"]["Code"] == code
    return str(caught.value)


def of_ours(ce: Any) -> list[dict[str, Any]]:
    start = f"{datetime.now(UTC) - timedelta(days=60):%Y-%m-%d}"
    found = ce.get_anomalies(DateInterval={"StartDate": start}, TotalImpact={
        "NumericOperator": "BETWEEN", "StartValue": 350, "EndValue": 450})["Anomalies"]  # fmt: skip
    return [one for one in found if one["DimensionValue"] == "Anomalous Compute"]


def test_the_default_monitor_finds_what_the_bill_has_too_much_of(ce: Any) -> None:
    [one] = wait_for(lambda: of_ours(ce), "the anomaly")
    assert one["Impact"]["TotalActualSpend"] == 600
    assert one["Impact"]["TotalExpectedSpend"] == pytest.approx(200, abs=5)
    assert one["Impact"]["TotalImpactPercentage"] == pytest.approx(200, abs=10)
    assert one["RootCauses"][0]["LinkedAccount"] == ACCOUNT
    assert one["AnomalyEndDate"] == f"{datetime.now(UTC) - timedelta(days=9):%Y-%m-%dT00:00:00Z}"
    monitors = ce.get_anomaly_monitors(MonitorArnList=[one["MonitorArn"]])["AnomalyMonitors"]
    assert [monitor["MonitorName"] for monitor in monitors] == ["Default-Services-Monitor"]
    assert ce.provide_anomaly_feedback(AnomalyId=one["AnomalyId"], Feedback="PLANNED_ACTIVITY")
    assert of_ours(ce)[0]["Feedback"] == "PLANNED_ACTIVITY"
    none = ce.get_anomalies(DateInterval={"StartDate": "2026-01-01"}, Feedback="NO", MonitorArn=one["MonitorArn"])
    assert none["Anomalies"] == []


def test_monitors_are_made_renamed_paged_tagged_and_deleted(ce: Any) -> None:
    tags = {"MonitorDimension": "TAG", "MonitorSpecification": {"Tags": {"Key": "team"}}}
    arns = [
        ce.create_anomaly_monitor(
            AnomalyMonitor={"MonitorName": f"m{number}", "MonitorType": "DIMENSIONAL", **tags},
            ResourceTags=[{"Key": "by", "Value": "test"}],
        )["MonitorArn"]
        for number in range(3)
    ]
    first = ce.get_anomaly_monitors(MonitorArnList=arns, MaxResults=2)
    rest = ce.get_anomaly_monitors(MonitorArnList=arns, MaxResults=2, NextPageToken=first["NextPageToken"])
    assert arns == [one["MonitorArn"] for one in first["AnomalyMonitors"] + rest["AnomalyMonitors"]]
    refused("InvalidNextTokenException", lambda: ce.get_anomaly_monitors(NextPageToken="no"))
    ce.update_anomaly_monitor(MonitorArn=arns[0], MonitorName="renamed")
    assert ce.get_anomaly_monitors(MonitorArnList=arns[:1])["AnomalyMonitors"][0]["MonitorName"] == "renamed"
    ce.tag_resource(ResourceArn=arns[0], ResourceTags=[{"Key": "team", "Value": "ml"}])
    ce.untag_resource(ResourceArn=arns[0], ResourceTagKeys=["by"])
    assert ce.list_tags_for_resource(ResourceArn=arns[0])["ResourceTags"] == [{"Key": "team", "Value": "ml"}]
    for arn in arns:
        ce.delete_anomaly_monitor(MonitorArn=arn)
    refused("UnknownMonitorException", lambda: ce.get_anomaly_monitors(MonitorArnList=arns))
    refused("UnknownMonitorException", lambda: ce.delete_anomaly_monitor(MonitorArn=arns[0]))
    refused("UnknownMonitorException", lambda: ce.update_anomaly_monitor(MonitorArn="none", MonitorName="x"))
    refused("UnknownMonitorException", lambda: ce.list_tags_for_resource(ResourceArn=arns[0]))


def test_subscriptions_are_made_changed_and_deleted(ce: Any) -> None:
    custom = {"MonitorType": "CUSTOM", "MonitorSpecification": {"Tags": {"Key": "team", "Values": ["ml"]}}}
    monitor = ce.create_anomaly_monitor(AnomalyMonitor={"MonitorName": "ml", **custom})["MonitorArn"]
    form = {"SubscriptionName": "s", "MonitorArnList": [monitor], "Subscribers": [MAIL], "Frequency": "WEEKLY"}
    arn = ce.create_anomaly_subscription(AnomalySubscription={**form, "ThresholdExpression": LEAST})["SubscriptionArn"]
    [shown] = ce.get_anomaly_subscriptions(MonitorArn=monitor)["AnomalySubscriptions"]
    assert (shown["SubscriptionArn"], shown["Threshold"], shown["ThresholdExpression"]) == (arn, 50.0, LEAST)
    ce.update_anomaly_subscription(SubscriptionArn=arn, Threshold=75.0, Frequency="DAILY")
    [shown] = ce.get_anomaly_subscriptions(SubscriptionArnList=[arn])["AnomalySubscriptions"]
    assert (shown["Threshold"], shown["Frequency"]) == (75.0, "DAILY")
    assert shown["ThresholdExpression"]["Dimensions"]["Values"] == ["75"]
    refused("ValidationException", lambda: ce.create_anomaly_subscription(AnomalySubscription=form))
    other = {**form, "Threshold": 1.0, "MonitorArnList": [f"{monitor[:-4]}0000"]}
    refused("UnknownMonitorException", lambda: ce.create_anomaly_subscription(AnomalySubscription=other))
    ce.delete_anomaly_subscription(SubscriptionArn=arn)
    refused("UnknownSubscriptionException", lambda: ce.delete_anomaly_subscription(SubscriptionArn=arn))
    refused("UnknownSubscriptionException", lambda: ce.get_anomaly_subscriptions(SubscriptionArnList=[arn]))
    ce.delete_anomaly_monitor(MonitorArn=monitor)


@pytest.mark.parametrize(
    ("call", "asked"),
    [
        ("get_anomalies", {"DateInterval": {"StartDate": "2026-13-01"}}),
        ("get_anomalies", {"DateInterval": {"StartDate": "2026-02-02", "EndDate": "2026-01-01"}}),
        ("get_anomalies", {"DateInterval": {"StartDate": "2026-01-01"}, "MonitorArn": "none"}),
        ("provide_anomaly_feedback", {"AnomalyId": "none", "Feedback": "YES"}),
        ("create_anomaly_monitor", {"AnomalyMonitor": {"MonitorName": "m", "MonitorType": "CUSTOM"}}),
        (
            "create_anomaly_monitor",
            {"AnomalyMonitor": {"MonitorName": "m", "MonitorType": "CUSTOM", "MonitorSpecification": {}}},
        ),
    ],
)
def test_what_is_wrong_is_refused(ce: Any, call: str, asked: dict[str, Any]) -> None:
    refused("ValidationException", lambda: getattr(ce, call)(**asked))


def test_rest_lists_opens_and_judges_the_same(ce: Any, server: LiveServer) -> None:
    wait_for(lambda: of_ours(ce), "the anomaly")
    with Client(server.url) as client:
        calls = CostAnomalies(client)
        one = next(one for one in calls.listed(least="350").anomalies if one.value == "Anomalous Compute")
        detail = calls.one(one.id)
        assert [day.flagged for day in detail.days[-10:]] == [False, True, True, *[False] * 7]
        assert detail.resources == ["i-dear"]
        assert detail.anomaly.place.resource == "i-dear"
        assert "Anomalous Compute" in [part.name for part in detail.anomaly.wider]
        pages = [urlopen(f"{server.url}/cost-anomalies{path}").read().decode() for path in ("", f"/{one.id}")]
        assert ["i-dear" in pages[0], "Seen also in" in pages[1]] == [True, True]
        assert calls.say(one.id, "YES").feedback == "YES"
        made = calls.add_monitor(PutMonitor("accounts", "LINKED_ACCOUNT"))
        told = calls.subscribe(PutSubscription("all", [made.id], "IMMEDIATE", "10", "5", any=True, emails=["a@b.org"]))
        assert [monitor.name for monitor in calls.monitors() if monitor.id == made.id] == ["accounts"]
        assert calls.rename_monitor(made.id, "others").name == "others"
        assert [one.id for one in calls.subscriptions() if one.id == told.id] == [told.id]
        assert calls.unsubscribe(told.id).removed == told.id
        assert calls.remove_monitor(made.id).removed == made.id
