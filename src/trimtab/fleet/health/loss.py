"""GPU-hours and money that faults cost: what runs that they ended had not saved, and what was down afterwards. Pure.

lost       of a run whose checkpoints are known: its GPU-hours since the last one before the fault, until it was over
at most    of a run of which no checkpoint is known: its GPU-hours since its start. Never added to `lost`.
down       GPU-hours in which devices of the machine were down after a fatal fault

What a run lost to an earlier fault is not lost again. Hours are the ledger's, priced as the ledger prices them: of each
machine's day by part-milliseconds.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct, field

from trimtab.fleet.frame import DIGITS, Costed
from trimtab.fleet.health.fault import Fault, Severity
from trimtab.fleet.health.impact import ENDING, Holding, Impact
from trimtab.fleet.health.spans import Span, SpanIndex
from trimtab.fleet.model import DAY_MS, HOUR_MS, PARTS, State

DOWN_WITHIN_MS = 3_600_000
"""How long after a fault, or after the end of the run that it ended, a device that goes down went down by it."""
Amounts = dict[str, Decimal]
Rates = Mapping[tuple[str, int], Mapping[str, Decimal]]
"""By machine and day what a GPU-millisecond cost, by currency."""


class Hours(Struct, frozen=True):
    """GPU-hours, what they cost by currency, and how many of them have no price."""

    gpu_hours: float = 0.0
    amounts: Mapping[str, Decimal] = field(default_factory=dict)
    unpriced: float = 0.0

    def plus(self, other: "Hours") -> "Hours":
        """Both together."""
        sums: Amounts = dict(self.amounts)
        for currency, amount in other.amounts.items():
            sums[currency] = sums.get(currency, Decimal(0)) + amount
        return Hours(self.gpu_hours + other.gpu_hours, sums, self.unpriced + other.unpriced)


NO_HOURS = Hours()


class Harm(Struct, frozen=True, kw_only=True):
    """What a fault did to one holder, and what that cost. `lost` is None where no checkpoint is known (`at_most` then
    says the most that it can be) or where the impact carries no loss; `saved_ms` is the checkpoint.
    """

    impact: Impact
    lost: Hours | None = None
    at_most: Hours | None = None
    saved_ms: int | None = None


def rates_of(costed: Costed) -> Rates:
    """What a GPU-millisecond of each machine's day cost, from what the ledger says that its rows cost."""
    frame = costed.frame
    gpu_ms: dict[tuple[str, int], float] = defaultdict(float)
    priced = set(costed.row.tolist())
    for at, (machine, day, amount) in enumerate(
        zip(frame.machine.tolist(), frame.day.tolist(), frame.amount.tolist(), strict=True)
    ):
        if at in priced:
            gpu_ms[frame.machines[machine], day] += amount / PARTS
    sums: dict[tuple[str, int], Amounts] = defaultdict(dict)
    for at, currency, amount in zip(costed.row.tolist(), costed.currency, costed.amount, strict=True):
        mine = sums[frame.machines[int(frame.machine[at])], int(frame.day[at])]
        mine[currency] = mine.get(currency, Decimal(0)) + amount
    return {
        key: {currency: amount / Decimal(repr(gpu_ms[key])) for currency, amount in amounts.items()}
        for key, amounts in sums.items()
        if gpu_ms[key] > 0
    }


def hours_within(spans: Iterable[Span], start_ms: int, end_ms: int, rates: Rates) -> Hours:
    """What spans were within a range, and what it cost."""
    gpu_ms = unpriced = 0.0
    sums: Amounts = {}
    for span in spans:
        for day in range(max(span.start_ms, start_ms) // DAY_MS, -(-min(span.end_ms, end_ms) // DAY_MS)):
            part = span.gpu_ms(max(start_ms, day * DAY_MS), min(end_ms, (day + 1) * DAY_MS))
            if part <= 0:
                continue
            gpu_ms += part
            rate = rates.get((span.machine, day))
            if rate is None:
                unpriced += part
                continue
            for currency, each in rate.items():
                sums[currency] = sums.get(currency, Decimal(0)) + each * Decimal(repr(part))
    rounded = {currency: amount.quantize(DIGITS) for currency, amount in sums.items()}
    return Hours(gpu_ms / HOUR_MS, rounded, unpriced / HOUR_MS)


def harms_of(impacts: Sequence[Impact], spans: SpanIndex, holding: Holding, rates: Rates) -> list[Harm]:
    """What each impact cost; those that carry no loss of their own cost nothing."""
    found: list[Harm] = []
    over_ms: dict[str, int] = {}
    for impact in impacts:
        if not impact.counts or impact.effect not in ENDING or impact.ended_ms is None:
            found.append(Harm(impact=impact))
            continue
        told_ms = min(impact.fault.at_ms, impact.ended_ms)
        saved_ms = max((one for one in holding.told(impact.holder).saved_ms if one <= told_ms), default=None)
        since_ms = saved_ms if saved_ms is not None else impact.began_ms or 0
        since_ms = max(since_ms, over_ms.get(impact.holder, 0))
        over_ms[impact.holder] = impact.ended_ms
        hours = hours_within(spans.of_holder(impact.holder), since_ms, impact.ended_ms, rates)
        known = saved_ms is not None
        found.append(
            Harm(
                impact=impact,
                lost=hours if known else None,
                at_most=None if known else hours,
                saved_ms=saved_ms,
            )
        )
    return found


def downs_of(impacts: Sequence[Impact], spans: SpanIndex, rates: Rates, until_ms: int) -> dict[Fault, Hours]:
    """By fatal fault what was down after it: each time of being down belongs to the last fault before it."""
    ends: dict[str, list[tuple[int, int, Fault]]] = defaultdict(list)
    for impact in impacts:
        fault = impact.fault
        if fault.severity is Severity.FATAL:
            last_ms = max(fault.at_ms, impact.ended_ms or 0)
            ends[fault.machine].append((fault.since_ms, last_ms + DOWN_WITHIN_MS, fault))
    found: dict[Fault, Hours] = {}
    for machine, faults in sorted(ends.items()):
        for span in spans.of(machine, None):
            mine = [
                (since, fault)
                for since, last, fault in faults
                if span.state is State.DOWN and since <= span.start_ms <= last
            ]
            if mine:
                _, fault = max(mine, key=lambda pair: (pair[0], pair[1].device == span.device, -pair[1].at_ms))
                found[fault] = found.get(fault, NO_HOURS).plus(hours_within([span], 0, until_ms, rates))
    return found
