"""Made and damaged queries and filter patterns: an answer or a clear error, and nothing of them in the statement.

FUZZ=100000 for the proof. Each text is planned; of the plans one in so many is asked of an engine, over a few events.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest
from tests.unit.logs.conftest import NOW
from tests.unit.logs.insights.made_queries import DAMAGE, MARK, Maker
from tests.unit.logs.insights.test_made_queries import MESSAGES

from trimtab.access.scope import EVERYTHING
from trimtab.base.errors import InvalidInput
from trimtab.logs.fields import Parameters
from trimtab.logs.filters.condition import condition
from trimtab.logs.filters.match import matcher
from trimtab.logs.insights.lexer import QueryProblem
from trimtab.logs.insights.plan import plan
from trimtab.logs.insights.run import Ask, LogInsights, parse_in
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.logs.read import EventQuery
from trimtab.logs.room import LogsRoom
from trimtab.store.telemetry.client import Telemetry

FUZZ = int(os.environ.get("FUZZ", "2000"))
ASKED = int(os.environ.get("FUZZ_ASKED", "80"))  # that the engine answers, of queries and of patterns
PIECES = (
    *("{", "}", "$", ".zq", "[0]", "=", "!=", "<", ">=", "&&", "||", "(", ")", "IS", "NULL", "NOT", "EXISTS", "TRUE"),
    *('"zq"', "zq*", "*", "%zq+%", "%", "?zq", "-zq", "[", "]", ",", "...", "zq", "404", "-1.5", "1e3", " ", "\\", "'"),
    *("`zq`", "{q0:String}", "--", "\n", "é", "\x00", '"'),
)

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300 if FUZZ <= 2000 else 3600)]


def queries() -> Iterator[tuple[str, str]]:
    """Language and text: half of them made by the grammar, half damaged, some of them taken for SQL."""
    for number in range(FUZZ):
        maker = Maker(1_000_000 + number)
        text = maker.query() if number % 2 else maker.damaged()
        sql = number % 10 == 9
        yield "SQL" if sql else "CWLI", _as_sql(text, Random(number)) if sql else text


def _as_sql(text: str, chance: Random) -> str:
    parts = [part.strip().partition(" ")[2] or "zq" for part in text.split("|")]
    made = (
        f"SELECT {parts[0]} FROM logs WHERE {parts[-1]} GROUP BY {chance.choice(parts)} LIMIT {chance.choice(DAMAGE)}"
    )
    return made[: chance.randrange(10, len(made) + 1)]


def patterns() -> Iterator[str]:
    """Half of them in the order of the grammar, half with pieces in any order."""
    for number in range(FUZZ):
        chance = Random(number)
        if number % 2:
            yield _made_pattern(chance)
            continue
        pieces = chance.choices(PIECES, k=chance.randint(1, 14))
        before, behind = chance.choice((("{ ", " }"), ("[", "]"), ("", ""), ("", "")))
        yield before + chance.choice((" ", "")).join(pieces) + behind


def _made_pattern(chance: Random) -> str:
    def test(of: str) -> str:
        value = chance.choice(('"zq"', "zq*", "404", "-1.5", '"*zq\'*"', "%zq+%", '"zq`"', "*"))
        return f"{of} {chance.choice(('=', '!='))} {value}"

    kind = chance.randrange(3)
    if kind == 0:
        terms = ("zq", '"zq -- \'"', "-zq", "?zq", "%zq[0-9]%", '"\\\\zq"', "zq%")
        return " ".join(chance.choices(terms, k=chance.randint(1, 5)))
    if kind == 1:
        slots = (test("zq"), "zq", "...", "zq > 5", test("zq") + " && " + test("zq"))
        return f"[{', '.join(chance.choices(slots, k=chance.randint(1, 5)))}]"
    paths = ("$.zq", "$.zq[0].b", "$.['zq d']", "$.zqa[1]")
    tests = [
        chance.choice((test(path), f"{path} IS NULL", f"{path} NOT EXISTS")) for path in chance.choices(paths, k=3)
    ]
    return f"{{ ({tests[0]} {chance.choice(('&&', '||'))} {tests[1]}) && {tests[2]} }}"


async def fill(room: LogsRoom) -> None:
    group, streams = await room.groups.ensure("1", "eu", "g", ["s"])
    events = [LogEvent(NOW - 60_000 * place, message) for place, message in enumerate(MESSAGES, 1)]
    await room.ingest.write([LogBatch(group, streams[0], events)])
    assert await room.reader.fresh(30)


def test_queries(room: LogsRoom, engine: Telemetry) -> None:
    insights = LogInsights(engine, room.reader, room.groups, room.clock)
    told: Counter[str] = Counter()

    async def ask_all() -> None:
        await fill(room)
        for language, text in queries():
            try:
                made = plan(parse_in(language, text), lambda _: "1", Parameters(), NOW)
            except QueryProblem as problem:
                assert 0 <= problem.start < problem.end
                told["refused"] += 1
                continue
            told["planned"] += 1
            assert MARK not in made.sql, text
            assert MARK not in (made.matched or ""), text
            if told["planned"] % max(FUZZ // ASKED // 3, 1):
                continue
            try:
                await insights.run(EVERYTHING, Ask(text, "1", "eu", ["g"], NOW - 3_600_000, NOW, language=language))
                told["answered"] += 1
            except InvalidInput:
                told["refused by the engine"] += 1

    began = time.monotonic()
    asyncio.run(ask_all())
    print(f"{FUZZ} queries in {time.monotonic() - began:.0f} s: {dict(told)}")
    assert told["planned"] > FUZZ / 10
    assert told["answered"] > ASKED / 4


def test_patterns(room: LogsRoom) -> None:
    told: Counter[str] = Counter()

    async def ask_all() -> None:
        await fill(room)
        group = await room.groups.get("1", "eu", "g")
        events = (await room.reader.page(EVERYTHING, [group], EventQuery())).events
        for text in patterns():
            try:
                where, params = condition(text)
                match = matcher(text)
            except InvalidInput:
                told["refused"] += 1
                continue
            told["read"] += 1
            assert MARK not in where, text
            wanted = [event.id for event in events if match(event.message) is not None]
            if told["read"] % max(FUZZ // ASKED // 3, 1):
                continue
            page = await room.reader.page(EVERYTHING, [group], EventQuery(where=where, params=params))
            assert [event.id for event in page.events] == wanted, text
            told["answered"] += 1

    began = time.monotonic()
    asyncio.run(ask_all())
    print(f"{FUZZ} patterns in {time.monotonic() - began:.0f} s: {dict(told)}")
    assert told["read"] > FUZZ / 20
    assert told["answered"] > ASKED / 8
