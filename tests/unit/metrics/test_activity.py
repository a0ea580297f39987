"""When series last had points is kept over starts: what is asked of the engine is what came since."""

from pathlib import Path

import numpy as np
import pytest
from tests.unit.metrics.conftest import Room, run

from trimtab.metrics.activity import LATE_MS, Activity, ActivityFile
from trimtab.metrics.model import VALUE_ROW, Identity, MetricBatch
from trimtab.metrics.registry import SeriesRegistry

DAY_MS = 86_400_000


@pytest.fixture
def file(tmp_path: Path) -> ActivityFile:
    return ActivityFile(tmp_path / "series_seen")


def test_what_was_written_is_read_and_damage_is_as_good_as_nothing(file: ActivityFile, tmp_path: Path) -> None:
    assert file.read() is None
    file.forget()
    file.write(Activity(7, np.array([2**64 - 1, 5], np.uint64), np.array([-3, 9])))
    kept = file.read()
    assert kept is not None
    assert (7, [2**64 - 1, 5], [-3, 9]) == (kept.at_ms, kept.ids.tolist(), kept.times.tolist())
    assert ["series_seen"] == [path.name for path in tmp_path.iterdir()]
    whole = (tmp_path / "series_seen").read_bytes()
    for wrong in (whole[:-1], whole[:10], whole[:-1] + b"\xff", b"x" + whole[1:], b""):
        (tmp_path / "series_seen").write_bytes(wrong)
        assert file.read() is None
    file.forget()
    assert [] == list(tmp_path.iterdir())


def test_a_start_asks_for_what_came_since(room: Room, file: ActivityFile) -> None:
    now = room.clock.now_ms()
    ids = [room.registry.add(Identity("1", "eu", "ns", name, ())) for name in ("old", "new", "never")]
    rows = [(ids[0], now - DAY_MS, 1.0, 1.0), (ids[1], now - LATE_MS, 1.0, 1.0)]
    run(room.ingest.write(MetricBatch(values=np.array(rows, VALUE_ROW))))
    file.write(Activity(now, np.array([ids[0], 99], np.uint64), np.array([now - DAY_MS, 5])))
    loaded = SeriesRegistry(room.engine, room.clock)  # type: ignore[arg-type]
    run(loaded.load(file.read()))
    expected = [now - DAY_MS, now - LATE_MS, 0]
    assert expected == [series.last_seen_ms for series in map(loaded.get, ids) if series is not None]
    without = SeriesRegistry(room.engine, room.clock)  # type: ignore[arg-type]
    run(without.load(Activity(now, np.empty(0, np.uint64), np.empty(0, np.int64))))
    assert 0 == without.get(ids[0]).last_seen_ms  # type: ignore[union-attr]
    activity = loaded.activity()
    assert {ids[0]: now - DAY_MS, ids[1]: now - LATE_MS} == dict(
        zip(activity.ids.tolist(), activity.times.tolist(), strict=True)
    )


def test_a_clock_that_was_set_back_asks_for_more(room: Room) -> None:
    now = room.clock.now_ms()
    series = room.registry.add(Identity("1", "eu", "ns", "m", ()))
    run(room.ingest.write(MetricBatch(values=np.array([(series, now - 5, 1.0, 1.0)], VALUE_ROW))))
    loaded = SeriesRegistry(room.engine, room.clock)  # type: ignore[arg-type]
    run(loaded.load(Activity(now + DAY_MS, np.empty(0, np.uint64), np.empty(0, np.int64))))
    assert now - 5 == loaded.get(series).last_seen_ms  # type: ignore[union-attr]
