"""What one job reads: its metrics, searches and SQL queries, as rows of the batch."""

from msgspec import Struct, field

from trimtab.metrics.expressions.default_labels import default_labels
from trimtab.metrics.expressions.model import EvaluationJob, MetricStat, Query
from trimtab.metrics.expressions.periods import aligned_start, fitting_period
from trimtab.metrics.expressions.ports import Registry, ResourceTags
from trimtab.metrics.expressions.program import Place, Program, SearchCall, in_expression
from trimtab.metrics.expressions.reading import Batch, Resolver, Row, Rows, Sight, metric_tag, tag_of
from trimtab.metrics.expressions.search import MAX_FOUND, Metric, find, names_accounts
from trimtab.metrics.expressions.values import Grid, Tag
from trimtab.metrics.insights import plan as insights

_MANY = 10_000
"""Series of one SQL query from which on only those with a point in the range are read."""
_RULE_S = 60
"""Insight rules answer by whole minutes."""
_REMEMBERED_MS = 14 * 86_400_000
"""The registry knows when a series was last seen for this long."""


class Gathered(Struct, frozen=True):
    """A job with its rows: of metrics and SQL queries by id, of searches by call; `rules` has the periods of
    those that insight rules answer."""

    job: EvaluationJob
    program: Program
    default_period_s: int
    sources: dict[str, Rows] = field(default_factory=dict)
    searches: dict[Place, Rows] = field(default_factory=dict)
    rules: dict[Place, Grid] = field(default_factory=dict)


class Gatherer(Struct, frozen=True):
    """Finds the series of jobs; everything is in memory, and nothing awaits."""

    registry: Registry
    resolver: Resolver
    tags: ResourceTags
    now_ms: int

    def gather(self, sight: Sight, job: EvaluationJob, program: Program, batch: Batch) -> Gathered:
        """Note what the job reads in `batch`. Raises InvalidInput for accounts that it may not see."""
        stats = [query.source for query in program.queries.values() if isinstance(query.source, MetricStat)]
        periods = [stat.period_s for stat in stats]
        default = min(periods) if periods else fitting_period(job.start_ms, job.end_ms)
        gathered = Gathered(job, program, default)
        labels = _metric_labels(program)
        for id_ in program.order:
            query = program.queries[id_]
            if isinstance(query.source, MetricStat):
                gathered.sources[id_] = self._metric(sight, job, query.source, labels[id_], batch)
            elif id_ in program.selects:
                with in_expression(id_):
                    gathered.sources[id_] = self._select(sight, gathered, query, batch)
        for call in program.searches:
            with in_expression(call.place[0]):
                gathered.searches[call.place] = self._search(sight, gathered, call, batch)
        for rule in program.rules:
            period_s = max(_RULE_S, program.queries[rule.place[0]].period_s or default)
            gathered.rules[rule.place] = _grid(job, -(-period_s // _RULE_S) * _RULE_S)
        return gathered

    def _metric(self, sight: Sight, job: EvaluationJob, stat: MetricStat, label: str, batch: Batch) -> Rows:
        scope = sight.of(stat.account)
        grid = _grid(job, stat.period_s)
        slot = batch.slot(scope, self.resolver.series(scope, stat), stat.statistic, grid, job.end_ms)
        return Rows(grid, (Row(metric_tag(stat, label, scope), slot),))

    def _select(self, sight: Sight, gathered: Gathered, query: Query, batch: Batch) -> Rows:
        select, job = gathered.program.selects[query.id], gathered.job
        named = query.account is None and insights.names_accounts(select)
        scope = sight.linked if named else sight.of(query.account)
        grid = _grid(job, query.period_s or gathered.default_period_s)
        groups = insights.make_groups(self.registry, self.tags, scope, select, None)
        if sum(len(group.series) for group in groups) > _MANY:
            groups = insights.make_groups(self.registry, self.tags, scope, select, self._since(job))
        statistic = insights.statistic_of(select)
        rows = []
        for group in groups:
            pairs = [(key, value or insights.OTHER) for key, value in zip(select.group_by, group.values, strict=True)]
            period_s = grid.period_ms // 1000
            tag = tag_of(group.label, select.namespace, select.metric, pairs, statistic, period_s, "", "")
            rows.append(Row(tag, batch.slot(scope, group.series, statistic, grid, job.end_ms)))
        return Rows(grid, tuple(rows))

    def _search(self, sight: Sight, gathered: Gathered, call: SearchCall, batch: Batch) -> Rows:
        job, query = gathered.job, gathered.program.queries[call.place[0]]
        named = query.account is None and names_accounts(call.search.condition)
        scope = sight.linked if named else sight.of(query.account)
        grid = _grid(job, call.period_s or query.period_s or gathered.default_period_s)
        found = find(self.registry, scope, call.search, None)
        if len(found) > MAX_FOUND:  # Those without a point would only take the places of those that have some.
            found = find(self.registry, scope, call.search, self._since(job))
        shown = found[:MAX_FOUND]
        labels = default_labels([_Found(metric, call, grid) for metric in shown])
        rows = [
            Row(
                _search_tag(label, metric, call, grid),
                batch.slot(scope, metric.series, call.statistic, grid, job.end_ms),
            )
            for label, metric in zip(labels, shown, strict=True)
        ]
        return Rows(grid, tuple(rows), len(found) > MAX_FOUND)

    def _since(self, job: EvaluationJob) -> int | None:
        return job.start_ms if self.now_ms - job.start_ms < _REMEMBERED_MS else None


class _Found:
    """A metric of a search, as labels look at it."""

    def __init__(self, metric: Metric, call: SearchCall, grid: Grid) -> None:
        self.name = metric.name
        self.dimensions = metric.dimensions
        self.statistic = call.statistic
        self.period_s = grid.period_ms // 1000


def _search_tag(label: str, metric: Metric, call: SearchCall, grid: Grid) -> Tag:
    period_s = grid.period_ms // 1000
    own = (metric.namespace, metric.name, metric.dimensions, call.statistic, period_s, metric.account, metric.region)
    return tag_of(label, *own)


def _grid(job: EvaluationJob, period_s: int) -> Grid:
    return Grid.over(aligned_start(job.start_ms, period_s), job.end_ms, period_s)


def _metric_labels(program: Program) -> dict[str, str]:
    """The labels of the metrics: those that they are given, where these do not depend on the points."""
    queries = [query for query in program.queries.values() if isinstance(query.source, MetricStat)]
    stats = [query.source for query in queries if isinstance(query.source, MetricStat)]
    labels = {}
    for query, default in zip(queries, default_labels(stats), strict=True):
        labels[query.id] = default if query.label is None or "${" in query.label else query.label
    return labels
