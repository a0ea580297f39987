from hypothesis import given
from hypothesis import strategies as st

from trimtab.agent import record
from trimtab.agent.record import Record

records = st.builds(Record, st.integers(0, 2**64 - 1), st.integers(0, 2**63), st.binary(max_size=200))


@given(records, st.binary(max_size=20), st.binary(max_size=20))
def test_a_record_comes_back_as_it_was(item: Record, before: bytes, after: bytes) -> None:
    assert record.unpack(before + record.pack(item) + after, len(before)) == item
    assert len(record.pack(item)) == item.size


@given(records, st.data())
def test_a_record_cut_short_is_none(item: Record, data: st.DataObject) -> None:
    packed = record.pack(item)
    assert record.unpack(packed[: data.draw(st.integers(0, len(packed) - 1))]) is None


@given(records, st.data())
def test_any_changed_bit_is_noticed(item: Record, data: st.DataObject) -> None:
    packed = bytearray(record.pack(item))
    packed[data.draw(st.integers(0, len(packed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    assert record.unpack(bytes(packed)) is None


def test_the_next_whole_record_behind_damage_is_found() -> None:
    good = record.pack(Record(2, 2, b"x"))
    damage = record.pack(Record(1, 1, b"y"))[:-1] + b"?" + record.MAGIC
    assert record.find_next(damage + good, 0) == len(damage)
    assert record.find_next(damage, 0) is None
