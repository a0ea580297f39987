import hypothesis.strategies as st
from hypothesis import given

from trimtab.store.telemetry.batch import Section
from trimtab.store.telemetry.records import (
    MAGIC,
    RecordType,
    decode_batch,
    decode_block,
    decode_keys,
    encode_batch,
    encode_block,
    encode_keys,
    frame,
    scan,
)

sections = st.lists(
    st.builds(
        Section,
        table=st.text(min_size=1, max_size=40),
        rows=st.integers(0, 2**32 - 1),
        days=st.frozensets(st.integers(-(2**31), 2**31 - 1), max_size=100),
        body=st.binary(max_size=300),
    ),
    max_size=4,
)


@given(key=st.one_of(st.none(), st.text(min_size=1, max_size=80)), written=sections)
def test_a_batch_reads_back_as_it_was_written(key: str | None, written: list[Section]) -> None:
    assert ((key or ""), written) == decode_batch(memoryview(encode_batch(key, written)))


@given(st.lists(st.binary(max_size=100), min_size=1, max_size=5), st.data())
def test_a_torn_tail_hides_only_the_record_that_it_tears(payloads: list[bytes], data: st.DataObject) -> None:
    frames = [frame(RecordType.BATCH, number, payload) for number, payload in enumerate(payloads, start=1)]
    segment = MAGIC + b"".join(frames)
    cut = data.draw(st.integers(len(segment) - len(frames[-1]), len(segment) - 1))
    found = [bytes(record.payload) for record in scan(memoryview(segment[:cut]))]
    assert payloads[:-1] == found


@given(st.binary(min_size=1, max_size=60), st.data())
def test_a_flipped_bit_is_noticed(payload: bytes, data: st.DataObject) -> None:
    written = bytearray(MAGIC + frame(RecordType.BATCH, 7, payload))
    position = data.draw(st.integers(len(MAGIC), len(written) - 1))
    written[position] ^= 1 << data.draw(st.integers(0, 7))
    assert [] == list(scan(memoryview(bytes(written))))


def test_boundaries_and_keys_read_back() -> None:
    assert (3, 9) == decode_block(memoryview(encode_block(3, 9)))
    assert (1, 2**64 - 1) == decode_keys(memoryview(encode_keys([1, 2**64 - 1])))
