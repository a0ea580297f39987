"""Histories of demand for the evaluations of scaling: files of several layouts, as loads a minute."""

import csv
import gzip
import json
import math
import re
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trimtab.capacity.simulate.fleet import Fleet, Pool
from trimtab.scaling.replay.comparison import Comparison, Scored, compare

Array = npt.NDArray[np.float64]
TICK_S, LAUNCH_S, REPLICAS_AT_PEAK = 60.0, 300.0, 30
DEMAND_NAMES = re.compile(r"taxi|request_count|Twitter_volume|network_in|NetworkIn", re.IGNORECASE)
"""Files of NAB that count what is asked of a service; the others are temperatures, prices, speeds and shares."""


def minutes_of(times_s: Array, values: Array) -> Array:
    """Values a minute from values at irregular times: each holds until the next (a bucket's rate is even within it)."""
    order = np.argsort(times_s, kind="stable")
    times, known = times_s[order], np.maximum(values[order], 0.0)
    grid = np.arange(times[0], times[-1] + 1, TICK_S)
    return known[np.searchsorted(times, grid, side="right") - 1]


def counted(times_s: Array, weights: Array | None = None) -> Array:
    """What happened in each whole minute from the first event on; the last one, cut short, is left out."""
    at = ((times_s - times_s.min()) // TICK_S).astype(np.int64)
    sums = np.bincount(at, weights=weights).astype(np.float64)
    return sums[:-1] if len(sums) > 2 else sums


def seconds(text: str) -> float:
    """A time stamp without a zone, read as UTC; more than six decimals are cut."""
    return datetime.fromisoformat(text[:26]).replace(tzinfo=UTC).timestamp()


def nab(directory: Path) -> Iterator[tuple[str, Array]]:
    """The demand series of a directory in NAB's layout."""
    for path in sorted((directory / "data").glob("*/*.csv")):
        if not DEMAND_NAMES.search(path.name):
            continue
        with path.open(newline="") as text:
            rows = list(csv.DictReader(text))
        times, values = ([row[name] for row in rows] for name in ("timestamp", "value"))
        yield path.stem, minutes_of(np.array([seconds(one) for one in times]), np.array(values, dtype=np.float64))


def azure(directory: Path) -> Iterator[tuple[str, Array]]:
    """Requests a minute of each file in the layout of the Azure LLM inference traces."""
    for path in sorted(directory.glob("AzureLLMInferenceTrace_*.csv")):
        with path.open(newline="") as text:
            times = np.array([seconds(row["TIMESTAMP"]) for row in csv.DictReader(text)])
        yield path.stem.removeprefix("AzureLLMInferenceTrace_"), counted(times)


def bizitobs(directory: Path) -> Iterator[tuple[str, Array]]:
    """Calls of the application a minute."""
    for path in sorted(directory.glob("robotshop_application*.csv.gz")):
        with gzip.open(path, "rt", newline="") as text:
            rows = list(csv.DictReader(text))
        calls = np.array([float(row["Robot-Shop:calls.sum"] or 0) for row in rows])
        yield "robotshop calls", counted(np.array([seconds(row["timestamp"]) for row in rows]), calls)


def alibaba_genai(directory: Path) -> Iterator[tuple[str, Array]]:
    """Requests a second of the front service, and requests of images, a minute."""
    for path in sorted(directory.glob("qps*.csv.gz")):
        with gzip.open(path, "rt", newline="") as text:
            rows = [row for row in csv.DictReader(text) if not row["container_ip"]]
        for kind in sorted({row["request_type"] for row in rows}):
            some = [row for row in rows if row["request_type"] == kind]
            times, values = ([float(row[name]) for row in some] for name in ("timestamp_anon", "value"))
            if len(times) > 60:
                yield f"qps {kind}", minutes_of(np.array(times), np.array(values))
    for path in sorted(directory.glob("lora_request_trace*.csv.gz")):
        with gzip.open(path, "rt", newline="") as text:
            yield "lora requests", counted(np.array([seconds(row["gmt_create"]) for row in csv.DictReader(text)]))


def alibaba_dlrm(directory: Path) -> Iterator[tuple[str, Array]]:
    """Instances of each service over time, as demand: what their owners' scaling asked for."""
    spans: dict[str, list[tuple[float, float]]] = {}
    for path in sorted(directory.glob("disaggregated_DLRM_trace*.csv.gz")):
        with gzip.open(path, "rt", newline="") as text:
            for row in csv.DictReader(text):
                if row["creation_time"]:
                    span = float(row["creation_time"]), float(row["deletion_time"] or math.inf)
                    spans.setdefault(row["app_name"], []).append(span)
    for name in sorted(spans, key=lambda name: (-len(spans[name]), name))[:3]:
        yield f"dlrm {name}", _alive(spans[name], np.ones(len(spans[name])))


def alibaba_gpu(directory: Path) -> Iterator[tuple[str, Array]]:
    """GPUs that pods hold, as demand, by quality of service and in all (trace of 2023: `openb_pod_list_*.csv`)."""
    for path in sorted(directory.glob("openb_pod_list_default*.csv")):
        spans: dict[str, list[tuple[float, float]]] = {}
        held: dict[str, list[float]] = {}
        with path.open(newline="") as text:
            for row in csv.DictReader(text):
                if not row["scheduled_time"] or not int(row["num_gpu"]):
                    continue
                span = float(row["scheduled_time"]), float(row["deletion_time"] or math.inf)
                for name in ("all", row["qos"]):
                    spans.setdefault(name, []).append(span)
                    held.setdefault(name, []).append(int(row["num_gpu"]) * float(row["gpu_milli"]) / 1000)
        for name in sorted(spans):
            yield f"gpus {name}", _alive(spans[name], np.array(held[name]))


def _alive(spans: Sequence[tuple[float, float]], weights: Array) -> Array:
    """What is alive at each minute: weights of the spans `[begin, end)` that hold it."""
    begins, ends = (np.array(one) for one in zip(*spans, strict=True))
    last = max(begins.max(), ends[np.isfinite(ends)].max(initial=0.0))
    grid = np.arange(begins.min(), last, TICK_S)

    def until(times: Array) -> Array:
        order = np.argsort(times, kind="stable")
        sums = np.concatenate([[0.0], np.cumsum(weights[order])])
        return sums[np.searchsorted(times[order], grid, side="right")]

    return np.maximum(0.0, until(begins) - until(ends))


def fleet_of(demand: Array) -> Fleet:
    """Replicas of a thirtieth of the peak; 300 s to launch one, a decision a minute."""
    return Fleet((Pool("own", float(demand.max()) / REPLICAS_AT_PEAK, Decimal(1)),), TICK_S, LAUNCH_S)


def evaluate(traces: Iterator[tuple[str, Array]]) -> dict[str, object]:
    """Compare on every trace, print a line each, and give the figures."""
    found: list[tuple[str, Comparison]] = []
    for name, demand in traces:
        if len(demand) < 10 or demand.max() <= 0:
            continue
        comparison = compare(demand, fleet_of(demand))
        found.append((name, comparison))
        _print(name, len(demand), comparison)
    if not found:
        sys.exit("no history of demand in this directory")
    return figures(found)


def _print(name: str, ticks: int, one: Comparison) -> None:
    print(f"{name} ({ticks} minutes): AWS suggested {_cell(one.suggested)}")
    for allowed, ours in one.ours.items():
        best = one.best_of_aws(ours.violating)
        said = "none violates so little" if best is None else f"{_cell(best)} ({best.name})"
        regret = "" if best is None else f", ours ÷ it {ours.hours / best.hours:.3f}"
        print(f"    allowed {allowed:.1%}: ours {_cell(ours)}; best of AWS in hindsight {said}{regret}")


def _cell(one: Scored) -> str:
    return f"{one.cost_vs_oracle:.3f} × oracle, {one.violating:.3%} violating"


def mean(values: Sequence[float]) -> float | None:
    """The geometric mean, rounded; None of nothing."""
    return round(math.exp(sum(map(math.log, values)) / len(values)), 4) if values else None


def figures(found: Sequence[tuple[str, Comparison]]) -> dict[str, object]:
    """What the last line says. A trace is smooth where AWS's suggested setting violates at most 1 %.

    Costs are geometric means over the smooth traces (over all where none is smooth), violations the means of the same;
    `cost_vs_best_aws_hindsight` is over all traces where some setting of AWS violates no more than ours at 1 % did.
    """
    smooth = [one for one in found if one[1].suggested.violating <= 0.01] or list(found)
    regret = {
        name: one.ours[0.01].hours / best.hours
        for name, one in found
        if (best := one.best_of_aws(one.ours[0.01].violating)) is not None
    }
    answer: dict[str, object] = {}
    for allowed, tag in ((0.01, "1pct"), (0.001, "01pct")):
        ours = [one.ours[allowed] for _, one in smooth]
        answer[f"cost_vs_oracle_{tag}"] = mean([one.cost_vs_oracle for one in ours])
        answer[f"violating_{tag}"] = round(sum(one.violating for one in ours) / len(ours), 6)
    answer["cost_vs_aws_default"] = mean([one.ours[0.01].hours / one.suggested.hours for _, one in smooth])
    answer["cost_vs_best_aws_hindsight"] = mean(list(regret.values()))
    answer["aws_default_vs_oracle"] = mean([one.suggested.cost_vs_oracle for _, one in smooth])
    answer["smooth"] = [name for name, _ in smooth]
    answer["worst"] = max(regret, key=lambda name: regret[name]) if regret else None
    answer["traces"] = {name: _row(one) for name, one in found}
    return answer


def _row(one: Comparison) -> dict[str, float | None]:
    best = one.best_of_aws(one.ours[0.01].violating)
    return {
        "cost_vs_oracle_1pct": round(one.ours[0.01].cost_vs_oracle, 4),
        "violating_1pct": round(one.ours[0.01].violating, 6),
        "cost_vs_oracle_01pct": round(one.ours[0.001].cost_vs_oracle, 4),
        "violating_01pct": round(one.ours[0.001].violating, 6),
        "cost_vs_aws_default": round(one.ours[0.01].hours / one.suggested.hours, 4),
        "aws_default_violating": round(one.suggested.violating, 6),
        "cost_vs_best_aws_hindsight": None if best is None else round(one.ours[0.01].hours / best.hours, 4),
    }


def main(read: object, usage: str) -> None:
    """Evaluate the directory that the command line names."""
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit(usage)
    print(json.dumps(evaluate(read(Path(sys.argv[1])))))  # type: ignore[operator] # one of the readers above
