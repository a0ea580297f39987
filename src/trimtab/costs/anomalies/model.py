"""Words of cost anomalies: what is watched, who is told, what was found, and what went with it in time.

Monitors and subscriptions are kept as the forms of Cost Explorer's API (`AnomalyMonitor`, `AnomalySubscription`), which
REST, the command line and the pages write too. Days are UTC days in ms, half-open; money is Decimal in the bill's
currency. What is judged is `METRIC` of lines in `CHARGES`: net cost of use as charged, so that fees of commitments,
taxes, credits and refunds are no anomalies (AWS, "Cost Anomaly Detection", judges net unblended cost likewise).
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from msgspec import Struct

from trimtab.access.scope import EVERYTHING, Scope
from trimtab.base.errors import NotFound
from trimtab.costs.model import CostCategory, Dimension, Facet, Metric, Tag, Where, is_nearly_nothing

METRIC = Metric.NET_UNBLENDED
CHARGES = Where(Dimension.CHARGE_CATEGORY, ("Usage",))
FOUND = "costs.anomaly"
"""The kind of event in the outbox when a subscription tells of anomalies; its subject is the subscription's ARN."""
DEFAULT_NAME = "Default-Services-Monitor"
HUNDRED = Decimal(100)


class UnknownMonitor(NotFound):
    """There is no such monitor, or not for the caller."""


class UnknownSubscription(NotFound):
    """There is no such subscription, or not for the caller."""


class Kind(StrEnum):
    """How more was spent: from one day to the next, slowly, or on what had cost nothing before."""

    RISE = "rise"
    DRIFT = "drift"
    NEW = "new"


class Frequency(StrEnum):
    """When a subscription tells: of each anomaly when it is found, or of all of a day or of a week together."""

    IMMEDIATE = "IMMEDIATE"
    DAILY = "DAILY"
    WEEKLY = "WEEKLY"


FEEDBACK = ("YES", "NO", "PLANNED_ACTIVITY")
"""Whether it was one; activity that was planned is none."""


class Monitor(Struct, frozen=True):
    """What is watched. `scope` is what of the bill it sees: what its maker may see."""

    arn: str
    account: str
    form: Mapping[str, Any]
    created_ms: int
    updated_ms: int
    scope: Scope = EVERYTHING
    judged_ms: int = 0
    judged_mark: str = ""
    value_count: int = 0
    problem: str = ""

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.form["MonitorName"])

    @property
    def facet(self) -> Facet | None:
        """What its values are values of; None of a custom monitor, which is judged as one sum."""
        if self.form["MonitorType"] == "CUSTOM":
            return None
        wanted = self.form["MonitorDimension"]
        if wanted == "TAG":
            return Tag(str(self.form["MonitorSpecification"]["Tags"]["Key"]))
        if wanted == "COST_CATEGORY":
            return CostCategory(str(self.form["MonitorSpecification"]["CostCategories"]["Key"]))
        return Dimension(wanted)


class Subscriber(Struct, frozen=True):
    """Whom to tell: the ARN of a topic (SNS) or an address (EMAIL)."""

    type: str
    address: str


class Subscription(Struct, frozen=True):
    """Who is told of which monitors' anomalies, from which impact on, and when."""

    arn: str
    account: str
    form: Mapping[str, Any]
    created_ms: int
    updated_ms: int
    scope: Scope = EVERYTHING
    told_ms: int = 0

    @property
    def name(self) -> str:
        """Its name."""
        return str(self.form["SubscriptionName"])

    @property
    def monitors(self) -> tuple[str, ...]:
        """The ARNs of its monitors."""
        return tuple(self.form["MonitorArnList"])

    @property
    def frequency(self) -> Frequency:
        """When it tells."""
        return Frequency(self.form["Frequency"])

    @property
    def subscribers(self) -> tuple[Subscriber, ...]:
        """Whom it tells."""
        return tuple(Subscriber(one["Type"], one["Address"]) for one in self.form["Subscribers"])


class Impact(Struct, frozen=True):
    """What was spent and what was expected. `most`: the largest difference of one day."""

    most: Decimal
    actual: Decimal
    expected: Decimal

    @property
    def total(self) -> Decimal:
        """What was spent more than expected."""
        return self.actual - self.expected

    @property
    def percentage(self) -> Decimal | None:
        """The same in percent of what was expected; None where that was nothing, or nearly."""
        if self.expected <= 0 or is_nearly_nothing(self.expected, self.actual):
            return None
        return (self.total / self.expected * HUNDRED).quantize(Decimal("0.01"))


class Origin(Struct, frozen=True):
    """The narrowest part of the bill that explains an anomaly; "" is any. With nothing it is its monitor's value."""

    service: str = ""
    account: str = ""
    region: str = ""
    usage_type: str = ""
    resource: str = ""

    @property
    def parts(self) -> tuple[str, ...]:
        """From wide to narrow."""
        return (self.service, self.account, self.region, self.usage_type, self.resource)

    @property
    def line(self) -> tuple[str, ...]:
        """Without the resource."""
        return self.parts[:-1]

    def holds(self, other: "Origin") -> bool:
        """Whether all of `other` is in it."""
        return all(mine in ("", its) for mine, its in zip(self.parts, other.parts, strict=True))

    def common(self, other: "Origin") -> "Origin":
        """The narrowest that holds both."""
        return Origin(*(mine if mine == its else "" for mine, its in zip(self.parts, other.parts, strict=True)))

    @property
    def words(self) -> str:
        """It in a line, the narrowest first."""
        return " · ".join(part for part in (self.resource, self.usage_type, self.account, self.region) if part)


class Wider(Struct, frozen=True):
    """A wider part of the bill in which the same anomaly was seen, and what rose there in all."""

    name: str
    impact: Impact


class Cause(Struct, frozen=True):
    """A part of the bill that rose: `contribution` is how much more it cost in the anomaly's days than before."""

    service: str
    account: str
    account_name: str
    region: str
    usage_type: str
    contribution: Decimal


class Finding(Struct, frozen=True):
    """What a judgement found: days `[start_ms, end_ms)` of one value in one currency.

    `open`: it still goes on at the last closed day. Scores are 0 to 1, how far out of the noise of its days. `origin`
    is where in the value it happened, and all amounts are of that; `wider` are the parts around it that rose with it.
    """

    value: str
    currency: str
    start_ms: int
    end_ms: int
    open: bool
    kind: Kind
    max_score: float
    current_score: float
    impact: Impact
    causes: tuple[Cause, ...] = ()
    origin: Origin = Origin()
    wider: tuple[Wider, ...] = ()


class Anomaly(Struct, frozen=True):
    """A finding as it is kept: with its id, its monitor, and what people said of it ("": nothing).

    `others` are what other monitors saw of the same incident, where incidents are asked for.
    """

    id: str
    monitor: str
    account: str
    finding: Finding
    found_ms: int
    changed_ms: int
    feedback: str = ""
    feedback_by: str = ""
    feedback_ms: int = 0
    others: tuple["Anomaly", ...] = ()


def monitor_arn(account: str, id_: str) -> str:
    """The ARN of a monitor: the service is global, so it has no region."""
    return f"arn:aws:ce::{account}:anomalymonitor/{id_}"


def subscription_arn(account: str, id_: str) -> str:
    """The ARN of a subscription."""
    return f"arn:aws:ce::{account}:anomalysubscription/{id_}"
