"""`trimtab queue`: a recorded queue once more, with other GPUs or quotas; and quotas beside what teams held."""

import re
import sys
from decimal import Decimal
from pathlib import Path

import click

from trimtab.base.errors import InvalidInput
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, length_of, print_json, print_table, remark
from trimtab.client import queue_replays_wire as wire
from trimtab.client.queue_quotas_wire import AskQuotas, KeepQuotas, TeamQuota
from trimtab.client.runs import Runs
from trimtab.jobfiles.documents import documents_of, parts_of
from trimtab.sources.kubernetes.quotas import quotas_of
from trimtab.sources.slurm.shares import shares_of

_NONE = "–"


@click.group()
def queue() -> None:
    """The queue of a cluster: what other GPUs or quotas would have done. What waits now: `trimtab runs queue`."""


@queue.command("replay")
@click.option("--gpus", default="+0", metavar="±N", show_default=True, help="GPUs more (+64) or fewer (-8).")
@click.option("--type", "gpu_type", default="", help="Of this type; else of the one that there are most of.")
@click.option("--quota", "quotas", multiple=True, metavar="TEAM=GPUS", help="A team may hold this many; repeatable.")
@click.option("--start", default="-7d", show_default=True, help="Runs since then.")
@click.option("--end", default="now", show_default=True, help="Until then.")
@click.option("--cluster", default="", help="Its cluster, where there are several.")
@json_option
@server_options
def replay(
    connection: Connection,
    gpus: str,
    gpu_type: str,
    quotas: tuple[str, ...],
    start: str,
    end: str,
    cluster: str,
    as_json: bool,
) -> None:
    """Replay the recorded queue with more or fewer GPUs, or other quotas: what waits and costs would have been.

    Example: trimtab queue replay --gpus +64 --type h100 --start -30d
    """
    if not re.fullmatch(r"[+-]?\d{1,7}", gpus):
        raise InvalidInput(f"cannot use --gpus {gpus!r}: expected a number such as +64 or -8", field="--gpus")
    with connection.client() as client:
        found = Runs(client).replay(
            gpus=int(gpus), gpu_type=gpu_type, quotas=quotas, start=start, end=end, cluster=cluster
        )
    if as_json:
        print_json(found)
        return
    rows = _rows("all", found)
    for team in found.teams:
        rows += _rows(team.team, team)
    columns = ("team", "queue", "runs", "not started", "mean wait", "p50", "p95", "GPU-h waited for", "GPUs held")
    print_table(columns, rows, right=columns[2:])
    for pool in found.pools:
        changed = f", {pool.changed:g} with the change" if pool.changed != pool.gpus else ""
        remark(f"{pool.gpus:g} × {pool.gpu_type}{changed} (known by {pool.known_by})")
    if found.extra_cost is not None:
        remark(f"the change would have cost {Decimal(found.extra_cost):+,.2f} {found.currency} ({found.priced_by})")
    elif found.priced_by:
        remark(f"what the change would have cost is not known: {found.priced_by}")
    for note in found.notes:
        remark(note)


@queue.command("quotas")
@click.argument("files", nargs=-1, type=click.Path(exists=True, allow_dash=True, path_type=Path))
@click.option("--start", default="-7d", show_default=True, help="Runs since then.")
@click.option("--end", default="now", show_default=True, help="Until then.")
@click.option("--cluster", default="", help="Of this cluster only.")
@click.option("--keep", is_flag=True, help="Keep the quotas of FILES from --since on (role write).")
@click.option("--since", default="now", show_default=True, help="With --keep: since when they hold.")
@json_option
@server_options
def quotas(
    connection: Connection,
    files: tuple[Path, ...],
    start: str,
    end: str,
    cluster: str,
    keep: bool,
    since: str,
    as_json: bool,
) -> None:
    """Compare quotas with what teams held: entitled, borrowed, lent and starved GPU-hours.

    FILES are Kueue's or KAI's queues (`kubectl get clusterqueues,localqueues -A -o yaml`), or SLURM's fair shares
    (`sshare -a -l -P`, or `--json`). Without FILES the quotas that are kept count, each for the time in which it held.

    Example: sshare -a -l -P | trimtab queue quotas - --cluster atlas --keep
    """
    stated = [one for file in files for one in _stated(file)]
    if not stated and (files or keep):
        raise InvalidInput("cannot find a quota of GPUs in the files: expected Kueue's, KAI's or SLURM's")
    if keep and not cluster:
        raise InvalidInput("cannot keep quotas: expected --cluster, whose they are", field="--cluster")
    with connection.client() as client:
        if keep:
            kept = Runs(client).keep_quotas(KeepQuotas(stated, cluster, since))
            if as_json:
                print_json(kept)
            else:
                click.echo(f"{kept.quotas} quotas of {kept.cluster} are kept")
            return
        runs = Runs(client)
        found = (
            runs.quotas(AskQuotas(stated, start, end, cluster))
            if stated
            else runs.kept_quotas(start=start, end=end, cluster=cluster)
        )
    if as_json:
        print_json(found)
        return
    rows = [
        (one.team, *(_NONE if hours is None else f"{hours:,.1f}" for hours in
                     (one.entitled, one.held, one.borrowed, one.lent, one.starved, one.waited)))
        for one in found.teams
    ]  # fmt: skip
    columns = ("team", "entitled", "held", "borrowed", "lent", "starved", "waited for")
    print_table(columns, rows, right=columns[1:])
    remark("GPU-hours; starved: waited for while less than the quota was held")
    for note in found.notes:
        remark(note)


def _stated(file: Path) -> list[TeamQuota]:
    """The quotas of a file: of the objects of Kubernetes, or of SLURM's shares."""
    text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8", "replace")
    if not re.search(r"^Account\||\"shares\"", text, re.MULTILINE):
        objects = [part for one in documents_of(text, str(file)) for part in parts_of(one)]
        return [
            TeamQuota(one.queue, gpus=one.gpus, cohort=one.cohort, queues=list(one.names)) for one in quotas_of(objects)
        ]
    return [TeamQuota(one.account, share=one.share) for one in shares_of(text)]


def _rows(name: str, of: wire.QueueReplay | wire.ReplayedTeam) -> list[tuple[str, ...]]:
    """The three queues of all, or of a team."""
    return [_row(name, "as recorded", of.recorded), _row("", "replayed", of.replayed), _row("", "changed", of.changed)]


def _row(team: str, which: str, waits: wire.ReplayedWaits) -> tuple[str, ...]:
    held = _NONE if waits.held_share is None else f"{waits.held_share:.1%}"
    lengths = (_NONE if one is None else length_of(one) for one in (waits.mean_s, waits.p50_s, waits.p95_s))
    return (team, which, f"{waits.runs}", f"{waits.unstarted}", *lengths, f"{waits.gpu_hours:,.1f}", held)
