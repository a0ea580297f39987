"""The rows of the Purchase plan page: purchases, commitments with their calendar, outcomes, and the two stacks."""

from dataclasses import dataclass
from typing import Any

from trimtab.advice.purchases.answer import Answer, Bought, Held, Result, Stack
from trimtab.advice.purchases.findings import IDLE_BELOW
from trimtab.base.clock import iso, to_datetime
from trimtab.charts.bars import meter
from trimtab.charts.columns import Column, Columns, draw_columns
from trimtab.charts.ink import PAGE_INK
from trimtab.charts.svg import Svg

_WIDE, _NARROW = (1080, 220), (340, 200)
_HOURS = 3
"""Hours of a column: a week is 56 of them, which a narrow screen shows too."""
_WORDS = {
    "EC2_INSTANCE_SP": "EC2 Instance Savings Plan",
    "COMPUTE_SP": "Compute Savings Plan",
    "SAGEMAKER_SP": "SageMaker Savings Plan",
    "DATABASE_SP": "Database Savings Plan",
}
_SOON_MS = 90 * 86_400_000


@dataclass(frozen=True, slots=True)
class Pictures:
    """The stack twice, for a wide and a narrow screen."""

    title: str
    wide: Svg
    narrow: Svg


def words_of(kind: str) -> str:
    """A kind of commitment, in words."""
    return _WORDS.get(kind, kind)


def bought_row(one: Bought, currency: str) -> dict[str, Any]:
    """A purchase."""
    even = one.break_even_ms.get("low")
    plan = one.kind.endswith("_SP")
    return {
        "kind": words_of(one.kind),
        "scope": one.scope,
        "term": f"{one.years} year{'s' if one.years > 1 else ''}, {one.payment.replace('_', ' ').lower()}",
        "amount": f"{one.amount:,.3f} {currency}/h" if plan else f"{one.amount:,.0f} machines",
        "upfront": f"{one.upfront:,.0f}",
        "saving": f"{one.saving:,.0f}",
        "expected": one.used["expected"].mean,
        "low": one.used["low"].mean,
        "low_hour": one.used["low"].low,
        "start": iso(one.start_ms)[:10],
        "end": iso(one.end_ms)[:10],
        "even": iso(even)[:10] if even is not None else "never in the low outcome",
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
        "idle": one.used < IDLE_BELOW,
        "unused": f"{one.unused:,.0f}",
        "end": iso(one.end_ms)[:10] if one.end_ms is not None else "",
        "soon": one.end_ms is not None and one.end_ms < now_ms + _SOON_MS,
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


def calendar_of(answer: Answer) -> list[dict[str, str]]:
    """What ends when, the next first: what is held, and what would be bought."""
    ends = [
        (one.end_ms, words_of(one.kind), one.scope, f"{one.hourly:,.2f}", "held") for one in answer.held if one.end_ms
    ]
    ends += [(one.end_ms, words_of(one.kind), one.scope, f"{one.hourly:,.2f}", "planned") for one in answer.bought]
    return [
        {"day": iso(end)[:10], "kind": kind, "scope": scope, "hourly": hourly, "state": state}
        for end, kind, scope, hourly, state in sorted(ends)
    ]


def pictures_of(answer: Answer) -> list[Pictures]:
    """The last week of the bill as it was paid for, and under the plan."""
    stack = answer.stack
    return [
        _picture("As it is paid for", stack, stack.before, answer.currency),
        _picture("Under the plan", stack, stack.after, answer.currency),
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
        head = f"{at:%a %Y-%m-%d %H:%M} UTC: {sum(parts):,.2f} {currency} an hour at on-demand rates"
        columns.append(Column(f"{at:%m-%d}", "\n".join([head, *words]), parts))
    colors = [PAGE_INK.slot(at + 1) for at in range(len(stack.labels))]
    label = f"{title}: {len(columns)} columns of {_HOURS} hours"
    wide, narrow = (
        draw_columns(Columns(columns, colors, f"{currency} an hour", label, width, height, PAGE_INK))
        for width, height in (_WIDE, _NARROW)
    )
    return Pictures(title, wide, narrow)


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value * 100:.1f} %"
