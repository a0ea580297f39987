"""What AWS's support plans charge of a month's use: a share of each tier, at least a minimum. In US dollars.

Source: https://aws.amazon.com/premiumsupport/pricing/ (the plans sold from 2022 to 2025; customers may
have negotiated others, which other ways than tiers then fit better).
"""

from collections.abc import Mapping

from msgspec import Struct


class SupportPlan(Struct, frozen=True):
    """`least` a month, and the share of each part of the use up to a bound; the last bound is infinite."""

    least: float
    tiers: tuple[tuple[float, float], ...]

    def of(self, use: float) -> float:
        """What a month with so much use is charged."""
        charge, below = 0.0, 0.0
        for bound, share in self.tiers:
            charge += max(0.0, min(use, bound) - below) * share
            below = bound
        return max(self.least, charge)


_ALL = float("inf")
PLANS: Mapping[str, SupportPlan] = {
    "Developer": SupportPlan(29, ((_ALL, 0.03),)),
    "Business": SupportPlan(100, ((10_000, 0.10), (80_000, 0.07), (250_000, 0.05), (_ALL, 0.03))),
    "Enterprise On-Ramp": SupportPlan(5_500, ((_ALL, 0.10),)),
    "Enterprise": SupportPlan(15_000, ((150_000, 0.10), (500_000, 0.07), (1_000_000, 0.05), (_ALL, 0.03))),
}
