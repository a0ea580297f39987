"""Asks owners about what is theirs, once each, and tells each on Monday what is open.

What is sent is on record in the same transaction as the event that sends it, so a crash repeats nothing. An owner of
many findings is asked about the dearest first, some a day; the digest counts them all. Who has no channel is not
asked: what is theirs waits until one is made (`trimtab notify add … --owner TEAM`).
"""

import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, select

from trimtab.asks.model import ASKED, DAY_MS, DIGEST, LABELS, Answer, Ask, Kind, Stop, Subject, key_of
from trimtab.asks.store import ask_of, note_digest, put
from trimtab.base.clock import Clock, to_datetime
from trimtab.base.coins import sums
from trimtab.base.errors import TrimtabError
from trimtab.base.records import replace
from trimtab.events.outbox import emit
from trimtab.jobs.lock import Lock
from trimtab.store.state.database import State
from trimtab.store.state.schema.asks import owner_asks

logger = logging.getLogger(__name__)

MOST_A_DAY = 5
"""Subjects that an owner is asked about in 24 hours: more are read by nobody."""
BACK_AFTER_MS = DAY_MS
"""A subject that was gone and is back so much later is asked about again; one that flutters is not."""
DIGEST_HOUR = 7
"""The hour of Monday, UTC, from which the digest goes out."""
_BEST = 5
_PATH = "/asked"
Subjects = Mapping[Kind, Callable[[], Awaitable[Sequence[Subject]]]]
"""By kind what there is to ask about now. Each raises TrimtabError where that cannot be known."""


class Asking(Struct, frozen=True):
    """The job. `reached` tells which owners have a channel; of several servers the one with the lock asks."""

    state: State
    clock: Clock
    subjects: Subjects
    reached: Callable[[], Awaitable[frozenset[str]]]
    lock: Lock

    async def turn(self) -> None:
        """Ask about what is new, note what is gone, and send the digests that are due. Raises Unavailable."""
        if not self.lock.held:
            return
        owners = await self.reached()
        known: dict[Kind, Sequence[Subject]] = {}
        for kind, read in self.subjects.items():
            try:
                known[kind] = await read()
            except TrimtabError as problem:  # of a kind that cannot be read nothing is said to be gone
                logger.warning("cannot ask owners about each %s: %s", kind.value, problem)
        if known:
            await self.state.change(partial(self._change, known=known, owners=owners))

    def _change(self, connection: Connection, known: Mapping[Kind, Sequence[Subject]], owners: frozenset[str]) -> None:
        now_ms = self.clock.now_ms()
        there = {one.key: one for some in known.values() for one in some if one.owner}
        kinds = [kind.value for kind in known]
        rows = connection.execute(select(owner_asks).where(owner_asks.c.kind.in_(kinds))).all()
        asked = {row.id: ask_of(row) for row in rows}
        for id_, ask in asked.items():
            if id_ not in there and not ask.closed_ms and not _stays(ask, now_ms):
                put(connection, replace(ask, closed_ms=now_ms))
        sent: dict[str, int] = defaultdict(int)
        for ask in asked.values():
            sent[ask.subject.owner] += ask.asked_ms > now_ms - DAY_MS
        for subject in dearest_first(there.values()):
            due = _due(subject, asked.get(subject.key), now_ms)
            if due is not None and subject.owner in owners and sent[subject.owner] < MOST_A_DAY:
                sent[subject.owner] += 1
                put(connection, due)
                emit(connection, self.clock, ASKED, due.id, message(due))
        self._digests(connection, there.values(), asked, owners, now_ms)

    def _digests(
        self,
        connection: Connection,
        there: Iterable[Subject],
        asked: Mapping[str, Ask],
        owners: frozenset[str],
        now_ms: int,
    ) -> None:
        monday = (now_ms - (now_ms // DAY_MS + 3) % 7 * DAY_MS) // DAY_MS * DAY_MS
        if not DIGEST_HOUR * 3_600_000 <= now_ms - monday < 2 * DAY_MS:  # who was down on Monday tells it on Tuesday
            return
        week = f"{to_datetime(monday):%Y-%m-%d}"
        open_: dict[str, list[Subject]] = defaultdict(list)
        for subject in dearest_first(there):
            ask = asked.get(subject.key)
            if subject.owner in owners and (ask is None or ask.open):
                open_[subject.owner].append(subject)
        for owner, subjects in sorted(open_.items()):
            if note_digest(connection, key_of("digest", week, owner), owner, week, now_ms):
                emit(connection, self.clock, DIGEST, owner, digest(owner, subjects, week))


def _stays(ask: Ask, now_ms: int) -> bool:
    """Whether an ask stays though its subject is not told of: it is put off, or somebody has to approve its stop."""
    return ask.stop in (Stop.WAITS, Stop.RUNS) or (ask.answer is Answer.SNOOZE and now_ms < ask.until_ms)


def _due(subject: Subject, ask: Ask | None, now_ms: int) -> Ask | None:
    """The ask to send about a subject now; None where it was sent, and nothing since makes it due again."""
    if ask is None:
        return Ask(id=subject.key, subject=subject, asked_ms=now_ms)
    if ask.answer is Answer.NOT_MINE:
        return None
    back = ask.closed_ms and now_ms - ask.closed_ms >= BACK_AFTER_MS
    over = not ask.closed_ms and ask.answer is Answer.SNOOZE and now_ms >= ask.until_ms
    return Ask(id=ask.id, subject=subject, asked_ms=now_ms, round=ask.round + 1) if back or over else None


def dearest_first(subjects: Iterable[Subject]) -> list[Subject]:
    """What is worth most first; what has no known worth after it."""
    return sorted(subjects, key=lambda one: (-(one.worth or Decimal(0)), one.kind.value, one.id))


def message(ask: Ask) -> dict[str, Any]:
    """The event that asks."""
    subject = ask.subject
    return {
        "title": subject.title,
        "text": subject.text,
        "severity": "warning",
        "link": subject.link,
        "owner": subject.owner,
        "group_key": f"owner/{subject.owner}",
        "ask": ask.id,
        "kind": subject.kind.value,
        "buttons": [{"label": LABELS[one], "path": f"{_PATH}/by/", "signs": ask.signs(one)} for one in ask.buttons()],
    }


def digest(owner: str, subjects: Sequence[Subject], week: str) -> dict[str, Any]:
    """The event of an owner's digest: how much is open, and the dearest of it."""
    worths: dict[str, Decimal] = defaultdict(Decimal)
    for one in subjects:
        if one.worth is not None:
            worths[one.currency] += one.worth
    worth = sums({currency: amount for currency, amount in worths.items() if amount})
    lines = [f"{one.kind.value}: {one.title}" for one in subjects[:_BEST]]
    more = [f"and {len(subjects) - _BEST} more"] if len(subjects) > _BEST else []
    return {
        "title": f"{owner}, week of {week}: {len(subjects)} open" + (f", worth {worth}" if worth else ""),
        "text": "\n".join([*lines, *more]),
        "severity": "info",
        "link": _PATH,
        "owner": owner,
        "group_key": f"owner/{owner}/digest",
        "open": len(subjects),
        "worth": {currency: f"{amount:f}" for currency, amount in worths.items()},
    }
