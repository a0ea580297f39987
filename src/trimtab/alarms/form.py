"""Reads an alarm from the form that CloudWatch's API has (PutMetricAlarm and its siblings), which is what is stored.

Burn-rate alarms are trimtab's own; their form is

    {"Objective": 0.999, "Bad": {"Metric": {…}, "Stat": "Sum"}, "Total": {…},
     "Windows": [{"LongSeconds": 3600, "ShortSeconds": 300, "Factor": 14.4}, …]}

or, on the budget of an objective of service levels, {"ServiceLevelObjective": its name, "Windows": …}.

Everything here raises InvalidInput in CloudWatch's words where they are known.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from trimtab.alarms.limits import MAX_LOG_LINES, MAX_QUERY_RESULTS, check_actions, check_span, check_window
from trimtab.alarms.model import (
    BAND_OPERATORS,
    Actions,
    Alarm,
    AlarmKey,
    AlarmKind,
    BurnRateAlarm,
    BurnWindow,
    CompositeAlarm,
    CountedBudget,
    Judgement,
    LogAlarm,
    MetricAlarm,
    Missing,
    Operator,
    PromQLAlarm,
    WarmUp,
)
from trimtab.base.errors import InvalidInput
from trimtab.metrics.expressions.model import MetricStat, Query
from trimtab.metrics.expressions.query_form import read_dimensions, read_query
from trimtab.metrics.statistics import parse_statistic

Form = Mapping[str, Any]

SINGLE = "m1"
"""The id of the one query of an alarm on a single metric."""
_ALWAYS_IGNORED = "AWS/DynamoDB"
"""Alarms on this namespace ignore missing data whatever they say (API reference, PutMetricAlarm)."""
_PROMQL_EXCLUDES = (
    "Namespace",
    "MetricName",
    "Dimensions",
    "Period",
    "Unit",
    "Statistic",
    "ExtendedStatistic",
    "Metrics",
    "Threshold",
    "ComparisonOperator",
    "ThresholdMetricId",
    "EvaluationPeriods",
    "DatapointsToAlarm",
)
_METRICS_EXCLUDE = ("Namespace", "MetricName", "Dimensions", "Period", "Unit", "Statistic", "ExtendedStatistic")
STANDARD_BURN_WINDOWS = (BurnWindow(3600, 300, 14.4), BurnWindow(21600, 1800, 6.0), BurnWindow(259200, 21600, 1.0))
"""2 % of a month's budget in an hour, 5 % in six hours, 10 % in three days (Google's SRE Workbook, chapter 5)."""


def kind_of(form: Form) -> AlarmKind:
    """The kind of alarm that a PutMetricAlarm-shaped form defines."""
    return AlarmKind.PROMQL if "EvaluationCriteria" in form else AlarmKind.METRIC


def read_alarm(kind: AlarmKind, key: AlarmKey, form: Form) -> Alarm:
    """The alarm that `form` defines. Raises InvalidInput."""
    return _READERS[kind](key, form)


def _metric(key: AlarmKey, form: Form) -> MetricAlarm:
    if ("MetricName" in form) == ("Metrics" in form):
        raise InvalidInput(
            "The parameters MetricName and Metrics are mutually exclusive and you have specified both."
            if "Metrics" in form
            else "At least one of the parameters MetricName, Metrics and EvaluationCriteria must be specified."
        )
    if "EvaluationInterval" in form:
        raise InvalidInput("The parameter EvaluationInterval can only be specified together with EvaluationCriteria.")
    queries, watched = (_single(form), SINGLE) if "MetricName" in form else _several(form)
    band = form.get("ThresholdMetricId")
    judgement = _judgement(form, queries, band)
    period_s = _period_of(queries, watched)
    zone = _zone(form)
    check_span(period_s, judgement.periods)
    check_window(zone, period_s)
    return MetricAlarm(
        key, queries, watched, period_s, judgement, band, zone, _warm_up(form), read_actions(form), _description(form)
    )


def _single(form: Form) -> tuple[Query, ...]:
    if not form.get("Namespace"):
        raise InvalidInput("The parameter Namespace is required.", field="Namespace")
    if "Period" not in form:
        raise InvalidInput("Period must not be null", field="Period")
    if ("Statistic" in form) == ("ExtendedStatistic" in form):
        raise InvalidInput("Exactly one of Statistic and ExtendedStatistic must be specified.", field="Statistic")
    stat = form.get("Statistic") or form["ExtendedStatistic"]
    return (
        Query(
            SINGLE,
            MetricStat(
                form["Namespace"],
                form["MetricName"],
                read_dimensions(form.get("Dimensions", ())),
                parse_statistic(stat, "ExtendedStatistic"),
                form["Period"],
                form.get("Unit"),
            ),
        ),
    )


def _several(form: Form) -> tuple[tuple[Query, ...], str]:
    for name in _METRICS_EXCLUDE:
        if name in form:
            raise InvalidInput(
                f"The parameters {name} and Metrics are mutually exclusive and you have specified both.", field=name
            )
    queries = tuple(_query(item, number) for number, item in enumerate(form["Metrics"], 1))
    band = form.get("ThresholdMetricId")
    returned = [query.id for query in queries if query.returned and query.id != band]
    if len(returned) != 1:
        raise InvalidInput(
            f"Invalid metrics list: exactly one element must have ReturnData set to true, got {len(returned)}.",
            field="Metrics",
        )
    if band is not None and band not in {query.id for query in queries}:
        raise InvalidInput(f"Invalid metrics list: ThresholdMetricId {band} is not the Id of an element.")
    return queries, returned[0]


def _query(item: Form, number: int) -> Query:
    return read_query(item, f"Metrics.member.{number}", "Invalid metrics list: ")


def _period_of(queries: Sequence[Query], watched: str) -> int:
    """The period of what is watched: its own, or the longest of the metrics that its expression may read."""
    query = next(query for query in queries if query.id == watched)
    stats = [one.source.period_s for one in queries if isinstance(one.source, MetricStat)]
    if isinstance(query.source, MetricStat):
        return query.source.period_s
    if query.period_s is not None:
        return query.period_s
    if not stats:
        raise InvalidInput("Period must not be null", field="Metrics")
    return max(stats)


def _judgement(form: Form, queries: Sequence[Query], band: str | None) -> Judgement:
    for name in ("ComparisonOperator", "EvaluationPeriods"):
        if name not in form:
            raise InvalidInput(f"The parameter {name} is required.", field=name)
    operator = Operator(form["ComparisonOperator"])
    if (band is not None) != (operator in BAND_OPERATORS):
        raise InvalidInput(
            f"ComparisonOperator {operator} and ThresholdMetricId must be used together: expected both or neither."
        )
    if (band is None) == ("Threshold" not in form):
        raise InvalidInput("Exactly one of Threshold and ThresholdMetricId must be specified.", field="Threshold")
    return judgement_of(
        operator,
        form.get("Threshold"),
        (form["EvaluationPeriods"], form.get("DatapointsToAlarm")),
        Missing.IGNORE if _ignores_missing(queries) else _missing(form),
        keep_few=_keep_few(form, queries),
    )


def judgement_of(
    operator: Operator, threshold: float | None, of: tuple[int, int | None], missing: Missing, *, keep_few: bool = False
) -> Judgement:
    """A judgement of `of` = (N, M or None). Raises InvalidInput where M is above N."""
    periods, to_alarm = of
    if to_alarm is not None and to_alarm > periods:
        raise InvalidInput("The parameter DatapointsToAlarm must be less than or equal to EvaluationPeriods.")
    return Judgement(operator, threshold, periods, to_alarm, missing, keep_few)


def _ignores_missing(queries: Sequence[Query]) -> bool:
    return any(isinstance(query.source, MetricStat) and query.source.namespace == _ALWAYS_IGNORED for query in queries)


def _missing(form: Form) -> Missing:
    given = form.get("TreatMissingData", Missing.MISSING)
    if given not in tuple(Missing):
        raise InvalidInput(
            f"The value {given} is not supported for TreatMissingData parameter. "
            "Supported values are [breaching, notBreaching, ignore, missing].",
            field="TreatMissingData",
        )
    return Missing(given)


def _keep_few(form: Form, queries: Sequence[Query]) -> bool:
    given = form.get("EvaluateLowSampleCountPercentile")
    if given not in (None, "evaluate", "ignore"):
        raise InvalidInput(
            f"Option {given} is not supported. "
            "Supported options for parameter EvaluateLowSampleCountPercentile are evaluate and ignore."
        )
    return given == "ignore" and len(queries) == 1


def _zone(form: Form) -> str | None:
    window = form.get("EvaluationWindow")
    if window is None or "WallClockWindow" not in window:
        return None
    return str(window["WallClockWindow"].get("Timezone", "UTC"))


def _promql(key: AlarmKey, form: Form) -> PromQLAlarm:
    for name in _PROMQL_EXCLUDES:
        if name in form:
            raise InvalidInput(
                f"The parameters {name} and EvaluationCriteria are mutually exclusive and you have specified both."
            )
    criteria = form["EvaluationCriteria"].get("PromQLCriteria")
    if criteria is None:
        raise InvalidInput("The parameter EvaluationCriteria.PromQLCriteria is required.")
    interval_s = form.get("EvaluationInterval")
    if interval_s is None:
        raise InvalidInput("The parameter EvaluationInterval is required.", field="EvaluationInterval")
    if interval_s not in (10, 20, 30) and interval_s % 60:
        raise InvalidInput("EvaluationInterval must be 10, 20, 30 or a multiple of 60", field="EvaluationInterval")
    if "EvaluationWindow" in form:
        raise InvalidInput("The parameter EvaluationWindow can not be used with a PromQL query.")
    return PromQLAlarm(
        key,
        criteria["Query"],
        interval_s,
        criteria.get("PendingPeriod", 0),
        criteria.get("RecoveryPeriod", 0),
        _warm_up(form),
        read_actions(form),
        _description(form),
    )


def _log(key: AlarmKey, form: Form) -> LogAlarm:
    query = form["ScheduledQueryConfiguration"]
    schedule = query["ScheduleConfiguration"]
    operator = Operator(form["ComparisonOperator"])
    if operator in BAND_OPERATORS:
        raise InvalidInput(f"ComparisonOperator {operator} is not supported for log alarms.")
    of = (form["QueryResultsToEvaluate"], form["QueryResultsToAlarm"])
    if of[0] > MAX_QUERY_RESULTS:
        raise InvalidInput(f"The parameter QueryResultsToEvaluate must be between 1 and {MAX_QUERY_RESULTS}.")
    if not 0 <= form.get("ActionLogLineCount", 0) <= MAX_LOG_LINES:
        raise InvalidInput(f"The parameter ActionLogLineCount must be between 0 and {MAX_LOG_LINES}.")
    if form.get("ActionLogLineCount") and "ActionLogLineRoleArn" not in form:
        raise InvalidInput("The parameter ActionLogLineRoleArn is required when ActionLogLineCount is above 0.")
    if of[1] > of[0]:
        raise InvalidInput("The parameter QueryResultsToAlarm must be less than or equal to QueryResultsToEvaluate.")
    return LogAlarm(
        key,
        query["QueryString"],
        tuple(query.get("LogGroupIdentifiers", ())),
        schedule["ScheduleExpression"],
        schedule["StartTimeOffset"],
        schedule.get("EndTimeOffset", 0),
        query["AggregationExpression"],
        judgement_of(operator, form["Threshold"], of, _missing(form)),
        _warm_up(form),
        read_actions(form),
        _description(form),
    )


def _composite(key: AlarmKey, form: Form) -> CompositeAlarm:
    suppressor = form.get("ActionsSuppressor")
    periods = [form.get(f"ActionsSuppressor{name}Period") for name in ("Wait", "Extension")]
    if (suppressor is None) != all(period is None for period in periods) or any(
        (period is None) != (suppressor is None) for period in periods
    ):
        raise InvalidInput(
            "ActionsSuppressor, ActionsSuppressorWaitPeriod and ActionsSuppressorExtensionPeriod must be used together."
        )
    wait_s, extension_s = (period or 0 for period in periods)
    return CompositeAlarm(
        key, form["AlarmRule"], suppressor, wait_s, extension_s, read_actions(form), _description(form)
    )


def _burn_rate(key: AlarmKey, form: Form) -> BurnRateAlarm:
    given = form.get("Windows")
    windows: tuple[BurnWindow, ...] = STANDARD_BURN_WINDOWS
    if given is not None:
        windows = tuple(BurnWindow(one["LongSeconds"], one["ShortSeconds"], float(one["Factor"])) for one in given)
    if not windows:
        raise InvalidInput("cannot read Windows: got none; expected one or more, or no Windows for the standard ones")
    for window in windows:
        if not 60 <= window.short_s < window.long_s or window.short_s % 60 or window.long_s % 60 or window.factor <= 0:
            raise InvalidInput(
                f"cannot read Windows: got {window.short_s} s in {window.long_s} s at {window.factor:g}; expected "
                "whole minutes, ShortSeconds below LongSeconds, and a Factor above 0"
            )
    return BurnRateAlarm(key, _budget(form), windows, _missing(form), read_actions(form), _description(form))


def _budget(form: Form) -> CountedBudget | str:
    named, given = form.get("ServiceLevelObjective"), [name for name in _BURN_PARTS if name in form]
    if named and not given:
        return str(named)
    if named or len(given) < len(_BURN_PARTS):
        raise InvalidInput(
            f"cannot read the budget: expected {', '.join(_BURN_PARTS)}, or ServiceLevelObjective, the name of one"
        )
    objective = form["Objective"]
    if not isinstance(objective, float) or not 0 < objective < 1:
        raise InvalidInput(f"cannot read Objective: got {objective!r}; expected a share between 0 and 1, like 0.999")
    bad, total = (
        _query({"Id": name.lower(), "MetricStat": {"Period": 60, **form[name]}}, 1) for name in ("Bad", "Total")
    )
    return CountedBudget(objective, bad, total)


_BURN_PARTS = ("Objective", "Bad", "Total")


def read_actions(form: Form) -> Actions:
    """The actions in a form, checked."""
    lists = [tuple(form.get(name, ())) for name in ("OKActions", "AlarmActions", "InsufficientDataActions")]
    for actions in lists:
        check_actions(actions)
    return Actions(form.get("ActionsEnabled", True), *lists)


def _warm_up(form: Form) -> WarmUp | None:
    given = form.get("WarmUpConfiguration")
    if given is None:
        return None
    return WarmUp(
        given["WarmUpPeriodDurationInMinutes"], bool(given.get("OnlyStartEvaluatingAfterWarmUpPeriodEnds", False))
    )


def _description(form: Form) -> str | None:
    return form.get("AlarmDescription")


_READERS: Mapping[AlarmKind, Callable[[AlarmKey, Form], Alarm]] = {
    AlarmKind.METRIC: _metric,
    AlarmKind.PROMQL: _promql,
    AlarmKind.LOG: _log,
    AlarmKind.COMPOSITE: _composite,
    AlarmKind.BURN_RATE: _burn_rate,
}
