"""Objectives by boto3, reported over metrics and requests that a test writes down; and alarms on their budgets."""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest
from botocore.exceptions import ClientError
from tests.unit.doors.aws.conftest import World

from boto_in_process import ACCOUNT, client
from trimtab.access.scope import Scope
from trimtab.alarms.evaluator import AlarmEvaluator, EvaluatorParts
from trimtab.alarms.model import AlarmKey, AlarmKind, StateValue
from trimtab.alarms.room import AlarmRoom
from trimtab.alarms.tagged import AlarmTags
from trimtab.base.clock import ManualClock
from trimtab.doors.aws.application_signals.rooms import SignalsRooms
from trimtab.doors.aws.application_signals.service import build
from trimtab.doors.aws.cloudwatch.service import build as build_cloudwatch
from trimtab.jobs.lock import Lock
from trimtab.metrics.expressions.bands import NoBands
from trimtab.metrics.expressions.evaluate import Evaluator
from trimtab.metrics.model import SeriesQuery
from trimtab.slos.minutes import SloMinutes
from trimtab.slos.model import Interval, SloKey, Unit, moved
from trimtab.slos.room import SloRoom
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Columns
from trimtab.traces.requests import Asked, ServiceOperation

NOW_MS = 1_795_600_020_000
REGION = "us-east-1"
MINUTE_MS = 60_000
T = TypeVar("T")


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def at(ms: int) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC)


@dataclass
class Requests:
    """Requests to services: (ms, service, operation, milliseconds that it took, whether it failed)."""

    made: list[tuple[int, str, str, float, bool]] = field(default_factory=list)

    async def operations(
        self, scope: Scope, start_ms: int, end_ms: int, service: str = "", limit: int = 5000
    ) -> Sequence[ServiceOperation]:
        found: dict[tuple[str, str], list[bool]] = {}
        for ms, name, operation, _, failed in self.made:
            if start_ms <= ms < end_ms and service in ("", name):
                found.setdefault((name, operation), []).append(failed)
        return [ServiceOperation(*key, "generic:default", len(each), sum(each)) for key, each in found.items()]

    async def over_time(self, scope: Scope, start_ms: int, end_ms: int, step_ms: int, asked: Asked) -> Columns:
        rows: dict[int, list[tuple[float, bool]]] = {}
        for ms, name, operation, took, failed in sorted(self.made):
            if start_ms <= ms < end_ms and name == asked.service and asked.operation in ("", operation):
                rows.setdefault(ms // step_ms * step_ms, []).append((took, failed))
        assert asked.compared == "<="
        return {
            "at_ms": np.array(list(rows), np.int64),
            "total": np.array([len(row) for row in rows.values()]),
            "faults": np.array([sum(failed for _, failed in row) for row in rows.values()]),
            "within": np.array([sum(took <= asked.limit_ms for took, _ in row) for row in rows.values()]),
            "mean_ns": np.array([np.mean([took for took, _ in row]) * 1e6 for row in rows.values()]),
            "share_ns": np.array([max(took for took, _ in row) * 1e6 for row in rows.values()]),
        }


@dataclass
class Home:
    """Application Signals' client over a room, with the metrics and requests behind it."""

    world: World
    clock: ManualClock
    state: State
    requests: Requests
    room: SloRoom
    api: Any
    metrics: Any

    def put(self, name: str, ms: int, value: float) -> None:
        """A value of a metric in the namespace N."""
        self.metrics.put_metric_data(
            Namespace="N", MetricData=[{"MetricName": name, "Value": value, "Timestamp": at(ms)}]
        )

    def report(self, *names: str) -> Any:
        """The reports as of now."""
        asked = {"Timestamp": at(self.clock.now_ms()), "SloIds": list(names)}
        return self.api.batch_get_service_level_objective_budget_report(**asked)

    def key(self, name: str) -> SloKey:
        """The objective of that name."""
        return SloKey(ACCOUNT, REGION, name)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    clock = ManualClock(NOW_MS)
    world, requests = World(clock=clock), Requests()
    state = State(f"sqlite:///{tmp_path / 'state.sqlite'}")
    state.migrate()
    evaluator = Evaluator(world.reader, world.registry, clock, NoBands())
    room = SloRoom.of(state, clock, evaluator, requests)
    rooms = SignalsRooms(room, requests, AlarmTags(state))  # type: ignore[arg-type]  # it reads as the real one does
    metrics = client(build_cloudwatch(world.rooms), clock, REGION)
    yield Home(world, clock, state, requests, room, client(build(rooms), clock, REGION), metrics)
    state.close()


def query(name: str, stat: str = "Sum", **more: Any) -> list[dict[str, Any]]:
    metric = {"Metric": {"Namespace": "N", "MetricName": name}, "Period": 60, "Stat": stat}
    return [{"Id": "m1", "MetricStat": metric, "ReturnData": True, **more}]


def rolling(hours: int, attainment: float = 90.0, **more: float) -> dict[str, Any]:
    interval = {"RollingInterval": {"DurationUnit": "HOUR", "Duration": hours}}
    return {"Interval": interval, "AttainmentGoal": attainment, **more}


def counted(*, good: bool = False) -> dict[str, Any]:
    part = {"GoodCountMetric": query("part")} if good else {"BadCountMetric": query("part")}
    metric = {"TotalRequestCountMetric": query("all"), "MonitoredRequestCountMetric": part}
    return {"RequestBasedSliMetricConfig": metric}


def by_period(name: str = "latency") -> dict[str, Any]:
    metric = {"MetricDataQueries": query(name, "Average")}
    return {"SliMetricConfig": metric, "MetricThreshold": 100.0, "ComparisonOperator": "LessThan"}


def burns(*minutes: int) -> list[dict[str, int]]:
    return [{"LookBackWindowMinutes": one} for one in minutes]


def refused(call: Any, **request: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**request)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_bad_requests_use_up_the_budget_and_the_status_says_how_far(home: Home) -> None:
    home.api.create_service_level_objective(
        Name="checkout", RequestBasedSliConfig=counted(), Goal=rolling(1), BurnRateConfigurations=burns(5)
    )
    assert home.report("checkout")["Reports"][0]["BudgetStatus"] == "INSUFFICIENT_DATA"
    home.put("all", NOW_MS - 30 * MINUTE_MS, 100.0)
    home.put("all", NOW_MS - 2 * MINUTE_MS, 100.0)
    home.put("part", NOW_MS - 2 * MINUTE_MS, 4.0)
    [report] = home.report("checkout")["Reports"]
    assert (report["TotalBudgetRequests"], report["BudgetRequestsRemaining"]) == (20, 16)
    assert (report["Attainment"], report["BudgetStatus"]) == (pytest.approx(98.0), "OK")
    home.put("part", NOW_MS - 3 * MINUTE_MS, 9.0)  # of no requests in that minute
    home.put("part", NOW_MS - 30 * MINUTE_MS, 8.0)
    [report] = home.report("checkout")["Reports"]
    assert (report["BudgetRequestsRemaining"], report["BudgetStatus"]) == (8, "WARNING")
    home.put("part", NOW_MS - 30 * MINUTE_MS, 8.0)
    assert home.report("checkout")["Reports"][0]["BudgetStatus"] == "BREACHED"
    kept = run(home.room.store.get(home.key("checkout")))
    assert run(home.room.reports.of(kept, NOW_MS)).burns[0].rate == pytest.approx(0.4)  # 4 of 100 in the last 5 min


def test_good_requests_are_counted_the_other_way_round(home: Home) -> None:
    home.api.create_service_level_objective(Name="good", RequestBasedSliConfig=counted(good=True), Goal=rolling(1))
    home.put("all", NOW_MS - 2 * MINUTE_MS, 100.0)
    home.put("part", NOW_MS - 2 * MINUTE_MS, 95.0)
    assert home.report("good")["Reports"][0]["BudgetRequestsRemaining"] == 5


def test_each_period_of_a_metric_is_good_or_bad_and_the_budget_is_time(home: Home) -> None:
    home.api.create_service_level_objective(Name="slow", SliConfig=by_period(), Goal=rolling(1))
    for minute, value in enumerate((50.0, 100.0, 99.9, 200.0), 1):
        home.put("latency", NOW_MS - minute * MINUTE_MS, value)
    [report] = home.report("slow")["Reports"]
    assert (report["TotalBudgetSeconds"], report["BudgetSecondsRemaining"]) == (360, 240)
    assert (report["Attainment"], report["EvaluationType"]) == (50.0, "PeriodBased")
    assert report["Sli"]["SliMetric"]["MetricDataQueries"][0]["Id"] == "m1"


def test_times_that_are_excluded_count_neither_for_good_nor_for_bad(home: Home) -> None:
    home.api.create_service_level_objective(Name="slow", SliConfig=by_period(), Goal=rolling(1))
    for minute in (5, 20):
        home.put("latency", NOW_MS - minute * MINUTE_MS, 200.0)
    window = {"Window": {"DurationUnit": "MINUTE", "Duration": 10}, "StartTime": at(NOW_MS - 25 * MINUTE_MS)}
    answer = home.api.batch_update_exclusion_windows(
        SloIds=["slow", "gone"], AddExclusionWindows=[{**window, "Reason": "move"}]
    )
    assert answer["SloIds"] == ["slow"]
    assert answer["Errors"][0]["ErrorCode"] == "ResourceNotFoundException"
    [report] = home.report("slow")["Reports"]
    assert (report["TotalBudgetSeconds"], report["BudgetSecondsRemaining"]) == (300, 240)
    [kept] = home.api.list_service_level_objective_exclusion_windows(Id="slow")["ExclusionWindows"]
    assert (kept["Reason"], kept["StartTime"]) == ("move", at(NOW_MS - 25 * MINUTE_MS))
    home.api.batch_update_exclusion_windows(SloIds=["slow"], RemoveExclusionWindows=[window])
    assert home.api.list_service_level_objective_exclusion_windows(Id="slow")["ExclusionWindows"] == []
    again = home.api.batch_update_exclusion_windows(SloIds=["slow"], RemoveExclusionWindows=[window])
    assert "does not exist" in again["Errors"][0]["ErrorMessage"]


def test_a_window_comes_back_as_its_schedule_says(home: Home) -> None:
    home.api.create_service_level_objective(Name="slow", SliConfig=by_period(), Goal=rolling(24))
    window = {
        "Window": {"DurationUnit": "HOUR", "Duration": 1},
        "RecurrenceRule": {"Expression": "rate(6 hours)"},
        "StartTime": at(NOW_MS - 48 * 3_600_000),
    }
    home.api.batch_update_exclusion_windows(SloIds=["slow"], AddExclusionWindows=[window])
    home.put("latency", NOW_MS - 6 * 3_600_000 + MINUTE_MS, 200.0)  # within the last of four hours
    home.put("latency", NOW_MS - 2 * 3_600_000, 200.0)
    [report] = home.report("slow")["Reports"]
    assert (report["TotalBudgetSeconds"], report["BudgetSecondsRemaining"]) == (20 * 360, 20 * 360 - 60)
    wrong = {**window, "RecurrenceRule": {"Expression": "now and then"}}
    answer = home.api.batch_update_exclusion_windows(SloIds=["slow"], AddExclusionWindows=[wrong])
    assert answer["Errors"][0]["ErrorCode"] == "ValidationException"


def test_requests_of_a_service_count_by_failure_and_by_time(home: Home) -> None:
    service = {"KeyAttributes": {"Type": "Service", "Name": "shop"}, "OperationName": "GET /cart"}
    at_most = {"MetricThreshold": 200.0, "ComparisonOperator": "LessThanOrEqualTo"}
    answered = {"RequestBasedSliMetricConfig": {**service, "MetricType": "AVAILABILITY"}}
    quick = {"RequestBasedSliMetricConfig": {**service, "MetricType": "LATENCY"}, **at_most}
    each = {**service, "MetricType": "LATENCY", "Statistic": "p90", "PeriodSeconds": 300}
    for name, form in (("answered", answered), ("quick", quick)):
        home.api.create_service_level_objective(Name=name, RequestBasedSliConfig=form, Goal=rolling(1))
    home.api.create_service_level_objective(
        Name="each", SliConfig={"SliMetricConfig": each, **at_most}, Goal=rolling(1)
    )
    for number in range(20):
        took, failed = (300.0 if number < 3 else 100.0), number == 7
        home.requests.made.append((NOW_MS - (number + 2) * MINUTE_MS, "shop", "GET /cart", took, failed))
    home.requests.made.append((NOW_MS - 2 * MINUTE_MS, "shop", "GET /", 900.0, True))
    by_failure, by_time, by_five_minutes = home.report("answered", "quick", "each")["Reports"]
    assert (by_failure["TotalBudgetRequests"], by_failure["BudgetRequestsRemaining"]) == (2, 1)
    assert (by_time["Attainment"], by_time["BudgetStatus"]) == (pytest.approx(85.0), "BREACHED")
    assert by_five_minutes["BudgetSecondsRemaining"] == 360 - 300
    told = home.api.list_service_level_objectives(KeyAttributes={"Name": "shop"}, OperationName="GET /cart")
    assert [one["Name"] for one in told["SloSummaries"]] == ["answered", "each", "quick"]
    assert home.api.list_service_level_objectives(KeyAttributes={"Name": "other"})["SloSummaries"] == []


def test_services_and_operations_are_those_that_had_requests(home: Home) -> None:
    home.requests.made += [(NOW_MS - MINUTE_MS, "shop", name, 1.0, False) for name in ("GET /", "GET /cart")]
    home.requests.made.append((NOW_MS - 2 * 3_600_000, "old", "GET /", 1.0, False))
    window = {"StartTime": at(NOW_MS - 3_600_000), "EndTime": at(NOW_MS)}
    [found] = home.api.list_services(**window)["ServiceSummaries"]
    assert found["KeyAttributes"] == {"Type": "Service", "Name": "shop", "Environment": "generic:default"}
    named = home.api.list_service_operations(KeyAttributes=found["KeyAttributes"], **window)["ServiceOperations"]
    assert sorted(one["Name"] for one in named) == ["GET /", "GET /cart"]
    known = home.api.get_service(KeyAttributes={"Name": "shop"}, **window)["Service"]
    assert known["KeyAttributes"] == found["KeyAttributes"]
    assert refused(home.api.get_service, KeyAttributes={"Name": "old"}, **window)[0] == "ValidationException"


def test_an_objective_is_made_changed_tagged_and_forgotten(home: Home) -> None:
    made = home.api.create_service_level_objective(
        Name="slow", SliConfig=by_period(), Tags=[{"Key": "team", "Value": "a"}]
    )["Slo"]
    assert made["Arn"] == f"arn:aws:application-signals:{REGION}:{ACCOUNT}:slo/slow"
    week = {"RollingInterval": {"DurationUnit": "DAY", "Duration": 7}}
    assert made["Goal"] == {"Interval": week, "AttainmentGoal": 99.0, "WarningThreshold": 50.0}
    again = refused(home.api.create_service_level_objective, Name="slow", SliConfig=by_period())
    assert again == ("ConflictException", "An SLO with the name slow already exists.")
    home.api.update_service_level_objective(Id=made["Arn"], Description="how slow", Goal=rolling(1, 95.0))
    found = home.api.get_service_level_objective(Id="slow")["Slo"]
    assert (found["Description"], found["Goal"]["AttainmentGoal"]) == ("how slow", 95.0)
    assert found["Sli"]["MetricThreshold"] == 100.0  # what was not named stays
    other = refused(home.api.update_service_level_objective, Id="slow", RequestBasedSliConfig=counted())
    assert other[0] == "ValidationException"
    home.api.tag_resource(ResourceArn=made["Arn"], Tags=[{"Key": "tier", "Value": "1"}])
    home.api.untag_resource(ResourceArn=made["Arn"], TagKeys=["team"])
    assert home.api.list_tags_for_resource(ResourceArn=made["Arn"])["Tags"] == [{"Key": "tier", "Value": "1"}]
    home.api.delete_service_level_objective(Id="slow")
    assert refused(home.api.get_service_level_objective, Id="slow")[0] == "ResourceNotFoundException"
    assert refused(home.api.delete_service_level_objective, Id="slow")[0] == "ResourceNotFoundException"
    home.api.create_service_level_objective(Name="slow", SliConfig=by_period())
    assert home.api.list_tags_for_resource(ResourceArn=made["Arn"])["Tags"] == []
    assert home.report("none")["Errors"][0]["ErrorCode"] == "ResourceNotFoundException"


_NO_THRESHOLD = {"RequestBasedSliMetricConfig": {"MetricType": "LATENCY", "KeyAttributes": {"Name": "a"}}}
_NOT_RETURNED = {"SliMetricConfig": {"MetricDataQueries": query("a", ReturnData=False)}}


@pytest.mark.parametrize(
    ("request_", "message"),
    [
        ({}, "Exactly one of SliConfig and RequestBasedSliConfig"),
        ({"SliConfig": by_period(), "RequestBasedSliConfig": counted()}, "Exactly one of SliConfig"),
        ({"SliConfig": by_period(), "Goal": rolling(1, 100.0)}, "cannot use AttainmentGoal 100"),
        ({"SliConfig": by_period(), "Goal": rolling(1, 99.0, WarningThreshold=101.0)}, "WarningThreshold 101"),
        ({"SliConfig": by_period(), "Goal": rolling(9000)}, "above 366 days"),
        ({"SliConfig": {"SliMetricConfig": {"MetricType": "LATENCY"}}}, "MetricThreshold and ComparisonOperator"),
        ({"RequestBasedSliConfig": _NO_THRESHOLD}, "are required for an objective on LATENCY"),
        (
            {"RequestBasedSliConfig": {"RequestBasedSliMetricConfig": {"MetricType": "AVAILABILITY"}}},
            "KeyAttributes must have the Name",
        ),
        (
            {"RequestBasedSliConfig": {"RequestBasedSliMetricConfig": {"TotalRequestCountMetric": query("all")}}},
            "must be specified together",
        ),
        ({"SliConfig": {**by_period(), **_NOT_RETURNED}}, "exactly one element with ReturnData"),
        ({"SliConfig": by_period(), "BurnRateConfigurations": burns(5, 5)}, "twice"),
    ],
)
def test_what_is_no_objective_is_refused(home: Home, request_: dict[str, Any], message: str) -> None:
    code, said = refused(home.api.create_service_level_objective, Name="wrong", **request_)
    assert code == "ValidationException"
    assert message in said


def test_calendar_intervals_follow_each_other_and_months_have_their_length() -> None:
    first = int(datetime(2026, 1, 31, tzinfo=UTC).timestamp() * 1000)
    interval = Interval(Unit.MONTH, 1, first)
    moment = int(datetime(2026, 3, 5, tzinfo=UTC).timestamp() * 1000)
    assert [at(ms).isoformat()[:10] for ms in interval.bounds(moment)] == ["2026-02-28", "2026-03-31"]
    assert interval.bounds(first - 1) == (first, moved(first, Unit.MONTH, 1))
    assert interval.bounds(first)[0] == first
    assert Interval(Unit.DAY, 7).bounds(first) == (first - 7 * 86_400_000, first)


def test_an_objective_tells_metrics_once_a_minute(home: Home) -> None:
    home.api.create_service_level_objective(
        Name="checkout", RequestBasedSliConfig=counted(), Goal=rolling(1), BurnRateConfigurations=burns(60)
    )
    home.put("all", NOW_MS - 10 * MINUTE_MS, 100.0)
    home.put("part", NOW_MS - 10 * MINUTE_MS, 4.0)
    lock = Lock(home.state, home.clock, "objectives")
    minutes = SloMinutes(home.room, home.world.ingest, home.world.registry, lock)  # type: ignore[arg-type] # in memory
    run(minutes.turn())
    assert not any(len(batch.samples) for batch in home.world.ingest.batches)  # without the lock nothing is told
    run(lock.renew())
    run(minutes.turn())
    run(minutes.turn())  # of the same minute nothing more
    rows = [row for batch in home.world.ingest.batches for row in batch.samples.tolist()]
    own = SeriesQuery(namespace="AWS/ApplicationSignals")
    by_id = {one.id: one.identity for one in home.world.registry.find(Scope(), own)}
    told = {(by_id[series].name, by_id[series].dimensions): value for series, _, value in rows}
    assert told == {
        ("AttainmentRate", (("SloName", "checkout"),)): pytest.approx(96.0),
        ("BreachedCount", (("SloName", "checkout"),)): 0.0,
        ("BurnRate", (("BurnRateWindowMinutes", "60"), ("SloName", "checkout"))): pytest.approx(0.4),
    }
    assert {ms for _, ms, _ in rows} == {(NOW_MS - 120_000) // MINUTE_MS * MINUTE_MS}
    assert len(rows) == 3


class Follower:
    """The world's registry, which knows everything at once."""

    def __init__(self, world: World) -> None:
        self.find = world.registry.find

    async def follow(self) -> frozenset[tuple[str, str]]:
        return frozenset()


def test_an_alarm_on_the_budget_fires_as_the_report_burns(home: Home) -> None:
    home.api.create_service_level_objective(
        Name="checkout", RequestBasedSliConfig=counted(), Goal=rolling(1), BurnRateConfigurations=burns(60, 5)
    )
    alarms = AlarmRoom.of(home.state, home.clock)
    windows = [{"LongSeconds": 3600, "ShortSeconds": 300, "Factor": 2.0}]
    for name, objective in (("burns", "checkout"), ("lost", "gone")):
        form = {"ServiceLevelObjective": objective, "Windows": windows}
        run(alarms.store.put(AlarmKind.BURN_RATE, AlarmKey(ACCOUNT, REGION, name), form, {}))
    asks: Any = home.world.reader, Follower(home.world), home.world.rooms.evaluator
    evaluator = AlarmEvaluator(EvaluatorParts(home.state, home.clock, *asks, budgets=home.room))
    run(evaluator.run())
    for minute in range(1, 10):
        home.put("all", home.clock.now_ms() + minute * MINUTE_MS, 100.0)
        home.put("part", home.clock.now_ms() + minute * MINUTE_MS, 30.0)
    home.clock.at_ms += 10 * MINUTE_MS
    run(evaluator.run())
    found = run(alarms.store.named(ACCOUNT, REGION, ["burns", "lost"]))
    assert found["burns"].state.value is StateValue.ALARM
    assert "1 h at 3 and 5 min at 3 (both at least 2)" in found["burns"].state.reason
    assert found["lost"].state.value is StateValue.INSUFFICIENT_DATA
    assert found["lost"].evaluation_state == "EVALUATION_ERROR"
    kept = run(home.room.store.get(home.key("checkout")))
    report = run(home.room.reports.of(kept, home.clock.now_ms()))
    assert [burn.rate for burn in report.burns] == [pytest.approx(3.0), pytest.approx(3.0)]
