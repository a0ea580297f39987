"""Log alarms: results of scheduled queries, judged as metrics are; by group, after stops, on the past."""

import asyncio
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.alarms.conftest import ACCOUNT, MINUTE, REGION, START, House, run

from gates import open_gate
from trimtab.access.scope import Scope
from trimtab.alarms.evaluator import AlarmEvaluator, EvaluatorParts
from trimtab.alarms.form import read_alarm
from trimtab.alarms.log_query import log_query
from trimtab.alarms.look_logs import results
from trimtab.alarms.model import AlarmKey, AlarmKind, LogAlarm, StateValue
from trimtab.alarms.replay.logs import replay_logs
from trimtab.alarms.replay.model import CannotReplay, Span
from trimtab.alarms.replay.pace import Pace
from trimtab.base.clock import ManualClock, SystemClock
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.logs.insights.run import LogInsights
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.logs.room import LogsRoom
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.log import IngestLog

GROUP = "/app/web"
FIVE = 5 * MINUTE


def form(aggregation: str = "count(*)", query: str = "filter @message like /ERROR/", **more: Any) -> dict[str, Any]:
    """Above 2 in one result of five minutes, unless said otherwise."""
    schedule = {"ScheduleExpression": "rate(5 minutes)", "StartTimeOffset": 300, **more.pop("schedule", {})}
    return {
        "ScheduledQueryConfiguration": {
            "QueryString": query,
            "LogGroupIdentifiers": more.pop("groups", [GROUP]),
            "ScheduledQueryRoleARN": "arn:aws:iam::123456789012:role/logs",
            "ScheduleConfiguration": schedule,
            "AggregationExpression": aggregation,
        },
        "QueryResultsToEvaluate": 1,
        "QueryResultsToAlarm": 1,
        "Threshold": 2.0,
        "ComparisonOperator": "GreaterThanThreshold",
        **more,
    }


def alarm_of(definition: dict[str, Any]) -> LogAlarm:
    """The alarm of a form."""
    found = read_alarm(AlarmKind.LOG, AlarmKey(ACCOUNT, REGION, "errors"), definition)
    assert isinstance(found, LogAlarm)
    return found


class Logs:
    """A logs room with an engine behind it, and what is asked of it."""

    def __init__(self, room: LogsRoom, insights: LogInsights) -> None:
        self.room, self.insights, self.asked = room, insights, 0

    async def run(self, *args: Any) -> Any:
        self.asked += 1
        return await self.insights.run(*args)

    def write(self, *lines: tuple[int, str], group: str = GROUP) -> None:
        """Lines at times (ms after START)."""

        async def written() -> None:
            found, [stream] = await self.room.groups.ensure(ACCOUNT, REGION, group, ["s"])
            events = [LogEvent(START + at, text) for at, text in lines]
            await self.room.ingest.write([LogBatch(found, stream, events)])
            assert await self.room.reader.fresh(30.0)

        run(written())


@pytest.fixture
def logs(engine: Telemetry, state: State, tmp_path: Path) -> Iterator[Logs]:
    """A room over an empty table, whose clock stands still at START."""
    engine.command("TRUNCATE TABLE log_events")
    log = IngestLog(tmp_path / "log", engine, SystemClock())
    log.open()
    clock = ManualClock(START)
    room = LogsRoom.of(engine, state, log, clock, open_gate())
    yield Logs(room, LogInsights(engine, room.reader, room.groups, clock))
    log.close()


@pytest.fixture
def watched(house: House, logs: Logs) -> House:
    """A house whose evaluator sees the logs."""
    house.evaluator = evaluator_of(house, logs)
    return house


def evaluator_of(house: House, logs: Logs) -> AlarmEvaluator:
    """An evaluator that knows nothing yet."""
    parts = EvaluatorParts(house.database, house.clock, house.metrics, house.metrics, house.metrics, logs=logs)
    return AlarmEvaluator(parts)


def put(house: House, name: str = "errors", **given: Any) -> None:
    """Put a log alarm."""
    run(house.room.store.put(AlarmKind.LOG, house.key(name), form(**given), {}))


def test_a_log_alarm_fires_and_recovers_on_its_schedule(watched: House, logs: Logs) -> None:
    put(watched, TreatMissingData="notBreaching")
    logs.write((MINUTE, "INFO fine"), *((FIVE + at, "ERROR disk") for at in (0, 1, MINUTE)), (3 * FIVE, "ERROR disk"))
    watched.evaluate(0.25)
    states = []
    for _ in range(4):
        watched.evaluate(5)
        states.append(watched.state("errors").value)
    assert states == ["OK", "ALARM", "OK", "OK"]
    told = json.loads(watched.history("errors")[1].data)["newState"]
    assert told["stateReason"] == (
        "Threshold Crossed: 1 out of the last 1 datapoint [3.0 (24/11/25 16:05:00)] was greater than the threshold "
        "(2.0) (minimum 1 datapoint for OK -> ALARM transition)."
    )
    assert told["stateReasonData"]["query"] == "filter @message like /ERROR/ | stats count(*)"


def test_each_execution_is_asked_once_also_of_what_was_missed(watched: House, logs: Logs) -> None:
    put(watched, TreatMissingData="notBreaching")
    logs.write(*((at * MINUTE, "ERROR") for at in range(40)))
    watched.evaluate(0.25)
    asked = logs.asked
    watched.evaluate(5)
    watched.evaluate(1)
    assert logs.asked == asked + 1
    watched.evaluate(30)  # six executions at once are one query
    assert logs.asked == asked + 2
    assert watched.state("errors") is StateValue.ALARM
    watched.evaluator = evaluator_of(watched, logs)  # a restart looks at the same results again, and finds the same
    watched.evaluate(5)
    assert [item.summary for item in watched.history("errors")].count("Alarm updated from OK to ALARM") <= 1


def test_groups_are_judged_one_by_one(watched: House, logs: Logs) -> None:
    put(
        watched,
        aggregation="max(ms) by host | sort desc",
        query="parse @message '* took * ms' as host, ms",
        Threshold=9.0,
    )
    logs.write((0, "a took 3 ms"), (1, "b took 30 ms"), (FIVE, "a took 4 ms"), (FIVE + 1, "b took 5 ms"))
    watched.evaluate(0.25)
    watched.evaluate(5)
    assert watched.state("errors") is StateValue.ALARM
    found = json.loads(watched.alarm("errors").contributors or "{}")
    assert {one["attributes"]["host"]: one["state"] for one in found.values()} == {"a": "OK", "b": "ALARM"}
    watched.evaluate(5)
    assert watched.state("errors") is StateValue.OK


@pytest.mark.parametrize(
    ("missing", "expected"),
    [("missing", "INSUFFICIENT_DATA"), ("notBreaching", "OK"), ("breaching", "ALARM"), ("ignore", "INSUFFICIENT_DATA")],
)
def test_a_query_without_results_is_missing_data(watched: House, logs: Logs, missing: str, expected: str) -> None:
    put(watched, TreatMissingData=missing)
    logs.write((0, "INFO"))
    watched.evaluate(0.25)
    watched.evaluate(5)
    assert watched.state("errors").value == expected


def test_an_alarm_on_a_group_that_is_not_there_says_so_until_it_is(watched: House, logs: Logs) -> None:
    put(watched, groups=["/not/yet"], TreatMissingData="notBreaching")
    watched.evaluate(5.25)
    assert watched.alarm("errors").evaluation_state == "EVALUATION_ERROR"
    watched.evaluate(1)
    assert watched.alarm("errors").evaluation_state == "EVALUATION_ERROR"
    logs.write((FIVE, "x"), group="/not/yet")
    watched.evaluate(5)
    assert watched.alarm("errors").evaluation_state is None
    assert watched.state("errors") is StateValue.OK


@pytest.mark.parametrize("aggregation", ["count(*)", "count(*) by host", "sum(n) as total by host, bin(1m)"])
@pytest.mark.parametrize("offset", [300, 360])
def test_many_executions_at_once_give_what_each_gives(logs: Logs, aggregation: str, offset: int) -> None:
    lines = [(at * 37_000, f"{'ab'[at % 2]} did {at}") for at in range(60)]
    logs.write(*lines)
    query = log_query(
        alarm_of(
            form(
                aggregation,
                "parse @message '* did *' as host, n",
                schedule={"StartTimeOffset": offset, "EndTimeOffset": offset - 300},
            )
        )
    )
    assert query.tiled is not None
    times = list(range(START, START + 9 * FIVE, FIVE))

    async def both() -> tuple[Any, Any]:
        gate, scope = asyncio.Semaphore(4), Scope.of(ACCOUNT, REGION)
        at_once = await results(logs, scope, query, times, gate)
        apart = await results(logs, scope, replace(query, tiled=None), times, gate)
        return at_once, apart

    at_once, apart = run(both())
    assert at_once == apart
    assert any(apart.values())


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"aggregation": "count(*), avg(x)"}, "one aggregate"),
        ({"aggregation": "count(*"}, "Invalid syntax"),
        ({"query": "fliter x"}, "Invalid syntax"),
        ({"schedule": {"ScheduleExpression": "cron(0 9 * * ? *)"}}, "rate expression"),
        ({"schedule": {"EndTimeOffset": 300}}, "less than StartTimeOffset"),
        ({"groups": ["arn:aws:logs:us-east-1:999999999999:log-group:theirs"]}, "its own account"),
        ({"groups": []}, "LogGroupIdentifiers"),
    ],
)
def test_what_cannot_be_run_is_refused_when_it_is_put(house: House, given: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        put(house, **given)


def test_the_past_of_a_log_alarm_is_replayed_with_one_query(logs: Logs) -> None:
    logs.write(*((FIVE * 3 + at, "ERROR") for at in range(5)), (FIVE * 6, "ERROR"))
    alarm = alarm_of(form(TreatMissingData="notBreaching"))
    end = START + 12 * FIVE
    found = run(replay_logs(logs, alarm, Pace(Span(START, end, end), 60, 15_000)))
    assert logs.asked == 1
    alarms = [int(time) - START for time, code in zip(found.times, found.codes, strict=True) if code == 2]
    assert alarms == [4 * FIVE]
    assert [value for value in found.trace.values.tolist() if not math.isnan(value)] == [5.0, 1.0]
    overlapping = alarm_of(form(schedule={"StartTimeOffset": 3600}))
    with pytest.raises(CannotReplay, match="shorter range"):
        run(replay_logs(logs, overlapping, Pace(Span(START - 10**9, end, end), 60, 15_000)))
