"""`/rest/v1/price-lists`: AWS's price lists, histories and spot prices (role admin to put), and what a type cost."""

from decimal import Decimal
from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.access.principal import Role, everything_only
from trimtab.base.clock import Clock
from trimtab.base.timerange import parse_instant_ms
from trimtab.client import prices_wire as wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.inventory.catalog.book import HOME
from trimtab.inventory.catalog.instance_prices import InstancePrice, Price
from trimtab.inventory.catalog.price_lists import PriceList, Product
from trimtab.inventory.catalog.spot import SpotPrice
from trimtab.inventory.room import InventoryRoom

_ROOT, _TAG = "/rest/v1/price-lists", "catalog"


class PricesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which prices of a type."""

    region: Annotated[str, Meta(max_length=64, description="The region.")] = HOME
    since: Annotated[str, Meta(max_length=64, description="Prices that held then or later: ISO 8601.")] = ""


def operations(room: InventoryRoom, clock: Clock) -> list[Operation]:
    """The operations on prices by date."""

    async def listed(call: Call[Any, None]) -> wire.PriceLists:
        await room.imported.refresh()
        types = sum(1 for prices in room.catalog.prices.values() if prices and prices[0].from_ms is not None)
        spot = {type_ for type_, _ in await room.spot.places()}
        return wire.PriceLists([_list(one) for one in await room.price_lists.lists()], types, len(spot))

    async def part(call: Call[Any, wire.PriceListPart]) -> wire.PricesTaken:
        _whole(call)
        of = _key(call.body.of)
        products = [_product(of, one) for one in call.body.products]
        changed = await room.price_lists.take(of, products, [_price(of, one) for one in call.body.prices])
        return wire.PricesTaken(len(call.body.prices), changed)

    async def end(call: Call[Any, wire.PriceListKey]) -> wire.PriceList:
        _whole(call)
        return _list(await room.price_lists.end(_key(call.body)))

    async def history(call: Call[Any, wire.PutInstancePrices]) -> wire.PricesTaken:
        _whole(call)
        body = call.body
        prices = [_instance(one) for one in body.prices]
        await room.imported.store.put(body.source, prices, begin=body.begin)
        return wire.PricesTaken(len(prices), len(prices))

    async def spot(call: Call[Any, wire.PutSpotPrices]) -> wire.PricesTaken:
        _whole(call)
        prices = [_spot(one) for one in call.body.prices]
        await room.spot.put(prices)
        return wire.PricesTaken(len(prices), len(prices))

    async def of_type(call: Call[PricesQuery, None]) -> wire.InstancePrices:
        query, type_ = call.query, call.path["type"]
        since_ms = parse_instant_ms(query.since, clock.now_ms()) if query.since else 0
        prices = await room.imported.store.of(type_, query.region, since_ms=since_ms)
        points = await room.spot.of(type_, query.region, since_ms, clock.now_ms() + 1)
        return wire.InstancePrices([_instance_row(one) for one in prices], [_spot_row(one) for one in points])

    admin: dict[str, Any] = {"role": Role.ADMIN, "tag": _TAG}
    # fmt: off
    return [
        Operation("GET", _ROOT, "list price lists", "Price lists that were imported.",
                  listed, wire.PriceLists, tag=_TAG, bound=True),
        Operation("POST", f"{_ROOT}/parts", "put price list part", "Take products and prices of a list.",
                  part, wire.PricesTaken, body=wire.PriceListPart, **admin),
        Operation("POST", _ROOT, "end price list", "A list came whole: what it does not have any more has ended.",
                  end, wire.PriceList, body=wire.PriceListKey, **admin),
        Operation("POST", "/rest/v1/instance-prices", "put instance prices", "Take a history of instance prices.",
                  history, wire.PricesTaken, body=wire.PutInstancePrices, **admin),
        Operation("POST", "/rest/v1/spot-prices", "put spot prices", "Take spot prices.",
                  spot, wire.PricesTaken, body=wire.PutSpotPrices, **admin),
        Operation("GET", "/rest/v1/catalog/{type}/prices", "get instance prices",
                  "What an instance type cost in a region, by purchase option and time; nothing where nobody said.",
                  of_type, wire.InstancePrices, query=PricesQuery,
                  path_parameters={"type": "The instance type, such as p5.48xlarge."}, tag=_TAG, bound=True),
    ]
    # fmt: on


def _whole(call: Call[Any, Any]) -> None:
    """Prices hold for every account."""
    everything_only(call.principal, "put prices")


def _key(one: wire.PriceListKey) -> PriceList:
    return PriceList(one.service, one.region, one.version, one.currency, one.published_ms, one.place)


def _list(one: PriceList) -> wire.PriceList:
    counted = one.products, one.prices, one.imported_ms
    told = one.arn, one.service, one.region, one.currency, one.version, one.published_ms, one.place
    return wire.PriceList(*told, *counted)


def _product(of: PriceList, one: wire.PricedProduct) -> Product:
    return Product(of.service, of.region, one.sku, one.family, one.attributes)


def _price(of: PriceList, one: wire.ProductPrice) -> Price:
    return Price(
        one.sku,
        one.rate_code,
        one.term,
        one.unit,
        Decimal(one.amount),
        one.effective_ms,
        None,
        one.begin_range,
        one.end_range,
        one.description,
        of.currency,
        one.terms,
    )


def _instance(one: wire.InstancePrice) -> InstancePrice:
    money = Decimal(one.per_hour), one.from_ms, one.to_ms
    return InstancePrice(one.type, one.region, *money, one.system, one.purchase, one.currency)


def _spot(one: wire.SpotPoint) -> SpotPrice:
    region = one.region or one.zone.rstrip("abcdefghijklmnopqrstuvwxyz")
    return SpotPrice(one.type, region, one.zone, one.at_ms, Decimal(one.per_hour), one.system, one.currency)


def _instance_row(one: InstancePrice) -> wire.InstancePriceRow:
    place = one.type, one.region, one.system, one.purchase, one.currency
    return wire.InstancePriceRow(*place, f"{one.per_hour:f}", f"{one.upfront:f}", one.from_ms, one.to_ms, one.source)


def _spot_row(one: SpotPrice) -> wire.SpotPriceRow:
    return wire.SpotPriceRow(one.zone, one.system, one.at_ms, f"{one.per_hour:f}", one.currency)
