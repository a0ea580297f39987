"""What checks would have found on a past day, from what was measured and billed before it.

Metrics, the bill and the ledger of GPU time keep their past; the inventory does not. So of a resource only what cannot
have changed is taken from it, and only where the bill of the days before names it. Checks that judge by the rest are
left out by name.
"""

import asyncio
from collections.abc import Sequence

from msgspec import Struct, field

from trimtab.access.scope import EVERYTHING
from trimtab.advice.backtest.model import LeftOut
from trimtab.advice.backtest.until import facts_until
from trimtab.advice.catalogue import catalogue
from trimtab.advice.check import Check, Want
from trimtab.advice.complete import judgement
from trimtab.advice.facts import Facts, Thing
from trimtab.advice.finding import Finding, Judgement, Pillar
from trimtab.advice.gather.facts_reader import FactsReader
from trimtab.advice.knobs import KnobStore
from trimtab.advice.rightsizing.model import Kind
from trimtab.advice.rightsizing.publishing import CHECKS, owned
from trimtab.advice.rightsizing.publishing import judgement as sizes
from trimtab.advice.rightsizing.room import RightsizingRoom
from trimtab.base.records import replace

_INVENTORY = "it judges by what the inventory says, of which no past is kept"
_UNMEASURED = "nothing that it judges was measured before that day"
_RUNNING = {"ec2:instance": {"State": "running"}}
"""What the bill of a day says of a resource: an instance that is billed runs."""


class Evidence(Struct, frozen=True):
    """What was found as of a day, and what could not be judged as of it."""

    findings: tuple[Finding, ...] = ()
    left_out: tuple[LeftOut, ...] = field(default=())


class PastChecks(Struct, frozen=True):
    """Judges checks and sizes of machines as of a past day."""

    facts: FactsReader
    knobs: KnobStore
    sizes: RightsizingRoom

    async def found(self, at_ms: int) -> Evidence:
        """What checks of money would have found at `at_ms`. Raises QueryAborted, Unavailable."""
        money = [one for one in catalogue().values() if one.pillar is Pillar.COST]
        asked = [one for one in money if one.asks or Want.GPUS in one.wants]
        facts = as_billed(await facts_until(self.facts, at_ms).read(asked, wants=frozenset({Want.BILL})))
        knobs = await self.knobs.all()
        judged = await asyncio.to_thread(lambda: [judgement(one, facts, knobs.get(one.id)) for one in asked])
        sized = [owned(one, facts) for one in await self.sizes.judge(EVERYTHING, Kind.INSTANCE, at_ms)]
        found = [*judged, sizes(Kind.INSTANCE, sized, facts)]
        return Evidence(tuple(one for some in found for one in some.findings), _left_out(money, judged))


def as_billed(facts: Facts) -> Facts:
    """Facts whose resources were billed in the days before them, without what may have changed of them since."""
    things = {kind: [_then(one) for one in many if facts.bill(one) is not None] for kind, many in facts.things.items()}
    return replace(facts, things=things)


def _then(thing: Thing) -> Thing:
    return replace(thing, attributes=_RUNNING.get(thing.kind, {}))


def _left_out(money: Sequence[Check], judged: Sequence[Judgement]) -> tuple[LeftOut, ...]:
    ran = {one.check: one for one in judged}
    found = []
    for check in money:
        mine = ran.get(check.id)
        if mine is None:
            found.append(LeftOut(check.name, _INVENTORY))
        elif not mine.looked_at:
            found.append(LeftOut(check.name, _UNMEASURED))
        elif mine.undecided and len(mine.undecided) == mine.looked_at:
            found.append(LeftOut(check.name, mine.undecided[0].reason))
    more = [LeftOut(CHECKS[kind], _INVENTORY) for kind in Kind if kind is not Kind.INSTANCE]
    return tuple(sorted([*found, *more], key=lambda one: one.name))
