"""The service map of a window or of some traces: nodes, edges, what came of requests and how long they took."""

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from trimtab.access.scope import Scope
from trimtab.store.sql import load_queries
from trimtab.store.telemetry.client import Columns, ReadLimits, Telemetry
from trimtab.traces.filters.columns import CALL
from trimtab.traces.read import Where
from trimtab.traces.window import Window, window_of

_QUERIES = load_queries("trimtab.traces", "map_queries.sql")
_LIMITS = ReadLimits(seconds=30, memory_mb=2048)
MOST = 2000
"""Nodes of a kind, and edges, of a map: far more than anyone can look at."""
BASE = 1.1
"""Of the histogram's bins: the middle of bin n is BASE to the n seconds, right to 5 %."""
_NS_A_S = 1e9


class Statistics(Struct, frozen=True):
    """What came of requests. `errors` hold throttles; `bins` count requests by response time (see BASE)."""

    total: int = 0
    faults: int = 0
    errors: int = 0
    throttles: int = 0
    seconds: float = 0.0
    bins: Mapping[int, int] = field(default_factory=dict)

    @property
    def ok(self) -> int:
        """Requests that ended neither in a fault nor in an error."""
        return max(self.total - self.faults - self.errors, 0)

    def quantile(self, share: float) -> float | None:
        """The response time (s) that `share` of the requests stayed below, within 5 %; None without any."""
        wanted, seen = share * sum(self.bins.values()), 0
        for bin_, count in sorted(self.bins.items()):
            seen += count
            if seen >= wanted:
                return float(BASE**bin_)
        return None


class MapNode(Struct, frozen=True):
    """A service, or with `inferred` what services called that sends no segments itself. Times in ms."""

    account: str
    name: str
    type: str
    root: bool
    inferred: bool
    first_ms: int
    last_ms: int
    statistics: Statistics


class MapEdge(Struct, frozen=True):
    """Requests from one node to another, by their places in the list of nodes."""

    source: int
    destination: int
    first_ms: int
    last_ms: int
    statistics: Statistics


class ServiceMap(Struct, frozen=True):
    """The nodes, those with the most requests first, and the edges between them."""

    nodes: list[MapNode]
    edges: list[MapEdge]


class Period(Struct, frozen=True):
    """What came of requests in one period."""

    at_ms: int
    statistics: Statistics


class ServiceMaps:
    """Draws service maps."""

    def __init__(self, telemetry: Telemetry) -> None:
        self._telemetry = telemetry

    async def of_window(self, scope: Scope, start_ms: int, end_ms: int, where: Where | None = None) -> ServiceMap:
        """The map of the spans that started in `[start_ms, end_ms)`; of those for which `where` holds, where given.

        Raises QueryAborted, Unavailable.
        """
        window = window_of(scope, start_ms, end_ms)
        found = [await self._fetch(name, window, where, {"limit": MOST}) for name in ("nodes", "calls", "edges")]
        return _drawn(*found)

    async def over_time(
        self, scope: Scope, start_ms: int, end_ms: int, step_ms: int, entities: Where, where: Where | None = None
    ) -> list[Period]:
        """What came to the entities that `entities` selects, by period. Raises QueryAborted, Unavailable."""
        window = window_of(scope, start_ms, end_ms)
        params = {"step": step_ms, **entities.params}
        found = await self._fetch("over_time", window, where, params, f"({entities.sql})")
        return [Period(row["at_ms"], _statistics(row)) for row in _rows(found)]

    async def _fetch(
        self, query: str, window: Window, where: Where | None, params: Mapping[str, Any], entities: str = ""
    ) -> Columns:
        condition = f"{window.where} AND ({where.sql})" if where and where.sql else window.where
        sql = _QUERIES[query].replace("/*and*/", condition).replace("/*entities*/", entities)
        bound = {**(where.params if where else {}), **params, **window.params}
        return await self._telemetry.fetch(sql, bound, limits=_LIMITS)


def every_request(window: Window) -> Where:
    """A condition over spans of a window that counts each edge once: entries of services, and calls without one."""
    answered = f"SELECT trace_id, parent_id FROM spans WHERE segment AND parent_id != '' AND {window.where}"  # noqa: S608 - values are bound
    sql = f"segment OR ({CALL} AND peer != '' AND (trace_id, span_id) NOT IN ({answered}))"
    return Where(sql, window.params)


def merged(statistics: Sequence[Statistics]) -> Statistics:
    """The sum of statistics."""
    bins: dict[int, int] = {}
    for one in statistics:
        for bin_, count in one.bins.items():
            bins[bin_] = bins.get(bin_, 0) + count
    return Statistics(
        sum(one.total for one in statistics),
        sum(one.faults for one in statistics),
        sum(one.errors for one in statistics),
        sum(one.throttles for one in statistics),
        sum(one.seconds for one in statistics),
        bins,
    )


def _rows(columns: Columns) -> list[dict[str, Any]]:
    names = list(columns)
    return [
        dict(zip(names, values, strict=True))
        for values in zip(*(columns[name].tolist() for name in names), strict=True)
    ]


def _statistics(row: Mapping[str, Any]) -> Statistics:
    bins, counts = _bins(row["bins"])
    found = dict(zip(map(int, bins), map(int, counts), strict=True))
    total, faults, errors, throttles = (int(row[name]) for name in ("total", "faults", "errors", "throttles"))
    return Statistics(total, faults, errors, throttles, float(row["spent_ns"]) / _NS_A_S, found)


def _bins(value: Any) -> tuple[Sequence[Any], Sequence[Any]]:
    """The two lists of a sum of maps: Arrow gives a struct of them."""
    bins, counts = value.values() if isinstance(value, dict) else value
    return bins, counts


def _drawn(services: Columns, calls: Columns, edges: Columns) -> ServiceMap:
    nodes: list[MapNode] = []
    places: dict[tuple[str, str], int] = {}
    for row in _rows(services):
        places[row["account"], row["service"]] = len(nodes)
        nodes.append(
            MapNode(
                row["account"],
                row["service"],
                row["type"],
                row["roots"] > 0,
                False,
                int(row["first_ms"]),
                int(row["last_ms"]),
                _statistics(row),
            )
        )
    found: list[MapEdge] = []
    for row in _rows(edges):
        source, destination = (
            places.get((row["account"], row["service"])),
            places.get((row["to_account"], row["to_service"])),
        )
        if source is not None and destination is not None:
            found.append(_edge(source, destination, row))
    inferred: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in _rows(calls):
        inferred.setdefault((row["account"], row["peer"]), []).append(row)
    for (account, peer), rows in inferred.items():
        place = places.get((account, peer))
        if place is None:
            place = len(nodes)
            nodes.append(_inferred(account, peer, rows))
        for row in rows:
            source = places.get((account, row["service"]))
            if source is not None:
                found.append(_edge(source, place, row))
    return ServiceMap(nodes, found)


def _edge(source: int, destination: int, row: Mapping[str, Any]) -> MapEdge:
    return MapEdge(source, destination, int(row["first_ms"]), int(row["last_ms"]), _statistics(row))


def _inferred(account: str, peer: str, rows: Sequence[Mapping[str, Any]]) -> MapNode:
    type_ = next((row["type"] for row in rows if row["type"]), "remote")
    first, last = min(int(row["first_ms"]) for row in rows), max(int(row["last_ms"]) for row in rows)
    return MapNode(account, peer, type_, False, True, first, last, merged([_statistics(row) for row in rows]))
