"""`trimtab fleet …`: GPU time by the ledger, faults and what they cost, and what does not fit."""

from pathlib import Path
from typing import get_args

import click

from trimtab.agent.smi.reading import read as read_gpus
from trimtab.base.clock import iso
from trimtab.base.coins import sums
from trimtab.base.records import asdict
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.fleet_health import health, lemons
from trimtab.cli.output import json_option, number, print_json, print_table, remark
from trimtab.client import fleet_wire as wire
from trimtab.client.fleet import Fleet

_COLUMNS = ("existing", "down", "held", "active", "inactive", "unmeasured", "free", "unknown", "idle")


@click.group("fleet")
def fleet() -> None:
    """Show what GPUs were: existing = down + held + free + unknown, held = active + inactive."""


fleet.add_command(health)
fleet.add_command(lemons)


@fleet.command("hours")
@click.option(
    "--by",
    multiple=True,
    default=("team",),
    show_default=True,
    type=click.Choice(get_args(wire.FleetKey)),
    help="Group by it; may be given up to three times.",
)
@click.option("--start", default="-24h", show_default=True, help="now, -3h, ISO 8601 or epoch milliseconds.")
@click.option("--end", default="now", show_default=True, help="The same; not included.")
@click.option(
    "--basis",
    default="net amortised",
    show_default=True,
    type=click.Choice(get_args(wire.FleetBasis)),
    help="What amounts count.",
)
@json_option
@server_options
def hours(connection: Connection, by: tuple[str, ...], start: str, end: str, basis: str, as_json: bool) -> None:
    """Show GPU-hours and what they cost, by team, machine, day, …

    Example: trimtab fleet hours --by team --by day --start -7d
    """
    with connection.client() as client:
        found = Fleet(client).hours(by, start=start, end=end, basis=basis)
    if as_json:
        print_json(found)
        return
    remark(f"{iso(found.start_ms)} to {iso(found.end_ms)}; cost is {found.basis}")
    shown = [name for name in _COLUMNS if name != "unmeasured" or found.total.unmeasured > 0]
    rows = [_row(one, [*one.keys.values()], shown) for one in found.groups]
    if len(rows) != 1:
        rows.append(_row(found.total, ["all", *[""] * (len(by) - 1)], shown))
    print_table((*found.by, *shown, "cost", "idle cost"), rows, right=(*shown, "cost", "idle cost"))
    if found.closed_ms is not None and found.closed_ms < found.end_ms:
        remark(f"costs from {iso(found.closed_ms)} on are estimated: no bill has them yet")
    if found.total.unpriced:
        remark(f"{number(found.total.unpriced)} GPU-hours have no price")


def _row(one: wire.FleetGroup, keys: list[str], shown: list[str]) -> tuple[str, ...]:
    return (*keys, *(f"{getattr(one, name):,.1f}" for name in shown), _money(one.cost), _money(one.idle_cost))


def _money(amounts: dict[str, str]) -> str:
    return sums(amounts) or "–"


@fleet.command("remarks")
@click.option("--start", default="-7d", show_default=True, help="now, -3h, ISO 8601 or epoch milliseconds.")
@click.option("--end", default="now", show_default=True, help="The same; not included.")
@json_option
@server_options
def remarks(connection: Connection, start: str, end: str, as_json: bool) -> None:
    """Show what schedulers, telemetry, runs and bills say of machines and does not fit."""
    with connection.client() as client:
        found = Fleet(client).remarks(start=start, end=end)
    if as_json:
        print_json(found)
        return
    if not found.remarks:
        remark("Everything that is said of the machines fits.")
        return
    rows = [(one.machine, one.text, iso(one.start_ms)[:10], iso(one.end_ms - 1)[:10]) for one in found.remarks]
    print_table(("machine", "what does not fit", "first day", "last day"), rows)


@fleet.command("faults")
@click.option("--start", default="-7d", show_default=True, help="now, -3h, ISO 8601 or epoch milliseconds.")
@click.option("--end", default="now", show_default=True, help="The same; not included.")
@click.option("--machine", default="", help="Only of this machine.")
@json_option
@server_options
def faults(connection: Connection, start: str, end: str, machine: str, as_json: bool) -> None:
    """Show XIDs and SXIDs that kernel-log lines told, with what NVIDIA says that they mean and ask for."""
    with connection.client() as client:
        found = Fleet(client).faults(start=start, end=end, machine=machine)
    if as_json:
        print_json(found)
        return
    if not found.faults:
        remark("No kernel-log line told of a fault. Do kernel logs come in? See docs/guide/gpu-hours.md#gpu-faults.")
        return
    rows = [
        (
            iso(one.last_ms)[:16],
            one.machine,
            one.index or one.device,
            f"{one.kind.upper()} {one.code}",
            f"{one.count:,}",
            one.meaning or "unknown code",
            one.action or "not stated",
        )
        for one in found.faults
    ]
    print_table(("last", "machine", "GPU", "fault", "lines", "meaning", "NVIDIA's action"), rows, right=("lines",))


@fleet.command("gpus")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@json_option
def gpus(files: tuple[Path, ...], as_json: bool) -> None:
    """Show the GPUs in what nvidia-smi -q -x, rocm-smi or amd-smi printed into FILES, or nvidia_gpu_exporter's page."""
    found = [(path.name, gpu) for path in files for gpu in read_gpus(path.read_text("utf-8", "replace")).gpus]
    if as_json:
        print_json([{"file": name, **asdict(gpu)} for name, gpu in found])
        return
    rows = [
        (
            name,
            str(gpu.index),
            gpu.name,
            "unknown" if gpu.utilization is None else f"{gpu.utilization:.0%}",
            _gib(gpu.memory_used),
            _gib(gpu.memory_total),
            "unknown" if gpu.power is None else f"{gpu.power:,.0f} W",
            "unknown" if gpu.temperature is None else f"{gpu.temperature:.0f} °C",
            str(len(gpu.processes)),
        )
        for name, gpu in found
    ]
    right = ("utilisation", "used", "memory", "power", "heat", "processes")
    print_table(("file", "GPU", "name", *right), rows, right=right)


def _gib(value: int | None) -> str:
    return "unknown" if value is None else f"{value / 2**30:,.1f} GiB"
