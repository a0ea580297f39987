"""Postings against a plain dictionary of lists."""

from hypothesis import given
from hypothesis import strategies as st

from trimtab.metrics.postings import Postings


@given(
    rows=st.lists(st.frozensets(st.sampled_from("abcdef"), min_size=1), max_size=30), wanted=st.sets(st.integers(0, 5))
)
def test_postings_are_lists_by_key(rows: list[frozenset[str]], wanted: set[int]) -> None:
    postings: Postings[str] = Postings()
    plain: dict[str, list[int]] = {}
    for ordinal, keys in enumerate(rows):
        for key in sorted(keys):
            new = key not in plain
            number, was_new = postings.add(key, ordinal)
            assert (new, key) == (was_new, postings.keys[number])
            plain.setdefault(key, []).append(ordinal)
    assert list(plain) == list(postings.keys)
    for key in "abcdef":
        assert plain.get(key, []) == postings.get(key).tolist()
    numbers = [number for number in wanted if number < len(postings.keys)]
    union = {ordinal for number in numbers for ordinal in plain[postings.keys[number]]}
    assert sorted(union) == postings.union(numbers).tolist()
    assert [len(ordinals) for ordinals in plain.values()] == [postings.count_at(at) for at in range(len(plain))]
