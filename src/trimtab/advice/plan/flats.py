"""What goes of costs that no commitment covers: volumes, buckets, what else a machine costs. Exact to the cent."""

from collections.abc import Collection, Sequence
from decimal import Decimal

import numpy as np

from trimtab.advice.plan.books import WEEK, Books
from trimtab.advice.plan.model import ZERO, Action

_CENT = Decimal("0.01")


class Flats:
    """What sets of actions take off the flat costs of a bill, a month; of one machine never more than it costs."""

    def __init__(self, books: Books, actions: Sequence[Action]) -> None:
        self._costs = books.flat
        self._amounts = {at: amount for at, one in enumerate(actions) if (amount := _amount(one, books))}
        by_machine: dict[str, list[int]] = {}
        for at in self._amounts:
            by_machine.setdefault(actions[at].machine, []).append(at)
        self._shared = {name: frozenset(places) for name, places in by_machine.items() if len(places) > 1}
        self._cents = np.zeros(len(actions), dtype=np.int64)
        for name, places in by_machine.items():
            if name not in self._shared:
                self._cents[places[0]] = int(self._capped(name, self._amounts[places[0]]) / _CENT)

    def of(self, chosen: Collection[int]) -> Decimal:
        """What a set takes."""
        places = np.fromiter(chosen, dtype=np.int64, count=len(chosen))
        found = int(self._cents[places].sum()) * _CENT
        for name, mine in self._shared.items():
            found += self._capped(name, sum((self._amounts[at] for at in mine.intersection(chosen)), ZERO))
        return found

    def _capped(self, machine: str, amount: Decimal) -> Decimal:
        most = self._costs.get(machine)
        return (amount if most is None else min(amount, most)).quantize(_CENT)


def _amount(one: Action, books: Books) -> Decimal:
    """What an action alone takes: what its check says, else its part of what the machine costs.

    Of a machine that commitments cover, what else it costs (its volumes) is paid in the hours in which it is off, too;
    of one that costs nothing else those hours' part of the week goes.
    """
    if one.flat is not None:
        return one.flat
    if one.target is not None or (one.hours and one.machine in books.parts):
        return ZERO
    part = Decimal(len(one.hours)) / WEEK if one.hours else Decimal(1)
    return books.flat.get(one.machine, ZERO) * Decimal(str(one.takes)) * part
