"""What the bill says: sums, why they changed, how the month will close, what is too dear, and budgets."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Annotated, Literal

from msgspec import Meta, Struct

from trimtab.assistants.answer import Answer, Cell, Table, amount_of, coin, money, moneys, only, time_text
from trimtab.assistants.tool import Parts, Tool, by_ask
from trimtab.assistants.words import End, Start
from trimtab.client.api import Client
from trimtab.client.budgets import Budgets
from trimtab.client.cost_anomalies import CostAnomalies
from trimtab.client.cost_anomalies_wire import Happening
from trimtab.client.cost_explorer import Asked, CostExplorer
from trimtab.client.live_costs import LiveCosts

_LOOKED_AROUND = 3
"""The dearest anomalies for which it is told what happened when they began."""
_SHOWN_AROUND = 5
_DAY_MS = 86_400_000
_FEWEST_DAYS = 3
"""Of fewer days than these of a month nobody asks why they cost more."""
_SAYS = Annotated[str, Meta(max_length=400)]


class Arguments(Struct, frozen=True, forbid_unknown_fields=True):
    """What is asked of the bill."""

    ask: Annotated[
        Literal["spend", "why", "forecast", "anomalies", "budgets", "today"],
        Meta(
            description="spend: sums by `by`. why: what changed against the time before, and the drivers. forecast: how"
            " the month closes. anomalies: what costs too much, with causes and who changed what then. budgets: limits"
            " and how they stand. today: days that are not billed yet, estimated."
        ),
    ] = "spend"
    by: Annotated[
        str,
        Meta(
            max_length=200,
            description="service, linked_account, region, instance_type, usage_type, purchase_type, charge_type,"
            " resource_id, tag:KEY (tag:team for teams), category:NAME; of today: owner, service, account.",
        ),
    ] = "service"
    start: Start = ""
    end: End = ""
    filter: Annotated[
        list[_SAYS], Meta(max_length=10, description='Such as ["service=AmazonEC2", "tag:team=search", "region!=x"].')
    ] = []
    before_start: Annotated[Start, Meta(description="Of why: what to compare with; default the same time before.")] = ""
    before_end: End = ""


def _spend(client: Client, asked: Arguments) -> Answer:
    question = Asked(asked.start or None, asked.end or None, (asked.by,), tuple(asked.filter))
    table = CostExplorer(client).costs(question, metric="amortized", granularity="total")
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for cell in table.cells:
        sums[", ".join(cell.keys), cell.currency] += Decimal(cell.amount)
    rows = [(name or None, currency, money(value)) for (name, currency), value in _largest_first(sums)]
    return Answer(
        page="/costs",
        total={"cost": moneys(table.totals)},
        currency=only(table.totals),
        basis="amortised cost on the imported bill",
        period=(table.start_ms, table.end_ms),
        tables=[Table(name="by", columns=("group", "currency", "cost"), rows=rows, sums=("cost",))],
    )


def _largest_first(sums: dict[tuple[str, str], Decimal]) -> list[tuple[tuple[str, str], Decimal]]:
    return sorted(sums.items(), key=lambda item: (-abs(item[1]), item[0]))


def _why(client: Client, asked: Arguments) -> Answer:
    question = Asked(asked.start or None, asked.end or None, (), tuple(asked.filter))
    baseline = (asked.before_start, asked.before_end) if asked.before_start and asked.before_end else None
    if not asked.start:
        question = Asked(*_last_months(client), (), tuple(asked.filter))
    found = CostExplorer(client).drivers(question, baseline=baseline, limit=30)
    rows: list[Sequence[Cell]] = []
    for change in found.changes:
        for one in change.drivers:
            parts = max(one.parts.items(), key=lambda part: abs(Decimal(part[1])), default=("", "0"))
            difference = money(Decimal(one.after) - Decimal(one.before))
            rows.append(
                (one.title, one.text, change.currency, money(one.before), money(one.after), difference, parts[0])
            )
    total = {
        coin(change.currency): {"before": money(change.before), "after": money(change.after),
                          "difference": money(Decimal(change.after) - Decimal(change.before)),
                          "parts": moneys(change.parts), "drivers_left_out": change.more}
        for change in found.changes
    }  # fmt: skip
    columns = ("driver", "says", "currency", "before", "after", "difference", "mostly_by")
    return Answer(
        page="/costs",
        total={"change": total},
        currency=only(total),
        basis="amortised cost on the bill; parts (quantity, price, mix, new, gone, other) add up to the difference",
        period=(found.start_ms, found.end_ms),
        facts={"compared_with": [time_text(found.baseline_start_ms), time_text(found.baseline_end_ms)]},
        tables=[Table(name="drivers", columns=columns, rows=rows, sums=("difference",))],
    )


def _last_months(client: Client) -> tuple[str | None, str | None]:
    """The month in which the bill ends, so far: what people mean by a rise."""
    forecast = CostExplorer(client).forecast()
    if forecast.closing is None:
        return None, None
    start_ms, end_ms = month_to_explain(forecast.closing.start_ms, forecast.known_until_ms)
    return str(start_ms), str(end_ms)


def month_to_explain(start_ms: int, known_until_ms: int) -> tuple[int, int]:
    """A month as far as its bill goes, of which few days say nothing: then the month before it, whole."""
    if known_until_ms - start_ms >= _FEWEST_DAYS * _DAY_MS:
        return start_ms, known_until_ms
    last_day = datetime.fromtimestamp(start_ms / 1000, UTC) - timedelta(days=1)
    return int(last_day.replace(day=1).timestamp() * 1000), start_ms


def _forecast(client: Client, asked: Arguments) -> Answer:
    question = Asked(asked.start or None, asked.end or None, (), tuple(asked.filter))
    found = CostExplorer(client).forecast(question)
    closing = found.closing
    months = [
        (time_text(one.start_ms), money(one.known), money(one.mean), money(one.lower), money(one.upper))
        for one in found.periods
    ]
    lines: list[Sequence[Cell]] = []
    total: dict[str, object] = {"expected": money(found.total.mean)}
    if closing is not None:
        lines = [
            (one.name, money(one.so_far), money(one.expected), money(one.lower), money(one.upper), one.why)
            for one in closing.lines
        ]
        total = {"month_closes_at": money(closing.expected), "lower": money(closing.lower),
                 "upper": money(closing.upper), "so_far": money(closing.known)}  # fmt: skip
    return Answer(
        page="/costs?tab=forecast",
        total=total,
        currency=found.currency,
        basis="unblended cost on the bill and its forecast; 80 % of outcomes lie between lower and upper",
        period=(closing.start_ms, closing.end_ms) if closing else (found.total.start_ms, found.total.end_ms),
        facts={
            "past_error": closing.error if closing else found.error,
            "bill_known_until": time_text(found.known_until_ms),
            "note": closing.note if closing else found.note,
        },
        tables=[
            Table(name="months", columns=("month", "known", "expected", "lower", "upper"), rows=months),
            Table(
                name="lines",
                columns=("line", "so_far", "expected", "lower", "upper", "why"),
                rows=lines,
                sums=("expected",),
            ),
        ],
    )


def _anomalies(client: Client, asked: Arguments) -> Answer:
    found = CostAnomalies(client).listed(start=asked.start, end=asked.end)
    sums: dict[str, Decimal] = defaultdict(Decimal)
    rows: list[Sequence[Cell]] = []
    for one in found.anomalies:
        sums[one.currency] += Decimal(one.impact)
        place = one.place
        where = ", ".join(
            part for part in (place.service, place.account, place.region, place.usage_type, place.resource) if part
        )
        causes = "; ".join(f"{c.service} {c.usage_type} {c.account_name or c.account}" for c in one.causes[:2])
        rows.append((one.id, where or one.value, one.kind, one.open, time_text(one.start_ms), one.currency,
                     money(one.impact), money(one.actual), money(one.expected), causes))  # fmt: skip
    parts, around = Parts(), []
    for one in sorted(found.anomalies, key=lambda one: -abs(Decimal(one.impact)))[:_LOOKED_AROUND]:
        nothing: list[Happening] = []
        happened = parts.of("what happened around it", partial(_around, client, one.id), nothing)
        around += [
            (one.id, time_text(h.at_ms), h.sort, h.who, h.title, ", ".join(h.about)) for h in happened[:_SHOWN_AROUND]
        ]
    columns = ("id", "where", "kind", "goes_on", "since", "currency", "impact", "actual", "expected", "causes")
    return Answer(
        page="/cost-anomalies",
        total={"incidents": len(rows), "impact": moneys(sums)},
        currency=only(sums),
        basis="days of the bill against what their own past makes expect; each incident once",
        notes=parts.notes,
        tables=[
            Table(name="anomalies", columns=columns, rows=rows, sums=("impact",)),
            Table(
                name="happened_around",
                columns=("anomaly", "at", "sort", "who", "what", "about"),
                rows=around,
            ),
        ],
        facts={"problem": found.problem} if found.problem else {},
    )


def _around(client: Client, id_: str) -> list[Happening]:
    """Deploys, changes and runs when an anomaly began, that have something in common with it."""
    return CostAnomalies(client).one(id_).around


def _budgets(client: Client, asked: Arguments) -> Answer:
    found = Budgets(client).listed()
    rows = [
        (one.name, one.state, one.unit, money(one.actual), money(one.forecast), money(one.limit),
         _ratio(one.actual, one.limit), one.time_unit.lower(), one.problem)
        for one in found
    ]  # fmt: skip
    columns = ("budget", "state", "unit", "actual", "forecast", "limit", "used_share", "time_unit", "problem")
    return Answer(
        page="/budgets",
        total={"budgets": len(found), "in_alarm": sum(one.state == "ALARM" for one in found)},
        basis="spent so far with the live estimate of days that are not billed, against the limit",
        currency=only(one.unit for one in found if one.type == "COST"),
        tables=[Table(name="budgets", columns=columns, rows=rows)],
    )


def _today(client: Client, asked: Arguments) -> Answer:
    by = asked.by if asked.by in ("owner", "service", "account") else "owner"
    found = LiveCosts(client).estimate(by, filters=tuple(asked.filter))
    rows = [(one.name, one.currency, money(one.today), money(one.open_days), one.error) for one in found.groups]
    return Answer(
        page="/costs",
        total={
            "not_billed_yet": moneys({one.currency: one.open_days for one in found.total}),
            "today": moneys({one.currency: one.today for one in found.total}),
        },
        currency=only({one.currency for one in found.total}),
        basis="estimate from meters and the last bill's rates; the bill may differ by the usual error of a day",
        period=(found.billed_until_ms, found.at_ms),
        tables=[
            Table(
                name="by",
                columns=("group", "currency", "today", "not_billed_yet", "usual_error"),
                rows=rows,
                sums=("today", "not_billed_yet"),
            )
        ],
        facts={"missing": found.missing} if found.missing else {},
    )


def _ratio(part: str | None, whole: str | None) -> float | None:
    most = amount_of(whole)
    least = amount_of(part)
    return float(least / most) if most and least is not None else None


_ASKS = {
    "spend": _spend,
    "why": _why,
    "forecast": _forecast,
    "anomalies": _anomalies,
    "budgets": _budgets,
    "today": _today,
}

TOOL = Tool(
    name="costs",
    title="The bill",
    about="What the bill says: spend by team, service, account or tag, why it rose or fell, how the month will close, "
    "cost anomalies, budgets, and what today costs. Amounts of different currencies are never added.",
    arguments=Arguments,
    run=by_ask(_ASKS),
)
