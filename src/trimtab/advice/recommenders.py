"""Recommenders that are more than a check: they look at histories of their own, and publish through the same store."""

from msgspec import Struct

from trimtab.advice.check import Setting
from trimtab.advice.finding import Action, Effort, Pillar


class Recommender(Struct, frozen=True):
    """What the catalogue and the AWS APIs say of a recommender. `id` is that of its `Judgement`s."""

    id: str
    name: str
    pillar: Pillar
    about: str
    alert: str
    source: str
    settings: tuple[Setting, ...] = ()
    action: Action = Action.RIGHTSIZE
    effort: Effort = Effort.MEDIUM


_SIZED = {
    "ec2-instance": "EC2 instances",
    "auto-scaling-group": "Auto Scaling groups",
    "ebs-volume": "EBS volumes",
    "lambda-function": "Lambda functions",
    "ecs-service": "ECS services",
    "endpoint": "inference endpoints",
    "database": "databases",
    "container": "containers",
}
"""What right-sizing sizes, by the words of its kinds."""


def _sizing(kind: str, name: str) -> Recommender:
    return Recommender(
        f"trimtab-rightsizing-{kind}",
        f"Right-size {name}",
        Pillar.COST,
        "The size that the past shows to cost least, replayed by day beside doing nothing and AWS's documented rule.",
        "Too large by 5 % of its cost, idle, or too small; never what its own replay shows would have failed.",
        "AWS Compute Optimizer User Guide; Autopilot (EuroSys 2020)",
    )


RECOMMENDERS: tuple[Recommender, ...] = (
    *(_sizing(kind, name) for kind, name in _SIZED.items()),
    Recommender(
        "trimtab-purchase-plan",
        "Commit to steady use",
        Pillar.COST,
        "Savings Plans, reservations, rentals and spot planned together over the forecast, simulated hour by hour.",
        "A purchase lowers the expected cost of the coming year.",
        "Savings Plans User Guide; trimtab's hourly simulation",
        action=Action.BUY_SAVINGS_PLAN,
        effort=Effort.VERY_LOW,
    ),
    Recommender(
        "trimtab-idle-commitment",
        "Commitments that are not used",
        Pillar.COST,
        "Reservations and Savings Plans of which less than 80 % was used over the days of the plan.",
        "Red under 5 %, yellow under 80 %.",
        "the bill, applied hour by hour",
        action=Action.OTHER,
        effort=Effort.MEDIUM,
    ),
    Recommender(
        "trimtab-exchange-reservation",
        "Exchange reservations that are not used",
        Pillar.COST,
        "Convertible Reserved Instances whose type the plan leaves unused, exchanged for one that is on demand.",
        "At least 20 % is unused, and the exchange, for equal or greater value, lowers the invoice.",
        "EC2 User Guide, exchange convertible Reserved Instances; trimtab's hourly simulation",
        action=Action.BUY_RESERVATION,
        effort=Effort.LOW,
    ),
    Recommender(
        "trimtab-commitment-expiry",
        "Commitments that end soon",
        Pillar.COST,
        "What a commitment covers is paid on demand from the day it ends.",
        "Ends within 30 days.",
        "Trusted Advisor, lease expiration of reserved instances",
        action=Action.OTHER,
        effort=Effort.VERY_LOW,
    ),
)
