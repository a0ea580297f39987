"""Postings say of keys what looking at every series says, over full segments and what comes after them."""

from collections.abc import Iterator
from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.metrics import postings
from trimtab.metrics.columns import Column
from trimtab.metrics.postings import Postings, runs, within


@pytest.fixture(autouse=True, scope="module")
def _small() -> Iterator[None]:
    with patch.object(postings, "SEGMENT", 4), patch.object(postings, "_FEW", 2):
        yield


@given(st.lists(st.sets(st.integers(0, 5), max_size=4), max_size=15), st.integers(0, 15))
def test_series_by_any_of_several_keys(series: list[set[int]], asked_after: int) -> None:
    keys, starts = Column(np.uint32), Column(np.uint32)
    starts.append(0)
    found = Postings(keys, starts)
    for number, own in enumerate(series):
        keys.extend(sorted(own))
        starts.append(len(keys))
        if number == asked_after:
            found.get(0)  # a segment is indexed when it is asked, and others come later
    assert len(series) == len(found)
    for key in range(7):
        having = [number for number, own in enumerate(series) if key in own]
        assert having == found.get(key).tolist()
        assert len(having) == found.count(key)
    for wanted in ([], [2], [1, 4], [4, 1, 0, 4], [0, 1, 2, 3, 4, 5, 9]):
        having = [number for number, own in enumerate(series) if own & set(wanted)]
        assert having == found.union(wanted).tolist()
        flags = np.array([key in wanted for key in range(10)])
        assert having == found.among(flags).tolist()


@given(st.lists(st.integers(0, 3), max_size=15))
def test_series_with_one_key_each(series: list[int]) -> None:
    keys = Column(np.uint32)
    found = Postings(keys)
    keys.extend(series)
    for key in range(5):
        assert [number for number, own in enumerate(series) if own == key] == found.get(key).tolist()
    assert [number for number, own in enumerate(series) if own in (0, 1, 3)] == found.union((0, 1, 3)).tolist()


def test_runs_and_what_two_lists_share() -> None:
    assert [5, 6, 2, 9, 10, 11] == runs(np.array([5, 7, 2, 9]), np.array([2, 0, 1, 3])).tolist()
    assert [] == runs(np.empty(0, np.int64), np.empty(0, np.int64)).tolist()
    some, other = np.array([1, 4, 9], np.uint32), np.array([0, 4, 9, 11], np.uint32)
    assert [4, 9] == within(some, other).tolist()
    assert [] == within(some, other[:0]).tolist() == within(some[:0], other).tolist()
