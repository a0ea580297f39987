"""`/rest/v1/catalog` and `/rest/v1/rates`: instance types with list prices, and own prices (role admin to set)."""

from typing import Annotated, Any

from msgspec import Meta, Struct

from trimtab.access.principal import Role, everything_only
from trimtab.base import typed
from trimtab.base.clock import Clock
from trimtab.base.errors import NotFound
from trimtab.client import inventory_wire as wire
from trimtab.doors.rest.spec import Call, Operation
from trimtab.inventory.catalog.book import HOME, Catalog
from trimtab.inventory.catalog.model import InstanceType, ListPrice, Rate, RateKind, RateUnit
from trimtab.inventory.catalog.pricing import Machine, Pricing
from trimtab.inventory.catalog.rates import amount_of
from trimtab.inventory.room import InventoryRoom

_TYPES, _RATES, _TAG = "/rest/v1/catalog", "/rest/v1/rates", "catalog"


class TypesQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """Which instance types."""

    text: Annotated[str, Meta(max_length=256, description="Words of the type's name or its accelerator's.")] = ""
    accelerated: Annotated[bool, Meta(description="Those with accelerators only.")] = False
    limit: Annotated[int, Meta(ge=1, le=5000, description="How many at most.")] = 100


def operations(room: InventoryRoom, clock: Clock) -> list[Operation]:
    """The operations on the catalogue and on own rates."""
    return [*_catalog(room, clock), *_rates(room)]


def _catalog(room: InventoryRoom, clock: Clock) -> list[Operation]:
    async def listed(call: Call[TypesQuery, None]) -> wire.CatalogPage:
        pricing, now_ms = await room.pricing(), clock.now_ms()
        words = call.query.text.casefold().split()
        found = [
            one
            for one in room.catalog.types.values()
            if (one.accelerators or not call.query.accelerated)
            and all(word in f"{one.type} {one.accelerator}".casefold() for word in words)
        ]
        shown = found[: call.query.limit]
        return wire.CatalogPage([_type(room.catalog, pricing, one, now_ms) for one in shown], len(found))

    async def one(call: Call[Any, None]) -> wire.CatalogType:
        found = room.catalog.type(call.path["type"])
        return _type(room.catalog, await room.pricing(), found, clock.now_ms())

    return [
        Operation(
            "GET",
            _TYPES,
            "list instance types",
            "Instance types with their accelerators and prices; an unknown price is null.",
            listed,
            wire.CatalogPage,
            query=TypesQuery,
            tag=_TAG,
            bound=True,
        ),
        Operation(
            "GET",
            f"{_TYPES}/{{type}}",
            "get instance type",
            "One instance type: what it holds, what it costs, and where that is known from.",
            one,
            wire.CatalogType,
            errors=(404,),
            path_parameters={"type": "The instance type, such as p5.48xlarge."},
            tag=_TAG,
            bound=True,
        ),
    ]


def _rates(room: InventoryRoom) -> list[Operation]:
    async def listed(call: Call[Any, None]) -> wire.RateList:
        return wire.RateList([_rate(one) for one in await room.rates.all()])

    async def put(call: Call[Any, wire.SetRates]) -> wire.RateList:
        _whole(call)
        await room.rates.put([_wanted(one) for one in call.body.rates])
        return wire.RateList([_rate(one) for one in await room.rates.all()])

    async def remove(call: Call[Any, None]) -> wire.Rate:
        _whole(call)
        id_ = call.path["id"]
        if not id_.isdecimal() or len(id_) > 9:
            raise NotFound(f"cannot find rate {id_!r}: expected a number, as listed")
        return _rate(await room.rates.remove(int(id_)))

    return [
        Operation("GET", _RATES, "list rates", "Own prices and discounts.", listed, wire.RateList, tag=_TAG),
        Operation(
            "POST",
            _RATES,
            "set rates",
            "Set own prices and discounts, all or none; one of the same subject and start is replaced.",
            put,
            wire.RateList,
            body=wire.SetRates,
            role=Role.ADMIN,
            tag=_TAG,
        ),
        Operation(
            "DELETE",
            f"{_RATES}/{{id}}",
            "remove rate",
            "Remove an own price or discount.",
            remove,
            wire.Rate,
            errors=(404,),
            path_parameters={"id": "The number of the rate, as listed."},
            role=Role.ADMIN,
            tag=_TAG,
        ),
    ]


def _whole(call: Call[Any, Any]) -> None:
    """Rates hold for every account."""
    everything_only(call.principal, "set rates")


def _type(catalog: Catalog, pricing: Pricing, one: InstanceType, now_ms: int) -> wire.CatalogType:
    source = catalog.sources[one.source]
    price = catalog.price(one.type, now_ms)
    known = catalog.accelerators.get(one.accelerator)
    own = pricing.gpu_hour(Machine(instance_type=one.type), now_ms)
    why = "" if price else f"sold only in capacity blocks, retired, or newer than the catalogue's prices of {HOME}"
    return wire.CatalogType(
        one.type,
        one.vcpus,
        one.memory_gib,
        one.accelerator,
        one.accelerators,
        known.memory_gib if known else None,
        one.network,
        one.spot,
        wire.FactSource(source.id, source.title, source.date, source.licence),
        _price(price) if price else None,
        why,
        None if own.per_gpu_hour is None or not one.accelerators else f"{own.per_gpu_hour:.6f}",
        own.currency,
        own.basis.value,
        own.note,
        [_price(older) for older in catalog.prices.get(one.type, ()) if older is not price],
    )


def _price(one: ListPrice) -> wire.CatalogPrice:
    amount = f"{one.per_hour:f}"
    return wire.CatalogPrice(one.region, one.purchase, one.currency, amount, one.as_of, one.until_ms, one.source)


def _wanted(one: wire.SetRate) -> Rate:
    return Rate(
        RateKind(one.kind),
        one.subject,
        RateUnit(one.unit),
        amount_of(one.amount),
        one.currency if one.kind == "price" else "",
        one.from_ms,
        one.to_ms,
        one.note,
    )


def _rate(one: Rate) -> wire.Rate:
    amount = f"{one.amount:f}"
    return typed.convert(
        {
            "id": one.id,
            "kind": one.kind.value,
            "subject": one.subject,
            "unit": one.unit.value,
            "amount": amount,
            "currency": one.currency,
            "from_ms": one.from_ms,
            "to_ms": one.to_ms,
            "note": one.note,
        },
        wire.Rate,
    )
