"""`trimtab datasets`: specs of what to look at, their rows, and SQL over them."""

import difflib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec

from trimtab.base.clock import iso
from trimtab.base.errors import InvalidInput
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.client import datasets_wire as wire
from trimtab.client.datasets import Datasets, question

_FORMATS = click.Choice(["table", "json", "csv", "arrow"])
_SHOWN = 60
_out = click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="A file instead of the terminal.")
_format = click.option("--format", "format_", type=_FORMATS, default="table", show_default=True, help="What to print.")
_limit = click.option(
    "--limit", type=click.IntRange(1, 1_000_000), default=100, show_default=True, help="Rows at most."
)
_start = click.option(
    "--start", default=None, help="Read from then on: -7d, 2026-11-01.  [default: the dataset's range]"
)
_end = click.option("--end", default=None, help="And until then.")


@click.group()
def datasets() -> None:
    """Datasets: sources of every room joined on the common identity, for visuals, SQL and notebooks."""


@datasets.command("list")
@json_option
@server_options
def list_(connection: Connection, as_json: bool) -> None:
    """List stored datasets."""
    with connection.client() as client:
        found = Datasets(client).list()
    if as_json:
        print_json(found)
        return
    rows = [
        (one.name, one.title, ", ".join(one.sources), one.version, one.owner, iso(one.updated_ms),
         "yes" if one.extracted else "", "everybody" if one.shared else one.account)
        for one in found
    ]  # fmt: skip
    print_table(("dataset", "title", "sources", "version", "by", "changed", "extract", "for"), rows)


@datasets.command("sources")
@click.argument("name", required=False, default="")
@json_option
@server_options
def sources(connection: Connection, name: str, as_json: bool) -> None:
    """List what datasets are made of; with NAME the fields of one."""
    with connection.client() as client:
        found = [one for one in Datasets(client).sources() if not name or one.name == name]
    if name and not found:
        raise InvalidInput(f"there is no source {name!r}; `trimtab datasets sources` lists them", field="name")
    if as_json:
        print_json(found)
    elif name:
        _print_fields(found[0].fields)
    else:
        rows = [(one.name, one.title, one.grain, len(one.fields), one.role) for one in found]
        print_table(("source", "title", "one row is", "fields", "role"), rows, right=("fields",))


@datasets.command("functions")
@json_option
@server_options
def functions(connection: Connection, as_json: bool) -> None:
    """List the functions of calculated fields."""
    with connection.client() as client:
        found = Datasets(client).functions()
    if as_json:
        print_json(found)
        return
    print_table(("function", "what it answers", "of"), [(one.usage, one.says, one.group) for one in found])


@datasets.command("show")
@click.argument("name")
@click.option("--fields", "only_fields", is_flag=True, help="The fields instead of the spec.")
@json_option
@server_options
def show(connection: Connection, name: str, only_fields: bool, as_json: bool) -> None:
    """Show the spec of a dataset, as YAML that `put` takes."""
    with connection.client() as client:
        found = Datasets(client).get(name)
    if as_json:
        print_json(found)
    elif only_fields:
        _print_fields(found.fields)
    else:
        click.echo(found.text, nl=False)
    for note in found.notes:
        remark(f"Note: {note}.")
    if found.extract is not None:
        made = found.extract.made_ms
        remark(f"Extract: {found.extract.rows} rows of {iso(made)}." if made else "Extract: not made yet.")
        if found.extract.problem:
            remark(f"The last try failed: {found.extract.problem}")


@datasets.command("put")
@click.argument("name")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--version", type=click.IntRange(0), help="The version that you have seen (0: none).")
@click.option("--shared/--own", default=None, help="Whether readers of other accounts find it.")
@server_options
def put(connection: Connection, name: str, file: Any, version: int | None, shared: bool | None) -> None:
    """Make or replace a dataset from a YAML or JSON file (- is standard input)."""
    with connection.client() as client:
        made = Datasets(client).put(name, file.read(), version=version, shared=shared)
    remark(f"{made.name} is at version {made.version}, with {len(made.fields)} fields.")
    for note in made.notes:
        remark(f"Note: {note}.")


@datasets.command("check")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@json_option
@server_options
def check(connection: Connection, file: Any, as_json: bool) -> None:
    """Check a spec without storing it: its fields, or what is wrong and where."""
    with connection.client() as client:
        found = Datasets(client).check(file.read())
    if as_json:
        print_json(found)
        return
    _print_fields(found.fields)
    for note in found.notes:
        remark(f"Note: {note}.")


@datasets.command("diff")
@click.argument("name")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@server_options
def diff(connection: Connection, name: str, file: Any) -> None:
    """Compare a stored dataset with a file; exit code 1 where they differ."""
    with connection.client() as client:
        stored, given = Datasets(client).get(name), Datasets(client).check(file.read())
    heads = f"{name} (version {stored.version})", file.name
    lines = list(difflib.unified_diff(stored.text.splitlines(), given.text.splitlines(), *heads, lineterm=""))
    for line in lines:
        click.echo(line)
    sys.exit(1 if lines else 0)


@datasets.command("read")
@click.argument("name")
@click.option("--column", "columns", multiple=True, metavar="NAME[=EXPRESSION]", help="A column; may be repeated.")
@click.option("--where", "conditions", multiple=True, metavar="CONDITION", help="A condition; may be repeated.")
@click.option("--order", "orders", multiple=True, metavar="COLUMN", help="Sort by it, -COLUMN from the top.")
@click.option("--set", "parameters", multiple=True, metavar="NAME=VALUE", help="A parameter's value.")
@_limit
@_start
@_end
@_format
@_out
@server_options
def read(
    connection: Connection, name: str, columns: Sequence[str], conditions: Sequence[str], orders: Sequence[str],
    parameters: Sequence[str], limit: int, start: str | None, end: str | None, format_: str, out: Path | None,
) -> None:  # fmt: skip
    """Read rows of a dataset.

    \b
    trimtab datasets read costs-by-day --column day --column "cost=sum(cost)" --order day
    """
    chosen = {one.partition("=")[0]: one.partition("=")[2] for one in columns}
    values = dict(_pair(one) for one in parameters)
    query = question(chosen, conditions, orders, limit, values, start, end)
    with connection.client() as client:
        calls = Datasets(client)
        if format_ in ("csv", "arrow"):
            _write(calls.file(name, format_, query), out)
            return
        _say(calls.rows(name, query), format_, out)


@datasets.command("sql")
@click.argument("statement")
@_limit
@_start
@_format
@_out
@server_options
def sql(connection: Connection, statement: str, limit: int, start: str | None, format_: str, out: Path | None) -> None:
    """Run a SELECT over sources and datasets (- reads it from standard input).

    \b
    trimtab datasets sql "SELECT owner, sum(cost) AS cost FROM gpu_costs GROUP BY owner ORDER BY cost DESC"
    """
    text = sys.stdin.read() if statement == "-" else statement
    asked = wire.SqlStatement(text, limit, start)
    with connection.client() as client:
        calls = Datasets(client)
        if format_ in ("csv", "arrow"):
            _write(calls.sql_file(format_, asked), out)
            return
        _say(calls.sql(asked), format_, out)


@datasets.command("extract")
@click.argument("name")
@server_options
def extract(connection: Connection, name: str) -> None:
    """Make the extract of what you may see now, whatever its schedule says."""
    with connection.client() as client:
        made = Datasets(client).extract(name)
    remark(f"{made.rows} rows in {made.took_ms / 1000:.1f} s.")


@datasets.command("remove")
@click.argument("name")
@server_options
def remove(connection: Connection, name: str) -> None:
    """Remove a dataset with its extracts."""
    with connection.client() as client:
        Datasets(client).delete(name)
    remark(f"{name} is no more.")


@datasets.command("teams")
@click.argument("reader", required=False, default="")
@click.option("--team", "teams", multiple=True, help="A team that READER is in; may be repeated.")
@click.option("--none", "none", is_flag=True, help="READER is in no team.")
@json_option
@server_options
def teams_(connection: Connection, reader: str, teams: Sequence[str], none: bool, as_json: bool) -> None:
    """List who is in which team, or put READER (the name of a key or person) into teams."""
    with connection.client() as client:
        calls = Datasets(client)
        if reader and (teams or none):
            found: Sequence[wire.TeamsOfReader] = [calls.put_teams(reader, teams)]
        else:
            found = [one for one in calls.teams() if not reader or one.reader == reader]
    if as_json:
        print_json(found)
        return
    print_table(("reader", "teams"), [(one.reader, ", ".join(one.teams)) for one in found])


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise InvalidInput(f"cannot set {text!r}: expected NAME=VALUE", field="set")
    return name, value


def _print_fields(fields: Sequence[wire.DatasetField]) -> None:
    rows = [(one.name, one.type, one.unit, one.part, one.description) for one in fields]
    print_table(("field", "type", "unit", "part", "what it is"), rows)


def _say(found: wire.DatasetAnswer, format_: str, out: Path | None) -> None:
    if format_ == "json":
        text = msgspec.json.format(msgspec.json.encode(found), indent=2)
        _write(text + b"\n", out)
        return
    kinds = [one.type for one in found.fields]
    right = [one.name for one in found.fields if one.part == "measure"]
    rows = [[_cell(value, kind) for value, kind in zip(row, kinds, strict=True)] for row in found.rows]
    print_table([one.name for one in found.fields], rows, right=right)
    for note in found.notes:
        remark(f"Note: {note}.")
    if found.extracted_ms:
        remark(f"From the extract of {iso(found.extracted_ms)}.")
    if found.more:
        remark("There are more rows: raise --limit.")


def _cell(value: Any, kind: str) -> str:
    if value is None:
        return ""
    if kind == "time":
        return iso(value)
    if isinstance(value, float):
        return f"{value:.6g}"
    text = msgspec.json.encode(value).decode() if isinstance(value, dict) else str(value)
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _write(content: bytes, out: Path | None) -> None:
    if out is None:
        sys.stdout.buffer.write(content)
        return
    out.write_bytes(content)
    remark(f"Written to {out}.")
