"""`trimtab batch`: a model over files of records. `run` needs no server."""

import contextlib
import importlib
import platform
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from trimtab.base.clock import SystemClock
from trimtab.base.errors import InvalidInput, SetupError, Unavailable
from trimtab.base.ids import new_id
from trimtab.base.parent import end_with
from trimtab.base.timerange import parse_duration_ms
from trimtab.batch.interruption import METADATA
from trimtab.batch.model import MIB, Progress, Spec
from trimtab.batch.places import Source, chosen
from trimtab.batch.report import About
from trimtab.batch.run import Means, run
from trimtab.cli.batch_list import list_, remove, show
from trimtab.cli.batch_places import place
from trimtab.cli.batch_plan import place as place_
from trimtab.cli.batch_plan import plan
from trimtab.cli.batch_report import OnTerminal, ToFile, ToServer
from trimtab.cli.batch_stop import Stopping
from trimtab.cli.connection import Connection, pairs, server_options
from trimtab.cli.output import json_option, print_json, remark


@click.group()
def batch() -> None:
    """Batch jobs: every record of files through a model, in order, once, whatever is killed meanwhile."""


for _command in (plan, place_, list_, show, remove):
    batch.add_command(_command)


@batch.command("run")
@click.argument("source", metavar="INPUT")
@click.argument("output", metavar="OUTPUT")
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
@click.option("--ray", metavar="ADDRESS", help="Run on a Ray cluster: `auto`, or host:6379. Its machines share files.")
@click.option("--gpus", type=click.FloatRange(0, 16), default=0.0, help="ray: GPUs that a piece takes.")
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
@click.option(
    "--piece-mb",
    type=click.FloatRange(0, 1024),
    default=0.0,
    show_default=False,
    help="MiB that one worker takes at a time. Default: a 64th of the input, from 1 to 16.",
)
@click.option("--files-from", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Only the files of INPUT that this file names, a line each, in its order.")  # fmt: skip
@click.option("--work", type=click.Path(file_okay=False, path_type=Path),
              help="S3: where copies lie.  [default: batch/s3 of the data directory]")  # fmt: skip
@click.option("--s3-endpoint", default="", help="S3: another endpoint than Amazon's.")
@click.option("--cost-per-hour", help="What the machine costs: progress says what was spent.")
@click.option("--budget", help="Stop before more than this is spent; the same command goes on.")
@click.option("--deadline", metavar="DURATION", help="Say when the job will not be done in this time, such as 2h.")
@click.option("--instance-type", default="", help="The machine type that it runs on: plans and costs follow.")
@click.option("--spot", is_flag=True, help="The machine is a spot instance: stop cleanly when it is taken away.")
@click.option("--spot-notices", default=METADATA, show_default=True, help="spot: where notices are asked for.")
@click.option("--name", default="", help="The job's name.  [default: the output's]")
@click.option("--record", is_flag=True, help="Report progress to the server: its page and the KPIs have it.")
@click.option("--progress-file", type=click.Path(dir_okay=False, path_type=Path), hidden=True)
@click.option("--connect-to", default="", hidden=True, help="The address of the model's host, as the server found it.")
@click.option("--with-parent", type=int, hidden=True, help="End when this process does.")
@json_option
@server_options
def run_(connection: Connection, source: str, output: str, as_json: bool, **given: Any) -> None:
    """Transform the files of INPUT (a file, a folder, or s3://…) into OUTPUT, as `<name>.out` each.

    The same command again goes on where it was ended, however that was.

    Example: trimtab batch run records/ out/ --model http://127.0.0.1:8080/invocations --error-limit 10
    """
    if given["with_parent"]:
        end_with(given["with_parent"])
    work = given["work"] or connection.settings.data_dir / "batch" / "s3"
    placed = place(source, output, work, given["s3_endpoint"])
    spec = spec_of(placed.source, placed.output, given)
    stopping = Stopping(given)
    saying = _saying(connection, (source, output), as_json, given)
    with contextlib.closing(stopping), saying as said:
        last = run(spec, Means(said=stopping.watched(said), stop=stopping, per_hour=stopping.per_hour, **_where(given)))
    if last.status == "Completed":
        placed.send()
    if as_json:
        print_json(last)
    else:
        _summary(last)
    if last.status == "Failed":
        raise Unavailable(f"the job failed: {last.problem}")
    if last.status == "Stopped":
        raise InvalidInput(f"the job was stopped{stopping.why}: the same command goes on with it")


def spec_of(source: Path, output: Path, given: dict[str, Any]) -> Spec:
    """The job that the options ask for. Raises InvalidInput for files that are not there."""
    only = given["files_from"].read_text(encoding="utf-8").splitlines() if given["files_from"] else []
    return Spec(
        inputs=tuple(one.resolve() for one in chosen(Source(source, tuple(one for one in only if one.strip())))),
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
        root=source.resolve() if source.is_dir() else None,
        headers=tuple(pairs(given["headers"], "--header").items()),
        address=given["connect_to"],
    )


def _where(given: dict[str, Any]) -> dict[str, Any]:
    """The backend: this machine's, or a cluster's."""
    if not given["ray"]:
        return {}
    try:
        cluster = importlib.import_module("trimtab.batch.on_ray").Cluster
    except ModuleNotFoundError as problem:
        raise SetupError(
            f"cannot use --ray: the package {problem.name!r} is not installed; try pip install 'trimtab[ray]'"
        ) from None
    return {"backend": cluster(given["ray"], gpus=given["gpus"])}


@contextlib.contextmanager
def _saying(
    connection: Connection, places: tuple[str, str], quiet: bool, given: dict[str, Any]
) -> Iterator[Callable[[Progress], None]]:
    """Whom progress is told: the terminal, a file, a server."""
    told: list[Callable[[Progress], None]] = [] if quiet else [OnTerminal()]
    if given["progress_file"]:
        told.append(ToFile(given["progress_file"]))
    server = ToServer(lambda: connection.client(timeout_s=20.0), _about(places, given)) if given["record"] else None
    if server is not None:
        told.append(server)

    def said(now: Progress) -> None:
        for one in told:
            one(now)

    try:
        yield said
    finally:
        if server is not None:
            server.close()
            remark(f"recorded as {server.about.id}")


def _about(places: tuple[str, str], given: dict[str, Any]) -> About:
    now_ms = SystemClock().now_ms()
    source, output = places
    return About(
        new_id(),
        (given["name"] or Path(output.rstrip("/")).name or "batch")[:128],
        now_ms,
        given["model"][:1000],
        source[:1000],
        output[:1000],
        platform.node(),
        f"ray {given['ray']}" if given["ray"] else "threads" if "://" in given["model"] else "processes",
        given["instance_type"],
        spot=given["spot"],
        deadline_ms=now_ms + parse_duration_ms(given["deadline"]) if given["deadline"] else None,
        budget=given["budget"],
    )


def _summary(last: Progress) -> None:
    click.echo(
        f"{last.status}: {last.records:,} records in {last.seconds:,.1f} s ({last.records_per_s:,.0f}/s), "
        f"{last.errors} failed, {last.requests:,} requests, {last.workers} workers × {last.batch_records} records"
        + (f", {last.cost} {last.currency}" if last.cost else "")
    )
    for one in last.outputs:
        click.echo(one)
