"""Rows of metric_series as the engine answers them, put into the table a batch at a time and not one by one."""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from trimtab.metrics.columns import Numbers
from trimtab.metrics.model import Kind
from trimtab.metrics.series_table import SeriesTable

_SHAPE = ("account", "region", "namespace", "name", "unit", "kind")


def put_rows(table: SeriesTable, batch: pa.RecordBatch, most: int) -> npt.NDArray[np.uint32]:
    """Put the series of a batch that are not known into the table, `most` at most; the shape of each of those."""
    fresh = np.flatnonzero(table.ordinals(batch["series"].to_numpy()) < 0)[: max(most, 0)]
    if not len(fresh):
        return np.empty(0, np.uint32)
    if len(fresh) < batch.num_rows:
        batch = batch.take(pa.array(fresh))
    shapes = _shapes(table, batch)
    labels, sizes = _labels(table, batch)
    resources, texts = _encoded(batch["resource"])
    numbers = np.array([table.put_resource(text) for text in texts], np.int64)
    first_seen = batch["first_seen"].to_numpy().astype(np.int64)
    table.extend(batch["series"].to_numpy(), shapes, labels, sizes, numbers[resources], first_seen)
    return shapes.astype(np.uint32)


def _shapes(table: SeriesTable, batch: pa.RecordBatch) -> Numbers:
    """The number of each row's shape."""
    code = np.zeros(batch.num_rows, np.int64)
    known: list[tuple[str, ...]] = [()]
    for column in _SHAPE:
        places, own = _encoded(batch[column])
        code, codes = _encoded(pa.array(code * len(own) + places))
        known = [(*known[each // len(own)], own[each % len(own)]) for each in codes]
    numbers = [
        table.put_shape((account, region, namespace, name, unit, Kind(kind)))
        for account, region, namespace, name, unit, kind in known
    ]
    return np.array(numbers, np.int64)[code]


def _labels(table: SeriesTable, batch: pa.RecordBatch) -> tuple[Numbers, Numbers]:
    """The numbers of the pairs of all rows, a row after another in the order of names, and how many each row has."""
    sizes: Numbers = np.diff(batch["names"].offsets.to_numpy()).astype(np.int64)
    names, name_texts = _encoded(batch["names"].flatten())
    values, value_texts = _encoded(batch["values"].flatten())
    rank = np.empty(len(name_texts), np.int64)
    rank[sorted(range(len(name_texts)), key=name_texts.__getitem__)] = np.arange(len(name_texts))
    if len(names):
        rows = np.repeat(np.arange(len(sizes)), sizes)
        order = rank[names]
        if np.any((np.diff(order) <= 0) & (np.diff(rows) == 0)):  # what another wrote may be in any order
            sorting = np.lexsort((order, rows))
            names, values = names[sorting], values[sorting]
    size = max(len(value_texts), 1)
    places, codes = _encoded(pa.array(names * size + values))
    put = table.pairs.put
    numbers = np.fromiter((put((name_texts[code // size], value_texts[code % size])) for code in codes), np.int64)
    return numbers[places] if len(places) else places, sizes


def _encoded(column: pa.Array) -> tuple[Numbers, list[Any]]:
    """A column as places in a list of its distinct values, and that list."""
    encoded = column if pa.types.is_dictionary(column.type) else column.dictionary_encode()
    places: Numbers = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return places, encoded.dictionary.to_pylist()
