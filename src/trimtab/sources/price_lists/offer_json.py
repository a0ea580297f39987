"""AWS's offer files in JSON (`…/offers/v1.0/aws/AmazonEC2/current/us-east-1/index.json`), walked as a stream.

Products come before terms in the file, as AWS documents it.
"""

from collections.abc import Callable, Iterator
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.base.timerange import parse_instant_ms
from trimtab.client.prices_wire import PricedProduct, PriceListKey, ProductPrice
from trimtab.sources.price_lists.json_walk import JsonWalk
from trimtab.sources.price_lists.model import Offer, Row, texts

_TERMS = ("OnDemand", "Reserved")


def read(source: Callable[[int], str], region: str, place: str) -> Offer:
    """The offer of a file. Raises InvalidInput for what is none."""
    walk = JsonWalk(source)
    head: dict[str, Any] = {}
    members = walk.members()
    for key in members:
        if key == "products":
            break
        head[key] = walk.value()
    else:
        raise InvalidInput(f"cannot read {place}: it has no products; expected an offer file of AWS's Price List")
    if "offerCode" not in head:
        raise InvalidInput(f"cannot read {place}: it names no offerCode; expected an offer file of AWS's Price List")
    published_ms = parse_instant_ms(str(head.get("publicationDate", "1970-01-01T00:00:00Z")), 0)
    version = str(head.get("version", head.get("publicationDate", "1")))
    key_ = PriceListKey(str(head["offerCode"]), region, version, "USD", published_ms, place)
    return Offer(key_, _rows(walk, members))


def _rows(walk: JsonWalk, members: Iterator[str]) -> Iterator[Row]:
    yield from _products(walk)
    for key in members:
        if key == "products":
            yield from _products(walk)
        elif key == "terms":
            yield from _terms(walk)
        else:
            walk.skip()


def _products(walk: JsonWalk) -> Iterator[Row]:
    for sku in walk.members():
        product = walk.value()
        family = str(product.get("productFamily", ""))
        yield PricedProduct(sku, family, texts(product.get("attributes", {}))), None


def _terms(walk: JsonWalk) -> Iterator[Row]:
    for term in walk.members():
        if term not in _TERMS:
            walk.skip()
            continue
        for sku in walk.members():
            for offer in walk.value().values():
                for price in _prices(term, sku, offer):
                    yield None, price


def _prices(term: str, sku: str, offer: dict[str, Any]) -> Iterator[ProductPrice]:
    effective = parse_instant_ms(offer["effectiveDate"], 0) if offer.get("effectiveDate") else 0
    for code, one in offer.get("priceDimensions", {}).items():
        amount = one.get("pricePerUnit", {}).get("USD")
        if amount is None:
            continue  # lists of China are in yuan only: their prices are not guessed in dollars
        yield ProductPrice(
            sku,
            code,
            term,
            str(one.get("unit", "")),
            amount,
            effective,
            str(one.get("beginRange", "0")),
            str(one.get("endRange", "Inf")),
            str(one.get("description", ""))[:512],
            texts(offer.get("termAttributes", {})),
        )
