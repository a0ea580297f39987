"""A piece as a statement, and the engine's answer to it as rows of numbers by step."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from msgspec import Struct

from trimtab.metrics.promql.language.syntax import Aggregate
from trimtab.metrics.promql.pushdown.cohort import Cohort
from trimtab.metrics.promql.pushdown.functions import INSTANT, STALE_BITS
from trimtab.metrics.promql.pushdown.pieces import Leaf, Piece, most_of
from trimtab.metrics.promql.values import Flags, Floats
from trimtab.store.sql import load_queries

_QUERIES = load_queries("trimtab.metrics.promql.pushdown")
_PARAMETERS = "{first:DateTime64(3, 'UTC')}, {last:DateTime64(3, 'UTC')}, {step:Decimal64(3)}, {window:Decimal64(3)}"
_AROUND = _PARAMETERS.replace("window", "around")
_SUMS = (
    "sumKahanForEach(grid) AS total, sumForEach(arrayMap(x -> abs(x), grid)) AS size, countForEach(grid) AS number_of"
)
_COLUMNS = {
    "avg": _SUMS,
    "count": "countForEach(grid) AS number_of",
    "group": "countForEach(grid) AS number_of",
    "max": "maxForEach(grid) AS extreme",
    "min": "minForEach(grid) AS extreme",
    "sum": _SUMS,
}
"""What is asked of a group, by aggregation."""
_EXTREMES = {"bottomk": "timeSeriesBottomKMasks", "topk": "timeSeriesTopKMasks"}
"""They tell which series are among the k of a group at any step: of equals the one that is first in the order of
labels, and NaN behind all numbers, as the evaluator has it."""


class Grid(Struct, frozen=True):
    """Numbers by row and step; `some` says which are there."""

    values: Floats
    some: Flags


def statement(piece: Piece, cohort: Cohort) -> tuple[str, dict[str, Any]]:
    """The SQL of a piece over a part of its series, with its parameters."""
    leaf = piece.leaf
    grid = leaf.function.grid.replace("/*parameters*/", _PARAMETERS)
    # A marker ends a series where its newest sample is looked for; ranges do not see it.
    seen = "" if leaf.function is INSTANT else f"WHERE reinterpretAsUInt64(value) != {STALE_BITS}"
    parameters: dict[str, Any] = _times(leaf)
    if piece.aggregate is None:
        sql = _QUERIES["grids"]
        parameters["ids"] = cohort.parameters()["ids"]
    else:
        sql = _QUERIES["groups"].replace("/*columns*/", _columns(piece.aggregate))
        parameters |= cohort.parameters()
    doubt = leaf.function.doubt.replace("/*around*/", _AROUND)
    return sql.replace("/*grid*/", grid).replace("/*doubt*/", doubt).replace("/*where*/", seen), parameters


def _columns(aggregate: Aggregate) -> str:
    if aggregate.op not in _EXTREMES:
        return _COLUMNS[aggregate.op]
    place = "toUInt64(transform(series, ids, places, toUInt32(0)))"
    masks = f"{_EXTREMES[aggregate.op]}(toUInt64({most_of(aggregate)}), {place}, grid)"
    return f"arrayMap(x -> x.1, {masks}) AS chosen"


def _times(leaf: Leaf) -> dict[str, Any]:
    steps = leaf.steps
    return {
        "first": _time(steps.first_ms),
        "last": _time(steps.last_ms),
        "step": _seconds(steps.step_ms),
        "window": _seconds(leaf.window_ms),
        "around": _seconds(leaf.window_ms + 2 * steps.step_ms),
        "start": steps.first_ms - leaf.window_ms,
        "end": steps.last_ms,
    }


def _time(milliseconds: int) -> str:
    """A time as the engine reads it: of seconds since 1970 it would take four digits for a year."""
    return str(np.datetime64(milliseconds, "ms")).replace("T", " ")


def _seconds(milliseconds: int) -> str:
    return f"{milliseconds // 1000}.{milliseconds % 1000:03d}"


def grid_of(column: pa.ChunkedArray, steps: int) -> Grid:
    """A column of arrays, one number or NULL for each step."""
    arrays = column.combine_chunks()
    cells = (pa.concat_arrays(arrays.chunks) if isinstance(arrays, pa.ChunkedArray) else arrays).flatten()
    some = cells.is_valid().to_numpy(zero_copy_only=False).reshape(-1, steps)
    values = cells.to_numpy(zero_copy_only=False).astype(np.float64).reshape(-1, steps)
    return Grid(values, some)


def numbers_of(column: pa.ChunkedArray) -> npt.NDArray[Any]:
    """A column of numbers."""
    numbers: npt.NDArray[Any] = column.to_numpy()
    return numbers
