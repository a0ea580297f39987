"""A time line of made-up sources: what is kept, what is counted, what is said of those that do not answer."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from trimtab.access.principal import LOCAL_OPERATOR, Principal, Role
from trimtab.access.scope import RowRule, Scope
from trimtab.base.errors import InvalidInput, NotFound, Unavailable
from trimtab.reports.investigations import timeline
from trimtab.reports.investigations.model import (
    LONGEST_MS,
    MINUTE_MS,
    Entry,
    Inquiry,
    Kind,
    Level,
    Subject,
    TimeLine,
    inquiry_of,
)
from trimtab.reports.investigations.source import EntrySource, Readers
from trimtab.reports.investigations.suspects import windows_of

AT_MS = 1_764_600_000_000
TEAM = Principal("vision", "123456789012", Role.READ, Scope(rows=(RowRule("team", frozenset({"vision"})),)))


def entry(minute: int, title: str, kind: Kind = Kind.CHANGE, weight: float = 1.0, *names: str) -> Entry:
    return Entry(kind=kind, at_ms=AT_MS + minute * MINUTE_MS, title=title, href="/x", weight=weight, names=names)


def source(name: str, *entries: Entry, bound: bool = True, trouble: Exception | None = None, none: bool = False) -> Any:
    async def read(readers: Readers, caller: Principal, inquiry: Inquiry) -> Sequence[Entry] | None:
        if trouble is not None:
            raise trouble
        return None if none else entries

    return EntrySource(name, (Kind.CHANGE,), read, "/connect", bound)


class Runs:
    async def one(self, scope: Scope, job: str) -> Any:
        if job != "48213":
            raise NotFound("no such run")
        return SimpleNamespace(name="train", node_names=("gpu-1",), held=(SimpleNamespace(node="gpu-2"),))


def line(
    monkeypatch: pytest.MonkeyPatch, inquiry: Inquiry, *sources: EntrySource, caller: Principal = LOCAL_OPERATOR
) -> TimeLine:
    monkeypatch.setattr(timeline, "SOURCES", sources)
    readers: Any = SimpleNamespace(runs=Runs())
    return asyncio.run(timeline.time_line(readers, caller, inquiry))


def asked(subject: Subject | None = None, **more: Any) -> Inquiry:
    return inquiry_of(AT_MS, 30 * MINUTE_MS, subject or Subject(), **more)


def test_entries_stand_in_order_of_time_whoever_tells_them(monkeypatch: pytest.MonkeyPatch) -> None:
    found = line(monkeypatch, asked(), source("a", entry(3, "c"), entry(-2, "a")), source("b", entry(1, "b")))
    assert ["a", "b", "c"] == [one.title for one in found.entries]
    assert ({Kind.CHANGE: 3}, 0) == (dict(found.counts), found.left_out)


def test_kinds_that_are_off_are_counted_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    some = source("a", entry(1, "a"), entry(2, "b", Kind.ALARM))
    found = line(monkeypatch, asked(kinds=["alarm"]), some)
    assert ["b"] == [one.title for one in found.entries]
    assert {Kind.CHANGE: 1, Kind.ALARM: 1} == dict(found.counts)
    assert 0 == found.left_out


def test_what_weighs_least_is_left_out_and_what_is_about_the_subject_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    many = [entry(at % 20, f"heavy {at}", Kind.ALARM, 4.0) for at in range(timeline.MOST)]
    found = line(
        monkeypatch, asked(Subject(host="GPU-1")), source("a", *many, entry(0, "mine", Kind.RUN, 0.1, "gpu-1"))
    )
    assert timeline.MOST == len(found.entries)
    assert 1 == found.left_out
    assert ["mine"] == [one.title for one in found.entries if one.about]


def test_only_what_is_about_the_subject(monkeypatch: pytest.MonkeyPatch) -> None:
    some = source("a", entry(1, "mine", Kind.RUN, 1.0, "web"), entry(2, "other", Kind.RUN, 1.0, "web-2"))
    assert ["mine"] == [one.title for one in line(monkeypatch, asked(Subject(service="web"), only=True), some).entries]
    assert 2 == len(line(monkeypatch, asked(only=True), some).entries)  # about nothing is about everything


def test_a_run_is_its_name_and_its_machines(monkeypatch: pytest.MonkeyPatch) -> None:
    some = source("a", entry(1, "on node", Kind.FAULT, 1.0, "gpu-2"), entry(2, "by name", Kind.LOG, 1.0, "train"))
    found = line(monkeypatch, asked(Subject(run="48213")), some)
    assert [True, True] == [one.about for one in found.entries]
    assert ("48213", "train", "gpu-1", "gpu-2") == found.inquiry.names
    unknown = line(monkeypatch, asked(Subject(run="no")), some)
    assert [False, False] == [one.about for one in unknown.entries]


def test_sources_that_tell_nothing_are_named_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    found = line(
        monkeypatch,
        asked(),
        source("traces", none=True),
        source("logs", trouble=Unavailable("the engine is away")),
        source("runs"),
    )
    assert [("traces", "nothing has come yet", "/connect"), ("logs", "did not answer: the engine is away", "")] == [
        (one.name, one.why, one.href) for one in found.absent
    ]


def test_callers_bound_to_tags_are_not_told_what_is_of_the_whole_account(monkeypatch: pytest.MonkeyPatch) -> None:
    some = source("the audit", entry(1, "secret"), bound=False), source("runs", entry(2, "mine"))
    found = line(monkeypatch, asked(), *some, caller=TEAM)
    assert ["mine"] == [one.title for one in found.entries]
    assert ["the audit"] == [one.name for one in found.absent]
    assert "some tags only" in found.absent[0].why


def test_an_inquiry_has_limits() -> None:
    with pytest.raises(InvalidInput, match="expected 1m to 7d"):
        inquiry_of(AT_MS, LONGEST_MS + 1, Subject())
    with pytest.raises(InvalidInput, match="expected 1m to 7d"):
        inquiry_of(AT_MS, MINUTE_MS - 1, Subject())
    with pytest.raises(InvalidInput, match="cannot look for a name this long"):
        inquiry_of(AT_MS, MINUTE_MS, Subject(words=("x" * 257,)))
    with pytest.raises(InvalidInput, match="cannot show 'weather'"):
        inquiry_of(AT_MS, MINUTE_MS, Subject(), kinds=["weather"])
    made = inquiry_of(AT_MS, MINUTE_MS, Subject())
    assert [True, False, True, False] == [made.holds(AT_MS + at) for at in (-MINUTE_MS, -MINUTE_MS - 1, 0, MINUTE_MS)]


def test_keys_tell_entries_apart_and_stay_the_same() -> None:
    first, again, other = entry(1, "a"), entry(1, "a", Kind.CHANGE, 9.0, "more"), entry(1, "b")
    assert first.key == again.key
    assert first.key != other.key
    assert Level.PLAIN is first.level


def test_the_trouble_is_what_came_since_the_moment() -> None:
    made = asked(Subject(service='we"b'))
    trouble, normal = windows_of(made, AT_MS + 10 * MINUTE_MS)
    assert (AT_MS, AT_MS + 10 * MINUTE_MS) == (trouble.start_ms, trouble.end_ms)
    assert (AT_MS - 30 * MINUTE_MS, AT_MS) == (normal.start_ms, normal.end_ms)
    assert 'service("we\\"b")' == trouble.expression == normal.expression
    trouble, normal = windows_of(asked(), AT_MS)  # the moment is now: nothing came since
    assert (AT_MS - 15 * MINUTE_MS, AT_MS) == (trouble.start_ms, trouble.end_ms)
    assert normal.end_ms == trouble.start_ms
