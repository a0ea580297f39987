"""`trimtab connect slurm`: runs, queue and nodes of a SLURM cluster, by its own tools or from what they printed."""

import shlex
import threading
from datetime import UTC, tzinfo
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from trimtab.base.clock import SystemClock, iso
from trimtab.base.errors import InvalidInput, SetupError
from trimtab.base.timerange import parse_duration_ms, parse_instant_ms, parse_since_ms
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, remark
from trimtab.client.inventory import Inventory
from trimtab.client.runs import Runs
from trimtab.sources.slurm.commands import Files, Printed, Tools
from trimtab.sources.slurm.cursor import Cursor
from trimtab.sources.slurm.pull import Pull
from trimtab.sources.slurm.pull import Tools as SlurmTools
from trimtab.sources.slurm.rest import Rest

_FILE = click.Path(path_type=Path)


@click.command("slurm")
@click.option("--since", default="60d", show_default=True, help="How far back: 60d, 12h, or a time as ISO 8601.")
@click.option("--follow", is_flag=True, help="Go on with what comes, until interrupted.")
@click.option("--interval", default="30s", show_default=True, help="With --follow: time between two looks.")
@click.option("--via", default="", metavar="COMMAND", help="What runs the tools elsewhere, such as 'ssh login1'.")
@click.option("--rest-url", default="", metavar="URL", help="Ask the slurmrestd there instead of running the tools.")
@click.option("--rest-token-file", type=_FILE, help="File with a token (scontrol token); read anew for each request.")
@click.option("--rest-user", default="", help="User that the token is presented for [the token's own].")
@click.option("--rest-version", default="", metavar="V", help="Of the interface, v0.0.40 to v0.0.44 [the newest].")
@click.option("--ca-file", type=_FILE, help="Certificate authorities to trust for slurmrestd, beside the system's.")
@click.option("--sacct-file", type=_FILE, help="Output of sacct --parsable2 --allocations with its header, or --json.")
@click.option("--jobs-file", type=_FILE, help="Output of scontrol show job -d, or squeue --json.")
@click.option("--nodes-file", type=_FILE, help="Output of scontrol show node -d, or sinfo --json.")
@click.option("--squeue-file", type=_FILE, help="Output of squeue -a -r -t PD -o '%A|%i|%r', or --json.")
@click.option("--file", "other_files", type=_FILE, multiple=True, help="Any of these, or an answer of slurmrestd.")
@click.option("--at", "at", metavar="TIME", help="When the files were printed, ISO 8601 [now].")
@click.option("--timezone", "zone", default="UTC", show_default=True, help="Of the times in the files.")
@click.option("--cluster", default="", help="Name of the cluster [what SLURM says].")
@click.option("--account", default="", help="Account that it belongs to [the server's own].")
@click.option("--all-jobs", is_flag=True, help="Jobs without GPUs too.")
@click.option(
    "--state-dir", type=click.Path(path_type=Path), help="Where it is kept what is done [default: <data dir>/connect]."
)
@json_option
@server_options
def slurm(
    connection: Connection,
    since: str,
    follow: bool,
    interval: str,
    via: str,
    rest_url: str,
    rest_token_file: Path | None,
    rest_user: str,
    rest_version: str,
    ca_file: Path | None,
    sacct_file: Path | None,
    jobs_file: Path | None,
    nodes_file: Path | None,
    squeue_file: Path | None,
    other_files: tuple[Path, ...],
    at: str | None,
    zone: str,
    cluster: str,
    account: str,
    all_jobs: bool,
    state_dir: Path | None,
    as_json: bool,
) -> None:
    """Read a SLURM cluster: sacct, scontrol show job -d, scontrol show node -d and squeue, run here or given as files;
    or ask its slurmrestd.

    What is done is kept, so that the same command asks only for what is new. It reads, and changes nothing.
    """
    clock = SystemClock()
    now_ms = clock.now_ms()
    files = Files(sacct_file, jobs_file, nodes_file, squeue_file, other_files)
    if files and follow:
        raise click.UsageError("--follow reads from SLURM itself: it does not go with files")
    if rest_url and (files or via):
        raise click.UsageError("--rest-url asks slurmrestd: it does not go with files or --via")
    since_ms = parse_since_ms(since, now_ms)
    directory = state_dir or connection.settings.data_dir / "connect"
    cursor = None if files else Cursor(directory, f"{rest_url or via}|{cluster}|{account}", connection.url)
    if files:
        tools: SlurmTools = Printed(files)
    elif rest_url:
        shown = partial(_headers, rest_token_file, rest_user)
        tools = Rest(rest_url, shown, version=rest_version, ca_file=str(ca_file or ""))
    else:
        tools = Tools(shlex.split(via))
    with connection.client() as client:
        pull = Pull(
            tools=tools,
            runs=Runs(client),
            inventory=Inventory(client),
            cursor=cursor,
            clock=clock,
            zone=_zone(zone) if files else UTC,
            cluster=cluster,
            account=account,
            every=all_jobs,
            whole=not files,
            seen_ms=parse_instant_ms(at, now_ms) if at else None,
        )
        if files:
            pull.look()
        else:
            pull.history(since_ms)
        _finish(pull, as_json)
        if follow:
            _follow(pull, parse_duration_ms(interval) / 1000)


def _headers(token_file: Path | None, user: str) -> dict[str, str]:
    """What slurmrestd knows a caller by (slurmrestd(8), rest_auth/jwt). Raises SetupError."""
    if token_file is None:
        return {}
    try:
        token = token_file.read_text(encoding="utf-8").strip().removeprefix("SLURM_JWT=")
    except (OSError, UnicodeDecodeError) as problem:
        raise SetupError(
            f"cannot read token file {token_file}: {problem}; expected what `scontrol token` prints"
        ) from None
    return {"X-SLURM-USER-TOKEN": token, **({"X-SLURM-USER-NAME": user} if user else {})}


def _finish(pull: Pull, as_json: bool) -> None:
    totals = pull.totals
    if as_json:
        print_json(
            {
                "cluster": pull.cluster,
                "runs": totals.runs,
                "changed": totals.changed,
                "lost": totals.lost,
                "nodes": totals.nodes,
                "skipped_lines": totals.skipped_lines,
                "skipped": list(totals.skipped),
            }
        )
        return
    click.echo(
        f"{pull.cluster}: {totals.runs:,} runs read, {totals.changed:,} new or changed; {totals.nodes:,} nodes. "
        "See them with `trimtab runs list`."
    )
    if totals.lost:
        remark(
            f"{totals.lost} runs were open here and are gone from the cluster: they count to when they were last seen"
        )
    if totals.skipped_lines:
        remark(f"left out {totals.skipped_lines} lines; the last: {totals.skipped[-1]}")


def _follow(pull: Pull, interval_s: float) -> None:
    remark("following; Ctrl-C ends it, and the same command goes on from there")
    event = threading.Event()
    before = pull.totals.changed

    def stop(seconds: float) -> bool:
        nonlocal before
        if pull.totals.changed != before:
            remark(f"{iso(pull.clock.now_ms())} {pull.totals.changed - before} runs changed")
            before = pull.totals.changed
        return event.wait(seconds)

    pull.follow(interval_s, stop)


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise InvalidInput(f"cannot use time zone {name!r}: expected one such as Europe/Berlin or UTC") from None
