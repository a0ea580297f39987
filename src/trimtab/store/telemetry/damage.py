"""What of a log was not whole when it was read back: told once, counted, and its bytes kept aside.

A file `damaged/SEGMENT-OFFSET.bin` has the bytes as they were found and a `.json` beside it says what is known of them.
"""

import os
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec
from msgspec import Struct, field

from trimtab.base import typed
from trimtab.base.clock import to_datetime
from trimtab.base.records import replace
from trimtab.base.whole_file import make_folder, sync_folder
from trimtab.store.telemetry.records import Gap, Record, RecordType, decode_batch
from trimtab.store.telemetry.segments import Segment

FOLDER = "damaged"


class Kind(StrEnum):
    """What became of the bytes."""

    HEALED = "healed"
    """One flipped bit, put right: nothing is lost."""
    LOST = "lost"
    """No whole record: the batches that were there are lost."""
    UNFINISHED = "unfinished"
    """The end of the last segment: written when the power went and never acknowledged, or damaged."""


class Damage(Struct, frozen=True):
    """Bytes `[offset, end)` of a segment. `batches` lost at most (None: cannot be told), acknowledged between the times
    `since_ms` and `until_ms` (0: not known)."""

    segment: str
    offset: int
    end: int
    kind: Kind
    batches: int | None
    since_ms: int
    until_ms: int
    noticed_ms: int

    @property
    def words(self) -> str:
        """What happened, for people."""
        place = f"bytes {self.offset} to {self.end} of {self.segment}.log"
        if self.kind is Kind.HEALED:
            return f"{place} were damaged and are put right; nothing is lost"
        when = f", acknowledged {_between(self.since_ms, self.until_ms)}" if self.since_ms or self.until_ms else ""
        aside = f"the bytes are kept as {FOLDER}/{self.name}.bin"
        if self.kind is Kind.UNFINISHED:
            return f"{place}, its end, are not whole: a write that a crash cut off, or damage{when}; {aside}"
        lost = f"{self.batches} acknowledged batches are" if self.batches != 1 else "one acknowledged batch is"
        if not self.batches:
            return f"{place} are damaged; all that was acknowledged there is stored; {aside}"
        return f"{place} are damaged: {lost} lost{when}; {aside}"

    @property
    def name(self) -> str:
        """What its files are called."""
        return f"{self.segment}-{self.offset}"


def _between(since_ms: int, until_ms: int) -> str:
    since, until = (f"{to_datetime(at):%Y-%m-%d %H:%M:%S} UTC" if at else "" for at in (since_ms, until_ms))
    return f"between {since} and {until}" if since and until else f"after {since}" if since else f"before {until}"


def kept(directory: Path) -> list[Damage]:
    """All that was ever found damaged in the log of `directory`, and was not taken away."""
    return [typed.decode(path.read_bytes(), type=Damage) for path in sorted((directory / FOLDER).glob("*.json"))]


def keep(directory: Path, found: Sequence[Damage]) -> list[Damage]:
    """Keep the bytes of what is new of `found`, durably, and return it: what was told before is not told again."""
    folder = directory / FOLDER
    new = [one for one in found if not (folder / f"{one.name}.json").exists()]
    if new:
        make_folder(folder, 0o700)
    for one in new:
        with (directory / f"{one.segment}.log").open("rb") as segment:
            segment.seek(one.offset)
            write_private(folder / f"{one.name}.bin", segment.read(one.end - one.offset))
        write_private(folder / f"{one.name}.json", msgspec.json.encode(one))
    if new:
        sync_folder(folder)
    return new


def write_private(path: Path, data: bytes) -> None:
    """Write a file that this user alone may read; durable but for its name."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


class Survey(Struct):
    """Reads a log once and works out what its gaps took: the batches whose numbers are missing around them."""

    noticed_ms: int
    _open: list[tuple[Damage, int]] = field(default_factory=list)
    _closed: list[tuple[Damage, int, int]] = field(default_factory=list)
    _healed: list[Damage] = field(default_factory=list)
    _sequence: int = 0
    _at_ms: int = 0

    def gap(self, segment: Segment, gap: Gap) -> None:
        """Bytes that are no record."""
        if gap.offset == 0 and not gap.tail:  # the header, of which there are copies
            self._healed.append(self._damage(segment, gap.offset, gap.end, Kind.HEALED))
            return
        kind = Kind.UNFINISHED if gap.tail else Kind.LOST
        self._open.append((self._damage(segment, gap.offset, gap.end, kind), self._sequence))

    def record(self, segment: Segment, record: Record) -> None:
        """A record, in order."""
        if record.healed:
            start = record.offset - segment.format.overhead
            self._healed.append(self._damage(segment, start, record.end, Kind.HEALED))
        if record.type not in (RecordType.BATCH, RecordType.KEYS):
            return
        at_ms = decode_batch(record.payload)[2] if record.type is RecordType.BATCH else self._at_ms
        if record.type is RecordType.BATCH:
            for damage, before in self._open:  # records follow, so it is no end that was never finished
                ends = replace(damage, kind=Kind.LOST, until_ms=at_ms)
                self._closed.append((ends, before, record.sequence))
            self._open.clear()
        self._sequence, self._at_ms = max(self._sequence, record.sequence), at_ms

    def found(self, done: int) -> Iterator[Damage]:
        """All damage, of which batches up to `done` are in the engine."""
        yield from self._healed
        counted: set[int] = set()
        for damage, before, after in self._closed:
            lost = set(range(max(before, done) + 1, after)) - counted
            counted |= lost
            yield replace(damage, batches=len(lost))
        for damage, _ in self._open:
            yield damage

    def _damage(self, segment: Segment, offset: int, end: int, kind: Kind) -> Damage:
        batches = 0 if kind is Kind.HEALED else None
        return Damage(segment.path.stem, offset, end, kind, batches, self._at_ms, 0, self.noticed_ms)
