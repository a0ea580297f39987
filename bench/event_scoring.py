"""Alarms against labelled segments, event by event, and thresholds that are chosen where they are not judged.

Rows of alarm that follow each other are one alarm, raised at the first of them. A segment is hit when an alarm is
raised in it or at most BEFORE rows ahead of it; every other alarm is a false one. F1 is of all events of the files
together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Flags = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]

BEFORE = 10
"""Rows ahead of a segment in which an alarm still is about it: labels are of people, and not exact at the edges."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Segments that were hit and missed, and false alarms. Sums are of files together."""

    hits: int = 0
    missed: int = 0
    false: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(self.hits + other.hits, self.missed + other.missed, self.false + other.false)

    @property
    def f1(self) -> float:
        """0 where nothing was hit."""
        return 2.0 * self.hits / max(2 * self.hits + self.missed + self.false, 1)


def tally(alarms: Flags, segments: Sequence[tuple[int, int]], first: int = 0) -> Tally:
    """What the rows of alarm from `first` on come to."""
    raised = alarms & ~np.concatenate(([False], alarms[:-1]))
    raised[:first] = False
    if first < len(alarms):
        raised[first] = alarms[first]
    near = np.zeros(len(alarms), np.bool_)
    hits, number = 0, 0
    for begin, end in segments:
        if end < first:
            continue
        number += 1
        part = slice(max(begin - BEFORE, 0), end + 1)
        near[part] = True
        hits += bool(raised[part].any())
    return Tally(hits, number - hits, int((raised & ~near).sum()))


def out_of_source(told: Mapping[str, Sequence[Tally]], sources: Mapping[str, str]) -> dict[str, tuple[int, Tally]]:
    """Each file's tally at the choice that suits the files of every other source best.

    `told[file]` are the tallies of a file, one a choice (in one order for all); `sources[file]` is where it is from.
    """
    chosen: dict[str, tuple[int, Tally]] = {}
    for source in sorted(set(sources.values())):
        rest = [tallies for file, tallies in told.items() if sources[file] != source]
        scores = [sum(column, Tally()).f1 for column in zip(*rest, strict=True)]
        best = int(np.argmax(_smooth(np.array(scores)))) if scores else 0
        chosen |= {file: (best, told[file][best]) for file in told if sources[file] == source}
    return chosen


def _smooth(scores: Floats) -> Floats:
    """Each score with its neighbours: a threshold beside which all is worse was lucky."""
    padded = np.pad(scores, 1, mode="edge")
    smoothed: Floats = (padded[:-2] + padded[1:-1] + padded[2:]) / 3.0
    return smoothed
