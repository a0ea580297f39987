"""`trimtab connect`: read what a company has already, from its first day to now."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn, TimeRemainingColumn

from trimtab.base.clock import Clock, SystemClock, iso
from trimtab.base.timerange import parse_duration_ms, parse_since_ms
from trimtab.cli.connect_aws import aws
from trimtab.cli.connect_kubernetes import kubernetes
from trimtab.cli.connect_slurm import slurm
from trimtab.cli.connect_vendor import anthropic, openai
from trimtab.cli.connection import Connection, pairs, server_options
from trimtab.cli.output import console, json_option, print_json, remark
from trimtab.cli.text_files import secret_in
from trimtab.sources.deliver import Deliver
from trimtab.sources.http import connection as http_connection
from trimtab.sources.prometheus.api import Api, Credentials
from trimtab.sources.prometheus.cursor import Cursor
from trimtab.sources.prometheus.plan import Span, missing
from trimtab.sources.prometheus.pull import Parts, Pull
from trimtab.sources.prometheus.read import reader_of
from trimtab.sources.prometheus.selector import EVERY_SERIES, parse

_PATH = click.Path(exists=True, dir_okay=False, path_type=Path)
_WRITE_TIMEOUT_S = 60.0


@click.group("connect")
def connect() -> None:
    """Read what there is already: history first, then what comes."""


connect.add_command(slurm)
connect.add_command(kubernetes)
connect.add_command(aws)
connect.add_command(openai)
connect.add_command(anthropic)


@connect.command("prometheus")
@click.argument("source", metavar="URL")
@click.option("--since", default="60d", show_default=True, help="How far back: 60d, 12h, or a time as ISO 8601.")
@click.option(
    "--match", "matches", multiple=True, metavar="SELECTOR", help="Series to read, e.g. 'up{job=\"dcgm\"}'; repeatable."
)
@click.option("--follow", is_flag=True, help="Go on with what comes, until interrupted.")
@click.option("--interval", default="15s", show_default=True, help="With --follow: time between two reads.")
@click.option("--step", help="Read a value every so often (5m) instead of every sample.")
@click.option(
    "--rate",
    type=click.FloatRange(min=1),
    default=200_000,
    show_default=True,
    help="Samples a second to read at most.",
)
@click.option("--window", default="2h", show_default=True, help="Time that one round reads, and that a repeat repeats.")
@click.option("--username", help="User of the source's basic authentication.")
@click.option("--password-file", type=_PATH, help="File with that user's password.")
@click.option("--bearer-token-file", type=_PATH, help="File with a token for the source.")
@click.option("--ca-file", type=_PATH, help="PEM file of authorities to trust for the source.")
@click.option("--header", "headers", multiple=True, metavar="NAME=VALUE", help="Header for the source, e.g. a tenant.")
@click.option(
    "--state-dir", type=click.Path(path_type=Path), help="Where it is kept what is done [default: <data dir>/connect]."
)
@json_option
@server_options
def prometheus(
    connection: Connection,
    source: str,
    since: str,
    matches: tuple[str, ...],
    follow: bool,
    interval: str,
    step: str | None,
    rate: float,
    window: str,
    username: str | None,
    password_file: Path | None,
    bearer_token_file: Path | None,
    ca_file: Path | None,
    headers: tuple[str, ...],
    state_dir: Path | None,
    as_json: bool,
) -> None:
    """Read the history of the Prometheus server at URL, every sample as it was scraped, the newest first.

    Works with what speaks its query API: Thanos, Mimir, VictoriaMetrics. What is done is kept, so that the same command
    goes on where it was interrupted, and nothing counts twice.
    """
    clock = SystemClock()
    wait = threading.Event().wait
    now_ms = clock.now_ms()
    since_ms = parse_since_ms(since, now_ms)
    selectors = [parse(text) for text in matches or (EVERY_SERIES,)]
    credentials = Credentials(
        _basic(username, password_file),
        secret_in(bearer_token_file),
        str(ca_file or ""),
        pairs(headers, "--header"),
    )
    api = Api(source, credentials, clock, wait)
    directory = state_dir or connection.settings.data_dir / "connect"
    cursor = Cursor(directory, api.url, [one.text for one in selectors], connection.url, f"step {step}" if step else "")
    authorization = {"Authorization": f"Bearer {connection.token}"} if connection.token else {}
    writer = http_connection(connection.url, authorization, connection.ca_file, _WRITE_TIMEOUT_S)
    deliver = Deliver(writer, clock, wait, "connect")
    parts = Parts(
        reader=reader_of(api, parse_duration_ms(step) if step is not None else 0),
        selectors=selectors,
        metadata=api.metadata(),
        write=deliver.write,
        cursor=cursor,
        clock=clock,
        wait=wait,
        rate=rate,
        window_ms=parse_duration_ms(window),
    )
    pull = Pull(parts)
    started_s = clock.monotonic()
    try:
        _read(pull, cursor, since_ms, now_ms)
        _finish(pull, deliver, clock.monotonic() - started_s, as_json)
        if follow:
            _follow(pull, since_ms, parse_duration_ms(interval) / 1000, clock)
    except KeyboardInterrupt:
        remark("interrupted; the same command goes on from here")
        raise
    finally:
        api.close()
        writer.close()


def _read(pull: Pull, cursor: Cursor, since_ms: int, now_ms: int) -> None:
    todo = missing((since_ms, now_ms), cursor.covered)
    whole = sum(end - start for start, end in todo)
    if whole < now_ms - since_ms:
        remark(f"going on: {1 - whole / (now_ms - since_ms):.0%} of the time is there already")
    with _bar(whole) as advance:

        def on_step(span: Span, share: float) -> None:
            left = sum(end - start for start, end in missing((since_ms, now_ms), cursor.covered))
            advance(whole - left + share * (span[1] - span[0]), f"{pull.totals.samples:,} samples, at {iso(span[0])}")

        pull.on_step = on_step
        pull.history(since_ms, now_ms)
    pull.on_step = lambda span, share: None


@contextmanager
def _bar(whole: float) -> "Iterator[_Advance]":
    columns = (
        TextColumn("reading"),
        BarColumn(),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[said]}"),
    )
    out = console(stderr=True)
    with Progress(*columns, console=out, disable=not out.is_terminal) as progress:
        yield _Advance(progress, progress.add_task("reading", total=whole, said=""))


class _Advance:
    """Moves the bar to a place, with words; where there is no terminal, says a line every tenth of the way."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task
        self._told = 0

    def __call__(self, done: float, said: str) -> None:
        """`done` of the whole, in the whole's unit."""
        self._progress.update(self._task, completed=done, said=said)
        whole = self._progress.tasks[0].total or 1
        tenth = int(10 * done / whole)
        if self._progress.disable and tenth > self._told:
            self._told = tenth
            remark(f"{10 * tenth} %: {said}")


def _finish(pull: Pull, deliver: Deliver, took_s: float, as_json: bool) -> None:
    totals = pull.totals
    answer = {
        "samples": totals.samples,
        "queries": totals.queries,
        "windows": totals.windows,
        "histograms_left_out": totals.histograms,
        "bytes_written": deliver.bytes,
        "refused": deliver.refused,
        "seconds": round(took_s, 3),
    }
    if as_json:
        print_json(answer)
        return
    click.echo(f"{totals.samples:,} samples are in trimtab, by {totals.queries:,} queries in {took_s:.0f} s")
    if totals.histograms:
        remark(f"left out: {totals.histograms:,} native histograms, which are not kept yet")
    if deliver.refused:
        remark(f"refused: {deliver.refused}")


def _follow(pull: Pull, since_ms: int, interval_s: float, clock: Clock) -> None:
    remark("following; Ctrl-C ends it. For the long run, a remote_write line in prometheus.yml costs the source less.")
    before = pull.totals.samples
    event = threading.Event()

    def stop(seconds: float) -> bool:
        nonlocal before
        if pull.totals.samples != before:
            remark(f"{iso(clock.now_ms())} {pull.totals.samples - before:,} samples")
            before = pull.totals.samples
        return event.wait(seconds)

    pull.follow(since_ms, interval_s, stop)


def _basic(username: str | None, password_file: Path | None) -> tuple[str, str] | None:
    if username is None:
        if password_file is not None:
            raise click.UsageError("--password-file needs --username")
        return None
    return username, secret_in(password_file)
