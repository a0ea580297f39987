"""Choose machines for a batch job: the cheapest type × count × purchase option that meets deadline and budget.

On demand, n machines of r records a second take delay + work ÷ (n·r), and each is paid for all of that time (by the
second, a minute at least: EC2 user guide, "On-Demand Instance pricing"). On spot the job is replayed over recorded
availability from every start hour under rules that are chosen by what was known then, Uniform Progress among them;
cost is the mean over these starts, and a deadline is met where none was late.
"""

import math
from collections.abc import Iterable, Sequence
from decimal import ROUND_HALF_EVEN, Decimal

import numpy as np

from trimtab.base.errors import InvalidInput
from trimtab.batch.plan.model import ON_DEMAND, SPOT, Machine, Option, Plan, Work
from trimtab.batch.plan.tell import told
from trimtab.capacity.spot.choose import by_backtest, rules
from trimtab.capacity.spot.model import Job
from trimtab.capacity.spot.replay import starts_of

_CENT = Decimal("0.0001")
_SHORTEST_H = 1 / 60  # what is paid for at least
_SLACKS = 4  # spot: counts from the fewest that can be in time to so many times as many
_SPOT_COUNTS = 5
_MOST_STARTS = 400  # spot: starts that are replayed for each option
_QUANTILE = 0.95  # "at worst" of spot


def choose(work: Work, machines: Sequence[Machine], left_out: Sequence[str] = ()) -> Plan:
    """The plan. Raises InvalidInput where nothing is known of any machine."""
    if work.records <= 0:
        raise InvalidInput("cannot plan nothing: expected records above 0", field="records")
    if not machines:
        reasons = "; ".join(left_out) or "none was given and no recorded job names its machine type"
        raise InvalidInput(f"cannot plan: no machine's throughput and price are known ({reasons})")
    found = [option for one in machines for option in (*_on_demand(work, one), *_on_spot(work, one))]
    fitting = [one for one in found if one.fits]
    chosen = min(fitting, key=lambda one: (one.cost, one.hours, one.type), default=None)
    options = tuple(sorted(_worth_showing(found, chosen), key=lambda one: (not one.fits, one.cost, one.hours)))
    return Plan(chosen, options, told(work, machines, chosen, found), tuple(left_out))


def _on_demand(work: Work, machine: Machine) -> Iterable[Option]:
    alone_h = work.records / machine.records_per_s / 3600
    for count in range(1, work.most + 1):
        hours = work.delay_h + alone_h / count
        cost = machine.per_hour * Decimal(str(max(hours, _SHORTEST_H))) * count
        yield _option(work, machine, count, ON_DEMAND, (hours, hours), (cost, cost))


def _on_spot(work: Work, machine: Machine) -> Iterable[Option]:
    if machine.spot_per_hour is None or machine.available is None or work.deadline_h is None:
        return
    alone_h = work.records / machine.records_per_s / 3600
    least = math.ceil(alone_h / max(1e-9, work.deadline_h - 2 * work.delay_h - machine.available.gap_h))
    if least < 1 or least > work.most or work.deadline_h > machine.available.hours:
        return
    counts = np.unique(np.geomspace(least, min(work.most, _SLACKS * least), _SPOT_COUNTS).round().astype(int))
    share = float(machine.spot_per_hour / machine.per_hour)
    for count in counts.tolist():
        job = Job(alone_h / count, work.deadline_h, work.delay_h, share)
        yield _replayed(work, machine, count, job)


def _replayed(work: Work, machine: Machine, count: int, job: Job) -> Option:
    assert machine.available is not None  # noqa: S101  # the caller looked
    available = machine.available.of(count)
    starts = starts_of(available, job)
    starts = starts[:: max(1, len(starts) // _MOST_STARTS)]
    candidates = rules(job)
    chosen = by_backtest(available, job, starts, candidates)
    outcomes = chosen.outcomes
    per_hour = machine.per_hour * count
    ended = outcomes.end_h[~outcomes.late]
    hours = (float(ended.mean()), float(np.quantile(ended, _QUANTILE))) if len(ended) else (math.inf, math.inf)
    costs = (
        per_hour * Decimal(str(float(outcomes.cost.mean()))),
        per_hour * Decimal(str(float(np.quantile(outcomes.cost, _QUANTILE)))),
    )
    late = float(outcomes.late.mean())
    rule = chosen.rules[int(chosen.picks[-1])].name
    named = zip(chosen.rules[-3:], chosen.fixed[-3:], strict=True)
    by_rule = {rule.name: _money(per_hour * Decimal(str(float(cost)))) for rule, cost in named}
    return _option(work, machine, count, SPOT, hours, costs, rule=rule, late=late, starts=len(starts), by_rule=by_rule)


def _option(
    work: Work, machine: Machine, count: int, purchase: str, hours: tuple[float, float],
    costs: tuple[Decimal, Decimal], rule: str = "", late: float = 0.0, starts: int = 0,
    by_rule: dict[str, Decimal] | None = None,
) -> Option:  # fmt: skip
    in_time = work.deadline_h is None or (hours[0] <= work.deadline_h and late == 0)
    paid = work.budget is None or costs[1] <= work.budget
    return Option(
        machine.type, count, purchase, *hours, _money(costs[0]), _money(costs[1]), machine.currency, in_time, paid,
        rule, late, starts, by_rule or {},
    )  # fmt: skip


def _worth_showing(found: Sequence[Option], chosen: Option | None) -> list[Option]:
    """Of each type and purchase the cheapest and the fastest, the cheapest that fits, and what was chosen."""
    shown: dict[tuple[str, int, str], Option] = {}
    groups: dict[tuple[str, str], list[Option]] = {}
    for one in found:
        groups.setdefault((one.type, one.purchase), []).append(one)
    for several in groups.values():
        kept = [min(several, key=lambda one: one.cost), min(several, key=lambda one: one.hours)]
        kept += [min((one for one in several if one.fits), key=lambda one: one.cost, default=kept[0])]
        for one in kept:
            shown[one.type, one.count, one.purchase] = one
    if chosen is not None:
        shown[chosen.type, chosen.count, chosen.purchase] = chosen
    return list(shown.values())


def _money(amount: Decimal) -> Decimal:
    return amount.quantize(_CENT, ROUND_HALF_EVEN)
