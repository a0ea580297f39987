"""What an hour of an instance type cost from when to when, by purchase option: from price lists and from histories."""

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct, field
from sqlalchemy import Connection, Row, delete, func, insert, select

from trimtab.base.clock import to_datetime
from trimtab.base.records import replace
from trimtab.inventory.catalog.book import HOME, ON_DEMAND
from trimtab.inventory.catalog.model import ListPrice
from trimtab.store.state.database import State
from trimtab.store.state.tables import instance_prices

LINUX = "Linux"
_AT_ONCE = 400
_YEAR_HOURS = Decimal(8760)
"""Hours of a year of a reservation, as AWS counts them."""
HOSTED = ("ml.", "db.")
"""How types of SageMaker and RDS begin."""
HOSTING = "Hosting"
_COMPONENTS = {
    "hosting": HOSTING,
    "training": "Training",
    "notebook": "Notebook",
    "processing": "Processing",
    "batchtransform": "BatchTransform",
    "studionotebook": "Notebook",
    "asyncinf": "AsyncInference",
    "asyncinference": "AsyncInference",
}
_ENGINES = {
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "postgres": "PostgreSQL",
    "postgresql": "PostgreSQL",
    "aurora-mysql": "Aurora MySQL",
    "aurora mysql": "Aurora MySQL",
    "aurora-postgresql": "Aurora PostgreSQL",
    "aurora postgresql": "Aurora PostgreSQL",
}
"""Engines whose price depends on nothing but the type and the number of zones."""
_LEASES = {"1yr": 1, "1 yr": 1, "3yr": 3, "3 yr": 3}


class InstancePrice(Struct, frozen=True):
    """A price in `[from_ms, to_ms)`. `upfront` is paid at the start, and in `per_hour`, spread over the term."""

    type: str
    region: str
    per_hour: Decimal
    from_ms: int
    to_ms: int | None = None
    system: str = LINUX
    purchase: str = ON_DEMAND
    currency: str = "USD"
    upfront: Decimal = Decimal(0)
    source: str = ""


class Price(Struct, frozen=True):
    """A price of a product in `[from_ms, to_ms)`; `term` is OnDemand or Reserved, `terms` its lease and options."""

    sku: str
    rate_code: str
    term: str
    unit: str
    amount: Decimal
    from_ms: int
    to_ms: int | None = None
    begin_range: str = "0"
    end_range: str = "Inf"
    description: str = ""
    currency: str = "USD"
    terms: Mapping[str, str] = field(default_factory=dict)


class InstancePriceStore:
    """Every price, over the state database."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def put(self, source: str, prices: Sequence[InstancePrice], *, begin: bool = True) -> None:
        """Add what a source says; with `begin` in place of all that it said before."""

        def work(connection: Connection) -> None:
            if begin:
                connection.execute(delete(instance_prices).where(instance_prices.c.source == source))
            _add(connection, [replace(one, source=source) for one in prices])

        await self._state.change(work)

    async def of(self, type_: str, region: str = HOME, *, since_ms: int = 0) -> list[InstancePrice]:
        """What a type cost in a region since a time, by purchase option, system and time."""
        known = instance_prices.c
        query = select(instance_prices).where(known.type == type_, known.region == region)
        query = query.where(known.to_ms.is_(None) | (known.to_ms > since_ms))
        query = query.order_by(known.purchase, known.system, known.from_ms)
        rows = await self._state.read(lambda connection: list(connection.execute(query)))
        return [_price(row) for row in rows]

    async def mark(self) -> tuple[int, int]:
        """Changes with every change of the prices."""
        query = select(func.count(), func.coalesce(func.max(instance_prices.c.id), 0))
        row = await self._state.read(lambda connection: connection.execute(query).one())
        return row[0], row[1]

    async def listed(self) -> list[ListPrice]:
        """Every price on demand as the catalogue has prices, by time: of Linux, and of what is hosted by its key."""
        known = instance_prices.c
        hosted = known.type.like("ml.%") | known.type.like("db.%")
        query = select(instance_prices).where(known.purchase == ON_DEMAND, (known.system == LINUX) | hosted)
        rows = await self._state.read(lambda connection: list(connection.execute(query.order_by(known.from_ms))))
        return [_listed(_price(row)) for row in rows]


def instance_rows(
    facts: Mapping[str, str], region: str, prices: Sequence[Price], source: str
) -> Iterator[InstancePrice]:
    """The hours of an instance type in the prices of its product; none of what is no plain machine."""
    name = type_of(facts)
    if name.startswith(HOSTED):
        yield from _hosted(name, facts, region, prices, source)
        return
    plain = facts.get("preInstalledSw", "NA") == "NA" and facts.get("capacitystatus", "Used") == "Used"
    if not name or not plain or facts.get("tenancy", "Shared") != "Shared":
        return
    system = facts.get("operatingSystem", LINUX)
    for one in prices:
        if one.term == "OnDemand" and one.unit == "Hrs":
            yield InstancePrice(
                name, region, one.amount, one.from_ms, one.to_ms, system, currency=one.currency, source=source
            )
    yield from _reserved(name, region, system, [one for one in prices if one.term == "Reserved"], source)


def type_of(facts: Mapping[str, str]) -> str:
    """The instance type of a product; SageMaker's lists say it with what it is for (`ml.g5.xlarge-Hosting`)."""
    name = facts.get("instanceType") or facts.get("instanceName", "")
    return name.partition("-")[0] if name.startswith("ml.") else name


def _hosted(
    name: str, facts: Mapping[str, str], region: str, prices: Sequence[Price], source: str
) -> Iterator[InstancePrice]:
    """Hours of a type of SageMaker or RDS: `system` is what it is for, or its engine and deployment."""
    if name.startswith("ml."):
        told = facts.get("component") or facts.get("instanceType", "").partition("-")[2]
        system = _COMPONENTS.get(told.replace(" ", "").replace("-", "").casefold(), "")
    elif facts.get("licenseModel") == "Bring your own license":
        system = ""
    else:
        system = database_system(
            facts.get("databaseEngine", ""), multi_zone=facts.get("deploymentOption") != "Single-AZ"
        )
        if facts.get("deploymentOption", "") not in ("Single-AZ", "Multi-AZ") or facts.get("databaseEdition"):
            system = ""  # editions and clusters of three have other prices: not told apart here
    for one in prices:
        if system and one.term == "OnDemand" and one.unit == "Hrs" and one.amount > 0:
            hour = InstancePrice(name, region, one.amount, one.from_ms, one.to_ms, system, source=source)
            yield replace(hour, currency=one.currency)


def database_system(engine: str, *, multi_zone: bool) -> str:
    """What prices of an engine go by, of RDS's API (`postgres`) or price list (`PostgreSQL`); "" of others."""
    known = _ENGINES.get(engine.casefold(), "")
    return f"{known} {'Multi-AZ' if multi_zone else 'Single-AZ'}" if known else ""


def hosted_key(type_: str, system: str) -> str:
    """Under what name the catalogue has the price of a hosted type: hosting is what is meant without more."""
    return type_ if system == HOSTING else f"{type_} {system}"


def _reserved(name: str, region: str, system: str, prices: Sequence[Price], source: str) -> Iterator[InstancePrice]:
    """Reservations: the fee by the hour with the upfront part spread over the term."""
    offers: dict[tuple[str, int, int | None], dict[str, Price]] = {}
    for one in prices:
        offer = one.rate_code.rpartition(".")[0]
        offers.setdefault((offer, one.from_ms, one.to_ms), {})[one.unit] = one
    for (_, from_ms, to_ms), parts in sorted(offers.items(), key=lambda pair: (pair[0][0], pair[0][1])):
        hourly, upfront = parts.get("Hrs"), parts.get("Quantity")
        some = hourly or upfront
        if some is None:
            continue
        years = _LEASES.get(some.terms.get("LeaseContractLength", ""), 0)
        if not years:
            continue
        option, kind = some.terms.get("PurchaseOption", ""), some.terms.get("OfferingClass", "standard")
        paid = upfront.amount if upfront else Decimal(0)
        fee = hourly.amount if hourly else Decimal(0)
        yield InstancePrice(
            name,
            region,
            fee + paid / (_YEAR_HOURS * years),
            from_ms,
            to_ms,
            system,
            f"reserved {years} yr {kind} {option}",
            some.currency,
            paid,
            source,
        )


def replace_rows(connection: Connection, source: str, prices: Sequence[InstancePrice]) -> None:
    """Put what a source says in place of what it said before, within a transaction."""
    connection.execute(delete(instance_prices).where(instance_prices.c.source == source))
    _add(connection, prices)


def _add(connection: Connection, prices: Sequence[InstancePrice]) -> None:
    for at in range(0, len(prices), _AT_ONCE):
        rows = [
            {
                "type": one.type,
                "region": one.region,
                "system": one.system,
                "purchase": one.purchase,
                "currency": one.currency,
                "per_hour": f"{one.per_hour.quantize(Decimal('1e-10')).normalize():f}",
                "upfront": f"{one.upfront:f}",
                "from_ms": one.from_ms,
                "to_ms": one.to_ms,
                "source": one.source,
            }
            for one in prices[at : at + _AT_ONCE]
        ]
        connection.execute(insert(instance_prices), rows)


def _price(row: Row[tuple[object, ...]]) -> InstancePrice:
    money = Decimal(row.per_hour), row.from_ms, row.to_ms
    return InstancePrice(
        row.type, row.region, *money, row.system, row.purchase, row.currency, Decimal(row.upfront), row.source
    )


def _listed(one: InstancePrice) -> ListPrice:
    day = to_datetime(one.from_ms).date().isoformat()
    name = hosted_key(one.type, one.system) if one.type.startswith(HOSTED) else one.type
    return ListPrice(
        name, one.region, one.purchase, one.currency, one.per_hour, day, one.to_ms, one.source, one.from_ms
    )
