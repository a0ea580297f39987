"""On what terms the company buys: which machines a commitment covers, what they cost, and what changed when.

A Compute Savings Plan covers most of the H100, Reserved Instances all A100, research's A10G are spot, the rest is on
demand. Discounts are rounded from what AWS publishes for a year in us-east-1; the negotiated rate is invented.
"""

from decimal import Decimal

from msgspec import Struct

from trimtab.demo import catalog
from trimtab.demo.catalog import Machine
from trimtab.demo.company import RESEARCH, SERVING, TRAINING, Company, Node

PAYER = TRAINING
"""The account that pays for all three, and owns the commitments."""

ON_DEMAND, SAVINGS_PLAN, RESERVED, SPOT = "OnDemand", "SavingsPlan", "Reserved", "Spot"

SAVINGS_PLAN_ARN = f"arn:aws:savingsplans::{PAYER.id}:savingsplan/5b9e3c1a-70d4-4f0e-9a57-3c2f8d1e6b44"
SAVINGS_PLAN_SHARE = 0.73
"""What an hour costs under the plan, of the on-demand price (one year, nothing upfront)."""
RESERVED_SHARE, UPFRONT_SHARE = 0.62, 0.5
"""What a reserved hour costs of the on-demand price (one year, part upfront), and how much of that was paid upfront."""
SPOT_SHARE = 0.38
"""What spot costs of the on-demand price on an average day."""

NEGOTIATED_SHARE = 0.9
"""What an H100 machine cost on demand, of the list price, until the negotiated rate ended."""
NEGOTIATED_ENDED_DAYS = 9
"""Days before the anchor, at midnight UTC, at which it ended: since then the list price is charged."""

DAY_MS = 86_400_000


class Reservation(Struct, frozen=True):
    """Reserved Instances of one kind: `count` in `region`, of which `used` run."""

    arn: str
    machine: Machine
    region: str
    count: int
    used: int
    upfront: float

    @property
    def hourly(self) -> float:
        """Dollars of an instance-hour with its share of the upfront fee."""
        return round(self.machine.price * RESERVED_SHARE, 6)


def reservations(company: Company) -> tuple[Reservation, ...]:
    """The company's: one for every A100 machine, and two that stayed behind in a region that it left."""
    running = sum(1 for node in company.nodes if node.machine is catalog.P4D_24XLARGE)
    return (
        Reservation(_reservation("us-east-1", 1), catalog.P4D_24XLARGE, "us-east-1", running, running, UPFRONT_SHARE),
        Reservation(_reservation("us-west-2", 2), catalog.G5_48XLARGE, "us-west-2", 2, 0, 0.0),
    )


def reservation_of(company: Company, node: Node) -> Reservation:
    """The reservation that covers a machine that is reserved."""
    return next(one for one in reservations(company) if one.machine is node.machine)


def unused(company: Company) -> Reservation:
    """The reservation that nothing uses."""
    return next(one for one in reservations(company) if not one.used)


def purchase(node: Node) -> str:
    """How a machine is paid for."""
    if node.machine is catalog.P5_48XLARGE:
        covered = node.account is SERVING or (node.account is TRAINING and node.name <= "p5-12")
        return SAVINGS_PLAN if covered else ON_DEMAND
    if node.machine is catalog.P4D_24XLARGE:
        return RESERVED
    return SPOT if node.account is RESEARCH else ON_DEMAND


def negotiated_until_ms(anchor_ms: int) -> int:
    """When the negotiated rate ended."""
    return anchor_ms // DAY_MS * DAY_MS - NEGOTIATED_ENDED_DAYS * DAY_MS


def is_negotiated(machine: Machine) -> bool:
    """Whether the negotiated rate was for such a machine."""
    return machine is catalog.P5_48XLARGE


def savings_plan_rate(machine: Machine) -> float:
    """Dollars of an hour under the plan."""
    return round(machine.price * SAVINGS_PLAN_SHARE, 6)


def commitment(company: Company) -> float:
    """Dollars an hour that the plan commits to: just what it covers, as there is always more to cover."""
    rates = (Decimal(str(savings_plan_rate(node.machine))) for node in company.nodes if purchase(node) == SAVINGS_PLAN)
    return float(sum(rates, Decimal(0)))


def _reservation(region: str, number: int) -> str:
    return f"arn:aws:ec2:{region}:{PAYER.id}:reserved-instances/2f6b7c10-{number:04d}-4c1e-8f2a-6d1b0e9a7c35"
