"""An owner's rows go out of blocks that were set aside, of whichever log; others' rows in them stay as they were."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine_owner import engine_in
from trimtab.forget.engine import EngineRows
from trimtab.forget.files import clean_aside, clean_copies
from trimtab.forget.model import Kind, Owner
from trimtab.settings import Settings
from trimtab.store.telemetry.client import ReadLimits, Telemetry
from trimtab.store.telemetry.repair import replay
from trimtab.store.telemetry.schema import TABLES
from trimtab.store.telemetry.set_aside import SetAside, set_aside

T0 = 1_785_542_400_000
MINE, THEIRS = "111111111111", "222222222222"
SERIES = {
    1: (THEIRS, "ranking", "wei"),
    2: (MINE, "ranking", "mira"),
    3: (MINE, "vision", "wei"),
    4: (MINE, "vision", "ann"),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Telemetry]]:
    directory = tmp_path_factory.mktemp("forgotten")
    with engine_in(directory / "engine") as telemetry:
        yield directory, telemetry


@pytest.fixture
def telemetry(place: tuple[Path, Telemetry]) -> Telemetry:
    return place[1]


@pytest.fixture
def data_dir(place: tuple[Path, Telemetry]) -> Path:
    """A data directory whose logs are empty."""
    shutil.rmtree(place[0] / "log", ignore_errors=True)
    return place[0]


def block(telemetry: Telemetry, table: str, select: str) -> bytes:
    """Rows of a table as the engine writes them: those of `select`, by the names of its columns; the rest are empty."""
    made = TABLES[table]
    telemetry.command("DROP TABLE IF EXISTS made SYNC")
    columns = ", ".join(f"`{name}` {kind}" for name, kind in made.row_columns)
    telemetry.command(f"CREATE TABLE made ({columns}) ENGINE = Memory")
    telemetry.load(f"INSERT INTO made {select}", ReadLimits())
    names = ", ".join(f"`{name}`" for name, _ in made.row_columns)
    return telemetry.text(f"SELECT {names} FROM made", {}, "RowBinary")


def keep(data_dir: Path, log: str, table: str, rows: bytes, number: int = 1) -> Path:
    about = SetAside(table, TABLES[table].row_columns, f"t{number}", number, "no such column", T0)
    return set_aside(data_dir / "log" / log, f"t{number}.{table}", about, rows)


def two_blocks(telemetry: Telemetry, data_dir: Path) -> tuple[Path, Path]:
    """A list of four series that the engine never took, and ten points of each."""
    telemetry.truncate(["metric_series", "metric_values"])
    series = " UNION ALL ".join(
        f"SELECT {id_} AS series, '{account}' AS account, 'm' AS name, "
        f"map('team', '{team}', 'user', '{user}', 'region', 'east') AS dimensions"
        for id_, (account, team, user) in SERIES.items()
    )
    listed = block(telemetry, "metric_series", f"(series, account, name, dimensions) {series}")
    points = block(
        telemetry, "metric_values",
        "(series, time, value, count) SELECT 1 + number % 4, toDateTime64('2026-07-31 10:00:00', 3), number, 1 "
        "FROM numbers(40)",
    )  # fmt: skip
    return (
        keep(data_dir, "metrics", "metric_series", listed, 1),
        keep(data_dir, "metrics", "metric_values", points, 2),
    )


def forget(telemetry: Telemetry, data_dir: Path, kind: Kind, name: str) -> tuple[int, list[str]]:
    rows = EngineRows(telemetry, Owner(kind, name))
    rows.gather_series()
    try:
        return clean_aside(data_dir, rows)
    finally:
        rows.purge()


def stored(telemetry: Telemetry, data_dir: Path) -> dict[int, int]:
    """Points by series, once all that is set aside is in the engine."""
    list(replay(Settings(data_dir=data_dir)))
    found = telemetry.fetch_sync("SELECT series, count() AS rows FROM metric_values GROUP BY series ORDER BY series")
    return dict(zip(found["series"].tolist(), found["rows"].tolist(), strict=True))


@pytest.mark.parametrize(
    ("kind", "name", "left"),
    [(Kind.ACCOUNT, THEIRS, {2, 3, 4}), (Kind.TEAM, "ranking", {3, 4}), (Kind.USER, "wei", {2, 4})],
)
def test_series_that_are_in_a_block_say_whose_points_are(
    telemetry: Telemetry, data_dir: Path, kind: Kind, name: str, left: set[int]
) -> None:
    two_blocks(telemetry, data_dir)
    gone = 4 - len(left)
    assert (gone * 11, []) == forget(telemetry, data_dir, kind, name)
    assert (0, []) == forget(telemetry, data_dir, kind, name)
    names = [path for path in (data_dir / "log").rglob("*") if path.is_file() and name.encode() in path.read_bytes()]
    assert names == []
    assert dict.fromkeys(left, 10) == stored(telemetry, data_dir)


def test_a_block_that_was_all_theirs_goes_whole_and_a_replayed_one_too(telemetry: Telemetry, data_dir: Path) -> None:
    listed, points = two_blocks(telemetry, data_dir)
    assert 2 == len(list(replay(Settings(data_dir=data_dir))))
    away = [path.parent / "replayed" / path.name for path in (listed, points)]
    assert all(path.exists() for path in away)
    for account in (MINE, THEIRS):
        forget(telemetry, data_dir, Kind.ACCOUNT, account)
    assert [] == [path for path in (data_dir / "log").rglob("*") if path.is_file()]


def test_what_nobody_can_read_is_named_and_stays(telemetry: Telemetry, data_dir: Path) -> None:
    broken = keep(data_dir, "metrics", "metric_series", b"\x01\x02", 3)
    newer = set_aside(data_dir / "log" / "logs", "t4.newer", SetAside("newer", (), "t4", 4, "", T0), b"x")
    taken, left = forget(telemetry, data_dir, Kind.ACCOUNT, THEIRS)
    assert (0, {broken.name, newer.name}) == (taken, set(left))
    assert broken.exists()
    assert newer.exists()


def test_copies_that_name_the_owner_go_and_a_longer_name_is_another(tmp_path: Path) -> None:
    texts = {"exports/a.csv": "team,ranking\n", "exports/b.csv": "team,ranking-v2\n", "snapshots/ranking/c.json": "{}",
             "costs/uploads/bill.csv": "ranking", "batch/d.txt": "nothing"}  # fmt: skip
    for name, text in texts.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert 2 == clean_copies(tmp_path, Owner(Kind.TEAM, "ranking"))
    left = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert {"exports/b.csv", "costs/uploads/bill.csv", "batch/d.txt"} == left
