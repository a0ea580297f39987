"""What a set of actions is worth: the invoice replayed hour by hour without it, less the invoice with it.

Commitments are applied again in the provider's order to the use that is left (`purchases/apply.py`): what a stopped
machine leaves of them covers other use, or nothing. Nothing is added up that was not replayed together.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from trimtab.advice.finding import HOURS_A_MONTH
from trimtab.advice.plan.books import Books, Part
from trimtab.advice.plan.model import ZERO, Action, Target
from trimtab.advice.purchases.apply import apply
from trimtab.advice.purchases.lines import family_of, units_of
from trimtab.advice.purchases.model import NANO, Floats, Holdings, Use, UseLine
from trimtab.advice.purchases.rates import Rates

_CENT = Decimal("0.01")
WEEK = 168
_REMEMBERED = 5000
"""Sets whose hours are remembered at most."""


@dataclass(frozen=True, slots=True)
class Worth:
    """What a set saves a month: expected, and as in the least and the most favourable week of the replay."""

    expected: Decimal
    low: Decimal
    high: Decimal

    def less(self, other: "Worth") -> "Worth":
        """This without the other, each outcome by itself."""
        return Worth(self.expected - other.expected, self.low - other.low, self.high - other.high)


NOTHING = Worth(ZERO, ZERO, ZERO)


class Evaluation:
    """The replay of one bill under any set of `actions`, which are named by their places."""

    def __init__(self, books: Books, actions: Sequence[Action], rates: Rates) -> None:
        self.books, self.actions = books, actions
        self._lines, self._places = _lines(books, actions)
        self.held = rates.rated(books.held, self._lines)
        self._rates = rates
        self.net = np.concatenate([books.net, np.array([books.net[at] for _, at in self._places.values()])])
        self._means = books.use.quantity.mean(axis=1)
        self._by_hour = frozenset(
            at for at, one in enumerate(actions) if not _is_shared(books.parts.get(one.machine, ()))
        )
        self._shares = self._shared()
        self._known: dict[frozenset[int], Floats] = {}

    @property
    def moved(self) -> list[tuple[int, int]]:
        """The lines of targets: the place of each, and of the line that it comes from."""
        return list(self._places.values())

    def use(self, chosen: Collection[int]) -> Use:
        """The use that is left when actions are taken."""
        base = self.books.use.quantity
        quantity = np.zeros((len(self._lines), self.books.use.hours))
        quantity[: len(base)] = base
        for number in sorted(self._by_hour.intersection(chosen)):
            one = self.actions[number]
            for at, mine in self.books.parts.get(one.machine, ()):
                goes = np.minimum(np.asarray(mine) * one.takes, quantity[at])
                quantity[at] -= goes
                if one.target is not None:
                    quantity[self._places[at, one.target][0]] += goes
        taken = np.zeros(len(self.actions), dtype=np.bool_)
        taken[list(chosen)] = True
        mine = self._shares[taken[self._shares["action"]]]
        for way in np.unique(mine[["line", "to"]]):
            share = mine["share"][(mine["line"] == way["line"]) & (mine["to"] == way["to"])].sum()
            goes = np.minimum(base[way["line"]] * share, quantity[way["line"]])
            quantity[way["line"]] -= goes
            if way["to"] >= 0:
                quantity[way["to"]] += goes
        return replace(self.books.use, lines=self._lines, quantity=quantity)

    def listed(self, at: int) -> float:
        """Dollars a month that an action takes away at on-demand rates, whatever commitments do."""
        one, use = self.actions[at], self.books.use
        found = float(self.flat((at,)))
        for line, mine in self.books.parts.get(one.machine, ()):
            hourly = self._means[line] * mine if isinstance(mine, float) else float(mine.mean())
            rate = float(use.lines[line].on_demand) - (float(one.target.rate) if one.target else 0.0)
            found += hourly * one.takes * rate * float(self.net[line]) * HOURS_A_MONTH
        return found

    def hours(self, chosen: Collection[int], bought: Holdings | None = None, shift_ms: int = 0) -> Floats:
        """Dollars of each hour that is paid on demand or for what is bought; what is held is paid in any case.

        `shift_ms` moves the hours on: commitments that end by then do not count any more.
        """
        key = frozenset(chosen)
        if bought is None and not shift_ms and key in self._known:
            return self._known[key]
        use = self.use(key)
        if shift_ms:
            use = replace(use, at_ms=use.at_ms + shift_ms)
        held = self.held
        if bought is not None:
            held = held.plus(self._rates.rated(bought, self._lines))
        applied = apply(use, held)
        found = (applied.on_demand * self.net[:, None]).sum(axis=0) / NANO
        if bought is not None:
            first, then = len(self.held.plans), len(self.held.reservations)
            found = found + (applied.commitments[first:].sum(axis=0) + applied.fees[then:].sum(axis=0)) / NANO
        if bought is None and not shift_ms:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = found
        return np.asarray(found)

    def worth(self, chosen: Collection[int], bought: Holdings | None = None, shift_ms: int = 0) -> Worth:
        """What a set saves a month, with what is bought beside it."""
        before = self.hours((), None, shift_ms)
        saved = before - self.hours(chosen, bought, shift_ms)
        flat = self.flat(chosen)
        weeks = [float(part.mean()) for part in _weeks(saved)]
        return Worth(*(_month(one) + flat for one in (float(saved.mean()), min(weeks), max(weeks))))

    def flat(self, chosen: Collection[int]) -> Decimal:
        """What goes of costs that no commitment covers, a month; of one machine never more than it costs."""
        sums: dict[str, Decimal] = {}
        for number in chosen:
            one = self.actions[number]
            part = self.books.flat.get(one.machine, ZERO) * Decimal(str(one.takes)) if one.target is None else ZERO
            sums[one.machine] = sums.get(one.machine, ZERO) + (part if one.flat is None else one.flat)
        capped = (
            min(amount, self.books.flat[name]) if name in self.books.flat else amount for name, amount in sums.items()
        )
        return sum((one.quantize(_CENT) for one in capped), ZERO)

    def _shared(self) -> npt.NDArray[np.void]:
        """What actions on machines whose hours are not read take of each line, and where it goes (-1: nowhere)."""
        rows = [
            (number, line, one.takes * float(mine), -1 if one.target is None else self._places[line, one.target][0])
            for number, one in enumerate(self.actions)
            if number not in self._by_hour
            for line, mine in self.books.parts.get(one.machine, ())
        ]
        return np.array(rows, dtype=[("action", np.int64), ("line", np.int64), ("share", np.float64), ("to", np.int64)])


def _is_shared(parts: Sequence[Part]) -> bool:
    return any(isinstance(mine, float) for _, mine in parts)


def _lines(
    books: Books, actions: Sequence[Action]
) -> tuple[tuple[UseLine, ...], dict[tuple[int, Target], tuple[int, int]]]:
    """The lines with those of targets behind them, and by line and target (its place, the line it comes from)."""
    lines, places = list(books.use.lines), dict[tuple[int, Target], tuple[int, int]]()
    for one in actions:
        for at, _ in books.parts.get(one.machine, ()) if one.target else ():
            key = at, one.target
            if one.target is not None and key not in places:
                places[at, one.target] = len(lines), at
                lines.append(_moved(books.use.lines[at], one.target))
    return tuple(lines), places


def _moved(line: UseLine, target: Target) -> UseLine:
    return replace(
        line,
        type=target.type,
        on_demand=target.rate,
        family=family_of(target.type),
        units=units_of(target.type),
        usage_type="",
    )


def _weeks(hours: Floats) -> list[Floats]:
    """The whole weeks at the end; of less all that there is."""
    many = len(hours) // WEEK
    return list(hours[-many * WEEK :].reshape(many, WEEK)) if many else [hours]


def _month(hourly: float) -> Decimal:
    return Decimal(str(hourly * HOURS_A_MONTH)).quantize(_CENT)
