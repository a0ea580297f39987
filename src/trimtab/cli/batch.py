"""`trimtab batch`: a model over files of records. `run` needs no server."""

import signal
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import click

from trimtab.base.errors import InvalidInput, Unavailable
from trimtab.base.parent import end_with
from trimtab.batch.model import MIB, Progress, Spec
from trimtab.batch.run import Means, run
from trimtab.batch.split import files_in
from trimtab.cli.connection import pairs
from trimtab.cli.output import json_option, print_json, remark


@click.group()
def batch() -> None:
    """Batch jobs: every record of files through a model, in order, once, whatever is killed meanwhile."""


@batch.command("run")
@click.argument("input_path", metavar="INPUT", type=click.Path(exists=True, path_type=Path))
@click.argument("output", metavar="OUTPUT", type=click.Path(path_type=Path))
@click.option("--model", required=True, metavar="URL|MODULE:FUNCTION",
              help="What takes POST of records, or a function bytes -> bytes that workers import.")  # fmt: skip
@click.option("--split", type=click.Choice(("None", "Line", "RecordIO", "TFRecord")), default="Line", show_default=True)
@click.option("--single-record", is_flag=True, help="One record a request.")
@click.option("--no-lines", is_flag=True, help="Do not end each output with a line break.")
@click.option(
    "--payload-mb", type=click.IntRange(0, 100), default=6, show_default=True, help="Largest request; 0: any."
)
@click.option(
    "--batch-records", type=click.IntRange(0, 100_000), default=0, help="Records a request.  [default: found]"
)
@click.option("--workers", type=click.IntRange(0, 1024), default=0, help="Pieces at once.  [default: found]")
@click.option("--join", is_flag=True, help="Each output row has its input beside it.")
@click.option("--input-filter", default="$", show_default=True, help="JSONPath: what of a record is sent.")
@click.option("--output-filter", default="$", show_default=True, help="JSONPath: what of a row is kept.")
@click.option("--content-type", default="application/jsonlines", show_default=True)
@click.option("--accept", default="")
@click.option("--header", "headers", multiple=True, metavar="NAME=VALUE", help="A header. May be repeated.")
@click.option("--timeout", type=click.FloatRange(1, 3600), default=600.0, show_default=True)
@click.option("--retries", type=click.IntRange(0, 10), default=3, show_default=True)
@click.option("--error-limit", type=click.IntRange(0), default=0, show_default=True,
              help="Records that may fail; each leaves an error row in its place.")  # fmt: skip
@click.option("--piece-mb", type=click.FloatRange(0.001, 1024), default=4.0, show_default=True,
              help="Bytes that one worker takes at a time.")  # fmt: skip
@click.option("--cost-per-hour", help="What the machine costs: progress says what was spent.")
@click.option("--with-parent", type=int, hidden=True, help="End when this process does.")
@json_option
def run_(input_path: Path, output: Path, as_json: bool, **given: Any) -> None:
    """Transform the files of INPUT (a file or a folder) into OUTPUT, as `<name>.out` each.

    The same command again goes on where it was ended, however that was.

    Example: trimtab batch run records/ out/ --model http://127.0.0.1:8080/invocations --error-limit 10
    """
    if given["with_parent"]:
        end_with(given["with_parent"])
    spec = Spec(
        inputs=tuple(one.resolve() for one in files_in(input_path)),
        output=output,
        model=given["model"],
        split=given["split"],
        multi_record=not given["single_record"],
        assemble_line=not given["no_lines"],
        payload_bytes=given["payload_mb"] * MIB,
        batch_records=given["batch_records"],
        join_input=given["join"],
        input_filter=given["input_filter"],
        output_filter=given["output_filter"],
        content_type=given["content_type"],
        accept=given["accept"],
        timeout_s=given["timeout"],
        retries=given["retries"],
        error_limit=given["error_limit"],
        piece_bytes=int(given["piece_mb"] * MIB),
        workers=given["workers"],
        root=input_path.resolve() if input_path.is_dir() else None,
        headers=tuple(pairs(given["headers"], "--header").items()),
    )
    per_hour = given["cost_per_hour"]
    means = Means(
        said=_Said(as_json),
        stop=_stopped(),
        per_hour=Decimal(per_hour) if per_hour else None,
    )
    last = run(spec, means)
    if as_json:
        print_json(last)
    else:
        _summary(last)
    if last.status == "Failed":
        raise Unavailable(f"the job failed: {last.problem}")
    if last.status == "Stopped":
        raise InvalidInput("the job was stopped: the same command goes on with it")


class _Said:
    """Says how far a job is, once for each percent."""

    def __init__(self, quiet: bool) -> None:
        self._quiet, self._last = quiet, -1

    def __call__(self, now: Progress) -> None:
        percent = int(100 * now.bytes_done / now.bytes_total) if now.bytes_total else 100
        if self._quiet or percent == self._last or now.status != "InProgress":
            return
        self._last = percent
        eta = "" if now.eta_s is None else f", {now.eta_s:,.0f} s left"
        cost = "" if now.cost is None else f", {now.cost} {now.currency} so far"
        remark(
            f"{percent:3d} %: {now.records:,} records, {now.records_per_s:,.0f}/s, {now.errors} failed, "
            f"{now.workers} × {now.batch_records}{eta}{cost}"
        )


def _stopped() -> Any:
    """Whether Ctrl-C or SIGTERM asked for the end: pieces that run are finished."""
    asked = threading.Event()
    for one in (signal.SIGINT, signal.SIGTERM):
        signal.signal(one, lambda *_: asked.set())
    return asked.is_set


def _summary(last: Progress) -> None:
    click.echo(
        f"{last.status}: {last.records:,} records in {last.seconds:,.1f} s ({last.records_per_s:,.0f}/s), "
        f"{last.errors} failed, {last.requests:,} requests, {last.workers} workers × {last.batch_records} records"
        + (f", {last.cost} {last.currency}" if last.cost else "")
    )
    for one in last.outputs:
        click.echo(one)
