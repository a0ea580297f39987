"""`GET /rest/v1/price-lists/files/…/index.csv|json`: a price list as a file in AWS's own layout.

The file holds what the list's products cost when it was published, so that another trimtab can take it in
(`trimtab catalog update URL`).
"""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute

from trimtab.access.principal import Principal, Role
from trimtab.base.clock import iso
from trimtab.base.errors import AccessDenied, NotFound, TrimtabError
from trimtab.doors.aws.pricing.products import PATH
from trimtab.doors.rest.errors import answer_error
from trimtab.doors.roles import DoorRoute
from trimtab.inventory.catalog.instance_prices import Price
from trimtab.inventory.catalog.price_book import Filter, PriceBook, money, terms_of
from trimtab.inventory.catalog.price_lists import PriceList, Product

_PART = 500
_PRICE_COLUMNS = (
    *("SKU", "OfferTermCode", "RateCode", "TermType", "PriceDescription", "EffectiveDate", "StartingRange"),
    *("EndingRange", "Unit", "PricePerUnit", "Currency", "LeaseContractLength", "PurchaseOption", "OfferingClass"),
    "Product Family",
)


def routes(book: PriceBook) -> list[BaseRoute]:
    """The route."""

    async def file(request: Request) -> Response:
        try:
            who: Principal = request.scope["state"]["principal"]
            if not who.may(Role.READ):
                raise AccessDenied(f"cannot read price lists: {who.name!r} may not read")
            part = request.path_params
            wanted = (part["service"], part["currency"], part["version"], part["region"])
            lists = await book.every_list()
            found = [one for one in lists if (one.service, one.currency, one.version, one.region) == wanted]
            if not found or part["kind"] not in ("csv", "json"):
                raise NotFound(f"there is no price list {'/'.join(wanted)}")
            of = found[0]
            products = await book.find(of.service, [Filter("EQUALS", "regionCode", of.region)])
        except TrimtabError as problem:
            return answer_error(problem)
        if part["kind"] == "csv":
            return StreamingResponse(_csv(book, of, products), media_type="text/csv")
        return StreamingResponse(_json(book, of, products), media_type="application/json")

    return [
        DoorRoute(
            f"{PATH}/{{service}}/{{currency}}/{{version}}/{{region}}/index.{{kind}}",
            file,
            Role.READ,
            bound=True,
            methods=["GET"],
        )
    ]


async def _prices(
    book: PriceBook, of: PriceList, products: Sequence[Product]
) -> AsyncIterator[tuple[Product, Sequence[Price]]]:
    for at in range(0, len(products), _PART):
        part = products[at : at + _PART]
        found = await book.prices(part, max(of.published_ms, 1))
        for one in part:
            yield one, found.get(one.sku, ())


async def _csv(book: PriceBook, of: PriceList, products: Sequence[Product]) -> AsyncIterator[str]:
    names = sorted({name for one in products for name in one.attributes})
    yield _lines(
        [
            ("FormatVersion", "v1.0"),
            ("Disclaimer", "Prices as this trimtab knows them"),
            ("Publication Date", iso(of.published_ms)),
            ("Version", of.version),
            ("OfferCode", of.service),
            (*_PRICE_COLUMNS, *names),
        ]
    )
    async for product, prices in _prices(book, of, products):
        facts = [product.attributes.get(name, "") for name in names]
        yield _lines([(*_cells(one), product.family, *facts) for one in prices])


def _cells(one: Price) -> tuple[str, ...]:
    terms: Mapping[str, str] = one.terms
    offer = one.rate_code.rpartition(".")[0].partition(".")[2]
    head = one.sku, offer, one.rate_code, one.term, one.description, iso(one.from_ms), one.begin_range, one.end_range
    lease = ("LeaseContractLength", "PurchaseOption", "OfferingClass")
    return (*head, one.unit, money(one.amount), one.currency, *(terms.get(name, "") for name in lease))


def _lines(rows: Iterable[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(rows)
    return out.getvalue()


async def _json(book: PriceBook, of: PriceList, products: Sequence[Product]) -> AsyncIterator[bytes]:
    """Products first, then terms, as AWS's own files."""
    head = {"formatVersion": "v1.0", "offerCode": of.service, "version": of.version}
    head["publicationDate"] = iso(of.published_ms)
    yield msgspec.json.encode(head)[:-1] + b',"products":{'
    for number, one in enumerate(products):
        facts = {"sku": one.sku, "productFamily": one.family, "attributes": dict(one.attributes)}
        yield (b"," if number else b"") + msgspec.json.encode(one.sku) + b":" + msgspec.json.encode(facts)
    yield b'},"terms":{'
    for at, term in enumerate(("OnDemand", "Reserved")):
        yield (b"," if at else b"") + msgspec.json.encode(term) + b":{"
        first = True
        async for product, prices in _prices(book, of, products):
            offers = terms_of([one for one in prices if one.term == term]).get(term)
            if offers:
                yield (b"" if first else b",") + msgspec.json.encode(product.sku) + b":" + msgspec.json.encode(offers)
                first = False
        yield b"}"
    yield b"}}"
