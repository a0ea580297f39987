"""A price list as its readers give it: what list it is, then its rows as they come."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from trimtab.client.prices_wire import PricedProduct, PriceListKey, ProductPrice

Row = tuple[PricedProduct | None, ProductPrice | None]
"""A product, a price, or both, in the order of the file."""


class Offer(Struct, frozen=True):
    """A list that is being read."""

    key: PriceListKey
    rows: Iterable[Row]


class Wanted(Struct, frozen=True):
    """Which products of a list are kept: the lists of EC2 hold hundreds of thousands that nobody here asks for."""

    systems: Sequence[str] = ("Linux",)
    reserved: bool = True
    everything: bool = False
    seen: set[str] = field(default_factory=set)

    def takes(self, product: PricedProduct) -> bool:
        """Whether a product is kept."""
        facts = product.attributes
        if self.everything or not product.family.startswith("Compute Instance"):
            return True
        plain = facts.get("preInstalledSw", "NA") == "NA" and facts.get("capacitystatus", "Used") == "Used"
        system = facts.get("operatingSystem", "Linux")
        return plain and facts.get("tenancy", "Shared") == "Shared" and system in self.systems


def kept(rows: Iterable[Row], wanted: Wanted) -> Iterator[Row]:
    """The rows that are wanted; each product once, before its prices. Prices of products that came before, too."""
    refused: set[str] = set()
    for product, price in rows:
        new = None
        if product is not None and product.sku not in wanted.seen and product.sku not in refused:
            if wanted.takes(product):
                wanted.seen.add(product.sku)
                new = product
            else:
                refused.add(product.sku)
        if price is not None and (price.sku not in wanted.seen or (price.term == "Reserved" and not wanted.reserved)):
            price = None
        if new is not None or price is not None:
            yield new, price


def parts(rows: Iterable[Row], size: int) -> Iterator[tuple[list[PricedProduct], list[ProductPrice]]]:
    """Rows in parts of at most `size` products and prices."""
    products: list[PricedProduct] = []
    prices: list[ProductPrice] = []
    for product, price in rows:
        if product is not None:
            products.append(product)
        if price is not None:
            prices.append(price)
        if max(len(products), len(prices)) >= size:
            yield products, prices
            products, prices = [], []
    if products or prices:
        yield products, prices


def texts(facts: Mapping[str, object]) -> dict[str, str]:
    """Attributes as text, without those that are empty."""
    return {name: str(value)[:2048] for name, value in facts.items() if value not in (None, "")}
