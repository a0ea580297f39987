"""Rows that were set aside come back into the real engine, with the columns that they were written with."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.unit.store.telemetry.test_log import Engine

from engine_owner import engine_in
from trimtab.base.clock import SystemClock
from trimtab.base.errors import InvalidInput
from trimtab.metrics.model import VALUE_ROW
from trimtab.settings import Settings
from trimtab.store.telemetry.batch import Section
from trimtab.store.telemetry.client import BlockRefused, Telemetry
from trimtab.store.telemetry.log import IngestLog, LogLimits
from trimtab.store.telemetry.repair import replay, salvage, verify
from trimtab.store.telemetry.schema import METRIC_VALUES
from trimtab.store.telemetry.set_aside import SetAside, set_aside

T0 = 1_785_542_400_000
NARROW = np.dtype(VALUE_ROW.descr[:-1])  # as a version wrote them that had no column `count`


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, Telemetry]]:
    directory = tmp_path_factory.mktemp("repaired")
    with engine_in(directory / "engine") as telemetry:
        yield Settings(data_dir=directory), telemetry


@pytest.fixture
def settings(place: tuple[Settings, Telemetry]) -> Settings:
    place[1].truncate(["metric_values"])
    return place[0]


@pytest.fixture
def telemetry(place: tuple[Settings, Telemetry]) -> Telemetry:
    return place[1]


def rows(count: int, dtype: "np.dtype[np.void]" = VALUE_ROW) -> bytes:
    made = np.zeros(count, dtype)
    made["time"], made["value"] = T0, np.arange(count)
    if "count" in (dtype.names or ()):
        made["count"] = 1
    return made.tobytes()


def stored(telemetry: Telemetry) -> list[tuple[float, float]]:
    found = telemetry.fetch_sync("SELECT value, count FROM metric_values ORDER BY value")
    return list(zip(found["value"].tolist(), found["count"].tolist(), strict=True))


def test_what_the_engine_refused_goes_in_once_it_is_replayed(settings: Settings, telemetry: Telemetry) -> None:
    engine = Engine()

    def refuse(token: str) -> None:
        raise BlockRefused("no such column")

    engine.fail = refuse

    async def scenario(log: IngestLog) -> None:
        await log.append([Section("metric_values", 2, frozenset({20666}), rows(2))])
        assert await log.settled(5)

    log = IngestLog(settings.data_dir / "log" / "metrics", engine, SystemClock(), LogLimits(disk_reserve_bytes=0))
    log.open()
    asyncio.run(scenario(log))
    log.close()
    [checked] = verify(settings, T0)
    assert [(table, reason) for _, table, reason in checked.aside] == [("metric_values", "no such column")]
    [(path, table, size)] = replay(settings)
    assert (table, size) == ("metric_values", 64)
    assert stored(telemetry) == [(0, 1), (1, 1)]
    assert (path.parent / "replayed" / path.name).exists()
    assert verify(settings, T0)[0].aside == ()
    assert list(replay(settings)) == []


def test_rows_of_an_earlier_version_are_read_by_its_columns(settings: Settings, telemetry: Telemetry) -> None:
    log = settings.data_dir / "log" / "metrics"
    log.mkdir(parents=True, exist_ok=True)
    about = SetAside("metric_values", METRIC_VALUES.row_columns[:-1], "t1", 7, "", T0)
    set_aside(log, "t1.metric_values", about, rows(2, NARROW))
    assert len(list(replay(settings))) == 1
    assert stored(telemetry) == [(0, 0), (1, 0)]


def test_half_of_a_replay_is_not_stored_twice(settings: Settings, telemetry: Telemetry) -> None:
    log = settings.data_dir / "log" / "metrics"
    log.mkdir(parents=True, exist_ok=True)
    about = SetAside("metric_values", METRIC_VALUES.row_columns, "t2", 9, "", T0)
    path = set_aside(log, "t2.metric_values", about, rows(2))
    telemetry.insert(METRIC_VALUES, rows(2), "before", 9)  # it was in, and the file not yet away
    assert [one for one, _, _ in replay(settings, [path])] == [path]
    assert stored(telemetry) == [(0, 1), (1, 1)]


def test_the_whole_batches_of_a_file_are_salvaged(settings: Settings, telemetry: Telemetry, tmp_path: Path) -> None:
    file = tmp_path / "dead.log"
    file.write_bytes(written_by(tmp_path / "log"))
    path, batches, many, damage = salvage(settings, file, T0)
    assert (batches, many, damage) == (2, 4, [])
    assert path.name.endswith(".metric_values.rowbinary")
    assert len(list(replay(settings))) == 1
    assert stored(telemetry) == [(0, 1), (0, 1), (1, 1), (1, 1)]


def written_by(directory: Path) -> bytes:
    """A segment of two batches that no engine took."""
    log = IngestLog(directory, Engine(), SystemClock(), LogLimits(disk_reserve_bytes=0))
    log.drain.start = lambda: None  # type: ignore[method-assign]
    log.open()

    async def write() -> None:
        for _ in range(2):
            await log.append([Section("metric_values", 2, frozenset({20666}), rows(2))])

    asyncio.run(write())
    log.close()
    return min(directory.glob("*.log")).read_bytes()


def test_what_is_no_segment_is_said(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "bill.csv").write_text("a,b\n1,2\n")
    with pytest.raises(InvalidInput, match="it has no whole batch; expected a segment of a log"):
        salvage(settings, tmp_path / "bill.csv", T0)
    with pytest.raises(InvalidInput, match="expected one of the files that `trimtab log verify` lists"):
        list(replay(settings, [tmp_path / "bill.csv"]))


def test_rows_of_a_table_that_is_not_there_stay(settings: Settings) -> None:
    log = settings.data_dir / "log" / "metrics"
    log.mkdir(parents=True, exist_ok=True)
    path = set_aside(log, "t3.of_a_newer_version", SetAside("of_a_newer_version", (), "t3", 1, "", T0), b"x")
    with pytest.raises(InvalidInput, match="this version has no table of_a_newer_version"):
        list(replay(settings, [path]))
    assert path.exists()
    path.unlink()
    path.with_suffix(".json").unlink()
