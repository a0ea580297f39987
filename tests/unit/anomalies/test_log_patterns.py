"""Anomalies of log patterns of both kinds: those of the store, and rates that the detector of metrics found."""

import asyncio
from typing import Any, cast

from trimtab.access.scope import EVERYTHING
from trimtab.anomalies.log_patterns import LogPatternAnomalies
from trimtab.anomalies.model import Anomaly, Direction
from trimtab.base.tags import make_tags
from trimtab.logs.model import Group
from trimtab.logs.patterns.anomalies import METRIC, NAMESPACE, KnownPattern, LogAnomaly, Unusual
from trimtab.metrics.model import Identity, Kind, Series

ACCOUNT, REGION = "123456789012", "us-east-1"
GROUP = Group(7, ACCOUNT, REGION, "/app", 0)
PATTERN = KnownPattern(7, "abc", "ERROR disk <*> is full", "ERROR disk 3 is full", "error", 0, 900_000)
NEW = LogAnomaly("n", ACCOUNT, REGION, "/app", "abc", "t", "e", "", Unusual.NEW, 300_000, 600_000, False, 0.0, "said")


def series(id_: int, group: str, pattern: str) -> Series:
    """The series of a pattern's lines."""
    dimensions = make_tags({"LogGroup": group, "Pattern": pattern})
    return Series(id_, Identity(ACCOUNT, REGION, NAMESPACE, METRIC, dimensions, "Count", kind=Kind.GAUGE))


class Rooms:
    """Everything that is asked."""

    def __init__(self, *found: Anomaly) -> None:
        self._found = found

    async def everywhere(self, limit: int) -> list[Group]:
        return [GROUP]

    async def visible(self, scope: Any, groups: list[Group]) -> list[Group]:
        return groups

    async def listed(self, scope: Any, wanted: Any) -> list[LogAnomaly]:
        assert wanted.groups == {(ACCOUNT, REGION, "/app")}
        return [NEW]

    async def patterns(self, groups: Any) -> dict[int, list[KnownPattern]]:
        return {7: [PATTERN]}

    def find(self, scope: Any, query: Any) -> list[Series]:
        assert (query.namespace, query.name) == (NAMESPACE, METRIC)
        return [series(1, "/app", "abc"), series(2, "/gone", "abc"), series(3, "/app", "forgotten")]

    async def in_range(self, scope: Any, start_ms: int, end_ms: int) -> list[Anomaly]:
        return list(self._found)


def anomaly(id_: int) -> Anomaly:
    """A rate that rose to 90 lines."""
    return Anomaly(
        id_, 600_000, 900_000, ACCOUNT, REGION, True, 9.0, 600_000, Direction.ABOVE, 90.0, 2.0, 4.0, 0, (), (), (), 3
    )


def test_rates_of_known_patterns_stand_beside_new_ones() -> None:
    rooms = cast("Any", Rooms(anomaly(1), anomaly(2), anomaly(3), anomaly(99)))
    room = LogPatternAnomalies(rooms, rooms, rooms, rooms, rooms)
    rate, new = asyncio.run(room.listed(EVERYTHING, 0, 1_000_000))
    assert new is NEW
    assert (rate.unusual, rate.template, rate.severity, rate.expected) == (Unusual.RATE, PATTERN.template, "error", 3.0)
    assert (rate.id, rate.active, rate.first_ms, rate.series) == ("1-600", True, 600_000, 1)
    assert rate.description.startswith("PatternLines (abc) of log group /app rose to 90")
