"""The rows of the Purchase plan page: purchases, commitments with their calendar, outcomes, and the two stacks."""

from typing import Any

from msgspec import Struct

from trimtab.advice.purchases.answer import Answer, Bought, Held, Result, Stack
from trimtab.advice.purchases.findings import is_idle
from trimtab.advice.purchases.wording import is_plan, term_of, units_of, words_of
from trimtab.base.clock import iso, to_datetime
from trimtab.base.coins import money
from trimtab.charts.bars import meter
from trimtab.charts.columns import Column, Columns, draw_columns
from trimtab.charts.ink import PAGE_INK
from trimtab.charts.svg import Svg
from trimtab.charts.timeline import Run, Timeline, draw_timeline

_WIDE, _NARROW = (1080, 220), (340, 200)
_HOURS = 3
"""Hours of a column: a week is 56 of them, which a narrow screen shows too."""
_SOON_MS = 90 * 86_400_000
_BEFORE_MS, _MOST_MS = 14 * 86_400_000, 4 * 366 * 86_400_000
"""How far before today and, at most, after it the timeline goes."""
_MOST_RUNS = 40


class Pictures(Struct, frozen=True):
    """The stack twice, for a wide and a narrow screen."""

    title: str
    wide: Svg
    narrow: Svg


def bought_row(one: Bought, currency: str, made_ms: int) -> dict[str, Any]:
    """A purchase."""
    even = one.break_even_ms.get("low")
    plan = is_plan(one.kind)
    return {
        "kind": words_of(one.kind),
        "scope": one.scope,
        "term": term_of(one.years, one.payment),
        "amount": f"{one.amount:,.3f} {currency}/h" if plan else f"{one.amount:,.0f} {units_of(one.scope)}",
        "upfront": f"{one.upfront:,.0f}",
        "saving": f"{one.saving:,.0f}",
        "expected": one.used["expected"].mean,
        "low": one.used["low"].mean,
        "low_hour": one.used["low"].low,
        "start": iso(one.start_ms)[:10],
        "end": iso(one.end_ms)[:10],
        "queued": one.start_ms > made_ms,
        "even": iso(even)[:10] if even is not None else "never",
        "basis": one.basis,
        "source": one.source,
        "command": one.command,
    }


def held_row(one: Held, now_ms: int) -> dict[str, Any]:
    """A commitment that exists."""
    return {
        "id": one.id.rpartition("/")[2] or one.id,
        "arn": one.id,
        "kind": words_of(one.kind),
        "scope": one.scope,
        "hourly": f"{one.hourly:,.3f}",
        "used": one.used,
        "meter": meter(one.used, status=False),
        "idle": is_idle(one, now_ms),
        "seen": one.seen,
        "ahead": f"{one.ahead * 100:.0f} %" if one.ahead is not None else "",
        "unused": f"{one.unused:,.0f}",
        "end": iso(one.end_ms)[:10] if one.end_ms is not None else "",
        "soon": one.end_ms is not None and now_ms <= one.end_ms < now_ms + _SOON_MS,
        "over": one.end_ms is not None and one.end_ms < now_ms,
    }


def outcome_row(name: str, one: Result) -> dict[str, Any]:
    """An outcome, before and after."""
    return {
        "name": name,
        "saving": f"{one.saving:,.0f}",
        "loses": one.saving < 0,
        "cost": (f"{one.before.cost:,.0f}", f"{one.after.cost:,.0f}"),
        "coverage": (_share(one.before.coverage), _share(one.after.coverage)),
        "utilisation": (_share(one.before.utilisation), _share(one.after.utilisation)),
        "savings_rate": (_share(one.before.savings_rate), _share(one.after.savings_rate)),
        "unused": (f"{one.before.unused:,.0f}", f"{one.after.unused:,.0f}"),
    }


def expiry_rows(answer: Answer) -> list[dict[str, str]]:
    """What ends in which month, dollars an hour."""
    return [
        {
            "month": one.month,
            "held": f"{one.held:,.3f}" if one.held else "",
            "bought": f"{one.bought:,.3f}" if one.bought else "",
            "share": f"{one.share * 100:.1f} %" if one.bought else "",
        }
        for one in answer.expiries
    ]


def timeline_of(answer: Answer) -> Pictures | None:
    """What is held and what would be bought, from when to when."""
    starts = [one.start_ms for one in answer.bought]
    ends = [one.end_ms for one in answer.held if one.end_ms is not None] + [one.end_ms for one in answer.bought]
    last = min(max([*ends, answer.made_ms]), answer.made_ms + _MOST_MS)
    first = answer.made_ms - _BEFORE_MS
    runs = [_held_run(one, answer.currency) for one in sorted(answer.held, key=lambda one: one.end_ms or last + 1)]
    runs += [_bought_run(one, answer) for one in sorted(answer.bought, key=lambda one: (one.start_ms, one.id))]
    if not ends or not runs:
        return None
    label = f"{len(answer.held)} commitments held, {len(starts)} planned, with their starts and ends"
    wide, narrow = (
        draw_timeline(Timeline(runs[:_MOST_RUNS], first, last + _BEFORE_MS, answer.made_ms, label, width, PAGE_INK))
        for width in (_WIDE[0], _NARROW[0])
    )
    return Pictures("What runs when", wide, narrow)


def _held_run(one: Held, currency: str) -> Run:
    until = f"until {iso(one.end_ms)[:10]}" if one.end_ms is not None else "its end is not known"
    words = f"{words_of(one.kind)}, {one.scope}: {one.hourly:,.3f} {currency} an hour, held, {until}"
    name = f"{one.scope} · {one.hourly:,.2f}/h"
    return Run(name, one.start_ms, one.end_ms, PAGE_INK.slot(8), words, faint=True)


def _bought_run(one: Bought, answer: Answer) -> Run:
    when = f"{iso(one.start_ms)[:10]} to {iso(one.end_ms)[:10]}"
    word = "queued" if one.start_ms > answer.made_ms else "bought now"
    words = f"{words_of(one.kind)}, {one.scope}: {one.hourly:,.3f} {answer.currency} an hour, {word}, {when}"
    return Run(f"{one.scope} · {one.hourly:,.2f}/h", one.start_ms, one.end_ms, PAGE_INK.slot(1), words)


def pictures_of(answer: Answer) -> list[Pictures]:
    """The last week of the bill as it was paid for, and under the plan."""
    stack = answer.stack
    when = f", as of {iso(stack.on_ms)[:10]}" if stack.on_ms > answer.made_ms else ""
    return [
        _picture("As it is paid for", stack, stack.before, answer.currency),
        _picture(f"Under the plan{when}", stack, stack.after, answer.currency),
    ]


def legend_of(answer: Answer) -> list[tuple[str, str]]:
    """The labels of the stack with their colours."""
    return [(label, PAGE_INK.slot(at + 1)) for at, label in enumerate(answer.stack.labels)]


def _picture(title: str, stack: Stack, rows: tuple[tuple[float, ...], ...], currency: str) -> Pictures:
    columns = []
    for first in range(0, len(stack.at_ms), _HOURS):
        parts = [sum(row[first : first + _HOURS]) / max(len(row[first : first + _HOURS]), 1) for row in rows]
        at = to_datetime(stack.at_ms[first])
        words = [f"{label}: {value:,.2f}" for label, value in zip(stack.labels, parts, strict=True) if value]
        head = f"{at:%a %Y-%m-%d %H:%M} UTC: {money(sum(parts), currency)} an hour at on-demand rates"
        columns.append(Column("" if at.hour else f"{at:%a %d}", "\n".join([head, *words]), parts))
    colors = [PAGE_INK.slot(at + 1) for at in range(len(stack.labels))]
    label = f"{title}: {len(columns)} columns of {_HOURS} hours"
    wide, narrow = (
        draw_columns(Columns(columns, colors, f"{currency} an hour", label, width, height, PAGE_INK))
        for width, height in (_WIDE, _NARROW)
    )
    return Pictures(title, wide, narrow)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.1f} %"
