"""Lines and columns: periods or groups on the axis, series in colours, and what is drawn over them."""

from collections.abc import Mapping

from trimtab.charts.over_time import Line, OverTime, Slot, draw_over_time
from trimtab.charts.palette import slots
from trimtab.charts.svg import Svg
from trimtab.reports.analyses.model import Key, Row, Shown, Value, is_other, number_of, words_of
from trimtab.reports.analyses.periods import between, complete
from trimtab.reports.analyses.pictures.frame import Frame
from trimtab.reports.analyses.values import added
from trimtab.reports.analyses.words import change_text, unit_words, value_text

_MOST_PERIODS = 800


def draw(shown: Shown, frame: Frame) -> Svg:
    """The picture of a visual over a time or over a part of one."""
    axis = _axis(shown)
    ahead = {at: (mean, low, high) for at, mean, low, high in shown.ahead.steps} if shown.ahead else {}
    axis += [at for at in ahead if at not in axis]
    usual = {at: (low, high) for at, low, high in shown.band.limits} if shown.band else {}
    lines = _lines(shown, axis, frame)
    sums, before = _sums(shown)
    amount = shown.amounts[0]
    partial = _partial(shown, axis)
    slots_ = []
    for key in axis:
        words = words_of(shown.dimensions[0], key)
        text = f"{words}: {value_text(amount, sums.get(key))}" if key in sums else words
        if key in before:
            text += f"\n{change_text(amount, sums.get(key), before[key])}"
        if key in ahead:
            text += f"\nforecast {ahead[key][0]:,.2f}, from {ahead[key][1]:,.2f} to {ahead[key][2]:,.2f}"
        slots_.append(Slot(words[5:] if len(words) == 10 else words, text, frame.lead([(0, key)]), key in partial))
    outside = shown.band.outside if shown.band else frozenset()
    return draw_over_time(
        OverTime(
            slots_,
            lines,
            unit_words(amount),
            shown.title,
            columns=shown.kind == "columns",
            width=frame.width,
            height=frame.height,
            ink=frame.ink,
            title=frame.title,
            before=[number_of(before.get(key)) for key in axis] if shown.before else (),
            before_name="the period before" if shown.before else "",
            ahead=[ahead.get(key) if isinstance(key, int) else None for key in axis] if ahead else (),
            usual=[usual.get(key) if isinstance(key, int) else None for key in axis] if usual else (),
            marked=frozenset(at for at, key in enumerate(axis) if key in outside),
            limits=[(one.value, one.label or _limit_words(one.above is not None)) for one in shown.visual.thresholds],
        )
    )


def _limit_words(above: bool) -> str:
    return "at most" if above else "at least"


def _axis(shown: Shown) -> list[Key]:
    first = shown.dimensions[0]
    if first.grain == "hour-of-day":
        return list(range(24))
    if first.grain == "weekday":
        return list(range(1, 8))
    if first.timely:
        return list(between(shown.start_ms, shown.end_ms, first.grain, _MOST_PERIODS))
    return list(dict.fromkeys(row.keys[0] for row in shown.rows))


def _partial(shown: Shown, axis: list[Key]) -> set[Key]:
    """The last periods, of which not all is known."""
    if not shown.dimensions[0].timely:
        return set()
    moments = [key for key in axis if isinstance(key, int) and key < shown.end_ms]
    until = min(shown.end_ms, shown.known_until_ms or shown.end_ms)
    first = complete(moments, shown.dimensions[0].grain, until)
    return {key for key in moments if first is not None and key >= first}


def _lines(shown: Shown, axis: list[Key], frame: Frame) -> list[Line]:
    if len(shown.dimensions) == 1:
        names = [one.label for one in shown.amounts]
        colors = [frame.ink.slot(1)] if len(names) == 1 else [frame.ink.slot(one) for one in slots(names)]
        found = {row.keys[0]: row.values for row in shown.rows}
        links = [frame.lead([(0, key)]) for key in axis]
        return [
            Line(name if len(names) > 1 else "", [_at(found, key, at) for key in axis], colors[at], links)
            for at, name in enumerate(names)
        ]
    sizes: dict[Key, float] = {}
    cells: dict[tuple[Key, Key], Row] = {}
    for row in shown.rows:
        sizes[row.keys[1]] = sizes.get(row.keys[1], 0.0) + abs(number_of(row.values[0]) or 0.0)
        cells[row.keys[0], row.keys[1]] = row
    keys = sorted(sizes, key=lambda key: (is_other(key), -sizes[key], str(key)))
    names = [words_of(shown.dimensions[1], key) for key in keys]
    chosen = dict(zip(names, slots(names), strict=True))
    return [
        Line(
            name,
            [number_of(cells[one, key].values[0]) if (one, key) in cells else None for one in axis],
            frame.ink.slot(chosen[name]),
            [frame.lead([(0, one), (1, key)]) for one in axis],
        )
        for key, name in zip(keys, names, strict=True)
    ]


def _at(found: Mapping[Key, tuple[Value, ...]], key: Key, at: int) -> float | None:
    values = found.get(key)
    return number_of(values[at]) if values else None


def _sums(shown: Shown) -> tuple[dict[Key, Value], dict[Key, Value]]:
    """The first amount of every period over all series, where they add up; and that of the period before."""
    sums: dict[Key, Value] = {}
    before: dict[Key, Value] = {}
    if len(shown.dimensions) > 1 and not shown.amounts[0].additive:
        return sums, before
    for row in shown.rows:
        for found, values in ((sums, row.values), (before, row.before)):
            if values and values[0] is not None:
                found[row.keys[0]] = added([found.get(row.keys[0]), values[0]])
    return sums, before
