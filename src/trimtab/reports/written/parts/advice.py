"""What to do: the advice that is worth most, with its fix."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from trimtab.advice.finding import Finding
from trimtab.advice.standing import Standing
from trimtab.costs.explorer.words import money
from trimtab.reports.written.claims import Claim, Part
from trimtab.reports.written.document import Said, Section, Table
from trimtab.reports.written.wording import hours, plural


def advice_part(found: Sequence[Standing]) -> Part:
    """The section: cash off the next invoice and GPU-hours freed, a month, are two numbers."""
    if not found:
        return Part(Section("What to do", (Said("Nothing is advised.", "/advice"),)))
    cash: dict[str, Decimal] = defaultdict(Decimal)
    for one in found:
        if one.finding.cash:
            cash[one.finding.currency] += one.finding.cash
    worth = " and ".join(money(cash[one], one) for one in sorted(cash))
    freed = sum(one.finding.gpu_hours for one in found)
    told = [
        part
        for part in (
            f"{worth} a month off the invoice" if worth else "",
            f"{hours(freed)} of GPUs a month freed" if freed else "",
        )
        if part
    ]
    said = [
        Said(
            f"{plural(len(found), 'change')} below: {' and '.join(told) or 'no saving of money, but of risk'}.",
            "/advice",
        ),
        *(Said(_sentence(one.finding), f"/advice/{one.finding.id}") for one in found),
    ]
    best = found[0].finding
    claims = [Claim(said[1], float(best.cash or 0) + best.gpu_hours)]
    rows = [
        (
            one.finding.name,
            one.finding.owner or "–",
            money(one.finding.cash, one.finding.currency) if one.finding.cash is not None else "–",
            hours(one.finding.gpu_hours) if one.finding.gpu_hours else "–",
            one.finding.effort.value,
        )
        for one in found
    ]
    table = Table(
        "Best five",
        ("Resource", "Owner", "Off the invoice, a month", "GPU-hours freed", "Effort"),
        rows,
        (2, 3),
        False,
        "/advice",
    )
    return Part(Section("What to do", said, (), (table,)), claims)


def _sentence(one: Finding) -> str:
    """What to change, and what it is worth a month: a sentence that stands by itself at the head of a report."""
    what = one.summary if one.name in one.summary else f"{one.name}: {one.summary}"
    worth = f"{money(one.cash, one.currency)} a month" if one.cash else ""
    freed = f"{hours(one.gpu_hours)} of GPUs a month" if one.gpu_hours else ""
    told = " and ".join(part for part in (worth, freed) if part)
    return f"{what.rstrip('.')}{f': {told}' if told else ''}."
