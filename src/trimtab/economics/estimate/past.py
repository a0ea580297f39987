"""What the bill says of its last weeks, line by line and day by day: what estimates are made from."""

from collections.abc import Iterable

import numpy as np

from trimtab.access.scope import EVERYTHING
from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.costs.cells import Cell, CellQuery, CellReader
from trimtab.costs.model import Dimension, Granularity
from trimtab.costs.read import CostReader
from trimtab.costs.read_sql import DAY_MS
from trimtab.economics.estimate.model import DIMENSIONS, METRICS, LineKey, Past

HISTORY_DAYS = 63
"""Nine weeks: a month to compare estimates with, and the weeks before each of its days; a month's fees lie in it."""
_MOST_TAGS = 40


async def read_past(
    cells: CellReader, reader: CostReader, end_ms: int, first_ms: int, categories: Iterable[str] = ()
) -> Past:
    """The lines of `[end − HISTORY_DAYS, end)`, from `first_ms` on. Raises QueryAborted, Unavailable.

    Of a bill with too many resources the sums without them are taken.
    """
    start_ms = max(first_ms, end_ms - HISTORY_DAYS * DAY_MS)
    if start_ms >= end_ms:
        empty = np.zeros((0, 0))
        return Past((), end_ms, empty, empty, empty)
    tags = (await reader.tag_keys(EVERYTHING, start_ms, end_ms))[:_MOST_TAGS]
    query = CellQuery(
        METRICS,
        DIMENSIONS,
        frozenset(one.lower() for one in tags),
        frozenset(categories),
        start_ms=start_ms,
        end_ms=end_ms,
        granularity=Granularity.DAILY,
    )
    try:
        found = await cells.cells(EVERYTHING, query)
    except InvalidInput:
        found = await cells.cells(EVERYTHING, replace(query, dimensions=DIMENSIONS[:-1]))
    return past_of(found, start_ms, (end_ms - start_ms) // DAY_MS)


def past_of(cells: Iterable[Cell], start_ms: int, days: int) -> Past:
    """Cells as a past; lines that never cost anything (a container's share beside the bill) are left out."""
    rows: dict[LineKey, int] = {}
    found: list[tuple[int, int, Cell]] = []
    for cell in cells:
        if not any(cell.amounts[1:]):
            continue
        dimensions = cell.dimensions + ("",) * (len(DIMENSIONS) - len(cell.dimensions))
        key = LineKey(
            dimensions, tuple(sorted(cell.tags.items())), tuple(sorted(cell.categories.items())), cell.currency
        )
        found.append((rows.setdefault(key, len(rows)), (cell.period_ms - start_ms) // DAY_MS, cell))
    amounts = np.zeros((len(METRICS), len(rows), days))
    for row, day, cell in found:
        amounts[:, row, day] += [float(one) for one in cell.amounts]
    return Past(tuple(rows), start_ms, *amounts)


def shown_dimensions(key: LineKey) -> dict[Dimension, str]:
    """A line's dimensions by name."""
    return dict(zip(DIMENSIONS, key.dimensions, strict=True))
