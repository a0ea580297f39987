"""Heat maps and the map of a fleet: cells coloured by their share of the largest."""

from trimtab.charts.cell_map import CellMap, MapGroup, MapRow, draw_cell_map
from trimtab.charts.heat_grid import HeatGrid, Square, draw_heat_grid
from trimtab.charts.svg import Svg
from trimtab.reports.analyses.grouping import Dimension
from trimtab.reports.analyses.model import Key, Row, Shown, Value, is_other, number_of, words_of
from trimtab.reports.analyses.periods import between
from trimtab.reports.analyses.pictures.frame import Frame
from trimtab.reports.analyses.words import row_words, short_text, value_text

_MOST_COLUMNS = 100


def draw_heat(shown: Shown, frame: Frame) -> Svg:
    """A heat map: what is in time lies across, the other grouping down."""
    first, second = shown.dimensions
    turned = (first.timely or first.cyclic) and not (second.timely or second.cyclic)
    down, across = (1, 0) if turned else (0, 1)
    cells = {(row.keys[down], row.keys[across]): row for row in shown.rows}
    most = _most(shown)
    rows = _keys(shown, down)
    columns = _keys(shown, across)[:_MOST_COLUMNS]
    squares = [
        [_square(shown, cells.get((row, column)), most, frame, missing=_missing(shown)) for column in columns]
        for row in rows
    ]
    names = [words_of(shown.dimensions[down], key) for key in rows]
    heads = [_head(shown.dimensions[across], key) for key in columns]
    scale = ("0", value_text(shown.amounts[0], _largest(shown)))
    return draw_heat_grid(HeatGrid(names, heads, squares, shown.title, scale, frame.width, frame.ink, frame.title))


def draw_fleet(shown: Shown, frame: Frame) -> Svg:
    """A map: the last grouping is a cell, the one before it a row, the first of three a group of rows."""
    most = _most(shown)
    groups: dict[Key, dict[Key, list[Row]]] = {}
    for row in shown.rows:
        keys = (None, None, *row.keys)[-3:] if len(row.keys) > 1 else (None, row.keys[0], row.keys[0])
        groups.setdefault(keys[0], {}).setdefault(keys[1], []).append(row)
    named = len(shown.dimensions) == 3
    found = []
    for group in sorted(groups, key=str):
        rows = []
        for name in sorted(groups[group], key=str):
            cells = sorted(groups[group][name], key=lambda row: _natural(row.keys[-1]))
            host = len(shown.dimensions) - 2
            lead = frame.lead([(host, name)]) if host >= 0 else ""
            rows.append(MapRow(str(name), [_square(shown, row, most, frame, missing=None) for row in cells], lead))
        found.append(MapGroup(words_of(shown.dimensions[0], group) if named else "", rows))
    scale = ("0", value_text(shown.amounts[0], _largest(shown)))
    return draw_cell_map(CellMap(found, shown.title, scale, frame.width, frame.ink, frame.title))


def _square(shown: Shown, row: Row | None, most: float, frame: Frame, *, missing: float | None) -> Square:
    value = number_of(row.values[0]) if row else missing
    if row is None or value is None:
        return Square(missing, "", "nothing")
    share = max(value, 0.0) / most if most else 0.0
    lead = frame.lead(list(enumerate(row.keys)))
    return Square(share, short_text(shown.amounts[0], row.values[0]), row_words(shown, row), lead)


def _missing(shown: Shown) -> float | None:
    """What a cell without rows is: nothing of what adds up, unknown otherwise."""
    return 0.0 if shown.amounts[0].additive else None


def _most(shown: Shown) -> float:
    return max((number_of(row.values[0]) or 0.0 for row in shown.rows), default=0.0)


def _largest(shown: Shown) -> Value:
    known = [row.values[0] for row in shown.rows if row.values[0] is not None]
    return max(known, default=None, key=float)


def _keys(shown: Shown, at: int) -> list[Key]:
    one = shown.dimensions[at]
    if one.grain == "hour-of-day":
        return list(range(24))
    if one.grain == "weekday":
        return list(range(1, 8))
    if one.timely:
        return list(between(shown.start_ms, shown.end_ms, one.grain, _MOST_COLUMNS))
    sizes: dict[Key, float] = {}
    for row in shown.rows:
        sizes[row.keys[at]] = sizes.get(row.keys[at], 0.0) + (number_of(row.values[0]) or 0.0)
    return sorted(sizes, key=lambda key: (is_other(key), -sizes[key], str(key)))


def _head(dimension: Dimension, key: Key) -> str:
    words = words_of(dimension, key)
    return words[:2] if dimension.grain == "hour-of-day" else words[5:] if len(words) == 10 else words


def _natural(key: Key) -> tuple[int, str]:
    text = str(key)
    return (int(text), "") if text.isdigit() else (10**9, text)
