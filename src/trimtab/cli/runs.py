"""`trimtab runs` : what ran, what it cost, what it could have done without, and what waits."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import get_args

import click
import msgspec

from trimtab.base.clock import iso
from trimtab.base.coins import sums
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.fleet_health import print_faults, print_slowed
from trimtab.cli.output import day, json_option, length_of, print_json, print_table, remark
from trimtab.cli.runs_progress import energy, import_mlperf, rows_of
from trimtab.cli.trace_import import print_profile
from trimtab.client import runs_wire as wire
from trimtab.client.inventory_wire import StateName
from trimtab.client.runs import Runs

_NONE = "–"
_BARS, _WIDTH = "▁▂▃▄▅▆▇█", 40


@click.group("runs")
def runs() -> None:
    """What ran on the GPUs: hours, activity, cost, waits and losses of runs; the queue."""


@runs.command("list")
@click.argument("words", nargs=-1)
@click.option("--start", default="-7d", show_default=True, help="Runs that waited or ran since then.")
@click.option("--end", default="now", show_default=True, help="Until then.")
@click.option("--state", "states", multiple=True, type=click.Choice(get_args(StateName)), help="Repeatable.")
@click.option("--team", default="", help="Of this team (SLURM's account) only.")
@click.option("--user", default="", help="Of this user only.")
@click.option("--queue", default="", help="Of this partition or queue only.")
@click.option("--cluster", default="", help="Of this cluster only.")
@click.option("--limit", type=click.IntRange(1, 500), default=50, show_default=True, help="How many at most.")
@json_option
@server_options
def list_(
    connection: Connection,
    words: tuple[str, ...],
    start: str,
    end: str,
    states: tuple[str, ...],
    team: str,
    user: str,
    queue: str,
    cluster: str,
    limit: int,
    as_json: bool,
) -> None:
    """List runs, the last submitted first; WORDS are looked for in id, name, user, team, reason and nodes."""
    with connection.client() as client:
        page = Runs(client).listed(
            start=start, end=end, states=states, team=team, user=user, queue=queue, cluster=cluster,
            text=" ".join(words), limit=limit,
        )  # fmt: skip
    if as_json:
        print_json(page)
        return
    if not page.runs:
        remark("No run is known that matches. Try `trimtab connect slurm` or `trimtab connect kubernetes`.")
        return
    rows = [
        (
            one.job,
            one.name,
            one.team or _NONE,
            one.user or _NONE,
            one.state,
            day(one.start_ms) if one.expected_start is None else f"expected {iso(one.expected_start.at_ms)}",
            length_of(one.wait_s),
            f"{one.gpus:g}",
            f"{one.gpu_hours:.1f}",
            _share(one.active_share),
            _money(one.amounts) or _NONE,
            f"{one.largest_loss.kind}, {_loss_size(one.largest_loss)}" if one.largest_loss else "",
        )
        for one in page.runs
    ]
    columns = (
        "job",
        "name",
        "team",
        "user",
        "state",
        "started",
        "wait",
        "GPUs",
        "GPU-h held",
        "active",
        "cost",
        "loss",
    )
    print_table(columns, rows, right=("wait", "GPUs", "GPU-h held", "active", "cost"))
    remark("GPU-hours, activity and cost (net amortised) are of the range only")
    if page.next:
        remark("more; see --limit")


@runs.command("show")
@click.argument("job")
@click.option("--cluster", default="", help="Its cluster, where several have that id.")
@json_option
@server_options
def show(connection: Connection, job: str, cluster: str, as_json: bool) -> None:
    """Show run JOB: owner, GPU-hours, active share, wait, cost, the largest loss, and how far it is."""
    with connection.client() as client:
        found = Runs(client).one(job, cluster)
        progress = Runs(client).progress(job, found.run.cluster)
    if as_json:
        print_json({**msgspec.to_builtins(found), "progress": progress})
        return
    one = found.run
    rows = [
        ("owner", f"{one.team or 'unowned'} ({one.user or 'unknown user'})"),
        ("where", f"{one.cluster}, queue {one.queue or _NONE}, {_nodes(one)}"),
        ("state", _state(one)),
        ("submitted", iso(one.submit_ms)),
        ("ran", _ran(one)),
        ("waited", _waited(found)),
        *[("another attempt", _attempt(part)) for part in found.attempts],
        ("GPUs", f"{one.gpus:g} × {one.gpu_type or 'GPU'}" + (f", known by {one.gpus_known_by}" if found.gpus else "")),
        ("GPU-hours", _hours(one)),
        ("active share", _active(one)),
        ("cost", _cost(one)),
        ("largest loss", _largest(found)),
        *rows_of(progress),
    ]  # fmt: skip
    print_table(("run", f"{one.job}  {one.name}"), rows)
    if found.gpus:
        shown = [
            (gpu.node, gpu.index, _share(gpu.active_share), _share(gpu.peak_memory), _bars(gpu.values), gpu.gpu)
            for gpu in found.gpus
        ]
        columns = ("node", "GPU", "active", "peak memory", "activity over the run", "id")
        print_table(columns, shown, right=("GPU", "active", "peak memory"))
    if found.phases:
        whole = sum(phase.gpu_hours for phase in found.phases)
        did = [
            (phase.phase, f"{phase.gpu_hours:.1f}", _share(phase.gpu_hours / whole), _money(phase.amounts) or _NONE)
            for phase in found.phases
        ]
        print_table(("what its GPUs did", "GPU-hours", "share", "cost"), did, right=("GPU-hours", "share", "cost"))
    for hang in found.hangs:
        first = f"; GPU {hang.index} of {hang.node} stopped first" if hang.gpu else ""
        remark(f"hung from {iso(hang.from_ms)} to {iso(hang.to_ms)}{first}")
    if found.health is not None and found.health.faults:
        print_faults(found.health.faults)
    if found.health is not None and found.health.slowed:
        print_slowed(found.health.slowed)
    if found.profile is not None:
        print_profile(found.profile)
    if not one.settled and one.end_ms is not None:
        remark("it ended less than a minute ago: the last samples of its GPUs may be missing")


@runs.command("hanging")
@json_option
@server_options
def hanging(connection: Connection, as_json: bool) -> None:
    """List the runs that hang now: since when, what a minute costs, and which GPU stopped first."""
    with connection.client() as client:
        found = Runs(client).hanging()
    if as_json:
        print_json(found)
        return
    if not found.runs:
        remark("No run hangs.")
        return
    rows = [
        (one.job, one.name, one.team, f"{one.gpus:g}", iso(one.from_ms), _money(one.amounts_a_minute) or _NONE,
         f"{one.node} {one.index}" if one.gpu else "all at once")
        for one in found.runs
    ]  # fmt: skip
    print_table(("job", "name", "team", "GPUs", "since", "a minute", "stopped first"), rows, right=("GPUs", "a minute"))


runs.add_command(import_mlperf)
runs.add_command(energy)


@runs.command("queue")
@click.option("--start", default="-24h", show_default=True, help="Waits since then.")
@click.option("--end", default="now", show_default=True, help="Until then; GPUs as they were then.")
@click.option("--cluster", default="", help="Of this cluster only.")
@json_option
@server_options
def queue(connection: Connection, start: str, end: str, cluster: str, as_json: bool) -> None:
    """Show who waits for how many GPUs, why and how long, and when runs start; and the GPUs that are idle and why."""
    with connection.client() as client:
        found = Runs(client).queue(start=start, end=end, cluster=cluster)
    if as_json:
        print_json(found)
        return
    if not found.waiting:
        remark("Nothing waited in this range.")
    else:
        rows = [
            (
                one.team,
                one.reason,
                one.runs,
                f"{one.gpus:g}",
                f"{one.gpu_hours:.1f}",
                one.started,
                _NONE if one.wait_p50_s is None else length_of(one.wait_p50_s),
                _NONE if one.wait_p95_s is None else length_of(one.wait_p95_s),
            )
            for one in found.waiting
        ]
        columns = ("team", "reason", "wait now", "GPUs", "pending GPU-h", "started", "wait p50", "wait p95")
        print_table(columns, rows, right=columns[2:])
    if found.runs:
        starting = [
            (one.job, one.name, one.team or _NONE, f"{one.gpus:g}", iso(one.submit_ms), *_expected(one.start))
            for one in found.runs
        ]
        heads = ("waiting run", "name", "team", "GPUs", "submitted", "expected start", "80 % from", "to")
        print_table(heads, starting, right=("GPUs",))
    if found.nodes:
        kinds = get_args(wire.IdleName)
        rows_ = [
            (
                one.gpu_type or "GPU",
                *map("{:g}".format, (one.gpus, one.allocated, *(one.idle.get(k, 0) for k in kinds))),
            )
            for one in found.gpus
        ]
        names = ("GPU", "all", "held", *kinds)
        print_table(names, rows_, right=names[1:])
    else:
        remark("No cluster has reported its nodes, so idle GPUs are not known here.")


def _expected(start: wire.ExpectedStart | None) -> tuple[str, str, str]:
    if start is None:
        return ("too few runs have started", "", "")
    return (iso(start.at_ms), iso(start.from_ms), iso(start.to_ms))


def _bars(values: Sequence[float | None]) -> str:
    """Activity over the whole run in bars of one scale, 0 to 100 %; a gap is a space."""
    wide = min(_WIDTH, len(values))
    edges = [len(values) * place // wide for place in range(wide + 1)] if wide else []
    parts = (values[start:end] for start, end in pairwise(edges))
    known = ([value for value in part if value is not None] for part in parts)
    return "".join(_BARS[round(sum(part) / len(part) * (len(_BARS) - 1))] if part else " " for part in known)


def _state(one: wire.Run) -> str:
    code = f", exit code {one.exit_code}" if one.exit_code is not None else ""
    return one.state + code + (f" ({one.reason})" if one.reason else "")


def _ran(one: wire.Run) -> str:
    if one.start_ms is None:
        return "not started"
    return f"{day(one.start_ms)} to {day(one.end_ms) if one.end_ms else 'now'}"


def _hours(one: wire.Run) -> str:
    active = f", {one.active_hours:.2f} active" if one.active_hours is not None else ""
    return f"{one.gpu_hours:.2f} held{active}"


def _nodes(one: wire.Run) -> str:
    if not one.node_names:
        return f"{one.nodes} nodes" if one.nodes != 1 else "1 node"
    more = f" and {len(one.node_names) - 4} more" if len(one.node_names) > 4 else ""
    return ", ".join(one.node_names[:4]) + more


def _waited(found: wire.RunDetail) -> str:
    reasons = [f"{part.reason} {length_of((part.to_ms - part.from_ms) / 1000)}" for part in found.waited]
    return length_of(found.run.wait_s) + (f": {', '.join(reasons)}" if reasons else "")


def _attempt(part: wire.RunAttempt) -> str:
    why = f" ({part.reason})" if part.reason else ""
    cost = f", {_money(part.amounts)}" if part.amounts else ""
    return f"{part.job}: {part.state}{why}, {part.gpu_hours:.2f} GPU-hours held{cost}"


def _active(one: wire.Run) -> str:
    if one.active_share is None:
        return one.unknown
    part = "" if one.known_hours >= 0.99 * one.gpu_hours else f", known for {one.known_hours:.2f} of the GPU-hours"
    return f"{_share(one.active_share)} by {', '.join(one.measured_by)}{part}"


def _cost(one: wire.Run) -> str:
    if not one.amounts and not one.gpu_hours:
        return "nothing yet: it has held no GPU"
    known = (
        f"{_money(one.amounts)}, by {' and '.join(one.priced_by)}: {'; '.join(one.price_notes)}" if one.amounts else ""
    )
    missing = f"unknown for {one.unpriced_hours:.2f} GPU-hours: {one.unpriced}" if one.unpriced_hours else ""
    return "; ".join(part for part in (known, missing) if part)


def _largest(found: wire.RunDetail) -> str:
    loss = found.run.largest_loss
    if loss is None:
        return "none found" if found.run.active_share is not None else "unknown: its activity is not known"
    return f"{loss.kind}, {_loss_size(loss)}: {loss.words}"


def _loss_size(loss: wire.Loss) -> str:
    return f"{loss.gpu_hours:.1f} GPU-h" + (f" = {_money(loss.amounts)}" if loss.amounts else "")


def _money(amounts: Mapping[str, str]) -> str:
    return sums(amounts)


def _share(share: float | None) -> str:
    return _NONE if share is None else f"{share:.1%}"
