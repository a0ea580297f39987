"""A shard: the detector's memory of up to 128 series, scored together and kept as one file."""

import io
import os
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Struct, field

from trimtab.anomalies.episodes import Episode, Owner, ended, follow, is_over
from trimtab.anomalies.model import SLOT_MS, Anomaly
from trimtab.timeseries.anomaly.alerts import THRESHOLD
from trimtab.timeseries.anomaly.bank import Bank, Times, Values

ROWS = 128
"""Series of a shard: at most 7.8 MB in memory and 5.7 as a file, which is written in 20 ms."""
_POINTS = ("seconds", "values")
"""Arrays of points, of which only as many columns are saved as are known."""
FORMAT = 2
"""Files of another format are not read: their series are learnt anew from the stored points."""


class Shard(Struct, eq=False):
    """`owners` by row; `until` is the first slot (ms) that has not been looked at; `open` the anomalies by row."""

    number: int
    bank: Bank = field(default_factory=lambda: Bank.of(ROWS))
    owners: dict[int, Owner] = field(default_factory=dict)
    until: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(ROWS, np.int64))
    open: dict[int, Episode] = field(default_factory=dict)
    saved_ms: int = 0
    """The `until` up to which the file knows everything."""

    def add(self, owner: Owner, until_ms: int) -> int | None:
        """Watch a series from slot `until_ms` on; the row that it got, None where all are taken."""
        row = next((row for row in range(ROWS) if row not in self.owners), None)
        if row is not None:
            self.owners[row] = owner
            self.until[row] = until_ms
        return row

    def drop(self, row: int) -> None:
        """Watch the series of `row` no more."""
        del self.owners[row]
        self.open.pop(row, None)
        self.until[row] = 0
        self.bank.forget(row)

    def take(
        self, points: dict[int, tuple[Times, Values]], until_ms: int, threshold: float = THRESHOLD
    ) -> list[Anomaly]:
        """Score the points (times in ms, values) of each row up to slot `until_ms`; what anomalies began or changed.

        An alert needs a score of `threshold`. Rows of `points` without any have nothing in those slots.
        """
        rows = sorted(points)
        counts = [len(points[row][0]) for row in rows]
        offsets = np.concatenate(([0], np.cumsum(counts, dtype=np.int64))).astype(np.int64)
        times = np.concatenate([points[row][0] for row in rows]).astype(np.int64)
        values = np.concatenate([points[row][1] for row in rows])
        said = self.bank.score(np.array(rows, np.int64), offsets, times, values, threshold)
        begun = np.add.reduceat(np.append(said.alerts, False), offsets[:-1]) if len(values) else np.zeros(len(rows))
        found: list[Anomaly] = []
        for at, row in enumerate(rows):
            if counts[at] and (begun[at] or row in self.open):
                part = slice(int(offsets[at]), int(offsets[at + 1]))
                after = follow(
                    self.owners[row], self.open.pop(row, None), times[part], values[part], said.of(part),
                    self.bank.points(row),
                )  # fmt: skip
                found += after.anomalies
                if after.open is not None:
                    self.open[row] = after.open
        self.until[rows] = until_ms
        for row in [row for row in rows if row in self.open and is_over(self.open[row], until_ms)]:
            found.append(ended(self.owners[row], self.open.pop(row), self.bank.points(row)))
        return found

    @property
    def oldest_ms(self) -> int:
        """The slot up to which all its series have been looked at; 0 without any."""
        return int(self.until[list(self.owners)].min()) if self.owners else 0


def save(shard: Shard, directory: Path) -> None:
    """Replace the shard's file, durably: after a crash there is the old one or the new one. Raises OSError."""
    owners = {row: (one.series, one.account, one.region) for row, one in shard.owners.items()}
    head = msgspec.msgpack.encode(_Head(FORMAT, owners, shard.open))
    arrays: dict[str, Any] = dict(shard.bank.arrays())
    width = int(shard.bank.sizes.max())
    arrays |= {name: arrays[name][:, :width] for name in _POINTS}
    content = io.BytesIO()
    np.savez(content, head=np.frombuffer(head, np.uint8), until=shard.until, **arrays)
    directory.mkdir(parents=True, exist_ok=True)
    path = _path(directory, shard.number)
    fresh = path.with_suffix(".new")
    with fresh.open("wb") as file:
        file.write(content.getbuffer())
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    shard.saved_ms = shard.oldest_ms


def load(directory: Path) -> list[Shard]:
    """The shards that were saved, by number; a file that is damaged or of another format is left out."""
    found = (_read(path) for path in sorted(directory.glob("shard-*.npz")))
    return [shard for shard in found if shard is not None]


def _path(directory: Path, number: int) -> Path:
    return directory / f"shard-{number:05}.npz"


class _Head(msgspec.Struct):
    format: int
    owners: dict[int, tuple[int, str, str]]
    open: dict[int, Episode]


_head = msgspec.msgpack.Decoder(_Head).decode


def _read(path: Path) -> Shard | None:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as archive:
            content = {name: archive[name] for name in archive.files}
        head = _head(content.pop("head").tobytes())
        until = content.pop("until")
        bank = Bank.of(ROWS)
        for name, array in bank.arrays():
            stored = content[name]
            held = array[:, : stored.shape[1]] if name in _POINTS else array
            if stored.shape != held.shape or stored.dtype != held.dtype:
                return None
            held[...] = stored
        if head.format != FORMAT or until.shape != (ROWS,):
            return None
    except (OSError, ValueError, KeyError, IndexError, zipfile.BadZipFile, msgspec.MsgspecError):
        return None
    owners = {row: Owner(*one) for row, one in head.owners.items()}
    shard = Shard(int(path.stem.removeprefix("shard-")), bank, owners, until, dict(head.open))
    shard.saved_ms = shard.oldest_ms
    return shard


def slot_of(time_ms: int) -> int:
    """The start (ms) of the slot that `time_ms` is in."""
    return time_ms // SLOT_MS * SLOT_MS
