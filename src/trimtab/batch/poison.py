"""Records that end their worker: found by running what was under way at such an end alone, and halving it.

Which of the pieces under way was at fault nobody knows, and most often none was: a machine went away, or memory was
short. So a piece is suspected only after its second loss. A suspect runs alone; one that ends its worker alone is
halved, and a single record that has done so `TRIES` times becomes an error row, which counts against the limit.
"""

from pathlib import Path

from msgspec import Struct, field

from trimtab.batch.checkpoint import keep
from trimtab.batch.model import Done, ErrorRow, Piece, Spec
from trimtab.batch.rows import Shape
from trimtab.batch.split import Block, Lines, Raw, framed

TRIES = 3
_SUSPECT = 2  # losses


class Suspects(Struct):
    """The losses of each piece, and which suspects wait or run."""

    losses: dict[Piece, int] = field(default_factory=dict)

    def suspected(self, piece: Piece) -> bool:
        """Whether it must run alone."""
        return self.losses.get(piece, 0) >= _SUSPECT

    def must_wait(self, piece: Piece, running: list[Piece]) -> bool:
        """Whether a piece may not begin beside what runs."""
        return bool(running) and (self.suspected(piece) or any(self.suspected(one) for one in running))

    def lost(self, piece: Piece, alone: bool, spec: Spec) -> list[Piece]:
        """Note a loss; what is to be run in the piece's place. Nothing: its one record is at fault."""
        guilty = alone and self.suspected(piece)
        self.losses[piece] = self.losses.get(piece, 0) + 1
        if not guilty:
            return [piece]
        halves = _halves(spec, piece)
        if halves:
            del self.losses[piece]
            self.losses.update(dict.fromkeys(halves, _SUSPECT))
            return halves
        at_fault = self.losses[piece] >= _SUSPECT + TRIES and bool(_records(spec, piece))
        return [] if at_fault else [piece]

    def passed(self, piece: Piece) -> None:
        """A piece, or its first part, came through."""
        self.losses.pop(piece, None)


def error_row(spec: Spec, piece: Piece, parts: Path) -> Done:
    """Keep an error row in the place of the one record of a piece."""
    [raw] = _records(spec, piece)
    problem = f"its worker ended {TRIES} times at this record alone: the model ends its process, or memory is short"
    ending = b"\n" if spec.assemble_line else b""
    done = Done(piece, 1, TRIES, 0.0, (ErrorRow(raw.at, problem),), 0, piece)
    keep(parts, done, Shape(spec).error(raw.body, problem) + ending)
    return done


def _records(spec: Spec, piece: Piece) -> list[Raw]:
    path = spec.inputs[piece.file]
    if spec.split == "Line":
        lines = Lines.of(Block.read(path, piece))
        return [Raw(at, body) for at, body in zip(lines.at, lines.bodies, strict=True)]
    return list(framed(path, piece, spec.split))


def _halves(spec: Spec, piece: Piece) -> list[Piece]:
    """A piece cut at its middle record; nothing for one that has no two."""
    records = _records(spec, piece)
    if len(records) < 2:
        return []
    middle = records[len(records) // 2].at
    return [Piece(piece.file, piece.start, middle), Piece(piece.file, middle, piece.end)]
