"""What to buy, stop, resize or fix: findings, the plan of all of them, purchases, sizes, and what advice saved."""

from collections.abc import Sequence
from typing import Annotated, Literal

from msgspec import Meta, Struct

from trimtab.assistants.answer import Answer, Cell, Table, coin, money, moneys, only, time_text
from trimtab.assistants.tool import Tool, by_ask
from trimtab.assistants.words import Team, Text
from trimtab.client.advice import AdviceCalls
from trimtab.client.api import Client
from trimtab.client.purchases import Purchases


class Arguments(Struct, frozen=True, forbid_unknown_fields=True):
    """Which advice."""

    ask: Annotated[
        Literal["plan", "findings", "purchases", "savings"],
        Meta(
            description="plan: the best set of actions together, with what each adds and the coming invoices. findings:"
            " single findings, filtered, with evidence and fix. purchases: commitments to buy, and held ones with their"
            " use. savings: what accepted advice saved."
        ),
    ] = "findings"
    owner: Team = ""
    check: Annotated[Text, Meta(description="Id of a check, as findings name it.")] = ""
    kind: Annotated[Text, Meta(description="Kind of resource, such as endpoint, instance, volume, gpu.")] = ""
    pillar: Annotated[
        Literal["", "cost_optimizing", "performance", "fault_tolerance", "security", "service_limits",
                "operational_excellence"],
        Meta(description="Of findings: about what."),
    ] = ""  # fmt: skip
    text: Annotated[Text, Meta(description="Part of a resource's name or of the summary.")] = ""


def _findings(client: Client, asked: Arguments) -> Answer:
    given = {"owner": asked.owner, "check": asked.check, "kind": asked.kind, "pillar": asked.pillar, "text": asked.text}
    found = AdviceCalls(client).listed(limit="100", **{name: value for name, value in given.items() if value})
    rows: list[Sequence[Cell]] = [
        (one.id, one.check, one.name, one.kind, one.owner, one.summary, one.currency, money(one.cash),
         round(one.gpu_hours, 1), one.confidence, one.action, one.decision)
        for one in found.advice
    ]  # fmt: skip
    columns = ("id", "check", "resource", "kind", "owner", "summary", "currency", "saves_a_month", "frees_gpu_hours",
               "confidence", "action", "decision")  # fmt: skip
    return Answer(
        page="/advice",
        total={"findings": found.total},
        currency=only(one.currency for one in found.advice if one.currency),
        basis="what each finding adds in the plan of all, off the next invoice a month; null is not known",
        tables=[
            Table(
                name="findings",
                columns=columns,
                rows=rows,
                sums=("saves_a_month",),
                more=max(found.total - len(found.advice), 0),
            )
        ],
        notes=["A finding is accepted or dismissed by a person on its page: /advice/{id}."],
    )


def _plan(client: Client, asked: Arguments) -> Answer:
    every = AdviceCalls(client).every_plan()
    rows: list[Sequence[Cell]] = []
    invoices: list[Sequence[Cell]] = []
    total = {}
    for plan in every.plans:
        rows += [
            (one.verb, ", ".join(one.names[:4]), len(one.names), one.owner, plan.currency, money(one.adds),
             money(one.low), money(one.high), one.cash_from)
            for one in plan.rows if one.chosen and asked.owner in ("", one.owner)
        ]  # fmt: skip
        invoices += [(one.month, plan.currency, money(one.before), money(one.after)) for one in plan.invoices]
        total[coin(plan.currency)] = {
            "saves_a_month": money(plan.total),
            "low": money(plan.low),
            "high": money(plan.high),
            "invoice_a_month_without": money(plan.billed),
        }
    return Answer(
        page="/advice",
        total=total,
        currency=only(total),
        basis="the best set of actions, replayed together on the bill; rows add up to the total",
        tables=[
            Table(
                name="actions",
                columns=("verb", "on", "resources", "owner", "currency", "adds_a_month", "low", "high", "cash_from"),
                rows=rows,
                sums=("adds_a_month",),
            ),
            Table(name="invoices", columns=("month", "currency", "without", "with"), rows=invoices),
        ],
    )


def _purchases(client: Client, asked: Arguments) -> Answer:
    plan = Purchases(client).latest()
    answer = plan.answer
    if answer is None:
        return Answer(page="/purchase-plan", total={}, facts={"problem": plan.problem}, basis="purchase plan")
    bought: list[Sequence[Cell]] = [
        (one.kind, one.scope, one.years, one.payment, one.amount, money(one.hourly), money(one.saving),
         time_text(one.start_ms))
        for one in answer.bought
    ]  # fmt: skip
    held: list[Sequence[Cell]] = [
        (one.id, one.kind, one.scope, money(one.hourly), one.used, money(one.unused), time_text(one.end_ms))
        for one in sorted(answer.held, key=lambda one: -one.unused)
    ]
    expected = answer.outcomes.get("expected")
    return Answer(
        page="/purchase-plan",
        total={
            "saves_a_month": money(expected.saving) if expected else None,
            "unused_commitments_a_month": money(sum(one.unused for one in answer.held)),
        },
        currency=answer.currency,
        basis="simulated over forecast use, expected outcome, a month of 730 hours",
        period=(answer.start_ms, answer.end_ms),
        tables=[
            Table(
                name="to_buy",
                columns=("kind", "for", "years", "payment", "amount", "hourly", "saves_a_month", "starts"),
                rows=bought,
                sums=("saves_a_month",),
            ),
            Table(
                name="held",
                columns=("id", "kind", "for", "hourly", "used_share", "unused_a_month", "ends"),
                rows=held,
                sums=("unused_a_month",),
            ),
        ],
        facts={"how": answer.how, "notes": answer.notes[:3]},
    )


def _savings(client: Client, asked: Arguments) -> Answer:
    found = AdviceCalls(client).savings()
    rows: list[Sequence[Cell]] = [
        (one.check, one.resource, one.owner, one.state, one.currency, money(one.predicted), money(one.realised),
         money(one.realised_total))
        for one in found.entries if asked.owner in ("", one.owner)
    ]  # fmt: skip
    return Answer(
        page="/savings",
        total={"saved_so_far": moneys(found.saved), "lines": len(rows)},
        currency=only(found.saved),
        basis="the bill since against what it would have been, moved by comparable resources",
        tables=[
            Table(
                name="ledger",
                columns=(
                    "check", "resource", "owner", "state", "currency", "predicted_a_month", "realised_a_month",
                    "so_far",
                ),
                rows=rows,
                sums=("so_far",),
            )
        ],
    )  # fmt: skip


_ASKS = {"findings": _findings, "plan": _plan, "purchases": _purchases, "savings": _savings}

TOOL = Tool(
    name="advice",
    title="What to buy, stop or fix",
    about="What to buy, stop, resize, delete or fix, and what it saves: findings with owner (idle, "
    "oversized, insecure, unreliable), the plan of all of them on the coming invoices, Savings Plans and reservations "
    "to buy or that stand unused, and what accepted advice saved.",
    arguments=Arguments,
    run=by_ask(_ASKS),
)
