"""Files of measured energy: Zeus' windows and its power trials, and readings of power by node.

    start_time,window_name,elapsed_time,gpu0_energy[,gpu1_energy …]      Zeus: joules of windows (NVML's counter)
    …,power_limit,time_per_epoch,average_power                           Zeus: the same job by limit; the rest names it
    run,node,time_ms,watts                                               power of a node, a row a reading

A row that cannot be read is named by its line, and the others are taken.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

from msgspec import Struct

from trimtab.base.errors import InvalidInput
from trimtab.progress.energy import Reading
from trimtab.progress.power_limits import Trial

_ENERGY = re.compile(r"(\w+_)?energy(_j)?", re.IGNORECASE)
_LIMIT = re.compile(r"power_?limit\w*?_(\d+(?:\.\d+)?)$", re.IGNORECASE)
T = TypeVar("T")
_LARGEST = 1e15
"""Joules, seconds or watts that nothing on Earth measures."""
_MEASURED = ("power_limit", "time_per_epoch", "average_power")


class Window(Struct, frozen=True):
    """A window that Zeus measured: its name, when it began (its clock, seconds), how long it took, and joules by part
    (`gpu0_energy`).
    """

    name: str
    start_s: float
    seconds: float
    joules_by: Mapping[str, float]

    @property
    def joules(self) -> float:
        """Of all parts together."""
        return sum(self.joules_by.values())

    @property
    def limit_w(self) -> float | None:
        """The power limit that it was measured under, where its name ends in one; None otherwise."""
        found = _LIMIT.search(self.name)
        return float(found.group(1)) if found else None

    @property
    def trial(self) -> Trial | None:
        """The window as a trial of its limit."""
        return None if self.limit_w is None else Trial(self.limit_w, self.seconds, self.joules)


class ReadFile(Struct, Generic[T], frozen=True):
    """What a file has, and the numbers of its lines that cannot be read."""

    rows: T
    unreadable: tuple[int, ...]


def windows(lines: Iterable[str]) -> ReadFile[list[Window]]:
    """Zeus' windows. Raises InvalidInput for another kind of file."""
    found, bad = [], []
    reader = _reader(lines, ("window_name", "elapsed_time"))
    parts = [name for name in reader.fieldnames or () if _ENERGY.fullmatch(name)]
    if not parts:
        raise InvalidInput("cannot read a file of Zeus' windows: expected a column such as gpu0_energy")
    for number, row in _numbered(reader):
        try:
            joules = {name: _number(row[name]) for name in parts if row.get(name)}
            found.append(Window(row["window_name"], _number(row.get("start_time") or "0"), _positive(row), joules))
        except (ValueError, TypeError, KeyError):
            bad.append(number)
    return ReadFile(found, tuple(bad))


def _positive(row: Mapping[str, str]) -> float:
    seconds = _number(row["elapsed_time"])
    if seconds <= 0:
        raise ValueError("a window takes time")
    return seconds


Job = tuple[tuple[str, str], ...]
"""What names a job: the columns beside the measured ones, with their values."""


def trials(lines: Iterable[str]) -> ReadFile[dict[Job, list[Trial]]]:
    """Trials by job. Raises InvalidInput for another kind of file."""
    found: dict[Job, list[Trial]] = {}
    bad = []
    for number, row in _numbered(_reader(lines, _MEASURED)):
        try:
            limit, seconds, watts = (_number(row[name]) for name in _MEASURED)
            if seconds <= 0 or watts <= 0:
                raise ValueError("work takes time and power")
            job = tuple(
                (name, value or "") for name, value in row.items() if name not in _MEASURED and name is not None
            )
            found.setdefault(job, []).append(Trial.drawn(limit, seconds, watts))
        except (ValueError, TypeError):
            bad.append(number)
    return ReadFile(found, tuple(bad))


def power_readings(lines: Iterable[str]) -> ReadFile[dict[tuple[str, str], list[Reading]]]:
    """Readings of power (seconds, watts) by run and node. Raises InvalidInput for another kind of file."""
    found: dict[tuple[str, str], list[Reading]] = {}
    bad = []
    for number, row in _numbered(_reader(lines, ("run", "node", "time_ms", "watts"))):
        try:
            reading = _number(row["time_ms"]) / 1000, _number(row["watts"])
        except (ValueError, TypeError):
            bad.append(number)
            continue
        found.setdefault((row["run"], row["node"]), []).append(reading)
    return ReadFile(found, tuple(bad))


def _reader(lines: Iterable[str], needs: Iterable[str]) -> "csv.DictReader[str]":
    reader = csv.DictReader(line.replace("\0", "").lstrip("\ufeff") for line in lines)
    try:
        missing = [name for name in needs if name not in (reader.fieldnames or ())]
    except csv.Error as problem:
        raise InvalidInput(f"cannot read a file of energy: {problem}") from None
    if missing:
        raise InvalidInput(f"cannot read a file of energy: it has no column {', '.join(missing)}")
    return reader


def _numbered(reader: "csv.DictReader[str]") -> Iterator[tuple[int, dict[str, str]]]:
    try:
        for row in reader:
            yield reader.line_num, row
    except csv.Error as problem:
        raise InvalidInput(f"cannot read a file of energy: line {reader.line_num}: {problem}") from None


def _number(text: str) -> float:
    """A number. Raises ValueError also for one that is not finite."""
    found = float(text)
    if not abs(found) < _LARGEST:
        raise ValueError(f"{text} is no measured value")
    return found
