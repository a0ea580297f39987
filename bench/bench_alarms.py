"""How much CPU 10,000 alarms over distinct series take at one evaluation.

    python bench/bench_alarms.py [--alarms 10000] [--rounds 3]

Starts trimtab, sends 10 minutes of 10,000 series of events (PutMetricData's rows, by remote write they would be
samples), then makes an evaluator of its own over the same engine with 10,000 alarms: 80 % on one metric, 10 % metric
math, 5 % bands, 5 % percentiles (p99); each 2 of 3. A round is one evaluation of all of them.
CPU is that of this process and of the engine's. The first round also learns the series, parses the alarms, trains the
bands (on six hours of minutes) and writes 10,000 changes of state; the others are what a minute costs. In one minute of
an hour the bands are trained anew: `retrain_round_cpu_s` is one that does, forced after the last round. The last line
is JSON.
"""

import argparse
import asyncio
import cProfile
import gzip
import json
import pstats
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import psutil
from bench_remote_write import trimtab

from trimtab.alarms.evaluator import AlarmEvaluator, EvaluatorParts
from trimtab.alarms.model import AlarmKey, AlarmKind
from trimtab.alarms.store import AlarmStore
from trimtab.base.clock import ManualClock, SystemClock
from trimtab.detectors.room import DetectorRoom
from trimtab.metrics.bands.source import TrainedBands
from trimtab.metrics.expressions.evaluate import Evaluator
from trimtab.metrics.read import MetricReader, NoDrain
from trimtab.metrics.registry import SeriesRegistry
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry, embedded_endpoint

ACCOUNT, REGION = "123456789012", "us-east-1"
MINUTES = 10
HISTORY = 6 * 60
"""Minutes of the series whose bands are learnt: CloudWatch's first bands need about three hours."""
_METRICS_A_REQUEST = 1000
_HEADERS = {
    "Content-Type": "application/x-amz-json-1.0",
    "X-Amz-Target": "GraniteServiceVersion20100801.PutMetricData",
    "Content-Encoding": "gzip",
}


def alarm_form(number: int) -> dict[str, Any]:
    """The definition of alarm `number`: which kind it is goes by its last two digits."""
    share = number % 100
    dimensions = [{"Name": "Host", "Value": f"host-{number}"}]
    common: dict[str, Any] = {"EvaluationPeriods": 3, "DatapointsToAlarm": 2, "TreatMissingData": "missing"}
    metric = {"Namespace": "Bench", "MetricName": "Load", "Dimensions": dimensions}
    query = {"Id": "m1", "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Average"}, "ReturnData": False}
    above = {"ComparisonOperator": "GreaterThanThreshold", "Threshold": 50.0}
    if share < 10:
        return {**common, **above, "Metrics": [query, {"Id": "e1", "Expression": "m1 * 2 - 1", "ReturnData": True}]}
    if share < 15:
        band = {"Id": "ad1", "Expression": "ANOMALY_DETECTION_BAND(m1, 2)", "ReturnData": True}
        outside = {"ComparisonOperator": "LessThanLowerOrGreaterThanUpperThreshold", "ThresholdMetricId": "ad1"}
        return {**common, **outside, "Metrics": [{**query, "ReturnData": True}, band]}
    if share < 20:
        return {**common, **above, **metric, "Period": 60, "ExtendedStatistic": "p99"}
    return {**common, **above, **metric, "Period": 60, "Statistic": "Average"}


def banded(number: int) -> bool:
    """Whether alarm `number` has a band."""
    return 10 <= number % 100 < 15


def values(alarms: int) -> Iterator[tuple[int, int]]:
    """(series, minutes before the end) of every value that is sent: more of them for series whose bands are learnt."""
    for minute in range(HISTORY):
        yield from ((number, minute) for number in range(alarms) if minute < MINUTES or banded(number))


def bodies(alarms: int, end_ms: int) -> Iterator[bytes]:
    """PutMetricData requests: a value a minute and series."""
    for part in batched(values(alarms), _METRICS_A_REQUEST):
        data = [
            {
                "MetricName": "Load",
                "Dimensions": [{"Name": "Host", "Value": f"host-{number}"}],
                "Timestamp": end_ms // 1000 - 60 * (minute + 1) + 30,
                "Value": (number * 7 + minute * 13) % 100,
            }
            for number, minute in part
        ]
        yield gzip.compress(json.dumps({"Namespace": "Bench", "MetricData": data}).encode(), 1)


def batched(items: Iterable[tuple[int, int]], size: int) -> Iterator[list[tuple[int, int]]]:
    """Lists of at most `size` items (itertools has it from Python 3.12 on)."""
    remaining = iter(items)
    while part := list(islice(remaining, size)):
        yield part


def send(url: str, alarms: int, end_ms: int) -> None:
    """Send all data, four requests at a time."""

    def post(body: bytes) -> None:
        urllib.request.urlopen(urllib.request.Request(url, body, _HEADERS)).read()

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(post, bodies(alarms, end_ms)))


def engine_of(process: psutil.Process) -> psutil.Process:
    """The engine owner among a supervisor's children."""
    return next(child for child in process.children(recursive=True) if "owner" in " ".join(child.cmdline()))


def spent(engine: psutil.Process) -> float:
    """CPU seconds of this process and the engine's so far."""
    times = engine.cpu_times()
    return time.process_time() + float(times.user + times.system)


@dataclass(frozen=True, slots=True)
class Options:
    """How many alarms, how many rounds are timed, and whether to print where the evaluator's own time goes."""

    alarms: int
    rounds: int
    profile: bool


async def measure(directory: Path, engine: psutil.Process, options: Options, end_ms: int) -> dict[str, Any]:
    """Put the alarms, run the rounds, and say what each cost."""
    clock = ManualClock(end_ms - 60_000 * options.rounds + 15_000)
    state = State.open("", directory / "bench-state")
    telemetry = Telemetry(lambda: embedded_endpoint(directory / "engine"))
    registry = SeriesRegistry(telemetry, clock)
    reader = MetricReader(telemetry, registry, NoDrain())
    bands = TrainedBands(reader, registry, DetectorRoom.of(state, clock).book, clock)
    expressions = Evaluator(reader, registry, clock, bands)
    evaluator = AlarmEvaluator(EvaluatorParts(state, clock, reader, registry, expressions))
    store = AlarmStore(state, ManualClock(clock.at_ms - 3_600_000))
    for number in range(options.alarms):
        await store.put(AlarmKind.METRIC, AlarmKey(ACCOUNT, REGION, f"alarm-{number}"), alarm_form(number), {})
    figures = await timed(evaluator, clock, engine, options)
    bands.forget()
    retraining = (await timed(evaluator, clock, engine, Options(options.alarms, 0, profile=False)))[0]
    counts = state.read_sync(lambda connection: connection.exec_driver_sql(_STATES).fetchall())
    telemetry.close()
    state.close()
    steady = median(figure["cpu_s"] for figure in figures[1:])
    return {
        "alarms": options.alarms,
        "first_cpu_s": figures[0]["cpu_s"],
        "cpu_s": steady,
        "retrain_round_cpu_s": retraining["cpu_s"],
        "wall_s": median(figure["wall_s"] for figure in figures[1:]),
        "states": {f"{state}{'' if error is None else ' ' + error}": count for state, error, count in counts},
        "under_5_s": steady < 5.0,
    }


async def timed(
    evaluator: AlarmEvaluator, clock: ManualClock, engine: psutil.Process, options: Options
) -> list[dict[str, float]]:
    """What the first round and every one after it cost."""
    figures = []
    profile = cProfile.Profile()
    for number in range(options.rounds + 1):
        if options.profile and number == 1:
            profile.enable()
        before, began = spent(engine), time.perf_counter()
        made = await evaluator.run()
        figures.append({"cpu_s": round(spent(engine) - before, 2), "wall_s": round(time.perf_counter() - began, 2)})
        print(f"round {number}: {made} evaluation times, {figures[-1]}")
        clock.advance(60)
    if options.profile:
        profile.disable()
        pstats.Stats(profile).sort_stats("tottime").print_stats(25)
    return figures


_STATES = "SELECT state, evaluation_state, count(*) FROM alarms GROUP BY 1, 2"


def main() -> int:
    """Run the benchmark; the exit status says whether the goal was met."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--alarms", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--profile", action="store_true", help="print where the evaluator's own time goes")
    options = Options(**vars(parser.parse_args()))
    with tempfile.TemporaryDirectory() as name, trimtab(Path(name)) as server:
        now_ms = SystemClock().now_ms()
        end_ms = now_ms - now_ms % 60_000
        send(server.url, options.alarms, end_ms)
        time.sleep(3)  # the log drains once a second
        engine = engine_of(psutil.Process(server.process.pid))
        found = asyncio.run(measure(Path(name), engine, options, end_ms))
    print(json.dumps(found))
    return 0 if found["under_5_s"] else 1


if __name__ == "__main__":
    sys.exit(main())
