"""Sums of hours are kept: a question is answered whole, however many calls there are, and reads each hour once."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import pytest

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import ManualClock
from trimtab.economics.tokens import hours as module
from trimtab.economics.tokens.calls import Calls
from trimtab.economics.tokens.hours import READY_DAYS, KeptSums
from trimtab.economics.tokens.tallies import Sums
from trimtab.genai.call import Call
from trimtab.genai.prices.book import shipped
from trimtab.genai.tokens import Tokens
from trimtab.traces.kept_hours import HOUR_MS, Mark

H = HOUR_MS
DAY = 24 * H
CALL = Call(vendor="openai", model="gpt-4o-2024-08-06", tokens=Tokens(input=1000, output=100), account="a")


class Traces:
    """Calls by the hour (its start, ms), as they are read from spans."""

    def __init__(self, hours: Mapping[int, Calls]) -> None:
        self.hours = dict(hours)
        self.reads: list[int] = []

    async def marks(self, start_ms: int, end_ms: int) -> Mapping[int, Mark]:
        return {hour: (len(one.calls), 1) for hour, one in self.hours.items() if start_ms <= hour < end_ms}

    async def walk(self, start_ms: int, end_ms: int, take: Callable[[Calls], Awaitable[bool]]) -> None:
        for hour in sorted(hour for hour in self.hours if start_ms <= hour < end_ms):
            self.reads.append(hour // H)
            await take(self.hours[hour])


def _calls(hour: int, number: int, *, cut: bool = False) -> tuple[int, Calls]:
    at_ms = hour * H
    calls = [Call(**{**_fields(CALL), "at_ms": at_ms + at, "session": f"s{at_ms + at}"}) for at in range(number)]
    return at_ms, Calls(calls, cut, at_ms)


def _fields(call: Call) -> dict[str, object]:
    return {name: getattr(call, name) for name in call.__struct_fields__}


def _kept(traces: Traces) -> KeptSums:
    return KeptSums(traces, traces.marks, lambda: (shipped(),))  # type: ignore[arg-type] # as far as it is asked


def _ask(kept: KeptSums, first: int, last: int, by: str = "vendor", scope: Scope = EVERYTHING) -> Sums:
    return asyncio.run(kept.over(scope, first * H, last * H, by))


def test_hours_add_up_to_a_range_and_are_read_once() -> None:
    traces = Traces(dict([_calls(1, 3), _calls(2, 4), _calls(30, 5)]))
    kept = _kept(traces)
    for by, names in (("vendor", {"openai"}), ("session", {f"s{hour * H + at}" for hour in (1, 2) for at in range(9)})):
        found = _ask(kept, 0, 24, by)
        assert (
            7 == sum(tally.calls for tally in found.tallies.values()) == sum(one.calls for one in found.models.values())
        )
        assert {group.name for group in found.tallies} <= names
    assert [1, 2] == traces.reads
    assert 12 == sum(tally.calls for tally in _ask(kept, 0, 48).tallies.values())
    assert [0, DAY] == sorted(day for _, day in _ask(kept, 0, 48).bought)
    assert [1, 2, 30] == traces.reads
    traces.hours[2 * H] = _calls(2, 6)[1]
    assert 14 == sum(tally.calls for tally in _ask(kept, 0, 48).tallies.values())
    kept.forget()
    _ask(kept, 0, 24)
    assert [1, 2] == traces.reads[-2:]


def test_a_range_of_more_sums_than_are_kept_is_answered_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_SUMS", 40)
    traces = Traces(dict(_calls(hour, 10) for hour in range(1, 9)))
    kept = _kept(traces)
    for _ in range(2):
        found = _ask(kept, 0, 24, "session")
        assert (80, 80, False) == (len(found.tallies), sum(one.calls for one in found.tallies.values()), found.cut)
    assert len(traces.reads) < 16  # what it begins with was kept


def test_an_hour_of_which_calls_were_not_read_says_so() -> None:
    kept = _kept(Traces(dict([_calls(1, 3), _calls(30, 4, cut=True), _calls(50, 1)])))
    assert [False, True, True] == [_ask(kept, 0, until).cut for until in (24, 48, 72)]


def test_a_scope_sees_its_accounts() -> None:
    kept = _kept(Traces(dict([_calls(1, 3)])))
    assert {} == _ask(kept, 0, 24, scope=Scope(accounts=frozenset({"b"}))).tallies


def test_the_days_that_pages_show_first_are_kept_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock()
    clock.at_ms = 1000 * H
    traces = Traces(dict(_calls(1000 - day * 24 - 1, 4) for day in range(READY_DAYS)))
    kept = _kept(traces)
    asyncio.run(kept.job(clock).work())
    assert READY_DAYS == len(traces.reads)
    _ask(kept, 1000 - READY_DAYS * 24, 1000)
    assert READY_DAYS == len(traces.reads)
    monkeypatch.setattr(module, "MOST_SUMS", 40)  # of very many the newest days, as far as they fit
    asyncio.run(_kept(traces).job(clock).work())
    assert [999, 999 - 24] == traces.reads[READY_DAYS:]
