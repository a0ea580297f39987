"""Which lines commitments are about: what reservations and Savings Plans can cover, and what they cost.

Savings Plans cover EC2 instances, Fargate, Lambda and SageMaker instances; reservations instances of every service that
has them. Spot is covered by neither. A FOCUS bill without AWS's service codes counts its compute services. What other
providers bill is covered by their own commitments, never by these: `providers.py` has the rules of each.
"""

from trimtab.base.measures import HOURS
from trimtab.costs.model import And, Dimension, Filter, Match, Not, Or, Where

RESERVED, SAVINGS_PLAN, ON_DEMAND = "Reserved", "Savings Plan", "On-Demand"
RESERVATION_FEE = "RIFee"
"""The record type that a bill has once a month for each reservation, at the month's first day."""
UNUSED = "Unused"

AWS_NAMES = ("AWS", "Amazon Web Services", "Amazon")
"""The provider as bills spell it."""
AWS: Filter = Where(Dimension.PROVIDER, AWS_NAMES)
"""Lines of the provider whose commitments these are: they cover nothing of others."""
_PURCHASE = Dimension.PURCHASE_TYPE
_USAGE = Where(Dimension.CHARGE_CATEGORY, ("Usage",))
_TAKEN = Not(Where(Dimension.COMMITMENT_STATUS, (UNUSED,)))
_FEES = Where(Dimension.RECORD_TYPE, (RESERVATION_FEE, "SavingsPlanRecurringFee", "SavingsPlanNegation"))
_INSTANCE = Not(Where(Dimension.INSTANCE_TYPE, match=Match.ABSENT))
_COMPUTE: Filter = Or(
    (
        And((_INSTANCE, Where(Dimension.SERVICE_CODE, ("AmazonEC2", "AmazonSageMaker")))),
        Where(Dimension.USAGE_TYPE, ("Fargate",), Match.CONTAINS),
        Where(Dimension.SERVICE_CODE, ("AWSLambda",)),
        And((Where(Dimension.SERVICE_CODE, match=Match.ABSENT), Where(Dimension.SERVICE_CATEGORY, ("Compute",)))),
    )
)
COMMITTED: Filter = Not(Where(Dimension.COMMITMENT, match=Match.ABSENT))
"""Lines of a commitment: its fees and what it covers."""
INSTANCE_HOURS: Filter = And(
    (
        AWS,
        _USAGE,
        _TAKEN,
        _INSTANCE,
        Where(Dimension.USAGE_UNIT, HOURS, ignore_case=True),
        Where(_PURCHASE, (RESERVED, ON_DEMAND)),
    )
)
"""Hours that run under a reservation or could."""
PLAN_SPEND: Filter = And(
    (
        AWS,
        _USAGE,
        _TAKEN,
        Not(_FEES),
        Or((Where(_PURCHASE, (SAVINGS_PLAN,)), And((Where(_PURCHASE, (ON_DEMAND,)), _COMPUTE)))),
    )
)
"""Usage that runs under a Savings Plan or could."""
COVERABLE: Filter = And(
    (
        AWS,
        _USAGE,
        _TAKEN,
        Not(_FEES),
        Or((COMMITTED, And((Where(_PURCHASE, (ON_DEMAND,)), Or((_INSTANCE, _COMPUTE)))))),
    )
)
"""Usage that any commitment covers or could."""
CAPACITY: Filter = And(
    (
        AWS,
        _USAGE,
        Where(Dimension.SERVICE_CODE, ("AmazonDynamoDB",)),
        Where(Dimension.USAGE_TYPE, ("CapacityUnit-Hrs",), Match.CONTAINS),
        Where(_PURCHASE, (ON_DEMAND,)),
    )
)
"""Hours of capacity of DynamoDB that is provisioned: reservations of it are by the unit, not by the machine."""
UNUSED_COMMITMENTS: Filter = And(
    (
        AWS,
        COMMITTED,
        Or(
            (
                Where(Dimension.RECORD_TYPE, (RESERVATION_FEE, "SavingsPlanRecurringFee")),
                Where(Dimension.COMMITMENT_STATUS, (UNUSED,)),
            )
        ),
    )
)
"""Lines whose amortised cost is what commitments cost beyond their use."""


def within(where: Filter | None, *parts: Filter) -> Filter:
    """All of `parts`, and the caller's own filter."""
    return And((*parts, *(() if where is None else (where,))))
