"""Lines as they lie in their file, a mini-batch at a time."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trimtab.batch import stretches as module
from trimtab.batch.model import Piece
from trimtab.batch.stretches import Buffer, Stretch, Wanted, stretches

_LINE = st.binary(min_size=1, max_size=12).filter(lambda line: b"\n" not in line and b"\r" not in line)


def _found(path: Path, piece: Piece, most: int, payload_bytes: int = 0, buffer: Buffer | None = None) -> list[Stretch]:
    return list(stretches(path, piece, Wanted(payload_bytes, lambda: most), buffer or Buffer()))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A buffer that grows, moves and is filled again all the time."""
    monkeypatch.setattr(module, "_STEP", 8)
    monkeypatch.setattr(module, "_LAST_LINE", 3)


@pytest.mark.usefixtures("small")
@given(
    lines=st.lists(_LINE, max_size=40), cuts=st.sets(st.integers(1, 400), max_size=6), most=st.integers(1, 9),
    payload_bytes=st.integers(0, 30), ended=st.booleans(),
)  # fmt: skip
def test_every_line_is_in_one_piece_as_it_lies_there(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], cuts: set[int], most: int, payload_bytes: int,
    *, ended: bool,
) -> None:  # fmt: skip
    data = b"\n".join(lines) + (b"\n" if ended and lines else b"")
    path = tmp_path_factory.mktemp("stretches") / "in"
    path.write_bytes(data)
    bounds, buffer = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))}), Buffer()
    found: list[Stretch] = []
    for start, end in itertools.pairwise(bounds):
        mine = _found(path, Piece(0, start, end), most, payload_bytes, buffer)
        assert all(start <= one.at < end for one in mine)
        assert [one.at for one in mine[1:]] == [one.following for one in mine[:-1]]
        assert [end] == [one.following for one in mine[-1:]] or not mine
        assert payload_bytes or all(one.lines == most for one in mine[:-1])
        found += mine
    assert lines == [line for one in found for line in one.body.split(b"\n")]
    assert [one.lines for one in found] == [one.body.count(b"\n") + 1 for one in found]
    assert all(one.lines <= most and data[one.at :].startswith(one.body) for one in found)
    assert all(len(one.body) <= payload_bytes or one.lines == 1 for one in found if payload_bytes)


@pytest.mark.usefixtures("small")
@given(lines=st.lists(_LINE, min_size=1, max_size=20), odd=st.integers(0, 19), what=st.sampled_from([b"", b"a\r"]))
def test_they_end_before_what_cannot_be_sent_as_it_lies(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], odd: int, what: bytes
) -> None:
    at = min(odd, len(lines) - 1)
    data = b"".join(line + b"\n" for line in [*lines[:at], what, *lines[at:]])
    path = tmp_path_factory.mktemp("stretches") / "in"
    path.write_bytes(data)
    found = [line for one in _found(path, Piece(0, 0, len(data)), 1) for line in one.body.split(b"\n")]
    assert found == lines[: len(found)]
    assert len(found) <= at


def test_a_last_line_may_have_no_end_and_an_empty_piece_has_none(tmp_path: Path) -> None:
    path = tmp_path / "in"
    path.write_bytes(b"a\nbc")
    assert [(0, b"a", 1, 2), (2, b"bc", 1, 4)] == _found(path, Piece(0, 0, 4), 1)
    assert [(0, b"a\nbc", 2, 4)] == _found(path, Piece(0, 0, 4), 9)
    assert [] == _found(path, Piece(0, 3, 4), 9)
    path.write_bytes(b"")
    assert [] == _found(path, Piece(0, 0, 0), 9)


def test_the_buffer_grows_no_larger_than_a_batch_needs(tmp_path: Path) -> None:
    path, buffer = tmp_path / "in", Buffer()
    path.write_bytes((b"x" * 99 + b"\n") * 100_000)
    assert 100_000 == sum(one.lines for one in _found(path, Piece(0, 0, 10_000_000), 128, 0, buffer))
    assert len(buffer.held) <= 1 << 20
    assert [8192] * 12 + [1696] == [one.lines for one in _found(path, Piece(0, 0, 10_000_000), 8192, 0, buffer)]
    assert len(buffer.held) <= 4 << 20
