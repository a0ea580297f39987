"""A read of an account: its steps in turn, each kept as it ends, so that a crash costs one step of work at most.

The inventory comes first, some services at a time; then its metrics, if they cost no more than they may; then audit
events and spot prices. A step that lacks a permission is noted with the permission, and the others go on.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from decimal import Decimal

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.accounts import event_reading, metric_reading, spot_reading
from trimtab.accounts.describe.contract import GLOBAL, Found, Place, Source
from trimtab.accounts.describe.every import SOURCES
from trimtab.accounts.metric_reading import MetricStore, Window
from trimtab.accounts.metrics_wanted import TYPES, Series, cost_of, series_of
from trimtab.accounts.model import ORIGIN, Account, Read, ReadState, Step, StepState
from trimtab.accounts.store import AccountStore
from trimtab.audit.ingest import AuditIngest
from trimtab.base.clock import Clock, to_datetime
from trimtab.base.errors import AccessDenied, TrimtabError
from trimtab.base.records import replace
from trimtab.cloud.reading import CloudReader
from trimtab.inventory.catalog.spot import SpotPriceStore
from trimtab.inventory.owners import owner_of
from trimtab.inventory.readings import Whole
from trimtab.inventory.resolver import ResourceRef, parse_arn
from trimtab.inventory.resources import Resource
from trimtab.inventory.room import InventoryRoom

logger = logging.getLogger(__name__)

METRICS, EVENTS, SPOT = "metrics", "audit events", "spot prices"
_AT_ONCE = 4
"""Services that are read at a time: the server answers people meanwhile."""
_DAY_MS = 86_400_000
_BY_NAME = {one.name: one for one in SOURCES}


class Parts(Struct, frozen=True):
    """What a read writes to."""

    store: AccountStore
    inventory: InventoryRoom
    metrics: MetricStore
    audit: AuditIngest
    spot: SpotPriceStore
    clock: Clock


def steps_of(account: Account) -> list[Step]:
    """Everything that a read of the account does."""
    steps = [Step(GLOBAL, one.name) for one in SOURCES if one.is_global]
    further = [(account.metrics, METRICS), (account.audit, EVENTS), (account.spot, SPOT)]
    for region in account.regions:
        steps += [Step(region, one.name) for one in SOURCES if not one.is_global]
        steps += [Step(region, name) for wanted, name in further if wanted]
    return steps


class AccountReading:
    """One read. `stopping` says whether the process ends: what is not done then is done after its next start."""

    def __init__(
        self, parts: Parts, account: Account, read: Read, calls: CloudReader, stopping: Callable[[], bool]
    ) -> None:
        self._parts = parts
        self._account = account
        self._read = read
        self._calls = calls
        self._stopping = stopping
        self._counting = asyncio.Lock()

    async def run(self) -> bool:
        """Go on with the read; whether it came to its end."""
        waiting = [one for one in await self._parts.store.steps(self._read.id) if one.state is StepState.WAITING]
        inventory = [one for one in waiting if one.name in _BY_NAME]
        order = {one.name: at for at, one in enumerate(SOURCES)}
        await self._all(sorted(inventory, key=lambda one: order[one.name]))
        await self._metrics([one for one in waiting if one.name == METRICS])
        await self._all([one for one in waiting if one.name in (EVENTS, SPOT)])
        if self._stopping():
            return False
        await self._parts.store.end(self._read.id, ReadState.DONE, self._parts.clock.now_ms())
        return True

    async def _all(self, steps: Sequence[Step]) -> None:
        turns = asyncio.Semaphore(_AT_ONCE)

        async def one(step: Step) -> None:
            async with turns:
                await self._step(step)

        await asyncio.gather(*(one(step) for step in steps))

    async def _step(self, step: Step) -> None:
        if self._stopping():
            return
        try:
            done = replace(step, state=StepState.DONE, items=await self._work(step))
        except AccessDenied as problem:
            done = replace(step, state=StepState.REFUSED, problem=str(problem))
        except TrimtabError as problem:
            done = replace(step, state=StepState.FAILED, problem=str(problem))
        except (KeyError, TypeError, ValueError, AttributeError) as problem:  # AWS answers otherwise than it documents
            logger.exception("cannot read %s in %s", step.name, step.region)
            said = f"{type(problem).__name__}: {problem}"
            done = replace(step, state=StepState.FAILED, problem=f"cannot read {step.name}: unexpected answer ({said})")
        await self._count()
        if done.state is StepState.DONE or not self._stopping():
            now_ms = self._parts.clock.now_ms()
            await self._parts.store.ended(self._read.id, replace(done, ended_ms=now_ms))

    async def _work(self, step: Step) -> int:
        if step.name in _BY_NAME:
            return await self._describe(_BY_NAME[step.name], step.region)
        work = {METRICS: self._points, EVENTS: self._events, SPOT: self._spot_prices}[step.name]
        return await work(step.region)

    async def _count(self) -> None:
        day = to_datetime(self._parts.clock.now_ms()).date().isoformat()
        async with self._counting:  # to add to a number is to read and to write it
            await self._parts.store.count(self._account.account, day, self._calls.meter.take())

    # -- inventory ----------------------------------------------------------------------------------------------

    async def _describe(self, source: Source, region: str) -> int:
        now_ms = self._parts.clock.now_ms()
        account = self._account
        asked = account.home if source.is_global else region
        place = Place(self._calls, account.account, region, now_ms, account.partition, asked)
        found = await asyncio.to_thread(lambda: list(source.read(place)))
        resources = [_resource(one, account.account, region) for one in found]
        whole = Whole(account.account, region, source.resource_types, resources, ORIGIN, now_ms)
        return await self._parts.inventory.readings.keep(whole)

    # -- metrics ------------------------------------------------------------------------------------------------

    async def _metrics(self, steps: Sequence[Step]) -> None:
        """Read metrics where what all of them cost is no more than it may be."""
        if not steps or self._stopping():
            return
        dollars = await self.estimate()
        await self._parts.store.estimated(self._read.id, dollars)
        if dollars <= self._account.max_cost:
            await self._all(steps)
            return
        most = self._account.max_cost
        said = f"would cost ${dollars:f}, and a read may spend ${most:f}; connect it again with a higher --max-cost"
        for step in steps:
            now_ms = self._parts.clock.now_ms()
            skipped = replace(step, state=StepState.SKIPPED, problem=said, ended_ms=now_ms)
            await self._parts.store.ended(self._read.id, skipped)

    async def estimate(self) -> Decimal:
        """What the metrics of the inventory as it is known cost, in dollars."""
        total = Decimal(0)
        for region in self._account.regions:
            total += cost_of(await self._series(region))
        return total

    async def _series(self, region: str) -> list[Series]:
        scope = Scope(frozenset((self._account.account,)), frozenset((region,)))
        found = await self._parts.inventory.resources.of_type(scope, *TYPES)
        return series_of(one for one in found if one.origin == ORIGIN)

    async def _points(self, region: str) -> int:
        account, store = self._account.account, self._parts.store
        mark = await store.mark(account, region, METRICS)
        window = Window.since(mark, self._account.days, self._read.started_ms)
        series = await self._series(region)
        turns = metric_reading.read(self._calls, account, region, series, window)
        written = 0
        while (points := await asyncio.to_thread(next, turns, None)) is not None:
            written += await self._parts.metrics.write(account, region, points)
        if window.hours:
            await store.set_mark(account, region, METRICS, window.end_ms)
        return written

    # -- what happened, and spot prices ---------------------------------------------------------------------------

    async def _events(self, region: str) -> int:
        account, store = self._account.account, self._parts.store
        now_ms = self._read.started_ms
        mark = await store.mark(account, region, EVENTS)
        since_ms = now_ms - self._account.days * _DAY_MS if mark is None else mark - event_reading.OVERLAP_MS
        found = event_reading.read(self._calls, account, region, since_ms, now_ms)
        events = await asyncio.to_thread(list, found)
        written = await self._parts.audit.write_new(events)
        await store.set_mark(account, region, EVENTS, now_ms)
        return len(written.events)

    async def _spot_prices(self, region: str) -> int:
        account, store = self._account.account, self._parts.store
        now_ms = self._read.started_ms
        mark = await store.mark(account, region, SPOT)
        since_ms = now_ms - self._account.days * _DAY_MS if mark is None else mark
        scope = Scope(frozenset((account,)), frozenset((region,)))
        owned = {one.type for one in await self._parts.inventory.resources.of_type(scope, "ec2:instance")}
        known = self._parts.inventory.catalog.types.values()
        types = sorted(owned | {one.type for one in known if one.accelerators})
        prices = spot_reading.read(self._calls, region, types, since_ms, now_ms)
        told = await asyncio.to_thread(self._parts.spot.put_sync, prices)
        await store.set_mark(account, region, SPOT, now_ms)
        return told


def _resource(one: Found, account: str, region: str) -> Resource:
    ref = parse_arn(one.arn, account, one.region or region)
    if not ref:
        ref = ResourceRef("aws", account, one.region or region, "resource", one.arn)
    owner, facts = owner_of(one.tags), one.attributes
    return Resource(ref, one.name, owner, one.type, one.tags, ORIGIN, arn=one.arn, attributes=facts)
