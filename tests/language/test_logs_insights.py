"""Runs logs_insights.test on an engine; each `query`, `sql` and `fail` is a case."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.language.logs_notation import END_MS, START_MS, Case, Line, cases

from engine_owner import engine_in
from gates import open_gate
from trimtab.access.scope import Scope
from trimtab.base.clock import ManualClock, SystemClock
from trimtab.base.errors import InvalidInput
from trimtab.logs.insights.run import Ask, Found, LogInsights
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.logs.room import LogsRoom
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry
from trimtab.store.telemetry.log import IngestLog

FILE = Path(__file__).parent / "logs_insights.test"
CASES = list(cases(FILE))
ACCOUNT, REGION = "123456789012", "eu-central-1"


class House:
    """The logs room over an engine of its own; groups of a file are written once."""

    def __init__(self, telemetry: Telemetry, state: State, log: IngestLog) -> None:
        clock = ManualClock(END_MS)
        self._room = LogsRoom.of(telemetry, state, log, clock, open_gate())
        self.insights = LogInsights(telemetry, self._room.reader, self._room.groups, clock)
        self._written: dict[str, str] = {}

    async def ask(self, case: Case) -> Found:
        names = [await self._group(name, lines) for name, lines in case.groups.items()]
        ask = Ask(
            case.text, ACCOUNT, REGION, names, START_MS, END_MS, language="SQL" if "sql" in case.command else "CWLI"
        )
        return await self.insights.run(Scope.of(ACCOUNT, REGION), ask)

    async def _group(self, name: str, lines: list[Line]) -> str:
        if name not in self._written:
            group, streams = await self._room.groups.ensure(ACCOUNT, REGION, name, ["stream"])
            events = [LogEvent(line.at_ms, line.message, line.severity) for line in lines]
            await self._room.ingest.write([LogBatch(group, streams[0], events)])
            assert await self._room.reader.fresh(30)
            self._written[name] = name
        return name


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("insights")
    with engine_in(folder / "engine") as telemetry:
        state = State.open("", folder)
        log = IngestLog(folder / "log", telemetry, SystemClock())  # its drain waits in real time
        log.open()
        yield House(telemetry, state, log)
        log.close()
        state.close()


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{FILE.name}:{case.line}") for case in CASES])
def test_what_the_file_says(house: House, case: Case) -> None:
    if case.command.startswith("fail"):
        with pytest.raises(InvalidInput) as problem:
            asyncio.run(house.ask(case))
        for line in case.expected:
            assert line in str(problem.value)
        return
    found = asyncio.run(house.ask(case))
    shown = [place for place, name in enumerate(found.names) if name != "@ptr"]
    rows = [" | ".join("-" if row[place] is None else str(row[place]) for place in shown) for row in found.rows]
    assert case.expected == [" | ".join(found.names[place] for place in shown), *rows]


def test_the_file_has_cases() -> None:
    assert len(CASES) > 100
