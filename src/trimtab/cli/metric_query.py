"""`trimtab metrics query`: metric math, SEARCH and Metrics Insights SQL."""

import csv
import io
import re
import statistics
from collections.abc import Iterator

import click

from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput
from trimtab.base.timerange import parse_duration_ms
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, number, print_json, print_table, remark, sparkline
from trimtab.client import expressions_wire as wire
from trimtab.client.expressions import evaluate

_METRIC = re.compile(
    r"(?P<id>[a-z]\w*)=(?P<namespace>[^|]+)\|(?P<name>[^{]+?)(?:\{(?P<pairs>.*)\})?(?:@(?P<stat>[^@]+))?"
)
_PAIR = re.compile(r'\s*([^=,]+?)\s*=\s*(?:"([^"]*)"|([^,"]*?))\s*(?:,|$)')


@click.command("query")
@click.argument("expressions", nargs=-1, required=True, metavar="EXPRESSION…")
@click.option(
    "-m",
    "--metric",
    "metrics",
    multiple=True,
    metavar="ID=NAMESPACE|NAME{DIMENSION=VALUE,…}@STATISTIC",
    help="A metric that expressions can read by its id; may be repeated. The statistic is Average unless given.",
)
@click.option("--period", help="60, 90s, 5m, 1h …  [default: what suits the range]")
@click.option("--start", default="-3h", show_default=True, help="now, -3h, ISO 8601 or epoch milliseconds.")
@click.option("--end", default="now", show_default=True, help="The same; not included.")
@click.option("--label", help="Label of the last expression; may have dynamic values such as ${MAX}.")
@click.option("--points", is_flag=True, help="Print every point rather than a summary.")
@click.option("--csv", "as_csv", is_flag=True, help="Print every point as CSV.")
@json_option
@server_options
def query(
    connection: Connection,
    expressions: tuple[str, ...],
    metrics: tuple[str, ...],
    period: str | None,
    start: str,
    end: str,
    label: str | None,
    points: bool,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Evaluate metric math, SEARCH or Metrics Insights SQL. Several expressions are e1, e2 …; only the last is shown.

    \b
    trimtab metrics query "SELECT AVG(cpu) FROM app GROUP BY host ORDER BY MAX() DESC LIMIT 5"
    trimtab metrics query "SUM(SEARCH('{app,host} errors', 'Sum', 60))"
    trimtab metrics query -m 'e=app|errors{host=a}@Sum' -m 'r=app|requests{host=a}@Sum' "e / r * 100"
    """
    queries = [_metric(text) for text in metrics]
    for place, text in enumerate(expressions, 1):
        last = place == len(expressions)
        queries.append(wire.DataQuery(f"e{place}", text, label=label if last else None, returned=last))
    with connection.client() as client:
        answer = evaluate(client, queries, start=start, end=end, period=_seconds(period), fresh=True)
    if as_json:
        print_json(answer)
    elif as_csv:
        _print_csv(answer)
    elif points:
        rows = [(iso(at), line.label, number(value)) for line in answer.lines for at, value in line.points]
        print_table(("time", "line", "value"), rows, right=("value",))
    else:
        _print_summary(answer)
    for message in dict.fromkeys(message for line in answer.lines for message in line.messages):
        remark(message)


def _metric(text: str) -> wire.DataQuery:
    match = _METRIC.fullmatch(text)
    if match is None:
        raise InvalidInput(f"cannot read metric {text!r}: expected ID=NAMESPACE|NAME{{DIMENSION=VALUE,…}}@STATISTIC")
    pairs = {name: quoted or plain for name, quoted, plain in _PAIR.findall(match["pairs"] or "")}
    return wire.DataQuery(
        match["id"],
        namespace=match["namespace"],
        name=match["name"],
        dimensions=pairs,
        statistic=match["stat"] or "Average",
        returned=False,
    )


def _seconds(period: str | None) -> int | None:
    if period is None:
        return None
    return int(period) if period.isdecimal() else parse_duration_ms(period) // 1000


def _print_csv(answer: wire.Evaluated) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["time", "line", "value"])
    for line in answer.lines:
        writer.writerows([iso(at), line.label, repr(value)] for at, value in line.points)
    click.echo(out.getvalue(), nl=False)


def _print_summary(answer: wire.Evaluated) -> None:
    remark(f"{iso(answer.start_ms)} to {iso(answer.end_ms)}, every {_periods(answer)} s")
    rows = []
    for line in answer.lines:
        values = [value for _, value in line.points if value is not None]
        numbers = ("–", "–", "–", "–")
        if values:
            numbers = (number(min(values)), number(statistics.fmean(values)), number(max(values)), number(values[-1]))
        rows.append((line.label, len(values), *numbers, sparkline(list(_filled(line)))))
    columns = ("line", "points", "least", "mean", "greatest", "last", "shape")
    print_table(columns, rows, right=("points", "least", "mean", "greatest", "last"))


def _periods(answer: wire.Evaluated) -> str:
    return " and ".join(str(period) for period in sorted({line.period_s for line in answer.lines}))


def _filled(line: wire.EvaluatedLine) -> Iterator[float | None]:
    """The values with a None for each period that has none, so that a gap is seen."""
    last = None
    for at, value in line.points:
        if last is not None:
            yield from [None] * min((at - last) // (line.period_s * 1000) - 1, 40)
        yield value
        last = at
