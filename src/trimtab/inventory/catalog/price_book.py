"""`PriceBook`: products with their prices as AWS's Price List API tells them, from imported lists and the package.

Where no list of EC2 in the package's region was imported, the package's instance types stand in for it; one without a
known price has no terms, which is not a price of nothing.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from msgspec import Struct

from trimtab.base.clock import Clock, iso
from trimtab.inventory.catalog.book import HOME, Catalog
from trimtab.inventory.catalog.instance_prices import Price
from trimtab.inventory.catalog.model import InstanceType
from trimtab.inventory.catalog.price_lists import PriceList, PriceListStore, Product

EC2 = "AmazonEC2"
PACKAGED = "packaged"
"""Where the list that stands in for EC2's comes from."""
_TERM, _RATE = "JRTCKXETXF", "6YS6EN2CT7"
"""AWS's codes of on-demand terms and of their hourly rate, the same in every list."""
_DAY_MS = 86_400_000


class Filter(Struct, frozen=True):
    """A condition on an attribute, as GetProducts takes it."""

    kind: str
    field: str
    value: str

    def holds(self, value: str) -> bool:
        """Whether a value fits; values of ANY_OF and NONE_OF are separated by commas."""
        if self.kind in ("TERM_MATCH", "EQUALS"):
            return value.casefold() == self.value.casefold()
        if self.kind == "CONTAINS":
            return self.value.casefold() in value.casefold()
        listed = value.casefold() in (one.strip().casefold() for one in self.value.split(","))
        return listed == (self.kind == "ANY_OF")


class PriceBook(Struct, frozen=True):
    """Over imported lists and the catalogue."""

    lists: PriceListStore
    catalog: Catalog
    clock: Clock

    async def services(self) -> list[str]:
        """Services that have products."""
        return sorted({EC2, *await self.lists.services()})

    async def attributes(self, service: str) -> dict[str, set[str]]:
        """Names of attributes of a service's products with their values; {} of a service without products."""
        found: dict[str, set[str]] = {}
        for one in await self._products(service, {}):
            for name, value in attributes_of(one).items():
                found.setdefault(name, set()).add(value)
        return found

    async def find(self, service: str, filters: Sequence[Filter]) -> list[Product]:
        """The products that fit every filter, by region and SKU."""
        exact = {one.field: one.value for one in filters if one.kind in ("TERM_MATCH", "EQUALS")}
        narrow: dict[str, str] = {name: exact[name] for name in ("regionCode", "sku", "instanceType") if name in exact}
        found = await self._products(service, narrow)
        return [one for one in found if all(of.holds(attributes_of(one).get(of.field, "")) for of in filters)]

    async def prices(self, products: Sequence[Product], at_ms: int) -> dict[str, Sequence[Price]]:
        """The prices of products that hold at a time, by SKU."""
        found = await self.lists.prices(products, at_ms)
        return {one.sku: found.get(one.sku) or self._packaged_prices(one, at_ms) for one in products}

    async def documents(self, products: Sequence[Product]) -> list[dict[str, object]]:
        """Products as the documents of GetProducts, with the terms that hold now."""
        prices = await self.prices(products, self.clock.now_ms())
        versions = {(one.service, one.region): one for one in reversed(await self.every_list())}
        return [document(one, prices[one.sku], versions.get((one.service, one.region))) for one in products]

    async def every_list(self) -> list[PriceList]:
        """Imported lists, and the package's where it stands in, the newest of a service and region first."""
        found = await self.lists.lists()
        if not any((one.service, one.region) == (EC2, HOME) for one in found):
            found = [*found, self._packaged_list()]
        return found

    async def _products(self, service: str, narrow: Mapping[str, str]) -> list[Product]:
        found = await self.lists.products(service, narrow)
        if service == EC2 and not any(one.region == HOME for one in found) and await self._stands_in():
            packaged = (_packaged(one) for one in self.catalog.types.values())
            fits = (one for one in packaged if all(attributes_of(one).get(k) == v for k, v in narrow.items()))
            found = sorted([*found, *fits], key=lambda one: (one.region, one.sku))
        return found

    async def _stands_in(self) -> bool:
        return not any((one.service, one.region) == (EC2, HOME) for one in await self.lists.lists())

    def _packaged_list(self) -> PriceList:
        newest = max(one.as_of for prices in self.catalog.prices.values() for one in prices if one.from_ms is None)
        types = len(self.catalog.types)
        return PriceList(EC2, HOME, newest.replace("-", ""), "USD", _begin_of(newest), PACKAGED, types, types)

    def _packaged_prices(self, product: Product, at_ms: int) -> list[Price]:
        name = product.attributes.get("instanceType", "")
        if _packaged_sku(name) != product.sku:
            return []
        price = self.catalog.price(name, at_ms)
        if price is None:
            return []
        code = f"{product.sku}.{_TERM}.{_RATE}"
        from_ms = _begin_of(price.as_of)
        said = f"${price.per_hour:f} per On Demand Linux {name} Instance Hour"
        return [Price(product.sku, code, "OnDemand", "Hrs", price.per_hour, from_ms, description=said)]


def _begin_of(day: str) -> int:
    """The begin of an ISO day (UTC), in milliseconds."""
    return (date.fromisoformat(day) - date(1970, 1, 1)).days * _DAY_MS


def attributes_of(product: Product) -> dict[str, str]:
    """A product's attributes with those that AWS lets filter beside them: `productFamily`, `sku`, `regionCode`."""
    own = {"productFamily": product.family, "sku": product.sku, "regionCode": product.region}
    return {**own, "servicecode": product.service, **product.attributes}


def terms_of(prices: Iterable[Price]) -> dict[str, dict[str, dict[str, object]]]:
    """Prices by term and offer, as the Price List API groups them."""
    terms: dict[str, dict[str, dict[str, object]]] = {}
    dimensions: dict[str, dict[str, object]] = {}
    for one in prices:
        offer = one.rate_code.rpartition(".")[0] or one.rate_code
        dimensions.setdefault(f"{one.term} {offer}", {})[one.rate_code] = {
            "unit": one.unit,
            "endRange": one.end_range,
            "description": one.description,
            "appliesTo": [],
            "rateCode": one.rate_code,
            "beginRange": one.begin_range,
            "pricePerUnit": {one.currency: money(one.amount)},
        }
        terms.setdefault(one.term, {})[offer] = {
            "priceDimensions": dimensions[f"{one.term} {offer}"],
            "sku": one.sku,
            "effectiveDate": iso(one.from_ms),
            "offerTermCode": offer.partition(".")[2],
            "termAttributes": dict(one.terms),
        }
    return terms


def document(product: Product, prices: Iterable[Price], of: PriceList | None) -> dict[str, object]:
    """A product as a document of the Price List API."""
    return {
        "product": {
            "productFamily": product.family,
            "attributes": {"servicecode": product.service, **product.attributes},
            "sku": product.sku,
        },
        "serviceCode": product.service,
        "terms": terms_of(prices),
        "version": of.version if of else "",
        "publicationDate": iso(of.published_ms) if of else "",
    }


def money(amount: Decimal) -> str:
    """An amount with ten decimals, as AWS writes prices."""
    return f"{amount:.10f}"


def _packaged(one: InstanceType) -> Product:
    facts = {
        "instanceType": one.type,
        "vcpu": str(one.vcpus),
        "memory": f"{one.memory_gib:g} GiB",
        "operatingSystem": "Linux",
        "tenancy": "Shared",
        "capacitystatus": "Used",
        "preInstalledSw": "NA",
        "marketoption": "OnDemand",
        "location": "US East (N. Virginia)",
        "locationType": "AWS Region",
        "regionCode": HOME,
        "operation": "RunInstances",
        "usagetype": f"BoxUsage:{one.type}",
    }
    more = {"networkPerformance": one.network, "gpu": f"{one.accelerators:g}" if one.accelerators else ""}
    known = {name: value for name, value in more.items() if value}
    return Product(EC2, HOME, _packaged_sku(one.type), "Compute Instance", {**facts, **known})


def _packaged_sku(type_: str) -> str:
    return hashlib.sha256(f"trimtab {type_}".encode()).hexdigest()[:16].upper()
