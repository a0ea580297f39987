"""What alarms watch, as one line of text like a rule's query. PromQL alarms give their very query; others what a person
reads as the same: it is shown, not run."""

import json

import numpy as np

from trimtab.alarms.model import Alarm, BurnRateAlarm, CompositeAlarm, LogAlarm, MetricAlarm, Operator, PromQLAlarm
from trimtab.metrics.expressions.model import MetricStat, Query
from trimtab.metrics.statistics import Family

_SIGNS = {
    Operator.GREATER_OR_EQUAL: ">=",
    Operator.GREATER: ">",
    Operator.LESS: "<",
    Operator.LESS_OR_EQUAL: "<=",
}
_OVER_TIME = {
    Family.AVERAGE: "avg_over_time",
    Family.SUM: "sum_over_time",
    Family.MINIMUM: "min_over_time",
    Family.MAXIMUM: "max_over_time",
    Family.SAMPLE_COUNT: "count_over_time",
}


def query_of(alarm: Alarm) -> str:
    """What an alarm watches."""
    match alarm:
        case PromQLAlarm() | LogAlarm():
            return alarm.query
        case CompositeAlarm():
            return alarm.rule
        case BurnRateAlarm():
            factors = ", ".join(f"{window.factor:g}" for window in alarm.windows)
            budget = alarm.budget
            if isinstance(budget, str):
                return f"{budget} burns at {factors}"
            return f"{_text(budget.bad)} / {_text(budget.total)} burns {budget.objective:g} at {factors}"
        case MetricAlarm():
            return _compared(alarm)


def scientific(value: float) -> str:
    """A number as Prometheus writes those of alerts: 2.15e+01."""
    if not np.isfinite(value):
        return {np.inf: "+Inf", -np.inf: "-Inf"}.get(value, "NaN")
    return np.format_float_scientific(value, trim="-", exp_digits=2)


def _compared(alarm: MetricAlarm) -> str:
    texts = {query.id: _text(query) for query in alarm.queries}
    watched = texts[alarm.watched]
    named = ", ".join(f"{id_} = {text}" for id_, text in texts.items() if id_ not in (alarm.watched, alarm.band))
    where = f" where {named}" if named else ""
    if alarm.band is not None:
        return f"{watched} {alarm.judgement.operator} {texts[alarm.band]}{where}"
    return f"{watched} {_SIGNS[alarm.judgement.operator]} {alarm.judgement.threshold:g}{where}"


def _name(label: str) -> str:
    return label if label.isascii() and label.isidentifier() else json.dumps(label)


def _text(query: Query) -> str:
    source = query.source
    if not isinstance(source, MetricStat):
        return source
    labels = [("namespace", source.namespace), *source.dimensions]
    told = ", ".join(f"{_name(name)}={json.dumps(value)}" for name, value in labels)
    selector = f"{{{json.dumps(source.name)}, {told}}}[{source.period_s}s]"
    statistic = source.statistic
    if statistic.family is Family.PERCENTILE and statistic.high is not None:
        return f"quantile_over_time({float(statistic.high):g}, {selector})"
    return f"{_OVER_TIME.get(statistic.family, statistic.text)}({selector})"
