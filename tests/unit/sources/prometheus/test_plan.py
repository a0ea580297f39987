from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from trimtab.sources.prometheus import plan

SPANS = st.lists(st.tuples(st.integers(0, 500), st.integers(0, 500)), max_size=8)


def points(spans: list[plan.Span]) -> set[int]:
    return {at for start, end in spans for at in range(start, end)}


@given(SPANS)
def test_merged_spans_cover_the_same_without_overlap(spans: list[plan.Span]) -> None:
    found = plan.merged(spans)
    assert points(found) == points(spans)
    assert all(first[1] < second[0] for first, second in pairwise(found))


@given(SPANS, st.integers(1, 200))
def test_windows_are_what_is_missing_once_newest_first(spans: list[plan.Span], length: int) -> None:
    found = list(plan.windows((100, 400), spans, length))
    assert points(found) == set(range(100, 400)) - points(spans)
    assert sum(end - start for start, end in found) == len(points(found))
    assert [start for start, _ in found] == sorted((start for start, _ in found), reverse=True)
    assert all(end - start <= length and start // length == (end - 1) // length for start, end in found)


def test_names_are_put_together_up_to_a_size() -> None:
    counts = {"a": 3, "b": 3, "c": 10, "d": 1}
    assert plan.groups(counts, 6) == [(["a", "b"], 6), (["c"], 10), (["d"], 1)]
    assert plan.groups({}, 6) == []
    many = plan.groups({str(number): 1 for number in range(500)}, 10_000)
    assert [len(names) for names, _ in many] == [200, 200, 100]


@given(st.integers(0, 10_000), st.integers(1, 3000))
def test_a_window_is_cut_into_pieces_that_are_it(samples: int, most: int) -> None:
    found = plan.pieces((1000, 1050), samples, most)
    assert points(found) == set(range(1000, 1050))
    assert all(start < end for start, end in found)
    assert len(found) == min(50, max(1, -(-samples // most)))
