"""Every rung that may be bought as a column: each option at each start of the ladder, and what may end together."""

from collections.abc import Hashable
from decimal import ROUND_DOWN, Decimal
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.advice.purchases.ladder import Ladder, end_of, month_of
from trimtab.advice.purchases.model import NANO, Floats, Holdings, Ints, Plan, Reservation
from trimtab.advice.purchases.optimum import Limit
from trimtab.base.clock import iso
from trimtab.base.records import replace

_MILL = Decimal("0.001")
"""The step in which a commitment is bought, dollars an hour."""
_ALMOST_ONE = 0.999
"""Machines are whole: one more than the share may end together."""

_CLOSE = 1e-9
"""What a share such as a third may be off by in binary."""
_MOST_MILLS = 200
"""Mills that may be taken off to put rounding right: a few are."""

Places = npt.NDArray[np.intp]


class Rungs(Struct, frozen=True):
    """What may be bought: plans, then machines, each with its start and end; amounts are an array in that order.

    `groups` are the places of each option's rungs, by start; `together` those that end together.
    """

    plans: tuple[Plan, ...]
    machines: tuple[Reservation, ...]
    groups: tuple[Places, ...]
    ladder: Ladder
    together: tuple[Places, ...]

    @classmethod
    def of(cls, plans: tuple[Plan, ...], machines: tuple[Reservation, ...], ladder: Ladder) -> "Rungs":
        """The rungs of options. Machines that are offered until a date have that end, whatever the ladder says."""
        many = [tuple(_at(one, at, ladder) for at in ladder.starts_ms) or (one,) for one in plans]
        whole = [
            (one,)
            if one.end_ms or not ladder.starts_ms
            else tuple(_machine_at(one, at, ladder) for at in ladder.starts_ms)
            for one in machines
        ]
        sizes = [len(each) for each in (*many, *whole)]
        edges = np.cumsum([0, *sizes])
        groups = tuple(np.arange(first, last) for first, last in pairwise(edges))
        flat = [one for each in many for one in each]
        alike: dict[Hashable, list[int]] = {}
        for at, one in enumerate(flat):
            alike.setdefault(ladder.together(one.end_ms), []).append(at)
        together = tuple(np.array(places, dtype=np.intp) for places in alike.values()) if ladder.limited else ()
        return cls(tuple(flat), tuple(one for each in whole for one in each), groups, ladder, together)

    @property
    def every(self) -> tuple[Plan | Reservation, ...]:
        """All of them, in the order of amounts."""
        return (*self.plans, *self.machines)

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.plans) + len(self.machines)

    def of_plans(self, group: Places) -> bool:
        """Whether a group is of a plan."""
        return int(group[0]) < len(self.plans)

    def limits(self) -> list[Limit]:
        """The ladder as rows of a program: of all plans together, and of each offer of machines by itself."""
        share, found = self.ladder.share, []
        for places in self.together:
            factors = np.zeros(self.size)
            factors[: len(self.plans)] = -share
            factors[places] += 1.0
            found.append(Limit(factors, 0.0))
        for group in self.groups if self.ladder.limited else ():
            if not self.of_plans(group) and len(group) > 1:
                for at in group:
                    factors = np.zeros(self.size)
                    factors[group] = -share
                    factors[at] += 1.0
                    found.append(Limit(factors, _ALMOST_ONE))
        return found

    def allowed(self, amounts: Floats) -> bool:
        """Whether a ladder has such amounts, to a mill a rung."""
        return all(float(limit.factors @ amounts) <= limit.upper + 1e-3 for limit in self.limits())

    def spread(self, group: Places, amount: float) -> Floats:
        """An amount of one option: all of it at once, or in equal parts over the first starts that a ladder needs."""
        found = np.zeros(self.size)
        parts: dict[Hashable, int] = {}
        for at in group:
            if int(at) < len(self.plans):
                parts.setdefault(self.ladder.together(self.plans[at].end_ms), int(at))
        needed = int(np.ceil(1.0 / self.ladder.share - 1e-9)) if self.ladder.limited else 1
        places = list(parts.values())[:needed] or [int(group[0])]
        found[places] = amount / len(places)
        return found

    def commitments(self, amounts: Floats) -> list[Decimal]:
        """What is bought of each plan, in mills: rounded down, and by a mill more where rounding upset the ladder."""
        found = [milled(float(amount)) for amount in amounts[: len(self.plans)]]
        share = Decimal(repr(self.ladder.share + _CLOSE))
        for _ in range(_MOST_MILLS):
            whole = sum(found, Decimal(0))
            over = [places for places in self.together if sum(found[at] for at in places) > share * whole]
            if not over:
                break
            at = max((int(at) for at in over[0]), key=lambda place: found[place])
            found[at] -= _MILL
        return found

    def bought(self, amounts: Floats) -> Holdings:
        """Amounts as things that are held; those of nothing left out."""
        told = zip(self.plans, self.commitments(amounts), strict=True)
        plans = tuple(replace(one, commitment=commitment) for one, commitment in told if commitment > 0)
        counts = zip(self.machines, amounts[len(self.plans) :], strict=True)
        machines = tuple(replace(one, count=round(float(count))) for one, count in counts if round(float(count)) > 0)
        return Holdings(plans, machines)

    def pooled(self, amounts: Floats, active: npt.NDArray[np.bool_]) -> tuple[tuple[Plan, ...], Ints]:
        """The plans, one an option, with nano-dollars an hour of all its rungs together; `active[rung, hour]`."""
        nano = np.array([round(one * NANO) for one in self.commitments(amounts)], dtype=np.int64)
        groups = [group for group in self.groups if self.of_plans(group) and nano[group].any()]
        rows = [(active[group] * nano[group][:, None]).sum(axis=0) for group in groups]
        plans = tuple(self.plans[int(group[0])] for group in groups)
        return plans, np.array(rows, dtype=np.int64).reshape(len(rows), active.shape[1])


def milled(amount: float) -> Decimal:
    """An amount as it can be bought."""
    return Decimal(repr(amount)).quantize(_MILL, rounding=ROUND_DOWN)


def _at(one: Plan, start_ms: int, ladder: Ladder) -> Plan:
    return replace(one, id=one.id + _word(start_ms, ladder), start_ms=start_ms, end_ms=end_of(one, start_ms))


def _word(start_ms: int, ladder: Ladder) -> str:
    """What sets a rung apart, and stays as it is when the plan is made again the next night."""
    if start_ms <= ladder.starts_ms[0]:
        return ""
    month = month_of(start_ms)
    alone = sum(month_of(one) == month for one in ladder.starts_ms[1:]) == 1
    return f" from {month if alone else iso(start_ms)[:10]}"


def _machine_at(one: Reservation, start_ms: int, ladder: Ladder) -> Reservation:
    word, start_ms = _word(start_ms, ladder), max(start_ms, one.start_ms)
    return replace(one, id=one.id + word, start_ms=start_ms, end_ms=end_of(one, start_ms))
