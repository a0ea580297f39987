"""Investigations that are kept: who sees them, their notes, their limits, and the report of one."""

import asyncio

import pytest

from trimtab.access.principal import LOCAL_OPERATOR, Principal, Role
from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.base.clock import ManualClock
from trimtab.base.errors import InvalidInput, LimitExceeded, NotFound
from trimtab.reports.investigations import store as stores
from trimtab.reports.investigations.document import document_of
from trimtab.reports.investigations.kept import is_seen_by
from trimtab.reports.investigations.model import Absent, Entry, Kind, Level, Subject, TimeLine, inquiry_of
from trimtab.reports.investigations.store import InvestigationStore
from trimtab.reports.written.document import Document
from trimtab.store.state.database import State

HOME, OTHER = "123456789012", "222222222222"
AT_MS = 1_764_600_000_000
INQUIRY = inquiry_of(AT_MS, 60_000, Subject(host="gpu-1", words=("chat",)))
FAULT = Entry(
    kind=Kind.FAULT, at_ms=AT_MS, title="XID 79 on gpu-1", href="/gpu-health", level=Level.BAD, weight=4.0,
    names=("gpu-1",), about=True,
)  # fmt: skip
VISION = (RowRule("team", frozenset({"vision"})),)


def somebody(account: str | None, rows: tuple[RowRule, ...] = ()) -> Principal:
    scope = Scope(None if account is None else frozenset({account}), rows=rows)
    return Principal("ana", account, Role.WRITE, scope)


@pytest.fixture
def kept(state: State) -> InvestigationStore:
    return InvestigationStore(state, ManualClock(AT_MS), HOME)


def test_one_comes_back_as_it_was_kept(kept: InvestigationStore) -> None:
    made = asyncio.run(kept.keep(somebody(OTHER, VISION), "  slow chat ", INQUIRY))
    found = asyncio.run(kept.get(somebody(OTHER, VISION).scope, made.id))
    assert made == found
    assert ("slow chat", OTHER, AT_MS, 60_000, "ana") == (
        found.name, found.account, found.at_ms, found.around_ms, found.created_by,
    )  # fmt: skip
    assert Subject(host="gpu-1", words=("chat",)) == found.subject
    assert HOME == asyncio.run(kept.keep(LOCAL_OPERATOR, "mine", INQUIRY)).account


def test_notes_and_pins_are_kept_in_order_and_removed(kept: InvestigationStore) -> None:
    made = asyncio.run(kept.keep(LOCAL_OPERATOR, "one", INQUIRY))
    note = asyncio.run(kept.note(LOCAL_OPERATOR, made.id, " It was the database. "))
    asyncio.run(kept.note(LOCAL_OPERATOR, made.id, "", FAULT))
    found = asyncio.run(kept.get(EVERYTHING, made.id))
    assert {("It was the database.", None), ("", FAULT)} == {(one.text, one.entry) for one in found.notes}
    asyncio.run(kept.remove_note(EVERYTHING, made.id, note.id))
    assert [FAULT] == [one.entry for one in asyncio.run(kept.get(EVERYTHING, made.id)).notes]
    with pytest.raises(NotFound, match="cannot find the note"):
        asyncio.run(kept.remove_note(EVERYTHING, made.id, note.id))
    asyncio.run(kept.remove(EVERYTHING, made.id))
    with pytest.raises(NotFound, match="cannot find the investigation"):
        asyncio.run(kept.get(EVERYTHING, made.id))


def test_names_and_notes_have_limits(kept: InvestigationStore, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (" ", "x" * 201):
        with pytest.raises(InvalidInput, match="expected a name of 1 to 200 letters"):
            asyncio.run(kept.keep(LOCAL_OPERATOR, name, INQUIRY))
    made = asyncio.run(kept.keep(LOCAL_OPERATOR, "one", INQUIRY))
    for text in ("", "x" * 8_001):
        with pytest.raises(InvalidInput, match="cannot add the note"):
            asyncio.run(kept.note(LOCAL_OPERATOR, made.id, text))
    monkeypatch.setattr(stores, "MOST_NOTES", 1)
    monkeypatch.setattr(stores, "MOST_INVESTIGATIONS", 1)
    asyncio.run(kept.note(LOCAL_OPERATOR, made.id, "one"))
    with pytest.raises(LimitExceeded, match="cannot add the note: there are 1"):
        asyncio.run(kept.note(LOCAL_OPERATOR, made.id, "two"))
    with pytest.raises(LimitExceeded, match="cannot keep the investigation: there are 1"):
        asyncio.run(kept.keep(LOCAL_OPERATOR, "two", INQUIRY))
    asyncio.run(kept.keep(somebody(OTHER), "of another account", INQUIRY))


@pytest.mark.parametrize(
    ("viewer", "maker", "seen"),
    [
        (somebody(None), somebody(OTHER), True),
        (somebody(OTHER), somebody(OTHER), True),
        (somebody(HOME), somebody(OTHER), False),
        (somebody(HOME), somebody(None), False),
        (somebody(OTHER), somebody(OTHER, VISION), True),
        (somebody(OTHER, VISION), somebody(OTHER, VISION), True),
        (somebody(OTHER, VISION), somebody(OTHER), False),
        (somebody(OTHER, (RowRule("team", frozenset({"audio"})),)), somebody(OTHER, VISION), False),
    ],
)
def test_who_sees_less_than_the_maker_does_not_find_it(
    kept: InvestigationStore, viewer: Principal, maker: Principal, seen: bool
) -> None:
    made = asyncio.run(kept.keep(maker, "one", INQUIRY))
    assert seen is is_seen_by(viewer.scope, maker.scope)
    assert ([made.id] if seen else []) == [one.id for one in asyncio.run(kept.listed(viewer.scope))]
    if not seen:
        scope = viewer.scope
        for deed in (kept.get(scope, made.id), kept.remove(scope, made.id), kept.note(viewer, made.id, "x")):
            with pytest.raises(NotFound, match="cannot find the investigation"):
                asyncio.run(deed)


def test_regions_are_part_of_what_is_seen() -> None:
    of_one = Scope(regions=frozenset({"eu-west-1"}))
    assert is_seen_by(EVERYTHING, of_one)
    assert not is_seen_by(of_one, EVERYTHING)


def report(kept: InvestigationStore, *pinned: Entry) -> Document:
    made = asyncio.run(kept.keep(LOCAL_OPERATOR, "slow chat", INQUIRY))
    for one in pinned:
        asyncio.run(kept.note(LOCAL_OPERATOR, made.id, "look", one))
    change = Entry(kind=Kind.CHANGE, at_ms=AT_MS - 1, title="ana: UpdateEndpoint chat", href="/audit", weight=1.0)
    line = TimeLine(INQUIRY, [change, FAULT], {}, [Absent("traces", "nothing has come yet")], 0)
    return document_of(asyncio.run(kept.get(EVERYTHING, made.id)), line, AT_MS + 5)


def test_the_report_begins_with_what_is_pinned_else_with_the_worst(kept: InvestigationStore) -> None:
    plain = report(kept)
    assert ["2025-12-01T14:40:00Z: XID 79 on gpu-1", "2025-12-01T14:39:59.999Z: ana: UpdateEndpoint chat"] == [
        one.text for one in plain.facts
    ]
    assert ["bad", ""] == [one.tone for one in plain.facts]
    assert ["Time line"] == [one.title for one in plain.sections]
    assert ("host gpu-1, chat", AT_MS - 60_000, AT_MS + 60_000) == (plain.about, plain.start_ms, plain.end_ms)
    assert [("traces", None, "nothing has come yet")] == [(one.what, one.until_ms, one.note) for one in plain.ages]
    pinned = report(kept, FAULT)
    assert ["2025-12-01T14:40:00Z: XID 79 on gpu-1"] == [one.text for one in pinned.facts]
    assert ["Notes", "Pinned", "Time line"] == [one.title for one in pinned.sections]
    assert "2025-12-01T14:40:00Z, local: look (on: XID 79 on gpu-1)" == pinned.sections[0].said[0].text
