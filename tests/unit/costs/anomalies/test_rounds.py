"""Bills with a known anomaly: found once, explained, told once, revised by late lines, and gone with a correction."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select
from tests.unit.costs.bills import CUR2, table
from tests.unit.costs.conftest import Room, run

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.costs.anomalies.around import Happening, Place, Sort
from trimtab.costs.anomalies.found import Wanted
from trimtab.costs.anomalies.model import DEFAULT_NAME, FOUND, Anomaly, Kind, Origin, UnknownMonitor
from trimtab.costs.anomalies.room import CostAnomalies, Means
from trimtab.costs.anomalies.telling import ALERT
from trimtab.costs.cells import CellReader
from trimtab.costs.model import Filter, Tag, Where
from trimtab.store.state.database import State
from trimtab.store.state.tables import outbox

FIRST, DAYS = datetime(2026, 7, 1, tzinfo=UTC), 50
SPIKE = range(44, 47)
HOME = "123456789012"
SERVICE = {"MonitorName": "s", "MonitorType": "DIMENSIONAL", "MonitorDimension": "SERVICE"}


def bill(spike: float, days: int = DAYS) -> str:
    """Two services in two accounts; from day 44 one usage type of one account costs `spike` more for three days."""
    rows = []
    for at in range(days):
        day = FIRST + timedelta(days=at)
        month = day.replace(day=1)
        after = (month + timedelta(days=32)).replace(day=1)
        when = {
            "bill_billing_period_start_date": f"{month:%Y-%m-%dT%H:%M:%SZ}",
            "bill_billing_period_end_date": f"{after:%Y-%m-%dT%H:%M:%SZ}",
            "line_item_usage_start_date": f"{day:%Y-%m-%dT%H:%M:%SZ}",
            "line_item_usage_end_date": f"{day + timedelta(days=1):%Y-%m-%dT%H:%M:%SZ}",
        }
        for account, code, usage_type, amount in (
            ("200000000002", "AmazonEC2", "BoxUsage:p5.48xlarge", 100.0 + at % 3),
            ("200000000003", "AmazonEC2", "BoxUsage:g6.xlarge", 50.0 + (spike if at in SPIKE else 0)),
            ("200000000003", "AmazonS3", "TimedStorage-ByteHrs", 30.0 + at % 2),
        ):
            rows.append(
                {
                    **when,
                    "line_item_usage_account_id": account,
                    "line_item_product_code": code,
                    "line_item_usage_type": usage_type,
                    "line_item_unblended_cost": str(amount),
                    "line_item_resource_id": f"i-{usage_type[-8:]}",
                    "resource_tags": json.dumps({"user_team": "ml" if code == "AmazonEC2" else "web"}),
                }
            )
    return table(CUR2, *rows)


class House:
    """The room over a bill of the test's, and what it told."""

    def __init__(self, room: Room, state: State) -> None:
        self.room, self.state, self.bill = room, state, 0
        self.clock = ManualClock(int((FIRST + timedelta(days=DAYS, hours=3)).timestamp() * 1000))
        self.asked: list[Place] = []
        means = Means(room.reader, CellReader(room.telemetry), self.generation, self.mail, self.read, self.around, HOME)
        self.anomalies = CostAnomalies.of(state, self.clock, means)

    async def generation(self) -> int:
        return self.bill

    async def mail(self, account: str, address: str) -> str:
        return f"arn:aws:sns:us-east-1:{account}:{address}"

    def read(self, expression: Mapping[str, Any] | None) -> Filter | None:
        return Where(Tag("team"), ("ml",)) if expression else None

    async def around(self, scope: object, place: Place) -> list[Happening]:
        self.asked.append(place)
        return [Happening(Sort.DEPLOY, place.start_ms, "ann: RunInstances", "ann", "2", (), "/audit/events/1", 12.0)]

    def take(self, text: str) -> None:
        self.room.bring("bill.csv", text, source="bill")
        self.bill += 1
        run(self.anomalies.rounds.turn())

    def found(self) -> list[Anomaly]:
        return run(self.anomalies.found.listed(EVERYTHING, Wanted()))

    def told(self, kind: str) -> list[dict[str, Any]]:
        query = select(outbox.c.body).where(outbox.c.kind == kind).order_by(outbox.c.position)
        return [
            json.loads(row.body) for row in run(self.state.read(lambda connection: connection.execute(query).all()))
        ]

    def subscribe(self, frequency: str, least: float = 10.0, monitors: Sequence[str] = ()) -> None:
        run(self.anomalies.rounds.turn())
        every = [one.arn for one in run(self.anomalies.monitors.listed(EVERYTHING))]
        form = {
            "SubscriptionName": frequency,
            "MonitorArnList": list(monitors) or every,
            "Frequency": frequency,
            "Threshold": least,
            "Subscribers": [{"Type": "EMAIL", "Address": "ann@example.com"}],
        }
        run(self.anomalies.subscriptions.create(EVERYTHING, HOME, form))


@pytest.fixture
def house(room: Room, state: State) -> House:
    return House(room, state)


def test_an_anomaly_is_found_once_explained_and_revised(house: House) -> None:
    house.take(bill(80))
    [one] = house.found()
    found = one.finding
    assert (found.value, found.kind, found.open) == ("AmazonEC2", Kind.RISE, False)
    assert (found.end_ms - found.start_ms) // 86_400_000 == len(SPIKE)
    assert found.impact.total == pytest.approx(Decimal(240), abs=Decimal(8))
    [cause] = found.causes
    assert (cause.account, cause.usage_type, cause.contribution) == ("200000000003", "BoxUsage:g6.xlarge", 240)
    [monitor] = run(house.anomalies.monitors.listed(EVERYTHING))
    assert (monitor.name, monitor.value_count, monitor.problem) == (DEFAULT_NAME, 2, "")

    house.take(bill(80))  # the same bill again
    assert [(one.id, one.changed_ms)] == [(same.id, same.changed_ms) for same in house.found()]
    assert len(house.told(FOUND)) == 1

    house.clock.advance(60)
    house.take(bill(120))  # late lines
    [revised] = house.found()
    assert revised.id == one.id
    assert revised.finding.impact.total > found.impact.total + 100
    assert len(house.told(FOUND)) == 1

    house.take(bill(0))  # a correction
    assert house.found() == []


def test_an_anomaly_is_named_by_its_resource_with_the_wider_beside_it(house: House) -> None:
    house.take(bill(80))
    [one] = house.found()
    found = one.finding
    assert found.origin == Origin("AmazonEC2", "200000000003", "", "BoxUsage:g6.xlarge", "i-6.xlarge")
    assert [part.name for part in found.wider] == ["BoxUsage:g6.xlarge · 200000000003", "AmazonEC2"]
    assert (found.impact.actual, found.impact.expected) == (390, 150)
    [told] = house.told(FOUND)
    assert told["title"].startswith("AmazonEC2: i-6.xlarge · BoxUsage:g6.xlarge · 200000000003: 240.00 USD (+160 %)")
    assert "Seen also in AmazonEC2: " in told["text"]
    assert told["Anomaly"]["Place"]["ResourceId"] == "i-6.xlarge"


def test_an_incident_is_told_once_whatever_monitors_saw_it(house: House) -> None:
    accounts = {"MonitorName": "a", "MonitorType": "DIMENSIONAL", "MonitorDimension": "LINKED_ACCOUNT"}
    by_account = run(house.anomalies.monitors.create(EVERYTHING, HOME, accounts))
    house.subscribe("IMMEDIATE")
    house.subscribe("IMMEDIATE", monitors=[by_account.arn])
    house.take(bill(80))
    house.take(bill(120))
    assert len(house.told(FOUND)) == 1
    assert sorted(alert["Anomalies"][0]["DimensionValue"] for alert in house.told(ALERT)) == [
        "200000000003",  # who watches accounts alone is told of the account
        "AmazonEC2",
    ]


def test_what_no_line_explains_is_told_when_the_next_day_still_shows_it(house: House) -> None:
    """Nobody watches services: that an account costs more is all that is known, and late lines may take it away."""
    run(house.anomalies.rounds.turn())
    [services] = run(house.anomalies.monitors.listed(EVERYTHING))
    run(house.anomalies.monitors.delete(EVERYTHING, services.arn))
    form = {"MonitorName": "a", "MonitorType": "DIMENSIONAL", "MonitorDimension": "LINKED_ACCOUNT"}
    accounts = run(house.anomalies.monitors.create(EVERYTHING, HOME, form))
    house.subscribe("IMMEDIATE", monitors=[accounts.arn])
    house.take(bill(80))
    assert (len(house.told(FOUND)), house.told(ALERT)) == (1, [])
    house.clock.advance(86_400)
    house.take(bill(85))
    assert [one["Anomalies"][0]["DimensionValue"] for one in house.told(ALERT)] == ["200000000003"]
    house.clock.advance(86_400)
    house.take(bill(86))
    assert len(house.told(ALERT)) == 1


def test_less_than_three_weeks_of_bill_are_too_little_history(house: House) -> None:
    house.clock.advance(-86_400 * (DAYS - 20))
    house.take(bill(0, 20))
    [monitor] = run(house.anomalies.monitors.listed(EVERYTHING))
    assert monitor.problem == "Too little history: the bill has 20 days, and what is usual can be told from 21 on"
    house.clock.advance(86_400)
    house.take(bill(0, 21))
    [monitor] = run(house.anomalies.monitors.listed(EVERYTHING))
    assert (monitor.problem, house.found()) == ("", [])


def test_nothing_is_new_on_the_first_day_of_a_bill_in_another_currency(house: House) -> None:
    late = bill(0).splitlines()
    euros = "\n".join([late[0], *(line.replace("USD", "EUR") for line in late[1 + 3 * 35 :])])
    house.take(bill(0))
    house.room.bring("euros.csv", euros, source="euros", add=True)
    house.bill += 1
    run(house.anomalies.rounds.turn())
    [monitor] = run(house.anomalies.monitors.listed(EVERYTHING))
    assert house.found() == []
    assert monitor.problem == (
        "Too little history: the bill has 15 days, and what is usual can be told from 21 on (in EUR)"
    )


def test_what_somebody_confirmed_stays(house: House) -> None:
    house.take(bill(80))
    [one] = house.found()
    said = run(house.anomalies.found.say(EVERYTHING, one.id, "YES", "ann"))
    assert (said.feedback, said.feedback_by) == ("YES", "ann")
    house.take(bill(0))
    assert [one.id] == [kept.id for kept in house.found()]


def test_its_days_resources_and_surroundings(house: House) -> None:
    house.take(bill(80))
    [one] = house.found()
    days = run(house.anomalies.days(EVERYTHING, one))
    assert [day.flagged for day in days[-8:]] == [False, False, True, True, True, False, False, False]
    assert days[-5].actual - days[-5].expected == pytest.approx(80, abs=4)
    assert run(house.anomalies.resources(EVERYTHING, one)) == ["i-6.xlarge"]
    [deploy] = run(house.anomalies.around(EVERYTHING, one))
    assert deploy.sort is Sort.DEPLOY
    assert house.asked[0].accounts == ("200000000003",)


def test_immediate_subscribers_are_told_once_and_of_what_is_large_enough(house: House) -> None:
    house.subscribe("IMMEDIATE")
    house.subscribe("IMMEDIATE", 1000.0)
    house.take(bill(80))
    house.take(bill(120))
    [alert] = house.told(ALERT)
    assert alert["actions"] == [f"arn:aws:sns:us-east-1:{HOME}:ann@example.com"]
    assert "AmazonEC2" in alert["title"]
    assert alert["Anomalies"][0]["RootCauses"][0]["UsageType"] == "BoxUsage:g6.xlarge"


def test_a_daily_summary_comes_when_the_day_is_over(house: House) -> None:
    house.subscribe("DAILY")
    house.take(bill(80))
    assert house.told(ALERT) == []
    house.clock.advance(86_400)
    run(house.anomalies.rounds.turn())
    run(house.anomalies.rounds.turn())
    assert [len(alert["Anomalies"]) for alert in house.told(ALERT)] == [1]


def test_every_value_of_a_tag_is_judged_and_a_filter_is_judged_as_one(house: House) -> None:
    create = house.anomalies.monitors.create
    tagged = {"MonitorDimension": "TAG", "MonitorSpecification": {"Tags": {"Key": "team"}}}
    run(create(EVERYTHING, HOME, {"MonitorName": "t", "MonitorType": "DIMENSIONAL", **tagged}))
    custom = {"MonitorName": "c", "MonitorType": "CUSTOM", "MonitorSpecification": {"any": 1}}
    run(create(EVERYTHING, HOME, custom))
    house.take(bill(80))
    monitors = {one.name: one.arn for one in run(house.anomalies.monitors.listed(EVERYTHING))}
    found = {
        name: [one.finding.value for one in run(house.anomalies.found.listed(EVERYTHING, Wanted(monitor=arn)))]
        for name, arn in monitors.items()
    }
    assert found == {DEFAULT_NAME: ["AmazonEC2"], "t": ["ml"], "c": [""]}

    [incident] = house.found()
    assert incident.finding.origin == Origin("AmazonEC2", "200000000003", "", "BoxUsage:g6.xlarge", "i-6.xlarge")
    assert sorted(one.finding.value for one in incident.others) == ["", "ml"]
    assert run(house.anomalies.found.one(EVERYTHING, incident.id)).others == incident.others
    assert len(house.told(FOUND)) == 1


def test_a_deleted_default_monitor_stays_deleted_and_takes_its_anomalies_along(house: House) -> None:
    house.take(bill(80))
    [monitor] = run(house.anomalies.monitors.listed(EVERYTHING))
    run(house.anomalies.monitors.delete(EVERYTHING, monitor.arn))
    assert house.found() == []
    run(house.anomalies.rounds.turn())
    assert run(house.anomalies.monitors.listed(EVERYTHING)) == []
    with pytest.raises(UnknownMonitor):
        run(house.anomalies.monitors.get(EVERYTHING, monitor.arn))
