"""What an alarm watches for, in words. Pure."""

from trimtab.alarms.model import (
    Alarm,
    BurnRateAlarm,
    CompositeAlarm,
    Judgement,
    LogAlarm,
    MetricAlarm,
    Operator,
    PromQLAlarm,
)
from trimtab.metrics.expressions.model import MetricStat

_BEYOND = {
    Operator.GREATER: "above",
    Operator.GREATER_OR_EQUAL: "at or above",
    Operator.LESS: "below",
    Operator.LESS_OR_EQUAL: "at or below",
    Operator.OUTSIDE: "outside its band",
    Operator.BELOW_LOWER: "below its band",
    Operator.ABOVE_UPPER: "above its band",
}


def condition(alarm: Alarm) -> str:
    """`Average of latency above 0.5 in 3 of 5 periods of 1 min` and the like for every kind."""
    if isinstance(alarm, MetricAlarm):
        return f"{subject(alarm)} {judged(alarm.judgement, alarm.period_s)}"
    if isinstance(alarm, PromQLAlarm):
        held = f", for {span(alarm.pending_s)}" if alarm.pending_s else ""
        return f"{alarm.query} returns a series{held}"
    if isinstance(alarm, BurnRateAlarm):
        fastest = min(alarm.windows, key=lambda window: window.long_s)
        budget = alarm.budget
        of = budget if isinstance(budget, str) else f"{budget.objective * 100:.6g} %"
        return f"the error budget of {of} burns {fastest.factor:g} times too fast over {span(fastest.long_s)}" + (
            " and slower over longer windows" if len(alarm.windows) > 1 else ""
        )
    if isinstance(alarm, CompositeAlarm):
        return alarm.rule
    return _log(alarm)


def subject(alarm: MetricAlarm) -> str:
    """What is judged: a statistic of a metric, or an expression."""
    query = next(query for query in alarm.queries if query.id == alarm.watched)
    if isinstance(query.source, MetricStat):
        return f"{query.source.statistic.text} of {query.source.name}"
    return query.label or query.source


def judged(judgement: Judgement, period_s: int) -> str:
    """`above 0.5 in 3 of 5 periods of 1 min`."""
    beyond = _BEYOND[judgement.operator]
    if judgement.threshold is not None:
        beyond += f" {judgement.threshold:.6g}"
    if judgement.periods == 1:
        return f"{beyond} in one period of {span(period_s)}"
    return f"{beyond} in {judgement.m} of {judgement.periods} periods of {span(period_s)}"


def span(seconds: int) -> str:
    """`10 s`, `5 min`, `2 h`, `7 d`, in the largest unit that it is a whole number of."""
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds and seconds % size == 0:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _log(alarm: LogAlarm) -> str:
    rate = alarm.schedule.removeprefix("rate(").removesuffix(")")
    judged_ = alarm.judgement
    what = f"{alarm.aggregation} of a log query {_BEYOND[judged_.operator]} {judged_.threshold:.6g}"
    if judged_.periods == 1:
        return f"{what}, every {rate}"
    return f"{what} in {judged_.m} of {judged_.periods} results, every {rate}"
