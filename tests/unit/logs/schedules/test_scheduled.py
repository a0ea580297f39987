import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.unit.notify.receiver import receiving

from gates import open_gate
from trimtab.base.clock import ManualClock
from trimtab.base.errors import Conflict, InvalidInput, NotFound
from trimtab.base.records import replace
from trimtab.events.outbox import Event, Outbox
from trimtab.logs.forwarding.payload import unpack
from trimtab.logs.forwarding.queue import ForwardQueue
from trimtab.logs.forwarding.send import HttpForwards
from trimtab.logs.insights.lexer import QueryProblem
from trimtab.logs.insights.run import LogInsights
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.logs.room import LogsRoom
from trimtab.logs.schedules.delivery import Deliveries
from trimtab.logs.schedules.job import ScheduledRuns
from trimtab.logs.schedules.model import Delivery, ScheduledQuery, Status
from trimtab.logs.schedules.store import KEPT_RUNS, ScheduledQueries, begin
from trimtab.notify.transport.http import HttpTransport
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry

NOW = 1_764_072_000_000  # 2025-11-25T12:00:00Z
ACCOUNT, REGION = "123456789012", "eu-west-1"
COUNT = ScheduledQuery("", ACCOUNT, REGION, "errors", "stats count(*) as n", ("g",), "rate(5 minutes)")


@dataclass
class Bench:
    store: ScheduledQueries
    job: ScheduledRuns
    room: LogsRoom
    tables: list[tuple[str, Sequence[str]]]

    async def run(self, query: ScheduledQuery) -> tuple[Status, object, Delivery]:
        """Create a query, let five minutes pass, run it, and answer what became of it."""
        made = await self.store.create(query)
        assert isinstance(self.room.clock, ManualClock)
        self.room.clock.advance(300)
        assert 1 == await self.job.turn()
        assert 0 == await self.job.turn()
        (run,) = await self.store.history(made, 0, NOW * 2)
        _, _, result = await self.store.run(ACCOUNT, REGION, run.id)
        return run.status, unpack(result) if result else run.error, run.delivery


@pytest.fixture
def bench(room: LogsRoom, state: State, engine: Telemetry, clock: ManualClock, tmp_path: Path) -> Bench:
    tables: list[tuple[str, Sequence[str]]] = []

    async def put_table(
        account: str, region: str, name: str, columns: Sequence[str], rows: Sequence[Sequence[str | None]]
    ) -> None:
        tables.append((name, columns))

    queue = ForwardQueue(state, clock)
    insights = LogInsights(engine, room.reader, room.groups, clock)
    job = ScheduledRuns(state, insights, Deliveries(queue.put, put_table, tmp_path / "exports"), clock)
    return Bench(ScheduledQueries(state, clock, open_gate()), job, room, tables)


async def write(room: LogsRoom, *messages: str, at_ms: int = NOW) -> None:
    group, (stream,) = await room.groups.ensure(ACCOUNT, REGION, "g", ["s"])
    await room.ingest.write([LogBatch(group, stream, [LogEvent(at_ms, text) for text in messages])])
    assert await room.reader.fresh(30)


def test_a_query_runs_when_it_is_due_and_its_result_is_kept(bench: Bench, state: State) -> None:
    told: list[Event] = []

    async def handle(event: Event) -> None:
        told.append(event)

    async def scenario() -> None:
        box = Outbox(state)
        await box.subscribe("test", handle)
        await write(bench.room, "a", "b")
        assert (Status.COMPLETE, {"columns": ["n"], "rows": [["2"]]}, Delivery.NONE) == await bench.run(COUNT)
        await box.deliver()

    asyncio.run(scenario())
    (event,) = told
    assert ("logs.query_finished", "Complete", 1) == (event.kind, event.body["status"], event.body["rows"])


def test_a_run_reads_what_its_offsets_say(bench: Bench) -> None:
    async def scenario() -> None:
        for minutes in (1, 5, 9):  # the run is at NOW + 5 min and reads from NOW - 5 min to NOW + 1 min
            await write(bench.room, str(minutes), at_ms=NOW - minutes * 60_000)
        query = replace(COUNT, query="fields @message | sort @message", start_offset_s=600, end_offset_s=240)
        status, result, _ = await bench.run(query)
        assert (Status.COMPLETE, {"columns": ["@message", "@ptr"]}) == (status, {"columns": result["columns"]})  # type: ignore[index]  # JSON
        assert ["1", "5"] == [row[0] for row in result["rows"]]  # type: ignore[index]  # JSON

    asyncio.run(scenario())


def test_of_missed_runs_the_newest_is_made_up_for(bench: Bench, clock: ManualClock) -> None:
    async def scenario() -> None:
        await write(bench.room, "a")
        made = await bench.store.create(COUNT)
        clock.advance(3_700)
        assert 1 == await bench.job.turn()
        (run,) = await bench.store.history(made, 0, NOW * 2)
        assert NOW + 3_600_000 == run.triggered_ms
        assert NOW + 3_900_000 == (await bench.store.get(ACCOUNT, REGION, "errors")).next_ms

    asyncio.run(scenario())


def test_schedules_begin_and_end_and_can_be_turned_off(bench: Bench, clock: ManualClock) -> None:
    async def scenario() -> None:
        made = await bench.store.create(replace(COUNT, start_ms=NOW + 60_000, end_ms=NOW + 400_000))
        assert NOW + 60_000 == made.next_ms
        clock.advance(60)
        assert 1 == await bench.job.turn()
        assert NOW + 360_000 == (await bench.store.get(ACCOUNT, REGION, made.arn)).next_ms
        clock.advance(600)
        assert 1 == await bench.job.turn()
        assert (await bench.store.get(ACCOUNT, REGION, made.id)).next_ms is None
        off = await bench.store.change(replace(made, enabled=False, end_ms=None))
        assert off.next_ms is None
        assert [] == await bench.store.listed(ACCOUNT, REGION, enabled=True)

    asyncio.run(scenario())


def test_what_fails_says_why(bench: Bench) -> None:
    async def scenario() -> None:
        status, why, _ = await bench.run(replace(COUNT, groups=("missing",)))
        assert Status.INVALID is status
        assert "missing" in str(why)

    asyncio.run(scenario())


def test_results_go_to_a_url_durably(bench: Bench, state: State, clock: ManualClock) -> None:
    async def scenario() -> None:
        await write(bench.room, "a")
        with receiving() as receiver:
            receiver.statuses = [503]
            status, _, delivery = await bench.run(replace(COUNT, destination=receiver.url))
            assert (Status.COMPLETE, Delivery.IN_PROGRESS) == (status, delivery)
            sending = HttpForwards(ForwardQueue(state, clock), HttpTransport(open_gate()))
            assert 1 == await sending.turn()
            clock.advance(10)
            assert 1 == await sending.turn()
            (_, first, body), (_, second, _) = receiver.requests
            assert first["x-trimtab-delivery"] == second["x-trimtab-delivery"]
            document = json.loads(body)
            assert ("errors", ["n"], [["1"]]) == (document["scheduledQuery"], document["columns"], document["rows"])
        query = await bench.store.get(ACCOUNT, REGION, "errors")
        (run,) = await bench.store.history(query, 0, NOW * 2)
        assert (Delivery.COMPLETE, first["x-trimtab-delivery"]) == (run.delivery, run.id)

    asyncio.run(scenario())


def test_results_go_into_a_log_group_a_folder_and_a_table(bench: Bench, tmp_path: Path) -> None:
    async def scenario() -> None:
        await write(bench.room, "a")
        target, _ = await bench.room.groups.ensure(ACCOUNT, REGION, "results", [])
        await bench.run(replace(COUNT, destination=target.arn))
        assert 1 == await bench.room.forwarding.into_groups.turn()
        assert await bench.room.reader.fresh(30)
        assert {target.id: len('{"n": "1"}')} == await bench.room.reader.stored_bytes([target])
        await bench.store.delete(await bench.store.get(ACCOUNT, REGION, "errors"))
        assert Delivery.COMPLETE is (await bench.run(replace(COUNT, name="b", destination="folder:out")))[2]
        (file,) = (tmp_path / "exports" / "out" / "b").iterdir()
        assert '{"n":"1"}\n' == file.read_text()
        await bench.store.delete(await bench.store.get(ACCOUNT, REGION, "b"))
        assert Delivery.COMPLETE is (await bench.run(replace(COUNT, name="c", destination="lookup:t")))[2]
        assert [("t", ("n",))] == bench.tables

    asyncio.run(scenario())


def test_a_run_that_died_with_its_process_failed(bench: Bench, state: State, clock: ManualClock) -> None:
    async def scenario() -> None:
        made = await bench.store.create(COUNT)
        clock.advance(300)
        await state.change(lambda connection: begin(connection, made, NOW + 300_000, NOW + 600_000))
        assert 0 == await bench.job.turn()
        (run,) = await bench.store.history(made, 0, NOW * 2)
        assert (Status.FAILED, "trimtab stopped while the query ran") == (run.status, run.error)

    asyncio.run(scenario())


def test_old_runs_are_forgotten(bench: Bench, clock: ManualClock) -> None:
    async def scenario() -> None:
        await write(bench.room, "a")
        made = await bench.store.create(replace(COUNT, groups=("missing",), expression="rate(1 minute)"))
        for _ in range(KEPT_RUNS + 5):
            clock.advance(60)
            assert 1 == await bench.job.turn()
        assert KEPT_RUNS == len(await bench.store.history(made, 0, NOW * 2, limit=1000))

    asyncio.run(scenario())


@pytest.mark.parametrize(
    "change",
    [
        {"expression": "daily"},
        {"zone": "Mars"},
        {"start_offset_s": 0},
        {"end_offset_s": 3600},
        {"language": "PPL"},
        {"destination": "ftp://x"},
        {"destination": "folder:../up"},
        {"destination": "http://169.254.169.254/"},
        {"destination": "arn:aws:logs:eu-west-1:000000000000:log-group:g"},
        {"destination": "lookup:a b"},
    ],
)  # fmt: skip - a table
def test_wrong_queries_are_refused(bench: Bench, change: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        asyncio.run(bench.store.create(replace(COUNT, **change)))  # type: ignore[arg-type]  # members by name


def test_names_are_of_one_query(bench: Bench) -> None:
    async def scenario() -> None:
        made = await bench.store.create(COUNT)
        with pytest.raises(Conflict):
            await bench.store.create(COUNT)
        with pytest.raises(QueryProblem):
            await bench.store.change(replace(made, query="nonsense |"))
        await bench.store.delete(made)
        with pytest.raises(NotFound):
            await bench.store.get(ACCOUNT, REGION, "errors")
        with pytest.raises(NotFound):
            await bench.store.change(made)

    asyncio.run(scenario())
