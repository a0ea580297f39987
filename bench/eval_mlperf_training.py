"""Throughput and MFU of MLPerf training runs: `eval_mlperf_training.py DIR`; the last line is one JSON object.

Two ways go through the product: each file of `raw/` through its reader of logs (`trimtab.progress.mllog`) and the
course that it makes of them, and each row of `runs.csv.gz` that has samples through its formulas. `throughput_error`
and `mfu_error` are the largest |got ÷ expected − 1| over both; expected values are read for comparison alone. Systems'
descriptions (accelerators and their name) come with the rows, as `systems/*.json` of a submission has them.

The README of the data takes one peak for all boards of a chip (H200: SXM and NVL), the catalogue that of the board:
`mfu_error` is with the README's rule, `mfu_error_by_board` with the catalogue's own.
"""

import csv
import gzip
import json
import re
import sys
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from trimtab.base.records import replace
from trimtab.progress.course import Phase, course_of
from trimtab.progress.flops import mfu
from trimtab.progress.mllog import BENCHMARKS, read_log
from trimtab.progress.model import NOTHING, Workload

_BOARD = re.compile(r"-(NVL|PCIe)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Judged:
    """What was made of one log: its name, samples a second over the run and over training, MFU by both peaks."""

    log: str
    run: float | None
    train: float | None
    mfu: float | None
    mfu_by_board: float | None


def table(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file, packed or not."""
    with opened(path) as lines:
        return list(csv.DictReader(lines))


def opened(path: Path) -> TextIO:
    """A text file, packed or not."""
    if path.suffix == ".gz":
        return gzip.open(path, "rt", encoding="utf-8", errors="replace", newline="")
    return path.open(encoding="utf-8", errors="replace", newline="")


def found(directory: Path, name: str) -> list[dict[str, str]]:
    """A table of the directory by its name, packed or not; [] where it is not there."""
    return next(
        (table(path) for path in (directory / f"{name}.csv.gz", directory / f"{name}.csv") if path.exists()), []
    )


def number(text: str | None) -> float | None:
    """A number of a table; None for none."""
    try:
        return float(text) if text else None
    except ValueError:
        return None


def judged(log: str, workload: Workload, samples: float, run_s: float | None, train_s: float | None) -> Judged:
    """The figures of samples that were trained in a time."""
    tokens = samples * workload.sequence if workload.sequence else None
    by_chip = replace(workload, accelerator=_BOARD.sub("", workload.accelerator))
    return Judged(
        log,
        samples / run_s if run_s else None,
        samples / train_s if train_s else None,
        mfu(by_chip, tokens, train_s or 0.0).value,
        mfu(workload, tokens, train_s or 0.0).value,
    )


def of_rows(rows: list[dict[str, str]]) -> Iterator[Judged]:
    """Each row that has samples, through the formulas."""
    for row in rows:
        samples = number(row.get("samples"))
        if not samples:
            continue
        own = Workload(
            sequence=int(number(row.get("sequence_length")) or 0),
            accelerators=number(row.get("accelerators")) or 0.0,
            accelerator=row.get("accelerator", ""),
            precision="bf16",
        )
        workload = own.or_else(BENCHMARKS.get(row.get("benchmark", ""), NOTHING))
        yield judged(row["log"], workload, samples, number(row.get("run_s")), number(row.get("train_blocks_s")))


def of_raw(directory: Path, rows: Mapping[str, dict[str, str]]) -> Iterator[Judged]:
    """Each raw log through the reader."""
    for path in sorted(directory.iterdir()) if directory.is_dir() else ():
        name = path.name.removesuffix(".gz")
        row = rows.get(name, {})
        try:
            with opened(path) as lines:
                text = lines.read()
        except (OSError, EOFError, zlib.error) as problem:
            print(f"{name}: cannot be read: {problem}")
            continue
        log = read_log(text.split("\n"), row.get("accelerator", ""), number(row.get("accelerators")) or 0.0)
        course = course_of(log.marks)
        if log.unreadable:
            print(f"{name}: lines that cannot be read: {log.unreadable[:10]}")
        if course is None or course.samples is None or log.run_start_ms is None or log.run_stop_ms is None:
            print(f"{name}: no samples, or no run_start and run_stop")
            continue
        run_s = (log.run_stop_ms - log.run_start_ms) / 1000
        print(f"{name}: {course.samples:g} samples in {course.seconds[Phase.TRAINING]:,.1f} s of training")
        yield judged(row.get("log", name), log.workload, course.samples, run_s, course.seconds[Phase.TRAINING])


def errors(results: list[Judged], expected: Mapping[str, dict[str, str]]) -> dict[str, float | None]:
    """The largest errors, and of how many values."""
    throughput, utilisation, by_board, missing = [], [], [], 0
    for one in results:
        truth = expected.get(one.log, {})
        for got, name, into in (
            (one.run, "samples_per_s_run", throughput),
            (one.train, "samples_per_s_train", throughput),
            (one.mfu, "mfu_6nt_train", utilisation),
            (one.mfu_by_board, "mfu_6nt_train", by_board),
        ):
            value = number(truth.get(name))
            if value and got is not None:
                into.append(abs(got / value - 1))
                if into[-1] > 0.02 and into is not by_board:
                    print(f"{one.log}: {name} {got:.6g}, expected {value:.6g}")
            elif value:
                missing += 1
                print(f"{one.log}: {name} unknown, expected {value:.6g}")
    return {
        "logs": len(results),
        "throughputs": len(throughput),
        "mfus": len(utilisation),
        "missing": missing,
        "throughput_error": max(throughput, default=None),
        "mfu_error": max(utilisation, default=None),
        "mfu_error_by_board": max(by_board, default=None),
    }


def main(directory: Path) -> None:
    rows = found(directory, "runs")
    expected = {row["log"]: row for row in found(directory, "expected")}
    names = {row["log"].replace("/results/", "/").replace("/", "__"): row for row in rows}
    raw = list(of_raw(directory / "raw", names))
    tabled = list(of_rows(rows))
    print(f"raw logs {len(raw)}, rows with samples {len(tabled)} of {len(rows)}")
    figures = errors([*raw, *tabled], expected)
    print(json.dumps({key: None if value is None else round(value, 6) for key, value in figures.items()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
