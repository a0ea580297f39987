"""Files cut into pieces and records."""

import itertools
import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.base.errors import InvalidInput
from trimtab.batch.model import Piece, Spec
from trimtab.batch.split import Block, Lines, Raw, framed, groups, pieces, shared, whole_cover

_LINES = st.lists(st.binary(max_size=12).filter(lambda line: b"\n" not in line and b"\r" not in line), max_size=40)


def _spec(path: Path, split: str, piece_bytes: int) -> Spec:
    return Spec((path,), path.parent / "out", "m:f", split=split, piece_bytes=piece_bytes)  # type: ignore[arg-type]  # str


def _all(spec: Spec, done: tuple[Piece, ...] = ()) -> list[Raw]:
    return [one for piece in pieces(spec, done) for one in _records(spec, piece)]


def _records(spec: Spec, piece: Piece) -> list[Raw]:
    if spec.split != "Line":
        return list(framed(spec.inputs[0], piece, spec.split))
    lines = Lines.of(Block.read(spec.inputs[0], piece))
    return [Raw(at, body) for at, body in zip(lines.at, lines.bodies, strict=True)]


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


@given(lines=_LINES, cuts=st.lists(st.integers(0, 400), max_size=8), kept=st.integers(0, 7))
def test_whatever_is_finished_the_rest_has_every_other_line(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], cuts: list[int], kept: int
) -> None:
    path = tmp_path_factory.mktemp("split") / "in"
    path.write_bytes(b"\n".join(lines))
    spec, size = _spec(path, "Line", 7), path.stat().st_size
    bounds = sorted({0, size, *(cut for cut in cuts if cut < size)})
    every = [Piece(0, *cut) for cut in itertools.pairwise(bounds)]
    done = tuple(one for number, one in enumerate(every) if kept >> (number % 3) & 1)
    found = [(one.at, one.body) for piece in done for one in _records(spec, piece)]
    found += [(one.at, one.body) for one in _all(spec, done)]
    assert [line for line in lines if line] == [body for _, body in sorted(found)]


def test_of_pieces_that_overlap_some_that_do_not_are_chosen() -> None:
    found = [Piece(0, 0, 10), Piece(0, 0, 4), Piece(0, 4, 10), Piece(0, 12, 20), Piece(1, 0, 3), Piece(0, 8, 12)]
    assert [Piece(0, 0, 10), Piece(0, 12, 20), Piece(1, 0, 3)] == whole_cover(found)


def test_what_is_left_of_a_piece_is_shared_among_free_workers() -> None:
    assert [Piece(0, 10, 40), Piece(0, 40, 70), Piece(0, 70, 100)] == shared(Piece(0, 10, 100), 3, 1)
    assert [Piece(0, 10, 100)] == shared(Piece(0, 10, 100), 3, 1000)


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


def test_batches_of_lines_keep_to_the_payload_and_the_count(tmp_path: Path) -> None:
    path = tmp_path / "in"
    path.write_bytes(b"\n".join(b"x" * size for size in (4, 4, 4, 9, 1)) + b"\n")
    lines = Lines.of(Block.read(path, Piece(0, 0, 27)))

    def ends(payload_bytes: int, most: int) -> list[int]:
        found = [0]
        while found[-1] < 5:
            found.append(lines.batch(found[-1], payload_bytes, most))
        return found[1:]

    assert [2, 3, 4, 5] == ends(10, 0)
    assert [2, 4, 5] == ends(0, 2)
    assert [5] == ends(27, 0)
    assert [1, 2, 3, 4, 5] == ends(1, 0)


def test_batches_of_frames_keep_to_the_payload_and_the_count() -> None:
    found = [Raw(0, b"x" * size) for size in (4, 4, 4, 9, 1)]
    assert [[4, 4], [4], [9], [1]] == [[len(one.body) for one in batch] for batch in groups(iter(found), 10, 0, 1)]
    assert [2, 2, 1] == [len(batch) for batch in groups(iter(found), 0, 2, 1)]
