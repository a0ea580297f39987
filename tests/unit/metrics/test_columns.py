"""Columns that grow, and a table of keys that is a dictionary in less memory."""

import random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trimtab.metrics.columns import Column, KeyTable


def test_a_view_stays_as_it_was_while_the_column_grows() -> None:
    column = Column(np.uint32)
    column.extend([3, 1, 2])
    before = column.view
    for value in range(5000):
        column.append(value)
    column.extend(range(5000))
    assert [3, 1, 2] == before.tolist()
    assert [3, 1, 2, *range(5000), *range(5000)] == column.view.tolist()
    assert (10_003, 4999) == (len(column), column[10_002])
    column[0] = 7
    assert 7 == column.view[0]


@given(st.lists(st.integers(0, 40), max_size=30), st.booleans(), st.integers(0, 3))
def test_a_table_of_keys_finds_what_was_put_in(few: list[int], at_once: bool, shift: int) -> None:
    keys = [key << shift | 2**63 for key in few]  # of which many want one slot
    table = KeyTable()
    if at_once:
        table.extend(np.array(keys, np.uint64))
    else:
        assert list(range(len(keys))) == [table.append(key) for key in keys]
    for key in [*keys, 5, 2**64 - 1]:
        expected = [row for row, other in enumerate(keys) if other == key]
        assert sorted(table.rows(key)) == expected
        assert table.row(key) in (expected or [None])
    sought = np.array([*keys, 5], np.uint64)
    assert table.find(sought).tolist() == [-1 if (row := table.row(key)) is None else row for key in sought.tolist()]


def test_it_grows_one_by_one_and_at_once_to_the_same_answers() -> None:
    dice = random.Random(2)
    keys = [dice.getrandbits(64) for _ in range(30_000)]
    table = KeyTable()
    table.extend(np.array(keys[:10_000], np.uint64))
    for key in keys[10_000:20_000]:
        table.append(key)
    table.extend(np.array(keys[20_000:], np.uint64))
    assert list(range(30_000)) == table.find(np.array(keys, np.uint64)).tolist()
    assert list(range(0, 30_000, 100)) == [table.row(key) for key in keys[::100]]
    assert -1 == table.find(np.array([12345], np.uint64))[0]
    assert keys[17] == table.key(17) == table.keys[17]
    assert 3 * len(table) < 2 * len(table._slots)  # an empty slot ends every search
