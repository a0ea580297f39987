"""What travels over `/rest/v1/costs/anomalies`. Amounts are decimal text; times are ms UTC, days half-open."""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from trimtab.client.wire import Millis

Name = Annotated[str, Meta(min_length=1, max_length=200)]
Amount = Annotated[str, Meta(pattern=r"^[0-9]{1,17}(\.[0-9]{1,12})?$")]
FeedbackName = Literal["YES", "NO", "PLANNED_ACTIVITY"]
FrequencyName = Literal["IMMEDIATE", "DAILY", "WEEKLY"]


class RootCause(Struct, frozen=True):
    """A part of the bill that rose, and by how much in the anomaly's days."""

    service: str
    account: str
    account_name: str
    region: str
    usage_type: str
    contribution: str


class AnomalyPlace(Struct, frozen=True):
    """The narrowest part of the bill that explains an anomaly; "" is any. All of them "" is the monitor's value."""

    service: str = ""
    account: str = ""
    region: str = ""
    usage_type: str = ""
    resource: str = ""


class WiderPart(Struct, frozen=True):
    """A wider part of the bill in which the same incident was seen, by its monitor or by another one."""

    name: str
    impact: str
    expected: str
    percentage: str | None


class CostAnomaly(Struct, frozen=True):
    """Days on which a monitor's value, or a part of it, cost more than expected. Amounts are of its `place`.

    `percentage` is null where nothing was expected, or less than 1 % of what was spent; `open`: it goes on at the last
    day of the bill; `kind` is rise, drift or new. `feedback` is what was said of it, empty for nothing. `also` are the
    anomalies of other monitors that are the same incident.
    """

    id: str
    monitor: str
    monitor_name: str
    value: str
    currency: str
    start_ms: Millis
    end_ms: Millis
    open: bool
    kind: str
    score: float
    current_score: float
    impact: str
    largest_day: str
    actual: str
    expected: str
    percentage: str | None
    causes: list[RootCause]
    found_ms: Millis
    changed_ms: Millis
    feedback: str
    feedback_by: str
    place: AnomalyPlace = AnomalyPlace()
    wider: list[WiderPart] = field(default_factory=list)
    also: list[str] = field(default_factory=list)


class CostAnomalyList(Struct, frozen=True):
    """Incidents, the last to begin first: each once, by its narrowest anomaly; of one monitor all that it found.

    `judged_ms` is when the bill was last judged; null before that. `problem`: why it cannot be judged, such as too
    little history.
    """

    anomalies: list[CostAnomaly]
    judged_ms: Millis | None = None
    problem: str = ""


class AnomalyDay(Struct, frozen=True):
    """A day: what it cost, what it should have, from which amount on it is too dear (null: not judged)."""

    start_ms: Millis
    actual: float
    expected: float
    limit: float | None
    flagged: bool


class Happening(Struct, frozen=True):
    """What happened when an anomaly began: a deploy, another change, or a run. `about`: what both have in common."""

    sort: str
    at_ms: Millis
    title: str
    who: str
    account: str
    about: list[str]
    link: str


class CostAnomalyDetail(Struct, frozen=True):
    """An anomaly with its days, the resources that cost most in its first cause, and what happened around it."""

    anomaly: CostAnomaly
    days: list[AnomalyDay]
    resources: list[str]
    around: list[Happening]


class GiveFeedback(Struct, frozen=True, forbid_unknown_fields=True):
    """Whether it was an anomaly."""

    feedback: FeedbackName


class PutMonitor(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What to watch: each value of a dimension by itself, or (`filter`) the sum of what passes an Expression."""

    name: Name
    dimension: Literal["", "SERVICE", "LINKED_ACCOUNT", "TAG", "COST_CATEGORY"] = ""
    key: Annotated[str, Meta(max_length=256, description="The key of a tag, the name of a cost category.")] = ""
    filter: dict[str, Any] | None = None


class RenameMonitor(Struct, frozen=True, forbid_unknown_fields=True):
    """Another name."""

    name: Name


class CostMonitor(Struct, frozen=True):
    """What is watched. `values` had a series when it was last judged; `problem`: why it could not be."""

    id: str
    arn: str
    account: str
    name: str
    type: str
    dimension: str
    definition: dict[str, Any]
    values: int
    judged_ms: Millis | None
    problem: str


class CostMonitors(Struct, frozen=True):
    """Every monitor, by age."""

    monitors: list[CostMonitor]


class PutSubscription(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Who is told of anomalies, from an impact on: an amount, a percentage of what was expected, or both (`any`:
    one of the two is enough). No monitors: all that there are.
    """

    name: Name
    monitors: Annotated[list[str], Meta(max_length=100, description="Ids or ARNs of monitors.")] = field(
        default_factory=list
    )
    frequency: FrequencyName = "DAILY"
    absolute: Amount | None = None
    percentage: Amount | None = None
    any: bool = False
    emails: Annotated[list[str], Meta(max_length=10)] = field(default_factory=list)
    topic: Annotated[str, Meta(max_length=512, description="ARN of a topic, or of a channel.")] = ""


class CostSubscription(Struct, frozen=True):
    """Who is told of what, when, from which impact on."""

    id: str
    arn: str
    account: str
    name: str
    monitors: list[str]
    frequency: str
    emails: list[str]
    topic: str
    threshold: dict[str, Any]


class CostSubscriptions(Struct, frozen=True):
    """Every subscription, by age."""

    subscriptions: list[CostSubscription]


class Removed(Struct, frozen=True):
    """The id of what was removed."""

    removed: str
