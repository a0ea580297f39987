"""Calls by the minute, as metrics: what alarms watch, as on what a user spent in the last hour.

    trimtab.tokens.{calls,input,output,cost} {tenant,user,agent,feature,vendor,model}     one sample a minute

A minute's sample is what began in it; a call is told when it ends, so minutes are counted again while calls of them may
still come, and the later sample replaces the earlier. What own pods serve has no cost here: theirs is known by the day.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal

import numpy as np
from msgspec import Struct, field

from trimtab.access.scope import EVERYTHING
from trimtab.base.clock import Clock
from trimtab.base.tags import make_tags
from trimtab.economics.tokens.calls import ReadCalls
from trimtab.genai.call import Call
from trimtab.genai.prices.book import Book
from trimtab.genai.prices.price import cost_of
from trimtab.jobs.lock import LEASE_MS, Lock
from trimtab.jobs.periodic import Job
from trimtab.metrics.ingest import MetricIngest
from trimtab.metrics.model import SAMPLE_ROW, Identity, Kind, MetricBatch
from trimtab.metrics.registry import SeriesRegistry

MINUTE_MS = 60_000
NAMESPACE, PREFIX = "trimtab", "trimtab.tokens."
BY = ("tenant", "user", "agent", "feature", "vendor", "model")
EVERY_S = 20.0
"""An alarm that looks once a minute tells of a call within a minute and a half."""
LATE = 15
"""Minutes that are counted each time: calls take long, and spans above them, which say whose they are, longer."""
_SHARE = 20
"""Between two counts there is at least so many times what one took: of many calls less often, for no more CPU."""
_REGION = "local"

Key = tuple[str, str, tuple[str, ...]]
"""Account, region, and the values of BY."""


class Minute(Struct):
    """What began in a minute; `costs` are by currency, without the calls of which none is known."""

    calls: int = 0
    input: int = 0
    output: int = 0
    costs: dict[str, Decimal] = field(default_factory=dict)


def minutes_of(
    calls: Iterable[Call], price: Callable[[Call], tuple[Decimal | None, str]]
) -> dict[tuple[Key, int], Minute]:
    """Calls by whose they are and by the minute (its start, ms) in which they began. Pure."""
    found: dict[tuple[Key, int], Minute] = defaultdict(Minute)
    for call in calls:
        amount, currency = price(call)
        key = call.account, call.region, tuple(getattr(call, name) for name in BY)
        minute = found[key, call.at_ms // MINUTE_MS * MINUTE_MS]
        minute.calls += 1
        minute.input += call.tokens.input or 0
        minute.output += call.tokens.output or 0
        if amount is not None:
            minute.costs[currency] = minute.costs.get(currency, Decimal(0)) + amount
    return found


class TokenMinutes(Struct):
    """Writes them. Of several servers that share a state the one with the lock does."""

    calls: ReadCalls
    books: Callable[[], Sequence[Book]]
    ingest: MetricIngest
    registry: SeriesRegistry
    clock: Clock
    lock: Lock
    _next_s: float = 0.0
    _told: set[tuple[int, int]] = field(default_factory=set)
    """(series, minute) that have a sample: what is found no more, as its tenant came to be known, becomes 0."""

    def jobs(self) -> list[Job]:
        """What it does by itself."""
        return [
            Job("hold the lock of the minutes of tokens", LEASE_MS / 3000, self.lock.renew),
            Job("count tokens by the minute", EVERY_S, self.turn),
        ]

    async def turn(self) -> None:
        """Count the last LATE minutes. Raises QueryAborted, Unavailable."""
        began_s = self.clock.monotonic()
        if not self.lock.held or began_s < self._next_s:
            return
        now_ms = self.clock.now_ms()
        start_ms = (now_ms // MINUTE_MS - LATE + 1) * MINUTE_MS
        found = (await self.calls.over(EVERYTHING, start_ms, now_ms + 1)).calls
        samples = self._samples(await asyncio.to_thread(minutes_of, found, self._price))
        gone = {(series, at) for series, at in self._told if at >= start_ms}.difference(samples)
        rows = [(*key, value) for key, value in samples.items()] + [(*key, 0.0) for key in sorted(gone)]
        if rows:
            await self.ingest.write(MetricBatch(samples=np.array(rows, SAMPLE_ROW)))
        self._told = set(samples)
        self._next_s = self.clock.monotonic() + (self.clock.monotonic() - began_s) * _SHARE

    def _price(self, call: Call) -> tuple[Decimal | None, str]:
        cost = cost_of(call, self.books())
        return cost.amount, cost.currency

    def _samples(self, minutes: Mapping[tuple[Key, int], Minute]) -> dict[tuple[int, int], float]:
        """By series and minute what its sample is."""
        samples = {}
        for ((account, region, who), start_ms), minute in minutes.items():
            tags = make_tags({name: value for name, value in zip(BY, who, strict=True) if value})
            counts = (("calls", minute.calls), ("input", minute.input), ("output", minute.output))
            values = [(name, "1", float(value)) for name, value in counts]
            values += [("cost", currency, float(cost)) for currency, cost in minute.costs.items()]
            for name, unit, value in values:
                identity = Identity(account, region or _REGION, NAMESPACE, PREFIX + name, tags, unit, kind=Kind.GAUGE)
                series = self.registry.offer(identity)
                if series is not None:
                    samples[series, start_ms] = value
        return samples
