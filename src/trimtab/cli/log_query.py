"""`trimtab logs query`: Logs Insights from the command line."""

import csv
import io

import click

from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.client import logs_wire as wire
from trimtab.client.logs import query_logs

POINTER = "@ptr"


@click.command("query")
@click.argument("text", metavar="QUERY")
@click.option("-g", "--group", "groups", multiple=True, metavar="NAME", help="A log group; may be repeated.")
@click.option("--start", default="-1h", show_default=True, help="now, -3h, ISO 8601 or epoch milliseconds.")
@click.option("--end", default="now", show_default=True, help="The same; not included.")
@click.option("--limit", type=click.IntRange(1, 100_000), default=1000, show_default=True, help="Rows at most.")
@click.option("--sql", is_flag=True, help="The query is a SELECT … FROM logs …")
@click.option("--explain", is_flag=True, help="Print the engine's statement and its values; nothing is read.")
@click.option("--csv", "as_csv", is_flag=True, help="Print CSV.")
@json_option
@server_options
def query(
    connection: Connection,
    text: str,
    groups: tuple[str, ...],
    start: str,
    end: str,
    limit: int,
    sql: bool,
    explain: bool,
    as_csv: bool,
    as_json: bool,
) -> None:
    """Run a Logs Insights query. The newest events come first; a query that begins with SOURCE names its groups.

    \b
    trimtab logs query -g /app 'filter level = "error" | stats count(*) by bin(5m)'
    trimtab logs query -g /app 'parse @message "user=*," as user | stats count(*) as n by user | sort n desc'
    """
    asked = wire.LogQuery(text, list(groups), start, end, limit, "SQL" if sql else "CWLI", explain)
    with connection.client() as client:
        answer = query_logs(client, asked)
    if as_json:
        print_json(answer)
    elif explain:
        click.echo(answer.sql)
        for name, value in sorted((answer.parameters or {}).items()):
            remark(f"{name} = {value}")
    elif as_csv:
        _print_csv(answer)
    else:
        _print_table(answer)


def _print_csv(answer: wire.LogAnswer) -> None:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows(["" if cell is None else cell for cell in row] for row in answer.rows)
    click.echo(out.getvalue(), nl=False)


def _print_table(answer: wire.LogAnswer) -> None:
    """Without pointers, which mean nothing to a person."""
    shown = [place for place, name in enumerate(answer.columns) if name != POINTER]
    rows = [["–" if row[place] is None else row[place] for place in shown] for row in answer.rows]
    print_table([answer.columns[place] for place in shown], rows)
    facts = answer.statistics
    remark(
        f"{len(answer.rows)} rows; {facts.matched} of {facts.scanned} events match "
        f"({facts.bytes / 1e6:.1f} MB in {facts.groups} log groups)"
    )
