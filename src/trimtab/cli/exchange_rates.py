"""`trimtab costs rates`: what currencies are worth by day, so that amounts of several can be shown together."""

from pathlib import Path

import click

from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.client.exchange_rates import ExchangeRates


@click.group("rates")
def rates() -> None:
    """Exchange rates: import them from CSV, list them, take a source out."""


@rates.command("import")
@click.argument("file", metavar="FILE.csv", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--source", required=True, metavar="NAME", help='Whose rates they are, such as "ECB reference rates".')
@json_option
@server_options
def import_(connection: Connection, file: Path, source: str, as_json: bool) -> None:
    """Import rates: date,from,to,rate, or the ECB's eurofxref-hist.csv (Date,USD,JPY,…: what a euro was worth).

    They replace the source's own of the same days.
    """
    with connection.client() as client:
        found = ExchangeRates(client).put_file(source, file)
    if as_json:
        print_json(found)
        return
    click.echo(f"{found.name} holds {found.rates:,} rates of {found.pairs} pairs, {found.first} to {found.last}")


@rates.command("list")
@click.option("--day", default="", metavar="DAY", help="Of one day, 2026-11-27.")
@click.option("--currency", default="", metavar="CODE", help="From or to one currency, such as USD.")
@click.option("--limit", type=click.IntRange(0, 10_000), default=20, show_default=True, help="Rates at most.")
@json_option
@server_options
def list_(connection: Connection, day: str, currency: str, limit: int, as_json: bool) -> None:
    """List sources and the newest rates."""
    with connection.client() as client:
        found = ExchangeRates(client).listed(day, currency.upper(), limit)
    if as_json:
        print_json(found)
        return
    if not found.sources:
        remark("No exchange rates were imported. `trimtab costs rates import FILE.csv --source NAME` imports some.")
        return
    shown = [(one.name, str(one.rates), str(one.pairs), one.first, one.last) for one in found.sources]
    print_table(("source", "rates", "pairs", "from", "to"), shown, right=("rates", "pairs"))
    rows = [(one.day, f"1 {one.base}", f"{one.rate} {one.quote}", one.source) for one in found.rates]
    if rows:
        print_table(("day", "", "is", "source"), rows, right=("is",))
    shown_in = found.presentation_currency
    remark(
        f"Amounts of several currencies are shown together in {shown_in}."
        if shown_in
        else "Amounts of several currencies stay apart; TRIMTAB_PRESENTATION_CURRENCY=EUR shows them together."
    )


@rates.command("remove")
@click.argument("source", metavar="NAME")
@server_options
def remove(connection: Connection, source: str) -> None:
    """Take a source's rates out."""
    with connection.client() as client:
        removed = ExchangeRates(client).remove(source)
    click.echo(f"removed {removed:,} rates of {source}")
