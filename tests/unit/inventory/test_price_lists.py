"""Prices by date: newer lists end older prices, histories are taken in, and the catalogue answers from both."""

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from trimtab.advice.rightsizing.prices import InstancePrices
from trimtab.base.clock import ManualClock, to_ms
from trimtab.client.prices_wire import InstancePrice as Told
from trimtab.inference.cost import price_of
from trimtab.inventory.catalog.instance_prices import InstancePrice, Price
from trimtab.inventory.catalog.model import PriceBasis, Rate, RateKind, RateUnit
from trimtab.inventory.catalog.price_lists import PriceList, Product
from trimtab.inventory.catalog.pricing import Machine
from trimtab.inventory.catalog.spot import SpotPrice, hourly
from trimtab.inventory.room import InventoryRoom
from trimtab.sources.price_lists.history import COLUMNS, snapshots, stretches
from trimtab.sources.tables.csv_file import rows_of, sorted_out
from trimtab.store.state.database import State

HOUR, DAY = 3_600_000, 86_400_000
FACTS = {"instanceType": "p5.48xlarge", "operatingSystem": "Linux", "regionCode": "eu-west-1", "tenancy": "Shared"}
LEASE = {"LeaseContractLength": "1yr", "PurchaseOption": "Partial Upfront", "OfferingClass": "standard"}


def list_of(version: str, day: int) -> PriceList:
    return PriceList("AmazonEC2", "eu-west-1", version, published_ms=day * DAY, place="index.csv")


def product(of: PriceList, sku: str = "ABC") -> Product:
    return Product(of.service, of.region, sku, "Compute Instance", FACTS)


def price(amount: str, code: str = "ABC.J.6", **more: object) -> Price:
    facts = {"sku": code.partition(".")[0], "rate_code": code, "term": "OnDemand", "unit": "Hrs", "from_ms": 0, **more}
    return Price(amount=Decimal(amount), **facts)  # type: ignore[arg-type]


def test_a_newer_list_ends_what_it_changes_and_what_it_has_no_more(state: State) -> None:
    room = InventoryRoom.of(state, ManualClock())

    async def work() -> None:
        first, second = list_of("1", 100), list_of("2", 200)
        reserved = {"term": "Reserved", "terms": LEASE}
        prices = [
            price("100"),
            price("20", "ABC.R.H", **reserved),
            price("87600", "ABC.R.Q", unit="Quantity", **reserved),
        ]
        assert 3 == await room.price_lists.take(first, [product(first)], prices)
        assert (1, 3) == ((done := await room.price_lists.end(first)).products, done.prices)
        assert 0 == await room.price_lists.take(first, [product(first)], prices)  # again: nothing is new
        before = await room.pricing()
        assert 1 == await room.price_lists.take(second, [product(second)], [price("80")])
        done = await room.price_lists.end(second)
        assert 1 == done.prices  # the reservation is offered no more
        found = await room.imported.store.of("p5.48xlarge", "eu-west-1")
        assert [
            ("on-demand", Decimal(100), 100, 200),
            ("on-demand", Decimal(80), 200, None),
            ("reserved 1 yr standard Partial Upfront", Decimal(30), 100, 200),
        ] == [(one.purchase, one.per_hour, one.from_ms // DAY, one.to_ms and one.to_ms // DAY) for one in found]
        pricing = await room.pricing()
        machine = Machine("p5.48xlarge", region="eu-west-1")
        hours = [pricing.gpu_hour(machine, day * DAY).per_gpu_hour for day in (99, 100, 199, 200)]
        assert [None, Decimal("12.5"), Decimal("12.5"), Decimal(10)] == hours
        # The catalogue is one: a price list reaches whoever holds it.
        assert Decimal(10) == before.gpu_hour(machine, 300 * DAY).per_gpu_hour
        arns = [one.arn for one in await room.price_lists.lists()]
        assert [f"arn:aws:pricing:::price-list/aws/AmazonEC2/USD/{version}/eu-west-1" for version in "21"] == arns

    asyncio.run(work())


def test_own_discounts_and_rates_come_before_imported_prices(state: State) -> None:
    room = InventoryRoom.of(state, ManualClock())
    machine = Machine("p5.48xlarge", region="ap-south-1")

    async def work() -> None:
        assert (await room.pricing()).gpu_hour(machine, DAY).basis is PriceBasis.UNKNOWN
        await room.imported.store.put("contract", [InstancePrice("p5.48xlarge", "ap-south-1", Decimal(80), 0)])
        assert Decimal(10) == (await room.pricing()).gpu_hour(machine, DAY).per_gpu_hour
        await room.rates.put([Rate(RateKind.DISCOUNT, "*", RateUnit.INSTANCE_HOUR, Decimal(9), "", 0, note="EDP")])
        found = (await room.pricing()).gpu_hour(machine, DAY)
        assert (Decimal("9.1"), PriceBasis.DISCOUNTED) == (found.per_gpu_hour, found.basis)
        await room.rates.put([Rate(RateKind.PRICE, "gpu:H100", RateUnit.GPU_HOUR, Decimal(2), "USD", 0)])
        assert PriceBasis.RATE_CARD is (await room.pricing()).gpu_hour(machine, DAY).basis

    asyncio.run(work())


def test_spot_prices_hold_until_the_next_and_are_kept_once(state: State) -> None:
    room = InventoryRoom.of(state, ManualClock())
    points = [SpotPrice("g5.xlarge", "us-east-1", zone, at * DAY, Decimal(at)) for zone in "ab" for at in (1, 3, 5)]

    async def work() -> None:
        assert 6 == await room.spot.put(points)
        assert 6 == await room.spot.put(points)
        found = await room.spot.of("g5.xlarge", "us-east-1", 4 * DAY, 9 * DAY)
        assert [("a", 3), ("a", 5), ("b", 3), ("b", 5)] == [(one.zone, one.per_hour) for one in found]
        assert [("g5.xlarge", "us-east-1")] == await room.spot.places()

    asyncio.run(work())


def test_what_each_hour_on_spot_cost_is_that_of_the_zone_that_cost_least_over_all_of_them() -> None:
    def price(zone: str, hour: int, cost: str, currency: str = "USD") -> SpotPrice:
        return SpotPrice("g5.xlarge", "us-east-1", zone, hour * HOUR, Decimal(cost), currency=currency)

    told = [price("a", 6, "0.4"), price("a", 4, "0.2"), price("b", 0, "0.5"), price("b", 8, "0.1")]
    assert hourly(told, 4 * HOUR, 4) == [0.2, 0.2, 0.4, 0.4]
    assert hourly(told, 3 * HOUR, 2) == [0.2, 0.2]  # what is not known yet costs what it does first
    assert hourly(told, 8 * HOUR, 2) == [0.1, 0.1]
    assert hourly([*told, price("c", 0, "0.01", "EUR")], 4 * HOUR, 1) == [0.2]
    assert hourly([], 0, 4) is None


def test_the_price_cuts_of_june_2025_are_found_in_a_public_history(state: State, repository: Path) -> None:
    directory = repository.parent / "shared" / "data" / "prices"
    files = sorted(directory.glob("ec2_ondemand_us_east_1_history*.csv.gz"))
    if not files:
        pytest.skip("the public price histories are not here")
    cells = ((row.line, sorted_out(row, COLUMNS)[0]) for row in rows_of(files[0]))
    told: list[Told] = stretches(snapshots(cells, "us-east-1", files[0].name))
    room = InventoryRoom.of(state, ManualClock())
    prices = [InstancePrice(one.type, one.region, Decimal(one.per_hour), one.from_ms, one.to_ms) for one in told]

    async def work() -> None:
        await room.imported.store.put(files[0].name, prices)
        pricing = await room.pricing()
        days = [datetime(2024, 1, 1, tzinfo=UTC), datetime(2025, 5, 30, tzinfo=UTC), datetime(2025, 6, 24, tzinfo=UTC)]
        found = [pricing.gpu_hour(Machine("p5.48xlarge"), to_ms(day)) for day in days]
        assert [Decimal("12.29"), Decimal("12.29"), Decimal("6.88")] == [one.per_gpu_hour for one in found]
        assert all(one.basis is PriceBasis.CATALOGUE for one in found)

    asyncio.run(work())


def test_hours_of_sagemaker_and_rds_are_told_apart(state: State) -> None:
    room = InventoryRoom.of(state, ManualClock())
    hosted = PriceList("AmazonSageMaker", "us-east-1", "1", published_ms=100 * DAY, place="index.csv")
    data = PriceList("AmazonRDS", "us-east-1", "1", published_ms=100 * DAY, place="index.csv")

    def made(of: PriceList, sku: str, **facts: str) -> Product:
        return Product(of.service, of.region, sku, "ML Instance", {"regionCode": of.region, **facts})

    async def work() -> None:
        products = [
            made(hosted, "H", instanceType="ml.g5.xlarge-Hosting", component="Hosting"),
            made(hosted, "T", instanceName="ml.g5.xlarge", component="Training"),
        ]
        await room.price_lists.take(hosted, products, [price("1.408", "H.J.6"), price("1.41", "T.J.6")])
        await room.price_lists.end(hosted)
        engine = {"instanceType": "db.m5.large", "databaseEngine": "PostgreSQL"}
        databases = [
            made(data, "S", **engine, deploymentOption="Single-AZ", licenseModel="No license required"),
            made(data, "M", **engine, deploymentOption="Multi-AZ", licenseModel="No license required"),
            made(data, "B", **engine | {"databaseEngine": "Oracle"}, deploymentOption="Single-AZ"),
            made(data, "C", **engine, deploymentOption="Multi-AZ (readable standbys)"),
        ]
        await room.price_lists.take(data, databases, [price(f"0.{n}", f"{sku}.J.6") for n, sku in enumerate("SMBC", 1)])
        await room.price_lists.end(data)
        await room.pricing()
        at = 300 * DAY
        prices = InstancePrices(room.catalog, (), at)
        assert Decimal("1.408") == prices.of("ml.g5.xlarge", "us-east-1").per_hour
        assert Decimal("0.1") == prices.of("db.m5.large", "us-east-1", system="PostgreSQL Single-AZ").per_hour
        assert Decimal("0.2") == prices.of("db.m5.large", "us-east-1", system="PostgreSQL Multi-AZ").per_hour
        for unknown in ("", "Oracle Single-AZ", "MySQL Single-AZ"):
            assert prices.of("db.m5.large", "us-east-1", system=unknown).per_hour is None
        assert ["Hosting", "Training"] == sorted(one.system for one in await room.imported.store.of("ml.g5.xlarge"))
        assert (Decimal("1.408"), "AmazonSageMaker us-east-1, us-east-1") == (
            (found := price_of(room.catalog, "ml.g5.xlarge", at, "us-east-1")) and found.per_hour,
            found and found.basis,
        )

    asyncio.run(work())
