"""What machines are known to do: throughput from recorded jobs or as given, prices of the catalogue and of spot."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from trimtab.batch.plan.model import Capacity, Machine
from trimtab.batch.report import Report
from trimtab.inventory.catalog.book import Catalog
from trimtab.inventory.catalog.spot import SpotPriceStore

_LEAST_S = 10.0  # of a recorded job: shorter ones measure their start
_SPOT_MS = 7 * 86_400_000  # how far back prices of spot are averaged
_GIVEN = "as given"


class Rate(Struct, frozen=True):
    """Records per second of one machine, and how that is known."""

    records_per_s: float
    basis: str


class Spot(Struct, frozen=True):
    """What is known of spot: where it was to be had, and its price as a share of on demand where no history is."""

    available: Capacity | None = None
    share: Decimal | None = None


def rates(reports: Sequence[Report], given: Mapping[str, float]) -> dict[str, Rate]:
    """By type: as given, else of recorded jobs, every one weighted by the records that it did itself."""
    sums: dict[str, list[float]] = {}
    for one in reports:
        done = one.records - one.records_kept
        if one.instance_type and one.seconds >= _LEAST_S and done > 0 and one.records_per_s > 0:
            entry = sums.setdefault(one.instance_type, [0.0, 0.0, 0.0])
            entry[0] += done
            entry[1] += one.seconds * max(1, one.instances)
            entry[2] += 1
    found = {
        type_: Rate(records / seconds, f"measured by {jobs:.0f} recorded job{'s' if jobs > 1 else ''}")
        for type_, (records, seconds, jobs) in sums.items()
    }
    return found | {type_: Rate(rate, _GIVEN) for type_, rate in given.items()}


class Prices(Struct, frozen=True):
    """Prices of one region at one time."""

    catalog: Catalog
    spot: SpotPriceStore
    region: str
    now_ms: int

    async def machines(self, known: Mapping[str, Rate], spot: Spot) -> tuple[list[Machine], list[str]]:
        """The machines whose price is known, and why others are left out."""
        found, left_out = [], []
        for type_, rate in sorted(known.items()):
            plain = type_.removeprefix("ml.")
            listed = self.catalog.price(plain, self.now_ms, self.region)
            if listed is None:
                left_out.append(f"{type_}: no list price in {self.region}")
                continue
            cost, basis = await self._spot(plain, listed.per_hour, listed.currency, spot)
            found.append(
                Machine(
                    type_, rate.records_per_s, listed.per_hour, listed.currency, rate.basis,
                    f"{listed.source}, {listed.region}", cost, basis, spot.available,
                )
            )  # fmt: skip
        return found, left_out

    async def _spot(self, type_: str, per_hour: Decimal, currency: str, spot: Spot) -> tuple[Decimal | None, str]:
        """What spot cost on average over the last week in the cheapest zone, else the share that was given."""
        since_ms = self.now_ms - _SPOT_MS
        zones: dict[str, list[tuple[int, Decimal]]] = {}
        for one in await self.spot.of(type_, self.region, since_ms, self.now_ms):
            if one.currency == currency:
                zones.setdefault(one.zone, []).append((max(one.at_ms, since_ms), one.per_hour))
        means = {zone: _mean(prices, self.now_ms) for zone, prices in zones.items()}
        if means:
            zone = min(means, key=lambda name: means[name])
            return min(means[zone], per_hour), f"mean of the last week in {zone}"
        if spot.share is not None:
            return per_hour * spot.share, f"{spot.share:f} of on demand, as given"
        return None, ""


def _mean(prices: Sequence[tuple[int, Decimal]], until_ms: int) -> Decimal:
    """The mean over time of prices that each held until the next."""
    ends = [*(at for at, _ in prices[1:]), until_ms]
    spans = [max(1, end - at) for (at, _), end in zip(prices, ends, strict=True)]
    return sum((price * span for (_, price), span in zip(prices, spans, strict=True)), Decimal(0)) / sum(spans)
