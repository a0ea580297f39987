"""A directory as the Numenta Anomaly Benchmark has it: `data/<group>/<file>.csv`, `labels/combined_windows.json`."""

import csv
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class NabFile:
    """One series of the benchmark; its windows are kept beside, where no detector looks."""

    name: str
    times: npt.NDArray[np.int64]
    """Milliseconds; the file's clock is read as UTC. Ascending: where a local clock goes back an hour, rows have the
    latest time before it until that is passed."""
    values: npt.NDArray[np.float64]

    @property
    def group(self) -> str:
        """The folder of the file: what its kind of data is."""
        return self.name.split("/", maxsplit=1)[0]


def read_files(directory: Path) -> list[NabFile]:
    """Every series below `directory/data`, by name. Reads no label."""
    return [_read(path, directory / "data") for path in sorted((directory / "data").glob("*/*.csv"))]


def read_windows(directory: Path, file: NabFile) -> list[tuple[int, int]]:
    """The labelled windows of `file`: the indices of their first and last point."""
    labels = json.loads((directory / "labels" / "combined_windows.json").read_text())
    windows = []
    for begin, end in labels.get(file.name, []):
        left = int(np.searchsorted(file.times, _milliseconds(begin)))
        right = int(np.searchsorted(file.times, _milliseconds(end), side="right")) - 1
        if right >= left:
            windows.append((left, right))
    return windows


def _read(path: Path, base: Path) -> NabFile:
    with path.open(newline="") as text:
        rows = list(csv.DictReader(text))
    return NabFile(
        path.relative_to(base).as_posix(),
        np.maximum.accumulate(np.array([_milliseconds(row["timestamp"]) for row in rows], dtype=np.int64)),
        np.array([float(row["value"]) for row in rows]),
    )


def _milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)
