"""Files cut into pieces and records."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.base.errors import InvalidInput
from trimtab.batch.model import Spec
from trimtab.batch.split import Raw, groups, pieces, records

_LINES = st.lists(st.binary(max_size=12).filter(lambda line: b"\n" not in line and b"\r" not in line), max_size=40)


def _spec(path: Path, split: str, piece_bytes: int) -> Spec:
    return Spec((path,), path.parent / "out", "m:f", split=split, piece_bytes=piece_bytes)  # type: ignore[arg-type]  # str


def _all(spec: Spec) -> list[Raw]:
    return [one for piece in pieces(spec) for one in records(spec.inputs[0], piece, spec.split)]


@given(lines=_LINES, piece_bytes=st.integers(1, 50), ends=st.booleans())
def test_every_cut_gives_every_line_once_and_in_order(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], piece_bytes: int, ends: bool
) -> None:
    path = tmp_path_factory.mktemp("split") / "in"
    path.write_bytes(b"\n".join(lines) + (b"\n" if ends else b""))
    found = _all(_spec(path, "Line", piece_bytes))
    assert [line for line in lines if line] == [one.body for one in found]
    body = path.read_bytes()
    assert all(body[one.at : one.at + len(one.body)] == one.body for one in found)


def _tf_record(data: bytes) -> bytes:
    return struct.pack("<QI", len(data), 0) + data + struct.pack("<I", 0)


def _record_io(data: bytes) -> bytes:
    return struct.pack("<II", 0xCED7230A, len(data)) + data + b"\0" * (-len(data) % 4)


@pytest.mark.parametrize(("split", "frame"), [("TFRecord", _tf_record), ("RecordIO", _record_io)])
@pytest.mark.parametrize("piece_bytes", [1, 30, 1000])
def test_framed_records_stay_whole(tmp_path: Path, split: str, frame, piece_bytes: int) -> None:  # type: ignore[no-untyped-def]  # one of two functions
    frames = [frame(bytes([number]) * number) for number in range(1, 20)]
    path = tmp_path / "in"
    path.write_bytes(b"".join(frames))
    assert frames == [one.body for one in _all(_spec(path, split, piece_bytes))]


def test_a_broken_frame_is_named_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "in"
    path.write_bytes(_record_io(b"good") + b"broken!!")
    with pytest.raises(InvalidInput, match="at byte 12"):
        _all(_spec(path, "RecordIO", 1 << 20))


def test_batches_keep_to_the_payload_and_the_count() -> None:
    found = [Raw(0, b"x" * size) for size in (4, 4, 4, 9, 1)]
    assert [[4, 4], [4], [9], [1]] == [[len(one.body) for one in batch] for batch in groups(iter(found), 10, 0, 1)]
    assert [2, 2, 1] == [len(batch) for batch in groups(iter(found), 0, 2, 1)]
