"""What the agent writes is read back with the server's own reader and a real snappy library."""

import struct

import cramjam
from hypothesis import given
from hypothesis import strategies as st

from trimtab.agent.scrape import remote_write
from trimtab.agent.scrape.remote_write import Metadata
from trimtab.doors.prometheus.kinds import read_metadata
from trimtab.doors.prometheus.labels import read_labels
from trimtab.doors.prometheus.scan import scan_plain

Sample = tuple[float, int]


def decode(block: bytes) -> list[tuple[dict[str, str], list[Sample]]]:
    scanned = scan_plain(bytes(cramjam.snappy.decompress_raw(block)))
    found, at = [], 0
    for number, end in enumerate(scanned.series[:, 3].tolist()):
        values, times = scanned.values[at:end].tolist(), scanned.times[at:end].tolist()
        found.append((read_labels(scanned.label_block(number)), list(zip(values, times, strict=True))))
        at = end
    return found


def one(labels: dict[str, str], samples: list[Sample]) -> bytes:
    block = remote_write.label_block(labels.items())
    return remote_write.series(block, b"".join(remote_write.sample(value, ms) for value, ms in samples))


@given(
    st.dictionaries(st.text(min_size=1), st.text(min_size=1), min_size=1, max_size=5),
    st.lists(st.tuples(st.floats(allow_nan=False), st.integers(0, 2**62)), max_size=5),
)
def test_series_come_back_as_they_were(labels: dict[str, str], samples: list[Sample]) -> None:
    packed = remote_write.pack(one(labels, samples))
    assert decode(remote_write.unpack(packed)) == [(labels, samples)]


def test_labels_are_sorted_and_empty_ones_left_out() -> None:
    block = remote_write.label_block((("z", "1"), ("__name__", "n"), ("empty", ""), ("a", "2")))
    assert list(read_labels(block).items()) == [("__name__", "n"), ("a", "2"), ("z", "1")]


def test_the_stale_marker_keeps_its_bits() -> None:
    scanned = scan_plain(one({"a": "b"}, [(remote_write.STALE, 1)]))
    assert struct.unpack("<Q", scanned.values.tobytes()) == (0x7FF0000000000002,)


def test_metadata_comes_back() -> None:
    body = remote_write.metadata(Metadata("served", "counter", "Requests.", "s"))
    (row,) = scan_plain(body).others.tolist()
    found = read_metadata(body, row[2], row[3])
    assert (found.family, found.type, found.help, found.unit) == ("served", "counter", "Requests.", "s")
    assert read_metadata(*[(b := remote_write.metadata(Metadata("x", "odd"))), 2, len(b)]).type == "unknown"


def test_an_empty_block_and_a_large_one_are_valid_snappy() -> None:
    for body in (b"", b"x", b"y" * 70_000):
        assert bytes(cramjam.snappy.decompress_raw(remote_write.snappy_block(body))) == body


def test_requests_are_cut_by_size_and_the_first_has_the_metadata() -> None:
    parts = [one({"n": str(number)}, [(1.0, number)]) for number in range(50)]
    made: list[bytes] = []
    remote_write.requests(parts, {"f": Metadata("f", "gauge")}, 300, made.append)
    assert len(made) > 3
    assert max(map(len, made)) <= 300
    assert b"".join(made).endswith(b"".join(parts))
    assert [len(scan_plain(body).others) for body in made] == [1] + [0] * (len(made) - 1)
