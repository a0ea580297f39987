"""`ProgressStore`: what was told of runs' progress, a row a run: its marks, what it trains, and who said so.

Marks of steps are thinned where there are more than `MOST_MARKS`: every second one between two others, so that phases,
attempts and checkpoints stay as they were told. Telling the same again changes nothing.
"""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import fields
from sqlalchemy import Connection, and_, insert, or_, select, update

from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.inventory.runs.model import RunKey
from trimtab.progress.model import NOTHING, Mark, MarkKind, Workload
from trimtab.store.state.database import State
from trimtab.store.state.tables import run_progress

MOST_MARKS = 1200
"""Marks of a run: 100 kB, a step a minute over most of a day, or every hour over weeks."""
_CHUNK = 200
_FIELDS = tuple(one.name for one in fields(Mark))


class Told(Struct, frozen=True):
    """What somebody told of a run at one time."""

    key: RunKey
    source: str
    marks: Sequence[Mark] = ()
    workload: Workload = NOTHING


class Kept(Struct, frozen=True):
    """Everything that was told of a run."""

    marks: tuple[Mark, ...]
    workload: Workload
    sources: tuple[str, ...]


class ProgressStore:
    """The progress of runs, over the state database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def add(self, told: Sequence[Told]) -> int:
        """Take in what was told; returns of how many runs something is new."""
        if not told:
            return 0
        now_ms = self._clock.now_ms()
        return await self._state.change(lambda connection: _add(connection, told, now_ms))

    async def of(self, keys: Iterable[RunKey]) -> dict[RunKey, Kept]:
        """What is known of runs; those of which nothing was told are absent."""
        wanted = list(dict.fromkeys(keys))
        return await self._state.read(lambda connection: _of(connection, wanted))


def merge(before: Sequence[Mark], new: Sequence[Mark], most: int = MOST_MARKS) -> tuple[Mark, ...]:
    """Marks by time, each once, and at most about `most`."""
    ordered = sorted(dict.fromkeys((*before, *new)), key=lambda one: one.at_ms)
    kept: list[Mark] = []
    step: int | None = None
    for mark in ordered:
        if mark.kind is MarkKind.STEP and mark.step is not None:
            if mark.step == step:
                continue  # another rank says the same
            step = mark.step
        kept.append(mark)
    while len(kept) > most and len(thinner := _thinned(kept)) < len(kept):
        kept = thinner
    return tuple(kept)


def _thinned(marks: Sequence[Mark]) -> list[Mark]:
    """Without every second step between two steps of one attempt."""
    kept: list[Mark] = []
    dropped = False
    for at, mark in enumerate(marks):
        inside = 0 < at < len(marks) - 1 and not dropped and _goes_on(marks[at - 1], mark, marks[at + 1])
        dropped = inside
        if not inside:
            kept.append(mark)
    return kept


def _goes_on(before: Mark, mark: Mark, after: Mark) -> bool:
    if any(one.kind is not MarkKind.STEP for one in (before, mark, after)):
        return False
    steps = [one.step for one in (before, mark, after) if one.step is not None]
    return len(steps) in (0, 3) and steps == sorted(steps)


def _add(connection: Connection, told: Sequence[Told], now_ms: int) -> int:
    by: dict[RunKey, list[Told]] = {}
    for one in told:
        by.setdefault(one.key, []).append(one)
    changed = 0
    for key, parts in by.items():
        before = _of(connection, [key]).get(key)
        held = before or Kept((), NOTHING, ())
        workload = held.workload
        for one in parts:
            workload = one.workload.or_else(workload)
        marks = merge(held.marks, [mark for one in parts for mark in one.marks])
        now = Kept(marks, workload, tuple(dict.fromkeys((*held.sources, *(one.source for one in parts)))))
        if now == before:
            continue
        changed += 1
        values = {
            "marks": _text([_row(mark) for mark in now.marks]),
            "workload": _text(now.workload),
            "sources": _text(list(now.sources)),
            "changed_ms": now_ms,
        }
        if before is None:
            who = {"account": key.account, "cluster": key.cluster, "job": key.job}
            connection.execute(insert(run_progress).values(**who, **values))
        else:
            connection.execute(update(run_progress).where(_at(key)).values(**values))
    return changed


def _text(value: object) -> str:
    """A value as JSON text."""
    return msgspec.json.encode(value).decode()


def _of(connection: Connection, keys: Sequence[RunKey]) -> dict[RunKey, Kept]:
    found: dict[RunKey, Kept] = {}
    for at in range(0, len(keys), _CHUNK):
        part = keys[at : at + _CHUNK]
        for row in connection.execute(select(run_progress).where(or_(*(_at(key) for key in part)))):
            marks = tuple(_mark(one) for one in typed.decode(row.marks.encode(), type=list[list[Any]]))
            workload = typed.decode(row.workload.encode(), type=Workload)
            sources = tuple(typed.decode(row.sources.encode(), type=list[str]))
            found[RunKey(row.account, row.cluster, row.job)] = Kept(marks, workload, sources)
    return found


def _at(key: RunKey) -> Any:
    columns = run_progress.c
    return and_(columns.account == key.account, columns.cluster == key.cluster, columns.job == key.job)


def _row(mark: Mark) -> list[Any]:
    """The values of a mark without those at its end that are None."""
    values = [getattr(mark, name) for name in _FIELDS]
    while values and values[-1] is None:
        values.pop()
    return values


def _mark(values: Sequence[Any]) -> Mark:
    return typed.convert(dict(zip(_FIELDS, values, strict=False)), Mark)
