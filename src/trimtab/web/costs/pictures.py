"""The drawings of the Costs page, each for a wide and for a narrow screen: columns over time, and the waterfall."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType

from msgspec import Struct

from trimtab.base.clock import to_datetime
from trimtab.base.coins import coins, money, signed
from trimtab.charts.columns import Column, Columns, draw_columns
from trimtab.charts.ink import PAGE_INK
from trimtab.charts.palette import OTHER, slots
from trimtab.charts.svg import Svg
from trimtab.charts.waterfall import Step, draw_waterfall
from trimtab.costs.explorer.drivers import Change, Part
from trimtab.costs.model import Granularity
from trimtab.costs.periods import Period
from trimtab.web.costs.question import Question
from trimtab.web.costs.sheet import Line, Sheet

_MOST = 8
"""UI.md §Design language 6: at most eight series, the rest is "Other"."""
_WIDE, _NARROW = (1080, 270), (340, 230)
NO_MARKS: Mapping[int, str] = MappingProxyType({})
_STEPS = {
    Part.QUANTITY: "More or less use",
    Part.PRICE: "Prices",
    Part.MIX: "Another mix",
    Part.NEW: "New",
    Part.GONE: "Gone",
    Part.OTHER: "Fees, tax, unused",
}


class Drawing(Struct, frozen=True):
    """The same picture twice, and its legend: names with the colours of the page."""

    wide: Svg
    narrow: Svg
    legend: tuple[tuple[str, str], ...] = ()


def stacked(
    question: Question, sheet: Sheet, spans: Sequence[Period], last_ms: int, marks: Mapping[int, str] = NO_MARKS
) -> Drawing:
    """The columns of a sheet. `last_ms` is where the bill ends: a period that goes on is hatched.

    `marks` are set off by the starts of their days, in columns of days.
    """
    shown = _series(sheet)
    colors = [PAGE_INK.slot(slot) for slot in slots([name for name, _ in shown])]
    columns = []
    for at, span in enumerate(spans):
        total = sheet.total.values[at]
        parts = [float(values[at]) for _, values in shown]
        title = _title(question, span, sheet.unit, total, [(name, values[at]) for name, values in shown])
        partial = question.granularity is Granularity.MONTHLY and span[0] < last_ms < span[1]
        mark = marks.get(span[0], "") if question.granularity is Granularity.DAILY else ""
        columns.append(Column(_label(question, span), title, parts, partial, mark, span))
    label = f"{question.name}, {question.words}, {sheet.unit}: {len(columns)} columns"
    drawn = [
        draw_columns(Columns(columns, colors, sheet.unit, label, width, height, PAGE_INK))
        for width, height in (_WIDE, _NARROW)
    ]
    return Drawing(drawn[0], drawn[1], tuple(zip([name for name, _ in shown], colors, strict=True)))


def waterfall(change: Change) -> Drawing:
    """What a change is made up of."""
    steps = [
        Step(name, float(amount), signed(amount, change.currency))
        for part, name in _STEPS.items()
        if (amount := change.parts.get(part))
    ]
    whole = Step("Change", float(change.change), signed(change.change, change.currency))
    label = "; ".join(f"{step.label} {step.text}" for step in (*steps, whole))
    wide, narrow = (draw_waterfall(steps, whole, width, label, PAGE_INK) for width in (500, 340))
    return Drawing(wide, narrow)


def _series(sheet: Sheet) -> list[tuple[str, tuple[Decimal, ...]]]:
    """The largest groups of what the columns show, and the rest as one."""
    drawn = sorted((line for line in sheet.lines if any(line.values)), key=_size)
    if len(drawn) <= _MOST:
        return [(line.name, line.values) for line in drawn]
    top, rest = drawn[: _MOST - 1], drawn[_MOST - 1 :]
    other = tuple(sum(column, Decimal(0)) for column in zip(*(line.values for line in rest), strict=True))
    return [*((line.name, line.values) for line in top), (OTHER, other)]


def _size(line: Line) -> tuple[Decimal, str]:
    return -sum(map(abs, line.values), Decimal(0)), line.name


def _label(question: Question, span: Period) -> str:
    when = to_datetime(span[0])
    return f"{when:%b %Y}" if question.granularity is Granularity.MONTHLY else f"{when:%m-%d}"


def _title(question: Question, span: Period, unit: str, total: Decimal, parts: Sequence[tuple[str, Decimal]]) -> str:
    when = to_datetime(span[0])
    head = f"{when:%B %Y}" if question.granularity is Granularity.MONTHLY else f"{when:%Y-%m-%d}"
    lines = [f"{name}: {coins(amount, unit)}" for name, amount in sorted(parts, key=lambda one: -one[1]) if amount]
    return "\n".join([f"{head}: {money(total, unit)}", *lines])
