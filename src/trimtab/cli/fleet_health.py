"""`trimtab fleet health` and `lemons`: what faults of GPUs cost, which machines fail too often, and what to do."""

from collections.abc import Sequence

import click

from trimtab.base.clock import iso
from trimtab.base.coins import sums
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.client import health_wire as wire
from trimtab.client.fleet import Fleet

_NONE = "–"
_UNPRICED_FROM = 0.05


@click.command("health")
@click.option("--start", default="-30d", show_default=True, help="now, -3h, ISO 8601 or epoch milliseconds.")
@click.option("--end", default="now", show_default=True, help="The same; not included.")
@click.option("--machine", default="", help="Only of this machine.")
@click.option("--all", "every", is_flag=True, help="Also faults that hit no run and asked for nothing.")
@json_option
@server_options
def health(connection: Connection, start: str, end: str, machine: str, every: bool, as_json: bool) -> None:
    """Show faults of GPUs, the runs that they ended or slowed, what that cost, and what is to be done.

    Example: trimtab fleet health --start -7d
    """
    with connection.client() as client:
        found = Fleet(client).health(start=start, end=end, machine=machine)
    if as_json:
        print_json(found)
        return
    remark(f"{iso(found.start_ms)} to {iso(found.end_ms)}; cost is net amortised")
    shown = [one for one in found.faults if every or one.severity in ("fatal", "degraded") or one.run]
    if shown:
        print_faults(shown)
    else:
        remark("No fault is known. Do metrics or kernel logs of GPUs come in? See docs/guide/gpu-hours.md#gpu-health.")
    if found.slowed:
        print_slowed(found.slowed)
    remark(f"lost since the last checkpoint: {_hours(found.lost)}")
    if found.at_most.gpu_hours:
        remark(f"runs without a known checkpoint, since their start, at most: {_hours(found.at_most)}")
    remark(f"down after fatal faults: {_hours(found.down)}")
    for one in found.actions:
        where = one.machine.rpartition("/")[2] + ("" if one.device is None else f" GPU {one.device}")
        remark(f"{one.action} {where}: {one.why}")
        remark(f"    {one.command}")
        remark(
            f"    replayed: fired {one.fired} times, would have spared {one.spared_runs} runs and "
            f"{_hours(one.spared)}, for {_hours(one.out)} out"
        )


@click.command("lemons")
@click.option("--start", default="-30d", show_default=True, help="now, -3h, ISO 8601 or epoch milliseconds.")
@click.option("--end", default="now", show_default=True, help="The same; not included.")
@json_option
@server_options
def lemons(connection: Connection, start: str, end: str, as_json: bool) -> None:
    """Rank machines by their rate of faults a GPU-day, with a 90 % interval; a lemon's lies above the fleet's rate."""
    with connection.client() as client:
        found = Fleet(client).health(start=start, end=end)
    if as_json:
        print_json({"fleet_rate": found.fleet_rate, "fleet_ending_rate": found.fleet_ending_rate,
                    "machines": found.machines})  # fmt: skip
        return
    if found.fleet_rate is None:
        remark("No machine can be ranked: there was no incident, or there are fewer than three machines.")
        return
    rows = [
        (
            one.machine.rpartition("/")[2],
            "lemon" if one.lemon else "",
            f"{one.gpu_days:,.0f}",
            f"{one.ending_incidents}",
            _rate(one.ending_rate, one.ending_low, one.ending_high),
            f"{one.incidents}",
            _rate(one.rate, one.low, one.high),
        )
        for one in found.machines
    ]
    right = ("GPU-days", "ended runs", "all")
    columns = ("machine", "", "GPU-days", "ended runs", "a 1,000 GPU-days", "all", "a 1,000 GPU-days ")
    print_table(columns, rows, right=right)
    ending = "none" if found.fleet_ending_rate is None else f"{found.fleet_ending_rate * 1000:.1f}"
    remark(f"the fleet's rates a 1,000 GPU-days: {ending} that ended runs, {found.fleet_rate * 1000:.1f} in all")


def print_faults(faults: Sequence[wire.FaultHarm]) -> None:
    """Faults as a table, the last first."""
    rows = [
        (
            iso(one.at_ms)[:19],
            one.machine.rpartition("/")[2],
            _NONE if one.device is None else str(one.device),
            one.fault,
            one.run or _NONE,
            one.effect,
            _NONE if one.lost is None else _hours(one.lost),
            _NONE if one.at_most is None else _hours(one.at_most),
            _NONE if one.down is None else _hours(one.down),
        )
        for one in faults
    ]
    columns = ("at", "machine", "GPU", "fault", "run", "effect", "lost", "lost at most", "down after")
    print_table(columns, rows, right=("GPU", "lost", "lost at most", "down after"))


def print_slowed(slowed: Sequence[wire.SlowedRun]) -> None:
    """Runs whose clocks were held down."""
    rows = [
        (one.run, one.reason, "slowed" if one.slowed else "", f"{one.gpus}", f"{one.share:.1%}",
         f"{one.throttled_gpu_hours:,.1f}")
        for one in slowed
    ]  # fmt: skip
    columns = ("run", "clocks held down by", "", "GPUs", "share of its time", "GPU-hours")
    print_table(columns, rows, right=("GPUs", "share of its time", "GPU-hours"))


def _rate(rate: float | None, low: float | None, high: float | None) -> str:
    if rate is None or low is None or high is None:
        return _NONE
    return f"{rate * 1000:.1f} ({low * 1000:.1f} to {high * 1000:.1f})"


def _hours(hours: wire.CostedHours) -> str:
    cost = sums(hours.cost)
    unpriced = f", {hours.unpriced:,.1f} h unpriced" if hours.unpriced >= _UNPRICED_FROM else ""
    return f"{hours.gpu_hours:,.1f} GPU-h" + (f", {cost}" if cost else "") + unpriced
