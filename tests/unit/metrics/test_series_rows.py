"""Rows of the engine become series as if they had been registered one by one."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from trimtab.base.tags import make_tags
from trimtab.metrics.model import Identity, Kind
from trimtab.metrics.series_rows import put_rows
from trimtab.metrics.series_table import SeriesTable

identities = st.builds(
    lambda account, region, namespace, name, tags, unit, kind, resource: Identity(
        account, region, namespace, name, make_tags(tags), unit, kind, resource
    ),
    *[st.sampled_from(["", "a", "b", "ü"])] * 4,
    st.dictionaries(st.sampled_from(["job", "a", "Z", "pod"]), st.sampled_from(["", "b", "a", "😀"])),
    st.sampled_from(["None", "s"]),
    st.sampled_from(list(Kind)),
    st.sampled_from(["", "host/1", "host/2"]),
)


def batch_of(rows: list[tuple[int, Identity]], *, turned: bool = False) -> pa.RecordBatch:
    heads = {
        name: pa.array([getattr(identity, name) for _, identity in rows], pa.string())
        for name in ("account", "region", "namespace", "name", "unit", "kind", "resource")
    }
    pairs = [identity.dimensions[:: -1 if turned else 1] for _, identity in rows]
    texts = pa.list_(pa.string())
    labels = {
        "names": pa.array([[name for name, _ in own] for own in pairs], texts),
        "values": pa.array([[value for _, value in own] for own in pairs], texts),
    }
    numbers = {
        "series": pa.array([number for number, _ in rows], pa.uint64()),
        "first_seen": pa.array([7 + number for number, _ in rows], pa.int64()),
    }
    return pa.RecordBatch.from_pydict(numbers | heads | labels)


@given(st.lists(identities, max_size=12), st.booleans(), st.integers(0, 14), st.integers(1, 5))
def test_rows_become_series(all_of: list[Identity], turned: bool, most: int, at_once: int) -> None:
    table = SeriesTable()
    rows = list(enumerate(all_of, 1000))
    for first in range(0, len(rows), at_once):
        part = rows[max(first - 1, 0) : first + at_once]  # the one before again, as a follower reads it
        shapes = put_rows(table, batch_of(part, turned=turned), most - len(table))
        assert len(shapes) <= len(part)
    kept = rows[:most]
    assert len(kept) == len(table)
    assert [identity for _, identity in kept] == [table.identity(ordinal) for ordinal in range(len(table))]
    assert [number for number, _ in kept] == table.ids.tolist()
    assert [number + 7 for number, _ in kept] == table.first_seen.tolist()
    for ordinal, (number, identity) in enumerate(kept):
        assert table.is_at(ordinal, identity)
        assert ordinal == table.ordinal(number)
    assert [0] * len(kept) == table.last_seen.tolist()


def test_the_shape_of_each_new_series_is_told() -> None:
    table = SeriesTable()
    first, second = (Identity("1", "eu", "ns", name, ()) for name in ("a", "b"))
    assert [0, 1, 0] == put_rows(table, batch_of([(1, first), (2, second), (3, first)]), 9).tolist()
    assert np.uint32 == put_rows(table, batch_of([(1, first)]), 9).dtype
    assert [1] == put_rows(table, batch_of([(1, first), (4, second)]), 9).tolist()
