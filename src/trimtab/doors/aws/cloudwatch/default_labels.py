"""The labels CloudWatch gives where a request gives none: what tells the series of one answer apart."""

from collections.abc import Sequence

from trimtab.doors.aws.cloudwatch.queries import MetricQuery


def default_labels(queries: Sequence[MetricQuery]) -> list[str]:
    """A label for each query: the metric's name, with the dimension values and statistic in front or behind as needed.

    The rule is not documented; this is what the service does with the cases that its guide shows.
    """
    if not queries:
        return []
    same_name = len({query.name for query in queries}) == 1
    same_statistic = len({query.statistic.text for query in queries}) == 1
    varying = _varying_dimensions(queries)
    labels = []
    for query in queries:
        parts = [value for name, value in query.dimensions if name in varying]
        if not same_name or not parts:
            parts.append(query.name)
        if not same_statistic:
            parts.append(query.statistic.text)
        labels.append(" ".join(parts))
    return labels


def _varying_dimensions(queries: Sequence[MetricQuery]) -> set[str]:
    """Names of dimensions that do not have one value over all queries."""
    names = {name for query in queries for name, _ in query.dimensions}
    by_query = [dict(query.dimensions) for query in queries]
    return {name for name in names if len({pairs.get(name) for pairs in by_query}) > 1}
