"""`trimtab tokens`: what calls of models used and cost, by whom they were for; calls one by one; rates of models."""

import gzip
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import click

from trimtab.cli.connection import Connection, server_options
from trimtab.cli.output import json_option, print_json, print_table, remark
from trimtab.cli.unit_costs import days_options
from trimtab.client import tokens_wire as wire
from trimtab.client.tokens import Tokens

_PART_BYTES = 2 << 20
"""Of one request: some thousand payloads."""


@click.group("tokens", invoke_without_command=True)
@click.option("--by", default="tenant", show_default=True, metavar="FIELD", help="tenant, user, agent, model …")
@click.option("--limit", type=click.IntRange(1, 10_000), default=30, show_default=True, help="How many lines.")
@days_options
@json_option
@server_options
@click.pass_context
def tokens(
    context: click.Context,
    connection: Connection,
    start: str | None,
    end: str | None,
    by: str,
    limit: int,
    as_json: bool,
) -> None:
    """Show tokens of calls of models and what they cost, to the bill.

    Example: trimtab tokens --by user --from 2026-11-01
    """
    if context.invoked_subcommand is not None:
        return
    with connection.client() as client:
        found = Tokens(client, start, end).ledger(by, limit)
    if as_json:
        print_json(found)
        return
    if not found.lines and not found.rests:
        remark("No call of a model is known in these days. Send spans by OTLP, or try trimtab tokens import FILE.")
        return
    heads = (by, "calls", "failed", "input", "cached", "output", "cost", "unknown")
    print_table(heads, [_line(line) for line in found.lines], right=heads[1:])
    if found.more:
        remark(f"{found.more} more lines. Try --limit.")
    if found.rests:
        rests = [(rest.name, _amount(rest.amount), rest.currency) for rest in found.rests]
        print_table(("beside", "cost", ""), rests, right=("cost",))
    for currency, amount in found.totals.items():
        click.echo(f"in all {_amount(amount)} {currency}")
    for vendor, amounts in found.billed.items():
        remark(f"{vendor} billed {_amounts(amounts)}.")
    if found.cut:
        remark("There are more spans than one question reads: this is a part of them. Try a shorter range.")


@tokens.command("calls")
@click.option("--trace", default="", metavar="ID", help="Only the calls of this trace, step by step.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=30, show_default=True, help="How many calls.")
@days_options
@json_option
@server_options
def calls(connection: Connection, start: str | None, end: str | None, trace: str, limit: int, as_json: bool) -> None:
    """Show calls of models with their tokens and costs.

    Example: trimtab tokens calls --trace 4bf92f3577b34da6a3ce929d0e0e4736
    """
    with connection.client() as client:
        found = Tokens(client, start, end).calls(trace, limit)
    if as_json:
        print_json(found)
        return
    heads = ("at", "model", "tenant", "agent", "input", "cached", "output", "cost", "", "basis")
    print_table(heads, [_call(call) for call in found.calls], right=heads[4:8])
    if found.more:
        remark(f"{found.more} more calls. Try --limit.")
    for currency, amount in found.totals.items():
        click.echo(f"in all {_amount(amount)} {currency}")


@tokens.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@json_option
@server_options
def import_(connection: Connection, files: tuple[Path, ...], as_json: bool) -> None:
    """Take calls from FILES that a gateway logged: LiteLLM's payloads and spend logs, recorded requests with answers.

    A file has a JSON object a line, or one array; .gz is unpacked. What is sent again counts once.

    Example: trimtab tokens import litellm-2026-11.jsonl.gz
    """
    accepted, other = 0, 0
    with connection.client() as client:
        calls_ = Tokens(client)
        for path in files:
            for part in _parts(path):
                taken = calls_.send(part)
                accepted, other = accepted + taken.accepted, other + taken.other
    if as_json:
        print_json(wire.CallsTaken(accepted, other))
        return
    click.echo(f"{accepted:,} calls taken")
    if other:
        remark(f"{other:,} records tell of no call of a vendor.")


@tokens.command("price")
@click.argument("model")
@click.option("--vendor", default="", help="Who sells it.  [default: told by the model's name]")
@click.option("--tier", default="", help="batch, flex or priority.")
@json_option
@server_options
def price(connection: Connection, model: str, vendor: str, tier: str, as_json: bool) -> None:
    """Show the rates of a model of a vendor's API.

    Example: trimtab tokens price claude-sonnet-4-5 --tier batch
    """
    with connection.client() as client:
        found = Tokens(client).price(model, vendor, tier)
    if as_json:
        print_json(found)
        return
    rows = [
        (rate.unit, rate.rate, ", ".join(f"{above} above {start}" for start, above in rate.above.items()))
        for rate in found.rates
    ]
    print_table(("unit", found.currency, "of longer prompts"), rows, right=(found.currency,))
    remark(f"{found.vendor}/{found.model} by {found.source} of {found.as_of or 'no date'}.")


@tokens.command("compare")
@click.option("--model", "models", multiple=True, help="Another model of a vendor's API. May be repeated.")
@click.option("--vendor", default="", help="Who sells it.  [default: told by the model's name]")
@click.option("--only", multiple=True, metavar="FIELD=VALUE", help="Only calls of this tenant, feature, model …")
@click.option("--own", multiple=True, help="An own model that pods served.  [default: every one]")
@click.option("--own-hourly", default="", metavar="USD", help="What an hour of a replica would cost.")
@click.option("--own-tokens-per-s", type=float, help="Tokens a second, in and out, of that replica at its limit.")
@days_options
@json_option
@server_options
def compare(
    connection: Connection, models: tuple[str, ...], vendor: str, only: tuple[str, ...], own: tuple[str, ...],
    own_hourly: str, own_tokens_per_s: float | None, start: str | None, end: str | None, as_json: bool,
) -> None:  # fmt: skip
    """Show what the same calls would have cost: on other models, cached, by batch, on own GPUs.

    Example: trimtab tokens compare --model gpt-5-mini --only feature=search --own-hourly 4.10 --own-tokens-per-s 2500
    """
    with connection.client() as client:
        found = Tokens(client, start, end).compare(
            models, vendor=vendor, own=own, only=only, own_hourly=own_hourly, own_tokens_per_s=own_tokens_per_s
        )
    if as_json:
        print_json(found)
        return
    rows = [
        (one.name, _money(one.amount), _money(one.difference), one.currency, f"{one.calls:,}", one.replicas or "",
         one.basis)
        for one in found.choices
    ]  # fmt: skip
    heads = ("choice", "cost", "difference", "currency", "calls", "replicas", "rests on")
    print_table(heads, rows, right=("cost", "difference", "calls", "replicas"))
    for one in found.break_even:
        remark(_even(one))
    if found.left_out:
        remark(f"{found.left_out:,} calls of unknown usage or cost are on neither side.")


def _money(amount: str | None) -> str:
    return "unknown" if amount is None else _amount(amount)


def _even(one: wire.TokenBreakEven) -> str:
    """The break-even in words."""
    if one.share is None or one.units_a_day is None:
        return f"{one.own} against {one.api}: the API costs nothing."
    load = f"{one.units_a_day / 1e6:,.1f}M units a day, {one.share:.0%} of what a replica serves"
    least = "no load at which own GPUs are cheaper" if one.share > 1 else f"own GPUs are cheaper above {load}"
    return f"{one.own} against {one.api}: {least}. Now {one.units_now / 1e6:,.1f}M a day: {one.cheaper} is cheaper."


def _parts(path: Path) -> Iterator[bytes]:
    """A file in parts that one request holds: whole lines; an array is one part."""
    with gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb") as file:
        part: list[bytes] = []
        size = 0
        whole = False
        for line in file:
            whole = whole or (not part and not size and line.lstrip()[:1] == b"[")
            part.append(line)
            size += len(line)
            if size > _PART_BYTES and not whole:
                yield b"".join(part)
                part, size = [], 0
        if part:
            yield b"".join(part)


def _line(line: wire.TokenLine) -> tuple[str, ...]:
    unknown = line.unknown_usage + line.unknown_price
    counts = line.tokens
    return (
        line.name or "(not said)",
        f"{line.calls:,}",
        f"{line.failed:,}" if line.failed else "",
        _count(counts.input),
        _count(counts.cache_read),
        _count(counts.output),
        _amounts(line.amounts),
        f"{unknown:,}" if unknown else "",
    )


def _call(call: wire.TokenCall) -> tuple[str, ...]:
    at = f"{datetime.fromtimestamp(call.at_ms / 1000, UTC):%Y-%m-%d %H:%M:%S}"
    counts = call.tokens
    cost = "unknown" if call.amount is None else _amount(call.amount)
    used = _count(counts.input), _count(counts.cache_read), _count(counts.output)
    return at, call.model, call.tenant, call.agent, *used, cost, call.currency, call.basis


def _count(number: int | None) -> str:
    return "unknown" if number is None else f"{number:,}"


def _amounts(amounts: Mapping[str, str]) -> str:
    return ", ".join(f"{_amount(amount)} {currency}" for currency, amount in amounts.items()) or "unknown"


def _amount(text: str) -> str:
    value = Decimal(text)
    return f"{value:,.2f}" if abs(value) >= 1 or not value else f"{value:,.6f}"
