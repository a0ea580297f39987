"""Scheduled actions: which are due, and what they make of a target's bounds."""

from collections.abc import Sequence

from sqlalchemy import Connection, update

from trimtab.base.clock import iso
from trimtab.base.records import replace
from trimtab.scaling.engine.checks import schedule_of
from trimtab.scaling.engine.model import ScalableTarget, ScheduledChange
from trimtab.scaling.engine.rows import encoded, form_of
from trimtab.store.state.schema.scaling import scaling_schedules, scaling_targets

Due = Sequence[tuple[int, ScheduledChange]]
"""Actions with the newest time at which each was due, in the order of those times."""
_MOST_MISSED = 10_000


def due(schedules: Sequence[ScheduledChange], now_ms: int) -> list[tuple[int, ScheduledChange]]:
    """What is due. Of times that were missed while nothing ran the last one counts: bounds hold until set again."""
    found = []
    for one in schedules:
        schedule, at = schedule_of(one.schedule, one.zone, one.created_ms), one.done_ms
        if one.start_ms is not None:
            at = max(at, one.start_ms - 1)
        until = now_ms if one.end_ms is None else min(now_ms, one.end_ms - 1)
        last, tries = None, 0
        while tries < _MOST_MISSED:
            following = schedule.next_after(at)
            if following is None or following > until:
                break
            last = at = following
            tries += 1
        if last is not None:
            found.append((last, one))
    return sorted(found, key=lambda each: (each[0], each[1].name))


def next_ms(one: ScheduledChange, now_ms: int) -> int | None:
    """When it is due next."""
    at = max(now_ms, (one.start_ms or 0) - 1)
    following = schedule_of(one.schedule, one.zone, one.created_ms).next_after(at)
    return None if following is None or (one.end_ms is not None and following >= one.end_ms) else following


def applied(target: ScalableTarget, some: Due) -> tuple[ScalableTarget, int | None, str]:
    """The target with its new bounds, a desired number where one is asked for, and why in words."""
    asked, words = None, []
    for at, one in some:
        least = target.least if one.least is None else one.least
        most = target.most if one.most is None else one.most
        if least > most:  # only one of them was given, and it passes the other
            least, most = (least, least) if one.least is not None else (most, most)
        target = replace(target, least=least, most=most)
        asked = one.desired if one.desired is not None else asked
        words.append(f"scheduled action {one.name!r} was due at {iso(at)}")
    return target, asked, "; ".join(words)


def write(connection: Connection, target: ScalableTarget, due: Due) -> None:
    """Keep the new bounds, and that the actions were done; at-expressions that are past stay for their history."""
    form = encoded(form_of(target))
    connection.execute(update(scaling_targets).where(scaling_targets.c.id == target.id).values(form=form))
    for at, one in due:
        connection.execute(update(scaling_schedules).where(scaling_schedules.c.id == one.id).values(done_ms=at))
