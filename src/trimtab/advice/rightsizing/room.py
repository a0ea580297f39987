"""The room as doors, pages and jobs are given it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from msgspec import Struct

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.advice.facts import Facts
from trimtab.advice.finding import Finding as AdviceFinding
from trimtab.advice.finding import Judgement
from trimtab.advice.rightsizing.computing import Computing, Part
from trimtab.advice.rightsizing.exporting import Exports, Write
from trimtab.advice.rightsizing.functions import FunctionFacts, advise_function
from trimtab.advice.rightsizing.measures import Unit
from trimtab.advice.rightsizing.model import Axis, Kind, Option, Recommendation, Subject
from trimtab.advice.rightsizing.nodes import Nodes
from trimtab.advice.rightsizing.planned import Worth, worth_of
from trimtab.advice.rightsizing.preferences import differs, effective, sizing_of
from trimtab.advice.rightsizing.prices import InstancePrices
from trimtab.advice.rightsizing.publishing import judgement, owned
from trimtab.advice.rightsizing.reading import UseReader
from trimtab.advice.rightsizing.settings import Sizing
from trimtab.advice.rightsizing.sizes.book import Sizes
from trimtab.advice.rightsizing.sizes.instances import InstanceSizes
from trimtab.advice.rightsizing.store import INACTIVE, Kept, RightsizingStore
from trimtab.advice.rightsizing.subjects import INVENTORY, subjects, why_not
from trimtab.advice.rightsizing.use import DAY_MS, DailyUse, Floats, Integers
from trimtab.base.clock import Clock
from trimtab.base.records import replace
from trimtab.inventory.catalog.functions import function_price
from trimtab.inventory.room import InventoryRoom
from trimtab.logs.serverless.model import X86, FunctionUse
from trimtab.metrics.plan import StatRequest
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesRegistry
from trimtab.metrics.statistics import parse_statistic
from trimtab.store.state.database import State
from trimtab.store.telemetry.client import Telemetry

_SETTLE_S = 10.0  # what was written before counts
_MOST = 1_000_000
"""Resources of a kind that are looked at."""
RESOURCE_TYPES = {
    Kind.INSTANCE: "Ec2Instance",
    Kind.GROUP: "AutoScalingGroup",
    Kind.VOLUME: "EbsVolume",
    Kind.FUNCTION: "LambdaFunction",
    Kind.SERVICE: "EcsService",
    Kind.DATABASE: "RdsDBInstance",
    Kind.ENDPOINT: "SageMakerEndpoint",
}
"""Kinds by Compute Optimizer's words."""
FunctionUses = Callable[[Scope, int, int], Awaitable[Sequence[FunctionUse]]]
"""What the invocations of functions add up to in `[start_ms, end_ms)`."""


class Means(Struct, frozen=True):
    """What the room needs of others. `containers` are those that ask for something, `facts` the bill for `publish`.

    `nodes` are machines that the ledger of GPU time knows, `open_findings` those of advice, with what they add in the
    plan.
    """

    telemetry: Telemetry
    registry: SeriesRegistry
    reader: MetricReader
    inventory: InventoryRoom
    functions: FunctionUses
    containers: Callable[[Scope], Awaitable[Sequence[Subject]]]
    facts: Callable[[], Awaitable[Facts]]
    publish: Callable[[Sequence[Judgement], int], Awaitable[object]]
    write: Write
    nodes: Nodes | None = None
    open_findings: Callable[[Scope], Awaitable[Sequence[AdviceFinding]]] | None = None


class Detailed(Struct, frozen=True):
    """A recommendation, the options that there are, and the use by axis in shares of the present size (one row)."""

    kept: Kept
    options: tuple[Option, ...]
    uses: Mapping[Axis, DailyUse]


class RightsizingRoom(Struct, frozen=True):
    """Everything that may be asked of right-sizing."""

    clock: Clock
    store: RightsizingStore
    exports: Exports
    computing: Computing
    means: Means

    @classmethod
    def of(cls, state: State, clock: Clock, means: Means) -> "RightsizingRoom":
        """The room over a state database and its means."""
        store = RightsizingStore(state, clock)
        exports = Exports(state, clock, store, means.write)
        return cls(clock, store, exports, Computing(UseReader(means.telemetry, means.registry, means.nodes)), means)

    async def recompute(self, now_ms: int, kinds: Sequence[Kind] = tuple(Kind)) -> None:
        """Judge everything (or some kinds) anew, keep it, publish it as advice. Raises QueryAborted, Unavailable."""
        began = self.clock.monotonic()
        await self.means.reader.fresh(_SETTLE_S)
        facts = await self.means.facts()
        judged = []
        for kind in kinds:
            found = [owned(one, facts) for one in await self.judge(EVERYTHING, kind, now_ms)]
            await self.store.replace(kind, found)
            judged.append(judgement(kind, found, facts))
        await self.means.publish(judged, round((self.clock.monotonic() - began) * 1000))

    async def judge(self, scope: Scope, kind: Kind, now_ms: int, *, detail: bool = False) -> list[Recommendation]:
        """What is said of all resources of a kind now, by the preferences of each. Accounts that opted out are left."""
        found = await self.subjects(scope, kind, now_ms)
        away = {account for account in {one.account for one in found} if await self._opted_out(account)}
        return await self.judge_these([one for one in found if one.account not in away], now_ms, detail=detail)

    async def judge_these(
        self, found: Sequence[Subject], now_ms: int, *, detail: bool = True, sizing: Sizing | None = None
    ) -> list[Recommendation]:
        """What is said of subjects of one kind; by `sizing` where it is given, else by preferences."""
        if not found:
            return []
        if found[0].kind is Kind.FUNCTION:
            return await self._functions(found, now_ms, sizing or Sizing())
        told: list[Recommendation] = []
        for settings, group in (await self._by_settings(found, sizing)).items():
            sizes = Sizes(InstanceSizes(self.means.inventory.catalog, await self._prices(now_ms), settings.arm))
            told += await self.computing.all(EVERYTHING, group, sizes, settings, now_ms, detail=detail)
        return told

    async def subjects(self, scope: Scope, kind: Kind, now_ms: int) -> list[Subject]:
        """What may be sized of a kind."""
        kinds = [name for name, of in INVENTORY.items() if of is kind]
        found: list[Subject] = []
        for name in kinds:
            found += [
                one
                for one in subjects(await self.means.inventory.resources.listed(scope, kind=name, limit=_MOST))
                if one.kind is kind
            ]
        if kind is Kind.CONTAINER:
            known = {one.id for one in found}
            found += [one for one in await self.means.containers(scope) if one.id not in known]
        if kind is Kind.INSTANCE and self.means.nodes is not None:
            paths, ids = {one.path for one in found}, {(one.account, one.id) for one in found}
            nodes = await self.means.nodes.subjects(scope, now_ms)
            found += [one for one in nodes if one.path not in paths and (one.account, one.id) not in ids]
        return found

    async def left_out(self, scope: Scope) -> list[tuple[str, str, str]]:
        """Every resource of the inventory that is not judged: its path, its kind and the reason."""
        known = await self.means.inventory.resources.listed(scope, limit=_MOST)
        found = [(one.ref.path, one.ref.kind, reason) for one in known if (reason := why_not(one))]
        away = {account for account in {one.ref.account for one in known} if await self._opted_out(account)}
        found += [
            (one.ref.path, one.ref.kind, f"account {one.ref.account} does not take part in right-sizing")
            for one in known
            if one.ref.account in away and not why_not(one)
        ]
        return sorted(found)

    async def worth(self, scope: Scope) -> Worth:
        """What findings about sizes add in the plan, as a caller sees it."""
        return worth_of(await self.means.open_findings(scope)) if self.means.open_findings is not None else {}

    async def detailed(self, scope: Scope, id_: str, sizing: Sizing | None = None) -> Detailed:
        """A recommendation with its replays by day, judged now, and the use behind it. Raises NotFound."""
        kept = await self.store.get(scope, id_)
        subject, now_ms = kept.recommendation.subject, self.clock.now_ms()
        known = await self.subjects(scope, subject.kind, now_ms)
        alike = [
            replace(one, owner=subject.owner, owner_reason=subject.owner_reason)
            for one in known
            if (one.path, one.id) == (subject.path, subject.id)
        ][:1]
        found = await self.judge_these(alike, now_ms, detail=True, sizing=sizing)
        if not found:
            return Detailed(kept, (), {})
        settings = next(iter(await self._by_settings(alike, sizing)))
        sizes = Sizes(InstanceSizes(self.means.inventory.catalog, await self._prices(now_ms), settings.arm))
        options = tuple(sizes.of(alike[0]))
        uses: dict[Axis, DailyUse] = {}
        if options:
            known_series = self.computing.reader.known(scope, subject.kind)
            start_ms = now_ms - settings.lookback * DAY_MS
            uses = await self.computing.uses(Part(alike, [options]), known_series, start_ms, settings.lookback)
        return Detailed(Kept(kept.id, now_ms, found[0]), options, uses)

    async def used(
        self, scope: Scope, subject: Subject, span: tuple[int, int], period_s: int, statistic: str
    ) -> dict[Axis, tuple[Integers, Floats]]:
        """Times (ms) and shares of the present size of a subject's CPU and memory in `[start, end)`, as measured."""
        known = self.computing.reader.known(scope, subject.kind)
        found: dict[Axis, tuple[Integers, Floats]] = {}
        for one in known:
            axis, row = one.measure.axis, one.series.get((subject.account, *subject.id.split("/")))
            if row is None or axis not in (Axis.CPU, Axis.MEMORY) or one.measure.unit is not Unit.SHARE:
                continue
            request = StatRequest((row[0],), parse_statistic(statistic), period_s)
            [told] = await self.means.reader.statistics(scope, [request], *span)
            found.setdefault(axis, (told.times, told.values * one.measure.scale))
        return found

    async def _by_settings(self, found: Sequence[Subject], sizing: Sizing | None) -> dict[Sizing, list[Subject]]:
        if sizing is not None:
            return {sizing: list(found)}
        put = await self.store.preferences(RESOURCE_TYPES.get(found[0].kind, "-"))
        groups: dict[Sizing, list[Subject]] = {}
        for one in found:
            settings = sizing_of(effective(put, one.account, one.arn)) if put else Sizing()
            groups.setdefault(settings, []).append(one)
        return groups

    async def sizing(self, account: str, kind: Kind, arn: str) -> tuple[dict[str, object], bool]:
        """The preferences that hold for a resource, and whether any was put."""
        held = effective(await self.store.preferences(RESOURCE_TYPES.get(kind, "-")), account, arn)
        return held, differs(held)

    async def _functions(self, found: Sequence[Subject], now_ms: int, sizing: Sizing) -> list[Recommendation]:
        start_ms = now_ms - sizing.lookback * DAY_MS
        uses = {(one.account, one.function): one for one in await self.means.functions(EVERYTHING, start_ms, now_ms)}
        return [
            advise_function(one, _facts(one, uses.get((one.account, one.id)), sizing, now_ms), sizing) for one in found
        ]

    async def _prices(self, now_ms: int) -> InstancePrices:
        return InstancePrices(self.means.inventory.catalog, await self.means.inventory.rates.all(), now_ms)

    async def _opted_out(self, account: str) -> bool:
        return (await self.store.enrolled(account))[0] == INACTIVE


def _facts(subject: Subject, use: FunctionUse | None, sizing: Sizing, now_ms: int) -> FunctionFacts:
    told = subject.type.removesuffix(" MB")
    memory = int(told) if told.isdecimal() else (use.memory_mb or 0) if use is not None else 0
    if use is None:
        return FunctionFacts(0, memory, None, 0.0, 0.0, 0, float(sizing.lookback), None)
    price = function_price(subject.region, use.architecture or X86, now_ms)
    mean = use.billed_ms / use.invocations if use.invocations else 0.0
    failed = use.errors + use.timeouts
    days = float(sizing.lookback)
    return FunctionFacts(use.invocations, memory, use.used_mb, mean, use.p95_ms, failed, days, price)
