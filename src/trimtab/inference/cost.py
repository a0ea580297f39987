"""What inferences cost on a machine at its capacity, in the currency of the catalogue's list price."""

from decimal import ROUND_HALF_EVEN, Decimal

from msgspec import Struct

from trimtab.inventory.catalog.book import Catalog

_SECONDS = Decimal(3600)
_DIGITS = Decimal("0.00000001")


class Price(Struct, frozen=True):
    """What an hour of a machine type costs; `basis` says which list it is from."""

    per_hour: Decimal
    currency: str
    basis: str

    def per_inference(self, per_second: float) -> Decimal | None:
        """The cost of one inference at a throughput; None where there is none.

        It is CostPerHour ÷ (60 · MaxInvocations), invocations being per minute.
        """
        if per_second <= 0:
            return None
        return (self.per_hour / (_SECONDS * Decimal(str(per_second)))).quantize(_DIGITS, ROUND_HALF_EVEN)

    def per_thousand(self, per_second: float) -> Decimal | None:
        """The cost of a thousand inferences at a throughput."""
        one = self.per_hour * 1000 / (_SECONDS * Decimal(str(per_second))) if per_second > 0 else None
        return one.quantize(_DIGITS, ROUND_HALF_EVEN) if one is not None else None


def price_of(catalog: Catalog, instance_type: str, at_ms: int, region: str) -> Price | None:
    """The list price of a type. None: not listed.

    `ml.g5.xlarge` has SageMaker's price for hosting where its list was imported, else that of its machine, and says so.
    """
    machine = instance_type.removeprefix("ml.")
    own = catalog.price(instance_type, at_ms, region) if machine else None
    listed = own or (catalog.price(machine, at_ms, region) if machine else None)
    if listed is None:
        return None
    note = f"{listed.source}, {listed.region}" + (
        " (EC2 list price: SageMaker adds its own)" if own is None and machine != instance_type else ""
    )
    return Price(listed.per_hour, listed.currency, note)
