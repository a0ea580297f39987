"""`trimtab import` and `trimtab costs`: bills in with a receipt, what they say, what is held of them, FOCUS out."""

import sys
import threading
from decimal import Decimal
from pathlib import Path
from typing import cast, get_args

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from trimtab.base.coins import money
from trimtab.base.errors import InvalidInput
from trimtab.base.loopback import is_loopback
from trimtab.base.records import replace
from trimtab.cli import cost_anomalies, cost_estimate, cost_forecast, cost_views, exchange_rates, unit_costs
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import console, day, json_option, print_json, print_table, remark
from trimtab.client import costs_wire as wire
from trimtab.client.api import Client
from trimtab.client.cost_explorer import Asked
from trimtab.client.costs import Costs

_POLL_S = 0.5


@click.command("import")
@click.argument("place", metavar="FILE|DIR|s3://BUCKET/PREFIX")
@click.option(
    "--format", "format_", type=click.Choice(get_args(wire.ImportFormat)), default="auto", show_default=True,
    help="What the files are; auto tells by their columns.",
)  # fmt: skip
@click.option("--source", default="", metavar="NAME", help="Name of the bill; it replaces what that name holds.")
@click.option("--add", is_flag=True, help="Import although another source holds the same bill.")
@click.option(
    "--mapping", default="", metavar="NAME|FILE.toml",
    help="How the file's columns map to FOCUS [told by the columns]; `costs mappings` lists names.",
)  # fmt: skip
@json_option
@server_options
def import_(
    connection: Connection, place: str, format_: str, source: str, add: bool, mapping: str, as_json: bool
) -> None:
    """Import a bill: CUR 2.0, a legacy CUR, FOCUS, a rate card in YAML, an LLM API's cost export, or a provider's own
    export, by a mapping of its columns to FOCUS (Azure, Google Cloud, OCI and invoices are known).

    A month that is imported again under the same name replaces the old one. Prints the receipt.
    """
    request = wire.StartImport("", cast(wire.ImportFormat, format_), source, add, _mapping(mapping))
    with connection.client() as client:
        bring(client, place, request, as_json=as_json)


def bring(client: Client, place: str, request: wire.StartImport, *, as_json: bool) -> None:
    """Import the bill at `place` as `request` says else, wait for it, and print its receipt.

    Raises InvalidInput where there is nothing, ClickException where the import failed.
    """
    costs = Costs(client)
    location = _location(place, client.host, costs, quiet=as_json)
    name = request.source or (str(Path(place).resolve()) if location.startswith("upload:") else "")
    done = _follow(costs, costs.start(replace(request, location=location, source=name)), quiet=as_json)
    if as_json:
        print_json(done)
    if done.state == "failed":
        raise click.ClickException(done.problem)
    if done.receipt is not None and not as_json:
        _print_receipt(done.receipt)


@click.group("costs", invoke_without_command=True)
@cost_views.range_options
@click.option(
    "--by", "groups", multiple=True, metavar="FACET", help="service, account, region, tag:KEY … (repeatable)."
)
@cost_views.metric_option("unblended")
@click.option(
    "--granularity",
    type=click.Choice(cost_views.GRANULARITIES),
    help="Periods.  [default: days; of long ranges months]",
)
@json_option
@server_options
@click.pass_context
def costs(
    context: click.Context, connection: Connection, start: str | None, end: str | None, filters: tuple[str, ...],
    groups: tuple[str, ...], metric: str, granularity: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Show what was billed, by period and group; the commands below explain it.

    Example: trimtab costs --by service --granularity monthly --filter account=111111111111
    """
    if context.invoked_subcommand is None:
        asked = Asked(start, end, groups, filters)
        cost_views.show_costs(connection, asked, metric, granularity or "", as_json=as_json)


for _command in (
    cost_views.drivers,
    cost_views.coverage,
    cost_views.savings_rate,
    cost_views.values,
    cost_forecast.forecast,
    cost_estimate.today,
    cost_estimate.estimate,
    unit_costs.per_token,
    unit_costs.per_run,
    unit_costs.per_gpu_hour,
    unit_costs.idle,
    cost_anomalies.anomalies,
    cost_anomalies.monitors,
    cost_anomalies.subscriptions,
    exchange_rates.rates,
):
    costs.add_command(_command)


@costs.command("imports")
@json_option
@server_options
def imports(connection: Connection, as_json: bool) -> None:
    """List imports, and the billing months that each source holds."""
    with connection.client() as client:
        found = Costs(client).imports()
    if as_json:
        print_json(found)
        return
    if not found.imports:
        remark("No bill was imported yet. Try `trimtab import FILE`.")
        return
    rows = [
        (one.id, one.state, one.source, one.format, one.rows, _months(one.months), day(one.started_ms), one.problem)
        for one in found.imports
    ]
    print_table(("id", "state", "source", "format", "lines", "months", "started", "problem"), rows, right=("lines",))
    held = [(one.source, one.month, one.lines, _amounts(one.totals), one.import_id) for one in found.held]
    print_table(("source", "month", "lines", "billed", "import"), held, right=("lines", "billed"))


@costs.command("receipt")
@click.argument("number", type=int)
@json_option
@server_options
def receipt(connection: Connection, number: int, as_json: bool) -> None:
    """Show the receipt of an import."""
    with connection.client() as client:
        found = Costs(client).one(number)
    if as_json:
        print_json(found)
    elif found.receipt is None:
        raise click.ClickException(found.problem or f"import {number} is {found.state}: it has no receipt yet")
    else:
        _print_receipt(found.receipt)


@costs.command("drop")
@click.argument("source")
@click.option("--month", type=int, metavar="YYYYMM", help="This billing month only.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@server_options
def drop(connection: Connection, source: str, month: int | None, yes: bool) -> None:
    """Take what SOURCE holds, or one month of it, out."""
    if not yes:
        click.confirm(f"Drop {month or 'every month'} of {source}?", abort=True)
    with connection.client() as client:
        remark(f"{Costs(client).drop(source, month)} lines dropped")


@costs.command("export")
@click.option(
    "--format",
    "format_",
    type=click.Choice(("csv", "parquet")),
    help="Of the file [by the name of --output; csv]. In Parquet numbers of accounts stay text.",
)
@click.option("--version", type=click.Choice(("1.0", "1.1", "1.2")), default="1.0", show_default=True, help="Of FOCUS.")
@click.option("--start", default="-30d", show_default=True, help="First day: -30d, ISO 8601 or epoch milliseconds.")
@click.option("--end", default="now", show_default=True, help="Last day; one that has begun is included.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="File to write [standard output].")
@server_options
def export(
    connection: Connection, format_: str | None, version: str, start: str, end: str, output: Path | None
) -> None:
    """Write the bill as FOCUS, in CSV or Parquet, whatever it was imported from."""
    named = "parquet" if output and output.suffix == ".parquet" else "csv"
    with connection.client(timeout_s=600) as client:
        parts = Costs(client).export(version=version, start=start, end=end, format_=format_ or named)
        if output is None:
            for part in parts:
                sys.stdout.buffer.write(part)
            return
        with output.open("wb") as file:
            for part in parts:
                file.write(part)


costs.add_command(import_, "import")


@costs.command("mappings")
@click.argument("name", required=False)
@json_option
@server_options
def mappings(connection: Connection, name: str | None, as_json: bool) -> None:
    """List the mappings of providers' columns to FOCUS, or print the TOML of NAME to start one's own from."""
    with connection.client() as client:
        found = Costs(client).mappings()
    if name is not None:
        known = {one.name: one for one in found}
        if name not in known:
            raise InvalidInput(f"cannot find mapping {name!r}: expected one of {', '.join(known)}")
        found = [known[name]]
    if as_json:
        print_json(found)
    elif name is not None:
        click.echo(found[0].toml, nl=False)
    else:
        print_table(("name", "told by", "about"), [(one.name, ", ".join(one.detect), one.about) for one in found])


def _mapping(wanted: str) -> str:
    """What the server is told of `--mapping`: a name, or what is in the file. Raises InvalidInput."""
    if not wanted.endswith(".toml"):
        return wanted
    try:
        return Path(wanted).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise InvalidInput(
            f"cannot read mapping {wanted}: {problem}; expected a TOML file; `trimtab costs mappings azure` prints one"
        ) from None


def _location(place: str, host: str, costs: Costs, *, quiet: bool) -> str:
    """What the server is told: a path where it is on this machine, else what was uploaded to it."""
    if place.startswith("s3://"):
        return place
    path = Path(place).expanduser().resolve()
    if not path.exists():
        raise InvalidInput(f"cannot import {place}: there is no such file or folder")
    if is_loopback(host):
        return str(path)
    size = (
        path.stat().st_size if path.is_file() else sum(one.stat().st_size for one in path.rglob("*") if one.is_file())
    )
    with _bar(quiet=quiet) as bar:
        task = bar.add_task("uploading", total=size)
        return costs.upload(path, lambda sent: bar.advance(task, sent))


def _follow(costs: Costs, begun: wire.Import, *, quiet: bool) -> wire.Import:
    """Wait for the import, with a bar of its rows where they are known."""
    pause = threading.Event()
    now = begun
    with _bar(quiet=quiet) as bar:
        task = bar.add_task("reading", total=None)
        while now.state in ("reading", "committing"):
            pause.wait(_POLL_S)
            now = costs.one(begun.id)
            if (how := now.progress) is not None:
                files = f" file {min(how.files_done + 1, how.files)} of {how.files}" if how.files > 1 else ""
                bar.update(task, description=how.phase + files, completed=how.rows, total=how.total_rows)
    return now


def _bar(*, quiet: bool) -> Progress:
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    return Progress(*columns, console=console(stderr=True), transient=True, disable=quiet or not sys.stderr.isatty())


def _print_receipt(receipt: wire.Receipt) -> None:
    replaced = f", in place of {receipt.replaced_lines}" if receipt.replaced_lines else ""
    remark(f"{receipt.lines} lines ({receipt.format}) of {_months(receipt.months)}{replaced}, source {receipt.source}")
    rows = [
        (one.currency, one.charge_category, one.line_item_type, one.lines, one.billed, one.effective, one.list_cost)
        for one in receipt.totals
    ]
    amounts = ("lines", "billed", "amortised", "list")
    print_table(("currency", "charge", "type", *amounts), rows, right=amounts)
    for currency, exact in sorted(receipt.exact.items()):
        stored = Decimal(receipt.billed[currency])
        beyond = Decimal(exact) - stored
        rest = f"; the file has {beyond:+f} more beyond the 12th digit" if beyond else ", to the last digit of the file"
        click.echo(f"total {stored:f} {currency}{rest}")
    for one in receipt.skipped:
        remark(f"skipped {one.lines} rows: {one.reason} (such as {one.example})")
    for note in (*receipt.notes, *receipt.overlaps):
        remark(f"note: {note}")


def _months(months: list[int]) -> str:
    if not months:
        return ""
    first, last = f"{months[0] // 100}-{months[0] % 100:02d}", f"{months[-1] // 100}-{months[-1] % 100:02d}"
    return first if first == last else f"{first} … {last}"


def _amounts(totals: dict[str, str]) -> str:
    return ", ".join(money(amount, currency) for currency, amount in sorted(totals.items()))
