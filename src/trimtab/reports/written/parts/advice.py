"""What to do: the advice that is worth most, with its fix."""

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from trimtab.advice.together import Together
from trimtab.costs.explorer.words import money
from trimtab.reports.written.claims import Claim, Part
from trimtab.reports.written.document import Said, Section, Table
from trimtab.reports.written.wording import hours, plural


def advice_part(found: Sequence[Together]) -> Part:
    """The section: cash off the next invoice and GPU-hours freed, a month, are two numbers."""
    if not found:
        return Part(Section("What to do", (Said("Nothing is advised.", "/advice"),)))
    cash: dict[str, Decimal] = defaultdict(Decimal)
    for one in found:
        if one.cash:
            cash[one.currency] += one.cash
    worth = " and ".join(money(cash[one], one) for one in sorted(cash))
    freed = sum(one.gpu_hours for one in found)
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
        *(Said(_sentence(one), one.path) for one in found),
    ]
    best = found[0]
    claims = [Claim(said[1], float(best.cash or 0) + best.gpu_hours)]
    rows = [
        (
            one.name,
            one.owner or "–",
            money(one.cash, one.currency) if one.cash is not None else "–",
            hours(one.gpu_hours) if one.gpu_hours else "–",
            one.effort.value,
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


def _sentence(one: Together) -> str:
    """What to change, and what it is worth a month: a sentence that stands by itself at the head of a report."""
    what = one.summary if one.name in one.summary else f"{one.name}: {one.summary}"
    worth = f"{money(one.cash, one.currency)} a month" if one.cash else ""
    freed = f"{hours(one.gpu_hours)} of GPUs a month" if one.gpu_hours else ""
    told = " and ".join(part for part in (worth, freed) if part)
    return f"{what.rstrip('.')}{f': {told}' if told else ''}."
