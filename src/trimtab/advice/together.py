"""Findings that are one piece of work: those of one check about what one owner has in one currency.

Twenty idle GPUs of a run are one thing to do, and worth twenty times the money: a list of the best things to do
counts them as one, or nothing else would be in it.
"""

from collections.abc import Iterable
from decimal import Decimal
from urllib.parse import urlencode

from msgspec import Struct

from trimtab.advice.catalogue import catalogue
from trimtab.advice.finding import Effort, Status
from trimtab.advice.recommenders import RECOMMENDERS
from trimtab.advice.standing import Standing

_NAMED = 3
"""Resources that a summary of several findings names; the rest is counted."""
_EFFORTS = tuple(Effort)


class Together(Struct, frozen=True):
    """One finding or several; `findings` in the order in which they came, never empty."""

    check: str
    owner: str
    currency: str
    findings: tuple[Standing, ...]

    @property
    def cash(self) -> Decimal | None:
        """Off the next invoice, a month; what is not known adds nothing, None where nothing is known."""
        known = [one.finding.cash for one in self.findings if one.finding.cash is not None]
        return sum(known, Decimal(0)) if known else None

    @property
    def gpu_hours(self) -> float:
        """GPU-hours that become free, a month."""
        return sum(one.finding.gpu_hours for one in self.findings)

    @property
    def confidence(self) -> float:
        """That of the least sure."""
        return min(one.finding.confidence for one in self.findings)

    @property
    def effort(self) -> Effort:
        """That of the hardest."""
        return max((one.finding.effort for one in self.findings), key=_EFFORTS.index)

    @property
    def status(self) -> Status:
        """That of the worst."""
        bad = any(one.finding.status is Status.ERROR for one in self.findings)
        return Status.ERROR if bad else self.findings[0].finding.status

    @property
    def path(self) -> str:
        """The page that shows them."""
        if len(self.findings) == 1:
            return f"/advice/{self.findings[0].finding.id}"
        return "/advice?" + urlencode({"check": self.check, **({"team": self.owner} if self.owner else {})})

    @property
    def name(self) -> str:
        """The resource, or how many findings of which check."""
        first = self.findings[0].finding
        return first.name if len(self.findings) == 1 else f"{len(self.findings)} × {check_name(self.check)}"

    @property
    def summary(self) -> str:
        """What the finding says, or on which resources they are."""
        if len(self.findings) == 1:
            return self.findings[0].finding.summary
        names = list(dict.fromkeys(one.finding.name for one in self.findings))
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        return f"{', '.join(names[:_NAMED])}{more}; the first: {self.findings[0].finding.summary}"


def check_name(id_: str) -> str:
    """What a check or recommender is called."""
    known = catalogue().get(id_)
    return known.name if known else next((one.name for one in RECOMMENDERS if one.id == id_), id_)


def together(found: Iterable[Standing]) -> list[Together]:
    """The pieces of work in `found`, most worth doing first: cash and then GPU-hours, weighed by confidence."""
    parts: dict[tuple[str, str, str], list[Standing]] = {}
    for one in found:
        parts.setdefault((one.finding.check, one.finding.owner, one.finding.currency), []).append(one)
    return sorted((Together(*key, tuple(of)) for key, of in parts.items()), key=_rank)


def _rank(one: Together) -> tuple[Decimal, float, bool, int]:
    cash = (one.cash or Decimal(0)) * Decimal(str(one.confidence))
    return -cash, -one.gpu_hours * one.confidence, one.status is not Status.ERROR, _EFFORTS.index(one.effort)
