"""Labelled servers and services: a folder with `asd/` and `kpi/`, each `<name>.csv.gz` beside `<name>.labels.json`.

A file of `asd/` is a server with many metrics (columns after `t_s` and `part`), its segments by row. A file of `kpi/`
is one series (`timestamp` in s, `value`), its segments by their first and last timestamp. Rows come out in the order of
time: of rows with one timestamp, as where a local clock went back an hour, the order of the file is kept.
"""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Segments = tuple[tuple[int, int], ...]

LEARNT_DAYS = 3
"""Days that are not judged where a file names no training part: what the seasonal median looks back on."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """One server or service. `values` is rows × metrics, finite; rows from `first_judged` on are judged."""

    group: str
    name: str
    times: npt.NDArray[np.int64]
    """Seconds, ascending."""
    values: Floats
    first_judged: int
    segments: Segments
    """Inclusive pairs of rows. No detector looks at them."""

    @property
    def step_s(self) -> int:
        """Seconds between rows, as most are."""
        return max(int(np.median(np.diff(self.times))), 1)

    @property
    def judged_weeks(self) -> float:
        """How long the judged part is."""
        return float(self.times[-1] - self.times[self.first_judged]) / 604_800.0


def read_labelled(directory: Path) -> list[Labelled]:
    """Every file below `directory/asd` and `directory/kpi`, by group and name."""
    paths = sorted(path for group in ("asd", "kpi") for path in (directory / group).glob("*.csv.gz"))
    return [_read(path) for path in paths if _labels(path).exists()]


def _labels(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(".csv.gz") + ".labels.json")


def _read(path: Path) -> Labelled:
    with gzip.open(path, "rt") as text:
        columns = text.readline().strip().split(",")
        rows = [line.rstrip("\n").split(",") for line in text]
    told = json.loads(_labels(path).read_text())
    metrics = [at for at, name in enumerate(columns) if name not in ("t_s", "timestamp", "part")]
    times = np.array([int(float(row[0])) for row in rows], np.int64)
    order = np.argsort(times, kind="stable")
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    values = np.array([[float(row[at] or "nan") for at in metrics] for row in rows])[order]
    times = times[order]
    segments = []
    for segment in told["segments"]:
        if "first_row" in segment:
            segments.append((int(place[segment["first_row"]]), int(place[segment["last_row"]])))
        else:
            first = int(np.searchsorted(times, segment["first"]))
            segments.append((first, int(np.searchsorted(times, segment["last"], side="right")) - 1))
    learnt = int(np.searchsorted(times, times[0] + LEARNT_DAYS * 86_400))
    return Labelled(
        path.parent.name,
        path.name.removesuffix(".csv.gz"),
        times,
        _filled(values),
        max(int(told.get("train_rows", 0)), learnt),
        tuple(sorted((min(a, b), max(a, b)) for a, b in segments)),
    )


def _filled(values: Floats) -> Floats:
    """The values with gaps filled by what came before; a metric that begins late begins with its first value."""
    filled = values.copy()
    for column in filled.T:
        known = np.isfinite(column)
        if not known.any():
            column[:] = 0.0
            continue
        last = np.maximum.accumulate(np.where(known, np.arange(len(column)), -1))
        column[:] = column[np.maximum(last, int(np.argmax(known)))]
    return filled
