"""When what a row adds becomes cash: with the next invoice, or when a commitment ends that pays for the use until then.

A commitment that covers what goes is paid until its end; from that day on the invoice falls. So each row is replayed
again as of the days on which commitments end.
"""

from collections.abc import Collection
from decimal import Decimal

from msgspec import Struct, field

from trimtab.advice.plan.evaluate import Evaluation
from trimtab.advice.plan.model import ZERO
from trimtab.base.clock import to_datetime

NEXT = "next invoice"
_CENT = Decimal("0.01")
_MOST_ENDS = 4
"""Days on which something ends that are looked at, the soonest."""


class Due(Struct, frozen=True):
    """When a row becomes cash in words, what it adds a month later on, and from when."""

    cash_from: str = ""
    later: Decimal = ZERO
    later_ms: int = 0


class Timing(Struct, frozen=True):
    """The ends of commitments, soonest first, with their names; those that are `renewed` the plan buys anew."""

    evaluation: Evaluation
    renewed: Collection[str] = ()
    ends: dict[int, list[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, evaluation: Evaluation, renewed: Collection[str]) -> "Timing":
        """Those of what is held and ends after the replay begins."""
        first = int(evaluation.books.use.at_ms[0])
        ends: dict[int, list[str]] = {}
        for one in evaluation.held.every:
            if one.end_ms > first:
                ends.setdefault(one.end_ms, []).append(one.id)
        return cls(evaluation, renewed, {end: ends[end] for end in sorted(ends)[:_MOST_ENDS]})

    def due(self, done: frozenset[int], actions: Collection[int], adds: Decimal) -> Due:
        """When actions become cash that add so much now, where others are `done`."""
        first = int(self.evaluation.books.use.at_ms[0])
        last, begins = adds, 0
        for end in self.ends:
            then = self._adds(done, actions, end - first)
            begins = begins or (end if then - adds >= _CENT else 0)
            last = then
        later = last - adds if begins else ZERO
        if adds >= _CENT:
            return Due(NEXT, later, begins)
        return Due(self._words(begins) if begins else "", later, begins)

    def _adds(self, done: frozenset[int], actions: Collection[int], shift_ms: int) -> Decimal:
        after = self.evaluation.worth(done.union(actions), None, shift_ms).expected
        return after - self.evaluation.worth(done, None, shift_ms).expected

    def _words(self, end: int) -> str:
        again = [one for one in self.ends[end] if one in self.renewed]
        return at_renewal(again[0], end) if again else on(end)


def on(at_ms: int) -> str:
    """From a day on."""
    return f"on {to_datetime(at_ms):%Y-%m-%d}"


def at_renewal(commitment: str, at_ms: int) -> str:
    """When a commitment ends and is bought anew: by so much less."""
    return f"at renewal of {commitment.rpartition('/')[2]}, {to_datetime(at_ms):%Y-%m-%d}"
