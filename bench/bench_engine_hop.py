"""What the hop between server and engine owner costs: the same work through HTTP and inside one process.

Small query (one series, three hours, by minute), durable inserts of 100k rows, one million rows out. Each side runs
in a process of its own, in turn, on a fresh directory; figures are medians of the rounds.

    python bench/bench_engine_hop.py [ROUNDS]
"""

import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from trimtab.metrics.model import VALUE_ROW
from trimtab.store.telemetry.client import Telemetry, embedded_endpoint
from trimtab.store.telemetry.migrations import migrate
from trimtab.store.telemetry.owner import start_engine
from trimtab.store.telemetry.schema import METRIC_VALUES, create_table

BLOCK = 100_000
BLOCKS = 10
QUERIES = 300
SMALL = (
    "SELECT toUnixTimestamp(toStartOfMinute(time)) AS b, sum(value) AS s, min(value) AS m FROM metric_values "
    "WHERE series = 7 AND time >= fromUnixTimestamp64Milli(1764000000000, 'UTC') GROUP BY b ORDER BY b"
)
LARGE = "SELECT series, toUnixTimestamp64Milli(time) AS t, value FROM metric_values"


def block(number: int) -> bytes:
    rows = np.zeros(BLOCK, VALUE_ROW)
    index = np.arange(BLOCK)
    rows["series"] = index % 1000
    rows["time"] = 1_764_000_000_000 + (number * BLOCK + index) // 1000 * 10_000
    rows["value"] = np.random.default_rng(number).random(BLOCK)
    rows["count"] = 1
    return rows.tobytes()


def measure(
    insert: Callable[[bytes, str], None], small: Callable[[], Any], large: Callable[[], Any]
) -> dict[str, float]:
    bodies = [block(number) for number in range(BLOCKS)]
    start = time.perf_counter()
    for number, body in enumerate(bodies):
        insert(body, f"token-{number}")
    rate = BLOCK * BLOCKS / (time.perf_counter() - start)
    small()
    times = []
    for _ in range(QUERIES):
        start = time.perf_counter()
        small()
        times.append(1000 * (time.perf_counter() - start))
    start = time.perf_counter()
    large()
    return {
        "small_query_p50_ms": statistics.median(times),
        "insert_rows_per_s": rate,
        "million_rows_out_ms": 1000 * (time.perf_counter() - start),
    }


def over_http(directory: Path) -> dict[str, float]:
    owner = subprocess.Popen(
        [sys.executable, "-m", "trimtab.store.telemetry.owner", str(directory), "4096"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert owner.stdin is not None
    assert owner.stdout is not None
    owner.stdout.readline()
    telemetry = Telemetry(lambda: embedded_endpoint(directory))
    migrate(telemetry)
    figures = measure(
        lambda body, token: telemetry.insert(METRIC_VALUES, body, token),
        lambda: telemetry.fetch_sync(SMALL),
        lambda: telemetry.fetch_sync(LARGE),
    )
    telemetry.close()
    owner.stdin.close()
    owner.wait()
    return figures


def in_process(directory: Path) -> dict[str, float]:
    directory.mkdir(parents=True)
    handle = start_engine(directory, 4096)()
    handle.query("USE trimtab")
    for statement in create_table(METRIC_VALUES):
        handle.query(statement)
    file = directory / "insert.bin"

    def insert(body: bytes, token: str) -> None:
        file.write_bytes(body)
        handle.query(
            f"INSERT INTO metric_values FROM INFILE '{file}' SETTINGS insert_deduplication_token = '{token}' "
            "FORMAT RowBinary"
        )

    def fetch(sql: str) -> Any:
        return handle.query(sql, "ArrowTable")

    figures = measure(insert, lambda: fetch(SMALL), lambda: fetch(LARGE))
    handle.close()
    return figures


def main() -> None:
    if len(sys.argv) > 2:
        side = {"http": over_http, "process": in_process}[sys.argv[1]]
        print(json.dumps(side(Path(sys.argv[2]))))
        return
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    found: dict[str, list[dict[str, float]]] = {"http": [], "process": []}
    for _ in range(rounds):
        for side, figures in found.items():
            with tempfile.TemporaryDirectory() as directory:
                command = [sys.executable, __file__, side, f"{directory}/engine"]
                figures.append(json.loads(subprocess.check_output(command, text=True).splitlines()[-1]))
    medians = {
        side: {name: statistics.median(figure[name] for figure in figures) for name in figures[0]}
        for side, figures in found.items()
    }
    print(f"{'':24}{'over HTTP':>14}{'in process':>14}{'ratio':>8}")
    ratios = {}
    for name, http in medians["http"].items():
        here = medians["process"][name]
        ratios[name] = round(http / here, 3)
        print(f"{name:24}{http:14.2f}{here:14.2f}{ratios[name]:8.2f}")
    print(
        json.dumps({"benchmark": "engine_hop", "http": medians["http"], "process": medians["process"], "ratio": ratios})
    )


if __name__ == "__main__":
    main()
