"""GetMetricData with expressions: hands the queries to the evaluator of the metrics room."""

from collections.abc import Sequence
from datetime import timezone
from typing import Any

from trimtab.base.errors import InvalidInput
from trimtab.base.records import replace
from trimtab.doors.aws.cloudwatch.queries import ExpressionQuery, Query
from trimtab.doors.aws.cloudwatch.rooms import CloudWatchRooms
from trimtab.doors.aws.cloudwatch.times import rounded_start
from trimtab.doors.aws.faults import AwsError
from trimtab.doors.aws.service import CallContext
from trimtab.metrics.expressions.model import EvaluationJob, MetricStat, Result
from trimtab.metrics.expressions.model import Query as MetricDataQuery
from trimtab.metrics.expressions.results import TOO_MANY

_RAW_AGE_MS = 15 * 86_400_000


async def evaluated(
    rooms: CloudWatchRooms,
    context: CallContext,
    queries: Sequence[Query],
    start_ms: int,
    end_ms: int,
    now_ms: int,
    zone: timezone,
) -> list[Result]:
    """The results of all queries over the whole range, in their order.

    Expressions may need all points (AVG, SORT), so each page computes them anew. Raises AwsError (ValidationError).
    """
    if now_ms - start_ms >= _RAW_AGE_MS:  # Younger starts are rounded by the period; the evaluator does it.
        start_ms = rounded_start(start_ms, 60, now_ms)
    job = EvaluationJob([data_query(query) for query in queries], start_ms, end_ms, zone)
    linked = replace(context.scope, accounts=context.principal.scope.accounts)
    try:
        return (await rooms.evaluator.evaluate_many(context.scope, [job], linked))[0]
    except InvalidInput as problem:
        raise AwsError("ValidationError", str(problem)) from None


def data_query(query: Query) -> MetricDataQuery:
    """A query as the evaluator takes it."""
    if isinstance(query, ExpressionQuery):
        return MetricDataQuery(query.id, query.expression, query.period_s, query.label, query.returned, query.account)
    stat = MetricStat(
        query.namespace, query.name, query.dimensions, query.statistic, query.period_s, query.unit, query.account
    )
    return MetricDataQuery(query.id, stat, None, query.label, query.returned)


def messages_of(pairs: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """Messages as the wire has them, each once."""
    return [{"Code": code, "Value": text} for code, text in dict.fromkeys(pairs)]


def split_messages(results: Sequence[Result]) -> tuple[list[dict[str, Any]], list[list[dict[str, Any]]]]:
    """The messages about the whole request, and those of each result."""
    whole = [message for result in results for message in result.messages if message == TOO_MANY]
    own = [[message for message in result.messages if message != TOO_MANY] for result in results]
    return messages_of(whole), [messages_of(pairs) for pairs in own]
