"""Crossings are told once; actions wait for approval, run through the registry and fail so that they can be retried."""

import asyncio
import json
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar, cast

import pytest
from sqlalchemy import select

from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.actions.registry import Actuators, Plan
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Conflict, InvalidInput, LimitExceeded, NotFound, QueryAborted, Unavailable
from trimtab.budgets import calendar
from trimtab.budgets.actions import MOST_ACTIONS, ActionStore, Locked
from trimtab.budgets.evaluator import BudgetEvaluator
from trimtab.budgets.executing import Executing
from trimtab.budgets.form import read_notification, read_subscribers
from trimtab.budgets.measure import Measure
from trimtab.budgets.model import ACTION_CHANGED, STATE_CHANGED, Budget, Execution, Spend, Standing
from trimtab.budgets.notifications import NotificationStore
from trimtab.budgets.store import BudgetStore
from trimtab.store.state.database import State
from trimtab.store.state.tables import outbox

T = TypeVar("T")
ACCOUNT = "123456789012"
MAY, JUNE = (int(datetime(2026, month, 10, tzinfo=UTC).timestamp() * 1000) for month in (5, 6))
FORM = {
    "BudgetName": "b",
    "BudgetType": "COST",
    "TimeUnit": "MONTHLY",
    "BudgetLimit": {"Amount": "100", "Unit": "USD"},
    "TimePeriod": {"Start": MAY - 86_400_000 * 40},
}
MAIL = [{"SubscriptionType": "EMAIL", "Address": "a@example.com"}]
ABOVE = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80}


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


@dataclass
class Amounts:
    """A bill that has what the test says."""

    clock: ManualClock
    actual: str = "10"
    forecast: str = "20"
    lower: str = "15"

    async def standing(self, budget: Budget, kept: Spend | None = None) -> Standing:
        if budget.name == "large":
            raise QueryAborted("cannot read: too much")
        period = calendar.period_at(budget, self.clock.now_ms())
        assert period is not None
        limit, actual, forecast = (Spend(Decimal(one), "USD") for one in ("100", self.actual, self.forecast))
        return Standing(*period, self.clock.now_ms(), limit, actual, forecast, Decimal(self.lower), Decimal(99))


@dataclass
class Switch:
    """An actuator that notes what it was asked, and fails while it is broken."""

    name: str = "switch"
    broken: bool = False
    done: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    async def plan(self, target: str, wish: Mapping[str, Any]) -> Plan:
        return Plan(f"would switch {target}", dict(wish))

    async def act(self, target: str, wish: Mapping[str, Any], request_id: str) -> str:
        if self.broken:
            raise Unavailable("cannot switch: no current")
        self.done[wish["request"]] = wish
        return f"switched {target} {wish.get('to')}"


class House:
    """The room over a state database, with a bill and a switch of the test's."""

    def __init__(self, state: State) -> None:
        self.state, self.clock = state, ManualClock(MAY)
        self.amounts, self.switch, self.bill = Amounts(self.clock), Switch(), 1
        self.store = BudgetStore(state, self.clock, lambda _: None)
        self.notifications, self.actions = NotificationStore(state, self.clock), ActionStore(state, self.clock)
        actuators = Actuators(state, self.clock)
        actuators.register(self.switch)
        measure = cast(Measure, self.amounts)
        self.evaluator = BudgetEvaluator(state, self.clock, measure, self.generation, self.mail)
        self.executing = Executing(state, self.clock, actuators, self.mail)

    async def generation(self) -> int:
        return self.bill

    async def mail(self, account: str, address: str) -> str:
        return f"arn:aws:sns:us-east-1:{account}:mail-{address}"

    def budget(self) -> None:
        told = [(read_notification(ABOVE), read_subscribers(MAIL))]
        run(self.store.create(EVERYTHING, ACCOUNT, FORM, told))

    def action(self, approval: str = "MANUAL", type_: str = "ACTUAL", **definition: Any) -> str:
        own = {"Actuator": "switch", "Target": "gpu", "Wish": {"to": "off"}, **definition}
        form = {
            "NotificationType": type_,
            "ActionType": "TRIMTAB_ACTUATOR",
            "ActionThreshold": {"ActionThresholdValue": 90.0, "ActionThresholdType": "PERCENTAGE"},
            "Definition": {"ActuatorDefinition": own},
            "ApprovalModel": approval,
        }
        return run(self.actions.create(EVERYTHING, ACCOUNT, "b", form, read_subscribers(MAIL))).id

    def spend(self, amount: str) -> None:
        self.amounts.actual = amount
        self.bill += 1
        run(self.evaluator.turn())

    def execute(self, id_: str, asked: Execution) -> None:
        run(self.actions.execute(EVERYTHING, ACCOUNT, "b", id_, asked, "ann"))
        run(self.executing.turn())

    def status(self, id_: str) -> str:
        return run(self.actions.get(EVERYTHING, ACCOUNT, "b", id_)).status.value

    def told(self, kind: str = STATE_CHANGED) -> list[dict[str, Any]]:
        query = select(outbox.c.body).where(outbox.c.kind == kind).order_by(outbox.c.position)
        return [
            json.loads(row.body) for row in run(self.state.read(lambda connection: connection.execute(query).all()))
        ]


@pytest.fixture
def house(state: State) -> House:
    return House(state)


def test_a_crossing_is_told_once_and_again_in_the_next_period(house: House) -> None:
    house.budget()
    house.spend("70")
    assert house.told() == []
    house.spend("81")
    house.spend("95")
    [told] = house.told()
    assert told["actions"] == [f"arn:aws:sns:us-east-1:{ACCOUNT}:mail-a@example.com"]
    assert (told["NotificationState"], told["Value"], told["ThresholdAmount"]) == ("ALARM", "81", "80")
    house.clock.at_ms = JUNE
    house.spend("85")
    assert [one["NotificationState"] for one in house.told()] == ["ALARM", "ALARM"]
    house.spend("1")
    assert house.told()[-1]["NotificationState"] == "OK"
    assert "actions" not in house.told()[-1]


def test_a_budget_is_judged_when_it_is_due_changed_or_the_bill_is(house: House) -> None:
    house.budget()
    assert run(house.evaluator.turn()) == 1
    assert run(house.evaluator.turn()) == 0
    run(house.store.update(EVERYTHING, ACCOUNT, FORM))
    assert run(house.evaluator.turn()) == 1
    house.bill += 1
    assert run(house.evaluator.turn()) == 1
    house.clock.advance(301)
    assert run(house.evaluator.turn()) == 1


def test_a_new_action_has_its_budget_judged_at_once(house: House) -> None:
    house.budget()
    house.spend("91")
    id_ = house.action()
    assert run(house.evaluator.turn()) == 1
    assert house.status(id_) == "PENDING"


@pytest.mark.parametrize(
    ("approval", "says"), [("MANUAL", "The action waits for approval."), ("AUTOMATIC", "The action is executed.")]
)
def test_the_history_says_what_follows_a_crossing(house: House, approval: str, says: str) -> None:
    house.budget()
    house.amounts.lower = "91"
    id_ = house.action(approval)
    house.spend("91")
    told = run(house.actions.history(EVERYTHING, ACCOUNT, "b", id_))
    assert any(one.message.endswith(says) for one in told)


def test_one_threshold_has_five_actions_and_another_has_more(house: House) -> None:
    house.budget()
    for number in range(MOST_ACTIONS):
        house.action(Target=f"gpu{number}")
    with pytest.raises(LimitExceeded, match="one threshold can have 5 actions"):
        house.action(Target="one more")
    with pytest.raises(Conflict, match="same action exists already"):
        house.action(Target="gpu0")
    house.action(type_="FORECASTED", Target="one more")


def test_an_action_waits_for_approval_and_is_carried_out_once(house: House) -> None:
    house.budget()
    id_ = house.action()
    house.spend("91")
    assert house.status(id_) == "PENDING"
    assert house.told(ACTION_CHANGED)[0]["title"] == "Budget b: action pending"
    run(house.executing.turn())
    assert house.switch.done == {}
    house.execute(id_, Execution.APPROVE)
    run(house.executing.turn())
    assert house.status(id_) == "EXECUTION_SUCCESS"
    assert len(house.switch.done) == 1
    happened = run(house.actions.history(EVERYTHING, ACCOUNT, "b", id_))
    assert happened[0].message == "switched gpu off"
    assert happened[1].message == "APPROVE_BUDGET_ACTION by ann."
    with pytest.raises(Locked):
        house.execute(id_, Execution.APPROVE)


def test_an_automatic_action_runs_on_a_forecast_only_at_its_lower_bound(house: House) -> None:
    house.budget()
    id_ = house.action("AUTOMATIC", "FORECASTED")
    house.amounts.forecast, house.amounts.lower = "120", "85"
    house.spend("10")
    assert house.status(id_) == "PENDING"
    run(house.actions.execute(EVERYTHING, ACCOUNT, "b", id_, Execution.RESET, "ann"))
    house.amounts.lower = "91"
    house.spend("10")
    assert house.status(id_) == "EXECUTION_IN_PROGRESS"


def test_an_action_that_fails_says_why_and_is_retried(house: House) -> None:
    house.budget()
    id_ = house.action("AUTOMATIC")
    house.switch.broken = True
    house.spend("91")
    run(house.executing.turn())
    assert house.status(id_) == "EXECUTION_FAILURE"
    assert house.told(ACTION_CHANGED)[-1]["text"] == "cannot switch: no current"
    house.switch.broken = False
    house.execute(id_, Execution.RETRY)
    assert house.status(id_) == "EXECUTION_SUCCESS"


def test_an_action_is_reversed_where_its_definition_says_how(house: House) -> None:
    house.budget()
    back = house.action("AUTOMATIC", Reverse={"Wish": {"to": "on"}})
    stays = house.action("AUTOMATIC", Target="cpu")
    house.spend("91")
    run(house.executing.turn())
    house.execute(back, Execution.REVERSE)
    house.execute(stays, Execution.REVERSE)
    assert house.status(back) == "REVERSE_SUCCESS"
    assert [wish["to"] for wish in house.switch.done.values()] == ["off", "off", "on"]
    assert house.status(stays) == "REVERSE_FAILURE"


def test_a_new_period_lets_an_action_wait_again(house: House) -> None:
    house.budget()
    id_ = house.action()
    house.spend("91")
    house.clock.at_ms = JUNE
    house.spend("5")
    assert house.status(id_) == "STANDBY"


def test_a_rehearsal_changes_nothing(house: House) -> None:
    house.budget()
    id_ = house.action()
    action = run(house.actions.get(EVERYTHING, ACCOUNT, "b", id_))
    assert run(house.executing.rehearse(action)) == "would switch gpu"
    assert house.switch.done == {}
    assert house.status(id_) == "STANDBY"


def test_who_sees_some_rows_of_the_bill_sees_no_budget_over_more(house: House) -> None:
    house.budget()
    rows = Scope(rows=(RowRule("team", frozenset(["ml"])),))
    assert run(house.store.listed(rows)) == []
    with pytest.raises(NotFound):
        run(house.store.get(rows, ACCOUNT, "b"))
    run(house.store.create(rows, ACCOUNT, {**FORM, "BudgetName": "mine"}))
    assert [one.name for one in run(house.store.listed(rows))] == ["mine"]
    assert run(house.store.listed(Scope(frozenset(["210987654321"])))) == []


def test_replaced_notifications_keep_their_state(house: House) -> None:
    house.budget()
    house.spend("91")
    told = [(read_notification(ABOVE), read_subscribers(MAIL))]
    run(house.store.update(EVERYTHING, ACCOUNT, FORM, told))
    house.spend("92")
    assert len(house.told()) == 1


def test_daily_budgets_have_no_forecasts(house: House) -> None:
    told = [(read_notification({**ABOVE, "NotificationType": "FORECASTED"}), read_subscribers(MAIL))]
    with pytest.raises(InvalidInput, match="daily"):
        run(house.store.create(EVERYTHING, ACCOUNT, {**FORM, "TimeUnit": "DAILY"}, told))


def test_a_budget_that_cannot_be_measured_says_why_and_stops_no_other(house: House) -> None:
    run(house.store.create(EVERYTHING, ACCOUNT, {**FORM, "BudgetName": "large"}))
    house.budget()
    house.spend("91")
    large = run(house.store.get(EVERYTHING, ACCOUNT, "large")).standing
    assert large is not None
    assert large.problem == "cannot read: too much"
    assert len(house.told()) == 1
