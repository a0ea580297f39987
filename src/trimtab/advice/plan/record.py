"""How sure actions are by what became of such actions: those refused or in vain against those that held.

Of a check of which nothing is known it is as sure as the check says. What people dismissed, and what was applied and
saved nothing, counts against it; what was measured and saved counts for it.
"""

from collections.abc import Iterable, Mapping

from msgspec import Struct

from trimtab.advice.finding import Finding
from trimtab.advice.ledger.model import Entry, Grade
from trimtab.advice.standing import Decision, Standing

_WEIGHT = 4
"""Past actions that the check's own word is worth: after as many it counts for half."""


class Record(Struct, frozen=True):
    """How many actions of a check were decided or measured, and how many of them held."""

    tried: int = 0
    held: int = 0

    def sure(self, said: float) -> float:
        """How likely the next one is to hold, where the check says so much."""
        return (self.held + _WEIGHT * said) / (self.tried + _WEIGHT)


Records = Mapping[str, Record]
"""By check."""


def records_of(standings: Iterable[Standing], entries: Iterable[Entry]) -> dict[str, Record]:
    """What is known of each check."""
    found: dict[str, Record] = {}

    def count(check: str, held: int) -> None:
        before = found.get(check, Record())
        found[check] = Record(before.tried + 1, before.held + held)

    for one in standings:
        if one.decision is Decision.DISMISSED:
            count(one.finding.check, 0)
    for entry in entries:
        if entry.grade is not Grade.NONE:
            count(entry.check, entry.grade is not Grade.NOTHING)
    return found


def sure_of(finding: Finding, records: Records) -> float:
    """How likely what a finding says is to hold."""
    return records.get(finding.check, Record()).sure(finding.confidence)
