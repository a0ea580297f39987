"""What findings of right-sizing add in the plan: the other number beside what a size saves at the prices of machines.

A size saves the difference of two list prices; off the invoice goes what the plan says, once commitments are applied
again to what is left. The second ones add up to the plan's, the first ones to nothing.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from msgspec import Struct

from trimtab.advice.finding import Finding
from trimtab.advice.rightsizing.model import Subject
from trimtab.advice.rightsizing.publishing import CHECKS

_OURS = frozenset(CHECKS.values())
_NONE = Decimal(0)


class Planned(Struct, frozen=True):
    """What a finding adds in the plan a month, None where no line of the bill names its resource; what that costs now.

    `note` says how it came about.
    """

    cash: Decimal | None
    cost: Decimal | None
    currency: str
    note: str = ""

    @property
    def percent(self) -> float:
        """The saving in percent of what it costs now; 0 where that is not known."""
        return float((self.cash or _NONE) / self.cost * 100) if self.cost else 0.0


Worth = Mapping[tuple[str, str], Planned]
"""By the path and the id of a subject."""


def worth_of(findings: Iterable[Finding]) -> Worth:
    """The worth of subjects that a finding of right-sizing is about; what is hidden is in no plan."""
    return {
        (one.resource, one.part): Planned(one.cash, one.cost, one.currency, one.cash_note)
        for one in findings
        if one.check in _OURS
    }


def of_subject(worth: Worth, subject: Subject) -> Planned | None:
    """What is planned of a subject; None where there is no open finding of it."""
    return worth.get((subject.path, subject.id))


def totals(planned: Iterable[Planned]) -> dict[str, Decimal]:
    """What all of them add in the plan, by currency."""
    found: dict[str, Decimal] = {}
    for one in planned:
        if one.cash:
            found[one.currency] = found.get(one.currency, _NONE) + one.cash
    return dict(sorted(found.items()))
