"""Rows of a query as a picture: lines or columns over time where `stats` is by `bin`, bars where it is by another key.

Which columns are keys and which are values is what the last `stats` says.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import msgspec
from msgspec import Struct

from trimtab.base.clock import to_ms
from trimtab.charts.bar_chart import Bar, draw_bars
from trimtab.charts.columns import Column, Columns, draw_columns
from trimtab.charts.ink import PAGE_INK
from trimtab.charts.palette import slots
from trimtab.charts.svg import Svg
from trimtab.logs.insights.syntax import Fields, Query, Stats
from trimtab.web.format import NUMBER, value

LINES, COLUMNS, BARS, NONE = "lines", "columns", "bars", "none"
MOST_LINES = 8
_MOST_BUCKETS = 3000
_MOST_BARS = 30
_TIME = "%Y-%m-%d %H:%M:%S.%f"
_WIDE, _NARROW = 1080, 340
Rows = Sequence[Sequence[str | None]]


class Charted(Struct, frozen=True):
    """The picture: `drawn` is the payload of a time-series element, or there are SVGs. `forms` can be chosen from."""

    form: str
    forms: tuple[str, ...]
    drawn: str = ""
    wide: Svg | None = None
    narrow: Svg | None = None
    note: str = ""


class _Table(Struct, frozen=True):
    """Columns by their part: texts and times are keys, numbers values."""

    times: list[int] | None
    labels: list[str]
    values: dict[str, list[float | None]]


def charted(query: Query, names: Sequence[str], rows: Rows, form: str) -> Charted | None:
    """The picture of an answer in the form that is wished; None where its rows are no numbers of groups."""
    table = _table(query, names, rows)
    if table is None or not rows:
        return None
    if table.times is None:
        if not table.labels or not any(table.labels):
            return None
        return _bars(table, NONE if form == NONE else BARS)
    chosen = form if form in (COLUMNS, NONE) else LINES
    forms = (LINES, COLUMNS, NONE)
    if chosen == NONE:
        return Charted(NONE, forms)
    lines, left_out = _lines(table)
    if not lines:
        return None
    note = f"the {MOST_LINES} largest of {MOST_LINES + left_out}" if left_out else ""
    times = sorted(set(table.times))
    step = min((later - time for time, later in pairwise(times)), default=60_000)
    count = (times[-1] - times[0]) // step + 1
    if count > _MOST_BUCKETS:
        return None
    filled = {name: [of.get(times[0] + at * step) for at in range(count)] for name, of in lines.items()}
    if chosen == COLUMNS:
        return Charted(COLUMNS, forms, "", *_columns(filled, times[0], step), note)
    return Charted(LINES, forms, msgspec.json.encode(payload(filled, times[0], step, count)).decode(), note=note)


def _table(query: Query, names: Sequence[str], rows: Rows) -> _Table | None:
    places = [at for at, command in enumerate(query.commands) if isinstance(command, Stats)]
    if not places:
        return None
    stats = query.commands[places[-1]]
    if not isinstance(stats, Stats) or any(
        isinstance(one, Fields) and one.only for one in query.commands[places[-1] :]
    ):
        return None
    keys = {item.name for item in stats.by}
    times: list[int] | None = None
    texts: list[list[str]] = []
    values: dict[str, list[float | None]] = {}
    for at, name in enumerate(names):
        cells = [row[at] for row in rows]
        if name in keys:
            found = _times(cells) if times is None else None
            if found is not None:
                times = found
            else:
                texts.append([cell or "–" for cell in cells])
        elif (numbers := _numbers(cells)) is not None:
            values[name] = numbers
    if not values:
        return None
    labels = [" · ".join(parts) for parts in zip(*texts, strict=True)] if texts else [""] * len(rows)
    return _Table(times, labels, values)


def _times(cells: Sequence[str | None]) -> list[int] | None:
    try:
        return [to_ms(datetime.strptime(cell or "", _TIME).replace(tzinfo=UTC)) for cell in cells]
    except ValueError:
        return None


def _numbers(cells: Sequence[str | None]) -> list[float | None] | None:
    try:
        found = [None if cell is None else float(cell) for cell in cells]
    except ValueError:
        return None
    return found if any(cell is not None for cell in found) else None


def _lines(table: _Table) -> tuple[dict[str, dict[int, float | None]], int]:
    """The lines by name, a value a time; those with the largest sums, and how many were left out."""
    found: dict[str, dict[int, float | None]] = {}
    for name, numbers in table.values.items():
        for time, label, number in zip(table.times or (), table.labels, numbers, strict=True):
            full = " · ".join(filter(None, (label, name if len(table.values) > 1 or not label else "")))
            found.setdefault(full, {})[time] = number
    order = sorted(found, key=lambda name: -sum(abs(one) for one in found[name].values() if one is not None))
    return {name: found[name] for name in order[:MOST_LINES]}, max(len(order) - MOST_LINES, 0)


def payload(lines: dict[str, list[float | None]], t0: int, step: int, count: int) -> dict[str, Any]:
    """What the time-series element draws."""
    colours = slots(list(lines))
    return {
        "t0": t0, "step": step, "count": count, "offset": 0, "start": t0, "end": t0 + step * count, "partial": False,
        "format": NUMBER.format, "suffix": NUMBER.suffix, "total": len(lines), "marks": {"across": [], "along": []},
        "empty": "There are no points in this range.",
        "series": [
            {"key": name, "label": name, "slot": slot, "gap": 1, "right": False, "color": None, "edge": None,
             "values": values}
            for (name, values), slot in zip(lines.items(), colours, strict=True)
        ],
    }  # fmt: skip


def _columns(lines: dict[str, list[float | None]], t0: int, step: int) -> tuple[Svg, Svg]:
    form = "%m-%d %H:%M" if step >= 3_600_000 else "%H:%M" if step >= 60_000 else "%H:%M:%S"
    columns = []
    for at in range(len(next(iter(lines.values())))):
        first = t0 + at * step
        moment = datetime.fromtimestamp(first / 1000, UTC).strftime(form)
        parts = [values[at] or 0.0 for values in lines.values()]
        told = ", ".join(f"{name} {value(part, NUMBER)}" for name, part in zip(lines, parts, strict=True))
        columns.append(Column(moment, f"{moment} UTC: {told}", parts, span=(first, first + step)))
    colors = [PAGE_INK.slot(slot) for slot in slots(list(lines))]
    label = f"{', '.join(lines)} over time, in {len(columns)} columns"
    wide, narrow = (
        draw_columns(Columns(columns, colors, "", label, width, height, PAGE_INK))
        for width, height in ((_WIDE, 220), (_NARROW, 160))
    )
    return wide, narrow


def _bars(table: _Table, form: str) -> Charted:
    forms = (BARS, NONE)
    if form == NONE:
        return Charted(NONE, forms)
    name, numbers = next(iter(table.values.items()))
    pairs = [(label, number) for label, number in zip(table.labels, numbers, strict=True) if number is not None]
    shown = [number for _, number in pairs if math.isfinite(number)]
    bars = [
        Bar(label, number, PAGE_INK.slot(1), value(number, NUMBER))
        for label, number in pairs[:_MOST_BARS]
        if math.isfinite(number)
    ]
    height = 24 + 26 * max(len(bars), 1)
    wide, narrow = (draw_bars(bars, width, height, "", PAGE_INK) for width in (_WIDE, _NARROW))
    note = f"{name}, the first {len(bars)} of {len(shown)}" if len(bars) < len(shown) else name
    return Charted(BARS, forms, "", wide, narrow, note)
