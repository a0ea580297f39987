"""Convertible Reserved Instances that the chosen set leaves unused, exchanged for those of a type that is on demand.

What AWS documents: the new reservation may be of another type of the region, runs until the old one ended, and is worth
at least as much; a part of a reservation can be split off and exchanged. Source: EC2 User Guide, "Exchange Convertible
Reserved Instances". What an hour of the new one costs is the rate of a Compute plan of the same term and payment, which
AWS prices alike.
"""

import math
from collections.abc import Collection, Iterator
from decimal import Decimal

import numpy as np
from msgspec import Struct

from trimtab.advice.finding import Action, Effort, Evidence, Finding, Pillar
from trimtab.advice.plan.evaluate import Beside, Evaluation
from trimtab.advice.purchases.apply import apply
from trimtab.advice.purchases.model import HOUR_MS, NANO, Floats, Holdings, PlanKind, Reservation, UseLine
from trimtab.advice.purchases.rates import Rates
from trimtab.base.records import replace

EXCHANGE = "trimtab-exchange-reservation"
_SERVICE = "AmazonEC2"
_UNUSED = 0.2
"""Share of a reservation that must be idle: one that is used by 80 % counts as used everywhere here."""
_TYPES = 5
"""Types that are tried in its place, those of most use on demand."""
_LEAST = Decimal("0.01")
_LEFT_MS = 24 * HOUR_MS
"""What must be left of a reservation's term: a day, as AWS asks."""


class Exchange(Struct, frozen=True):
    """Some machines of a reservation given for others. `of` is what is given, `to` what is got, `kept` the rest."""

    finding: Finding
    of: Reservation
    to: Reservation
    kept: tuple[Reservation, ...]


def beside(exchanges: Collection[Exchange], bought: Holdings | None = None) -> Beside:
    """Exchanges, and what is bought after them, as what is done beside actions."""
    got = tuple(one for each in exchanges for one in (*each.kept, each.to))
    whole = Holdings((), got)
    return Beside(whole.plus(bought) if bought else whole, frozenset(one.of.id for one in exchanges))


def exchanged(held: Holdings, exchanges: Collection[Exchange]) -> Holdings:
    """What is held once exchanges are made."""
    gone = {one.of.id for one in exchanges}
    kept = tuple(one for one in held.reservations if one.id not in gone)
    return Holdings(held.plans, kept).plus(beside(exchanges).bought)


def exchanges(
    evaluation: Evaluation, chosen: frozenset[int], convertible: Collection[str], rates: Rates, without: Collection[str]
) -> tuple[Exchange, ...]:
    """The exchanges that lower the invoice further, one a reservation at most, the dearest reservation first.

    `without` are ids of findings that are not to be done.
    """
    found: tuple[Exchange, ...] = ()
    begins = int(evaluation.books.use.at_ms[0])
    mine = [
        one
        for one in evaluation.held.reservations
        if one.id in convertible and one.service == _SERVICE and (not one.end_ms or one.end_ms - begins >= _LEFT_MS)
    ]
    for one in sorted(mine, key=lambda one: (-one.hourly * one.count, one.id)):
        before = evaluation.worth(chosen, beside(found)).expected
        tried = [
            (evaluation.worth(chosen, beside((*found, each))).expected - before, each)
            for each in _options(evaluation, chosen, found, one, rates)
            if each.finding.id not in without
        ]
        worth, best = max(tried, key=lambda pair: pair[0], default=(Decimal(0), None))
        if best is not None and worth >= _LEAST:
            found = (*found, best)
    return found


def _options(
    evaluation: Evaluation, chosen: frozenset[int], done: Collection[Exchange], one: Reservation, rates: Rates
) -> Iterator[Exchange]:
    held = exchanged(evaluation.held, done)
    applied = apply(evaluation.use(chosen), rates.rated(held, evaluation.lines))
    place = held.reservations.index(one)
    units = applied.reserved_units[place].astype(np.float64)
    idle = one.count * (1 - applied.reserved_used[place] / np.maximum(units, 1)) * (units > 0)
    if float(idle.mean()) < _UNUSED * one.count:
        return
    left = applied.on_demand.sum(axis=1) / NANO
    for line, hourly in _targets(evaluation, one, left, rates):
        for given in _counts(idle, one.count):
            many = math.ceil(round(given * one.hourly / hourly, 9))
            yield _exchange(one, given, line, many, hourly, evaluation.books.use.currency)


def _counts(idle: Floats, most: int) -> list[int]:
    """Machines that may be given, fewest first: powers of two, and those idle always, half the time, in the mean."""
    powers = (1 << at for at in range(most.bit_length()))
    told = (round(float(one)) for one in (idle.min(), np.median(idle), idle.mean()))
    return sorted({one for one in (*powers, *told, most) if 1 <= one <= most})


def _targets(evaluation: Evaluation, one: Reservation, left: Floats, rates: Rates) -> Iterator[tuple[UseLine, Decimal]]:
    """Lines on demand that a reservation could cover after an exchange, with what an hour would cost then."""
    tried = 0
    for at in np.argsort(-left, kind="stable").tolist():
        line = evaluation.lines[at]
        same = (line.service, line.region, line.platform) == (one.service, one.region, one.platform)
        if not same or one.covers(line) or left[at] <= 0 or tried >= _TYPES:
            continue
        share = rates.share(PlanKind.COMPUTE, one.years, one.payment, line)
        if share is not None:
            tried += 1
            yield line, round(line.on_demand * share.share, 10)


def _exchange(one: Reservation, given: int, line: UseLine, many: int, hourly: Decimal, currency: str) -> Exchange:
    to = replace(
        one, id=f"{one.id} as {line.type}", type=line.type, count=many, hourly=hourly, family=line.family,
        units=line.units, zone="",
    )  # fmt: skip
    kept = (replace(one, count=one.count - given),) if given < one.count else ()
    return Exchange(_finding(one, given, to, currency), one, to, kept)


def _finding(one: Reservation, given: int, to: Reservation, currency: str) -> Finding:
    name = one.id.rpartition("/")[2] or one.id
    costs = f"{given * one.hourly:.4f} and {to.count * to.hourly:.4f} an hour"
    return Finding(
        EXCHANGE,
        Pillar.COST,
        f"aws/{one.owner}//commitment/{one.id}",
        "commitment",
        name,
        one.owner,
        "",
        f"exchange {given} × {one.type} for {to.count} × {to.type}",
        evidence=(Evidence("value given and got", costs), Evidence("runs until", "the end of the one that is given")),
        confidence=0.9,
        cash=Decimal(0),
        estimate=Decimal(0),
        currency=currency,
        cash_note="what it is worth is said by the plan",
        fix=(
            "aws ec2 get-reserved-instances-exchange-quote --reserved-instance-ids "
            f"{name} --target-configurations OfferingId=<offering of {to.type}>,InstanceCount={to.count}"
        ),
        effort=Effort.LOW,
        action=Action.BUY_RESERVATION,
        rollback=False,
        current=f"{given} × {one.type}",
        advised=f"{to.count} × {to.type}",
    )
