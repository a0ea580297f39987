"""Pairs by number, and numbers by pair, without an object a pair."""

from unittest.mock import patch

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from trimtab.metrics import pair_table
from trimtab.metrics.pair_table import PairTable

texts = st.text(st.sampled_from('aAbB1-ü😀K"\x00'), max_size=4)
pairs = st.lists(st.tuples(st.sampled_from(["job", "pod", "ä", ""]), texts), max_size=20)


@given(pairs, st.sampled_from([1, 16_384]), st.booleans())
def test_every_pair_has_one_number_whatever_is_kept(all_of: list[tuple[str, str]], hot: int, collide: bool) -> None:
    table = PairTable()
    with patch.object(pair_table, "_HOT", hot), patch.object(pair_table, "_hash", hashed if collide else hash_of):
        numbers = [table.put(pair) for pair in all_of]
        distinct = list(dict.fromkeys(all_of))
        assert numbers == [distinct.index(pair) for pair in all_of]
        assert len(table) == len(distinct)
        assert distinct == [table.pair(number) for number in range(len(table))]
        assert [value for _, value in distinct] == [table.value(number) for number in range(len(table))]
        assert list(range(len(table))) == [table.number(pair) for pair in distinct]
        assert (
            table.number(("job", "absent")) is table.number(("nobody", "")) is table.number(("job", "\ud800")) is None
        )
    for name in ("job", "nobody"):
        assert [pair[0] == name for pair in distinct] == table.of_name(name).tolist()
    assert {at for at, (_, value) in enumerate(distinct) if not value} == table.empty
    assert [pair for _, pair in sorted(zip(table.sorted_ranks().tolist(), distinct, strict=True))] == sorted(distinct)


hash_of = pair_table._hash


def hashed(name: int, value: str) -> int:
    return len(value)


@given(pairs, st.sampled_from(["a", "b1", "ü", "k", "a-b"]), st.integers(0, 5))
def test_no_value_with_a_text_is_left_out(all_of: list[tuple[str, str]], text: str, first: int) -> None:
    table = PairTable()
    for pair in all_of:
        table.put(pair)
    expected = {at for at in range(first, len(table)) if text in table.value(at).lower()}
    found = table.with_text(text, first)
    assert expected <= set(found)
    plain = {at for at in found if table.value(at).isascii()}
    assert plain == {at for at in expected if table.value(at).isascii()}


def test_numbers_are_those_of_arrays() -> None:
    table = PairTable()
    assert (0, []) == (len(table), table.sorted_ranks().tolist())
    assert 0 == table.put(("job", "a"))
    assert np.uint32 == table.name_of.dtype
