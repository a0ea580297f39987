"""What files ask for, priced: by job, together, against limits and budgets. Pure: of asks and of what a server said.

an hour        Σ GPUs that run at once × the price of a GPU-hour
all of it      Σ GPUs of one task × hours of its time limit × tasks × the price; only where there is a time limit
a budget       left = limit − spent; what is asked for until its period ends is compared with it
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct

from trimtab.client.budgets_wire import Budget
from trimtab.client.job_prices_wire import ExpectedWait, JobAsk, JobPrice
from trimtab.jobfiles.model import Ask, Reading
from trimtab.jobfiles.sums import Need, all_needs, gpus_by_type, needs_of

_HOUR_MS = 3_600_000
_HOUR_S = Decimal(3600)
_NO_FILTER = frozenset({"BudgetName", "TimeUnit", "BudgetType"})
NOT_ASKED = "no server was asked"

Amounts = Mapping[str, str]
"""Decimal text by currency."""


class PricedAsk(Struct, frozen=True, kw_only=True):
    """An ask with its price and wait. `gpus` are those held at once; null: the file does not tell, `unknown` says why.

    `cost` is of its whole time limit, of all tasks; empty where it has none. `unpriced` says what has no price.
    """

    file: str
    kind: str
    name: str | None
    replicas: int | None
    tasks: int
    gpus: float | None
    gpu_types: Mapping[str, float]
    choices: Sequence[str]
    other_accelerators: Mapping[str, float]
    team: str
    queue: str
    limit_s: int | None
    per_node: bool
    unknown: str
    per_hour: Amounts
    cost: Amounts
    priced_by: Sequence[str]
    unpriced: str
    wait: ExpectedWait | None
    wait_note: str


class BudgetLeft(Struct, frozen=True, kw_only=True):
    """What a budget has left, and what the files would take of it until its period ends; null: not known."""

    name: str
    unit: str
    limit: str | None
    spent: str | None
    left: str | None
    asked: str | None
    ends_ms: int | None
    over: bool
    problem: str


class Limit(Struct, frozen=True):
    """A limit that was given, what there is of it, and whether it is passed. `value` "": it cannot be told."""

    what: str
    limit: str
    value: str
    over: bool


class PriceReport(Struct, frozen=True, kw_only=True):
    """Everything that was asked and found. `before` is of the files as they were, where a change is priced.

    Of an ask with several choices the first counts, for GPUs and for money.
    """

    asks: Sequence[PricedAsk]
    before: Sequence[PricedAsk]
    gpus: float
    gpus_before: float
    gpu_types: Mapping[str, float]
    per_hour: Amounts
    per_hour_before: Amounts
    budgets: Sequence[BudgetLeft]
    limits: Sequence[Limit]
    problems: Sequence[str]
    is_change: bool

    @property
    def over(self) -> bool:
        """Whether a limit or a budget is passed."""
        return any(one.over for one in self.limits) or any(one.over for one in self.budgets)


class Limits(Struct, frozen=True):
    """Limits that a check of changes is given; None: there is none."""

    gpus: float | None = None
    per_hour: Decimal | None = None
    cost: Decimal | None = None


def asked(needs: Sequence[Need], team: str, queue: str, cluster: str) -> list[JobAsk]:
    """What a server is asked of needs; options fill in what files do not tell."""
    return [
        JobAsk(
            gpus=need.gpus,
            gpu_type=need.hardware.gpu_type,
            instance_type=need.hardware.instance_type,
            queue=need.ask.queue or queue,
            team=team or need.ask.team,
            cluster=need.ask.cluster or cluster,
        )
        for need in needs
    ]


def report_of(
    after: Sequence[Reading],
    before: Sequence[Reading] | None,
    prices: Mapping[str, Sequence[JobPrice]],
    budgets: Sequence[Budget],
    limits: Limits,
    now_ms: int,
) -> PriceReport:
    """The report. `prices` are of all needs of the readings `after` and `before`, in order; empty where not asked."""
    now_asks = _priced([ask for one in after for ask in one.asks], prices.get("after", ()))
    old_asks = _priced([ask for one in before or () for ask in one.asks], prices.get("before", ()))
    per_hour, per_hour_before = _total(now_asks), _total(old_asks)
    types, types_before = (
        gpus_by_type(all_needs(ask for one in readings for ask in one.asks)) for readings in (after, before or ())
    )
    gpus, gpus_before = sum(types.values()), sum(types_before.values())
    return PriceReport(
        asks=now_asks,
        before=old_asks,
        gpus=gpus,
        gpus_before=gpus_before,
        gpu_types=types,
        per_hour=per_hour,
        per_hour_before=per_hour_before,
        budgets=[_left(one, now_asks, old_asks, now_ms) for one in budgets],
        limits=_judged(limits, now_asks, gpus, per_hour),
        problems=[line for one in after for line in one.problems],
        is_change=before is not None,
    )


def _priced(asks: Sequence[Ask], prices: Sequence[JobPrice]) -> list[PricedAsk]:
    left = list(prices)
    found = []
    for ask in asks:
        needs = needs_of(ask)
        found.append(_priced_ask(ask, needs, left[: len(needs)]))
        del left[: len(needs)]
    return found


def _priced_ask(ask: Ask, needs: Sequence[Need], prices: Sequence[JobPrice]) -> PricedAsk:
    hourly: dict[str, Decimal] = {}
    missing = [] if prices or not needs else [NOT_ASKED]
    for need, price in zip(needs, prices, strict=False):
        if price.per_gpu_hour is None:
            missing.append(price.note)
        else:
            hour = Decimal(price.per_gpu_hour) * Decimal(f"{need.gpus:g}")
            hourly[price.currency] = hourly.get(price.currency, Decimal(0)) + hour
    waits = [one.wait for one in prices if one.wait is not None]
    whole: dict[str, str] = {}
    if ask.seconds is not None and not ask.why_unknown:
        hours = Decimal(ask.tasks * ask.seconds) / ask.together / _HOUR_S
        whole = {currency: _text(amount * hours) for currency, amount in hourly.items()}
    gpus = ask.gpus if not ask.choices else None
    return PricedAsk(
        file=ask.file,
        kind=ask.kind,
        name=ask.name,
        replicas=ask.replicas,
        tasks=ask.tasks,
        gpus=gpus * ask.together if gpus is not None else None,
        gpu_types=gpus_by_type(needs) if not ask.choices else {},
        choices=[f"{one.hardware.gpu_type or one.hardware.instance_type}:{one.gpus_each:g}" for one in ask.choices],
        other_accelerators=ask.total("others"),
        team=ask.team,
        queue=ask.queue,
        limit_s=ask.seconds,
        per_node=ask.per_node,
        unknown=ask.why_unknown,
        per_hour={currency: _text(amount) for currency, amount in hourly.items()},
        cost=whole,
        priced_by=list(dict.fromkeys(one.basis for one in prices if one.per_gpu_hour is not None)),
        unpriced="; ".join(dict.fromkeys(missing)),
        wait=max(waits, key=lambda one: one.median_s, default=None),
        wait_note=next((one.wait_note for one in prices if one.wait is None), "") if not waits else "",
    )


def _total(asks: Sequence[PricedAsk], of: str = "per_hour") -> dict[str, str]:
    sums: dict[str, Decimal] = {}
    for ask in asks:
        for currency, amount in getattr(ask, of).items():
            sums[currency] = sums.get(currency, Decimal(0)) + Decimal(amount)
    return {currency: _text(amount) for currency, amount in sums.items()}


def _judged(limits: Limits, asks: Sequence[PricedAsk], gpus: float, per_hour: Amounts) -> list[Limit]:
    """The limits. What is not known passes none, and is told to be not known."""
    found = []
    if limits.gpus is not None:
        unknown = any(ask.gpus is None and not ask.choices for ask in asks)
        found.append(
            Limit("GPUs at once", f"{limits.gpus:g}", f"{gpus:g}{' or more' if unknown else ''}", gpus > limits.gpus)
        )
    totals = {"an hour": (limits.per_hour, per_hour), "by time limits": (limits.cost, _total(asks, "cost"))}
    for what, (limit, amounts) in totals.items():
        if limit is None:
            continue
        total = sum((Decimal(amount) for amount in amounts.values()), Decimal(0))
        value = " + ".join(f"{amount} {currency}" for currency, amount in amounts.items())
        found.append(Limit(what, f"{limit:f}", value if len(amounts) <= 1 else f"{value} (added up)", total > limit))
    return found


def _left(budget: Budget, after: Sequence[PricedAsk], before: Sequence[PricedAsk], now_ms: int) -> BudgetLeft:
    """What a budget has left, beside what the files take more of it than before, until its period ends."""
    spent = budget.actual
    known = budget.limit is not None and spent is not None
    left = Decimal(budget.limit or 0) - Decimal(spent or 0) if known else None
    ends = budget.period_end_ms
    asked_for = (
        None if ends is None else _until(after, budget.unit, ends - now_ms) - _until(before, budget.unit, ends - now_ms)
    )
    return BudgetLeft(
        name=budget.name,
        unit=budget.unit,
        limit=budget.limit,
        spent=spent,
        left=None if left is None else _text(left),
        asked=None if asked_for is None else _text(asked_for),
        ends_ms=ends,
        over=left is not None and asked_for is not None and asked_for > 0 and asked_for > left,
        problem=budget.problem,
    )


def _until(asks: Sequence[PricedAsk], currency: str, left_ms: int) -> Decimal:
    """What asks cost in a time: jobs their whole, or as much of it as the time has; all else the whole time."""
    total = Decimal(0)
    left_hours = Decimal(max(left_ms, 0)) / _HOUR_MS
    for ask in asks:
        rest = Decimal(ask.per_hour.get(currency, "0")) * left_hours
        total += min(Decimal(ask.cost[currency]), rest) if currency in ask.cost else rest
    return total


def fits(budget: Budget, teams: Sequence[str]) -> bool:
    """Whether a budget sums one of some teams: its filter names the team's value of a tag."""
    wanted = {team for team in teams if team}
    values = set(_strings(budget.definition))
    return bool(wanted & {value.rpartition("$")[2] for value in values})


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [
            text
            for key, one in value.items()
            if key not in ("BudgetName", "TimeUnit", "BudgetType")
            for text in _strings(one)
        ]
    return [text for one in value for text in _strings(one)] if isinstance(value, list | tuple) else []


def _text(amount: Decimal) -> str:
    return f"{amount:.4f}"
