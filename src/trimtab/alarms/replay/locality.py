"""Whether an expression's value at a time depends on that time alone, or on the range that it is asked for. Pure.

An evaluation asks for exactly its own range. `m1 / m2` is the same at a time in whatever range; `m1 - AVG(m1)`, RATE at
the first point, SORT and LIMIT are not: those are replayed range by range.
"""

from trimtab.alarms.model import MetricAlarm
from trimtab.metrics.expressions.functions.sources import BAND, METRICS, PERIOD
from trimtab.metrics.expressions.model import MetricStat
from trimtab.metrics.expressions.program import Program, compile_queries
from trimtab.metrics.expressions.syntax import Call, Node, Reference, Word, walk
from trimtab.metrics.expressions.types import Type
from trimtab.metrics.expressions.typing_rules import Typing
from trimtab.metrics.insights.parser import MAX_SERIES

_LOCAL = frozenset(
    {"ABS", "CEIL", "FLOOR", "LOG", "LOG10", "IF", "FILL", "FIRST", "LAST", "TIME_SERIES", "METRIC_COUNT"}
    | {"MINUTE", "HOUR", "DAY", "DATE", "MONTH", "YEAR", "EPOCH"}
    | {PERIOD, METRICS, BAND}
)
_OF_ARRAYS = frozenset({"AVG", "MAX", "MIN", "SUM", "STDDEV", "DATAPOINT_COUNT"})
"""Local where they sum series up time by time, not where they make a number of one series."""


def depends_on_range(alarm: MetricAlarm) -> str:
    """What of an alarm's queries depends on the range; "" where nothing does."""
    program = compile_queries(alarm.queries)
    for query in alarm.queries:
        if isinstance(query.source, MetricStat) and query.source.period_s != alarm.period_s:
            return f"the period of {query.id}"
    for id_, tree in program.trees.items():
        for node in walk(tree):
            if isinstance(node, Call) and not _local(program, node):
                return f"{node.name} in {id_}"
    limited = [id_ for id_, select in program.selects.items() if select.group_by and select.limit < MAX_SERIES]
    return f"LIMIT in {limited[0]}" if limited else ""


def _local(program: Program, call: Call) -> bool:
    if call.name == "FILL":
        return not any(isinstance(argument, Word) for argument in call.arguments)
    if call.name in _OF_ARRAYS:
        return _type(program, call.arguments[0]) is Type.ARRAY
    return call.name in _LOCAL


def _type(program: Program, node: Node) -> Type:
    if isinstance(node, Reference):
        return program.types[node.id]
    return Typing(program.types, program.queries).of(node)
