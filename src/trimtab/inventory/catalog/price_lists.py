"""`PriceListStore`: AWS's price lists as they were imported, with what each product cost from when to when.

A newer list closes the prices that it changes, and those that it does not have any more; a list that is imported again
changes nothing. Prices are kept for ever: a bill of last year is explained by the prices of last year.
"""

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from trimtab.base.clock import Clock
from trimtab.inventory.catalog.instance_prices import InstancePrice, Price, instance_rows, replace_rows, type_of
from trimtab.store.state.database import State
from trimtab.store.state.tables import price_lists, price_products, price_terms

_AT_ONCE = 400
_OF_MACHINES = ("AmazonEC2", "AmazonSageMaker", "AmazonRDS")
"""Services whose lists have hours of instance types."""


class PriceList(Struct, frozen=True):
    """A list of a service in a region. `place` is the file or URL that it was read from."""

    service: str
    region: str
    version: str
    currency: str = "USD"
    published_ms: int = 0
    place: str = ""
    products: int = 0
    prices: int = 0
    imported_ms: int = 0

    @property
    def arn(self) -> str:
        """Its name, as AWS's Price List API names lists."""
        return f"arn:aws:pricing:::price-list/aws/{self.service}/{self.currency}/{self.version}/{self.region}"


class Product(Struct, frozen=True):
    """A product, with AWS's own attributes."""

    service: str
    region: str
    sku: str
    family: str
    attributes: Mapping[str, str]


class PriceListStore:
    """Every list, over the state database."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def take(self, of: PriceList, products: Sequence[Product], prices: Sequence[Price]) -> int:
        """Take a part of a list; how many prices are new or changed."""

        def work(connection: Connection) -> int:
            _put_products(connection, of, products)
            return _put_prices(connection, of, prices)

        return await self._state.change(work)

    async def end(self, of: PriceList) -> PriceList:
        """A list came whole: what it does not have any more has ended, and instance prices follow it."""
        now_ms = self._clock.now_ms()
        return await self._state.change(lambda connection: _end(connection, of, now_ms))

    async def lists(self) -> list[PriceList]:
        """Every list, by service and region, the newest first."""
        query = select(price_lists).order_by(
            price_lists.c.service, price_lists.c.region, price_lists.c.published_ms.desc()
        )
        rows = await self._state.read(lambda connection: list(connection.execute(query)))
        return [_list(row) for row in rows]

    async def services(self) -> list[str]:
        """Services that have products."""
        query = select(price_products.c.service).distinct().order_by(price_products.c.service)
        rows = await self._state.read(lambda connection: list(connection.execute(query)))
        return [row.service for row in rows]

    async def products(self, service: str, equal: Mapping[str, str]) -> list[Product]:
        """Products of a service whose attributes are these, by region and SKU; `regionCode` and `sku` are searched."""
        known = price_products.c
        query = select(price_products).where(known.service == service).order_by(known.region, known.sku)
        columns = {"regionCode": known.region, "sku": known.sku, "instanceType": known.instance_type}
        for name, column in columns.items():
            if name in equal:
                query = query.where(column == equal[name])

        def work(connection: Connection) -> list[Product]:
            found = (_product(row) for row in connection.execute(query))
            return [one for one in found if all(_attribute(one, name) == value for name, value in equal.items())]

        return await self._state.read(work)

    async def prices(self, products: Sequence[Product], at_ms: int) -> dict[str, list[Price]]:
        """The prices of products that hold at a time, by SKU."""
        known = price_terms.c
        held = (known.from_ms <= at_ms) & (known.to_ms.is_(None) | (known.to_ms > at_ms))

        def work(connection: Connection) -> dict[str, list[Price]]:
            found: dict[str, list[Price]] = {}
            for at in range(0, len(products), _AT_ONCE):
                part = products[at : at + _AT_ONCE]
                place = known.service == part[0].service
                skus = known.sku.in_([one.sku for one in part])
                for row in connection.execute(select(price_terms).where(place, skus, held).order_by(known.id)):
                    found.setdefault(row.sku, []).append(_price(row))
            return found

        return await self._state.read(work)


def _put_products(connection: Connection, of: PriceList, products: Sequence[Product]) -> None:
    known = price_products.c
    newest = {one.sku: one for one in products}
    skus = sorted(newest)
    for at in range(0, len(skus), _AT_ONCE):
        part = skus[at : at + _AT_ONCE]
        place = (known.service == of.service) & (known.region == of.region)
        connection.execute(delete(price_products).where(place, known.sku.in_(part)))
        connection.execute(
            insert(price_products),
            [
                {
                    "service": of.service,
                    "region": of.region,
                    "sku": sku,
                    "family": newest[sku].family,
                    "instance_type": _column(newest[sku].attributes)[:64],
                    "attributes": json.dumps(dict(newest[sku].attributes), sort_keys=True),
                }
                for sku in part
            ],
        )


def _put_prices(connection: Connection, of: PriceList, prices: Sequence[Price]) -> int:
    known = price_terms.c
    newest = {(one.sku, one.rate_code): one for one in prices}
    open_: dict[tuple[str, str], Row[tuple[object, ...]]] = {}
    skus = sorted({one.sku for one in prices})
    place = (known.service == of.service) & (known.region == of.region) & known.to_ms.is_(None)
    for at in range(0, len(skus), _AT_ONCE):
        query = select(price_terms).where(place, known.sku.in_(skus[at : at + _AT_ONCE]))
        open_ |= {(row.sku, row.rate_code): row for row in connection.execute(query)}
    same = [row.id for key, row in open_.items() if key in newest and Decimal(row.amount) == newest[key].amount]
    for at in range(0, len(same), _AT_ONCE):
        ids = known.id.in_(same[at : at + _AT_ONCE])
        connection.execute(update(price_terms).where(ids).values(version=of.version))
    kept, new = set(same), []
    for key, one in newest.items():
        before = open_.get(key)
        if before is not None and before.id in kept:
            continue
        from_ms = one.from_ms or of.published_ms
        if before is not None:
            from_ms = max(from_ms, before.from_ms + 1)
            connection.execute(update(price_terms).where(known.id == before.id).values(to_ms=from_ms))
        new.append(_row(of, one, from_ms))
    if new:
        connection.execute(insert(price_terms), new)
    return len(new)


def _end(connection: Connection, of: PriceList, now_ms: int) -> PriceList:
    known = price_terms.c
    place = (known.service == of.service) & (known.region == of.region)
    gone = place & known.to_ms.is_(None) & (known.version != of.version)
    connection.execute(update(price_terms).where(gone).values(to_ms=of.published_ms or now_ms))
    prices = connection.execute(select(func.count()).where(place, known.to_ms.is_(None))).scalar_one()
    skus = select(known.sku).where(place, known.to_ms.is_(None)).distinct().subquery()
    products = connection.execute(select(func.count()).select_from(skus)).scalar_one()
    connection.execute(delete(price_lists).where(price_lists.c.arn == of.arn))
    row = {
        "service": of.service,
        "region": of.region,
        "currency": of.currency,
        "version": of.version,
        "published_ms": of.published_ms,
        "place": of.place,
        "products": products,
        "prices": prices,
        "imported_ms": now_ms,
    }
    connection.execute(insert(price_lists).values(arn=of.arn, **row))
    if of.service in _OF_MACHINES:
        replace_rows(connection, f"{of.service} {of.region}", _instances(connection, of))
    return PriceList(
        of.service, of.region, of.version, of.currency, of.published_ms, of.place, products, prices, now_ms
    )


def _column(facts: Mapping[str, str]) -> str:
    return facts.get("instanceType") or type_of(facts)


def _instances(connection: Connection, of: PriceList) -> list[InstancePrice]:
    """What hours of instance types cost by all lists of the region so far."""
    known = price_products.c
    query = select(price_products).where(known.service == of.service, known.region == of.region)
    query = query.where(known.instance_type != "")
    products = {row.sku: _product(row) for row in connection.execute(query)}
    terms = select(price_terms).where(price_terms.c.service == of.service, price_terms.c.region == of.region)
    prices: dict[str, list[Price]] = {}
    for row in connection.execute(terms):
        if row.sku in products:
            prices.setdefault(row.sku, []).append(_price(row))
    source = f"{of.service} {of.region}"
    return [
        one
        for sku, found in sorted(prices.items())
        for one in instance_rows(products[sku].attributes, of.region, found, source)
    ]


def _row(of: PriceList, one: Price, from_ms: int) -> dict[str, object]:
    return {
        "service": of.service,
        "region": of.region,
        "sku": one.sku,
        "rate_code": one.rate_code,
        "term": one.term,
        "terms": json.dumps(dict(one.terms), sort_keys=True),
        "unit": one.unit,
        "begin_range": one.begin_range,
        "end_range": one.end_range,
        "description": one.description,
        "currency": of.currency,
        "amount": f"{one.amount:f}",
        "from_ms": from_ms,
        "to_ms": None,
        "version": of.version,
    }


def _attribute(product: Product, name: str) -> str:
    if name == "sku":
        return product.sku
    if name == "productFamily":
        return product.family
    return product.attributes.get(name, product.region if name == "regionCode" else "")


def _product(row: Row[tuple[object, ...]]) -> Product:
    return Product(row.service, row.region, row.sku, row.family, json.loads(row.attributes))


def _price(row: Row[tuple[object, ...]]) -> Price:
    return Price(
        row.sku,
        row.rate_code,
        row.term,
        row.unit,
        Decimal(row.amount),
        row.from_ms,
        row.to_ms,
        row.begin_range,
        row.end_range,
        row.description,
        row.currency,
        json.loads(row.terms),
    )


def _list(row: Row[tuple[object, ...]]) -> PriceList:
    place = row.service, row.region, row.version, row.currency, row.published_ms, row.place
    return PriceList(*place, row.products, row.prices, row.imported_ms)
