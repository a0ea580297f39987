"""A list of queries made ready to run: parsed, typed, put in order. Knows no data.

Every complaint about an expression begins `Error in expression '<id>':`, as CloudWatch's do.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from graphlib import CycleError, TopologicalSorter

from msgspec import Struct

from trimtab.base.errors import InvalidInput, LimitExceeded
from trimtab.metrics.expressions.functions.sources import BAND, METRICS, RULE, SEARCH
from trimtab.metrics.expressions.model import MetricStat, Query
from trimtab.metrics.expressions.parser import parse
from trimtab.metrics.expressions.search_text import Search, parse_search
from trimtab.metrics.expressions.syntax import Call, Node, Number, Reference, Text, walk
from trimtab.metrics.expressions.types import Type
from trimtab.metrics.expressions.typing_rules import Typing
from trimtab.metrics.insights import parser as insights
from trimtab.metrics.insights.parser import Select
from trimtab.metrics.statistics import Statistic, parse_statistic

MAX_QUERIES = 500
"""Queries that one request may have, as documented for GetMetricData."""
_ID = re.compile(r"[a-z][a-zA-Z0-9_]{0,254}")

Place = tuple[str, int]
"""A call: the id of its query, and the character where it begins."""


class SearchCall(Struct, frozen=True):
    """A SEARCH of an expression. `period_s` None: it names none."""

    place: Place
    search: Search
    statistic: Statistic
    period_s: int | None


class BandCall(Struct, frozen=True):
    """An ANOMALY_DETECTION_BAND around the query `around`."""

    place: Place
    around: str
    width: Node | None


class RuleCall(Struct, frozen=True):
    """An INSIGHT_RULE_METRIC: the names of the rule and of its metric."""

    place: Place
    rule: str
    metric: str


class Program(Struct, frozen=True):
    """Queries by id, what they are, and `order`: the ids that are needed, each after those that it reads."""

    queries: Mapping[str, Query]
    trees: Mapping[str, Node]
    selects: Mapping[str, Select]
    types: Mapping[str, Type]
    reads: Mapping[str, frozenset[str]]
    order: tuple[str, ...]
    searches: tuple[SearchCall, ...]
    bands: tuple[BandCall, ...]
    rules: tuple[RuleCall, ...] = ()

    @property
    def metrics(self) -> list[str]:
        """The ids of all metrics, in the order of the request."""
        return [query.id for query in self.queries.values() if isinstance(query.source, MetricStat)]

    def closure(self, id_: str) -> tuple[str, ...]:
        """`id_` and every query that it reads, directly or not, in order."""
        wanted = {id_}
        for one in reversed(self.order):
            if one in wanted:
                wanted |= self.reads[one]
        return tuple(one for one in self.order if one in wanted)


@lru_cache(maxsize=16_384)  # Alarms and dashboards evaluate the same lists every minute.
def compile_queries(queries: tuple[Query, ...]) -> Program:
    """Parse, check and order `queries`. Raises InvalidInput for anything that is wrong with them."""
    by_id = _by_id(queries)
    trees: dict[str, Node] = {}
    selects: dict[str, Select] = {}
    for query in queries:
        if isinstance(query.source, str):
            with in_expression(query.id):
                if insights.is_sql(query.source):
                    selects[query.id] = insights.parse(query.source)
                else:
                    trees[query.id] = parse(query.source)
    reads = {id_: _reads(id_, trees.get(id_), by_id) for id_ in by_id}
    every = _ordered(reads)
    types = _types(every, by_id, trees, selects)
    order = _needed(every, reads, queries)
    calls = [(id_, node) for id_ in order if id_ in trees for node in walk(trees[id_]) if isinstance(node, Call)]
    for query in queries:
        if query.returned and types[query.id] is Type.SCALAR:
            raise InvalidInput(
                f"Error in expression '{query.id}': the result is a single number; expected a time series or an array "
                "of them; try TIME_SERIES(…), or return no data for it",
                field=query.id,
            )
    return Program(
        by_id,
        trees,
        selects,
        types,
        reads,
        order,
        tuple(_search(id_, call) for id_, call in calls if call.name == SEARCH),
        tuple(_band(id_, call) for id_, call in calls if call.name == BAND),
        tuple(_rule(id_, call) for id_, call in calls if call.name == RULE),
    )


@contextmanager
def in_expression(id_: str) -> Iterator[None]:
    """Name the expression in every complaint about it."""
    try:
        yield
    except LimitExceeded:
        raise
    except InvalidInput as problem:
        raise InvalidInput(f"Error in expression '{id_}': {problem}", field=id_) from None


def _by_id(queries: Sequence[Query]) -> dict[str, Query]:
    if len(queries) > MAX_QUERIES:
        raise LimitExceeded(f"cannot evaluate {len(queries)} queries: expected at most {MAX_QUERIES}")
    for query in queries:
        if not _ID.fullmatch(query.id):
            raise InvalidInput(
                f"The value {query.id} for parameter Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$.",
                field="Id",
            )
    by_id = {query.id: query for query in queries}
    if len(by_id) < len(queries):
        raise InvalidInput("The values for parameter Id in MetricDataQueries are not unique.", field="Id")
    return by_id


def _reads(id_: str, tree: Node | None, by_id: Mapping[str, Query]) -> frozenset[str]:
    found: set[str] = set()
    for node in walk(tree) if tree is not None else ():
        if isinstance(node, Reference):
            if node.id not in by_id:
                with in_expression(id_):
                    raise InvalidInput(f"the id '{node.id}' at character {node.at} is not defined")
            found.add(node.id)
        elif isinstance(node, Call) and node.name == METRICS:
            found |= set(chosen_metrics(node, by_id))
    return frozenset(found)


def chosen_metrics(call: Call, by_id: Mapping[str, Query]) -> list[str]:
    """The ids of the metrics that a call of METRICS means, in the order of the request."""
    part = next((node.value for node in call.arguments if isinstance(node, Text)), "")
    return [query.id for query in by_id.values() if isinstance(query.source, MetricStat) and part in query.id]


def _ordered(reads: Mapping[str, frozenset[str]]) -> tuple[str, ...]:
    try:
        return tuple(TopologicalSorter(reads).static_order())
    except CycleError as problem:
        cycle: list[str] = problem.args[1][::-1]
        raise InvalidInput(
            f"Error in expression '{cycle[0]}': it reads itself: {' → '.join(cycle)}", field=cycle[0]
        ) from None


def _types(
    order: Sequence[str], by_id: Mapping[str, Query], trees: Mapping[str, Node], selects: Mapping[str, Select]
) -> dict[str, Type]:
    types: dict[str, Type] = {}
    for id_ in order:
        if id_ in trees:
            with in_expression(id_):
                types[id_] = Typing(types, by_id).of(trees[id_])
        else:
            types[id_] = Type.ARRAY if id_ in selects and selects[id_].group_by else Type.SERIES
    return types


def _needed(order: Sequence[str], reads: Mapping[str, frozenset[str]], queries: Sequence[Query]) -> tuple[str, ...]:
    wanted = {query.id for query in queries if query.returned}
    for id_ in reversed(order):
        if id_ in wanted:
            wanted |= reads[id_]
    return tuple(id_ for id_ in order if id_ in wanted)


def _search(id_: str, call: Call) -> SearchCall:
    text, statistic, *rest = call.arguments
    with in_expression(id_):
        if not isinstance(text, Text) or not isinstance(statistic, Text):
            raise InvalidInput(f"SEARCH at character {call.at} takes its search and statistic as strings")
        period = _period(rest[0]) if rest else None
        return SearchCall((id_, call.at), parse_search(text.value), parse_statistic(statistic.value, "Stat"), period)


def _period(node: Node) -> int:
    if isinstance(node, Number) and node.value.is_integer() and is_period(int(node.value)):
        return int(node.value)
    raise InvalidInput(
        f"the period at character {node.at} is not valid: a period is 1, 5, 10, 20, 30 or a multiple of 60"
    )


def is_period(period_s: int) -> bool:
    """Whether a period is one of the allowed ones."""
    return period_s in (1, 5, 10, 20, 30) or (0 < period_s <= 86_400 * 366 and period_s % 60 == 0)


def _rule(id_: str, call: Call) -> RuleCall:
    rule, metric = call.arguments
    with in_expression(id_):
        if not isinstance(rule, Text) or not isinstance(metric, Text):
            raise InvalidInput(f"{RULE} at character {call.at} takes the rule and its metric as strings")
    return RuleCall((id_, call.at), rule.value, metric.value)


def _band(id_: str, call: Call) -> BandCall:
    around, *rest = call.arguments
    if not isinstance(around, Reference):
        with in_expression(id_):
            raise InvalidInput(
                f"{BAND} at character {call.at} takes the id of a metric or of an expression; "
                "try to make its argument an expression of its own"
            )
    return BandCall((id_, call.at), around.id, rest[0] if rest else None)
