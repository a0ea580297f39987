"""Purchase options with real clients: boto3's savingsplans and ce, REST, the command line and the page, on one bill.

The bill is by the hour: four m5.xlarge around the clock and two more by day, in one account, for sixty days.
"""

import csv
import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.exceptions import ClientError

from brought import bring
from live_server import LiveServer
from trimtab.client import purchases_wire as wire
from trimtab.client.api import Client
from trimtab.client.purchases import Purchases
from trimtab.doors.aws.savingsplans.rooms import SavingsPlansRooms
from trimtab.doors.aws.savingsplans.service import operations

pytestmark = pytest.mark.wire
ACCOUNT = "616161616161"
DAYS, RATE = 60, 0.192


def write(path: Path) -> None:
    """The bill, as CUR 2.0."""
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(
            (
                "identity_line_item_id", "bill_payer_account_id", "bill_billing_entity",
                "bill_billing_period_start_date", "bill_billing_period_end_date", "line_item_usage_account_id",
                "line_item_line_item_type", "line_item_usage_type", "line_item_usage_start_date",
                "line_item_usage_end_date", "line_item_usage_amount", "line_item_unblended_cost",
                "pricing_public_on_demand_cost", "line_item_product_code", "product_servicecode",
                "product_product_family", "line_item_operation", "pricing_unit", "product_region_code",
                "product_instance_type", "line_item_currency_code",
            )
        )  # fmt: skip
        for hour in range(DAYS * 24):
            start = end - timedelta(hours=DAYS * 24 - hour)
            first = start.replace(day=1, hour=0)
            after = (first + timedelta(days=32)).replace(day=1)
            count = 6 if 8 <= start.hour < 20 else 4
            cost = f"{count * RATE:.6f}"
            stamps = [f"{one:%Y-%m-%dT%H:%M:%SZ}" for one in (first, after, start, start + timedelta(hours=1))]
            writer.writerow(
                (
                    f"h{hour}", ACCOUNT, "AWS", *stamps[:2], ACCOUNT, "Usage", "BoxUsage:m5.xlarge", *stamps[2:],
                    count, cost, cost, "AmazonEC2", "AmazonEC2", "Compute Instance", "RunInstances", "Hrs",
                    "us-east-1", "m5.xlarge", "USD",
                )
            )  # fmt: skip


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server of its own: a plan reads the last days of all bills."""
    server = LiveServer(tmp_path_factory.mktemp("purchases")).start()
    path = tmp_path_factory.mktemp("bill") / "hours.csv"
    write(path)
    bring(server, path, "hours")
    yield server
    server.stop()


def aws(live: LiveServer, service: str) -> Any:
    place = {"endpoint_url": live.url, "region_name": "us-east-1"}
    return boto3.client(service, aws_access_key_id="a", aws_secret_access_key="b", **place)


def code_of(call: Any, **arguments: Any) -> str:
    with pytest.raises(ClientError) as problem:
        call(**arguments)
    return str(problem.value.response["Error"]["Code"])


def test_every_operation_of_savings_plans_is_there(live: LiveServer) -> None:
    service = operations.bind(SavingsPlansRooms(None))  # type: ignore[arg-type] # only its names are asked
    assert sorted(aws(live, "savingsplans").meta.service_model.operation_names) == sorted(service.operations)


def test_savings_plans_are_offered_recorded_described_and_returned(live: LiveServer) -> None:
    plans = aws(live, "savingsplans")
    [offering] = plans.describe_savings_plans_offerings(
        planTypes=["EC2Instance"], paymentOptions=["No Upfront"], durations=[31_536_000],
        filters=[{"name": "instanceFamily", "values": ["m5"]}, {"name": "region", "values": ["us-east-1"]}],
    )["searchResults"]  # fmt: skip
    rates = plans.describe_savings_plans_offering_rates(savingsPlanOfferingIds=[offering["offeringId"]])
    [xlarge] = [
        one for one in rates["searchResults"] if {"name": "instanceType", "value": "m5.xlarge"} in one["properties"]
    ]
    assert float(xlarge["rate"]) == pytest.approx(RATE * 0.67)
    wanted = {"savingsPlanOfferingId": offering["offeringId"], "commitment": "0.010", "clientToken": uuid.uuid4().hex}
    id_ = plans.create_savings_plan(**wanted, tags={"team": "ml"})["savingsPlanId"]
    assert id_ == plans.create_savings_plan(**wanted)["savingsPlanId"]
    [found] = plans.describe_savings_plans(savingsPlanIds=[id_], states=["active"])["savingsPlans"]
    assert (id_, "m5", "0.010000", {"team": "ml"}) == (
        found["savingsPlanId"], found["ec2InstanceFamily"], found["commitment"], found["tags"],
    )  # fmt: skip
    arn = found["savingsPlanArn"]
    plans.tag_resource(resourceArn=arn, tags={"who": "h"})
    plans.untag_resource(resourceArn=arn, tagKeys=["team"])
    assert {"who": "h"} == plans.list_tags_for_resource(resourceArn=arn)["tags"]
    assert plans.describe_savings_plan_rates(savingsPlanId=id_)["searchResults"]
    later = datetime.now(UTC) + timedelta(days=3)
    queued = plans.create_savings_plan(**{**wanted, "clientToken": uuid.uuid4().hex}, purchaseTime=later)[
        "savingsPlanId"
    ]
    plans.delete_queued_savings_plan(savingsPlanId=queued)
    assert "ValidationException" == code_of(plans.delete_queued_savings_plan, savingsPlanId=id_)
    plans.return_savings_plan(savingsPlanId=id_)
    states = {
        one["savingsPlanId"]: one["state"]
        for one in plans.describe_savings_plans(savingsPlanIds=[id_, queued])["savingsPlans"]
    }
    assert {id_: "returned", queued: "queued-deleted"} == states
    assert "ResourceNotFoundException" == code_of(
        plans.create_savings_plan, savingsPlanOfferingId="00000000-0000-0000-0000-000000000000", commitment="1"
    )
    assert "ValidationException" == code_of(plans.create_savings_plan, **{**wanted, "commitment": "much"})


def test_cost_explorer_advises_by_the_documented_rule(live: LiveServer) -> None:
    ce = aws(live, "ce")
    asked = {"TermInYears": "ONE_YEAR", "PaymentOption": "NO_UPFRONT", "LookbackPeriodInDays": "THIRTY_DAYS"}
    found = ce.get_savings_plans_purchase_recommendation(SavingsPlansType="EC2_INSTANCE_SP", **asked)
    [detail] = found["SavingsPlansPurchaseRecommendation"]["SavingsPlansPurchaseRecommendationDetails"]
    # the night's four machines: the day's two more are needed half the time only, below the share of 0.67
    assert float(detail["HourlyCommitmentToPurchase"]) == pytest.approx(4 * RATE * 0.67, abs=1e-3)
    assert float(detail["EstimatedAverageUtilization"]) == pytest.approx(100)
    assert float(detail["EstimatedMonthlySavingsAmount"]) == pytest.approx(4 * RATE * 0.33 * 730, rel=5e-3)  # in mills
    assert float(detail["CurrentMaximumHourlyOnDemandSpend"]) == pytest.approx(6 * RATE)
    started = ce.start_savings_plans_purchase_recommendation_generation()["RecommendationId"]
    generations = ce.list_savings_plans_purchase_recommendation_generation()["GenerationSummaryList"]
    assert started in {one["RecommendationId"] for one in generations}
    reserved = ce.get_reservation_purchase_recommendation(
        Service="Amazon Elastic Compute Cloud - Compute", **asked
    )["Recommendations"][0]  # fmt: skip
    [one] = reserved["RecommendationDetails"]
    # four m5.xlarge are eight of the smallest size of the family
    assert ("8", "m5.large", "Linux/UNIX", "shared", True) == (
        one["RecommendedNumberOfInstancesToPurchase"],
        *(one["InstanceDetails"]["EC2InstanceDetails"][name] for name in ("InstanceType", "Platform", "Tenancy")),
        one["InstanceDetails"]["EC2InstanceDetails"]["SizeFlexEligible"],
    )
    beyond = 30 * 12 * 2 * RATE  # the day's two more stay on demand
    reserved_hours = float(one["RecurringStandardMonthlyCost"]) / 730 * 30 * 24
    assert float(one["EstimatedReservationCostForLookbackPeriod"]) == pytest.approx(reserved_hours + beyond, rel=1e-6)
    assert "ValidationException" == code_of(ce.get_reservation_purchase_recommendation, Service="Amazon Coffee")


def test_a_plan_over_rest_is_on_the_page_and_among_the_findings(live: LiveServer) -> None:
    with Client(live.url) as client:
        purchases = Purchases(client)
        purchases.put_rate(wire.PutRate("EC2_INSTANCE_SP", 1, "NO_UPFRONT", "0.6", family="m5", note="agreed"))
        made = purchases.plan(wire.PlanPurchases(days=60))
        assert made.answer is not None
        [bought] = made.answer.bought
        assert ("EC2_INSTANCE_SP", "own") == (bought.kind, bought.basis)
        assert float(bought.amount) == pytest.approx(4 * RATE * 0.6, rel=0.02)
        proof = made.answer.proof
        assert proof is not None
        assert proof.came == pytest.approx(proof.promised, rel=0.02)
        assert made == purchases.latest()
        purchases.remove("rate", "EC2_INSTANCE_SP/1/NO_UPFRONT/AmazonEC2/m5")
    page = httpx.get(f"{live.url}/purchase-plan").text
    assert "EC2 Instance Savings Plan" in page
    assert "Pays off if less comes" in page
    advice = httpx.get(f"{live.url}/rest/v1/advice", params={"check": "trimtab-purchase-plan"}).json()
    assert any(one["action"] == "PurchaseSavingsPlans" for one in advice["advice"])


def test_a_ladder_is_queued_with_boto3_and_then_held(live: LiveServer) -> None:
    plans = aws(live, "savingsplans")
    with Client(live.url) as client:
        made = Purchases(client).plan(wire.PlanPurchases(days=60, most_expiring=0.25))
        assert made.answer is not None
        later = made.answer.bought[1:]
        assert len(later) >= 3
        assert max(one.share for one in made.answer.expiries) <= 0.25
        [offering] = plans.describe_savings_plans_offerings(
            planTypes=["EC2Instance"], paymentOptions=["No Upfront"], durations=[31_536_000],
            filters=[{"name": "instanceFamily", "values": ["m5"]}, {"name": "region", "values": ["us-east-1"]}],
        )["searchResults"]  # fmt: skip
        ids = [
            plans.create_savings_plan(
                savingsPlanOfferingId=offering["offeringId"],
                commitment=one.amount,
                purchaseTime=datetime.fromtimestamp(one.start_ms / 1000, UTC),
            )["savingsPlanId"]
            for one in later
        ]
        queued = plans.describe_savings_plans(states=["queued"])["savingsPlans"]
        assert sorted(ids) == sorted(one["savingsPlanId"] for one in queued)
        again = Purchases(client).plan(wire.PlanPurchases(days=60)).answer
        assert again is not None
        assert {False} == {one.seen for one in again.held if one.id.rpartition("/")[2] in ids}
        assert sum(float(one.amount) for one in again.bought) < sum(float(one.amount) for one in made.answer.bought)
    page = httpx.get(f"{live.url}/purchase-plan").text
    assert "What runs when" in page
    assert "not begun" in page
    for id_ in ids:
        plans.delete_queued_savings_plan(savingsPlanId=id_)
    assert [] == plans.describe_savings_plans(states=["queued"])["savingsPlans"]


@pytest.mark.slow  # six commands, each with a start of its own
def test_the_command_line_plans_and_replays_spot(live: LiveServer, tmp_path: Path) -> None:
    trace = tmp_path / "zone-a_v100_1.json"
    trace.write_text(json.dumps({"metadata": {"gap_seconds": 600}, "data": ([1] * 100 + [0] * 8) * 6}))
    for arguments, wanted in (
        (["plan", "--days", "60"], "EC2_INSTANCE_SP"),
        (["plan", "--most-expiring", "0.5"], ", queued"),
        (["expiries"], "of what is bought"),
        (["held"], "ahead"),
        (["spot", str(trace), "--work", "12", "--deadline", "15"], "checkpoint every"),
        (["rates"], "assumed"),
    ):
        command = [sys.executable, "-m", "trimtab", "advice", "purchases", *arguments, "--url", live.url]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert wanted in done.stdout


def test_a_training_run_is_recorded(live: LiveServer) -> None:
    command = [
        sys.executable,
        "-m",
        "trimtab",
        "train",
        "run",
        "--metadata",
        "off",
        "--name",
        "small",
        "--url",
        live.url,
    ]
    done = subprocess.run(
        [*command, "--", sys.executable, "-c", "print(1)"], capture_output=True, text=True, check=False
    )
    assert (0, "1\n") == (done.returncode, done.stdout)
    runs = httpx.get(f"{live.url}/rest/v1/runs", params={"cluster": "train"}).json()["runs"]
    assert ["completed"] == [one["state"] for one in runs]
