"""How rooms that know use are asked by rooms that know money: the meters of the live estimate, and what budgets see of
days that are not billed. Wired by `rooms.py`."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from decimal import Decimal
from functools import partial

from msgspec import Struct

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.clock import Clock
from trimtab.base.measures import is_time
from trimtab.budgets.live import Estimated, MlObject
from trimtab.costs.announced import Change, changes_of
from trimtab.costs.anomalies.room import CostAnomalies
from trimtab.costs.anomalies.room import Means as AnomalyMeans
from trimtab.costs.cells import CellReader
from trimtab.costs.model import Filter, Metric
from trimtab.costs.read import CostReader
from trimtab.costs.room import CostsRoom
from trimtab.doors.aws.cost_explorer.expression import read_filter
from trimtab.economics.around import Surroundings
from trimtab.economics.estimate.estimator import HOURS
from trimtab.economics.estimate.live import LiveEstimates, Sources
from trimtab.economics.estimate.meters import FleetMeters
from trimtab.economics.estimate.model import Line
from trimtab.economics.estimate.store import EstimateStore
from trimtab.economics.room import EconomicsRoom
from trimtab.economics.tokens.calls import ReadCalls
from trimtab.economics.unit.ledger import Ledgers
from trimtab.economics.unit.room import UnitCosts
from trimtab.fleet.basis import Basis
from trimtab.fleet.model import DAY_MS
from trimtab.fleet.money import EstimatedLine, OpenDays
from trimtab.fleet.room import FleetRoom
from trimtab.fleet.room import Sources as FleetSources
from trimtab.fleet.telemetry.concepts import Registry
from trimtab.fleet.telemetry.reading import MatrixReader
from trimtab.inventory.catalog.rates import RateStore
from trimtab.inventory.room import InventoryRoom
from trimtab.jobs.lock import LEASE_MS, Lock
from trimtab.jobs.periodic import QUIET_S, Job
from trimtab.kpis import metered
from trimtab.kpis import use as kpi_use
from trimtab.notify.mailing import mail_channels
from trimtab.notify.room import NotifyRoom
from trimtab.settings import Settings
from trimtab.stores import Stores
from trimtab.traces.read import TraceReader
from trimtab.wiring.use_facts import Facts

_EVERY_S = 60.0
_DIGITS = Decimal("0.000000000001")
_KINDS = {"input-tokens": kpi_use.INPUT_TOKENS, "output-tokens": kpi_use.OUTPUT_TOKENS, "requests": kpi_use.REQUESTS}


class Telling(Struct, frozen=True):
    """What is read of use. `generation` changes whenever the bill or the rules do."""

    reader: MatrixReader
    registry: Registry
    inventory: InventoryRoom
    generation: Callable[[], Awaitable[int]]


def live_of(
    stores: Stores, bills: CostReader, economics: EconomicsRoom, telling: Telling, clock: Clock
) -> LiveEstimates:
    """The live estimate over the bill as it was imported, and everything that measures use."""
    seen = partial(metered.seen_hours, telling.reader, telling.registry, EVERYTHING)

    async def counted(kind: str, start_ms: int, end_ms: int) -> dict[str, float]:
        asked = telling.reader, telling.registry, EVERYTHING
        return await kpi_use.use(*asked, _KINDS[kind], "model", start_ms, end_ms)

    meters = FleetMeters(telling.inventory, seen, counted)
    cells = CellReader(stores.telemetry)
    sources = Sources(cells, bills, economics.rules, economics.divisions, meters, telling.generation)
    return LiveEstimates(sources, EstimateStore(stores.state), clock)


class EstimatedDays(Struct):
    """What the live estimate says of machines, for the ledger of the fleet. `live` is set once there is one: it asks
    for owners, which ask who held the machines."""

    bills: CostsRoom
    live: LiveEstimates | None = None
    _net: tuple[int, dict[str, Decimal]] = (0, {})

    async def __call__(self) -> OpenDays | None:
        """The open days. Raises QueryAborted, Unavailable."""
        found = await self.live.snapshot() if self.live is not None else None
        if found is None:
            return None
        net = await self._net_of(found.closed_ms)
        lines = [
            EstimatedLine(line.key.resource, line.day_ms, line.key.currency, _amounts(line, net))
            for line in found.lines
            if line.key.resource and is_time(line.key.unit)
        ]
        machines = found.base.weights_of(lambda key: bool(key.resource) and is_time(key.unit))
        return OpenDays(found.closed_ms, lines, found.base.error(machines, Metric.EFFECTIVE).median)

    async def _net_of(self, closed_ms: int) -> dict[str, Decimal]:
        """Net ÷ amortised of the last billed week by currency: what discounts take off days that are not billed."""
        if self._net[0] != closed_ms:
            span = closed_ms - 7 * DAY_MS, closed_ms
            amortised = await self.bills.reader.total(EVERYTHING, *span, Metric.AMORTIZED)
            net = await self.bills.reader.total(EVERYTHING, *span, Metric.NET_AMORTIZED)
            self._net = closed_ms, {one: net[one] / amount for one, amount in amortised.items() if amount > 0}
        return self._net[1]


def fleet_of(
    stores: Stores,
    bills: CostsRoom,
    facts: tuple[MatrixReader, Registry, InventoryRoom],
    estimates: EstimatedDays,
    clock: Clock,
) -> FleetRoom:
    """The ledger of the fleet over the bill as it was imported, and what is estimated of the days after it."""
    return FleetRoom.of(stores.telemetry, FleetSources(*facts, bills.reader, bills.ledger.held, estimates), clock)


def _amounts(line: Line, net: Mapping[str, Decimal]) -> dict[Basis, Decimal] | None:
    """An estimated line on every basis; None where nothing says its price."""
    if line.effective is None:
        return None
    after = line.effective * net.get(line.key.currency, Decimal(1))
    billed = line.billed if line.billed is not None else line.effective
    return {Basis.BILLED: billed, Basis.AMORTISED: line.effective, Basis.NET_AMORTISED: after.quantize(_DIGITS)}


def units_of(fleet: FleetRoom, telling: Telling, traces: TraceReader, calls: ReadCalls, clock: Clock) -> UnitCosts:
    """Unit economics over the ledger of the fleet and everything that measures use."""
    ledgers = Ledgers(fleet.ledger, telling.inventory.runs, clock)
    return UnitCosts(ledgers, Facts(telling.reader, telling.registry, traces), clock, calls)


async def announced(rates: RateStore) -> Sequence[Change]:
    """What one's own rates announce of prices and commitments."""
    return changes_of(await rates.all())


def jobs_of(live: LiveEstimates, lock: Lock) -> list[Job]:
    """Estimates every minute; of several servers that share a state the one with the lock keeps them."""

    async def estimate() -> None:
        if lock.held:
            await live.turn()

    return [
        Job("hold the lock of the estimates", LEASE_MS / 3000, lock.renew),
        Job("estimate what is not billed", _EVERY_S, estimate, after_s=QUIET_S),
    ]


class BudgetedLive(Struct, frozen=True):
    """The port of budgets."""

    live: LiveEstimates
    units: UnitCosts

    async def open_days(
        self, scope: Scope, where: Filter | None, metric: Metric, start_ms: int, end_ms: int, unit: str
    ) -> Estimated | None:
        """What the days of `[start, end)` come to that the bill does not have whole."""
        found = await self.live.spent(scope, where, metric, start_ms, end_ms, unit)
        if found is None:
            return None
        error = found.error
        note = f"{found.unpriced} machines are new and have no known price" if found.unpriced else ""
        return Estimated(found.amount, found.lower, found.upper, error.median, error.days, found.closed_ms, note)

    async def of_object(self, scope: Scope, what: MlObject, start_ms: int, end_ms: int, unit: str) -> Estimated | None:
        """What an ML object cost. Of what is estimated of it, as much is sure as of its machines' estimates."""
        found = await self.units.object_cost(scope, what.kind, what.names, what.per, start_ms, end_ms, unit)
        snapshot = await self.live.snapshot()
        if found is None or snapshot is None:
            return None
        amount, estimated = found
        error = snapshot.base.error(
            snapshot.base.weights_of(lambda key: key.unit.casefold() in HOURS), Metric.EFFECTIVE
        )
        bounds = error.bounds(estimated)
        low, high = (amount - estimated + one for one in bounds) if bounds else (None, None)
        return Estimated(amount, low, high, error.median, error.days, snapshot.closed_ms)


def cost_anomalies_of(
    settings: Settings,
    stores: Stores,
    clock: Clock,
    costs: CostsRoom,
    generation: Callable[[], Awaitable[int]],
    notify: NotifyRoom,
    around: Surroundings,
) -> CostAnomalies:
    """What the bill has too much of, with what happened when that began."""
    mail, cells = mail_channels(notify.channels, settings.region), CellReader(stores.telemetry)
    means = AnomalyMeans(costs.reader, cells, generation, mail, read_filter, around, settings.account_id)
    return CostAnomalies.of(stores.state, clock, means)
