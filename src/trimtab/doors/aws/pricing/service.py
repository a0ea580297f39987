"""The Price List API as the gateway serves it: every operation, bound to the catalogue."""

from trimtab.doors.aws.pricing import products
from trimtab.doors.aws.pricing.rooms import PricingRooms, operations
from trimtab.doors.aws.service import Service
from trimtab.inventory.catalog.price_book import PriceBook

OPERATION_FILES = (products,)
"""Importing a file adds its operations; naming the files here keeps the list in one place."""


def build(book: PriceBook, public_url: str) -> Service:
    """The service over the catalogue; `public_url` is where files are fetched from."""
    return operations.bind(PricingRooms(book, public_url.rstrip("/")))
