"""What is new, gone or changed; and the same from events in the engine."""

import asyncio

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import ManualClock
from trimtab.logs.explore import DIGITS, LogExplorer, Question
from trimtab.logs.groups import LogGroups
from trimtab.logs.model import LogBatch, LogEvent
from trimtab.logs.patterns.compare import Change, Counted, change_of, compare, pieces
from trimtab.logs.patterns.mask import mask
from trimtab.logs.room import LogsRoom

HOUR = 3_600_000


@pytest.mark.parametrize(
    ("before", "now", "change"),
    [
        (0, 1, Change.NEW), (5, 0, Change.GONE), (100, 105, Change.SAME), (100, 250, Change.MORE),
        (250, 100, Change.LESS), (1, 3, Change.SAME), (1000, 1600, Change.SAME),
    ],
)  # fmt: skip
def test_a_change_is_a_large_one_that_chance_does_not_explain(before: int, now: int, change: Change) -> None:
    assert change_of(before, now) is change


def test_new_patterns_come_first_and_the_serious_of_them_before_others() -> None:
    rows = [
        Counted("steady", 0, 50, "steady"),
        Counted("steady", 2, 50, "steady"),
        Counted("hello", 2, 9, "hello"),
        Counted("ERROR lost", 3, 1, "ERROR lost"),
        Counted("over", 1, 4, "over"),
    ]
    found = compare(rows, 2)
    assert [(one.template, one.change, one.counts, one.before) for one in found] == [
        ("ERROR lost", Change.NEW, [0, 1], 0),
        ("hello", Change.NEW, [9, 0], 0),
        ("steady", Change.SAME, [50, 0], 50),
        ("over", Change.GONE, [0, 0], 4),
    ]


def test_nothing_is_new_where_nothing_was_known_before() -> None:
    (one,) = compare([Counted("hello", 1, 9, "hello")], 1)
    assert one.change is Change.SAME


@given(st.text(alphabet="abcdefgxyz 0123456789./:=()-,%_ABF#", max_size=60))
def test_numbers_are_all_alike_to_the_rules(line: str) -> None:
    assert mask(re2.sub(DIGITS, "0", line)) == mask(line)


def test_pieces_are_what_stands_between_the_variables() -> None:
    assert pieces("Received <*> of size <*>", "<*>") == ["Received", "of size"]


def test_patterns_of_events_are_counted_over_time_and_compared(room: LogsRoom, clock: ManualClock) -> None:
    now = clock.at_ms

    async def check() -> None:
        group, (stream,) = await room.groups.ensure("1", "us-east-1", "app", ["s"])
        events = [LogEvent(now - 2 * HOUR + n, f"GET /item/{n} took {n} ms") for n in range(20)]
        events += [LogEvent(now - HOUR + n, f'{{"message": "GET /item/{n} took {n} ms", "n": {n}}}') for n in range(15)]
        events += [LogEvent(now - 60_000, f"ERROR cannot reach db-{n}.internal: refused") for n in range(3)]
        await room.ingest.write([LogBatch(group, stream, events)])
        assert await room.reader.fresh(8)
        explorer: LogExplorer = room.explorer
        asked = Question(await explorer.groups(EVERYTHING), now - HOUR, now)
        assert await explorer.histogram(EVERYTHING, asked, 4) == [15, 0, 0, 3]
        found = await explorer.patterns(EVERYTHING, asked, 4)
        assert [(one.template, one.change, one.severity, one.counts, one.before) for one in found.patterns] == [
            ("ERROR cannot reach <*>: refused", Change.NEW, "error", [0, 0, 0, 3], 0),
            ("GET <*> took <*>", Change.SAME, "", [15, 0, 0, 0], 20),
        ]
        assert (found.lines, found.one_in) == (38, 1)

    asyncio.run(check())


def test_groups_of_all_accounts_are_listed(room: LogsRoom) -> None:
    async def check() -> None:
        groups: LogGroups = room.groups
        await groups.create("2", "eu", "b")
        await groups.create("1", "us", "a")
        assert [one.name for one in await room.explorer.groups(EVERYTHING)] == ["a", "b"]

    asyncio.run(check())
