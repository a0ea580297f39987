"""A past plan against the days that came: its own set, replayed on them. Pure."""

from collections.abc import Collection, Sequence
from decimal import Decimal

import numpy as np
from msgspec import Struct

from trimtab.advice.backtest.model import Backtest, LeftOut, VerbOutcome
from trimtab.advice.plan.books import Books
from trimtab.advice.plan.choosing import Chosen
from trimtab.advice.plan.evaluate import Evaluation
from trimtab.advice.plan.model import ZERO, Action, Plan, Verb
from trimtab.advice.plan.told import Bought, tell
from trimtab.advice.purchases.model import HOUR_MS
from trimtab.advice.purchases.rates import Rates
from trimtab.base.records import replace


class Came(Struct, frozen=True):
    """The books of the days that came and the rates in them; machines that were changed in these days."""

    books: Books
    rates: Rates
    changed: frozenset[str] = frozenset()


def compared(chosen: Chosen, bought: Bought, came: Came, left_out: Sequence[LeftOut], made_ms: int) -> Backtest:
    """What the set that was chosen then promised, and what it came to.

    Machines that somebody changed in the meantime are in neither: what came of them is in the savings ledger.
    """
    then = chosen.evaluation
    done = frozenset(at for at in chosen.set if then.actions[at].machine not in came.changed)
    changed = {then.actions[at].machine for at in chosen.set - done}
    actions = _as_it_came(then.actions, then.books, came.books)
    now = Evaluation(came.books, actions, came.rates)
    repriced = Evaluation(_at_prices(came.books, then.books), actions, came.rates)
    promised, real, alike = (
        tell(each, done, chosen.findings, chosen.waiting, bought, chosen.how, made_ms) for each in (then, now, repriced)
    )
    start = int(came.books.use.at_ms[0])
    return Backtest(
        currency=promised.currency,
        as_of_ms=start,
        days=(int(came.books.use.at_ms[-1]) + HOUR_MS - start) // (24 * HOUR_MS),
        findings=len(chosen.findings),
        promised=promised.total,
        low=promised.low,
        high=promised.high,
        came=real.total,
        at_prices=alike.total,
        verbs=_by_verb(promised, real),
        left_out=(*left_out, *_changed(changed)),
        made_ms=made_ms,
    )


def _at_prices(came: Books, then: Books) -> Books:
    """The books of the days that came at the rates and discounts of then; lines that were not there keep their own."""
    known = {line.key: (line.on_demand, net) for line, net in zip(then.use.lines, then.net, strict=True)}
    own = list(zip(came.use.lines, came.net, strict=True))
    rates = [known.get(line.key, (line.on_demand, net)) for line, net in own]
    lines = tuple(replace(line, on_demand=rate) for (line, _), (rate, _) in zip(own, rates, strict=True))
    return replace(came, use=replace(came.use, lines=lines), net=np.array([net for _, net in rates], dtype=np.float64))


def _as_it_came(actions: Sequence[Action], then: Books, came: Books) -> list[Action]:
    """The actions; what a check itself told of one's money moves with what its resource cost."""
    found = []
    for one in actions:
        if one.flat is not None and then.flat.get(one.machine, ZERO) > 0:
            share = came.flat.get(one.machine, ZERO) / then.flat[one.machine]
            found.append(replace(one, flat=(one.flat * share).quantize(Decimal("0.01"))))
        else:
            found.append(one)
    return found


def _by_verb(promised: Plan, real: Plan) -> tuple[VerbOutcome, ...]:
    found = []
    for verb in Verb:
        sums = [sum((row.adds for row in plan.rows if row.verb is verb), ZERO) for plan in (promised, real)]
        if any(sums):
            found.append(VerbOutcome(verb.value, *sums))
    return tuple(found)


def _changed(machines: Collection[str]) -> tuple[LeftOut, ...]:
    return tuple(LeftOut(one, "it was changed in these days: the savings ledger has it") for one in sorted(machines))
