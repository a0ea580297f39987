"""What the engine answered to the parts of a piece, put together as one instant vector."""

import numpy as np
import pyarrow as pa

from trimtab.metrics.promql.pushdown.cohort import Cohort
from trimtab.metrics.promql.pushdown.pieces import Piece
from trimtab.metrics.promql.pushdown.statements import Grid, grid_of, numbers_of
from trimtab.metrics.promql.values import Flags, Floats, Integers, Vector

_CANCELLED = 1e-3
"""Below this share of the size of its terms the engine's sum is not as good as the evaluator's (`sums.py`)."""


class Doubtful(Exception):
    """The engine's answer may differ from what PromQL means: it is worked out from a level below."""


def grids(piece: Piece, cohort: Cohort, parts: list[pa.Table]) -> Vector:
    """The series of a leaf, in the order of labels. Raises Doubtful."""
    table = _together(piece, parts)
    grid = grid_of(table["grid"], piece.leaf.steps.number)
    place = cohort.places[np.searchsorted(cohort.ids, numbers_of(table["series"]).astype(np.uint64))]
    order = np.argsort(place, kind="stable")
    labels = [cohort.labels[number] for number in place[order].tolist()]
    return _vector(piece, labels, Grid(grid.values[order], grid.some[order]))


def groups(piece: Piece, cohort: Cohort, parts: list[pa.Table]) -> Vector:
    """The groups of an aggregation, in the order of their first series. Raises Doubtful."""
    aggregate = piece.aggregate
    if aggregate is None:
        raise TypeError("a leaf has no groups")
    table = _together(piece, parts)
    number = numbers_of(table["number"]).astype(np.int64)
    order = np.argsort(number, kind="stable")  # a group may be in several parts
    starts = np.flatnonzero(np.append(True, np.diff(number[order]) != 0)) if len(number) else np.empty(0, np.int64)
    first = np.minimum.reduceat(numbers_of(table["place"])[order], starts) if len(starts) else np.empty(0, np.int64)
    grid = _combined(aggregate.op, table, piece.leaf.steps.number, order, starts)
    by_place = np.argsort(first, kind="stable")
    labels = [cohort.labels[each] for each in number[order][starts][by_place].tolist()]
    return _vector(piece, labels, Grid(grid.values[by_place], grid.some[by_place]))


def chosen(piece: Piece, parts: list[pa.Table]) -> Integers:
    """The places of the series that topk or bottomk may keep at any step. Raises Doubtful."""
    places = _together(piece, parts)["chosen"].combine_chunks()
    return np.unique(places.flatten().to_numpy()).astype(np.int64)


def _together(piece: Piece, parts: list[pa.Table]) -> pa.Table:
    table = pa.concat_tables(parts)
    if numbers_of(table["doubt"]).any():
        raise Doubtful
    return table


def _combined(op: str, table: pa.Table, steps: int, order: Integers, starts: Integers) -> Grid:
    def column(name: str) -> Grid:
        grid = grid_of(table[name], steps)
        return Grid(grid.values[order], grid.some[order])

    if not len(starts):
        return Grid(np.empty((0, steps)), np.empty((0, steps), np.bool_))
    if op in ("min", "max"):
        extremes = column("extreme")
        values = np.where(extremes.some, extremes.values, np.nan)
        ufunc = np.fmin if op == "min" else np.fmax
        return Grid(ufunc.reduceat(values, starts, axis=0), np.logical_or.reduceat(extremes.some, starts, axis=0))
    count: Floats = np.add.reduceat(column("number_of").values, starts, axis=0)
    some: Flags = count > 0
    if op == "count":
        return Grid(count, some)
    if op == "group":
        return Grid(np.ones(count.shape), some)
    totals, sizes = column("total"), column("size")
    with np.errstate(invalid="ignore", over="ignore", divide="ignore"):
        total = np.add.reduceat(np.where(totals.some, totals.values, 0.0), starts, axis=0)
        size = np.add.reduceat(np.where(sizes.some, sizes.values, 0.0), starts, axis=0)
        if (some & (np.isinf(size) | (np.abs(total) < size * _CANCELLED))).any():
            raise Doubtful
        return Grid(total if op == "sum" else total / count, some)


def _vector(piece: Piece, labels: list[tuple[tuple[str, str], ...]], grid: Grid) -> Vector:
    drop = np.full(len(labels), not piece.leaf.function.keeps_name)
    shape = (len(labels), piece.leaf.columns)
    values, some = np.broadcast_to(grid.values, shape), np.broadcast_to(grid.some, shape)
    return Vector(labels, values, some, drop)
