"""`trimtab batch plan` and `place`: which machines a job should have, and where it should be now."""

from pathlib import Path
from typing import Any

import click

from trimtab.base.errors import InvalidInput
from trimtab.base.timerange import parse_duration_ms
from trimtab.cli.connection import Connection, pairs, server_options
from trimtab.cli.output import json_option, print_json, print_table
from trimtab.cli.purchase_facts import read_body
from trimtab.cli.purchase_spot import read_traces
from trimtab.client import batch_wire as wire
from trimtab.client.batch import BatchJobs

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_SAMPLE = 4 << 20  # bytes of a file whose lines are counted
_HOUR_MS = 3_600_000


@click.command("plan")
@click.option("--records", type=click.FloatRange(0, min_open=True), help="How many there are.")
@click.option("--input", "source", type=click.Path(exists=True, path_type=Path),
              help="Files of lines: how many there are is estimated from their sizes.")  # fmt: skip
@click.option("--deadline", metavar="DURATION", help="It must be done in this time, such as 6h.")
@click.option("--budget", help="It must cost no more.")
@click.option("--name", default="", help="Only recorded jobs of this name tell what machines do.")
@click.option("--measured", multiple=True, metavar="TYPE=RECORDS/S", help="What one machine of a type does. Repeat.")
@click.option("--most", type=click.IntRange(1, 1000), default=64, show_default=True, help="Machines at once.")
@click.option("--start", type=click.FloatRange(0, 600), default=3.0, show_default=True,
              help="Minutes from the launch of a machine until it works.")  # fmt: skip
@click.option("--trace", "traces", multiple=True, type=_FILE,
              help="Recorded availability of spot in a zone (SkyPilot's format). May be repeated.")  # fmt: skip
@click.option("--spot-share", type=click.FloatRange(0, 1, min_open=True),
              help="Price of spot ÷ on demand, where no price history is known.")  # fmt: skip
@json_option
@server_options
def plan(connection: Connection, as_json: bool, **given: Any) -> None:
    """Choose the cheapest machines that do a job within its deadline and budget, and say why.

    Example: trimtab batch plan --records 1e9 --measured g5.xlarge=900 --measured c7i.4xlarge=400 --deadline 24h
    """
    records = given["records"] or (count_lines(given["source"]) if given["source"] else 0)
    if not records:
        raise InvalidInput("cannot plan: give --records, or --input to count them")
    zones, gap_s = read_traces(given["traces"]) if given["traces"] else ([], 600.0)
    body = {
        "records": records,
        "name": given["name"],
        "measured": {type_: _rate(text) for type_, text in pairs(given["measured"], "--measured").items()},
        "deadline_h": parse_duration_ms(given["deadline"]) / _HOUR_MS if given["deadline"] else None,
        "budget": given["budget"],
        "most": given["most"],
        "start_min": given["start"],
        "zones": zones,
        "gap_s": gap_s,
        "spot_share": given["spot_share"],
    }
    with connection.client() as client:
        found = BatchJobs(client).plan(read_body(body, wire.AskPlan))
    if as_json:
        print_json(found)
        return
    click.echo(found.words + "\n")
    print_table(
        ("", "Machines", "Bought", "Takes", "Cost", "At worst", "Fits"),
        [_row(one, found.chosen) for one in found.options],
        right=("Takes", "Cost", "At worst"),
    )
    for text in found.left_out:
        click.echo(f"left out: {text}")


@click.command("place")
@click.argument("job_id")
@click.option("--on", type=click.Choice(("spot", "on-demand", "wait")), default="wait", show_default=True,
              help="What the job runs on now.")  # fmt: skip
@click.option("--spot-up", default="0h", show_default=True, help="For how long spot has been there; 0h: it is not.")
@click.option("--rule", type=click.Choice(("uniform progress", "trimtab", "spot, then on demand")),
              default="uniform progress", show_default=True)  # fmt: skip
@json_option
@server_options
def place(connection: Connection, job_id: str, as_json: bool, **given: Any) -> None:
    """Say whether a recorded job with a deadline should be on spot, on demand, or wait, by how far it is.

    Example: trimtab batch place 3f2c8f0e-6f0b-4a39-9d53-6cf7d1f7a111 --on spot --spot-up 2h
    """
    up_h = parse_duration_ms(given["spot_up"]) / _HOUR_MS if given["spot_up"] != "0h" else 0.0
    with connection.client() as client:
        found = BatchJobs(client).placement(job_id, on=given["on"], up_h=up_h, rule=given["rule"])
    if as_json:
        print_json(found)
    else:
        click.echo(f"{found.on}: {found.why} ({found.rule}; {found.slack_h:.2f} h of slack)")


def count_lines(source: Path) -> int:
    """About how many lines there are: those of the first part of each file, times its size. Exact for small files."""
    files = [source] if source.is_file() else [one for one in sorted(source.rglob("*")) if one.is_file()]
    total = 0.0
    for one in files:
        with one.open("rb") as file:
            sample = file.read(_SAMPLE)
        lines = sample.count(b"\n") + (0 if sample.endswith(b"\n") or not sample else 1)
        total += lines * (one.stat().st_size / len(sample)) if sample else 0
    return round(total)


def _rate(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InvalidInput(f"cannot use --measured …={text}: expected records a second", field="--measured") from None


def _row(one: wire.Option, chosen: wire.Option | None) -> tuple[str, ...]:
    hours = "–" if one.hours is None else f"{one.hours:.2f} h"
    limits = [name for name, fits in (("late", one.fits_deadline), ("dear", one.fits_budget)) if not fits]
    return (
        "→" if one == chosen else "",
        f"{one.count} × {one.type}",
        one.purchase,
        hours,
        f"{one.cost} {one.currency}",
        f"{one.worst_cost} {one.currency}",
        ", ".join(limits) or "yes",
    )
