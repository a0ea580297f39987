"""`trimtab metrics`: store, read and list metrics."""

import csv
import io
import statistics
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO

import click
import msgspec
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from trimtab.base import typed
from trimtab.base.clock import SystemClock, iso
from trimtab.base.errors import InvalidInput
from trimtab.base.ids import new_id
from trimtab.cli.cardinality import cardinality, rules
from trimtab.cli.connection import Connection, pairs, server_options
from trimtab.cli.metric_query import query
from trimtab.cli.metric_streams import streams
from trimtab.cli.output import ago, console, json_option, number, print_json, print_table, remark, sparkline
from trimtab.client import wire
from trimtab.client.api import Client

_BATCH = 1000
"""Datums a request: the most that the API takes."""

dimension_option = click.option(
    "-d", "--dimension", "dimensions", multiple=True, metavar="NAME=VALUE", help="Dimension; may be repeated."
)


@click.group("metrics")
def metrics() -> None:
    """Store, read and list metrics."""


metrics.add_command(query)
metrics.add_command(streams)
metrics.add_command(cardinality)
metrics.add_command(rules)


@metrics.command("put")
@click.argument("namespace")
@click.argument("name", required=False)
@click.argument("value", type=float, required=False)
@dimension_option
@click.option(
    "--unit", default="None", show_default=True, help="Unit, as CloudWatch names it: Percent, Bytes, Count, …"
)
@click.option("--time", "when", metavar="TIME", help="now, -3h, ISO 8601 or epoch milliseconds.  [default: now]")
@click.option(
    "--file", "source", type=click.File("rb"), help="Datums to store, a JSON object a line; - is standard input."
)
@json_option
@server_options
def put(
    connection: Connection,
    namespace: str,
    name: str | None,
    value: float | None,
    dimensions: tuple[str, ...],
    unit: str,
    when: str | None,
    source: IO[bytes] | None,
    as_json: bool,
) -> int:
    """Store one value, or a file of them, under NAMESPACE. It is durable when this returns.

    A line of the file is {"name": …, "value": …, "time": …, "unit": …, "dimensions": {…}}; values ([1, 2]), counted
    ([[value, count], …]) or statistics (count, sum, minimum, maximum) may stand for value. The exit code is 1 when
    any was rejected.
    """
    if (source is None) == (name is None) or (source is None) == (value is None):
        raise click.UsageError("expected NAME and VALUE, or --file")
    with connection.client() as client:
        if source is not None:
            answer = _put_file(client, namespace, source)
        else:
            time = msgspec.UNSET if when is None else when
            datum = wire.Datum(
                name=name or "", value=value or 0.0, unit=unit, time=time, dimensions=pairs(dimensions, "-d")
            )
            answer = client.put(namespace, [datum])
    if as_json:
        print_json(answer)
    else:
        for row in answer.rejected:
            remark(f"rejected number {row.index + 1}: {row.reason}")
        click.echo(f"stored {answer.accepted}" + (f", rejected {len(answer.rejected)}" if answer.rejected else ""))
    return int(bool(answer.rejected))


@metrics.command("list")
@click.argument("text", required=False, default="")
@click.option("--namespace", help="The namespace, exactly.")
@click.option("--name", help="The metric's name, exactly.")
@dimension_option
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="Series to show at most.")
@json_option
@server_options
def list_(
    connection: Connection,
    text: str,
    namespace: str | None,
    name: str | None,
    dimensions: tuple[str, ...],
    limit: int,
    as_json: bool,
) -> None:
    """List the series that match the words of TEXT and the options."""
    filters = {"namespace": namespace, "name": name, "text": text, "dimensions": pairs(dimensions, "-d")}
    with connection.client() as client:
        found = list(islice(client.all_metrics(**filters, limit=min(limit + 1, 500)), limit + 1))
    shown = found[:limit]
    if as_json:
        print_json(shown)
    else:
        now = SystemClock().now_ms()
        rows = [
            (
                one.namespace,
                one.name,
                _text(one.dimensions),
                one.unit,
                one.kind,
                f"{ago(one.last_seen_ms, now)}",
                one.id,
            )
            for one in shown
        ]
        print_table(("namespace", "name", "dimensions", "unit", "kind", "age", "id"), rows, right=("age",))
    if len(found) > limit:
        remark(f"There are more than {limit}: narrow the search, or raise --limit.")


@metrics.command("get")
@click.argument("namespace")
@click.argument("name")
@dimension_option
@click.option("--statistic", default="Average", show_default=True, help="Sum, Average, p99, TM(10%:90%), Rate, Last, …")
@click.option("--period", help="60, 90s, 5m, 1h …  [default: what suits the range]")
@click.option("--start", default="-3h", show_default=True, help="now, -3h, ISO 8601 or epoch milliseconds.")
@click.option("--end", default="now", show_default=True, help="The same; not included.")
@click.option("--group-by", multiple=True, metavar="NAME", help="Dimension to merge series by; none merges all.")
@click.option("--points", is_flag=True, help="Print every point rather than a summary.")
@click.option("--csv", "as_csv", is_flag=True, help="Print every point as CSV.")
@json_option
@server_options
def get(
    connection: Connection,
    namespace: str,
    name: str,
    dimensions: tuple[str, ...],
    statistic: str,
    period: str | None,
    start: str,
    end: str,
    group_by: tuple[str, ...],
    points: bool,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Read a statistic of a metric over time: one line for each series or group."""
    with connection.client() as client:
        answer = client.query(
            namespace,
            name,
            statistic=statistic,
            period=period,
            start=start,
            end=end,
            dimensions=pairs(dimensions, "-d"),
            group_by=group_by,
            fresh=True,
        )
    if as_json:
        print_json(answer)
    elif as_csv:
        _print_csv(answer)
    elif points:
        rows = [(iso(at), line.label, number(value)) for line in answer.lines for at, value in line.points]
        print_table(("time", "series", statistic), rows, right=(statistic,))
    else:
        _print_summary(answer)
    if not answer.lines:
        remark(f"There is no series {namespace}/{name}; `trimtab metrics list` shows the known ones.")


def _put_file(client: Client, namespace: str, source: IO[bytes]) -> wire.PutAnswer:
    """Store every line in requests of a thousand, with a bar on a terminal."""
    lines = [(index, line) for index, line in enumerate(source) if line.strip()]
    datums = [_datum(index, line) for index, line in lines]
    accepted, rejected = 0, []
    run = new_id()  # one key a batch, so that a retry inside the client counts once
    with _progress() as progress:
        task = progress.add_task("storing", total=len(datums))
        for first in range(0, len(datums), _BATCH):
            part = datums[first : first + _BATCH]
            answer = client.put(namespace, part, key=f"{run}/{first}")
            accepted += answer.accepted
            rejected += [wire.RejectedDatum(lines[first + row.index][0], row.reason) for row in answer.rejected]
            progress.advance(task, len(part))
    return wire.PutAnswer(accepted, rejected, duplicate=False)


def _datum(index: int, line: bytes) -> wire.Datum:
    try:
        return typed.decode(line, type=wire.Datum)
    except msgspec.DecodeError as problem:
        raise InvalidInput(
            f"cannot read line {index + 1}: {problem}; expected a JSON object with name and value"
        ) from None


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console(stderr=True), transient=True)


def _print_csv(answer: wire.QueryAnswer) -> None:
    names = sorted({name for line in answer.lines for name in line.dimensions})
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["time", *names, "value"])
    for line in answer.lines:
        head = [line.dimensions.get(name, "") for name in names]
        writer.writerows([iso(at), *head, "" if value is None else repr(value)] for at, value in line.points)
    click.echo(out.getvalue(), nl=False)


def _print_summary(answer: wire.QueryAnswer) -> None:
    rows = []
    for line in answer.lines:
        known = [value for _, value in line.points if value is not None]
        shape = sparkline(list(_filled(line.points, answer)))
        if known:
            numbers = (number(min(known)), number(statistics.fmean(known)), number(max(known)), number(known[-1]))
        else:
            numbers = ("–", "–", "–", "–")
        rows.append((line.label, line.unit, len(known), *numbers, shape))
    remark(
        f"{answer.statistic} of {answer.namespace}/{answer.name}, {iso(answer.start_ms)} to {iso(answer.end_ms)}, "
        f"every {answer.period_s} s"
    )
    columns = ("series", "unit", "points", "least", "mean", "greatest", "last", "shape")
    print_table(columns, rows, right=("points", "least", "mean", "greatest", "last"))


def _filled(points: Iterable[wire.Point], answer: wire.QueryAnswer) -> Iterator[float | None]:
    """The values with a None for each period that has none, so that a gap is seen."""
    step, last = answer.period_s * 1000, None
    for at, value in points:
        if last is not None:
            yield from [None] * min((at - last) // step - 1, 40)
        yield value
        last = at


def _text(dimensions: dict[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in dimensions.items())
