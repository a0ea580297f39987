"""How many false alarms the always-on detector raises when it is set to raise 1, 3, 10 … a week a thousand series.

Run as `python bench/eval_false_alarms.py DIR`, DIR with `asd/` and `kpi/` (`labelled_series.py`), in NAB's layout, or
with folders of these kinds in it. Every metric of a server is a series of its own, five minutes a point as the job
reads them. Made families to which nothing happens are sources too. Counted is what is raised after the first three
days, outside labelled segments and the hours that follow them: labels are of people, so that what they left out counts
as false. `came` is by setting what came of it, a week a thousand series, with how many alarms that were;
`out_of_source` the same with thresholds of the other sources alone. The last line is JSON.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from labelled_series import Floats, Integers, read_labelled
from nab_files import read_files, read_windows
from synthetic_series import FAMILIES, made

from trimtab.timeseries.anomaly import alerts as rule
from trimtab.timeseries.anomaly.bank import Bank

SETTINGS = (1, 3, 10, 100, 1500)
"""A week a thousand series: what `TRIMTAB_ANOMALY_FALSE_ALARMS` is set to."""
GRID = np.concatenate([np.arange(1.0, 7.0, 0.2), np.arange(7.0, 11.0, 0.05)])
"""Thresholds of which the other sources choose."""
SLOT_S, FIRST, WEEK = 300, 3 * 288, 7 * 288
BEFORE = 10
SEEDS, DAYS = 2, 28


@dataclass(frozen=True, slots=True)
class Quiet:
    """A series: what both judges said of each point, and the points at which an alarm is a false one."""

    source: str
    said: Floats
    quiet: "np.ndarray[tuple[int], np.dtype[np.bool_]]"

    @classmethod
    def of(cls, source: str, times_ms: Integers, values: Floats, segments: Sequence[tuple[int, int]]) -> "Quiet":
        """A series whose labelled segments are inclusive pairs of points."""
        said = Bank.of(1).score(np.zeros(1, np.int64), np.array([0, len(values)]), times_ms, values).said
        quiet = np.arange(len(values)) >= FIRST
        for begin, end in segments:
            quiet[max(begin - BEFORE, 0) : end + 1 + rule.REST] = False
        return cls(source, said, quiet)

    def false(self, threshold: float) -> int:
        """How many false alarms it raises."""
        return int((rule.alerts(self.said, rule.fresh(), threshold) & self.quiet).sum())

    @property
    def weeks(self) -> float:
        """How long it is quiet."""
        return float(self.quiet.sum()) / WEEK


def read(directory: Path) -> Iterator[Quiet]:
    """Every series of a directory, and of the folders in it."""
    for folder in (directory, *sorted(one for one in directory.iterdir() if one.is_dir())):
        if (folder / "labels" / "combined_windows.json").exists():
            for file in read_files(folder):
                if not file.group.startswith("artificial"):
                    yield Quiet.of(f"nab/{file.group}", file.times, file.values, read_windows(folder, file))
        for one in read_labelled(folder):
            slots, at = np.unique(one.times // SLOT_S, return_inverse=True)
            segments = [(int(at[begin]), int(at[end])) for begin, end in one.segments]
            for column in one.values.T:
                means = np.bincount(at, weights=column) / np.bincount(at)
                yield Quiet.of(one.group, slots * SLOT_S * 1000, means, segments)


def made_series() -> Iterator[Quiet]:
    """Made families without events."""
    for family, seed in product(FAMILIES, range(SEEDS)):
        one = made(family, 100 + seed, DAYS)
        yield Quiet.of(f"made/{family}", one.times, one.values, ())


def main(directory: Path) -> None:
    """Print a line a source, then the figures."""
    by_source: dict[str, list[Quiet]] = {}
    for one in read(directory):
        by_source.setdefault(one.source, []).append(one)
    if not by_source:
        raise SystemExit(f"cannot evaluate {directory}: no asd/, kpi/ or labels/combined_windows.json")
    real = list(by_source)
    for one in made_series():
        by_source.setdefault(one.source, []).append(one)
    curves = {name: np.array([sum(each.false(at) for each in some) for at in GRID]) for name, some in by_source.items()}
    weeks = {name: sum(one.weeks for one in some) for name, some in by_source.items()}
    set_to = [rule.threshold_for(setting / 1000.0) for setting in SETTINGS]
    plain = {name: np.array([sum(one.false(at) for one in by_source[name]) for at in set_to]) for name in by_source}
    outside = {name: curves[name][_chosen(curves, weeks, name)] for name in by_source}
    for name in by_source:
        print(f"{name:24} {weeks[name]:8.1f} weeks  {_words(plain[name], weeks[name])}")
    answer = {
        "settings": list(SETTINGS),
        "came": _came([plain[name] for name in real], [weeks[name] for name in real]),
        "out_of_source": _came([outside[name] for name in real], [weeks[name] for name in real]),
        "weeks": round(sum(weeks[name] for name in real), 1),
        "by_source": {
            name: {"weeks": round(weeks[name], 1), "alarms": plain[name].tolist(), "elsewhere": outside[name].tolist()}
            for name in by_source
        },
    }
    print(json.dumps(answer))


def _chosen(curves: Mapping[str, Floats], weeks: Mapping[str, float], left_out: str) -> list[int]:
    """For each setting the least threshold at which the other sources together raise no more."""
    others = [name for name in curves if name != left_out]
    rates = np.sum([curves[name] for name in others], axis=0) / sum(weeks[name] for name in others)
    return [int(np.argmax(np.append(rates[:-1], 0.0) <= setting / 1000.0)) for setting in SETTINGS]


def _came(alarms: Sequence[Floats], weeks: Sequence[float]) -> dict[str, list[float]]:
    """A week a thousand series, and the alarms that were counted, by setting."""
    total = np.sum(alarms, axis=0)
    rates = 1000.0 * total / max(sum(weeks), 1e-9)
    return {"a_week_a_thousand": [round(float(one), 1) for one in rates], "alarms": [int(one) for one in total]}


def _words(alarms: Floats, weeks: float) -> str:
    rates = 1000.0 * alarms / max(weeks, 1e-9)
    return "  ".join(
        f"{setting} → {rate:.0f} ({number})" for setting, rate, number in zip(SETTINGS, rates, alarms, strict=True)
    )


if __name__ == "__main__":
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit("usage: eval_false_alarms.py DIR (with asd/ and kpi/, or NAB's layout, or folders of these)")
    main(Path(sys.argv[1]))
