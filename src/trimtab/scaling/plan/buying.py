"""What use of a number of replicas costs, bought in part for a term: exact money on whole ticks.

An hour under a commitment of `k` replicas costs k × the committed rate, used or not; what runs beyond costs the price
on demand. The best `k` is the quantile of hourly use at 1 − committed ÷ on demand; all levels are tried, so that no
distribution need be assumed.
"""

from decimal import Decimal

import numpy as np
import numpy.typing as npt
from msgspec import Struct

from trimtab.scaling.plan.model import MONTH_HOURS, Offer

Integers = npt.NDArray[np.int64]


class Use(Struct, frozen=True):
    """Replica-ticks paid in each hour; `per_hour` ticks make one."""

    hours: Integers
    per_hour: int

    @property
    def peak(self) -> int:
        """The most replicas of an hour, rounded up."""
        return -(-int(self.hours.max(initial=0)) // self.per_hour)


def use_of(paid: npt.NDArray[np.float64], tick_s: float) -> Use:
    """The use of a number of replicas a tick; ticks that fill no hour at the end count as a part of one."""
    per_hour = max(1, round(3600 / tick_s))
    ticks = np.rint(paid).astype(np.int64)
    short = -len(ticks) % per_hour
    if short:  # the last hour is taken to go on as it was
        rest = len(ticks) % per_hour
        ticks = np.concatenate([ticks, np.resize(ticks[-rest:], short)])
    return Use(ticks.reshape(-1, per_hour).sum(axis=1), per_hour)


def best_level(use: Use, offer: Offer) -> int:
    """How many replicas to commit to: the cheapest of all levels on this use."""
    levels = np.arange(use.peak + 1, dtype=np.int64)
    beyond = np.maximum(0, use.hours[None, :] - levels[:, None] * use.per_hour).sum(axis=1)
    cost = float(offer.share) * levels * use.per_hour * len(use.hours) + beyond
    return int(np.argmin(cost))


def monthly(use: Use, per_hour: Decimal, level: int = 0, offer: Offer | None = None) -> Decimal:
    """Dollars a month of that use, `level` replicas of it committed to under `offer`."""
    beyond = int(np.maximum(0, use.hours - level * use.per_hour).sum())
    cost = per_hour * beyond / use.per_hour
    if offer is not None:
        cost += per_hour * offer.share * level * len(use.hours)
    return cost * MONTH_HOURS / len(use.hours)
