"""What a run held and cost within a span: its rows of the fleet ledger, and why a price is unknown where one is.

cost = Σ over machines and days: cost of the machine's day × the run's part of the time that the machine existed
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np
from msgspec import Struct, field

from trimtab.fleet.frame import Costed
from trimtab.fleet.model import State, gpu_hours
from trimtab.inventory.catalog.model import PriceBasis


class Cost(Struct, frozen=True):
    """`amounts` are by currency (none where nothing is known); `bases` and `notes` say what they rest on.

    `unpriced_hours` are GPU-hours without a price; `reason` says why. `estimated` is the part of `amounts` that no bill
    has yet.
    """

    amounts: Mapping[str, Decimal]
    bases: tuple[PriceBasis, ...]
    notes: tuple[str, ...]
    unpriced_hours: float
    reason: str
    estimated: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def single(self) -> tuple[Decimal, str] | None:
        """The amount where all of it is known and in one currency."""
        if len(self.amounts) != 1 or self.unpriced_hours > 0:
            return None
        currency, amount = next(iter(self.amounts.items()))
        return amount, currency

    def part(self, share: float) -> Mapping[str, Decimal]:
        """A share of the amounts."""
        factor = Decimal(f"{share:.9f}")
        return {currency: amount * factor for currency, amount in self.amounts.items()}


NO_COST = Cost({}, (), (), 0.0, "")


class RunHours(Struct, frozen=True):
    """GPU-hours of a run: held, at work, held and not measured, and held on GPUs that nobody names."""

    held: float = 0.0
    active: float = 0.0
    unmeasured: float = 0.0
    assumed: float = 0.0
    cost: Cost = NO_COST

    @property
    def known(self) -> float:
        """Hours whose activity is known to be this run's."""
        return max(self.held - self.unmeasured, 0.0) if not self.assumed else 0.0


def hours_of(costed: Costed, names: Sequence[str]) -> dict[str, RunHours]:
    """By holder's name (those of `names` that held anything) its hours and what they cost."""
    frame, wanted = costed.frame, set(names)
    rows: dict[str, list[int]] = defaultdict(list)
    for at, (holder, state) in enumerate(zip(frame.holder.tolist(), frame.state.tolist(), strict=True)):
        if state == State.HELD and (name := frame.holders[holder]) in wanted:
            rows[name].append(at)
    entries: dict[int, list[int]] = defaultdict(list)
    for entry, at in enumerate(costed.row.tolist()):
        entries[at].append(entry)
    return {name: _hours(costed, mine, entries) for name, mine in rows.items()}


def _hours(costed: Costed, rows: Sequence[int], entries: Mapping[int, Sequence[int]]) -> RunHours:
    frame = costed.frame
    amounts: dict[str, Decimal] = defaultdict(Decimal)
    estimated: dict[str, Decimal] = defaultdict(Decimal)
    bases: dict[PriceBasis, None] = {}
    notes: dict[str, None] = {}
    reasons: dict[str, None] = {}
    unpriced = 0
    for at in rows:
        machine = frame.machines[frame.machine[at]]
        if costed.unpriced[at]:
            unpriced += int(frame.amount[at])
            reasons[costed.reasons.get(machine, "")] = None
        for entry in entries.get(at, ()):
            amounts[costed.currency[entry]] += costed.amount[entry]
            if costed.estimated[entry]:
                estimated[costed.currency[entry]] += costed.amount[entry]
            if (note := costed.notes.get(machine)) is not None:
                bases[note.basis] = None
                notes[note.note] = None
    mine = np.array(rows, np.int64)
    cost = Cost(dict(amounts), tuple(bases), tuple(notes), gpu_hours(unpriced), "; ".join(reasons), dict(estimated))
    return RunHours(
        gpu_hours(int(frame.amount[mine].sum())),
        gpu_hours(float(frame.active[mine].sum())),
        gpu_hours(float(np.maximum(frame.amount[mine] - frame.known[mine], 0.0).sum())),
        gpu_hours(int(frame.assumed[mine].sum())),
        cost,
    )
