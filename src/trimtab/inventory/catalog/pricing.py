"""What an hour of a GPU costs: an own rate before the catalogue, and unknown, with the reason, where neither says.

    own price of the instance type ÷ its GPUs, of the accelerator, or of the queue      "rate card"
    list price × (1 − own discount) ÷ GPUs                                               "catalogue with own discount"
    list price ÷ GPUs                                                                    "catalogue"

The narrowest own price that holds at the time counts: instance type, then accelerator, then queue.
"""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from msgspec import Struct

from trimtab.inventory.catalog.book import HOME, Catalog, mentions
from trimtab.inventory.catalog.model import GpuPrice, PriceBasis, Rate, RateKind, RateUnit
from trimtab.inventory.catalog.rates import EVERY

_HUNDRED = Decimal(100)
GPU, QUEUE = "gpu:", "queue:"
"""How the subject of an own price names an accelerator and a scheduler's partition or queue."""


class Machine(Struct, frozen=True):
    """What is known of the machine a GPU sits in; "" and 0 where nothing is."""

    instance_type: str = ""
    gpu_type: str = ""
    gpus: float = 0.0
    queue: str = ""
    region: str = HOME


class Pricing:
    """Prices over a catalogue and the own rates of a moment."""

    def __init__(self, catalog: Catalog, rates: Iterable[Rate]) -> None:
        self._catalog = catalog
        self._prices: dict[str, list[Rate]] = {}
        self._discounts: dict[str, list[Rate]] = {}
        for one in rates:
            kept = self._prices if one.kind is RateKind.PRICE else self._discounts
            kept.setdefault(one.subject.casefold(), []).append(one)

    def gpu_hour(self, machine: Machine, at_ms: int) -> GpuPrice:
        """The price of an hour of one GPU of a machine at a time."""
        own = self._own(machine, at_ms)
        if own is not None:
            return own
        if not machine.instance_type:
            subject = machine.gpu_type or "the GPU"
            return GpuPrice.unknown(
                f"neither an own rate nor an instance type is known for {subject}; "
                f"try `trimtab catalog set-rate gpu:{machine.gpu_type or 'H100'} 2.85`"
            )
        return self._listed(machine, at_ms)

    def _own(self, machine: Machine, at_ms: int) -> GpuPrice | None:
        for subject in self._subjects(machine):
            rate = _holding(self._prices.get(subject.casefold(), ()), at_ms)
            if rate is None:
                continue
            note = f"own rate of {rate.subject}" + (f" ({rate.note})" if rate.note else "")
            if rate.unit is RateUnit.GPU_HOUR:
                return GpuPrice(rate.amount, rate.currency, PriceBasis.RATE_CARD, note)
            gpus = self.gpus(machine)
            if gpus:
                return GpuPrice(rate.amount / gpus, rate.currency, PriceBasis.RATE_CARD, f"{note} ÷ {gpus:f} GPUs")
        return None

    def _subjects(self, machine: Machine) -> list[str]:
        """The subjects of own prices that mean this machine, the narrowest first."""
        found = [machine.instance_type] if machine.instance_type else []
        known = self._catalog.types.get(machine.instance_type)
        text = f"{machine.gpu_type} {known.accelerator if known else ''}"
        gpus = [one for one in self._prices if one.startswith(GPU) and mentions(text, one.removeprefix(GPU))]
        found += sorted(gpus, key=len, reverse=True)
        return [*found, f"{QUEUE}{machine.queue}"] if machine.queue else found

    def _listed(self, machine: Machine, at_ms: int) -> GpuPrice:
        name = machine.instance_type
        price = self._catalog.price(name, at_ms, machine.region)
        gpus = self.gpus(machine)
        if price is None or not gpus:
            what = (
                "its number of GPUs is not known" if price else f"the catalogue has no price of it in {machine.region}"
            )
            return GpuPrice.unknown(f"no price of {name}: {what}; try `trimtab catalog set-rate {name} 12.34`")
        note = f"list price of {name} on demand in {price.region}, as of {price.as_of}, ÷ {gpus:f} GPUs"
        discount = _holding(self._discounts.get(name.casefold(), ()), at_ms) or _holding(
            self._discounts.get(EVERY, ()), at_ms
        )
        if discount is None:
            return GpuPrice(price.per_hour / gpus, price.currency, PriceBasis.CATALOGUE, note)
        left = (_HUNDRED - discount.amount) / _HUNDRED
        return GpuPrice(
            price.per_hour * left / gpus, price.currency, PriceBasis.DISCOUNTED, f"{note}, less {discount.amount:f} %"
        )

    def gpus(self, machine: Machine) -> Decimal:
        """GPUs of the machine, as the catalogue has them, else as the machine says of itself."""
        known = self._catalog.types.get(machine.instance_type)
        number = known.accelerators if known is not None and known.accelerators else machine.gpus
        return Decimal(f"{number:g}")


def _holding(rates: Sequence[Rate], at_ms: int) -> Rate | None:
    """The rate that holds at a time: of several the one that began last."""
    found = [one for one in rates if one.from_ms <= at_ms and (one.to_ms is None or at_ms < one.to_ms)]
    return max(found, key=lambda one: one.from_ms, default=None)
