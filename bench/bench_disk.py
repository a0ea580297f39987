"""What a sample takes on disk, all in: a made month of gauges, counters and constants, rolled up as a server does.

    python bench/bench_disk.py [--series 100] [--days 30] [--settle]

Every 15 s a sample a series: of 100 series 25 are constant, 15 counters that rarely move, 20 percents and temperatures
in whole numbers, 15 percents to two decimals, 8 sizes of memory in pages, 2 noise of full precision, and 15 counters of
bytes, requests and CPU seconds (`KINDS`). A day is written in blocks of all series, as a server does, rolled up by
the product's own job once it has ended, and merged a day later by another; nothing is dropped. Bytes are those of the
engine's active parts, divided by the raw samples: by table, and by kind for the raw table, each kind alone in a copy of
it. `--settle` merges all parts first. CPU seconds are this process's and the engine's. The last line is JSON.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import psutil

from trimtab.base.clock import ManualClock
from trimtab.metrics.model import SAMPLE_ROW
from trimtab.metrics.rollups.build import GRACE_MS, RollupBuilder
from trimtab.metrics.rollups.marks import touched
from trimtab.metrics.rollups.retention import RetentionJob
from trimtab.metrics.rollups.tiers import DAY_MS, Retention
from trimtab.store.telemetry.client import ReadLimits, Telemetry, embedded_endpoint
from trimtab.store.telemetry.migrations import migrate
from trimtab.store.telemetry.schema import METRIC_ROLLUP_MARKS, METRIC_SAMPLES

GOAL_BYTES = 2.0
STEP_MS = 15_000
BLOCKS_A_DAY = 8
FIRST_DAY = 20_000
_STEPS = DAY_MS // STEP_MS
_LIMITS = ReadLimits(seconds=300)

Floats = npt.NDArray[np.float64]
Places = npt.NDArray[np.int64]
Random = np.random.Generator


def _day(at: Places) -> Floats:
    """The wave of a day."""
    return np.asarray(np.sin(at * (2 * np.pi / _STEPS)))


def _grown(last: float, steps: npt.NDArray[Any]) -> Floats:
    return last + np.cumsum(steps).astype(np.float64)


def _constant(_: Random, at: Places, last: float) -> Floats:
    return np.full(len(at), last or 16_777_216.0)


def _whole_percent(random: Random, at: Places, _: float) -> Floats:
    return np.round(60 + 25 * _day(at) + random.normal(0, 4, len(at)))


def _temperature(random: Random, at: Places, _: float) -> Floats:
    return np.round(60 + 8 * _day(at) + random.normal(0, 0.4, len(at)))


def _percent(random: Random, at: Places, _: float) -> Floats:
    return np.round(30 + 9 * _day(at) + random.normal(0, 2, len(at)), 2)


def _memory(random: Random, at: Places, last: float) -> Floats:
    return _grown(last or 8e9, np.round(random.normal(0, 70, len(at))) * 4096)


def _noise(random: Random, at: Places, _: float) -> Floats:
    return 0.4 + 0.1 * _day(at) + random.normal(0, 0.02, len(at))


def _rare(random: Random, at: Places, last: float) -> Floats:
    return _grown(last, random.random(len(at)) < 0.02)


def _bytes(random: Random, at: Places, last: float) -> Floats:
    return _grown(last, np.round(np.abs(random.normal(4e5, 1e5, len(at)))))


def _requests(random: Random, at: Places, last: float) -> Floats:
    return _grown(last, random.poisson(30, len(at)))


def _cpu(random: Random, at: Places, last: float) -> Floats:
    return np.round(_grown(last, np.clip(random.normal(6, 1.5, len(at)), 0, 15)), 2)


KINDS: dict[str, tuple[int, bool, Callable[[Random, Places, float], Floats]]] = {
    "constant": (25, False, _constant),
    "counter, rarely moves": (15, True, _rare),
    "percent, whole": (15, False, _whole_percent),
    "temperature": (5, False, _temperature),
    "percent, 2 decimals": (15, False, _percent),
    "memory": (8, False, _memory),
    "noise": (2, False, _noise),
    "counter of bytes": (5, True, _bytes),
    "counter of requests": (5, True, _requests),
    "counter of CPU": (5, True, _cpu),
}
"""By name: how many of 100 series, whether they are counters, and the next values, which go on from the last one."""


def main() -> None:
    """Write, roll up, and count."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=100)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--settle", action="store_true")
    options = parser.parse_args()
    with _engine() as telemetry:
        samples = _fill(telemetry, options.series, options.days)
        if options.settle:
            for table in _tables(telemetry):
                telemetry.command(f"OPTIMIZE TABLE {table} FINAL")
        tables = _tables(telemetry)
        _show("table", {name: size / samples for name, size in tables.items()})
        kinds = _kinds(telemetry)
        _show("raw, by kind", kinds)
        bytes_a_sample = sum(tables.values()) / samples
        print(
            json.dumps(
                {
                    "bench": "disk",
                    "samples": samples,
                    "bytes_a_sample": round(bytes_a_sample, 3),
                    "raw": round(tables["metric_samples"] / samples, 3),
                    "cpu_s": round(_cpu_s(), 1),
                    "met": bytes_a_sample <= GOAL_BYTES,
                }
            )
        )


@contextmanager
def _engine() -> Iterator[Telemetry]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as directory:
        at = Path(directory)
        command = [sys.executable, "-m", "trimtab.store.telemetry.owner", str(at / "engine"), "1400"]
        owner = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert owner.stdin is not None
        assert owner.stdout is not None
        owner.stdout.readline()  # "ready"
        telemetry = Telemetry(lambda: embedded_endpoint(at / "engine"))
        try:
            migrate(telemetry)
            yield telemetry
        finally:
            telemetry.close()
            owner.stdin.close()
            owner.wait(30)


def _fill(telemetry: Telemetry, series: int, days: int) -> int:
    """Write and roll up the days; returns how many samples there are."""
    random = np.random.default_rng(1)
    names = [name for name, (share, _, _) in KINDS.items() for _ in range(max(share * series // 100, 1))]
    ids = random.integers(1, 1 << 63, len(names), np.uint64)
    last = np.zeros(len(names))
    _register(telemetry, names, ids)
    clock = ManualClock(FIRST_DAY * DAY_MS)
    # What is kept by default, but for raw points, of which all are here to be counted.
    kept = Retention(raw_days=455)
    builder, retention = RollupBuilder(telemetry, clock, kept), RetentionJob(telemetry, clock, kept)
    for day in range(days):
        for block in np.array_split(np.arange(_STEPS), BLOCKS_A_DAY):
            rows = np.empty((len(block), len(names)), SAMPLE_ROW)
            times = (FIRST_DAY + day) * DAY_MS + block * STEP_MS
            rows["time"], rows["series"] = times[:, None], ids[None, :]
            for at, name in enumerate(names):
                values = KINDS[name][2](random, day * _STEPS + block, float(last[at]))
                rows["value"][:, at], last[at] = values, values[-1]
            telemetry.insert(METRIC_SAMPLES, rows.tobytes(), f"{day}-{block[0]}")
            section = touched([times])
            assert section is not None
            telemetry.insert(METRIC_ROLLUP_MARKS, section.body, f"marks {day}-{block[0]}")
        clock.at_ms = (FIRST_DAY + day + 1) * DAY_MS + GRACE_MS
        builder.roll()
        retention.drop()
    return len(names) * _STEPS * days


def _register(telemetry: Telemetry, names: list[str], ids: npt.NDArray[np.uint64]) -> None:
    for name, id_ in zip(names, ids.tolist(), strict=True):
        kind = "counter" if KINDS[name][1] else "gauge"
        telemetry.command(
            "INSERT INTO metric_series (series, account, namespace, name, kind) "
            "VALUES ({series:UInt64}, 'bench', 'bench', {name:String}, {kind:String})",
            {"series": id_, "name": name, "kind": kind},
        )


def _tables(telemetry: Telemetry) -> dict[str, int]:
    found = telemetry.fetch_sync(
        "SELECT table, toInt64(sum(bytes_on_disk)) AS bytes FROM system.parts "
        "WHERE active AND database = currentDatabase() GROUP BY table ORDER BY bytes DESC"
    )
    return dict(zip(found["table"].tolist(), found["bytes"].tolist(), strict=True))


def _kinds(telemetry: Telemetry) -> dict[str, float]:
    """Bytes a sample of the raw table by kind, each in a table of its own that is made alike."""
    found = {}
    for at, name in enumerate(KINDS):
        table = f"bench_kind_{at}"
        telemetry.command(f"CREATE TABLE {table} AS {METRIC_SAMPLES.name}")
        telemetry.load(
            f"INSERT INTO {table} SELECT * FROM {METRIC_SAMPLES.name} "
            f"WHERE series IN (SELECT series FROM metric_series WHERE name = '{name}') "
            f"AND time < fromUnixTimestamp64Milli({(FIRST_DAY + 3) * DAY_MS})",
            _LIMITS,
        )
        size = telemetry.fetch_sync(
            "SELECT sum(bytes_on_disk) / sum(rows) AS size FROM system.parts WHERE active AND table = {table:String}",
            {"table": table},
        )
        found[name] = float(size["size"][0])
        telemetry.command(f"DROP TABLE {table} SYNC")
    return found


def _show(what: str, sizes: dict[str, Any]) -> None:
    print(f"{what:<40} bytes a sample")
    for name, size in sizes.items():
        print(f"{name:<40} {size:14.3f}")


def _cpu_s() -> float:
    me = psutil.Process()
    times = [process.cpu_times() for process in (me, *me.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))


if __name__ == "__main__":
    main()
