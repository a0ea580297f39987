"""The CPU series of a directory in NAB's layout, and the fixed rules of the reference, computed from all points."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt
from nab_files import NabFile, read_files

from trimtab.advice.rightsizing.use import DAY_MS

Floats = npt.NDArray[np.float64]

RULES: Mapping[str, Callable[[Floats], float]] = {
    "p95": lambda past: float(np.percentile(past, 95)),
    "vpa_p90_15": lambda past: 1.15 * float(np.percentile(past, 90)),
    "p99_5_20": lambda past: float(np.percentile(past, 99.5)) / 0.8,
    "max_15": lambda past: 1.15 * float(np.max(past)),
}


def cpu_files(directory: Path) -> list[NabFile]:
    """The series of CPU use, by name: those whose file says `cpu`."""
    return [file for file in read_files(directory) if "cpu" in file.name.rsplit("/", maxsplit=1)[-1].lower()]


def day_of(file: NabFile) -> npt.NDArray[np.int64]:
    """The number of the day of each point, counted in 24 hours from the first."""
    days: npt.NDArray[np.int64] = (file.times - file.times[0]) // DAY_MS
    return days


def fixed(file: NabFile, rule: Callable[[Floats], float]) -> Floats:
    """What a rule sizes each day, from every point before it; NaN for the first."""
    day = day_of(file)
    sizes = np.full(int(day[-1]) + 1, np.nan)
    for number in range(1, len(sizes)):
        sizes[number] = rule(file.values[day < number])
    return sizes


def judged(file: NabFile, sizes: Floats) -> tuple[float, float]:
    """Slack, 1 - mean(use) ÷ mean(size), and the share of points over size, from the points themselves."""
    size = sizes[day_of(file)]
    told = np.isfinite(size)
    use, size = file.values[told], size[told]
    return 1.0 - float(use.mean() / size.mean()), float((use > size).mean())
