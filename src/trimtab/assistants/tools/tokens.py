"""Who used which tokens of models, and what they cost; calls one by one, and an agent's run step by step."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from trimtab.assistants.answer import Answer, Table, first_money, money, moneys, only, time_text
from trimtab.assistants.tool import Tool
from trimtab.assistants.words import End, Start, Text
from trimtab.client.api import Client
from trimtab.client.tokens import Tokens

_BASIS = (
    "each call once; a vendor's API by its dated price book or its bill, own models by what their pods cost; what "
    "nobody said is unknown, not 0"
)


class Arguments(Struct, frozen=True, forbid_unknown_fields=True):
    """Tokens of whom, and when."""

    ask: Annotated[
        Literal["by", "calls", "price"],
        Meta(description="by: sums by `by`. calls: single calls, of `trace` step by step. price: rates of `model`."),
    ] = "by"
    by: Annotated[
        Literal["tenant", "user", "agent", "session", "feature", "prompt_version", "vendor", "model", "endpoint",
                "service", "run", "account"],
        Meta(description="What the rows are."),
    ] = "tenant"  # fmt: skip
    trace: Annotated[Text, Meta(description="Of calls: an id of a trace.")] = ""
    model: Annotated[Text, Meta(description="Of price: the model's name.")] = ""
    start: Start = "-7d"
    end: End = "now"


def _run(client: Client, asked: Arguments) -> Answer:
    if asked.ask == "price":
        return _price(client, asked)
    return _calls(client, asked) if asked.ask == "calls" else _by(client, asked)


def _by(client: Client, asked: Arguments) -> Answer:
    found = Tokens(client, asked.start, asked.end).ledger(asked.by, limit=100)
    rows = []
    for line in found.lines:
        cost, currency = first_money(line.amounts)
        cached = line.tokens.cache_read
        share = cached / line.tokens.input if cached is not None and line.tokens.input else None
        rows.append(
            (line.name or None, line.calls, line.failed, line.tokens.input, share, line.tokens.output, currency, cost,
             line.unknown_usage + line.unknown_price)
        )  # fmt: skip
    columns = (asked.by, "calls", "failed", "input_tokens", "cached_share", "output_tokens", "currency", "cost",
               "calls_of_unknown_cost")  # fmt: skip
    billed = [(who, currency, money(amount)) for who, of in found.billed.items() for currency, amount in of.items()]
    rests = [(one.name, one.currency, money(one.amount)) for one in found.rests]
    return Answer(
        page=f"/tokens?by={asked.by}",
        total={"cost": moneys(found.totals)},
        currency=only(found.totals),
        basis=_BASIS + "; rows and what is beside the calls add up to the total",
        period=(found.start_ms, found.end_ms),
        tables=[
            Table(name="by", columns=columns, rows=rows, sums=("cost", "calls"), more=found.more),
            Table(name="beside_the_calls", columns=("what", "currency", "cost"), rows=rests, sums=("cost",)),
            Table(name="billed", columns=("vendor", "currency", "cost"), rows=billed),
        ],
        notes=["A part of the calls was not read: the totals are at least these."] if found.cut else [],
    )


def _calls(client: Client, asked: Arguments) -> Answer:
    found = Tokens(client, asked.start, asked.end).calls(asked.trace, limit=100)
    rows = [
        (time_text(one.at_ms), one.model, one.tenant, one.user, one.agent, one.feature, one.tokens.input,
         one.tokens.cache_read, one.tokens.output, one.currency, money(one.amount), one.basis, one.failed)
        for one in found.calls
    ]  # fmt: skip
    columns = ("at", "model", "tenant", "user", "agent", "feature", "input_tokens", "cached", "output_tokens",
               "currency", "cost", "basis", "failed")  # fmt: skip
    return Answer(
        page="/tokens",
        total={"calls": len(found.calls) + found.more, "cost": moneys(found.totals)},
        currency=only(found.totals),
        basis=_BASIS,
        period=(found.start_ms, found.end_ms),
        tables=[Table(name="calls", columns=columns, rows=rows, sums=("cost",), more=found.more)],
    )


def _price(client: Client, asked: Arguments) -> Answer:
    found = Tokens(client).price(asked.model)
    rows = [(one.unit, one.rate, "; ".join(f"{at} above {start}" for start, at in one.above.items()))
            for one in found.rates]  # fmt: skip
    return Answer(
        page="/tokens",
        total={"rates": len(rows)},
        currency=found.currency,
        basis="list rates by the unit that is named: mtok is a million tokens, kcount a thousand",
        facts={"model": found.model, "vendor": found.vendor, "book": found.source, "as_of": found.as_of},
        tables=[Table(name="rates", columns=("unit", "rate", "of_longer_prompts"), rows=rows)],
    )


TOOL = Tool(
    name="tokens",
    title="Tokens of models",
    about="Who used which tokens of language models and what they cost: by tenant, user, agent, session, feature, "
    "model, vendor, service or run, to the bill; single calls, an agent's run step by step, and rates of a model.",
    arguments=Arguments,
    run=_run,
)
