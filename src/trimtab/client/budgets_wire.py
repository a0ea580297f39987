"""What travels over `/rest/v1/budgets`. Amounts are decimal text; times are ms UTC."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from trimtab.client.wire import Millis

Name = Annotated[str, Meta(min_length=1, max_length=100)]
Amount = Annotated[str, Meta(pattern=r"^[0-9]{1,17}(\.[0-9]{1,12})?$")]
TypeName = Literal[
    "COST", "USAGE", "RI_UTILIZATION", "RI_COVERAGE", "SAVINGS_PLANS_UTILIZATION", "SAVINGS_PLANS_COVERAGE"
]
TimeUnitName = Literal["DAILY", "MONTHLY", "QUARTERLY", "ANNUALLY", "CUSTOM"]
ExecutionName = Literal["approve", "retry", "reverse", "reset"]


class BudgetNotification(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """When somebody is told, and who. `state` is an answer's."""

    threshold: Amount
    type: Literal["ACTUAL", "FORECASTED"] = "ACTUAL"
    comparison: Literal["GREATER_THAN", "LESS_THAN", "EQUAL_TO"] = "GREATER_THAN"
    threshold_type: Literal["PERCENTAGE", "ABSOLUTE_VALUE"] = "PERCENTAGE"
    emails: list[str] = field(default_factory=list)
    topic: Annotated[str, Meta(description="ARN of a topic, or of a channel.")] = ""
    state: str = ""


class PutBudget(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A budget to make or replace. With `adjust` the limit follows what was spent (HISTORICAL) or is expected.

    `filter` is an Expression of Cost Explorer; `tags` narrows it to lines whose tags have one of the values each.
    """

    name: Name
    limit: Amount | None = None
    unit: Annotated[str, Meta(max_length=64, description="Currency, or unit of usage.")] = "USD"
    type: TypeName = "COST"
    time_unit: TimeUnitName = "MONTHLY"
    metric: Annotated[str, Meta(max_length=64, description="UnblendedCost, AmortizedCost, …")] = ""
    filter: dict[str, Any] | None = None
    tags: dict[str, list[str]] = field(default_factory=dict)
    planned: Annotated[dict[str, Amount], Meta(description="Limit by first second of the month or quarter.")] = field(
        default_factory=dict
    )
    adjust: Literal["", "HISTORICAL", "FORECAST"] = ""
    adjust_periods: Annotated[int, Meta(ge=1, le=60)] = 1
    start_ms: Millis | None = None
    end_ms: Millis | None = None
    notifications: Annotated[list[BudgetNotification], Meta(max_length=10)] = field(default_factory=list)


class Budget(Struct, frozen=True):
    """A budget and how it stands. An amount that is not known is null, and `problem` says why.

    `forecast_lower` and `forecast_upper` bound 80 % of what is expected; `state` is ALARM where a notification is.
    `actual` has the live estimate of days that are not billed in it: `estimated` from `estimated_from_ms` on, past
    estimates were `estimate_error` off by day (median), and `actual_lower` is what `actual` is at least. `presented` is
    `actual` in the presentation currency, where that is another and rates say how.
    """

    account: str
    name: str
    arn: str
    type: str
    time_unit: str
    state: str
    unit: str
    limit: str | None
    actual: str | None
    forecast: str | None
    forecast_lower: str | None
    forecast_upper: str | None
    period_start_ms: Millis | None
    period_end_ms: Millis | None
    judged_ms: Millis | None
    problem: str
    definition: dict[str, Any]
    notifications: list[BudgetNotification]
    estimated: str | None = None
    actual_lower: str | None = None
    estimate_error: float | None = None
    estimated_from_ms: Millis | None = None
    presented: str | None = None
    presented_unit: str = ""


class BudgetList(Struct, frozen=True):
    """Budgets, by account and name."""

    budgets: list[Budget]


class BudgetPeriod(Struct, frozen=True):
    """What was budgeted and spent in a period."""

    start_ms: Millis
    end_ms: Millis
    unit: str
    budgeted: str | None
    actual: str | None


class BudgetPeriods(Struct, frozen=True):
    """A budget's periods, the newest first."""

    periods: list[BudgetPeriod]


class PutAction(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Something of the actions registry that is run at a crossing, such as `start_pipeline`; see `trimtab triggers`.

    `reverse_wish` is the wish that takes it back, where there is one.
    """

    actuator: Annotated[str, Meta(min_length=1, max_length=64)]
    target: Annotated[str, Meta(min_length=1, max_length=512)]
    threshold: Amount
    wish: dict[str, Any] = field(default_factory=dict)
    reverse_wish: dict[str, Any] | None = None
    type: Literal["ACTUAL", "FORECASTED"] = "ACTUAL"
    threshold_type: Literal["PERCENTAGE", "ABSOLUTE_VALUE"] = "PERCENTAGE"
    approval: Literal["MANUAL", "AUTOMATIC"] = "MANUAL"
    emails: list[str] = field(default_factory=list)
    topic: str = ""


class ActionEvent(Struct, frozen=True):
    """Something that happened to an action."""

    at_ms: Millis
    status: str
    event: str
    message: str


class BudgetAction(Struct, frozen=True):
    """An action, where it is, and what became of it, the newest first."""

    id: str
    budget: str
    type: str
    status: str
    approval: str
    notification_type: str
    threshold: str
    threshold_type: str
    definition: dict[str, Any]
    history: list[ActionEvent]


class BudgetActions(Struct, frozen=True):
    """The actions of a budget."""

    actions: list[BudgetAction]


class ExecuteAction(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is asked of an action. A dry run says what would be done and changes nothing."""

    execution: ExecutionName
    dry_run: bool = False


class ActionExecuted(Struct, frozen=True):
    """The action's status now, and in words what follows."""

    status: str
    outcome: str


class BudgetRemoved(Struct, frozen=True):
    """What is no more."""

    removed: str
