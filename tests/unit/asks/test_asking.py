"""Owners are asked once about each subject, the dearest first, and get a digest on Mondays."""

import asyncio
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from trimtab.access.scope import EVERYTHING, RowRule, Scope
from trimtab.asks import asking as module
from trimtab.asks.asking import Asking
from trimtab.asks.model import ASKED, DAY_MS, DIGEST, Answer, Ask, Kind, Subject
from trimtab.asks.store import AskStore, put
from trimtab.base.clock import ManualClock
from trimtab.base.errors import NotFound, TrimtabError, Unavailable
from trimtab.base.records import replace
from trimtab.jobs.lock import Lock
from trimtab.store.state.database import State
from trimtab.store.state.tables import outbox

WEDNESDAY, MONDAY = 1_764_158_400_000, 1_764_547_200_000  # 2025-11-26 12:00, 2025-12-01 00:00 UTC
HOUR_MS = 3_600_000


def subject(id_: str = "f1", owner: str = "ml", worth: int | None = 10, **more: Any) -> Subject:
    """A finding of an owner."""
    known = None if worth is None else Decimal(worth)
    return Subject(
        kind=Kind.FINDING, id=id_, owner=owner, account="111122223333", title=f"{id_} idles", worth=known,
        currency="USD", link=f"/advice/{id_}", **more,
    )  # fmt: skip


class Owners:
    """A room of asking over what a test says is there."""

    def __init__(self, state: State, clock: ManualClock) -> None:
        self.state, self.clock, self.store = state, clock, AskStore(state)
        self.findings: Sequence[Subject] | TrimtabError = []
        self.reached = frozenset({"ml", "web"})
        self.lock = Lock(state, clock, "owner asks")
        self._asking = Asking(state, clock, {Kind.FINDING: self._read}, self._owners, self.lock)

    async def _read(self) -> Sequence[Subject]:
        if isinstance(self.findings, TrimtabError):
            raise self.findings
        return self.findings

    async def _owners(self) -> frozenset[str]:
        return self.reached

    def turn(self, *findings: Subject, after_ms: int = 0) -> list[tuple[str, dict[str, Any]]]:
        """Let time pass, ask about what is there now; the events that it made."""
        if findings:
            self.findings = findings
        self.clock.at_ms += after_ms
        before = len(self.events())

        async def turn() -> None:
            await self.lock.renew()
            await self._asking.turn()

        asyncio.run(turn())
        return self.events()[before:]

    def events(self) -> list[tuple[str, dict[str, Any]]]:
        rows = self.state.read_sync(lambda connection: connection.execute(select(outbox.c.kind, outbox.c.body)).all())
        return [(row.kind, json.loads(row.body)) for row in rows]

    def asks(self, scope: Scope = EVERYTHING) -> list[Ask]:
        return asyncio.run(self.store.listed(scope))


@pytest.fixture
def owners(state: State) -> Owners:
    clock = ManualClock()
    clock.at_ms = WEDNESDAY
    return Owners(state, clock)


def test_an_owner_is_asked_once_with_a_signed_button_for_each_answer(owners: Owners) -> None:
    ((kind, body),) = owners.turn(subject())
    (ask,) = owners.asks()
    assert (ASKED, "ml", "f1 idles", "/advice/f1") == (kind, body["owner"], body["title"], body["link"])
    assert ["Snooze for a week", "Done", "Not mine"] == [one["label"] for one in body["buttons"]]
    assert f"{ask.id} 1 not mine" == body["buttons"][2]["signs"]
    assert [] == owners.turn() == owners.turn(after_ms=3 * HOUR_MS)


def test_what_runs_has_a_button_that_stops_it(owners: Owners) -> None:
    ((_, body),) = owners.turn(subject(facts={"job": "7"}))
    assert "Stop it" == body["buttons"][-1]["label"]


def test_who_has_no_channel_is_asked_when_there_is_one(owners: Owners) -> None:
    assert [] == owners.turn(subject(owner="data"), subject("f2", owner=""))
    owners.reached = frozenset({"data"})
    assert [ASKED] == [kind for kind, _ in owners.turn()]


def test_an_owner_of_much_is_asked_about_the_dearest_first_some_a_day(owners: Owners) -> None:
    many = [subject(f"f{n}", worth=n) for n in range(9)]
    first = [body["title"] for _, body in owners.turn(*many, subject("w1", owner="web", worth=None))]
    assert ["f8 idles", "f7 idles", "f6 idles", "f5 idles", "f4 idles", "w1 idles"] == first
    assert [] == owners.turn(after_ms=23 * HOUR_MS)
    assert ["f3 idles"] == [body["title"] for _, body in owners.turn(after_ms=HOUR_MS)][:1]


def test_without_the_lock_nobody_is_asked(owners: Owners) -> None:
    other = Lock(owners.state, owners.clock, "owner asks")
    asyncio.run(other.renew())
    assert [] == owners.turn(subject())


def test_what_is_gone_is_closed_and_asked_about_again_only_when_it_is_back_after_a_day(owners: Owners) -> None:
    owners.turn(subject(), subject("f2"))
    owners.turn(subject("f2"))
    assert [False, True] == sorted(bool(one.closed_ms) for one in owners.asks())
    assert [] == owners.turn(subject(), subject("f2"), after_ms=HOUR_MS)
    ((_, body),) = owners.turn(after_ms=DAY_MS)
    assert body["buttons"][0]["signs"].endswith(" 2 snooze")


def test_a_kind_that_cannot_be_read_is_not_said_to_be_gone(owners: Owners) -> None:
    owners.turn(subject())
    owners.findings = Unavailable("the engine is away")
    assert [] == owners.turn(after_ms=DAY_MS)
    assert [0] == [one.closed_ms for one in owners.asks()]


def _answered(owners: Owners, answer: Answer, until_ms: int = 0) -> None:
    (ask,) = owners.asks()
    owners.state.change_sync(lambda connection: put(connection, replace(ask, answer=answer, until_ms=until_ms)))


def test_a_snooze_is_kept_while_its_subject_hides_and_asks_again_at_its_end(owners: Owners) -> None:
    owners.turn(subject())
    _answered(owners, Answer.SNOOZE, owners.clock.at_ms + 2 * DAY_MS)
    owners.findings = []
    assert [] == owners.turn(after_ms=DAY_MS)
    assert [0] == [one.closed_ms for one in owners.asks()]
    assert [] == owners.turn(subject())
    ((_, body),) = owners.turn(after_ms=DAY_MS)
    assert "f1 idles" == body["title"]
    assert Answer.NONE is owners.asks()[0].answer


def test_what_is_not_theirs_is_never_asked_again_and_its_next_owner_is(owners: Owners) -> None:
    owners.turn(subject())
    _answered(owners, Answer.NOT_MINE)
    owners.findings = []
    owners.turn(after_ms=HOUR_MS)
    assert [] == owners.turn(subject(), after_ms=2 * DAY_MS)
    ((_, body),) = owners.turn(subject(owner="web"))
    assert "web" == body["owner"]


def test_a_digest_goes_out_on_monday_once_and_counts_all_that_is_open(owners: Owners, monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "MOST_A_DAY", 0)
    many = [subject(f"f{n}", worth=n) for n in range(7)]
    owners.clock.at_ms = MONDAY
    assert [] == owners.turn(*many, subject("d", owner="data"), after_ms=7 * HOUR_MS - 1)
    ((kind, body),) = owners.turn(after_ms=1)
    assert (DIGEST, "ml, week of 2025-12-01: 7 open, worth 21.00 USD") == (kind, body["title"])
    assert ["finding: f6 idles", "and 2 more"] == [body["text"].splitlines()[at] for at in (0, -1)]
    assert [] == owners.turn(after_ms=HOUR_MS)
    assert [] == owners.turn(subject("w", owner="web"), after_ms=2 * DAY_MS)
    assert [DIGEST] * 1 == [kind for kind, _ in owners.turn(after_ms=5 * DAY_MS)]


def test_what_was_answered_is_not_in_the_digest(owners: Owners) -> None:
    owners.turn(subject())
    _answered(owners, Answer.DONE)
    assert [] == owners.turn(after_ms=MONDAY + 8 * HOUR_MS - WEDNESDAY)


def test_a_scope_sees_what_its_owners_and_accounts_were_asked(owners: Owners) -> None:
    owners.turn(subject(), subject("w", owner="web"))

    def seen(scope: Scope) -> list[str]:
        return [one.subject.owner for one in owners.asks(scope)]

    assert ["web"] == seen(Scope(rows=(RowRule("team", frozenset({"web"})),)))
    assert [] == seen(Scope(accounts=frozenset({"999999999999"})))
    assert 2 == len(seen(Scope(accounts=frozenset({"111122223333"}))))
    hidden = next(one.id for one in owners.asks() if one.subject.owner == "ml")
    with pytest.raises(NotFound, match="cannot find what was asked"):
        asyncio.run(owners.store.get(Scope(rows=(RowRule("team", frozenset({"web"})),)), hidden))
