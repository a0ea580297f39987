"""What of an alarm can be checked before there are data: its expressions."""

from trimtab.alarms.log_query import check_log
from trimtab.alarms.model import Alarm, CompositeAlarm, LogAlarm, MetricAlarm, PromQLAlarm
from trimtab.alarms.rule import parse
from trimtab.alarms.vectors import check_promql
from trimtab.metrics.expressions.check import check


def check_alarm(alarm: Alarm) -> None:
    """Check the expressions of an alarm. Raises InvalidInput naming the query and the position."""
    if isinstance(alarm, MetricAlarm) and any(isinstance(query.source, str) for query in alarm.queries):
        check(alarm.queries, alarm=True)
    if isinstance(alarm, PromQLAlarm):
        check_promql(alarm.query)
    if isinstance(alarm, LogAlarm):
        check_log(alarm)
    if isinstance(alarm, CompositeAlarm):
        parse(alarm.rule)
