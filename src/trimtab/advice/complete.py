"""From what a judge found to a finding: whose it is, what it saves, and its fix in full. Pure."""

import logging
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal
from string import Formatter

from msgspec import Struct

from trimtab.advice.cash import Saving, month, saving
from trimtab.advice.check import Check, Fine, Found, Unsure
from trimtab.advice.facts import BILL_DAYS, Facts, Thing
from trimtab.advice.finding import Finding, Judgement, Undecided
from trimtab.base.records import replace
from trimtab.fleet.basis import DEFAULT

log = logging.getLogger(__name__)
_CENT = Decimal("0.01")
SAVES_NOTHING = "saves no money"
"""The note of a finding that is not about money."""


def judgement(check: Check, facts: Facts, knobs: Mapping[str, float] | None = None) -> Judgement:
    """What a check says of facts, its findings complete; the most cash first."""
    found: list[Finding] = []
    undecided: list[Undecided] = []
    looked_at = 0
    for outcome in check.judge(facts, {**check.defaults, **(knobs or {})}):
        looked_at += 1
        match outcome:
            case Found():
                found.append(_finding(check, outcome, facts))
            case Unsure(thing, reason):
                undecided.append(Undecided(identified(thing, facts).path, reason))
            case Fine():
                continue
    found.sort(key=lambda one: (-(one.cash or 0), -one.gpu_hours, one.resource, one.part))
    once: dict[str, Finding] = {}
    for one in found:
        if once.setdefault(one.id, one) is not one:
            log.error("the check %s found %s %s twice; the larger finding stands", check.id, one.resource, one.part)
    return Judgement(check.id, tuple(once.values()), tuple(undecided), looked_at)


def _finding(check: Check, found: Found, facts: Facts) -> Finding:
    thing, saved = identified(found.thing, facts), _saved(found, facts)
    cost, bill = cost_of(thing, saved, facts), facts.bill(thing)
    contracted = bill is not None and (bill.rented or bill.power)  # what is paid whatever is used does not replay
    return Finding(
        check=check.id,
        pillar=check.pillar,
        resource=thing.path,
        kind=thing.kind,
        name=thing.shown,
        account=thing.account,
        region=thing.region,
        summary=found.summary,
        status=found.status or check.status,
        part=found.part,
        owner=thing.owner,
        tags=dict(thing.tags),
        evidence=found.evidence,
        confidence=found.confidence,
        cash=saved.cash,
        estimate=saved.cash,
        billed_as=facts.billed_as(thing),
        takes=_takes(found) if found.money is None and not contracted else 0.0,
        parts=found.parts,
        hours=found.hours,
        lost=found.lost,
        cost=cost.amount,
        currency=cost.currency,
        cash_note=saved.note,
        gpu_hours=round(found.gpu_hours, 2),
        fix=fix_of(check.fix, thing, found.words),
        effort=check.effort,
        action=check.action,
        restart=check.restart,
        rollback=check.rollback,
        current=found.current or thing.type,
        advised=found.advised,
        owner_reason=thing.owner_reason,
        machine=facts.machine_key(thing),
        cost_note=cost.note,
    )


def _takes(found: Found) -> float:
    """What goes of the use: of a fix for some hours all of it in these, and all that moves to spot."""
    return 1.0 if found.hours or found.lost is not None else found.share


class Cost(Struct, frozen=True):
    """What a resource costs a month, and who says so."""

    amount: Decimal | None
    currency: str
    note: str


def cost_of(thing: Thing, saved: Saving, facts: Facts) -> Cost:
    """What a resource costs: by the ledger of GPU time where that has it, else by the bill."""
    machine = facts.machine_of(thing)
    told = thing.cost or (machine.cost if machine and thing.kind != "gpu" else {})
    currency = saved.currency
    if not saved.cash and saved.cost is None and currency not in told:
        currency = next(iter(sorted(told)), currency)
    if currency in told:
        bill = facts.bill(thing)
        amount = month(told[currency], bill.days if bill else BILL_DAYS)
        return Cost(amount, currency, f"{DEFAULT}, by the ledger of GPU time")
    return Cost(saved.cost, currency, "" if saved.cost is None else "amortised, by the bill")


def identified(thing: Thing, facts: Facts) -> Thing:
    """A node as the one resource that its machine is, with its owner; anything else as it is."""
    machine = facts.machine_of(thing)
    if thing.kind != "node" or machine is None:
        return thing
    owner = facts.owner(thing)
    return replace(thing, path=machine.resource, owner=owner.name, owner_reason=owner.reason)


def _saved(found: Found, facts: Facts) -> Saving:
    if found.money is not None:
        amount = found.money.quantize(_CENT, ROUND_HALF_UP)
        bill = facts.bill(found.thing)
        cost = saving(bill, 1.0, facts).cost if bill is not None else None
        return Saving(amount, cost, found.currency, found.money_note)
    if not found.share:
        return Saving(Decimal(0), None, "USD", SAVES_NOTHING)
    return saving(facts.bill(found.thing), found.share / found.parts, facts, found.kwh)


def fix_of(template: str, thing: Thing, words: Mapping[str, str]) -> str:
    """A fix with the words of a resource in it; a word that is not known stays as `<word>`."""
    known = {"id": thing.id, "name": thing.shown, "region": thing.region, "account": thing.account, "type": thing.type}
    known |= {"kind": thing.kind, **words}
    names = {name for _, name, _, _ in Formatter().parse(template) if name}
    return template.format(**{name: known.get(name, f"<{name}>") for name in names})
