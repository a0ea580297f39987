"""`trimtab simulate memory`: a function's memory, tuned on measured runs."""

import csv
from pathlib import Path

import click

from trimtab.base.errors import InvalidInput
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.client import scaling_wire as wire
from trimtab.client.scaling import tune_memory


@click.command("memory")
@click.argument("runs", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--arm", is_flag=True, help="The function runs on arm64.")
@click.option("--region", default="us-east-1", show_default=True, help="Whose price counts.")
@click.option("--most-ms", type=float, help="Sizes of which 95 % of runs take longer are not advised.")
@click.option("--weight", type=float, default=0.5, show_default=True, help="What cost counts beside speed, 0 to 1.")
@json_option
@server_options
def memory(
    connection: Connection, runs: Path, arm: bool, region: str, most_ms: float | None, weight: float, as_json: bool
) -> None:
    """Tune a function's memory on RUNS, a CSV of memory in MB and billed duration in ms, a run a row."""
    sizes, times = [], []
    with runs.open(newline="") as text:
        for number, row in enumerate(csv.reader(text)):
            try:
                size, time = int(row[0]), float(row[1])
            except (IndexError, ValueError):
                if number:  # the first row may be names
                    raise InvalidInput(f"cannot read row {number + 1} of {runs}: expected MB and ms") from None
                continue
            sizes.append(size)
            times.append(time)
    asked = wire.TuneMemory(memory_mb=sizes, durations_ms=times, architecture="arm64" if arm else "x86_64",
                            region=region, most_ms=most_ms, weight=weight)  # fmt: skip
    with connection.client() as client:
        found = tune_memory(client, asked)
    if as_json:
        print_json(found)
        return
    best = {found.cheapest_mb: "cheapest", found.fastest_mb: "fastest", found.balanced_mb: "best by both"}
    rows = [
        (str(one.memory_mb), str(one.runs or "told"), f"{one.mean_ms:.1f}", f"{one.p95_ms:.1f}" if one.p95_ms else "",
         one.per_million, best.get(one.memory_mb, "") if one.runs else "")
        for one in found.sizes
    ]  # fmt: skip
    heads = ("MB", "runs", "mean ms", "p95 ms", "$ a million", "")
    print_table(heads, rows, right=heads[:5])
    remark(found.words)
