"""What an hour of a machine costs, as this user pays: an own price, else the list's less an own discount."""

from collections.abc import Iterable
from decimal import Decimal

from msgspec import Struct

from trimtab.inventory.catalog.book import Catalog
from trimtab.inventory.catalog.model import Rate, RateKind, RateUnit
from trimtab.inventory.catalog.rates import EVERY

_HUNDRED = Decimal(100)
WINDOWS_A_VCPU = Decimal("0.046")
"""USD an hour of a vCPU that Windows adds to the Linux price of machines that are not burstable: the difference of the
two in AWS's EC2 on-demand price list, the same in every region (read 2026-11)."""


class Price(Struct, frozen=True):
    """Money an hour; None with the reason in `note`."""

    per_hour: Decimal | None
    currency: str
    note: str


class InstancePrices:
    """Prices of instance types at a moment, over the catalogue and own rates."""

    def __init__(self, catalog: Catalog, rates: Iterable[Rate], at_ms: int) -> None:
        self._catalog = catalog
        self._at_ms = at_ms
        held = [one for one in rates if one.from_ms <= at_ms and (one.to_ms is None or at_ms < one.to_ms)]
        held.sort(key=lambda one: one.from_ms)
        instance = [one for one in held if one.unit is RateUnit.INSTANCE_HOUR or one.kind is RateKind.DISCOUNT]
        self._own = {one.subject.casefold(): one for one in instance if one.kind is RateKind.PRICE}
        self._off = {one.subject.casefold(): one for one in instance if one.kind is RateKind.DISCOUNT}

    def of(self, type_: str, region: str, *, windows: bool = False, system: str = "") -> Price:
        """The price of a type on demand in a region; `system` is what a hosted type's price depends on beside it."""
        own = self._own.get(type_.casefold())
        if own is not None:
            return Price(own.amount, own.currency, f"own rate of {own.subject}")
        name = f"{type_} {system}" if system else type_
        listed = self._catalog.price(name, self._at_ms, region)
        if listed is None:
            return Price(None, "", f"the catalogue has no price of {name} in {region}")
        amount, note = listed.per_hour, f"list price on demand in {region}, as of {listed.as_of}"
        if windows:
            if type_.startswith("t"):
                return Price(None, "", "the catalogue has no Windows prices of burstable types")
            amount += WINDOWS_A_VCPU * self._catalog.types[type_].vcpus
            note += ", with Windows"
        off = self._off.get(type_.casefold()) or self._off.get(EVERY)
        if off is not None:
            amount *= (_HUNDRED - off.amount) / _HUNDRED
            note += f", less {off.amount:f} %"
        return Price(amount, listed.currency, note)
