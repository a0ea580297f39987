"""`trimtab catalog update` and its kin: prices by date, from AWS's price lists, histories and spot prices."""

from pathlib import Path

import click

from trimtab.base.clock import iso
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import day, json_option, print_json, print_table, remark
from trimtab.client import prices_wire as wire
from trimtab.client.prices import Prices
from trimtab.sources.price_lists import spot
from trimtab.sources.price_lists.history import COLUMNS, snapshots, stretches
from trimtab.sources.price_lists.model import Wanted, kept, parts
from trimtab.sources.price_lists.place import SITE, opened, url_of
from trimtab.sources.tables.csv_file import rows_of, sorted_out

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_TIMEOUT_S = 300.0
"""The end of a list of a large region writes what all of its instance types cost."""
_TOLD = 10
"""Parts between two remarks."""


@click.command("update")
@click.argument("places", nargs=-1, metavar="[FILE|URL]...")
@click.option("--service", "services", multiple=True, help="Service by its offer code; repeatable [AmazonEC2].")
@click.option("--region", "regions", multiple=True, help="Region; repeatable [us-east-1]. Of files: where they are of.")
@click.option("--system", "systems", multiple=True, help="Operating systems of EC2 instances; repeatable [Linux].")
@click.option("--on-demand-only", is_flag=True, help="Leave reservations out.")
@click.option("--everything", is_flag=True, help="Every product: dedicated hosts, licences and all.")
@click.option("--site", default=SITE, show_default=True, help="Where AWS's price lists are, or a mirror of them.")
@json_option
@server_options
def update(
    connection: Connection,
    places: tuple[str, ...],
    services: tuple[str, ...],
    regions: tuple[str, ...],
    systems: tuple[str, ...],
    on_demand_only: bool,
    everything: bool,
    site: str,
    as_json: bool,
) -> None:
    """Take in AWS's price lists: the current ones of services and regions, or offer files (CSV or JSON, packed or not).

    A newer list ends the prices that it changes; those of before are kept with their dates. No credentials are needed.
    """
    wanted_regions = regions or ("us-east-1",)
    named = places or [url_of(one, region, site) for one in services or ("AmazonEC2",) for region in wanted_regions]
    done = []
    with connection.client(timeout_s=_TIMEOUT_S) as client:
        for number, place in enumerate(named):
            region = wanted_regions[0] if places else wanted_regions[number % len(wanted_regions)]
            wanted = Wanted(systems or ("Linux",), not on_demand_only, everything)
            done.append(_one(Prices(client), place, region, wanted))
    if as_json:
        print_json(done)
        return
    _show(done)


def _one(prices: Prices, place: str, region: str, wanted: Wanted) -> wire.PriceList:
    changed = 0
    with opened(place, region) as offer:
        for number, (products, rows) in enumerate(parts(kept(offer.rows, wanted), wire.MAX_ROWS), 1):
            changed += prices.put(wire.PriceListPart(offer.key, products, rows)).changed
            if number % _TOLD == 0:
                remark(f"{offer.key.service} {region}: {number * wire.MAX_ROWS:,} prices")
    found = prices.end(offer.key)
    remark(f"{found.service} in {region} of {iso(found.published_ms)}: {changed:,} prices are new or changed")
    return found


@click.command("lists")
@json_option
@server_options
def lists(connection: Connection, as_json: bool) -> None:
    """List the price lists that were taken in."""
    with connection.client() as client:
        found = Prices(client).lists()
    if as_json:
        print_json(found)
        return
    _show(found.lists)
    remark(f"{found.instance_types:,} instance types have prices by date, {found.spot_types:,} have spot prices")


def _show(found: list[wire.PriceList]) -> None:
    rows = [
        (one.service, one.region, one.version, day(one.published_ms), one.products, one.prices, one.place)
        for one in found
    ]
    columns = ("service", "region", "version", "published", "products", "prices", "from")
    print_table(columns, rows, right=("products", "prices"))


@click.command("import-history")
@click.argument("file", type=_FILE)
@click.option("--region", default="us-east-1", show_default=True, help="Region of lines that name none.")
@click.option("--source", help="What to call the source [the file's name]; it replaces what it said before.")
@server_options
def import_history(connection: Connection, file: Path, region: str, source: str | None) -> None:
    """Take in a history of on-demand prices: a CSV FILE with a date, an instance type and a price in each line."""
    cells = ((row.line, sorted_out(row, COLUMNS)[0]) for row in rows_of(file))
    found = stretches(snapshots(cells, region, str(file)))
    with connection.client(timeout_s=_TIMEOUT_S) as client:
        Prices(client).put_instances(source or file.name, found)
    types = len({(one.region, one.type) for one in found})
    click.echo(f"{types:,} instance types, {len(found) - types:,} changes of their prices")


@click.command("import-spot")
@click.argument("file", type=_FILE)
@server_options
def import_spot(connection: Connection, file: Path) -> None:
    """Take in spot prices: FILE is what `aws ec2 describe-spot-price-history` printed (JSON), or a CSV of it."""
    found = spot.read(file)
    with connection.client(timeout_s=_TIMEOUT_S) as client:
        taken = Prices(client).put_spot(found)
    click.echo(f"{taken:,} spot prices of {len({one.type for one in found}):,} instance types")


@click.command("prices")
@click.argument("type_", metavar="TYPE")
@click.option("--region", default="us-east-1", show_default=True, help="Region.")
@click.option("--since", default="", metavar="TIME", help="Prices that held then or later, ISO 8601 [all].")
@json_option
@server_options
def prices_(connection: Connection, type_: str, region: str, since: str, as_json: bool) -> None:
    """Show what TYPE cost, by purchase option and time, as far as lists and histories were taken in."""
    with connection.client() as client:
        found = Prices(client).of(type_, region, since)
    if as_json:
        print_json(found)
        return
    rows = [
        (one.purchase, one.system, one.per_hour, one.currency, day(one.from_ms), day(one.to_ms), one.source)
        for one in found.prices
    ]
    rows += [("spot " + one.zone, one.system, one.per_hour, one.currency, day(one.at_ms), "", "") for one in found.spot]
    if not rows:
        remark(f"no price of {type_} in {region} was taken in; try `trimtab catalog update --region {region}`")
        return
    print_table(("purchase", "system", "per hour", "", "from", "until", "by"), rows, right=("per hour",))
