"""`trimtab traces import`: training profiles (Kineto traces, operations of a job) become part of a run's page."""

import os.path
import re
import sys
import threading
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

import click
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from trimtab.base.coins import sums
from trimtab.base.errors import InvalidInput, TrimtabError
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import console, json_option, print_json, print_table, remark
from trimtab.client import profiles_wire as wire
from trimtab.client.profiles import Profiles

_POLL_S = 0.3
_NONE = "–"
_NOT_PLAIN = re.compile(r"[^\w.=+,@ -]")
"""What a file's name on the server may not have."""


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--run", "job", required=True, help="The id of the run that was profiled: 48213, or vision/trainer-0.")
@click.option("--cluster", default="", help="Its cluster, where several have that id.")
@click.option("--replace", is_flag=True, help="Let go of what the run has before; else only same names are replaced.")
@json_option
@server_options
def import_(
    connection: Connection, files: tuple[Path, ...], job: str, cluster: str, replace: bool, as_json: bool
) -> None:
    """Import training profiles of a run: FILES and folders of PyTorch (Kineto) traces, or of a job's operations.

    A trace is JSON as torch.profiler writes it, plain or gzip, of one rank. Operations are CSV or Parquet, one row an
    operation of a rank (dp_rank, stage, step, optype, start_ts, duration): they show what stragglers cost. All files
    are kept, or none.
    """
    named = names_of(files)
    with connection.client() as client:
        profiles = Profiles(client)
        size = sum(path.stat().st_size for path, _ in named)
        with _bar(quiet=as_json) as bar:
            task = bar.add_task("uploading", total=size)
            upload = profiles.upload(named, lambda sent: bar.advance(task, sent))
        begun = profiles.start(wire.StartProfileImport(upload, job, cluster, replace))
        ended = _follow(profiles, begun, quiet=as_json)
        if ended.state == "failed":
            raise TrimtabError(f"{ended.problem}; nothing was kept")
        found = profiles.of(job, cluster)
    if as_json:
        print_json(found)
        return
    print_profile(found)
    remark(f"kept with run {job}: `trimtab runs show {job}` and its page have it")


def names_of(files: Sequence[Path]) -> list[tuple[Path, str]]:
    """The files, those of folders too, each with a plain name that no other has. Raises InvalidInput for none."""
    found: list[Path] = []
    for path in files:
        inside = sorted(one for one in path.rglob("*") if one.is_file() and not one.name.startswith("."))
        found += inside if path.is_dir() else [path]
    if not found:
        raise InvalidInput("cannot import: the folder has no file")
    resolved = [one.resolve() for one in found]
    top = os.path.commonpath([str(one.parent) for one in resolved])
    named = {one: _NOT_PLAIN.sub("_", one.relative_to(top).as_posix().replace("/", " ")) for one in resolved}
    if len(set(named.values())) < len(named):
        raise InvalidInput("cannot import: two files have names that differ in odd characters only; rename one")
    return list(named.items())


def print_profile(found: wire.RunProfile) -> None:
    """A profile as tables."""
    if found.uses:
        of = f" of {found.world_size}" if found.world_size else ""
        rows = [(one.use, f"{one.share:.1%}", _money(one.amounts)) for one in found.uses]
        print_table((f"GPU time of {found.ranks}{of} ranks", "share", "cost"), rows, right=("share", "cost"))
        print_table(_GPU_COLUMNS, [_gpu(one) for one in found.gpus], right=_GPU_COLUMNS[2:])
        kernels = [
            (one.kind, one.name[:70], str(one.count), f"{one.total_s:.3f}", f"{one.share:.1%}", _money(one.amounts))
            for one in found.kernels
        ]
        columns = ("kind", "kernel", "count", "s", "of GPU time", "cost")
        print_table(columns, kernels, right=columns[2:])
    for one in found.stragglers:
        workers = [
            (str(slow.rank), str(slow.dp_rank), str(slow.stage), f"{slow.slowdown:.3f}", f"{slow.gain:.1%}")
            for slow in one.slowest
        ]
        remark(f"{one.file}: {one.words}" + (f"; stragglers cost {_money(one.amounts)}" if one.amounts else ""))
        print_table(_WORKER_COLUMNS, workers, right=_WORKER_COLUMNS)
    if found.judgement is not None:
        remark(found.judgement.words)
    for line in (*found.advice, *found.notes):
        remark(line)


_WORKER_COLUMNS = ("rank", "dp rank", "stage", "slowdown", "faster without")
_GPU_COLUMNS = ("rank", "GPU", "compute", "exposed comm", "exposed copies", "idle", "comm hidden", "step s", "cost")


def _gpu(one: wire.ProfiledGpu) -> tuple[str, ...]:
    shares = {use.use: f"{use.share:.1%}" for use in one.uses}
    cost: dict[str, Decimal] = {}
    for use in one.uses:
        for currency, amount in use.amounts.items():
            cost[currency] = cost.get(currency, Decimal()) + Decimal(amount)
    return (
        _NONE if one.rank is None else str(one.rank),
        one.gpu or one.device,
        shares.get("compute", _NONE),
        shares.get("exposed communication", _NONE),
        shares.get("exposed copies", _NONE),
        shares.get("idle", _NONE),
        _NONE if one.hidden_share is None else f"{one.hidden_share:.1%}",
        _NONE if one.step_s is None else f"{one.step_s:.3f}",
        _money({currency: f"{amount}" for currency, amount in cost.items()}),
    )


def _money(amounts: Mapping[str, str]) -> str:
    return sums(amounts) or _NONE


def _follow(profiles: Profiles, begun: wire.ProfileImport, *, quiet: bool) -> wire.ProfileImport:
    """Wait until an import has ended."""
    pause, now = threading.Event(), begun
    with _bar(quiet=quiet) as bar:
        task = bar.add_task("reading", total=begun.files)
        while now.state == "reading":
            pause.wait(_POLL_S)
            now = profiles.import_(begun.id)
            bar.update(task, completed=now.read)
    return now


def _bar(*, quiet: bool) -> Progress:
    shown = not quiet and sys.stderr.isatty()
    columns = TextColumn("{task.description}"), BarColumn(), TaskProgressColumn()
    return Progress(*columns, console=console(stderr=True), transient=True, disable=not shown)
