"""CPU series of VMs and jobs in a folder: `bitbrains_*.csv.gz` and `surf_jobs*.csv.gz`; what else lies there is named.

What lives for less than two days is sized every ten minutes, as batch jobs are that can be resized while they run; what
lives longer every day. The strategies count in days, so the time of a short life is stretched by that factor.
"""

import csv
import gzip
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from nab_files import NabFile
from nab_sizing import Floats, day_of

from trimtab.advice.rightsizing.use import DAY_MS, DailyUse, daily_use

SHORT_DAYS = 2
DECISIONS_A_DAY = 144
"""Of what lives for less than two days: one every ten minutes."""


@dataclass(frozen=True, slots=True)
class CpuSeries:
    """A series with its times stretched so that a decision is due each day; `source` is what a fold leaves out."""

    source: str
    file: NabFile
    use: DailyUse

    @classmethod
    def of(cls, source: str, file: NabFile) -> "CpuSeries":
        """The series of a file, whose times ascend."""
        span = int(file.times[-1] - file.times[0])
        factor = DECISIONS_A_DAY if span < SHORT_DAYS * DAY_MS else 1
        stretched = NabFile(file.name, (file.times - file.times[0]) * factor, file.values)
        days = int(day_of(stretched)[-1]) + 1
        return cls(source, stretched, daily_use(stretched.times, stretched.values, 0, days))

    def judged(self, sizes: Floats) -> tuple[float, float] | None:
        """Slack and the share of points over size; None where no day has a size."""
        size = sizes[: self.use.days][day_of(self.file)]
        known = np.isfinite(size)
        if not known.any():
            return None
        use, size = self.file.values[known], size[known]
        slack = 1.0 - float(use.mean() / size.mean()) if size.mean() > 0.0 else 0.0
        return slack, float((use > size).mean())


def read_cpu(directory: Path) -> tuple[list[CpuSeries], list[str]]:
    """The series of every CPU file of the folder, and the names of the other files."""
    series: list[CpuSeries] = []
    left = []
    for path in sorted(path for path in directory.iterdir() if path.is_file()):
        found = _read(path) if path.name.endswith(".csv.gz") and _source(path) else {}
        if not found:
            left.append(path.name)
        for id_, points in found.items():
            table = np.array(sorted(points))
            file = NabFile(f"{path.name}/{id_}", np.round(table[:, 0] * 1000).astype(np.int64), table[:, 1])
            series.append(CpuSeries.of(_source(path), file))
    return series, left


def _source(path: Path) -> str:
    return next((name for name in ("bitbrains", "surf_jobs") if path.name.startswith(name)), "")


def _read(path: Path) -> dict[str, list[tuple[float, float]]]:
    """Points (s, use) by id; nothing where the columns are others."""
    points = defaultdict(list)
    with gzip.open(path, "rt", newline="") as text:
        rows = csv.DictReader(text)
        names = rows.fieldnames or []
        time = next((name for name in names if name in ("t", "timestamp_s")), None)
        value = next((name for name in names if name in ("cpu_usage", "cores_used", "CPU usage [MHZ]")), None)
        if time is None or value is None:
            return {}
        for row in rows:
            if row[time] and row[value]:
                points[row.get("id") or path.name.partition(".")[0]].append((float(row[time]), float(row[value])))
    return points
