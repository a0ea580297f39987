"""A visual as a page shows it: its picture for wide and narrow screens, its table, and where its links lead."""

from collections.abc import Sequence
from functools import partial

from msgspec import Struct

from trimtab.base.errors import TrimtabError
from trimtab.charts.svg import Svg
from trimtab.reports.analyses.address import PARAMETERS, to_pairs
from trimtab.reports.analyses.drill import drilled
from trimtab.reports.analyses.model import Key, Shown
from trimtab.reports.analyses.pictures.drawing import draw
from trimtab.reports.analyses.pictures.flows import undrawn
from trimtab.reports.analyses.pictures.frame import Frame, Lead
from trimtab.reports.analyses.pictures.tables import pivot
from trimtab.reports.analyses.spec import Visual
from trimtab.reports.analyses.words import Cell, grid_of
from trimtab.reports.datasets.field import Field
from trimtab.web.format import instant, zone
from trimtab.web.view import View, link

NEW, FILE = "/analyses/new", "/analyses/visual"
_WIDE, _HALF, _NARROW = 1080, 620, 360
_MOST_ROWS = 200
_KEPT = ("analysis", "range", "from", "to")


class Line(Struct, frozen=True):
    """A row of the table: texts, whether each is a number, and where it leads."""

    cells: Sequence[tuple[str, bool, str]]


class Panel(Struct, frozen=True):
    """A visual on a page. Without `shown`, `problem` says why."""

    visual: Visual
    title: str
    address: str
    files: Sequence[tuple[str, str]]
    shown: Shown | None = None
    problem: str = ""
    wide: Svg | None = None
    narrow: Svg | None = None
    heads: Sequence[tuple[str, bool]] = ()
    lines: Sequence[Line] = ()
    total: Line | None = None
    more: int = 0
    subtitle: str = ""
    notes: Sequence[str] = ()
    as_table: bool = False


def panel_of(visual: Visual, shown: Shown, fields: Sequence[Field], view: View, analysis: str, *, half: bool) -> Panel:
    """A visual that was answered."""
    lead = partial(_lead, shown=shown, fields=fields, view=view, analysis=analysis)
    as_table = shown.kind in ("table", "pivot")
    grid = pivot(shown) if shown.kind == "pivot" else grid_of(shown)
    wide = narrow = None
    if not as_table:
        wide = draw(shown, Frame(_HALF if half else _WIDE, 260 if half else 300, lead=lead))
        narrow = draw(shown, Frame(_NARROW, 240, lead=lead))
    extra = undrawn(shown)
    return Panel(
        visual,
        shown.title,
        address_of(visual, view, analysis),
        files_of(visual, view, analysis),
        shown,
        "",
        wide,
        narrow,
        [(cell.text, cell.numeric) for cell in grid.heads],
        [_line(row, lead) for row in grid.rows[:_MOST_ROWS]],
        _line(grid.total, lead) if grid.total else None,
        max(len(grid.rows) - _MOST_ROWS, 0),
        _subtitle(shown),
        [*shown.notes, *([extra] if extra else []), *(["There are more groups than are shown"] if shown.more else [])],
        as_table,
    )


def broken(visual: Visual, problem: TrimtabError, view: View, analysis: str) -> Panel:
    """A visual that could not be answered."""
    return Panel(visual, visual.title or visual.id, address_of(visual, view, analysis), (), problem=str(problem))


def address_of(visual: Visual, view: View, analysis: str, path: str = NEW) -> str:
    """A visual by itself, over the range that the page shows."""
    kept = [(name, value) for name, value in view.parameters if name in _KEPT[1:] or name.startswith("p.")]
    return link(path, [*([("analysis", analysis)] if analysis else []), *to_pairs(visual), *kept])


def files_of(visual: Visual, view: View, analysis: str) -> list[tuple[str, str]]:
    """The addresses of its files."""
    return [(one.upper(), address_of(visual, view, analysis, f"{FILE}.{one}")) for one in ("csv", "png", "svg")]


def own_pairs(view: View) -> list[tuple[str, str]]:
    """The parameters of a view that make the visual."""
    return [(name, value) for name, value in view.parameters if name in PARAMETERS]


def _line(row: Sequence[Cell], lead: Lead) -> Line:
    return Line([(cell.text, cell.numeric, lead([cell.lead]) if cell.lead else "") for cell in row])


def _lead(keys: Sequence[tuple[int, Key]], *, shown: Shown, fields: Sequence[Field], view: View, analysis: str) -> str:
    """Where a click on a mark leads: the rows behind it, and what comes next."""
    found = drilled(shown.visual, shown.dimensions, keys, fields)
    return address_of(found, view, analysis) if found is not None else ""


def _subtitle(shown: Shown) -> str:
    words = [f"{instant(shown.start_ms)[:16]} to {instant(shown.end_ms)[:16]} {zone()}"]
    if shown.known_until_ms is not None:
        words.append(f"known until {instant(shown.known_until_ms)[:16]}")
    if shown.extracted_ms is not None:
        words.append(f"extracted {instant(shown.extracted_ms)[:16]}")
    if shown.before is not None:
        words.append(f"beside {instant(shown.before[0])[:10]} to {instant(shown.before[1])[:10]}")
    if shown.ahead is not None:
        words.append(f"forecast with {shown.ahead.level:.0%} of outcomes in its band, wrong by {shown.ahead.error:.0%}")
    if shown.band is not None:
        words.append("shaded: what is usual")
    return " · ".join(words)
