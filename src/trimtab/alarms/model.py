"""Alarms as they are defined: what is watched, how it is judged, and what is done about it. Nothing here changes.

    MetricAlarm      points of a metric, of metric math, of a Metrics Insights query, or of a metric against its band
    PromQLAlarm      every series that a PromQL query returns is a contributor that breaches
    BurnRateAlarm    the error budget of an objective burns too fast over a long and a short window
    LogAlarm         M of N results of a scheduled log query, by group where it has groups
    CompositeAlarm   a rule over the states of other alarms

`State` is what an alarm was found to be; `form.py` reads definitions from the form that CloudWatch's API has.
"""

from enum import StrEnum

from msgspec import Struct, field

from trimtab.base.partitions import partition_of
from trimtab.metrics.expressions.model import Query


class StateValue(StrEnum):
    """The three states, by CloudWatch's names."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class Missing(StrEnum):
    """What a period without data counts as (`TreatMissingData`)."""

    MISSING = "missing"
    IGNORE = "ignore"
    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"


class Operator(StrEnum):
    """How a value is compared with the threshold, or with the two edges of a band."""

    GREATER_OR_EQUAL = "GreaterThanOrEqualToThreshold"
    GREATER = "GreaterThanThreshold"
    LESS = "LessThanThreshold"
    LESS_OR_EQUAL = "LessThanOrEqualToThreshold"
    OUTSIDE = "LessThanLowerOrGreaterThanUpperThreshold"
    BELOW_LOWER = "LessThanLowerThreshold"
    ABOVE_UPPER = "GreaterThanUpperThreshold"


BAND_OPERATORS = frozenset({Operator.OUTSIDE, Operator.BELOW_LOWER, Operator.ABOVE_UPPER})
"""Those that compare with a band."""


class AlarmKind(StrEnum):
    """The kinds of alarm, as they are stored."""

    METRIC = "metric"
    PROMQL = "promql"
    BURN_RATE = "burn_rate"
    LOG = "log"
    COMPOSITE = "composite"


class AlarmKey(Struct, frozen=True):
    """Which alarm: names are unique in an account and region, over all kinds."""

    account: str
    region: str
    name: str

    @property
    def arn(self) -> str:
        """The alarm's ARN."""
        return f"arn:{partition_of(self.region)}:cloudwatch:{self.region}:{self.account}:alarm:{self.name}"


class Actions(Struct, frozen=True):
    """What is told of a change to each state: ARNs, at most five a state."""

    enabled: bool = True
    ok: tuple[str, ...] = ()
    alarm: tuple[str, ...] = ()
    insufficient: tuple[str, ...] = ()

    def of(self, state: StateValue) -> tuple[str, ...]:
        """The actions of a change to `state`, enabled or not."""
        return {StateValue.OK: self.ok, StateValue.ALARM: self.alarm}.get(state, self.insufficient)


class WarmUp(Struct, frozen=True):
    """For `minutes` after it was made or changed an alarm stays INSUFFICIENT_DATA and does nothing.

    Unless `whole`, that ends as soon as its evaluation window is full of data.
    """

    minutes: int
    whole: bool = False


class Judgement(Struct, frozen=True):
    """M of N: `to_alarm` of the `periods` newest points must breach.

    `to_alarm` is None where it was not given (then it is `periods`): the reason's wording differs. `keep_few` keeps
    the state while a percentile has too few samples (`EvaluateLowSampleCountPercentile=ignore`). `threshold` is None
    where the edges of a band are the thresholds.
    """

    operator: Operator
    threshold: float | None
    periods: int
    to_alarm: int | None = None
    missing: Missing = Missing.MISSING
    keep_few: bool = False

    @property
    def m(self) -> int:
        """Breaching points that are needed."""
        return self.periods if self.to_alarm is None else self.to_alarm


class MetricAlarm(Struct, frozen=True):
    """An alarm over the result of `watched`, one of `queries` (an alarm of one metric has one query).

    `band` is the id of the ANOMALY_DETECTION_BAND query whose edges are the thresholds. `zone` is the time zone to
    whose clock the periods are aligned; None where they slide with the time of evaluation.
    """

    key: AlarmKey
    queries: tuple[Query, ...]
    watched: str
    period_s: int
    judgement: Judgement
    band: str | None = None
    zone: str | None = None
    warm_up: WarmUp | None = None
    actions: Actions = field(default_factory=Actions)
    description: str | None = None


class PromQLAlarm(Struct, frozen=True):
    """An alarm whose contributors are the series that `query` returns.

    One is in ALARM once it was returned for `pending_s` on end, and OK once it was not for `recovery_s`; the alarm is
    in ALARM while any contributor is. Evaluated every `interval_s`.
    """

    key: AlarmKey
    query: str
    interval_s: int
    pending_s: int = 0
    recovery_s: int = 0
    warm_up: WarmUp | None = None
    actions: Actions = field(default_factory=Actions)
    description: str | None = None


class BurnWindow(Struct, frozen=True):
    """ALARM while the budget burns at `factor` times the allowed speed over both windows (seconds)."""

    long_s: int
    short_s: int
    factor: float


class CountedBudget(Struct, frozen=True):
    """The budget of an objective (0.999): `bad` of `total` events; the queries are one MetricStat each, summed."""

    objective: float
    bad: Query
    total: Query


class BurnRateAlarm(Struct, frozen=True):
    """An alarm on a budget: its own, or that of an objective of service levels of the same account, by its name."""

    key: AlarmKey
    budget: CountedBudget | str
    windows: tuple[BurnWindow, ...]
    missing: Missing = Missing.MISSING
    actions: Actions = field(default_factory=Actions)
    description: str | None = None


class LogAlarm(Struct, frozen=True):
    """M of N results of a log query that runs on a `schedule` (`rate(5 minutes)`, counted from the epoch).

    An execution at `t` reads `[t - start_offset_s, t - end_offset_s)` of `groups` (names or ARNs) and aggregates what
    `query` gives by `aggregation` (`count(*)`, `avg(latency) by host`): each value that this has is judged.
    """

    key: AlarmKey
    query: str
    groups: tuple[str, ...]
    schedule: str
    start_offset_s: int
    end_offset_s: int
    aggregation: str
    judgement: Judgement
    warm_up: WarmUp | None = None
    actions: Actions = field(default_factory=Actions)
    description: str | None = None


class CompositeAlarm(Struct, frozen=True):
    """A rule over other alarms' states. While `suppressor` (a name or ARN) is in ALARM, actions are withheld.

    An action waits `wait_s` for the suppressor to go into ALARM, and is withheld `extension_s` longer after it left.
    """

    key: AlarmKey
    rule: str
    suppressor: str | None = None
    wait_s: int = 0
    extension_s: int = 0
    actions: Actions = field(default_factory=Actions)
    description: str | None = None


Alarm = MetricAlarm | PromQLAlarm | BurnRateAlarm | LogAlarm | CompositeAlarm


class State(Struct, frozen=True):
    """What an alarm was found to be, why, and since when (ms).

    `data` is StateReasonData (JSON). `updated_ms` moves with every change of value or reason, `transitioned_ms` with
    changes of value only.
    """

    value: StateValue
    reason: str
    data: str | None
    updated_ms: int
    transitioned_ms: int


INITIAL_REASON = "Unchecked: Initial alarm creation"


def initial(at_ms: int, value: StateValue = StateValue.INSUFFICIENT_DATA) -> State:
    """The state of an alarm just made."""
    return State(value, INITIAL_REASON, None, at_ms, at_ms)


class Transition(Struct, frozen=True):
    """A change of state at an evaluation time: `old` is the value before, `new` all of what it is now."""

    old: StateValue
    new: State
