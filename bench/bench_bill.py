"""How fast a large bill comes in, what memory it takes, and how quickly it is asked: a generated month of CUR 2.0.

    python bench/bench_bill.py [--rows 20000000] [--directory DIR]

400 accounts with Reserved Instances, Savings Plans, spot, refunds and split lines (bench/bill_files.py), as Parquet. It
is imported, asked for cost by tag by day (the median of nine, warm), reconciled with the exact sum, and imported again:
nothing may change. Memory is the highest of all processes' resident sets together, sampled ten times a second
(`peak_mb`), beside the highest of each (the engine's, and this process's, which is the importer's); the bill is written
by a process that has ended by then. `cpu_s` is what they used, so that a figure from a machine that others use too can
be judged: the goal is held against rows a CPU second. `--directory` keeps the files for another run. The last line is
JSON.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from decimal import Decimal
from multiprocessing import get_context
from pathlib import Path

import psutil
from bill_files import write_bill
from bill_room import bill_room

from trimtab.access.scope import Scope
from trimtab.costs.imports.importer import ImportRequest
from trimtab.costs.model import CostQuery, Dimension, Granularity, Metric, Tag
from trimtab.costs.room import CostsRoom

GOAL_ROWS_CPU_S, GOAL_MB, GOAL_MS = 300_000, 1536, 300
_ASKED = 9


class Memory:
    """Watches the resident memory of this process and its children from a thread."""

    def __init__(self) -> None:
        self.peak_mb = 0.0
        self.engine_mb = 0.0
        self.importer_mb = 0.0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Memory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._over.wait(0.1):
            mine = _resident(me) / 1e6
            engine = sum(_resident(process) for process in me.children(recursive=True)) / 1e6
            self.importer_mb = max(self.importer_mb, mine)
            self.engine_mb = max(self.engine_mb, engine)
            self.peak_mb = max(self.peak_mb, mine + engine)


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def _cpu_s() -> float:
    """Processor seconds of this process and its children so far."""
    me = psutil.Process()
    times = [process.cpu_times() for process in (me, *me.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))


def main() -> None:
    """Generate, import, ask, import again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000_000)
    parser.add_argument("--directory", type=Path)
    options = parser.parse_args()
    with nullcontext(options.directory) if options.directory else tempfile.TemporaryDirectory() as directory:
        place = Path(directory) / f"{options.rows}"
        exact = _bill(place, options.rows)
        with bill_room() as room:
            print(json.dumps(_measure(room, place, options.rows, exact)))


def _bill(place: Path, rows: int) -> Decimal:
    """The bill's exact sum; written where it is not there yet."""
    note = place.with_suffix(".sum")
    if not note.exists():
        note.parent.mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor(1, get_context("spawn")) as writer:  # what it holds is not the importer's
            note.write_text(str(writer.submit(write_bill, place, rows).result()))
    return Decimal(note.read_text())


def _measure(room: CostsRoom, place: Path, rows: int, exact: Decimal) -> dict[str, object]:
    request = ImportRequest(str(place.resolve()), source="bench")
    with Memory() as memory:
        began, cpu = time.monotonic(), _cpu_s()
        record = room.importer.run(request)
        seconds, cpu = time.monotonic() - began, _cpu_s() - cpu
    assert record.receipt is not None
    agrees = record.receipt.exact() == {"USD": exact} and record.receipt.lines == rows
    took, first = _ask(room)
    again = room.importer.run(request)
    _, second = _ask(room)
    assert again.receipt is not None
    unchanged = first == second and again.receipt.totals == record.receipt.totals
    met = rows / cpu >= GOAL_ROWS_CPU_S and memory.peak_mb < GOAL_MB and took < GOAL_MS and agrees and unchanged
    return {
        "bench": "bill",
        "rows": rows,
        "rows_per_cpu_s": round(rows / cpu),
        "seconds": round(seconds, 1),
        "cpu_s": round(cpu, 1),
        "peak_mb": round(memory.peak_mb),
        "engine_mb": round(memory.engine_mb),
        "importer_mb": round(memory.importer_mb),
        "by_tag_by_day_ms": round(took, 1),
        "answer_rows": len(first),
        "sum_is_exact": agrees,
        "twice_changes_nothing": unchanged,
        "met": met,
    }


def _ask(room: CostsRoom) -> tuple[float, list[object]]:
    """The median time of cost by tag by day in ms, and what was answered."""

    async def ask() -> tuple[float, list[object]]:
        extent = await room.reader.extent()
        assert extent is not None
        query = CostQuery(*extent, (Metric.UNBLENDED, Metric.AMORTIZED), Granularity.DAILY, (Tag("team"),))
        took: list[float] = []
        answer: list[object] = []
        for _ in range(_ASKED):
            began = time.perf_counter()
            answer = list(await room.reader.costs(Scope(), query))
            took.append((time.perf_counter() - began) * 1000)
        by_line = CostQuery(*extent, (Metric.UNBLENDED,), group_by=(Dimension.INVOICE,))
        lines = await room.reader.costs(Scope(), by_line)
        assert sum(row.amounts[0] for row in answer) == sum(row.amounts[0] for row in lines)  # type: ignore[attr-defined] # CostRow
        return statistics.median(took), answer

    return asyncio.run(ask())


if __name__ == "__main__":
    main()
