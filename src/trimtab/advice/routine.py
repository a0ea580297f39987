"""The routine: every night (and when asked) checks are judged anew, the ledger follows, and once a month a digest goes.

A night is that of UTC: the first turn after 02:00. What changed is a run of the findings store and an event.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from msgspec import Struct, field
from sqlalchemy import Connection

from trimtab.access.scope import EVERYTHING
from trimtab.advice.catalogue import catalogue
from trimtab.advice.check import Check
from trimtab.advice.complete import judgement
from trimtab.advice.facts import DAY_MS, Facts
from trimtab.advice.finding import Judgement
from trimtab.advice.gather.facts_reader import FactsReader
from trimtab.advice.knobs import KnobStore, remember
from trimtab.advice.ledger.keeper import LedgerKeeper, total
from trimtab.advice.standing import DIGEST, Changes, Decision, Standing, State, Wanted
from trimtab.advice.store import FindingStore
from trimtab.advice.together import Together, together
from trimtab.base.clock import Clock, to_datetime
from trimtab.base.errors import TrimtabError
from trimtab.events.outbox import emit
from trimtab.store.state.database import State as Database

logger = logging.getLogger(__name__)

NIGHT_HOUR = 2
"""Hour of the day (UTC) from which the nightly run is due: bills and connectors have been read by then."""
Recompute = Callable[[int], Awaitable[None]]
"""A recommender that computes and publishes by itself; it is given the time (ms)."""


class Routine(Struct):
    """Computes advice. `recomputing` are recommenders that are more than checks."""

    state: Database
    clock: Clock
    findings: FindingStore
    facts: FactsReader
    ledger: LedgerKeeper
    knobs: KnobStore
    recomputing: list[Recompute] = field(default_factory=list)
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def turn(self) -> None:
        """What is due: everything at night, else the checks of which a refresh was asked for."""
        now_ms = self.clock.now_ms()
        if await self._night_is_due(now_ms):
            await self.recompute()
            await self._digest(now_ms)
            return
        ran = await self.findings.checks(EVERYTHING)
        asked = [id_ for id_, one in ran.items() if one.asked_ms and one.asked_ms >= one.ran_ms and id_ in catalogue()]
        if asked:
            await self.recompute(asked)

    async def recompute(self, ids: Sequence[str] = ()) -> Changes:
        """Judge checks (all of them where none is named) on facts of now; what changed."""
        async with self._alone:
            return await self._recompute([catalogue()[id_] for id_ in ids] or list(catalogue().values()), bool(ids))

    async def _recompute(self, checks: list[Check], part: bool) -> Changes:
        began = self.clock.monotonic()
        active = {one.finding.id: one for one in await self.findings.listed(EVERYTHING, Wanted(hidden=True))}
        facts = await self.facts.read(checks)
        knobs = await self.knobs.all()
        judged = await asyncio.to_thread(_judge_all, checks, facts, knobs)
        took_ms = round((self.clock.monotonic() - began) * 1000)
        what = "all" if not part else ", ".join(one.id for one in checks)[:64]
        changes = await self.findings.publish(judged, took_ms=took_ms, what=what)
        undecided = frozenset((one.check, lost.resource) for one in judged for lost in one.undecided)
        await self.ledger.follow([active[id_] for id_ in changes.gone if id_ in active], undecided, facts)
        await self.ledger.measure()
        if not part:
            for recompute in self.recomputing:
                await self._try(recompute)
            await self._follow_recommenders(active, {one.check for one in judged}, facts)
        return changes

    async def _follow_recommenders(self, active: Mapping[str, Standing], judged: set[str], facts: Facts) -> None:
        """Note what was applied of what recommenders do not find any more, also where one ran between two nights."""
        known = {one.finding.id for one in await self.findings.listed(EVERYTHING, Wanted(hidden=True))}
        gone = {id_: one for id_, one in active.items() if id_ not in known and one.finding.check not in judged}
        accepted = Wanted(state=State.RESOLVED, decision=Decision.ACCEPTED, hidden=True)
        gone |= {one.finding.id: one for one in await self.findings.listed(EVERYTHING, accepted)}
        ran = await self.findings.checks(EVERYTHING)
        undecided = frozenset((one.check, resource) for one in ran.values() for resource, _ in one.undecided)
        if await self.ledger.follow(gone.values(), undecided, facts):
            await self.ledger.measure()

    async def _try(self, recompute: Recompute) -> None:
        """Run a recommender; a fault in its code is logged and ends neither the others nor the run."""
        try:
            await recompute(self.clock.now_ms())
        except TrimtabError as problem:
            logger.warning("cannot compute further advice, will try again tomorrow: %s", problem)
        except Exception:
            logger.exception("cannot compute further advice: this is a fault in trimtab")

    async def _night_is_due(self, now_ms: int) -> bool:
        night = (now_ms - NIGHT_HOUR * 3_600_000) // DAY_MS * DAY_MS + NIGHT_HOUR * 3_600_000
        runs = await self.findings.runs(limit=50)
        return not any(one.at_ms >= night and one.what == "all" for one in runs)

    async def _digest(self, now_ms: int) -> None:
        """Once a month, in its first night: what advice saved, and what it would."""
        month = f"{to_datetime(now_ms):%Y-%m}"
        if await self.knobs.remembered("digest") == month:
            return
        body = await digest(self.findings, self.ledger, month)

        def write(connection: Connection) -> None:
            emit(connection, self.clock, DIGEST, month, body)
            remember(connection, "digest", month)

        await self.state.change(write)


def _judge_all(checks: Sequence[Check], facts: Facts, knobs: dict[str, dict[str, float]]) -> list[Judgement]:
    return [judgement(one, facts, knobs.get(one.id)) for one in checks]


async def digest(findings: FindingStore, ledger: LedgerKeeper, month: str) -> dict[str, Any]:
    """The body of the monthly digest: open advice, what was accepted, applied and saved, and the five best."""
    active = await findings.listed(EVERYTHING)
    entries = await ledger.store.listed(EVERYTHING)
    saved = {currency: f"{amount:.2f}" for currency, amount in total(entries).items()}
    open_ = _open_cash(active)
    words = ", ".join(f"{amount} {currency}" for currency, amount in saved.items()) or "nothing yet"
    return {
        "title": f"Advice in {month}: {len(active)} open, saved {words}",
        "open": len(active),
        "open_cash": open_,
        "gpu_hours": round(sum(one.finding.gpu_hours for one in active), 1),
        "accepted": sum(one.decision is Decision.ACCEPTED for one in active),
        "applied": len([one for one in entries if one.applied_ms]),
        "saved": saved,
        "best": [_line(one) for one in together(active)[:5]],
    }


def _open_cash(active: Sequence[Standing]) -> dict[str, str]:
    found: dict[str, Decimal] = {}
    for one in active:
        if one.finding.cash and one.state is State.ACTIVE:
            found[one.finding.currency] = found.get(one.finding.currency, Decimal(0)) + one.finding.cash
    return {currency: f"{amount:.2f}" for currency, amount in found.items()}


def _line(one: Together) -> str:
    cash = "cash not known" if one.cash is None else f"{one.cash:.2f} {one.currency} a month"
    return f"{one.name}: {one.summary} ({cash}, {one.owner or 'nobody'})"
