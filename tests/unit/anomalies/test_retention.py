from tests.unit.anomalies.conftest import World, daily

from trimtab.access.scope import EVERYTHING
from trimtab.anomalies.model import Anomaly, Direction
from trimtab.anomalies.retention import AnomalyRetention
from trimtab.anomalies.write import write

DAY_MS = 86_400_000


def test_months_that_ended_before_the_retention_are_dropped(world: World) -> None:
    id_ = world.add("cpu", daily(1), host="a")
    now = world.clock.now_ms()
    rows = [
        Anomaly(id_, at, at + 1000, "1", "eu", False, 2.0, at, Direction.ABOVE, 1.0, 0.0, 0.5, at)
        for at in (now - 100 * DAY_MS, now - 61 * DAY_MS, now - DAY_MS)
    ]
    write(world.store, rows)
    telemetry = world.store.telemetry
    assert AnomalyRetention(telemetry, world.clock, 60, lambda: False).drop() == 1
    assert len(world.found(EVERYTHING)) == 3
    assert AnomalyRetention(telemetry, world.clock, 60, lambda: True).drop() == 1
    assert [rows[2], rows[1]] == sorted(world.found(EVERYTHING), key=lambda one: -one.start_ms)
