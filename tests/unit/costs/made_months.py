"""Bills of made-up organisations, month by month, as a report shows them on any day: what closes a month is not there
before its close. Of a seed everything is the same.

An organisation has three to eight services with growth, noise, weekday shapes and now and then a new level; support by
AWS's tiers or a share (EUR), tax of 0 to 25 %, fees of the marketplace, credits that end in the year (a sum a month
that comes at the close, or a share of each day), refunds, and services that report a day or two late.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np

from trimtab.base.clock import ManualClock
from trimtab.costs.model import And, CostQuery, CostRow, Dimension, Filter, Granularity, Where
from trimtab.costs.outlook import Outlooks
from trimtab.costs.periods import month_start, next_month
from trimtab.timeseries.forecast.model import Forecast, Question
from trimtab.timeseries.forecast.predict import predict

DAY = 86_400_000
MONTHS = 15
START = int(datetime(2025, 1, 1, tzinfo=UTC).timestamp() * 1000)
_CLOSE_MS = 3 * DAY
_TAXES = (0.0, 0.05, 0.0825, 0.1, 0.19, 0.2, 0.25)
_PLANS = (
    (100.0, ((10_000, 0.10), (80_000, 0.07), (250_000, 0.05), (float("inf"), 0.03))),
    (15_000.0, ((150_000, 0.10), (500_000, 0.07), (1_000_000, 0.05), (float("inf"), 0.03))),
    (29.0, ((float("inf"), 0.03),)),
)


@dataclass(frozen=True)
class Charge:
    """An amount of a day, and when a report has it."""

    day: int
    record: str
    category: str
    service: str
    amount: float
    seen_ms: int


@dataclass
class Organisation:
    """A bill of `MONTHS` months from `START` on. `tax` and `plan` may be given, None for what the seed says."""

    seed: int
    scale: float | None = None
    tax: float | None = None
    plan: int | None = None
    currency: str = ""
    charges: list[Charge] = field(default_factory=list)

    def __post_init__(self) -> None:
        rng = np.random.default_rng(self.seed)
        self.starts = [START]
        for _ in range(MONTHS):
            self.starts.append(next_month(self.starts[-1]))
        days = (self.starts[-1] - START) // DAY
        scale = float(np.exp(rng.uniform(np.log(5_000), np.log(400_000))))
        scale = self.scale or scale
        self.currency = self.currency or ("EUR" if rng.random() < 0.3 else "USD")
        tax, plan = float(rng.choice(_TAXES)), int(rng.integers(0, 4)) - 1
        tax, plan = tax if self.tax is None else self.tax, plan if self.plan is None else self.plan
        services = self._services(rng, scale, days)
        fees = [
            (float(scale * rng.uniform(0.005, 0.05)), int(rng.choice((0, 0, 14)))) for _ in range(rng.integers(0, 4))
        ]
        credit, pool = str(rng.choice(("", "", "close", "daily"))), float(scale * rng.uniform(0.3, 1.5))
        share, taxes_net = float(rng.uniform(0.03, 0.12)), bool(rng.random() < 0.5)
        last_day = bool(rng.random() < 0.3)
        for at, start in enumerate(self.starts[:-1]):
            first, end = (start - START) // DAY, (self.starts[at + 1] - START) // DAY
            closes = self.starts[at + 1] + _CLOSE_MS
            dated = end - 1 if last_day else first
            use = sum(float(amounts[first:end].sum()) for amounts in services.values())
            paid = 0.0
            for number, (amount, day) in enumerate(fees):
                now = amount * (1.1 if at > 7 and number == 0 else 1.0)
                self._add(first + day, "Fee", "Purchase", f"Marketplace {number}", now, 0)
                paid += now
            off = 0.0
            if credit == "daily":
                for day in range(first, end):
                    part = min(pool, share * sum(float(amounts[day]) for amounts in services.values()))
                    pool, off = pool - part, off - part
                    self._add(day, "Credit", "Credit", "Credits", -part, 0)
            elif credit == "close":
                off = -min(pool, share * scale)
                pool += off
                self._add(dated, "Credit", "Credit", "Credits", off, closes)
            refund = -use * float(rng.uniform(0.002, 0.02)) if rng.random() < 0.3 else 0.0
            when = int(rng.integers(first, end))
            self._add(when, "Refund", "Credit", "EC2", refund, START + (when + 1) * DAY)
            support = _support(use, plan, in_dollars=self.currency == "USD")
            self._add(dated, "Fee", "Purchase", "AWS Support (Business)", support, closes)
            base = use + paid + support + (off if taxes_net else 0.0)
            self._add(dated, "Tax", "Tax", "EC2", tax * base, closes)

    def _services(self, rng: np.random.Generator, scale: float, days: int) -> dict[str, np.ndarray]:
        count = int(rng.integers(3, 9))
        weights = rng.dirichlet(np.full(count, 1.5))
        found, weekday = {}, (2 + np.arange(days)) % 7  # the first of 2025 was a Wednesday
        growth = float(rng.uniform(-0.02, 0.05))
        for number in range(count):
            weekend = float(rng.choice((1.0, 1.0, 0.7, 0.4)))
            noise = np.zeros(days)
            for day in range(1, days):
                noise[day] = 0.8 * noise[day - 1] + rng.normal(0, 0.02)
            level = np.exp(np.log1p(growth + rng.normal(0, 0.01)) * np.arange(days) / 30.4 + noise)
            if rng.random() < 0.25:
                level[int(rng.integers(60, days)) :] *= float(rng.uniform(0.7, 1.4))
            shape = np.where(weekday > 4, weekend, 1.0)
            amounts = scale / 30.4 * weights[number] * level * shape * np.exp(rng.normal(0, 0.03, days))
            late = int(rng.choice((0, 0, 0, 1, 2)))
            for day, amount in enumerate(amounts.tolist()):
                self._add(day, "Usage", "Usage", f"Service {number}", amount, START + (day + 1 + late) * DAY)
            found[f"Service {number}"] = amounts
        return found

    def _add(self, day: int, record: str, category: str, service: str, amount: float, seen_ms: int) -> None:
        if amount:
            self.charges.append(Charge(int(day), record, category, service, amount, seen_ms or START + (day + 1) * DAY))

    def came_to(self, month: int) -> float:
        """What the month that starts at `month` came to once it was closed."""
        first, end = (month - START) // DAY, (next_month(month) - START) // DAY
        return sum(one.amount for one in self.charges if first <= one.day < end)


def _support(use: float, plan: int, *, in_dollars: bool) -> float:
    if plan < 0:
        return 0.0
    if not in_dollars:
        return 0.06 * use
    least, tiers = _PLANS[plan]
    charge, below = 0.0, 0.0
    for bound, part in tiers:
        charge, below = charge + max(0.0, min(use, bound) - below) * part, bound
    return max(least, charge)


class MadeBill:
    """The reader of an organisation's bill as it was at a time."""

    def __init__(self, of: Organisation, seen_ms: int) -> None:
        self.currency = of.currency
        self.rows = [one for one in of.charges if one.seen_ms <= seen_ms]
        self.end_ms = START + (max(one.day for one in self.rows if one.record == "Usage") + 1) * DAY

    async def extent(self) -> tuple[int, int]:
        """From the first day to the last with use."""
        return START, self.end_ms

    async def costs(self, scope: Any, query: CostQuery) -> list[CostRow]:
        """Sums by day or in all, and by what the question groups by."""
        if self.currency not in _asked(query.where, self.currency):
            return []
        words = {Dimension.RECORD_TYPE: "record", Dimension.CHARGE_CATEGORY: "category", Dimension.SERVICE: "service"}
        sums: dict[tuple[int, tuple[str, ...]], float] = {}
        for one in self.rows:
            at = START + one.day * DAY
            if query.start_ms <= at < query.end_ms:
                keys = tuple(str(getattr(one, words[facet])) for facet in query.group_by)  # type: ignore[index]
                key = (at if query.granularity is Granularity.DAILY else query.start_ms, keys)
                sums[key] = sums.get(key, 0.0) + one.amount
        return [
            CostRow(at, at + DAY, keys, self.currency, "N/A", 1, (Decimal(f"{amount:.6f}"),))
            for (at, keys), amount in sorted(sums.items())
        ]


def _asked(where: Filter | None, else_: str) -> tuple[str, ...]:
    for part in where.parts if isinstance(where, And) else (where,):
        if isinstance(part, Where) and part.facet is Dimension.CURRENCY:
            return part.values
    return (else_,)


class Here:
    """A forecaster in this process."""

    async def predict(self, question: Question) -> Forecast:
        """The forecast."""
        return predict(question)


def outlooks_of(made: Organisation, month: int, day: int) -> Outlooks:
    """Forecasts as they are asked for in the morning after `day` days of the month that starts at `month`."""
    now = month + day * DAY + 6 * 3_600_000
    return Outlooks(MadeBill(made, now), Here(), ManualClock(now))  # type: ignore[arg-type]  # what is asked of them


def month_of(number: int) -> int:
    """The start of the month with a number from 0."""
    at = START
    for _ in range(number):
        at = next_month(at)
    return month_start(at)
