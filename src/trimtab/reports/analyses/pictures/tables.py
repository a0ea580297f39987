"""Pivot tables, tables as pictures, and figures that stand alone."""

from trimtab.charts.svg import Svg
from trimtab.charts.table_picture import TablePicture, draw_table
from trimtab.charts.value_tile import Figure, Figures, draw_figures
from trimtab.reports.analyses.model import Key, Row, Shown, Value, is_other, number_of, words_of
from trimtab.reports.analyses.pictures.frame import Frame
from trimtab.reports.analyses.values import added
from trimtab.reports.analyses.words import Cell, Grid, change_text, grid_of, value_text

MOST_ACROSS = 60
"""Columns of a pivot table."""


def pivot(shown: Shown) -> Grid:
    """The last grouping across, the others down; sums at the ends where groups add up."""
    across = len(shown.dimensions) - 1
    order = _order(shown, across)[:MOST_ACROSS]
    lines: dict[tuple[Key, ...], dict[Key, Row]] = {}
    for row in shown.rows:
        lines.setdefault(row.keys[:-1], {})[row.keys[-1]] = row
    amounts = list(enumerate(shown.amounts))
    heads = [Cell(one.label[:1].upper() + one.label[1:]) for one in shown.dimensions[:-1]]
    several = len(amounts) > 1
    for key in order:
        name = words_of(shown.dimensions[across], key)
        heads += [Cell(f"{name}, {one.label}" if several else name, True, (across, key)) for _, one in amounts]
    heads += [Cell(f"All, {one.label}" if several else "All", numeric=True) for _, one in amounts if one.additive]
    rows = []
    for keys, cells in lines.items():
        line = [Cell(words_of(shown.dimensions[at], key), lead=(at, key)) for at, key in enumerate(keys)]
        for key in order:
            line += [Cell(value_text(one, cells[key].values[at]) if key in cells else "", True) for at, one in amounts]
        line += [
            Cell(value_text(one, added([row.values[at] for row in cells.values()])), True)
            for at, one in amounts
            if one.additive
        ]
        rows.append(line)
    return Grid(heads, rows, _pivot_total(shown, order))


def _pivot_total(shown: Shown, order: list[Key]) -> list[Cell]:
    if shown.total is None or not any(one.additive for one in shown.amounts):
        return []
    columns: dict[Key, list[Row]] = {}
    for row in shown.rows:
        columns.setdefault(row.keys[-1], []).append(row)
    found = [Cell("All"), *(Cell("") for _ in shown.dimensions[1:-1])]
    for key in order:
        for at, one in enumerate(shown.amounts):
            whole: Value = added([row.values[at] for row in columns[key]]) if one.additive else None
            found.append(Cell(value_text(one, whole) if one.additive else "", numeric=True))
    found += [
        Cell(value_text(one, shown.total.values[at]), numeric=True)
        for at, one in enumerate(shown.amounts)
        if one.additive
    ]
    return found


def _order(shown: Shown, at: int) -> list[Key]:
    one = shown.dimensions[at]
    keys = dict.fromkeys(row.keys[at] for row in shown.rows)
    if one.timely or one.cyclic:
        return sorted(keys, key=lambda key: key if isinstance(key, int) else -1)
    sizes = {key: sum(number_of(row.values[0]) or 0.0 for row in shown.rows if row.keys[at] == key) for key in keys}
    return sorted(keys, key=lambda key: (is_other(key), -sizes[key]))


def draw(shown: Shown, frame: Frame) -> Svg:
    """A table or pivot table as a picture."""
    grid = pivot(shown) if shown.kind == "pivot" else grid_of(shown)
    rows = [[cell.text for cell in row] for row in (*grid.rows, *((grid.total,) if grid.total else ()))]
    numbers = frozenset(at for at, cell in enumerate(grid.heads) if cell.numeric)
    heads = [cell.text for cell in grid.heads]
    return draw_table(TablePicture(heads, rows, numbers, shown.title, frame.width, frame.ink, frame.title))


def draw_tiles(shown: Shown, frame: Frame) -> Svg:
    """The amounts of all rows together."""
    row = shown.rows[0] if shown.rows else Row((), (None,) * len(shown.amounts))
    figures = []
    for at, one in enumerate(shown.amounts):
        note = change_text(one, row.values[at], row.before[at]) if row.before else ""
        over = [limit for limit in shown.visual.thresholds if at == 0 and _broken(row.values[0], limit)]
        if over:
            note = f"beyond {over[0].label or value_text(one, over[0].value)}{' · ' if note else ''}{note}"
        figures.append(Figure(one.label, value_text(one, row.values[at]), note))
    return draw_figures(Figures(figures, shown.title, frame.width, frame.ink, frame.title))


def _broken(value: Value, limit: object) -> bool:
    number, above, below = number_of(value), getattr(limit, "above", None), getattr(limit, "below", None)
    if number is None:
        return False
    return (above is not None and number > above) or (below is not None and number < below)
