"""What to do: the advice that is worth most, with its fix."""

import re
from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal

from trimtab.advice.together import Together
from trimtab.base.coins import money
from trimtab.figures.areas.advice import CASH, GPU_HOURS
from trimtab.reports.written.claims import Claim, Part
from trimtab.reports.written.document import Said, Section, Table
from trimtab.reports.written.wording import hours, plural

_WORDS = re.compile("(?<=[a-z])(?=[A-Z])")  # VeryLow is "very low"


def advice_part(advised: Sequence[Together], most: int) -> Part:
    """The section: cash off the next invoice and GPU-hours freed, a month, are two numbers.

    The first `most` changes are listed; the total is that of all, as the plan has it.
    """
    if not advised:
        return Part(Section("What to do", (Said("Nothing is advised.", "/advice"),)))
    found, left = advised[:most], advised[most:]
    whole = f"{plural(len(advised), 'change')}: {_worth(advised) or 'no saving of money, but of risk'}."
    rest = f" The {plural(len(found), 'change')} below: {_worth(found) or 'no money, but risk'}." if left else ""
    said = [Said(whole + rest, "/advice"), *(Said(_sentence(one), one.path) for one in found)]
    best = found[0]
    claims = [Claim(said[1], float(best.cash or 0) + best.gpu_hours)]
    rows = [
        (
            _named(one),
            one.owner or "–",
            money(one.cash, one.currency) if one.cash else "–",
            hours(one.gpu_hours) if one.gpu_hours else "–",
            _WORDS.sub(" ", one.effort.value).lower(),
        )
        for one in found
    ]
    table = Table(
        "Worth most",
        ("Resource", "Owner", CASH.label, GPU_HOURS.label, "Effort"),
        rows,
        (2, 3),
        False,
        "/advice",
    )
    return Part(Section("What to do", said, (), (table,)), claims)


def _worth(found: Sequence[Together]) -> str:
    """What several are worth together: rows of the plan add up."""
    cash: dict[str, Decimal] = defaultdict(Decimal)
    for one in found:
        if one.cash:
            cash[one.currency] += one.cash
    worth = " and ".join(money(cash[one], one) for one in sorted(cash))
    freed = sum(one.gpu_hours for one in found)
    parts = (
        f"{worth} a month off the invoice" if worth else "",
        f"{hours(freed)} of GPUs a month freed" if freed else "",
    )
    return " and ".join(filter(None, parts))


def _sentence(one: Together) -> str:
    """What it is worth a month, and what to change: a sentence that stands by itself at the head of a report."""
    what = one.summary.removeprefix(one.name).removeprefix(": ").rstrip(".")
    owner = f" of {one.owner}" if one.owner else ""
    worth = money(one.cash, one.currency) if one.cash else ""
    freed = f"{hours(one.gpu_hours)} of GPUs" if one.gpu_hours else ""
    told = " and ".join(part for part in (worth, freed) if part)
    return f"{f'{told} a month can be saved: ' if told else ''}{_named(one)}{owner}: {what}."


def _named(one: Together) -> str:
    """`24 × Idle GPUs`; one thing with what it is: `cluster serving-prod`."""
    if len(one.findings) > 1:
        return one.name
    kind = one.findings[0].finding.kind.rpartition(":")[2].replace("-", " ")
    return f"{kind} {one.name}" if kind and kind not in one.name else one.name
