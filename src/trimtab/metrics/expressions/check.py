"""What a list of queries must be, told before any data is read; alarms ask for more."""

from collections.abc import Sequence

from trimtab.base.errors import InvalidInput, LimitExceeded
from trimtab.metrics.expressions.functions.sources import BAND
from trimtab.metrics.expressions.model import MetricStat, Query
from trimtab.metrics.expressions.program import Program, compile_queries
from trimtab.metrics.expressions.syntax import Call
from trimtab.metrics.expressions.types import Type

MAX_ALARM_METRICS = 10
"""Metrics, and as many expressions, that an alarm may have, as documented."""


def check(queries: Sequence[Query], *, alarm: bool = False) -> None:
    """Validate without data: syntax, ids, types, cycles and limits.

    With `alarm` also what alarms refuse: SEARCH, more than ten metrics or expressions, and a result of several series
    (but for Metrics Insights with ORDER BY, and the band that a threshold is). Raises InvalidInput, LimitExceeded.
    """
    program = compile_queries(tuple(queries))
    if alarm:
        _check_alarm(program)


def _check_alarm(program: Program) -> None:
    metrics = len(program.metrics)
    for number, what in ((metrics, "metrics"), (len(program.queries) - metrics, "expressions")):
        if number > MAX_ALARM_METRICS:
            raise LimitExceeded(f"cannot watch {number} {what}: an alarm may have at most {MAX_ALARM_METRICS}")
    if program.searches:
        raise InvalidInput("SEARCH is not supported on Metric Alarms", field=program.searches[0].place[0])
    for query in program.queries.values():
        if query.returned and program.types[query.id] is Type.ARRAY and not _may_be_several(program, query):
            raise InvalidInput(
                "Metrics expression that return multi time series are only allowed for MetricsInsights expression "
                "with an ORDER BY clause",
                field=query.id,
            )


def _may_be_several(program: Program, query: Query) -> bool:
    if isinstance(query.source, MetricStat):
        return False
    select = program.selects.get(query.id)
    if select is not None:
        return select.order is not None
    tree = program.trees[query.id]
    return isinstance(tree, Call) and tree.name == BAND
