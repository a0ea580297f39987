"""Histories of demand for the evaluations of scaling: files of several layouts, as loads a minute."""

import csv
import gzip
import math
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import numpy as np
import numpy.typing as npt

from trimtab.capacity.simulate.fleet import Fleet, Pool

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


def alibaba_dlrm(directory: Path, services: int = 3) -> Iterator[tuple[str, Array]]:
    """Instances of the largest services over time, as demand: what their owners' scaling asked for."""
    spans: dict[str, list[tuple[float, float]]] = {}
    for path in sorted(directory.glob("disaggregated_DLRM_trace*.csv.gz")):
        with gzip.open(path, "rt", newline="") as text:
            for row in csv.DictReader(text):
                if row["creation_time"]:
                    span = float(row["creation_time"]), float(row["deletion_time"] or math.inf)
                    spans.setdefault(row["app_name"], []).append(span)
    for name in sorted(spans, key=lambda name: (-len(spans[name]), name))[:services]:
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
