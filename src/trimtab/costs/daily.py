"""Daily amounts as arrays: a row for each group and currency, a column for each day. For whoever looks at many series.

Floats are for judging; what is shown as money is summed as Decimal (`CostReader.costs`).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.costs.model import CostQuery, CostRow
from trimtab.costs.read_sql import DAY_MS

Values = npt.NDArray[np.float64]


class Daily(Struct, frozen=True):
    """`amounts[row, day]` of `keys[row]`, days counted from `start_ms`; what was not billed is 0.

    A key is the values of what was grouped by, and the currency.
    """

    start_ms: int
    keys: list[tuple[str, ...]]
    amounts: Values


def pivot(query: CostQuery, days_ms: npt.NDArray[np.int64], keys: Sequence[Sequence[str]], amounts: Values) -> Daily:
    """Rows of (day, keys…, currency, amount), given as columns, as a table of days."""
    count = (query.end_ms - query.start_ms) // DAY_MS
    rows: dict[tuple[str, ...], int] = {}
    at = np.array([rows.setdefault(key, len(rows)) for key in zip(*keys, strict=True)], dtype=np.int64)
    table = np.zeros((len(rows), count))
    np.add.at(table, (at, (days_ms - query.start_ms) // DAY_MS), amounts)
    return Daily(query.start_ms, list(rows), table)


def daily_of(query: CostQuery, rows: Sequence[CostRow]) -> Daily:
    """Sums that were read as rows as a table of days."""
    columns = list(zip(*((*row.keys, row.currency) for row in rows), strict=True))
    keys = columns or [()] * (len(query.group_by) + 1)
    days = np.array([row.start_ms for row in rows], dtype=np.int64)
    return pivot(query, days, keys, np.array([float(row.amounts[0]) for row in rows]))
