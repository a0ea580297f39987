"""Rooms of advice: checks, sizes, the plan of all that saves, and what the plan of a month ago came to."""

from functools import partial

from trimtab.access.scope import Scope
from trimtab.advice.backtest.evidence import PastChecks
from trimtab.advice.backtest.room import BacktestRoom
from trimtab.advice.facts import Watch
from trimtab.advice.plan.choosing import Choosing
from trimtab.advice.plan.reading import read_convertible
from trimtab.advice.plan.room import PlanRoom as AdvicePlanRoom
from trimtab.advice.purchases.room import PurchasesRoom
from trimtab.advice.purchases.terms import read_terms
from trimtab.advice.rightsizing.composed import Around, rightsizing_of
from trimtab.advice.rightsizing.room import RightsizingRoom
from trimtab.advice.room import AdviceRoom
from trimtab.advice.room import Means as AdviceMeans
from trimtab.alarms.room import AlarmRoom
from trimtab.alarms.watched import metrics_in
from trimtab.audit.room import AuditRoom
from trimtab.base.clock import Clock
from trimtab.costs.model import Facet
from trimtab.costs.room import CostsRoom
from trimtab.economics.room import EconomicsRoom
from trimtab.economics.rules.owners import owner_rules
from trimtab.economics.tokens.room import TokensRoom
from trimtab.fleet.health.room import HealthReader
from trimtab.fleet.reading import HoursReader
from trimtab.inventory.catalog.book import load
from trimtab.inventory.owners import OwnerRules
from trimtab.inventory.room import InventoryRoom
from trimtab.kpis.runs.reader import RunReports
from trimtab.logs.serverless.read import ServerlessReader
from trimtab.metrics.read import MetricReader
from trimtab.metrics.registry import SeriesRegistry
from trimtab.settings import Settings
from trimtab.stores import Stores
from trimtab.timeseries.forecast.forecaster import Forecaster
from trimtab.wiring.starved_hours import starved_hours
from trimtab.wiring.token_habits import token_habits


def advice_of(
    stores: Stores,
    clock: Clock,
    facts: tuple[InventoryRoom, MetricReader, SeriesRegistry, CostsRoom],
    audit: AuditRoom,
    alarms: AlarmRoom,
    economics: EconomicsRoom,
    fleet: tuple[HoursReader, HealthReader],
    runs: RunReports,
    tokens: TokensRoom,
) -> AdviceRoom:
    """Checks over what there is, what it measured and cost, with the alarms kept here and the owners of the rules."""

    async def watches(scope: Scope) -> list[Watch]:
        found = [one.alarm for one in (await alarms.listing.within(scope)).alarms]
        return [
            Watch(one.key.name, *metric, bool(one.actions.alarm), one.actions.enabled)
            for one in found
            for metric in metrics_in(one.form)
        ]

    async def owner() -> Facet:
        return (await economics.rules.current()).owner_facet

    async def rules() -> OwnerRules:
        return owner_rules((await economics.rules.current()).rules)

    hours, health = fleet
    phases = starved_hours(runs)
    means = AdviceMeans(*facts, audit.reader, watches, owner, hours=hours, rules=rules, health=health, phases=phases,
                        habits=token_habits(tokens, clock))  # fmt: skip
    return AdviceRoom.of(stores.state, clock, means)


def rightsizing_room_of(
    settings: Settings,
    stores: Stores,
    clock: Clock,
    facts: tuple[InventoryRoom, MetricReader, SeriesRegistry, CostsRoom],
    serverless: ServerlessReader,
    advice: AdviceRoom,
) -> RightsizingRoom:
    """Sizes proved on use, recomputed with the nightly advice."""
    around = Around(*facts, serverless, advice.findings, advice.facts, settings.data_dir / "exports")
    room = rightsizing_of(stores.state, stores.telemetry, clock, around)
    advice.recomputing.append(room.recompute)
    return room


def plan_of(
    stores: Stores, clock: Clock, costs: CostsRoom, advice: AdviceRoom, inventory: InventoryRoom
) -> AdvicePlanRoom:
    """One plan of everything that saves, what to commit to last, with the nightly advice and after each decision."""
    ledger, convertible = advice.ledger.store.listed, partial(read_convertible, inventory.resources)
    choosing = Choosing(costs.reader, advice.findings, load(), clock, inventory.spot, ledger, convertible)
    terms = partial(read_terms, inventory.resources)
    purchases = PurchasesRoom.of(stores.state, clock, costs, advice.findings, terms, choosing.leaves)
    room = AdvicePlanRoom(costs.reader, advice.findings, choosing, purchases, advice.knobs, clock, costs.currencies)
    advice.recomputing.append(room.recompute)
    return room


def backtest_of(advice: AdviceRoom, plan: AdvicePlanRoom, sizes: RightsizingRoom) -> BacktestRoom:
    """What the plan of a month ago came to, after the nightly plan."""
    past = PastChecks(advice.facts, advice.knobs, sizes)
    room = BacktestRoom(plan, past.found, advice.ledger.store, advice.knobs, Forecaster())
    advice.recomputing.append(room.recompute)
    return room
