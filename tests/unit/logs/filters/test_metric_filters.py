"""Metric filters: what may be put, and what events make of them."""

import asyncio
from collections.abc import Sequence

import pytest

from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput, LimitExceeded, NotFound
from trimtab.base.records import replace
from trimtab.logs.filters.emission import REFRESH_MS, Emission, Measured
from trimtab.logs.filters.metric_filters import MOST_FILTERS, MetricFilter, MetricFilters, check
from trimtab.logs.groups import LogGroups
from trimtab.logs.model import Group, LogBatch, LogEvent
from trimtab.store.state.database import State

WHERE = ("123456789012", "us-east-1")
ERRORS = MetricFilter("errors", "ERROR", "App", "Errors", "1")
SLOW = MetricFilter("slow", "{ $.ms > 100 && $.path = * }", "App", "Slow", "$.ms", dimensions={"Path": "$.path"})
MINUTE = 1_764_072_000_000


@pytest.fixture
def group(state: State, clock: ManualClock) -> Group:
    return asyncio.run(LogGroups(state, clock).create(*WHERE, "g"))


@pytest.fixture
def filters(state: State, clock: ManualClock) -> MetricFilters:
    return MetricFilters(state, clock)


def emitted(
    filters: MetricFilters, clock: ManualClock, group: Group, *batches: Sequence[tuple[int, str]]
) -> list[Measured]:
    found: list[Measured] = []

    async def emit(points: Sequence[Measured]) -> None:
        found.extend(points)

    async def run() -> None:
        emission = Emission(filters, emit, clock)
        _, (stream,) = await LogGroups(filters._state, clock).ensure(*WHERE, group.name, ["s"])
        for events in batches:
            await emission([LogBatch(group, stream, [LogEvent(at, text) for at, text in events])])

    asyncio.run(run())
    return found


def test_matches_are_counted_at_the_times_of_their_events(
    filters: MetricFilters, clock: ManualClock, group: Group
) -> None:
    asyncio.run(filters.put(group, ERRORS))
    found = emitted(filters, clock, group, [(MINUTE, "ERROR a"), (MINUTE, "ERROR b"), (MINUTE + 5, "ok")])
    assert found == [Measured(*WHERE, "App", "Errors", "None", (), MINUTE, 1.0, 2)]


def test_values_and_dimensions_come_from_the_event_and_one_that_lacks_them_says_nothing(
    filters: MetricFilters, clock: ManualClock, group: Group
) -> None:
    asyncio.run(filters.put(group, SLOW))
    events = [(MINUTE, '{"ms": 250.5, "path": "/a"}'), (MINUTE, '{"ms": 50, "path": "/a"}'), (MINUTE, '{"ms": 300}')]
    (point,) = emitted(filters, clock, group, events)
    assert (point.value, point.count, point.dimensions) == (250.5, 1, (("Path", "/a"),))


def test_a_value_may_be_of_a_member_that_the_pattern_does_not_name(
    filters: MetricFilters, clock: ManualClock, group: Group
) -> None:
    asyncio.run(filters.put(group, replace(SLOW, pattern="{ $.ms > 100 }", value="$.size[0]")))
    (point,) = emitted(filters, clock, group, [(MINUTE, '{"ms": 250.5, "path": "/a", "size": [7]}')])
    assert (point.value, point.dimensions) == (7.0, (("Path", "/a"),))


def test_a_minute_with_events_and_no_match_has_the_default_value_once(
    filters: MetricFilters, clock: ManualClock, group: Group
) -> None:
    asyncio.run(filters.put(group, replace(ERRORS, default=0.0)))
    quiet, loud = [(MINUTE + 1, "ok")], [(MINUTE + 60_001, "ERROR")]
    found = emitted(filters, clock, group, quiet, quiet, loud, [(MINUTE + 60_002, "ok")])
    assert [(point.time_ms - MINUTE, point.value) for point in found] == [(0, 0.0), (60_001, 1.0)]


def test_filters_of_other_groups_do_not_count(filters: MetricFilters, clock: ManualClock, group: Group) -> None:
    other = asyncio.run(LogGroups(filters._state, clock).create(*WHERE, "other"))
    asyncio.run(filters.put(other, ERRORS))
    assert emitted(filters, clock, group, [(MINUTE, "ERROR")]) == []


def test_what_another_process_put_is_known_after_a_while(
    filters: MetricFilters, clock: ManualClock, group: Group, state: State
) -> None:
    found: list[Measured] = []

    async def emit(points: Sequence[Measured]) -> None:
        found.extend(points)

    async def run() -> None:
        emission = Emission(filters, emit, clock)
        _, (stream,) = await LogGroups(state, clock).ensure(*WHERE, "g", ["s"])
        batch = LogBatch(group, stream, [LogEvent(MINUTE, "ERROR")])
        await emission([batch])
        await MetricFilters(state, clock).put(group, ERRORS)
        clock.at_ms += REFRESH_MS
        await emission([batch])

    asyncio.run(run())
    assert len(found) == 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (replace(ERRORS, pattern="{ $.a"), "Invalid filter pattern"),
        (replace(ERRORS, value="many"), "expected a number"),
        (replace(SLOW, value="$other"), r"expected one of \$.ms, \$.path"),
        (replace(ERRORS, dimensions={"A": "$.a"}), "only patterns of JSON and of fields"),
        (replace(SLOW, default=0.0), "has no default value"),
        (replace(SLOW, dimensions=dict.fromkeys("abcd", "$.path")), "got 4 dimensions"),
        (replace(SLOW, dimensions={"A": "1"}), "got '1'"),
    ],
)
def test_a_filter_that_could_not_emit_is_refused(wrong: MetricFilter, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        check(wrong)


def test_filters_are_replaced_listed_limited_and_deleted(filters: MetricFilters, group: Group) -> None:
    async def run() -> None:
        for number in range(MOST_FILTERS):
            await filters.put(group, replace(ERRORS, name=f"f{number:03}"))
        await filters.put(group, replace(ERRORS, name="f000", metric="Other"))
        with pytest.raises(LimitExceeded):
            await filters.put(group, replace(ERRORS, name="one more"))
        assert await filters.counts([group.id, 99]) == {group.id: MOST_FILTERS}
        (one,) = await filters.listed(*WHERE, metric=("App", "Other"))
        assert (one.name, one.log_group) == ("f000", "g")
        assert len(await filters.listed(*WHERE, group=group.id, prefix="f00")) == 10
        await filters.delete(group, "f000")
        with pytest.raises(NotFound):
            await filters.delete(group, "f000")

    asyncio.run(run())
