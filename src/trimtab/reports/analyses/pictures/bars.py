"""Bars of groups, in parts where there is a second grouping."""

from trimtab.charts.palette import slots
from trimtab.charts.stacked_bars import Piece, Stacked, StackedBars, draw_stacked_bars
from trimtab.charts.svg import Svg
from trimtab.reports.analyses.model import Key, Row, Shown, is_other, number_of, words_of
from trimtab.reports.analyses.pictures.frame import Frame
from trimtab.reports.analyses.values import added
from trimtab.reports.analyses.words import change_text, row_words, value_text


def draw(shown: Shown, frame: Frame) -> Svg:
    """The picture."""
    groups: dict[Key, list[Row]] = {}
    for row in shown.rows:
        groups.setdefault(row.keys[0], []).append(row)
    order = sorted(groups, key=lambda key: (is_other(key), -_sum(groups[key])))
    if shown.dimensions[0].timely or shown.dimensions[0].cyclic:
        order = list(groups)
    parts = len(shown.dimensions) > 1
    colors = _colors(shown, frame) if parts else {}
    amount = shown.amounts[0]
    bars = []
    for key in order:
        rows = sorted(groups[key], key=lambda row: (is_other(row.keys[-1]), -(number_of(row.values[0]) or 0.0)))
        pieces = [
            Piece(
                number_of(row.values[0]) or 0.0,
                colors.get(row.keys[-1], frame.ink.slot(1)) if parts else frame.ink.slot(8 if is_other(key) else 1),
                row_words(shown, row),
                frame.lead(list(enumerate(row.keys))),
            )
            for row in rows
        ]
        whole = added([row.values[0] for row in rows])
        before = [number_of(row.before[0]) for row in rows if row.before and row.before[0] is not None]
        text = value_text(amount, whole) if amount.additive or not parts else ""
        if shown.before and not parts and rows[0].before:
            text += f"  {change_text(amount, whole, rows[0].before[0]).partition('(')[2].partition(')')[0]}"
        name = words_of(shown.dimensions[0], key)
        earlier = sum(one or 0.0 for one in before) if before else None
        bars.append(Stacked(name, pieces, text, earlier, frame.lead([(0, key)])))
    names = [(words_of(shown.dimensions[1], key), color) for key, color in colors.items()] if parts else []
    limits = [(one.value, one.label or "limit") for one in shown.visual.thresholds]
    return draw_stacked_bars(StackedBars(bars, shown.title, names, frame.width, frame.ink, frame.title, limits))


def _sum(rows: list[Row]) -> float:
    return sum(number_of(row.values[0]) or 0.0 for row in rows)


def _colors(shown: Shown, frame: Frame) -> dict[Key, str]:
    sizes: dict[Key, float] = {}
    for row in shown.rows:
        sizes[row.keys[1]] = sizes.get(row.keys[1], 0.0) + abs(number_of(row.values[0]) or 0.0)
    keys = sorted(sizes, key=lambda key: (is_other(key), -sizes[key]))
    names = [words_of(shown.dimensions[1], key) for key in keys]
    return {key: frame.ink.slot(slot) for key, slot in zip(keys, slots(names), strict=True)}
