"""`trimtab catalog`: what machines hold and cost, by list and by your own agreements."""

from pathlib import Path

import click
import msgspec

from trimtab.base import typed
from trimtab.base.clock import SystemClock
from trimtab.base.errors import InvalidInput
from trimtab.base.timerange import parse_instant_ms
from trimtab.cli.catalog_update import import_history, import_spot, lists, prices_, update
from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import day, json_option, print_json, print_table, remark
from trimtab.client import inventory_wire as wire
from trimtab.client.inventory import Inventory
from trimtab.sources.tables.rates import read_rates, unit_of

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_UNITS = click.Choice(["instance-hour", "gpu-hour"])
_UNKNOWN = "unknown"


@click.group("catalog")
def catalog() -> None:
    """What machines hold and cost: instance types, list prices with their dates, and your own rates."""


@catalog.command("list")
@click.argument("words", nargs=-1)
@click.option("--all", "all_", is_flag=True, help="Types without an accelerator too.")
@click.option("--limit", type=click.IntRange(1, 5000), default=100, show_default=True, help="How many at most.")
@json_option
@server_options
def list_(connection: Connection, words: tuple[str, ...], all_: bool, limit: int, as_json: bool) -> None:
    """List instance types; WORDS are parts of a type's name or its accelerator's."""
    with connection.client() as client:
        page = Inventory(client).types(text=" ".join(words), accelerated=not all_, limit=limit)
    if as_json:
        print_json(page)
        return
    rows = [
        (
            one.type,
            f"{one.accelerators:g} × {one.accelerator}" if one.accelerators else "–",
            one.vcpus,
            f"{one.memory_gib:g}",
            f"{one.price.per_hour} {one.price.currency}" if one.price else _UNKNOWN,
            f"{_short(one.per_gpu_hour)} {one.currency}" if one.per_gpu_hour else _unpriced(one),
            one.basis,
            one.price.as_of if one.price else "–",
        )
        for one in page.types
    ]
    columns = ("type", "accelerators", "vCPUs", "GiB", "list price/h", "per GPU-h", "by", "as of")
    print_table(columns, rows, right=("vCPUs", "GiB", "list price/h", "per GPU-h"))
    if page.total > len(page.types):
        remark(f"{page.total - len(page.types)} more; see --limit")


@catalog.command("show")
@click.argument("type_", metavar="TYPE")
@json_option
@server_options
def show(connection: Connection, type_: str, as_json: bool) -> None:
    """Show an instance type: what it holds, what it costs, and where that is known from."""
    with connection.client() as client:
        one = Inventory(client).type(type_)
    if as_json:
        print_json(one)
        return
    price = one.price
    memory = f", {one.accelerator_memory_gib:g} GiB each" if one.accelerator_memory_gib else ""
    rows = [
        ("accelerators", f"{one.accelerators:g} × {one.accelerator}{memory}" if one.accelerators else "none"),
        ("vCPUs", one.vcpus),
        ("memory", f"{one.memory_gib:g} GiB"),
        ("network", one.network or _UNKNOWN),
        ("sold as spot", {True: "yes", False: "no", None: _UNKNOWN}[one.spot]),
        (
            "list price",
            f"{price.per_hour} {price.currency} an hour, {price.purchase}, {price.region}, as of {price.as_of}"
            if price
            else f"{_UNKNOWN}: {one.unknown}",
        ),
        *(
            ("earlier price", f"{older.per_hour} {older.currency} an hour until {day(older.until_ms)}")
            for older in one.older
        ),
        ("a GPU-hour", f"{_short(one.per_gpu_hour)} {one.currency}" if one.per_gpu_hour else _unpriced(one)),
        ("by", f"{one.basis}: {one.note}"),
        ("source", f"{one.source.title} ({one.source.date}, {one.source.licence})"),
    ]
    print_table((one.type, ""), rows)


@catalog.command("rates")
@json_option
@server_options
def rates(connection: Connection, as_json: bool) -> None:
    """List your own prices and discounts."""
    with connection.client() as client:
        found = Inventory(client).rates()
    if as_json:
        print_json(found)
        return
    if not found:
        remark("No own rates are set: runs cost what the catalogue says. Try `trimtab catalog set-rate gpu:H100 2.85`.")
        return
    rows = [(one.id, one.subject, _said(one), _since(one), day(one.to_ms), one.note) for one in found]
    print_table(("id", "subject", "rate", "from", "until", "note"), rows)


@catalog.command("set-rate")
@click.argument("subject")
@click.argument("amount")
@click.option("--per", "unit", type=_UNITS, help="What it is for [gpu-hour of gpu:… and queue:…, else instance-hour].")
@click.option("--currency", default="USD", show_default=True, help="ISO 4217.")
@click.option("--from", "from_", metavar="TIME", help="From when it holds, ISO 8601 [always].")
@click.option("--until", metavar="TIME", help="Until when it holds, ISO 8601 [for ever].")
@click.option("--note", default="", help="The contract, or whatever tells later what this is.")
@server_options
def set_rate(
    connection: Connection,
    subject: str,
    amount: str,
    unit: str | None,
    currency: str,
    from_: str | None,
    until: str | None,
    note: str,
) -> None:
    """Set what SUBJECT costs you: an instance type, gpu:H100 or queue:p5. AMOUNT is money an hour."""
    facts = {"subject": subject, "amount": amount, "unit": unit or unit_of(subject), "currency": currency.upper()}
    _set(connection, [_rate({**facts, "note": note, **_range(from_, until)})])


@catalog.command("set-discount")
@click.argument("subject")
@click.argument("percent")
@click.option("--from", "from_", metavar="TIME", help="From when it holds, ISO 8601 [always].")
@click.option("--until", metavar="TIME", help="Until when it holds, ISO 8601 [for ever].")
@click.option("--note", default="", help="The agreement, such as EDP 2026.")
@server_options
def set_discount(
    connection: Connection, subject: str, percent: str, from_: str | None, until: str | None, note: str
) -> None:
    """Set your discount on list prices in percent: of an instance type, or of everything (SUBJECT '*')."""
    facts = {"kind": "discount", "subject": subject, "amount": percent.strip("% "), "note": note}
    _set(connection, [_rate({**facts, **_range(from_, until)})])


@catalog.command("import-rates")
@click.argument("file", type=_FILE)
@server_options
def import_rates(connection: Connection, file: Path) -> None:
    """Set every rate of a CSV FILE: columns subject, amount; unit, currency, kind, from, to, note where they differ."""
    _set(connection, read_rates(file))


@catalog.command("remove-rate")
@click.argument("id_", metavar="ID", type=int)
@server_options
def remove_rate(connection: Connection, id_: int) -> None:
    """Remove an own rate."""
    with connection.client() as client:
        gone = Inventory(client).remove_rate(id_)
    click.echo(f"removed {gone.subject}: {_said(gone)}")


for _command in (update, lists, import_history, import_spot, prices_):
    catalog.add_command(_command)


def _set(connection: Connection, wanted: list[wire.SetRate]) -> None:
    with connection.client() as client:
        Inventory(client).set_rates(wanted)
    click.echo(f"set {len(wanted)} {'rate' if len(wanted) == 1 else 'rates'}")


def _rate(facts: dict[str, object]) -> wire.SetRate:
    try:
        return typed.convert(facts, wire.SetRate)
    except msgspec.ValidationError as problem:
        raise InvalidInput(f"cannot set the rate of {facts['subject']}: {problem}") from None


def _range(from_: str | None, until: str | None) -> dict[str, int]:
    now_ms = SystemClock().now_ms()
    asked = {"from_ms": from_, "to_ms": until}
    return {name: parse_instant_ms(text, now_ms) for name, text in asked.items() if text}


def _said(one: wire.Rate) -> str:
    if one.kind == "discount":
        return f"{one.amount} % off list prices"
    return f"{one.amount} {one.currency} per {one.unit.replace('-', ' ')}"


def _since(one: wire.Rate) -> str:
    return day(one.from_ms) if one.from_ms else "always"


def _unpriced(one: wire.CatalogType) -> str:
    return _UNKNOWN if one.accelerators else "–"


def _short(amount: str) -> str:
    return amount.rstrip("0").rstrip(".") if "." in amount else amount
