"""What the same calls of models would have cost otherwise: another model, caches, batch, own GPUs."""

from typing import Annotated

from msgspec import Meta, Struct

from trimtab.assistants.answer import Answer, Table, money, only
from trimtab.assistants.tool import Tool
from trimtab.assistants.words import End, Start, Text
from trimtab.client.api import Client
from trimtab.client.tokens import Tokens


class Arguments(Struct, frozen=True, forbid_unknown_fields=True):
    """Which calls, and otherwise how."""

    models: Annotated[list[Text], Meta(max_length=5, description="Other models of vendors' APIs.")] = []
    vendor: Annotated[Text, Meta(description="Who sells them, where the names do not tell.")] = ""
    only: Annotated[
        list[Text], Meta(max_length=5, description='Calls to compare, such as ["feature=search", "model=gpt-4o"].')
    ] = []
    own: Annotated[list[Text], Meta(max_length=5, description="Own models that pods served; none: every one.")] = []
    own_hourly: Annotated[
        str, Meta(pattern=r"^([0-9]{1,9}(\.[0-9]{1,9})?)?$", description="USD an hour of a replica that is not there.")
    ] = ""
    own_tokens_per_s: Annotated[float | None, Meta(description="What it serves at most, in and out.")] = None
    start: Start = "-7d"
    end: End = "now"


def _run(client: Client, asked: Arguments) -> Answer:
    found = Tokens(client, asked.start, asked.end).compare(
        asked.models, vendor=asked.vendor, own=asked.own, only=asked.only, own_hourly=asked.own_hourly,
        own_tokens_per_s=asked.own_tokens_per_s,
    )  # fmt: skip
    choices = [
        (one.name, one.kind, one.currency, money(one.amount), money(one.difference), one.calls, one.replicas or None,
         one.basis)
        for one in found.choices
    ]  # fmt: skip
    even = [
        (one.own, one.api, one.currency, money(one.hourly), money(one.per_1m_units), one.units_a_day, one.share,
         one.units_now, one.cheaper)
        for one in found.break_even
    ]  # fmt: skip
    columns = ("choice", "kind", "currency", "cost", "difference", "calls", "replicas", "rests_on")
    even_columns = ("own", "api", "currency", "replica_an_hour", "api_per_1m_units", "break_even_units_a_day",
                    "share_of_what_a_replica_serves", "units_a_day_now", "cheaper_now")  # fmt: skip
    return Answer(
        page="/tokens",
        total={"calls": found.calls, "calls_left_out": found.left_out},
        currency=only(one.currency for one in found.choices),
        basis="recorded calls priced again, one by one; difference is against the recorded cost; a unit is a token of "
        "input, one of output is four, a cached one a tenth; a share above 1 means that the API is always cheaper",
        period=(found.start_ms, found.end_ms),
        tables=[
            Table(name="choices", columns=columns, rows=choices),
            Table(name="break_even", columns=even_columns, rows=even),
        ],
    )


TOOL = Tool(
    name="models",
    title="The same calls on another model",
    about="What the same calls of language models would have cost on another model, with the caches that prompts "
    "allow, by batch, or on own GPUs at measured throughput, and the break-even between API and own GPUs.",
    arguments=Arguments,
    run=_run,
)
