"""boto3's budgets against a live server: all 26 operations, and a bill that passes a limit."""

import csv
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError

from live_server import LiveServer
from trimtab.client.api import Client
from trimtab.client.costs import Costs
from trimtab.client.costs_wire import StartImport
from trimtab.doors.aws.budgets.rooms import BudgetRooms
from trimtab.doors.aws.budgets.service import operations

pytestmark = [pytest.mark.wire, pytest.mark.timeout(600)]
ACCOUNT = "535353535353"
NOTIFICATION = {
    "NotificationType": "ACTUAL",
    "ComparisonOperator": "GREATER_THAN",
    "Threshold": 80.0,
    "ThresholdType": "PERCENTAGE",
}
MAIL = {"SubscriptionType": "EMAIL", "Address": "a@example.com"}
TOPIC = {"SubscriptionType": "SNS", "Address": f"arn:aws:sns:us-east-1:{ACCOUNT}:money"}
IAM = {
    "NotificationType": "ACTUAL",
    "ActionType": "APPLY_IAM_POLICY",
    "ActionThreshold": {"ActionThresholdValue": 100.0, "ActionThresholdType": "PERCENTAGE"},
    "Definition": {"IamActionDefinition": {"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/deny", "Roles": ["train"]}},
    "ExecutionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/budgets",
    "ApprovalModel": "MANUAL",
    "Subscribers": [MAIL],
}


@pytest.fixture(scope="module")
def budgets(server: LiveServer, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("bill") / "month.csv"
    write(path)
    with Client(server.url) as client:
        costs = Costs(client)
        begun = costs.start(StartImport(str(path), source="budgets"))
        wait_for(lambda: costs.one(begun.id).state not in ("reading", "committing"), "the import")
        assert costs.one(begun.id).state == "done", costs.one(begun.id).problem
    made = {"endpoint_url": server.url, "region_name": "us-east-1"}
    return boto3.client("budgets", aws_access_key_id="a", aws_secret_access_key="b", **made)


def write(path: Path) -> None:
    """A FOCUS file: 60 USD for team ml and 40 for team web on the first of this month, and nothing on the days until
    tomorrow, so that none is estimated."""
    today = datetime.now(UTC).date()
    first = today.replace(day=1)
    after = (first + timedelta(days=32)).replace(day=1)
    days = [first + timedelta(days=at) for at in range((min(today + timedelta(days=2), after) - first).days)]
    with path.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow((
            "BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "BillingCurrency", "BillingAccountId",
            "SubAccountId", "BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd",
            "ChargeCategory", "ProviderName", "PublisherName", "InvoiceIssuerName", "ServiceName", "ServiceCategory",
            "ConsumedQuantity", "ConsumedUnit", "PricingQuantity", "PricingUnit", "Tags",
        ))  # fmt: skip
        lines = [(day, cost if day == first else 0, team) for cost, team in ((60, "ml"), (40, "web")) for day in days]
        for day, cost, team in lines:
            period = (f"{one}T00:00:00Z" for one in (first, after, day, day + timedelta(days=1)))
            names = ("Usage", "AWS", "AWS", "AWS", "Amazon EC2", "Compute")
            tags = f'{{"team": "{team}"}}'
            amounts = (*[cost] * 4, "USD", ACCOUNT, ACCOUNT)
            rows.writerow((*amounts, *period, *names, cost, "Hours", cost, "Hours", tags))


def wait_for(found: Callable[[], bool], what: str) -> None:
    """Until `found`, on a machine that may do much else."""
    until = time.monotonic() + 240
    while not found():
        assert time.monotonic() < until, f"waited for {what}"
        time.sleep(0.2)


def cost(name: str, amount: str = "100", **more: Any) -> dict[str, Any]:
    limit = {"BudgetLimit": {"Amount": amount, "Unit": "USD"}}
    return {"BudgetName": name, "TimeUnit": "MONTHLY", "BudgetType": "COST", **limit, **more}


def refused(code: str, call: Callable[[], object]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    assert caught.value.response["Error"]["Code"] == code
    return str(caught.value)


def test_a_budget_is_made_described_changed_and_deleted(budgets: Any) -> None:
    of = {"AccountId": ACCOUNT}
    budgets.create_budget(**of, Budget=cost("crud", CostFilters={"TagKeyValue": ["user:team$ml"]}))
    shown = budgets.describe_budget(**of, BudgetName="crud", ShowFilterExpression=True)["Budget"]
    assert shown["FilterExpression"] == {"Tags": {"Key": "team", "Values": ["ml"]}}
    assert shown["TimePeriod"]["Start"].day == 1
    assert shown["TimePeriod"]["End"].year == 2087
    assert shown["CostTypes"]["IncludeTax"] is True
    refused("DuplicateRecordException", lambda: budgets.create_budget(**of, Budget=cost("crud")))
    budgets.update_budget(**of, NewBudget=cost("crud", "7"))
    assert budgets.describe_budget(**of, BudgetName="crud")["Budget"]["BudgetLimit"]["Amount"] in ("7", "7.0")
    refused("InvalidNextTokenException", lambda: budgets.describe_budgets(**of, NextToken="no"))
    refused("NotFoundException", lambda: budgets.update_budget(**of, NewBudget=cost("absent")))
    budgets.delete_budget(**of, BudgetName="crud")
    refused("NotFoundException", lambda: budgets.describe_budget(**of, BudgetName="crud"))
    refused("NotFoundException", lambda: budgets.delete_budget(**of, BudgetName="crud"))
    with pytest.raises(ClientError, match=r"Unable to delete budget: crud - .* Try creating it first\. $"):
        budgets.delete_budget(**of, BudgetName="crud")
    alarm = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}
    whom = [{"SubscriptionType": "EMAIL", "Address": "a@example.com"}]
    with pytest.raises(ClientError, match=r"Unable to create notification - the budget doesn't exist\.$"):
        budgets.create_notification(**of, BudgetName="crud", Notification=alarm, Subscribers=whom)
    with pytest.raises(ClientError, match=r"Unable to delete notification - the budget doesn't exist\.$"):
        budgets.delete_notification(**of, BudgetName="crud", Notification=alarm)


def test_budgets_come_in_pages(budgets: Any) -> None:
    account = {"AccountId": "535353535300"}
    for name in ("p1", "p2", "p3"):
        budgets.create_budget(**account, Budget=cost(name))
    pages = budgets.get_paginator("describe_budgets").paginate(**account, PaginationConfig={"PageSize": 2})
    assert [[one["BudgetName"] for one in page["Budgets"]] for page in pages] == [["p1", "p2"], ["p3"]]


@pytest.mark.parametrize(
    ("budget", "sentence"),
    [
        ({"BudgetLimit": None}, "BudgetLimit, PlannedBudgetLimits or AutoAdjustData is required"),
        ({"BudgetLimit": {"Amount": "x", "Unit": "USD"}}, "budget.budgetLimit.amount"),
        ({"TimeUnit": "CUSTOM"}, "must have a Start and an End"),
        ({"CostTypes": {"UseBlended": True, "UseAmortized": True}}, "cannot both be true"),
        ({"CostFilters": {"Colour": ["red"]}}, "cannot filter by Colour"),
        ({"BudgetType": "RI_COVERAGE", "BudgetLimit": {"Amount": "90", "Unit": "PERCENTAGE"}}, "must be 100"),
        ({"CostFilters": {"Service": ["a"]}, "Metrics": ["UnblendedCost"]}, "cannot be used together"),
        ({"FilterExpression": {}}, "zero roots"),
        ({"AutoAdjustData": {"AutoAdjustType": "HISTORICAL"}}, "HistoricalOptions are required"),
        ({"BudgetName": "a:b"}, "BudgetName"),
    ],
)
def test_what_makes_no_budget_is_refused(budgets: Any, budget: dict[str, Any], sentence: str) -> None:
    wanted = {name: value for name, value in (cost("wrong") | budget).items() if value is not None}
    told = refused("InvalidParameterException", lambda: budgets.create_budget(AccountId=ACCOUNT, Budget=wanted))
    assert re.search(sentence, told)


def test_planned_limits_are_of_twelve_months(budgets: Any) -> None:
    starts = [datetime(2030, month, 1, tzinfo=UTC) for month in range(1, 13)]
    planned = {str(int(one.timestamp())): {"Amount": str(one.month), "Unit": "USD"} for one in starts}
    form = {"BudgetName": "planned", "TimeUnit": "MONTHLY", "BudgetType": "COST"}
    budgets.create_budget(AccountId=ACCOUNT, Budget={**form, "PlannedBudgetLimits": planned})
    shown = budgets.describe_budget(AccountId=ACCOUNT, BudgetName="planned")["Budget"]
    assert shown["PlannedBudgetLimits"] == planned
    del planned[min(planned)]
    less = {**form, "BudgetName": "less", "PlannedBudgetLimits": planned}
    told = refused("InvalidParameterException", lambda: budgets.create_budget(AccountId=ACCOUNT, Budget=less))
    assert "needs 12 PlannedBudgetLimits, got 11" in told


def test_notifications_and_subscribers(budgets: Any) -> None:
    of = {"AccountId": ACCOUNT, "BudgetName": "told"}
    budgets.create_budget(AccountId=ACCOUNT, Budget=cost("told", "1000000"))
    budgets.create_notification(**of, Notification=NOTIFICATION, Subscribers=[MAIL])
    again = {"Notification": NOTIFICATION, "Subscribers": [MAIL]}
    refused("DuplicateRecordException", lambda: budgets.create_notification(**of, **again))
    shown = budgets.describe_notifications_for_budget(**of)["Notifications"]
    assert shown == [{**NOTIFICATION, "NotificationState": "OK"}]
    new = {**NOTIFICATION, "Threshold": 90.0}
    budgets.update_notification(**of, OldNotification=NOTIFICATION, NewNotification=new)
    everyones = budgets.describe_budget_notifications_for_account(AccountId=ACCOUNT)["BudgetNotificationsForAccount"]
    assert {"BudgetName": "told", "Notifications": [{**new, "NotificationState": "OK"}]} in everyones

    budgets.create_subscriber(**of, Notification=new, Subscriber=TOPIC)
    second = {**TOPIC, "Address": TOPIC["Address"] + "2"}
    for code, one in (("DuplicateRecordException", TOPIC), ("CreationLimitExceededException", second)):
        refused(code, lambda one=one: budgets.create_subscriber(**of, Notification=new, Subscriber=one))  # type: ignore[misc]  # a default binds the loop's value
    budgets.update_subscriber(**of, Notification=new, OldSubscriber=TOPIC, NewSubscriber=second)
    told = budgets.describe_subscribers_for_notification(**of, Notification=new)["Subscribers"]
    assert sorted(one["Address"] for one in told) == ["a@example.com", second["Address"]]
    budgets.delete_subscriber(**of, Notification=new, Subscriber=second)
    refused("NotFoundException", lambda: budgets.delete_subscriber(**of, Notification=new, Subscriber=second))
    budgets.delete_notification(**of, Notification=new)
    refused("NotFoundException", lambda: budgets.describe_subscribers_for_notification(**of, Notification=new))


def test_a_bill_past_its_limit_raises_the_alarm_and_the_action_waits(budgets: Any) -> None:
    of = {"AccountId": ACCOUNT, "BudgetName": "ml"}
    only = {"Tags": {"Key": "team", "Values": ["ml"]}}
    wanted = cost("ml", "50", FilterExpression=only, Metrics=["UnblendedCost"])
    told = [{"Notification": NOTIFICATION, "Subscribers": [MAIL]}]
    budgets.create_budget(AccountId=ACCOUNT, Budget=wanted, NotificationsWithSubscribers=told)
    action = {**of, "ActionId": budgets.create_budget_action(**of, **IAM)["ActionId"]}

    def status() -> str:
        return str(budgets.describe_budget_action(**action)["Action"]["Status"])

    wait_for(lambda: status() == "PENDING", "the crossing")
    assert budgets.describe_budget(**of)["Budget"]["CalculatedSpend"]["ActualSpend"]["Amount"] == "60.0"
    assert budgets.describe_notifications_for_budget(**of)["Notifications"][0]["NotificationState"] == "ALARM"
    periods = budgets.describe_budget_performance_history(**of)["BudgetPerformanceHistory"]
    assert periods["BudgetedAndActualAmountsList"][0]["BudgetedAmount"] == {"Amount": "50.0", "Unit": "USD"}
    assert periods["BudgetedAndActualAmountsList"][0]["ActualAmount"] == {"Amount": "60.0", "Unit": "USD"}

    refused("ResourceLockedException", lambda: ask(budgets, action, "REVERSE_BUDGET_ACTION"))
    ask(budgets, action, "APPROVE_BUDGET_ACTION")
    wait_for(lambda: status() == "EXECUTION_FAILURE", "the execution")
    happened = budgets.describe_budget_action_histories(**action)["ActionHistories"]
    assert "cannot be executed here" in happened[0]["ActionHistoryDetails"]["Message"]
    statuses = [one["Status"] for one in happened]
    assert statuses == ["EXECUTION_FAILURE", "EXECUTION_IN_PROGRESS", "PENDING", "STANDBY"]


def ask(budgets: Any, action: dict[str, str], execution: str) -> None:
    budgets.execute_budget_action(**action, ExecutionType=execution)


def test_actions_are_changed_listed_and_deleted(budgets: Any) -> None:
    of = {"AccountId": ACCOUNT, "BudgetName": "acts"}
    budgets.create_budget(AccountId=ACCOUNT, Budget=cost("acts", "1000000"))
    action = {**of, "ActionId": budgets.create_budget_action(**of, **IAM)["ActionId"]}
    refused("DuplicateRecordException", lambda: budgets.create_budget_action(**of, **IAM))
    wrong = {**IAM, "ActionType": "RUN_SSM_DOCUMENTS"}
    refused("InvalidParameterException", lambda: budgets.create_budget_action(**of, **wrong))
    changed = budgets.update_budget_action(**action, ApprovalModel="AUTOMATIC", Subscribers=[MAIL, TOPIC])
    assert changed["OldAction"]["ApprovalModel"] == "MANUAL"
    assert changed["NewAction"]["ApprovalModel"] == "AUTOMATIC"
    assert len(changed["NewAction"]["Subscribers"]) == 2
    assert [one["ActionId"] for one in budgets.describe_budget_actions_for_budget(**of)["Actions"]] == [
        action["ActionId"]
    ]
    everyones = budgets.describe_budget_actions_for_account(AccountId=ACCOUNT)["Actions"]
    assert action["ActionId"] in [one["ActionId"] for one in everyones]
    assert budgets.delete_budget_action(**action)["Action"]["Status"] == "STANDBY"
    refused("NotFoundException", lambda: budgets.describe_budget_action(**action))


def test_budgets_are_tagged(budgets: Any) -> None:
    made = {"Budget": cost("tagged"), "ResourceTags": [{"Key": "owner", "Value": "ml"}]}
    budgets.create_budget(AccountId=ACCOUNT, **made)
    arn = f"arn:aws:budgets::{ACCOUNT}:budget/tagged"
    budgets.tag_resource(ResourceARN=arn, ResourceTags=[{"Key": "tier", "Value": "1"}])
    budgets.untag_resource(ResourceARN=arn, ResourceTagKeys=["owner"])
    assert budgets.list_tags_for_resource(ResourceARN=arn)["ResourceTags"] == [{"Key": "tier", "Value": "1"}]
    refused("NotFoundException", lambda: budgets.list_tags_for_resource(ResourceARN=arn + "2"))
    refused("InvalidParameterException", lambda: budgets.list_tags_for_resource(ResourceARN="arn:aws:s3:::b"))


def test_every_operation_of_the_model_is_served(budgets: Any) -> None:
    service = operations.bind(cast(BudgetRooms, None))
    assert sorted(service.operations) == sorted(budgets.meta.service_model.operation_names)
