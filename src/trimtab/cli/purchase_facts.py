"""What people say of purchases, on the command line: own rates, offers of machines, terms of commitments."""

from typing import Any, TextIO

import click
import msgspec

from trimtab.base import typed
from trimtab.base.clock import SystemClock
from trimtab.base.errors import InvalidInput
from trimtab.base.timerange import parse_instant_ms
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import day, json_option, print_json, print_table
from trimtab.client import purchases_wire as wire
from trimtab.client.purchases import Purchases

KINDS = {"compute": "COMPUTE_SP", "ec2": "EC2_INSTANCE_SP", "sagemaker": "SAGEMAKER_SP", "database": "DATABASE_SP"}
RATE_KINDS = KINDS | {"reserved": "RESERVED"}
"""Kinds that rates are put for; `reserved` is of reservations beside EC2's."""
PAYMENTS = {"none": "NO_UPFRONT", "partial": "PARTIAL_UPFRONT", "all": "ALL_UPFRONT"}


@click.command("rates")
@json_option
@server_options
def rates(connection: Connection, as_json: bool) -> None:
    """List what an hour costs under each kind of plan, as a share of on demand, and where that is from."""
    with connection.client() as client:
        found = Purchases(client).rates()
    if as_json:
        print_json(found)
        return
    cells = [
        (one.kind, one.years, one.payment, one.service, one.family, one.share, one.basis, one.source) for one in found
    ]
    print_table(("kind", "years", "payment", "service", "family", "share", "basis", "source"), cells, right=("share",))


@click.command("set-rate")
@click.argument("kind", type=click.Choice(tuple(RATE_KINDS)))
@click.argument("share")
@click.option("--years", type=click.Choice(("1", "3")), default="1", show_default=True, help="Term.")
@click.option("--payment", type=click.Choice(tuple(PAYMENTS)), default="none", show_default=True, help="Upfront.")
@click.option("--service", default="AmazonEC2", show_default=True, help="Service code of the bill.")
@click.option("--family", default="*", show_default=True, help="Family of instance types.")
@click.option("--note", default="", help="Where it is from.")
@server_options
def set_rate(
    connection: Connection, kind: str, share: str, years: str, payment: str, service: str, family: str, note: str
) -> None:
    """Set an own rate: SHARE of on demand that an hour costs under such a plan.

    Example: trimtab advice purchases set-rate ec2 0.58 --family p5 --years 1 --payment all --note "price list"
    """
    body = {"kind": RATE_KINDS[kind], "years": int(years), "payment": PAYMENTS[payment], "share": share,
            "service": service, "family": family, "note": note}  # fmt: skip
    with connection.client() as client:
        Purchases(client).put_rate(read_body(body, wire.PutRate))
    click.echo(f"an hour of {service} {family} under {kind} is {share} of on demand")


@click.command("import-rates")
@click.argument("file", type=click.File("r", encoding="utf-8-sig"))
@server_options
def import_rates(connection: Connection, file: TextIO) -> None:
    """Set the rates of a CSV, of any provider: what Google's and Azure's commitments cost is known from there alone.

    \b
    provider,kind,family,region,years,payment,discount,unit_price,sizes,note
    Google Cloud,flexible-cud,*,*,1,none,28%,,,
    Google Cloud,resource-cud,N2 vCPU,us-central1,1,none,37%,,,
    Azure,savings-plan,*,*,3,none,0.35,,,
    Azure,reservation,DSv2 Series,eastus,1,none,,0.0423,Standard_DS1_v2:1 Standard_DS2_v2:2,
    """
    with connection.client() as client:
        found = Purchases(client).import_rates(file.read())
    click.echo(f"{len(found.rates)} own rates of plans and {len(found.reserved)} of reservations are known")


@click.command("offer")
@click.argument("name")
@click.option("--type", "type_", required=True, help="Instance type.")
@click.option("--region", default="us-east-1", show_default=True, help="Where.")
@click.option("--hourly", required=True, help="Dollars an hour of one machine, upfront part included.")
@click.option("--most", type=int, required=True, help="Machines that are to be had.")
@click.option("--what", default="Rented machines", show_default=True, help="Capacity block, reservation, rental.")
@click.option("--from", "start", default="", help="From when.  [default: now, for --years]")
@click.option("--to", "end", default="", help="Until when.")
@click.option("--years", type=click.Choice(("1", "3")), default="1", show_default=True, help="Term without --to.")
@server_options
def offer(
    connection: Connection, name: str, type_: str, region: str, hourly: str, most: int, what: str, start: str,
    end: str, years: str,
) -> None:  # fmt: skip
    """Put machines that can be had for a fixed time and price; the next plan considers them.

    Example: trimtab advice purchases offer lab-h100 --type p5.48xlarge --hourly 31 --most 4 --what "Take-or-pay rental"
    """
    body = {"name": name, "type": type_, "region": region, "hourly": hourly, "most": most, "what": what,
            "years": int(years), "start_ms": _ms(start) or 0, "end_ms": _ms(end) or 0}  # fmt: skip
    with connection.client() as client:
        Purchases(client).put_offer(read_body(body, wire.PutOffer))
    click.echo(f"{name}: up to {most} {type_} at {hourly} an hour")


@click.command("term")
@click.argument("commitment")
@click.option("--from", "start", default="", help="When it began.")
@click.option("--to", "end", default="", help="When it ends.")
@server_options
def term(connection: Connection, commitment: str, start: str, end: str) -> None:
    """Say from when to when a commitment of the bill (its ARN) runs: the calendar shows it, a finding warns."""
    with connection.client() as client:
        Purchases(client).put_term(
            read_body({"name": commitment, "start_ms": _ms(start), "end_ms": _ms(end)}, wire.PutTerm)
        )
    click.echo(f"{commitment} ends {end or 'at an unknown time'}")


@click.command("facts")
@json_option
@server_options
def facts(connection: Connection, as_json: bool) -> None:
    """List own rates, offers and terms."""
    with connection.client() as client:
        found = Purchases(client).facts()
    if as_json:
        print_json(found)
        return
    rows = [
        (
            "rate",
            f"{one.kind}/{one.years}/{one.payment}/{one.service}/{one.family}"
            f"{'' if one.region == '*' else '/' + one.region}",
            one.share,
        )
        for one in found.rates
    ]
    rows += [
        ("reserved", f"{one.provider}/{one.family}/{one.region}/{one.years}/{one.payment}",
         one.share or f"{one.hourly} an hour")
        for one in found.reserved
    ]  # fmt: skip
    rows += [("offer", one.name, f"{one.most} × {one.type} at {one.hourly}") for one in found.offers]
    rows += [("term", one.name, f"until {day(one.end_ms) if one.end_ms else 'not known'}") for one in found.terms]
    print_table(("kind", "name", "says"), rows)


@click.command("remove")
@click.argument("kind", type=click.Choice(("rate", "reserved", "offer", "term")))
@click.argument("name")
@server_options
def remove(connection: Connection, kind: str, name: str) -> None:
    """Remove an own rate, an offer or a term."""
    with connection.client() as client:
        click.echo(f"removed {Purchases(client).remove(kind, name).removed}")


def read_body(body: dict[str, Any], type_: Any) -> Any:
    """The body of a request. Raises InvalidInput that names what is wrong."""
    try:
        return typed.convert(body, type_)
    except msgspec.ValidationError as problem:
        raise InvalidInput(f"cannot send this: {problem}") from None


def _ms(text: str) -> int | None:
    return parse_instant_ms(text, SystemClock().now_ms()) if text else None
