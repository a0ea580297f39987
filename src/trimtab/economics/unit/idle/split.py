"""Idle dollars by cause: each holder's idle cost goes to what explains it, rule by rule; the rest says so. Pure."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

import numpy as np
from msgspec import Struct

from trimtab.economics.shared.model import Use
from trimtab.economics.unit.idle.data_stall import data_stall
from trimtab.economics.unit.idle.forgotten_notebook import forgotten_notebook
from trimtab.economics.unit.idle.model import BUSY_FROM, Cause, Explained, Holding, IdleRow
from trimtab.economics.unit.idle.never_used import never_used
from trimtab.economics.unit.idle.over_minimum import over_minimum
from trimtab.economics.unit.idle.post_run_tail import post_run_tail
from trimtab.economics.unit.idle.queue_empty import empty_hours
from trimtab.economics.unit.model import ZERO, Ledger, Slice

RULES: Sequence[Callable[[Holding], Explained | None]] = (
    never_used,
    post_run_tail,
    forgotten_notebook,
    over_minimum,
    data_stall,
)
"""The rules of holders in order: an hour that one explains is no other's."""
_DIGITS = Decimal("0.000001")


class IdleReport(Struct, frozen=True):
    """Every idle dollar. `rows` add up to `total` by currency.

    Beside it: `down` is what GPUs cost that were broken or drained, `partly` what was lost of GPUs at work (5 % and
    more) that did less than they can, where no rule knows why.
    """

    rows: tuple[IdleRow, ...]
    total: Mapping[str, Decimal]
    down: Mapping[str, Decimal]
    partly: Mapping[str, Decimal]
    gpu_hours: float

    def by_cause(self) -> list[tuple[Cause, str, Decimal, float]]:
        """(cause, currency, cost, GPU-hours), the most first and the unexplained last."""
        sums: dict[tuple[Cause, str], list[Decimal]] = defaultdict(lambda: [ZERO])
        hours: dict[tuple[Cause, str], float] = defaultdict(float)
        for one in self.rows:
            sums[one.cause, one.currency][0] += one.cost
            hours[one.cause, one.currency] += one.gpu_hours
        order = sorted(sums, key=lambda key: (key[0] is Cause.UNEXPLAINED, -sums[key][0], key[0].value))
        return [(*key, sums[key][0], hours[key]) for key in order]

    @property
    def unexplained_share(self) -> float | None:
        """The share of idle dollars without a cause; None where nothing idled."""
        whole = sum(self.total.values(), ZERO)
        left = sum((one.cost for one in self.rows if one.cause is Cause.UNEXPLAINED), ZERO)
        return float(left / whole) if whole else None


def split_idle(ledger: Ledger, holdings: Mapping[str, Holding]) -> IdleReport:
    """The idle slices of a ledger by cause."""
    rows: list[IdleRow] = []
    idle: dict[tuple[str, str], list[Slice]] = defaultdict(list)
    free: dict[tuple[str, str], list[Slice]] = defaultdict(list)
    down: dict[str, Decimal] = defaultdict(Decimal)
    for one in ledger.slices:
        if one.use is Use.IDLE:
            idle[one.holder, one.currency].append(one)
        elif one.use is Use.UNALLOCATED:
            free[ledger.cluster_of(one), one.currency].append(one)
        elif one.use is Use.DOWN:
            down[one.currency] += one.cost
    for (name, currency), slices in idle.items():
        rows += _of_holder(ledger, name, currency, slices, holdings.get(name))
    for (cluster, currency), slices in free.items():
        rows += _of_free(ledger, cluster, currency, slices)
    total: dict[str, Decimal] = defaultdict(Decimal)
    partly: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        sums = partly if row.cause is Cause.PARTLY_ACTIVE else total
        sums[row.currency] += row.cost
    idled = [row for row in rows if row.cause is not Cause.PARTLY_ACTIVE]
    order = tuple(sorted(idled, key=lambda row: (-row.cost, row.holder, row.cause.value)))
    return IdleReport(order, dict(total), dict(down), dict(partly), sum(row.gpu_hours for row in idled))


def _of_holder(
    ledger: Ledger, name: str, currency: str, slices: Sequence[Slice], holding: Holding | None
) -> list[IdleRow]:
    cost, hours = sum((one.cost for one in slices), ZERO), sum(one.gpu_hours for one in slices)
    run = ledger.holders.get(name)
    team, gpus = slices[0].team, run.gpus if run else 0.0
    rows, left_cost, left = [], cost, hours
    for rule in RULES if holding is not None else ():
        found = rule(holding) if holding is not None else None
        if found is None or left <= 0:
            continue
        mine = min(found.gpu_hours, left)
        part = (cost * Decimal(f"{mine / hours:.9f}")).quantize(_DIGITS) if mine < left else left_cost
        if part > 0:
            rows.append(IdleRow(found.cause, name, team, gpus, mine, part, currency, found.evidence))
            left_cost, left = left_cost - part, left - mine
    at_work = min(_at_work(holding) if holding is not None else 0.0, left)
    if at_work > 0 and left_cost > 0:
        part = (left_cost * Decimal(f"{at_work / left:.9f}")).quantize(_DIGITS) if at_work < left else left_cost
        said = "at work, and less than fully active"
        rows.append(IdleRow(Cause.PARTLY_ACTIVE, name, team, gpus, at_work, part, currency, said))
        left_cost, left = left_cost - part, left - at_work
    if left_cost > 0:
        why = (
            "no rule finds enough evidence"
            if holding is not None
            else "how busy its GPUs were is known on average only"
        )
        rows.append(IdleRow(Cause.UNEXPLAINED, name, team, gpus, left, left_cost, currency, why))
    return rows


def _at_work(one: Holding) -> float:
    """Idle GPU-hours of steps in which the GPU worked."""
    values = np.nan_to_num(one.activity.values)
    work = one.activity.seconds * (values >= BUSY_FROM) * ~np.isnan(one.activity.values)
    return float((work * (1 - values)).sum()) / 3600


def _of_free(ledger: Ledger, cluster: str, currency: str, slices: Sequence[Slice]) -> list[IdleRow]:
    """GPUs that nobody held: day by day, by whether runs waited."""
    account, _, name = cluster.partition("/")
    runs = [run for run in ledger.runs if (run.key.account, run.key.cluster) == (account, name)]
    costs: dict[Cause, Decimal] = defaultdict(Decimal)
    times: dict[Cause, float] = defaultdict(float)
    days = sorted({one.day_ms for one in slices})
    for day in days:
        share = empty_hours(runs, (account, name), day, min(day + 86_400_000, ledger.now_ms)) if runs else 0.0
        mine = [one for one in slices if one.day_ms == day]
        cost, hours = sum((one.cost for one in mine), ZERO), sum(one.gpu_hours for one in mine)
        empty = (cost * Decimal(f"{share:.9f}")).quantize(_DIGITS)
        for cause, part, time in (
            (Cause.QUEUE_EMPTY, empty, hours * share),
            (Cause.UNEXPLAINED, cost - empty, hours * (1 - share)),
        ):
            if part > 0:
                costs[cause] += part
                times[cause] += time
    said = {
        Cause.QUEUE_EMPTY: "free, and no run of the cluster waited",
        Cause.UNEXPLAINED: "free while runs waited" if runs else "free, and no scheduler says whether runs waited",
    }
    return [
        IdleRow(cause, f"{cluster} (free GPUs)", "", 0.0, times[cause], cost, currency, said[cause])
        for cause, cost in costs.items()
    ]
