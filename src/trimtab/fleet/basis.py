"""On which basis money is told: three names that mean the same on every page, in every answer and file."""

from enum import StrEnum

from trimtab.costs.model import Metric


class Basis(StrEnum):
    """What an amount counts (AWS, "Understanding your amortized costs"; FOCUS, BilledCost and EffectiveCost)."""

    BILLED = "billed"
    """As charged: a commitment's fee when it is due, what it covers at nothing."""
    AMORTISED = "amortised"
    """Commitments spread over what they cover, before discounts that were negotiated for the whole account."""
    NET_AMORTISED = "net amortised"
    """Commitments spread over what they cover, after every discount."""

    @property
    def metric(self) -> Metric:
        """The bill's metric of the basis."""
        return _METRICS[self]


_METRICS = {
    Basis.BILLED: Metric.UNBLENDED,
    Basis.AMORTISED: Metric.AMORTIZED,
    Basis.NET_AMORTISED: Metric.NET_AMORTIZED,
}
DEFAULT = Basis.NET_AMORTISED
"""What hours cost where nobody asks for another basis: what the organisation really pays for them."""
