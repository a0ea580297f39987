"""What joint plans ask of other rooms: load tests with prices and rates, traffic of services. Wired by `rooms.py`."""

from collections.abc import Mapping
from decimal import Decimal

import numpy as np
from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.advice.purchases.facts import FactStore, shares_of
from trimtab.advice.purchases.lines import family_of
from trimtab.advice.purchases.model import Payment, PlanKind, UseLine
from trimtab.advice.purchases.rates import Rates, Share, published
from trimtab.base.clock import Clock
from trimtab.capacity.simulate.fleet import Array
from trimtab.fleet.telemetry import concepts
from trimtab.fleet.telemetry.concepts import POD_LABELS, Finder, Registry
from trimtab.fleet.telemetry.owners import Owners, pods_of
from trimtab.fleet.telemetry.reading import Reader
from trimtab.fleet.telemetry.window import Grid
from trimtab.inference.cost import Price, price_of
from trimtab.inference.curves import MeasuredType, measured
from trimtab.inference.store import LoadTestStore
from trimtab.inventory.catalog.spot import LINUX
from trimtab.inventory.room import InventoryRoom
from trimtab.kpis.context import Context, flows
from trimtab.metrics.expressions.evaluate import Evaluator
from trimtab.scaling.demand import spread_back
from trimtab.scaling.plan.model import Offer, Server
from trimtab.scaling.plan.room import PlansRoom
from trimtab.store.state.database import State

__all__ = ["PlansRoom", "Telling", "plans_of"]

_SPOT_DAYS = 7
_DAY_MS = 86_400_000
_YEARS = (1, 3)


class Measurements(Struct, frozen=True):
    """The port of load tests: each with list price, spot price, and what a commitment makes of it."""

    tests: LoadTestStore
    inventory: InventoryRoom
    facts: FactStore
    clock: Clock
    region: str

    async def servers(self, scope: Scope) -> Mapping[str, tuple[Server, ...]]:
        """By service its measured types whose price is known in dollars."""
        await self.inventory.imported.refresh()
        rates, now_ms = Rates((*shares_of(await self.facts.listed(scope)), *published())), self.clock.now_ms()
        found: dict[str, list[Server]] = {}
        for one in measured(await self.tests.listed(scope)):
            price = price_of(self.inventory.catalog, one.type, now_ms, self.region)
            if price is not None and price.currency == "USD":
                found.setdefault(one.service, []).append(await self._server(one, price, rates, now_ms))
        return {service: tuple(sorted(some, key=lambda one: one.type)) for service, some in found.items()}

    async def _server(self, one: MeasuredType, price: Price, rates: Rates, now_ms: int) -> Server:
        return Server(
            one.type,
            one.curve,
            price.per_hour,
            one.setup_s,
            one.slo_ms,
            one.test,
            one.measured_ms,
            tuple(offers(one.type, price.per_hour, self.region, rates)),
            await self._spot(one.type, now_ms),
            basis=price.basis,
        )

    async def _spot(self, type_: str, now_ms: int) -> Decimal | None:
        """What spot cost on average lately in the cheapest zone; None where no price is known."""
        told = await self.inventory.spot.of(
            type_.removeprefix("ml."), self.region, now_ms - _SPOT_DAYS * _DAY_MS, now_ms
        )
        zones: dict[str, list[Decimal]] = {}
        for one in told:
            if one.system == LINUX and one.currency == "USD":
                zones.setdefault(one.zone, []).append(one.per_hour)
        if type_.startswith("ml.") or not zones:  # SageMaker's endpoints are not sold as spot
            return None
        return min(sum(some, Decimal()) / len(some) for some in zones.values())


def offers(type_: str, per_hour: Decimal, region: str, rates: Rates) -> list[Offer]:
    """The cheapest commitment of each term without payment upfront, where one is known for the type."""
    sagemaker = type_.startswith("ml.")
    service = "AmazonSageMaker" if sagemaker else "AmazonEC2"
    line = UseLine("", service, region, type_, per_hour, family=family_of(type_))
    kinds = (PlanKind.SAGEMAKER,) if sagemaker else (PlanKind.EC2_INSTANCE, PlanKind.COMPUTE)
    found = []
    for years in _YEARS:
        known: list[tuple[Share, PlanKind]] = []
        for kind in kinds:
            share = rates.share(kind, years, Payment.NO_UPFRONT, line)
            if share is not None:
                known.append((share, kind))
        if known:
            best, kind = min(known, key=lambda pair: pair[0].share)
            plan = {PlanKind.COMPUTE: "Compute", PlanKind.EC2_INSTANCE: "EC2 Instance"}.get(kind, "SageMaker")
            found.append(Offer(f"{years}-year {plan} plan", best.share, years, best.basis.word))
    return found


class Traffic(Struct, frozen=True):
    """The port of traffic: requests that counters of the service's own series count."""

    reader: Reader
    registry: Registry

    async def demand(self, scope: Scope, service: str, start_ms: int, end_ms: int, tick_s: int) -> Array | None:
        """Requests a second a tick; None where no counter carries the service's name."""
        grid = Grid.over(start_ms, end_ms, tick_s)
        finder = Finder(self.registry, scope, grid.start_ms)
        owners = Owners("service", pods=pods_of(one.series for one in finder.named(POD_LABELS)))
        own = [one for one in finder.all(concepts.REQUESTS) if owners.of(one.series) == service]
        found = await flows(Context(self.reader, finder, owners, grid), own)
        flow = found.get(service)
        return None if flow is None else spread_back(np.asarray(flow.per_s))


class Telling(Struct, frozen=True):
    """The rooms that plans ask."""

    inventory: InventoryRoom
    reader: Reader
    registry: Registry
    evaluator: Evaluator


def plans_of(state: State, clock: Clock, region: str, telling: Telling) -> PlansRoom:
    """The room of joint plans."""
    tests, facts = LoadTestStore(state, clock), FactStore(state, clock)
    measurements = Measurements(tests, telling.inventory, facts, clock, region)
    return PlansRoom(measurements, Traffic(telling.reader, telling.registry), telling.evaluator, clock)
