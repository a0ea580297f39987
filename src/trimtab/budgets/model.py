"""Words of a budget: what is limited, for which time, who is told when, and what is done then.

A budget's definition is kept as the form of the Budgets API (`Budget` of CreateBudget, times in ms), which REST, the
command line and the pages write too. Amounts are Decimal; shares (utilisation, coverage) are percentages, 0 to 100.
"""

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from trimtab.access.scope import EVERYTHING, Scope

STATE_CHANGED = "budget.state_changed"
"""The kind of event in the outbox when a notification crosses its threshold; its subject is the budget's ARN."""
ACTION_CHANGED = "budget.action_changed"
"""The kind of event in the outbox when an action waits for approval, was done, or failed."""


class BudgetType(StrEnum):
    """What is measured."""

    COST = "COST"
    USAGE = "USAGE"
    RI_UTILIZATION = "RI_UTILIZATION"
    RI_COVERAGE = "RI_COVERAGE"
    SP_UTILIZATION = "SAVINGS_PLANS_UTILIZATION"
    SP_COVERAGE = "SAVINGS_PLANS_COVERAGE"

    @property
    def is_share(self) -> bool:
        """Whether it is a percentage whose limit is 100."""
        return self not in (BudgetType.COST, BudgetType.USAGE)


class TimeUnit(StrEnum):
    """How long a budget's period is. CUSTOM is the budget's own start and end, once."""

    DAILY = "DAILY"
    MONTHLY = "MONTHLY"
    QUARTERLY = "QUARTERLY"
    ANNUALLY = "ANNUALLY"
    CUSTOM = "CUSTOM"


class NotificationType(StrEnum):
    """What is compared with the threshold: what was spent, or what the period is expected to come to."""

    ACTUAL = "ACTUAL"
    FORECASTED = "FORECASTED"


class NotificationState(StrEnum):
    """Whether the threshold is crossed."""

    OK = "OK"
    ALARM = "ALARM"


class ActionStatus(StrEnum):
    """Where an action is. PENDING waits for somebody's approval."""

    STANDBY = "STANDBY"
    PENDING = "PENDING"
    EXECUTION_IN_PROGRESS = "EXECUTION_IN_PROGRESS"
    EXECUTION_SUCCESS = "EXECUTION_SUCCESS"
    EXECUTION_FAILURE = "EXECUTION_FAILURE"
    REVERSE_IN_PROGRESS = "REVERSE_IN_PROGRESS"
    REVERSE_SUCCESS = "REVERSE_SUCCESS"
    REVERSE_FAILURE = "REVERSE_FAILURE"
    RESET_IN_PROGRESS = "RESET_IN_PROGRESS"
    RESET_FAILURE = "RESET_FAILURE"


class Execution(StrEnum):
    """What somebody asks of an action."""

    APPROVE = "APPROVE_BUDGET_ACTION"
    RETRY = "RETRY_BUDGET_ACTION"
    REVERSE = "REVERSE_BUDGET_ACTION"
    RESET = "RESET_BUDGET_ACTION"


class Spend(Struct, frozen=True):
    """An amount with its unit: a currency, a unit of usage, or PERCENTAGE."""

    amount: Decimal
    unit: str


class Standing(Struct, frozen=True):
    """How a budget stands in the period `[start_ms, end_ms)`, judged at `at_ms`.

    None is "not known", and `problem` says why. `forecast_lower` and `forecast_upper` are the bounds of 80 %.

    `actual` may hold days that are not billed yet: `estimated` is their part, from `estimated_from_ms` on,
    `estimate_error` the median daily error of such estimates, and `actual_lower` what `actual` is at least (80 %).
    """

    start_ms: int
    end_ms: int
    at_ms: int
    limit: Spend | None = None
    actual: Spend | None = None
    forecast: Spend | None = None
    forecast_lower: Decimal | None = None
    forecast_upper: Decimal | None = None
    problem: str = ""
    actual_lower: Decimal | None = None
    estimated: Decimal | None = None
    estimate_error: float | None = None
    estimated_from_ms: int = 0
    presented: Spend | None = None
    """`actual` in the presentation currency, where that is another and rates say how."""


class Budget(Struct, frozen=True):
    """A budget. `scope` is what of the bill it sums: what its maker may see."""

    account: str
    name: str
    form: Mapping[str, Any]
    created_ms: int
    updated_ms: int
    scope: Scope = EVERYTHING
    standing: Standing | None = None

    @property
    def type(self) -> BudgetType:
        """What it measures."""
        return BudgetType(self.form["BudgetType"])

    @property
    def time_unit(self) -> TimeUnit:
        """How long its periods are."""
        return TimeUnit(self.form["TimeUnit"])

    @property
    def start_ms(self) -> int:
        """When it begins."""
        return int(self.form["TimePeriod"]["Start"])

    @property
    def end_ms(self) -> int:
        """When it ends."""
        return int(self.form["TimePeriod"]["End"])

    @property
    def arn(self) -> str:
        """Its ARN, under which it is tagged."""
        return budget_arn(self.account, self.name)


class Notification(Struct, frozen=True):
    """When to tell: the type's value against a threshold, in percent of the limit or as an amount."""

    type: NotificationType
    comparison: str
    threshold: Decimal
    threshold_type: str = "PERCENTAGE"
    state: NotificationState = NotificationState.OK

    @property
    def key(self) -> str:
        """What makes it one notification of its budget, whatever its state."""
        return f"{self.type}/{self.comparison}/{self.threshold.normalize():f}/{self.threshold_type}"


class Subscriber(Struct, frozen=True):
    """Whom to tell: the ARN of a topic (SNS) or an address (EMAIL)."""

    type: str
    address: str


class Action(Struct, frozen=True):
    """What is done when a threshold is crossed. `form` is CreateBudgetAction's, or holds a definition of our own."""

    id: str
    account: str
    budget: str
    form: Mapping[str, Any]
    status: ActionStatus
    changed_ms: int
    period_ms: int = 0
    attempt: int = 0
    subscribers: tuple[Subscriber, ...] = field(default=())

    @property
    def arn(self) -> str:
        """Its ARN, under which it is tagged."""
        return f"{budget_arn(self.account, self.budget)}/action/{self.id}"

    @property
    def notification(self) -> Notification:
        """The crossing at which it is due."""
        threshold = self.form["ActionThreshold"]
        return Notification(
            NotificationType(self.form["NotificationType"]),
            "GREATER_THAN",
            Decimal(str(threshold["ActionThresholdValue"])),
            threshold["ActionThresholdType"],
        )


def budget_arn(account: str, name: str) -> str:
    """The ARN of a budget: the service is global, so it has no region."""
    return f"arn:aws:budgets::{account}:budget/{name}"
