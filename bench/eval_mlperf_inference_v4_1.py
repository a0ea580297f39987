"""Throughput of systems that were not measured: `eval_mlperf_inference_v4_1.py DIR`; the last line is one JSON object.

Protocol: each system is left out whole, and every throughput that it published is estimated from all other systems'
(`trimtab.inference.transfer`). `median_error` is the median of |estimate ÷ published − 1|, `coverage_80` the share of
published values inside the estimate's bars. Baselines take the task's median per accelerator on the systems nearest by
data sheet and scale it by the ratio of FLOPS, or of memory bandwidth; `baseline_median_error` is the better of the two.
`…_new_accelerator` is the same where every system with the accelerator is left out, as for a type that nobody has.
"""

import csv
import json
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from trimtab.inference.transfer import Machine, Measured, Task, Transfer, chip_name
from trimtab.inventory.catalog.speeds import Speeds, speeds_of


def read(directory: Path) -> list[Measured]:
    """The throughputs of a directory; latencies are left out."""
    found = []
    for file in sorted(directory.glob("*.csv")):
        with file.open(newline="", encoding="utf-8") as lines:
            for row in csv.DictReader(lines):
                unit = row["Performance_Units"]
                if "latency" in unit.lower() or not row["Performance_Result"]:
                    continue
                name, count = row["Accelerator"], _number(row["a#"])
                if not name or not count:
                    name, count = (
                        row["Processor"],
                        _number(row["host_processors_per_node"]) * (_number(row["Nodes"]) or 1),
                    )
                machine = Machine(row["System"], name, count or 1.0, row["Software"], row["Category"])
                task = Task(row["Model"], row["Scenario"], unit)
                found.append(Measured(machine, task, float(row["Performance_Result"])))
    if not found:
        sys.exit(f"no throughputs in {directory}")
    return found


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if math.isfinite(value) else 0.0


def ratio(known: Sequence[Measured], one: Measured, of: Callable[[Speeds], float]) -> float:
    """The task's throughput on the accelerator nearest by data sheet, scaled by the ratio of `of`; NaN without any."""
    mine = speeds_of(one.machine.accelerator)
    same = [other for other in known if other.task == one.task]
    if not same:
        return math.nan
    sheets = [(other, speeds_of(other.machine.accelerator)) for other in same]
    if mine is None or all(chip is None for _, chip in sheets):
        return median(other.throughput / other.machine.count for other in same) * one.machine.count
    nearest = min(abs(math.log(of(chip) / of(mine))) for _, chip in sheets if chip)
    rates = [
        other.throughput / other.machine.count * of(mine) / of(chip)
        for other, chip in sheets
        if chip and abs(math.log(of(chip) / of(mine))) <= nearest + 1e-9
    ]
    return median(rates) * one.machine.count


def evaluate(rows: Sequence[Measured], key: Callable[[Measured], str]) -> dict[str, float]:
    """The figures with everything of one key left out in turn."""
    errors, flops, bandwidth, inside = [], [], [], []
    for left in sorted({key(one) for one in rows}):
        known = [one for one in rows if key(one) != left]
        tasks = {one.task for one in known}
        wanted = [one for one in rows if key(one) == left and one.task in tasks]
        if not wanted or not known:
            continue
        for one, found in zip(wanted, Transfer(known).estimate([(w.machine, w.task) for w in wanted]), strict=True):
            errors.append(abs(found.throughput / one.throughput - 1))
            inside.append(found.lower <= one.throughput <= found.upper)
            flops.append(abs(ratio(known, one, lambda chip: chip.tensor_tflops) / one.throughput - 1))
            bandwidth.append(abs(ratio(known, one, lambda chip: chip.bandwidth_gbs) / one.throughput - 1))
    return {
        "n": len(errors),
        "median_error": median(errors),
        "flops_median_error": median(flops),
        "bandwidth_median_error": median(bandwidth),
        "baseline_median_error": min(median(flops), median(bandwidth)),
        "coverage_80": sum(inside) / len(inside),
    }


def main(directory: Path) -> None:
    rows = read(directory)
    systems = evaluate(rows, lambda one: one.machine.name)
    chips = evaluate(rows, lambda one: chip_name(one.machine.accelerator))
    for name, found in (("system left out", systems), ("accelerator left out", chips)):
        print(name, {key: round(value, 4) for key, value in found.items()})
    figures = {**systems, **{f"{key}_new_accelerator": value for key, value in chips.items()}}
    print(json.dumps({key: round(value, 5) for key, value in figures.items()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
