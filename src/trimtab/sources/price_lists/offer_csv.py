"""AWS's offer files in CSV (`…/index.csv`): some lines about the list, then a line a price with all of its product."""

import csv
import re
from collections.abc import Iterable, Iterator
from itertools import islice

from trimtab.base.errors import InvalidInput
from trimtab.base.timerange import parse_instant_ms
from trimtab.client.prices_wire import PricedProduct, PriceListKey, ProductPrice
from trimtab.sources.price_lists.model import Offer, Row, texts

_HEAD_LINES = 10
"""Lines before the columns at the most: AWS writes five."""
_OWN = frozenset(
    (
        *("SKU", "OfferTermCode", "RateCode", "TermType", "PriceDescription", "EffectiveDate", "StartingRange"),
        *("EndingRange", "Unit", "PricePerUnit", "Currency", "RelatedTo", "LeaseContractLength", "PurchaseOption"),
        *("OfferingClass", "Product Family"),
    )
)
_SPELT = {
    "serviceCode": "servicecode",
    "serviceName": "servicename",
    "usageType": "usagetype",
    "CapacityStatus": "capacitystatus",
    "Pre Installed S/W": "preInstalledSw",
    "vCPU": "vcpu",
    "GPU": "gpu",
    "GPU Memory": "gpuMemory",
    "ECU": "ecu",
    "MarketOption": "marketoption",
    "AvailabilityZone": "availabilityzone",
    "ClassicNetworking Support": "classicnetworkingsupport",
    "VPC Networking Support": "vpcnetworkingsupport",
}
"""Columns whose attribute in the API is spelt in no regular way; "Instance Type" is `instanceType` by rule."""
_WORDS = re.compile(r"[^A-Za-z0-9]+")


def read(lines: Iterable[str], region: str, place: str) -> Offer:
    """The offer of a file. Raises InvalidInput for what is none."""
    rows = csv.reader(lines)
    head: dict[str, str] = {}
    columns: list[str] = []
    for row in islice(rows, _HEAD_LINES):
        if row and row[0] == "SKU":
            columns = row
            break
        head |= {row[0]: row[1]} if len(row) > 1 else {}
    if not columns:
        raise InvalidInput(f"cannot read {place}: no line begins with SKU; expected an offer file of AWS's Price List")
    published = head.get("Publication Date", "1970-01-01T00:00:00Z")
    service = head.get("OfferCode", "")
    if not service:
        raise InvalidInput(f"cannot read {place}: it names no OfferCode; expected an offer file of AWS's Price List")
    version = head.get("Version") or published
    key = PriceListKey(service, region, version, "USD", parse_instant_ms(published, 0), place)
    return Offer(key, _rows(rows, columns))


def attribute(column: str) -> str:
    """The API's name of the attribute in a column."""
    if column in _SPELT:
        return _SPELT[column]
    words = [word for word in _WORDS.split(column) if word]
    if len(words) == 1:
        return words[0][:1].lower() + words[0][1:]
    return words[0].lower() + "".join(word[:1].upper() + word[1:].lower() for word in words[1:])


def _rows(rows: Iterable[list[str]], columns: list[str]) -> Iterator[Row]:
    at = {name: number for number, name in enumerate(columns)}
    names = {number: attribute(name) for name, number in at.items() if name not in _OWN}
    family = at.get("Product Family")
    wanted = (
        *("RateCode", "TermType", "Unit", "PricePerUnit", "Currency", "EffectiveDate", "StartingRange"),
        *("EndingRange", "PriceDescription", "LeaseContractLength", "PurchaseOption", "OfferingClass"),
    )
    told: set[str] = set()
    for row in rows:
        if len(row) != len(columns):
            continue  # the file is cut off here
        sku = row[0]
        product = None
        if sku not in told:
            told.add(sku)
            facts = {name: row[number] for number, name in names.items()}
            product = PricedProduct(sku, row[family] if family is not None else "", texts(facts))
        cells = {name: row[at[name]] if name in at else "" for name in wanted}
        yield product, _price(sku, cells)


def _price(sku: str, cells: dict[str, str]) -> ProductPrice | None:
    if cells["TermType"] not in ("OnDemand", "Reserved") or cells["Currency"] not in ("", "USD"):
        return None
    names = ("LeaseContractLength", "PurchaseOption", "OfferingClass")
    return ProductPrice(
        sku,
        cells["RateCode"],
        cells["TermType"],
        cells["Unit"][:64],
        cells["PricePerUnit"],
        parse_instant_ms(cells["EffectiveDate"], 0) if cells["EffectiveDate"] else 0,
        cells["StartingRange"] or "0",
        cells["EndingRange"] or "Inf",
        cells["PriceDescription"][:512],
        texts({name: cells[name] for name in names}),
    )
