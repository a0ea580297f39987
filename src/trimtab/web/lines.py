"""From a metrics question to lines: which series each line merges, and what it is called."""

from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct

from trimtab.access.scope import Scope
from trimtab.base.tags import Tags, make_tags
from trimtab.metrics.model import Series, SeriesQuery
from trimtab.metrics.registry import SeriesRegistry
from trimtab.web.metric_query import EACH, TOGETHER, MetricQuery

MOST_SERIES = 5000
"""Series that one question reads: more is a question to narrow, and the page says so."""


class Line(Struct, frozen=True):
    """One line of a chart: the series merged into it, under a name. `dimensions` are those the name is made of."""

    label: str
    metric: tuple[str, str]
    dimensions: Tags
    series: tuple[Series, ...]

    @property
    def ids(self) -> tuple[int, ...]:
        """Ids of the series."""
        return tuple(one.id for one in self.series)


def matching(registry: SeriesRegistry, scope: Scope, query: MetricQuery) -> list[Series]:
    """The series that the question is about, at most MOST_SERIES + 1 of them."""
    equal = make_tags((one.key, one.value) for one in query.where if one.equal)
    unequal = [(one.key, one.value) for one in query.where if not one.equal]
    found: list[Series] = []
    for namespace, name in query.metrics:
        limit = None if unequal else MOST_SERIES + 1 - len(found)
        wanted = SeriesQuery(namespace=namespace, name=name, dimensions=equal, limit=limit)
        listed = registry.find(scope, wanted)
        found += [one for one in listed if all(one.dimensions.get(key) != value for key, value in unequal)]
    return found[: MOST_SERIES + 1]


def group_lines(series: Sequence[Series], group: tuple[str, ...]) -> list[Line]:
    """The lines of `series` under a grouping, by label."""
    if group == (EACH,):
        keys = sorted({key for one in series for key in _varying(series, one)})
    else:
        keys = [] if group == (TOGETHER,) else list(group)
    names = _short_names({one.identity.name for one in series})
    gathered: dict[tuple[tuple[str, str], Tags, int], list[Series]] = defaultdict(list)
    for one in series:
        dimensions = make_tags((key, one.dimensions.get(key, "–")) for key in keys)
        apart = one.id if group == (EACH,) else 0
        gathered[((one.identity.namespace, one.identity.name), dimensions, apart)].append(one)
    lines = [
        Line(_label(names[metric[1]], dimensions, len(names) > 1, keys), metric, dimensions, tuple(members))
        for (metric, dimensions, _), members in gathered.items()
    ]
    return sorted(lines, key=lambda line: line.label)


def dimension_keys(series: Sequence[Series]) -> dict[str, int]:
    """The dimensions of `series`, and how many values each has."""
    values: dict[str, set[str]] = defaultdict(set)
    for one in series:
        for key, value in one.identity.dimensions:
            values[key].add(value)
    return {key: len(found) for key, found in sorted(values.items())}


def _varying(series: Sequence[Series], one: Series) -> list[str]:
    first = series[0].dimensions
    here = one.dimensions
    return [key for key in {*first, *here} if first.get(key) != here.get(key)]


def _short_names(names: set[str]) -> dict[str, str]:
    """Metric names without the dotted beginning that all of them share: load_average.1m and .5m are 1m and 5m."""
    shared = 0
    if len(names) > 1:
        for parts in zip(*(name.split(".")[:-1] for name in names), strict=False):
            if len(set(parts)) > 1:
                break
            shared += 1
    return {name: ".".join(name.split(".")[shared:]) for name in names}


def _label(name: str, dimensions: Tags, several: bool, keys: list[str]) -> str:
    # In the order of `keys`, which is the viewer's own; values alone are enough, the page says which dimensions.
    shown = dict(dimensions)
    values = " ".join(shown[key] for key in keys)
    if not values:
        return name
    return f"{name} {values}" if several else values
