"""What of a job is finished, so that it goes on after whatever killed it and each record's output is there once.

A piece's output is one file, a line of figures and then its rows, that is written beside its name, synced, and
renamed: it is there whole or not at all. When the pieces of a file cover it, they become `<name>.out` in order.
The folder is bound to what the job was asked to do. Of pieces that overlap (a worker of an ended run may still have
written one) some that do not are chosen: each record's output is there once.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec

from trimtab.base import typed
from trimtab.base.errors import Conflict
from trimtab.base.whole_file import write_whole
from trimtab.batch.model import Done, Piece, Spec
from trimtab.batch.split import whole_cover

FOLDER = ".trimtab-batch"
_FINISHED = "finished"
_COPY = 1 << 22


def fingerprint(spec: Spec) -> str:
    """What makes two runs the same job: the request and its inputs' sizes and times. Workers may differ."""
    asked = {
        name: str(getattr(spec, name))
        for name in ("model", "split", "multi_record", "assemble_line", "payload_bytes", "join_input", "input_filter",
                     "output_filter", "content_type", "accept", "piece_bytes")
    }  # fmt: skip
    files = [(str(one), one.stat().st_size, one.stat().st_mtime_ns) for one in spec.inputs]
    return hashlib.sha256(json.dumps([asked, files]).encode()).hexdigest()


def open_parts(spec: Spec) -> Path:
    """The folder of finished pieces, made or found again. Raises Conflict for one of another job."""
    parts = spec.output / FOLDER
    mark, mine = parts / "job", fingerprint(spec)
    parts.mkdir(parents=True, exist_ok=True)
    if mark.exists() and mark.read_text(encoding="ascii") != mine:
        raise Conflict(
            f"cannot write to {spec.output}: it holds what another job finished, or the input has changed since; "
            f"remove {parts} to begin anew"
        )
    if not mark.exists():
        write_whole(mark, mine.encode())
    return parts


def keep(parts: Path, done: Done, body: bytes) -> None:
    """Keep a piece's output behind its figures."""
    write_whole(parts / f"{done.piece.name}.part", msgspec.json.encode(done) + b"\n" + body)


def kept(parts: Path) -> dict[str, Done]:
    """The pieces that are finished, by name; none overlaps another."""
    found = {}
    for part in parts.glob("*.part"):
        with part.open("rb") as figures:
            done = typed.decode(figures.readline(), type=Done)
        found[done.piece] = done
    return {one.name: found[one] for one in whole_cover(list(found))}


def assemble(parts: Path, pieces: Sequence[Piece], target: Path) -> None:
    """Put the pieces of one file together. They stay until the job is done: a kill in between loses nothing."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.assembling")
    with partial.open("wb") as out:
        for piece in pieces:
            with (parts / f"{piece.name}.part").open("rb") as part:
                part.readline()
                shutil.copyfileobj(part, out, _COPY)
        out.flush()
        os.fsync(out.fileno())
    partial.replace(target)


def finish(parts: Path, spec: Spec) -> None:
    """Note that every output is there: from now on nothing of the job is done again."""
    write_whole(parts / _FINISHED, fingerprint(spec).encode())


def finished(parts: Path, spec: Spec) -> bool:
    """Whether every output is there already: the job was killed while it tidied up."""
    mark = parts / _FINISHED
    return mark.exists() and mark.read_text(encoding="ascii") == fingerprint(spec)


def forget(parts: Path) -> None:
    """Remove what is no longer needed; the marks last."""
    for one in parts.glob("*.part"):
        one.unlink(missing_ok=True)
    shutil.rmtree(parts)


def output_of(spec: Spec, number: int) -> Path:
    """Where the output of an input file goes: its path under the input's folder, with `.out`."""
    source = spec.inputs[number]
    relative = source.relative_to(spec.root) if spec.root and source.is_relative_to(spec.root) else Path(source.name)
    if str(relative) == ".":
        relative = Path(source.name)
    return spec.output / relative.with_name(f"{relative.name}.out")
