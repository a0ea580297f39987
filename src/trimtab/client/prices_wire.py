"""What travels over `/rest/v1/price-lists` and the routes of prices beside it."""

from typing import Annotated

from msgspec import Meta, Struct

from trimtab.client.inventory_wire import At
from trimtab.client.wire import Millis

MAX_ROWS = 5000
"""Products, prices or points of one request."""

Service = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9]+$")]
Region = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9-]+$")]
Currency = Annotated[str, Meta(pattern="^[A-Z]{3}$")]
Sku = Annotated[str, Meta(min_length=1, max_length=64)]
Amount = Annotated[str, Meta(pattern=r"^[0-9]{1,18}(\.[0-9]{1,18})?$", max_length=38, description="Decimal text.")]
Short = Annotated[str, Meta(max_length=64)]
Range = Annotated[str, Meta(max_length=40)]
Attributes = Annotated[
    dict[Annotated[str, Meta(max_length=128)], Annotated[str, Meta(max_length=2048)]], Meta(max_length=200)
]


class PriceListKey(Struct, frozen=True, forbid_unknown_fields=True):
    """A list: of a service in a region, of a version."""

    service: Service
    region: Region
    version: Annotated[str, Meta(min_length=1, max_length=64)]
    currency: Currency = "USD"
    published_ms: At = 0
    place: Annotated[str, Meta(max_length=1024, description="The file or URL that it was read from.")] = ""


class PricedProduct(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A product, with AWS's own attributes (`instanceType`, `operatingSystem`, …)."""

    sku: Sku
    family: Annotated[str, Meta(max_length=128)]
    attributes: Attributes


class ProductPrice(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A price of a product; `terms` are LeaseContractLength, PurchaseOption and OfferingClass of a reservation."""

    sku: Sku
    rate_code: Annotated[str, Meta(min_length=1, max_length=160)]
    term: Annotated[str, Meta(pattern="^(OnDemand|Reserved)$")]
    unit: Short
    amount: Amount
    effective_ms: At = 0
    begin_range: Range = "0"
    end_range: Range = "Inf"
    description: Annotated[str, Meta(max_length=512)] = ""
    terms: Attributes = {}


class PriceListPart(Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a list. A product may come in any part, once or more often."""

    of: PriceListKey
    products: Annotated[list[PricedProduct], Meta(max_length=MAX_ROWS)] = []
    prices: Annotated[list[ProductPrice], Meta(max_length=MAX_ROWS)] = []


class PriceList(Struct, frozen=True):
    """A list that was imported: how many products and prices it has."""

    arn: str
    service: str
    region: str
    currency: str
    version: str
    published_ms: Millis
    place: str
    products: int
    prices: int
    imported_ms: Millis


class PriceLists(Struct, frozen=True):
    """Every list that was imported, and how many instance types have prices of any source."""

    lists: list[PriceList]
    instance_types: int
    spot_types: int


class InstancePrice(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an hour of an instance type cost from when to when, as a history tells."""

    type: Annotated[str, Meta(min_length=1, max_length=64)]
    per_hour: Amount
    from_ms: At
    to_ms: At | None = None
    region: Region = "us-east-1"
    system: Annotated[str, Meta(min_length=1, max_length=32)] = "Linux"
    purchase: Annotated[str, Meta(min_length=1, max_length=96)] = "on-demand"
    currency: Currency = "USD"


class PutInstancePrices(Struct, frozen=True, forbid_unknown_fields=True):
    """Prices of a history. With `begin` what the source said before is forgotten."""

    source: Annotated[str, Meta(min_length=1, max_length=512)]
    prices: Annotated[list[InstancePrice], Meta(max_length=MAX_ROWS)]
    begin: bool = True


class SpotPoint(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """From `at_ms` on an hour of a spot instance in a zone cost this."""

    type: Annotated[str, Meta(min_length=1, max_length=64)]
    zone: Annotated[str, Meta(min_length=1, max_length=64)]
    at_ms: At
    per_hour: Amount
    system: Annotated[str, Meta(min_length=1, max_length=32)] = "Linux/UNIX"
    region: Annotated[str, Meta(max_length=64)] = ""
    currency: Currency = "USD"


class PutSpotPrices(Struct, frozen=True, forbid_unknown_fields=True):
    """Spot prices; the same price told again is one."""

    prices: Annotated[list[SpotPoint], Meta(max_length=MAX_ROWS)]


class PricesTaken(Struct, frozen=True):
    """How many prices a request had, and how many of them were new or changed."""

    prices: int
    changed: int


class InstancePriceRow(Struct, frozen=True):
    """What an hour cost from when to when, and who says so. `upfront` is part of `per_hour`, spread over the term."""

    type: str
    region: str
    system: str
    purchase: str
    currency: str
    per_hour: str
    upfront: str
    from_ms: Millis
    to_ms: Millis | None
    source: str


class SpotPriceRow(Struct, frozen=True):
    """A spot price of a zone, and from when it held."""

    zone: str
    system: str
    at_ms: Millis
    per_hour: str
    currency: str


class InstancePrices(Struct, frozen=True):
    """What an instance type cost in a region, by purchase option and time, and as spot."""

    prices: list[InstancePriceRow]
    spot: list[SpotPriceRow]
