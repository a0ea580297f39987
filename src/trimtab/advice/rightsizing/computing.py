"""From subjects to recommendations: read use in parts, judge each part while the next is read."""

import asyncio
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.advice.rightsizing.advise import advise
from trimtab.advice.rightsizing.fleet import Fleet
from trimtab.advice.rightsizing.idle import judge_idle, may_be_idle
from trimtab.advice.rightsizing.model import Axis, Finding, Kind, Option, Recommendation, Subject
from trimtab.advice.rightsizing.reading import AT_ONCE, Known, UseReader, names_of, sustained
from trimtab.advice.rightsizing.settings import Sizing
from trimtab.advice.rightsizing.sizes.book import Sizes
from trimtab.advice.rightsizing.use import DAY_MS, DailyUse


class Part(Struct, frozen=True):
    """Subjects that are read at once, and the options of each."""

    subjects: Sequence[Subject]
    options: Sequence[Sequence[Option]]


def parts_of(
    subjects: Sequence[Subject], sizes: Sizes, known: Sequence[Known]
) -> tuple[list[Part], list[Recommendation]]:
    """Subjects in parts, and what is said of those that have no options.

    Subjects whose series lie together in the engine are read together: a part then reads a stretch of the table.
    """
    sized: list[tuple[Subject, Sequence[Option]]] = []
    silent: list[Recommendation] = []
    for one in subjects:
        options = sizes.of(one)
        if options:
            sized.append((one, options))
        else:
            why = f"the catalogue does not know {one.type or 'its type'}"
            silent.append(Recommendation(one, Finding.UNAVAILABLE, (), None, {}, reason=why))
    first = known[0].series if known else {}
    sized.sort(key=lambda pair: first.get(names_of(pair[0]), (0, None))[0])
    cut = [sized[at : at + AT_ONCE] for at in range(0, len(sized), AT_ONCE)]
    return [Part([one for one, _ in part], [options for _, options in part]) for part in cut], silent


class Computing(Struct, frozen=True):
    """Computes recommendations over the engine."""

    reader: UseReader

    async def all(
        self,
        scope: Scope,
        subjects: Sequence[Subject],
        sizes: Sizes,
        sizing: Sizing,
        now_ms: int,
        *,
        detail: bool = False,
    ) -> list[Recommendation]:
        """What is said of subjects of one kind, over the `lookback` days before `now_ms`.

        Two parts are in work at a time: the engine reads one while the other is judged. Raises QueryAborted,
        Unavailable.
        """
        if not subjects:
            return []
        known = self.reader.known(scope, subjects[0].kind)
        parts, found = parts_of(subjects, sizes, known)
        days = max(sizing.lookback, 32 if subjects[0].kind is Kind.VOLUME else 0)
        start_ms = now_ms - days * DAY_MS
        waiting: asyncio.Task[list[Recommendation]] | None = None
        for part in parts:
            uses = await self.uses(part, known, start_ms, days)
            if waiting is not None:
                found += await waiting
            waiting = asyncio.create_task(asyncio.to_thread(judged, part, uses, sizing, detail=detail))
        if waiting is not None:
            found += await waiting
        return found

    async def uses(self, part: Part, known: Sequence[Known], start_ms: int, days: int) -> dict[Axis, DailyUse]:
        """The use of a part's subjects by axis."""
        present = [options[0] for options in part.options]
        uses = await self.reader.uses(part.subjects, known, present, start_ms, days)
        if Axis.CPU in uses and any(_throttled(one) for options in _distinct(part) for one in options):
            uses[Axis.SUSTAINED] = sustained(uses[Axis.CPU])
        return uses


def judged(part: Part, uses: Mapping[Axis, DailyUse], sizing: Sizing, *, detail: bool) -> list[Recommendation]:
    """What is said of a part, with what is idle. Blocks; compiled code in it lets other threads run."""
    rows: dict[int, list[int]] = {}
    for row, options in enumerate(part.options):
        rows.setdefault(id(options), []).append(row)  # options of alike subjects are one list
    found: list[Recommendation] = []
    for mine in rows.values():
        places = np.array(mine)
        options = part.options[mine[0]]
        alike = [part.subjects[row] for row in mine]
        own = {axis: use.of(places) for axis, use in uses.items()}
        found += _judged(alike, options, own, sizing, detail=detail)
    return found


def _judged(
    subjects: Sequence[Subject],
    options: Sequence[Option],
    uses: Mapping[Axis, DailyUse],
    sizing: Sizing,
    *,
    detail: bool,
) -> list[Recommendation]:
    sized: dict[Axis, DailyUse] = {
        axis: use for axis, use in uses.items() if axis is not Axis.ACTIVITY and use.points.any()
    }
    if Axis.SUSTAINED in sized:
        if any(map(_throttled, options)):
            now = options[0].capacity
            sized[Axis.SUSTAINED] = _times(sized[Axis.SUSTAINED], now[Axis.CPU] / now[Axis.SUSTAINED])
        else:
            del sized[Axis.SUSTAINED]
    told = advise(Fleet(subjects, options, sized), sizing, detail=detail)
    maybe = may_be_idle(subjects[0].kind, uses, len(subjects)).tolist()
    return [judge_idle(one, row, uses, options[0]) if maybe[row] else one for row, one in enumerate(told)]


def _distinct(part: Part) -> list[Sequence[Option]]:
    return list({id(options): options for options in part.options}.values())


def _times(use: DailyUse, factor: float) -> DailyUse:
    return DailyUse(use.start_ms, use.quantiles * factor, use.means * factor, use.points)


def _throttled(option: Option) -> bool:
    whole = option.capacity.get(Axis.CPU, 0.0)
    return option.capacity.get(Axis.SUSTAINED, whole) < whole
