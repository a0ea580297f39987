"""Leave one source out: every constant of a learner is chosen on some sources and judged on the others.

Run as `python bench/generalise.py DIR [anomalies | sizing | scaling]`, DIR with the folders that are there of `nab`,
`anomaly_more`, `cpu_more` and those of `scaling_sources.py`; made families (`synthetic_series.py`) are sources too.
Printed are, for each source, what was chosen without it and what that came to on it, and over all of them the mean with
its spread: these are the figures that may be told of a learner. A learner that does not beat the simplest rule out of
source is to be replaced by that rule. The last line is JSON.

    anomalies   the sudden judge's lead, how an alert wears on it, and the threshold: by NAB's score on NAB's folders,
                by F1 over events on made families and services
    sizing      overrun, accepted time over size and the days that the prior counts as
    scaling     what a promise is made by (`policies.promise.Promise`), at 1 % and 0.1 % allowed
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
from cpu_series import CpuSeries, read_cpu
from event_scoring import Tally, tally
from labelled_series import read_labelled
from nab_files import NabFile, read_files, read_windows
from nab_scoring import normalised, raw_score
from nab_sizing import cpu_files
from scaling_folds import made_sources
from scaling_folds import out_of_source as promises_out_of_source
from scaling_sources import read_sources
from sizing_folds import out_of_source
from synthetic_series import FAMILIES, made

from trimtab.timeseries.anomaly import alerts as rule
from trimtab.timeseries.anomaly.bank import Bank, Values
from trimtab.timeseries.anomaly.kernel import LEAD

LEADS, WEARS = (0.7, 1.2, 1.7, 8.0), (0.15, 0.8)
"""What is tried of the sudden judge; a lead of 8 is none of it: the simplest rule."""
THRESHOLDS = np.array([1.0, 1.2, 1.4, 1.6, 1.8, 2.0, 2.5, 3.0, 4.0, 5.0])
SEEDS, DAYS, EVENTS = 3, 21, 4
SERVER_METRICS = 4
"""Every fourth metric of a server is sized: which one is CPU is not published."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A file's worth by choice: raw NAB scores, or hits, misses and false alarms; one row a choice."""

    source: str
    kind: str
    rows: Values
    windows: int


def main(directory: Path, what: Sequence[str]) -> None:
    """Print the figures out of source."""
    answer: dict[str, object] = {}
    if "anomalies" in what:
        answer["anomalies"] = anomalies(directory)
    if "sizing" in what:
        answer["sizing"] = sizing(directory)
    if "scaling" in what:
        answer["scaling"] = promises_out_of_source({**made_sources(), **read_sources(directory)})
    print(json.dumps(answer))


def anomalies(directory: Path) -> dict[str, object]:
    """The detector's worth on each source, chosen on the rest."""
    choices = list(product(LEADS, WEARS, THRESHOLDS))
    files = [*_nab(directory / "nab", choices), *_labelled(directory / "anomaly_more", choices), *_made(choices)]
    sources = sorted({one.source for one in files})
    worth = {source: _worth([one for one in files if one.source == source]) for source in sources}
    spread, simplest = {}, {}
    plain = [at for at, (lead, _, _) in enumerate(choices) if lead == LEADS[-1]]
    for source in sources:
        rest = np.mean([worth[other] for other in sources if other != source], axis=0)
        best, simple = int(np.argmax(rest)), plain[int(np.argmax(rest[plain]))]
        spread[source] = round(float(worth[source][best]), 3)
        simplest[source] = round(float(worth[source][simple]), 3)
        print(
            f"{source:32} {spread[source]:7.3f} with {choices[best]}; without the sudden judge {simplest[source]:.3f}"
        )
    every = np.mean(list(worth.values()), axis=0)
    top, most = int(np.argmax(every)), plain[int(np.argmax(every[plain]))]
    print(f"one choice for all, seen: {every[top]:.3f} with {choices[top]}; without the sudden judge {every[most]:.3f}")
    whole = np.array(list(spread.values()))
    return {
        "mean": round(float(whole.mean()), 3),
        "without_sudden": round(float(np.mean(list(simplest.values()))), 3),
        "quartiles": [round(float(one), 3) for one in np.quantile(whole, (0.0, 0.25, 0.5, 0.75, 1.0))],
        "by_source": spread,
    }


def sizing(directory: Path) -> dict[str, object]:
    """The sizes' worth on each source, chosen on the rest."""
    series = read_cpu(directory / "cpu_more")[0] if (directory / "cpu_more").exists() else []
    if (directory / "nab").exists():
        series += [CpuSeries.of("nab", file) for file in cpu_files(directory / "nab")]
    for server in read_labelled(directory / "anomaly_more"):
        for at in range(0, server.values.shape[1], SERVER_METRICS) if server.group == "asd" else ():
            values = np.maximum(server.values[:, at], 0.0)
            if values.any():
                series.append(CpuSeries.of("servers", NabFile(f"{server.name}/{at}", server.times * 1000, values)))
    for family in ("seasons", "shifts", "bursts", "zeros", "saturated"):
        for seed in range(SEEDS):
            one = made(family, seed, DAYS)
            series.append(CpuSeries.of("made", NabFile(f"{family}/{seed}", one.times, np.maximum(one.values, 0.0))))
    return out_of_source(series)


def _worth(files: Sequence[Judged]) -> Values:
    """What a source comes to at each choice, 0 to 1: NAB's score over 100, or F1 over events."""
    rows = np.sum([one.rows for one in files], axis=0)
    if files[0].kind == "nab":
        number = sum(one.windows for one in files)
        return np.array([normalised(float(raw), number) / 100.0 for raw in rows[:, 0]])
    return np.array([Tally(int(hits), int(missed), int(false)).f1 for hits, missed, false in rows])


def _alarms(said: Values, lead: float, wear: float, threshold: float) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Alerts with other constants of the sudden judge: what it says is moved, and its rise."""
    moved = said.copy()
    moved[:, 1] = np.where(said[:, 1] > 0.0, said[:, 1] + LEAD - lead, 0.0)
    lasting = rule.alerts(np.column_stack([moved[:, 0], np.zeros(len(said))]), rule.fresh(), threshold)
    scale = rule.STEP[1] / wear  # a rise that is smaller by so much is one of scores that lie further apart by so much
    sudden = np.column_stack([np.zeros(len(said)), threshold + (moved[:, 1] - threshold) * scale])
    raised: np.ndarray[tuple[int], np.dtype[np.bool_]] = lasting | rule.alerts(sudden, rule.fresh(), threshold)
    return raised


def _nab(directory: Path, choices: Sequence[tuple[float, float, float]]) -> list[Judged]:
    found = []
    for file in read_files(directory) if directory.exists() else []:
        windows, said = read_windows(directory, file), _said(file.times, file.values)
        rows = np.array([[raw_score(_alarms(said, *one), windows)[0]] for one in choices])
        found.append(Judged(f"nab/{file.group}" if windows else "nab/none", "nab", rows, len(windows)))
    return [one for one in found if one.source != "nab/none"]


def _labelled(directory: Path, choices: Sequence[tuple[float, float, float]]) -> list[Judged]:
    """Services: series with labels of their own."""
    found = []
    for file in read_labelled(directory) if directory.exists() else []:
        if file.values.shape[1] == 1:
            said = _said(file.times * 1000, file.values[:, 0])
            tallies = [tally(_alarms(said, *one), file.segments, file.first_judged) for one in choices]
            rows = np.array([[one.hits, one.missed, one.false] for one in tallies], float)
            found.append(Judged(file.group, "events", rows, len(file.segments)))
    return found


def _made(choices: Sequence[tuple[float, float, float]]) -> list[Judged]:
    found = []
    for family, seed in product(FAMILIES, range(SEEDS)):
        one = made(family, seed, DAYS, EVENTS)
        said = _said(one.times, one.values)
        tallies = [tally(_alarms(said, *choice), one.events, 7 * 288) for choice in choices]
        rows = np.array([[each.hits, each.missed, each.false] for each in tallies], float)
        found.append(Judged(f"made/{family}", "events", rows, len(one.events)))
    return found


def _said(times: "np.ndarray[tuple[int], np.dtype[np.int64]]", values: Values) -> Values:
    return Bank.of(1).score(np.zeros(1, np.int64), np.array([0, len(times)]), times, values).said


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit("usage: generalise.py DIR [anomalies | sizing | scaling]")
    main(Path(sys.argv[1]), sys.argv[2:] or ("anomalies", "sizing", "scaling"))
